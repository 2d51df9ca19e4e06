"""`easel vary`, `outpaint`, `edit`, `blend`, and `upscale` by painting: requests that start from pictures."""

import argparse
import asyncio
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from bot.engines.process import EXAMINER_COMMAND, LocalProcess
from bot.errors import UserError
from bot.imagine import Request
from bot.info import read_file
from bot.services import derive, pasting
from bot.services.areas import parse_box, parse_colour
from bot.services.derive import Margins, Start
from bot.services.drafts import Draft, check, draw_seed
from bot.services.pasting import NO_HINT, Hint
from bot.services.uploads import Looked, look
from bot.texts import Mistake
from inference.prompt.regions import parse_layout
from inference.protocol.limits import MAX_BLENDED, MAX_COUNT, require_int
from inference.protocol.marks import Drawn, Mark, Transparent
from inference.protocol.messages import EngineSettings
from inference.protocol.recipe import Instruct, Recipe, sources
from storage import content_hash

#: Denoising strength of a picture painted over as a whole: its composition stays.
_RESTYLE_STRENGTH = 0.6
#: Pixels by which the edge of a mask that is made here is softened.
_MADE_MASK_BLUR = 4
#: Of another program's settings, what only its own picture is painted with.
_OWN = ("width", "height", "seed", "variation_seed", "variation_strength", "seed_resize_from")


@dataclass(frozen=True)
class Picture:
    """A picture to start from, and what it says of how it was made."""

    data: bytes
    start: Start
    #: White is painted anew; None where nothing in particular is.
    mask: bytes | None
    #: The exact recipe, where Easel made it.
    recipe: Recipe | None
    #: Fields of a draft, where another program did.
    said: dict[str, Any]
    model: Hint = NO_HINT
    vae: Hint = NO_HINT
    #: As people write them.
    regions: str | None = None
    ignored: tuple[str, ...] = ()


def vary(options: argparse.Namespace) -> Request:
    """Return the request for variations of a picture. Raises UserError and OutOfRange."""
    picture = _read(options)
    verb: derive.Verb = "vary_strong" if options.strong else "vary_subtle"
    seed = _seed(options)
    if picture.recipe is not None:
        recipe = derive.derive(_with_words(options, picture.recipe), verb, seed, picture.start)
        if sources(recipe) and picture.start.hash not in sources(recipe):
            raise UserError(
                f"{options.picture} was made from another picture by an instruction. Give that picture: "
                f"easel imagine --like {options.picture} --init SOURCE --variation-seed 1 --variation-strength 0.2."
            )
        image = picture.data if sources(recipe) else None
        draft = Draft(like=recipe, image=image, prompt=options.prompt, negative_prompt=options.negative)
        return _request(options, picture, draft)
    draft = _anew(options, picture, derive.sides(picture.start.width, picture.start.height))
    return _request(options, picture, replace(draft, strength=derive.IMAGE_STRENGTHS[verb]))


def outpaint(options: argparse.Namespace) -> Request:
    """Return the request for a picture continued beyond its sides. Raises UserError and OutOfRange."""
    picture = _read(options)
    margins = _margins(options, picture.start)
    draft = _anew(options, picture, derive.whole_size(margins, picture.start.width, picture.start.height))
    sides = (margins.left, margins.right, margins.top, margins.bottom)
    return _request(options, picture, replace(draft, margins=sides, strength=options.strength))


def edit(options: argparse.Namespace) -> Request:
    """Return the request for a picture painted over, as a whole or in a mask. Raises UserError and OutOfRange."""
    if options.instruct:
        return _instructed(options)
    if options.image_guidance is not None:
        raise UserError("--image-guidance goes with --instruct.")
    picture = _read(options, _mark(options), holes=True)
    draft = _anew(options, picture, derive.sides(picture.start.width, picture.start.height))
    if options.guidance is not None:
        draft = replace(draft, guidance_scale=options.guidance)
    if picture.mask is None:
        strength = _RESTYLE_STRENGTH if options.strength is None else options.strength
        return _request(options, picture, replace(draft, strength=strength, mask_blur=options.mask_blur))
    blur = (0 if options.mask else _MADE_MASK_BLUR) if options.mask_blur is None else options.mask_blur
    return _request(options, picture, replace(draft, mask=picture.mask, strength=options.strength, mask_blur=blur))


def larger(options: argparse.Namespace) -> Request:
    """Return the request for a picture painted anew at a larger size. Raises UserError and OutOfRange."""
    if options.factor not in (2, 4) and (options.by, options.factor) != ("detail", 1):
        raise UserError(
            f"A picture can be made 2 or 4 times as large, not {options.factor} times; with --by detail it may also be "
            "painted over as it is, with --factor 1."
        )
    if options.faces is not None or options.face_strength is not None:
        raise UserError("--faces goes with --by network and --by lanczos; restore them afterwards, with --factor 1.")
    if options.tile is not None and options.by != "detail":
        raise UserError("--tile goes with --by detail.")
    picture = _read(options)
    return _detailed(options, picture) if options.by == "detail" else _hires(options, picture)


def _detailed(options: argparse.Namespace, picture: Picture) -> Request:
    """Return the request for a picture made larger and painted over in tiles."""
    full = derive.full_size(options.factor, picture.start)
    width, height = options.tile or (None, None)
    draft = replace(_anew(options, picture, full), width=width, height=height, full=full, strength=options.strength)
    return _request(options, picture, draft)


def _hires(options: argparse.Namespace, picture: Picture) -> Request:
    """Return the request for a picture painted again at a larger size, with a second pass where its noise is known."""
    start, recipe = picture.start, picture.recipe
    if recipe is None or isinstance(recipe, Instruct):
        draft = _anew(options, picture, derive.sides(start.width * options.factor, start.height * options.factor))
        strength = derive.LARGER_STRENGTH if options.strength is None else options.strength
        return _request(options, picture, replace(draft, strength=strength))
    # With other words its noise gives another picture.
    start = replace(start, exact=start.exact and options.prompt in (None, recipe.prompt))
    like = derive.hires(_with_words(options, recipe), options.factor, _seed(options), start)
    draft = Draft(like=like, prompt=options.prompt, negative_prompt=options.negative)
    if sources(like):
        return _request(options, picture, replace(draft, image=picture.data, strength=options.strength))
    return _request(options, picture, replace(draft, hires_strength=options.strength))


def blend(options: argparse.Namespace) -> Request:
    """Return the request for a picture from words and several pictures. Raises UserError and OutOfRange.

    The first picture's settings are taken over, where it says any.
    """
    words = list(options.words)
    if options.prompt is None:
        options.prompt = words.pop()
    if Path(options.prompt).is_file():
        raise UserError(f'Say what to paint, after the pictures: easel blend … {options.prompt} "…".')
    if not 2 <= len(words) <= MAX_BLENDED:
        raise Mistake("blend_count", most=MAX_BLENDED)
    if options.weights is not None and len(options.weights) != len(words):
        raise Mistake("blend_weights", count=len(words))
    pictures = [_read(argparse.Namespace(picture=Path(word))) for word in words]
    options.picture = Path(words[0])
    width, height = options.size or (None, None)
    draft = replace(
        _anew(options, pictures[0], (0, 0)),
        width=width,
        height=height,
        image=None,
        images=tuple(picture.data for picture in pictures),
        weights=options.weights,
        strength=options.strength,
    )
    return _request(options, pictures[0], draft)


def _instructed(options: argparse.Namespace) -> Request:
    """Return the request for a picture changed as the prompt tells. Raises UserError and OutOfRange."""
    for name in ("mask", "box", "colour", "mask_blur", "strength"):
        if getattr(options, name) is not None:
            flag = name.replace("_", "-")
            raise UserError(f"--instruct changes the whole picture as it is told; leave out --{flag}.")
    picture = _read(options)
    width, height = derive.sides(picture.start.width, picture.start.height)
    draft = Draft(
        prompt=options.prompt,
        negative_prompt=options.negative,
        image=picture.data,
        width=width,
        height=height,
        seed=_seed(options),
        guidance_scale=options.guidance,
        instruct=True,
        image_guidance_scale=options.image_guidance,
    )
    # How the picture itself was painted says nothing about an instruction.
    return _request(options, replace(picture, model=NO_HINT, vae=NO_HINT, regions=None, ignored=()), draft)


def _read(options: argparse.Namespace, mark: Mark | None = None, *, holes: bool = False) -> Picture:
    """Return the picture that is meant, and the mask of a mark, or with `holes` that of its transparent parts."""
    data = read_file(options.picture)
    looked = asyncio.run(_look(options, data, mark, holes))
    settings = pasting.read_settings(data)
    start = Start(content_hash(data), looked.width, looked.height)
    if settings is None:
        return Picture(data, start, looked.mask, None, {})
    if settings.recipe is not None:
        # Made larger since, it is another picture than the recipe's.
        start = replace(start, exact=settings.upscale is None)
        return Picture(data, start, looked.mask, settings.recipe, {})
    told = pasting.told_by(settings)
    said = {name: value for name, value in told.said.items() if name not in _OWN and not name.startswith("hires")}
    return Picture(data, start, looked.mask, None, said, told.model, told.vae, told.regions, told.ignored)


async def _look(options: argparse.Namespace, data: bytes, mark: Mark | None, holes: bool) -> Looked:
    """Have a picture looked at by a worker that does nothing else, before one that paints is started."""
    name, mask_name = options.picture.name, options.mask.name if isinstance(mark, Drawn) else None
    async with LocalProcess(EngineSettings(models_folder=""), EXAMINER_COMMAND) as worker:
        looked = await look(worker.examine, name, data, mark, mask_name)
        if mark is None and holes and looked.transparent:
            looked = await look(worker.examine, name, data, Transparent())
    return looked


def _anew(options: argparse.Namespace, picture: Picture, size: tuple[int, int]) -> Draft:
    """Return the draft of a picture of that size from what this one says, and from what was typed."""
    typed = {"prompt": options.prompt, "negative_prompt": options.negative}
    said = picture.said | {name: value for name, value in typed.items() if value is not None}
    if picture.recipe is not None and not isinstance(picture.recipe, Instruct):
        said["like"] = _with_words(options, derive.words_of(picture.recipe))
    elif not said.get("prompt"):
        raise UserError(f'{options.picture} does not say what it shows. Add a prompt: easel … {options.picture} "…".')
    return Draft(**said, width=size[0], height=size[1], seed=_seed(options), image=picture.data)


def _with_words(options: argparse.Namespace, recipe: Recipe) -> Recipe:
    """Return a recipe for the prompt that was typed: regions belong to the texts that they were written for."""
    return recipe if options.prompt is None else msgspec.structs.replace(recipe, regions=None)


def _request(options: argparse.Namespace, picture: Picture, draft: Draft) -> Request:
    """Return a request for a draft. Raises UserError and OutOfRange for what is wrong whichever models there are."""
    require_int("count", options.count, 1, MAX_COUNT)
    draft = replace(draft, model=options.model)
    check(draft)
    return Request(
        draft=draft,
        count=options.count,
        output=options.output,
        told_model=picture.model if options.model is None else NO_HINT,
        told_vae=picture.vae,
        ignored=picture.ignored,
        preview=options.preview,
        layout=parse_layout(picture.regions) if picture.regions is not None and options.prompt is None else None,
    )


def _seed(options: argparse.Namespace) -> int:
    return draw_seed() if options.seed is None else options.seed


def _margins(options: argparse.Namespace, start: Start) -> Margins:
    sides = {name: getattr(options, name) for name in ("left", "right", "top", "bottom")}
    ways = [any(sides.values()), options.zoom is not None, options.square]
    if sum(ways) != 1:
        raise UserError("Say what to add: --left, --right, --top and --bottom PIXELS, or --zoom TIMES, or --square.")
    if options.square:
        return derive.square_margins(start.width, start.height)
    if options.zoom is not None:
        return derive.zoom_margins(options.zoom, start.width, start.height)
    for name, pixels in sides.items():
        if pixels < 0 or pixels % 8:
            raise UserError(f"--{name} is {pixels}, but must be a multiple of 8 from 0 on.")
    return Margins(**sides)


def _mark(options: argparse.Namespace) -> Mark | None:
    """Return what is to be painted: what a file marks, a box, or a colour. Raises UserError."""
    if sum(value is not None for value in (options.mask, options.box, options.colour)) > 1:
        raise UserError("One mask is enough: a file with --mask, or --box, or --colour.")
    if options.mask is not None:
        return Drawn(data=read_file(options.mask, "mask"))
    if options.box is not None:
        return parse_box(options.box)
    return None if options.colour is None else parse_colour(options.colour)
