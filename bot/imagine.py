"""`easel imagine`: one request through a worker process of its own, to PNG files."""

import argparse
import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import msgspec
from rich.console import Console

from bot.display import INTERRUPTED, Display, cancel, follow
from bot.engines.base import Engine
from bot.engines.process import LocalProcess
from bot.engines.reruns import RerunOnLoss
from bot.errors import UserError
from bot.info import read_file, read_settings
from bot.saving import save
from bot.services.adapter_shelves import Seen
from bot.services.drafts import Draft, check, order
from bot.services.networks import Networks, networks_for
from bot.services.operators import operators_adapters
from bot.services.pasting import NO_HINT, Hint, Told, resolve_model, told_by
from bot.services.prompts import Choices, Written, write
from bot.services.wildcard_files import read_folder
from bot.settings import Settings
from inference.prompt.combinations import Lists, Wildcards
from inference.prompt.networks import MAX_NETWORK_WEIGHT
from inference.prompt.places import harmless, point_at
from inference.prompt.regions import Layout, parse_layout
from inference.protocol import parameters
from inference.protocol.limits import MAX_COUNT, require_int
from inference.protocol.messages import Finished, Generate, JobId, Ready
from inference.protocol.recipe import Recipe, painted

#: How long the engine may take to leave.
STOP_SECONDS = 5.0
_PREVIEW_STEPS = 2


@dataclass(frozen=True)
class Request:
    """A draft, how many pictures of it, and where they go."""

    draft: Draft
    count: int
    output: Path
    #: What another program's picture says of its model and its VAE.
    told_model: Hint = NO_HINT
    told_vae: Hint = NO_HINT
    #: What was said by a picture's settings and cannot be followed here.
    ignored: tuple[str, ...] = ()
    #: Show a rough picture of what grows in OUTPUT/preview.jpg.
    preview: bool = False
    layout: Layout | None = None
    #: How many combinations of the prompt's choices are expected; None draws one a picture.
    combinations: int | None = None


def request_of(options: argparse.Namespace) -> Request:
    """Return the request that the command line means.

    Raises UserError, PromptError and OutOfRange for all that can be told without the engine.
    """
    width, height = options.size or (None, None)
    hires_width, hires_height = options.hires or (None, None)
    said = {
        "prompt": options.prompt,
        "negative_prompt": options.negative,
        "style_prompt": options.second_prompt,
        "model": options.model,
        "vae": options.vae,
        "width": width,
        "height": height,
        "steps": options.steps,
        "sampler": options.sampler,
        "schedule": options.schedule,
        "guidance_scale": options.guidance,
        "seed": options.seed,
        "clip_skip": options.clip_skip,
        "variation_seed": options.variation_seed,
        "variation_strength": options.variation_strength,
        "hires_width": hires_width,
        "hires_height": hires_height,
        "hires_strength": options.hires_strength,
        "image": read_file(options.init) if options.init else None,
        "mask": read_file(options.mask, "mask") if options.mask else None,
        "strength": options.strength,
        "fit": options.fit,
        "mask_blur": options.mask_blur,
    }
    if options.prompt is None and options.like is None:
        raise UserError('Say what to paint: easel imagine "a red circle on a blue background".')
    told = Told()
    if options.like is not None:
        told = _like(options.like, has_source=options.init is not None)
        said = {**told.said, **{name: value for name, value in said.items() if value is not None}}
    draft = Draft(**said)
    regions = options.regions if options.regions is not None else told.regions
    require_int("count", options.count, 1, MAX_COUNT)
    check(draft)
    return Request(
        draft=draft,
        count=options.count,
        output=options.output,
        told_model=told.model if draft.model is None else NO_HINT,
        told_vae=told.vae if draft.vae is None else NO_HINT,
        ignored=told.ignored,
        preview=options.preview,
        layout=parse_layout(regions) if regions is not None else None,
        combinations=options.combinations,
    )


def _like(path: Path, has_source: bool) -> Told:
    """Return what a picture says, with what this command can do about its strength. Raises UserError."""
    settings = read_settings(path)
    if settings.recipe is None and settings.parameters is None:
        raise UserError(f"{path}: {settings.problem}.")
    told = told_by(settings)
    if told.strength is None:
        return told
    if has_source:
        return replace(told, said={**told.said, "strength": told.strength})
    words = f"Denoising strength: {told.strength:g} (if it was made from another picture, give that with --init)"
    return replace(told, ignored=(*told.ignored, words))


async def run(request: Request, settings: Settings, console: Console, engine: Engine | None = None) -> int:
    """Paint a request and save its pictures; return the exit code. Raises UserError, JobFailed, EngineDead.

    The pictures' paths go to stdout, a line each, and everything else to the console.
    """
    wildcards = Lists(await asyncio.to_thread(read_folder, settings.lists, bool(settings.wildcards_folder)))
    adapters = await operators_adapters(settings.database, settings.adapters)
    # Whether they fit is known once the model is.
    named = {key: msgspec.structs.replace(one, family="") for key, one in adapters.items()}
    _settled(request, check(request.draft), wildcards, Networks(known=named, most_weight=MAX_NETWORK_WEIGHT))
    with console.status("Starting the engine …"):
        engine = engine or RerunOnLoss(LocalProcess(settings.engine()))
        ready = await engine.start()
    grace_seconds = STOP_SECONDS
    try:
        return await _paint(request, engine, ready, console, wildcards, adapters)
    except asyncio.CancelledError:
        grace_seconds = 0  # a second Ctrl-C
        raise
    finally:
        await engine.stop(grace_seconds)


def _settled(request: Request, recipe: Recipe, wildcards: Wildcards, networks: Networks) -> Written:
    """Return what is painted by a recipe. Raises PromptError, and UserError for other combinations than expected."""
    exact = request.draft.like is not None and request.draft.prompt is None
    choices = Choices(wildcards=wildcards, made=exact, combinations=request.combinations, most=MAX_COUNT)
    return write(recipe, request.count, choices, request.layout, networks)


async def _paint(
    request: Request,
    engine: Engine,
    ready: Ready,
    console: Console,
    wildcards: Wildcards,
    adapters: Mapping[str, Seen],
) -> int:
    names = {info.hash: info.name for info in ready.models}
    display = Display(console, names)
    if request.ignored:
        display.say(f"Not followed here: {'; '.join(request.ignored)}.")
    ordered = order(_with_told_models(request, ready, display), ready.models)
    networks = networks_for(adapters, ordered.recipe.model, ready.models, MAX_NETWORK_WEIGHT)
    written = _settled(request, ordered.recipe, wildcards, networks)
    for text, hint in written.hints:
        display.say(f"Hint: {hint.words}\n{point_at(text, hint.span)}")
    display.count = written.count
    job = JobId(uuid4().hex)
    command = Generate(
        job=job,
        recipe=written.recipe,
        count=written.count,
        words=written.words,
        images=ordered.images,
        preview_every=_PREVIEW_STEPS if request.preview else 0,
    )
    for own in written.words:
        display.say(harmless(own.prompt))
    display.say(_summary(written.recipe, names.get(ordered.recipe.model, ""), written.count))
    preview = request.output / "preview.jpg" if request.preview else None
    try:
        with display.bar:
            await engine.submit(command)
            finished = await follow(engine, job, display, preview)
    except asyncio.CancelledError:
        await cancel(engine, job, display)
        return INTERRUPTED
    finally:
        if preview is not None:
            await asyncio.to_thread(preview.unlink, missing_ok=True)
    # Past this point Ctrl-C comes too late to take anything back: saving takes milliseconds.
    await asyncio.shield(_save(request.output, finished))
    display.say(display.closing(finished))
    return 0


def _with_told_models(request: Request, ready: Ready, display: Display) -> Draft:
    """Return the draft with the model and the VAE that another program's picture names, where they are installed."""
    draft = request.draft
    if (found := resolve_model(request.told_model, ready.models)) is not None:
        draft = replace(draft, model=found)
    elif told := str(request.told_model):
        display.say(f"The picture was made with a model that is not installed here ({told}), so another one is used.")
    if (found := resolve_model(request.told_vae, ready.models, "vae")) is not None:
        draft = replace(draft, vae=found)
    elif told := str(request.told_vae):
        display.say(f"The picture was made with a VAE that is not installed here ({told}), so the model's own is used.")
    return draft


async def _save(folder: Path, finished: Finished) -> None:
    """Save every picture and print its path. Raises JobFailed; pictures saved before stay."""
    for picture in finished.pictures:
        print(await asyncio.to_thread(save, folder, painted(picture.recipe).seed, picture.data), flush=True)


def _summary(recipe: Recipe, model_name: str, count: int) -> str:
    settings = parameters.to_parameters(recipe, model_name).rsplit("\n", 1)[-1]
    word = "picture" if count == 1 else "pictures"
    return f"{count} {word}: " + settings.removesuffix(f", Version: {parameters.VERSION}")
