"""`easel upscale`: a picture made larger through a worker process of its own, to a PNG file."""

import argparse
import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast
from uuid import uuid4

from rich.console import Console

from bot.display import INTERRUPTED, Display, cancel, follow
from bot.engines.base import Engine
from bot.engines.process import LocalProcess
from bot.engines.reruns import RerunOnLoss
from bot.errors import UserError
from bot.imagine import STOP_SECONDS
from bot.info import read_file
from bot.saving import save
from bot.services.drafts import find_model
from bot.services.pasting import read_settings
from bot.settings import Settings
from inference.protocol.messages import Generate, JobId, ModelInfo, Ready
from inference.protocol.recipe import ContentHash, Recipe, Upscale

LANCZOS = "lanczos"


@dataclass(frozen=True)
class Request:
    """A picture, how many times as large it becomes, and where it goes."""

    image: bytes
    factor: Literal[2, 4]
    output: Path
    #: An upscaler's name, the beginning of its hash, or "lanczos"; None for the one that suits.
    model: str | None = None
    #: How the picture was painted, where it says so.
    of: Recipe | None = None


def request_of(options: argparse.Namespace) -> Request:
    """Return the request that the command line means. Raises UserError."""
    if options.factor not in (2, 4):
        raise UserError(f"A picture can be made 2 or 4 times as large, not {options.factor} times.")
    image = read_file(options.picture)
    told = read_settings(image)
    return Request(
        image=image,
        factor=cast(Literal[2, 4], options.factor),
        output=options.output,
        model=options.model,
        of=None if told is None else told.recipe,
    )


def choose(name: str | None, factor: int, models: Sequence[ModelInfo]) -> ModelInfo | None:
    """Return the upscaler of that name, or the one that suits a factor best; None for Lanczos's filter.

    Best is one made for that factor, then one that makes it larger, then any. Raises UserError.
    """
    if name is not None:
        return None if name.casefold() == LANCZOS else find_model(name, models, "upscaler")
    installed = [info for info in models if info.kind == "upscaler"]
    return min(installed, key=lambda info: (info.factor != factor, info.factor < factor, info.factor), default=None)


async def run(request: Request, settings: Settings, console: Console, engine: Engine | None = None) -> int:
    """Make a picture larger and save it; return the exit code. Raises UserError, JobFailed, EngineDead.

    The new picture's path goes to stdout, and everything else to the console.
    """
    with console.status("Starting the engine …"):
        engine = engine or RerunOnLoss(LocalProcess(settings.engine()))
        ready = await engine.start()
    grace_seconds = STOP_SECONDS
    try:
        return await _enlarge(request, engine, ready, console)
    except asyncio.CancelledError:
        grace_seconds = 0  # a second Ctrl-C
        raise
    finally:
        await engine.stop(grace_seconds)


async def _enlarge(request: Request, engine: Engine, ready: Ready, console: Console) -> int:
    display = Display(console, {info.hash: info.name for info in ready.models}, "Making it larger", "tiles")
    chosen = choose(request.model, request.factor, ready.models)
    if chosen is not None:
        display.say(f"{request.factor} times as large, by {chosen.name}.")
    elif request.model is not None:
        display.say(f"{request.factor} times as large, by Lanczos's filter.")
    else:
        display.say(
            f"{request.factor} times as large, by Lanczos's filter, since no upscaler is installed: "
            "`easel models add` installs one."
        )
    name = ContentHash(hashlib.sha256(request.image).hexdigest())
    recipe = Upscale(image=name, factor=request.factor, model=None if chosen is None else chosen.hash, of=request.of)
    job = JobId(uuid4().hex)
    try:
        with display.bar:
            await engine.submit(Generate(job=job, recipe=recipe, images={name: request.image}))
            finished = await follow(engine, job, display)
    except asyncio.CancelledError:
        await cancel(engine, job, display)
        return INTERRUPTED
    label = f"x{request.factor}" if request.of is None else f"{request.of.seed}-x{request.factor}"
    for picture in finished.pictures:
        # Past this point Ctrl-C comes too late to take anything back: saving takes milliseconds.
        saved = await asyncio.shield(asyncio.to_thread(save, request.output, label, picture.data))
        print(saved, flush=True)
        display.say(f"{picture.width}x{picture.height} pixels in {finished.timings.total_seconds:.1f} s.")
    return 0
