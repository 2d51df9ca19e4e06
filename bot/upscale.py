"""`easel upscale`: a picture made larger, or its faces restored, through a worker process, to a PNG file."""

import argparse
import asyncio
import hashlib
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
from bot.services.enlarging import LANCZOS, choose_restorer, choose_upscaler
from bot.services.pasting import read_settings
from bot.settings import Settings
from inference.protocol.messages import Generate, JobId, ModelInfo, Ready
from inference.protocol.recipe import ContentHash, Recipe, Upscale


@dataclass(frozen=True)
class Request:
    """A picture, how many times as large it becomes, and where it goes."""

    image: bytes
    factor: Literal[1, 2, 4]
    output: Path
    #: An upscaler's name, the beginning of its hash, or "lanczos"; None for the one that suits.
    model: str | None = None
    #: A face restorer's name or the beginning of its hash; "" for the first that is installed, None for none.
    faces: str | None = None
    face_strength: float = 1.0
    #: Only a network will do.
    by_network: bool = False
    #: How the picture was painted, where it says so.
    of: Recipe | None = None


def request_of(options: argparse.Namespace) -> Request:
    """Return the request that the command line means. Raises UserError."""
    for name in ("prompt", "negative", "seed", "strength", "tile"):
        if getattr(options, name) is not None:
            flag = "a prompt" if name == "prompt" else f"--{name}"
            raise UserError(f"Nothing is painted anew here. Leave out {flag}, or add --by detail or --by hires.")
    is_lanczos = options.model is not None and options.model.casefold() == LANCZOS
    if (options.by == "network" and is_lanczos) or (options.by == LANCZOS and options.model and not is_lanczos):
        raise UserError(f"--by {options.by} and --model {options.model} contradict each other. Leave out one of them.")
    if options.factor == 1 and options.faces is None:
        raise UserError("Factor 1 makes nothing larger. It goes with --faces, which restores the faces alone.")
    if options.factor not in (1, 2, 4):
        raise UserError(f"A picture can be made 2 or 4 times as large, not {options.factor} times.")
    if options.factor == 1 and options.model is not None:
        raise UserError("--model is what makes a picture larger. Leave it out with --factor 1.")
    if options.face_strength is not None and options.faces is None:
        raise UserError("--face-strength goes with --faces.")
    strength = 1.0 if options.face_strength is None else options.face_strength
    if not 0 <= strength <= 1:
        raise UserError("--face-strength is from 0 (nothing of the restored faces shows) to 1 (nothing else does).")
    image = read_file(options.picture)
    told = read_settings(image)
    return Request(
        image=image,
        factor=cast(Literal[1, 2, 4], options.factor),
        output=options.output,
        model=LANCZOS if options.by == LANCZOS else options.model,
        by_network=options.by == "network",
        faces=options.faces,
        face_strength=strength,
        of=None if told is None else told.recipe,
    )


async def run(request: Request, settings: Settings, console: Console, engine: Engine | None = None) -> int:
    """Make a picture larger, with its faces restored if that is asked, and save it; return the exit code.

    Raises UserError, JobFailed, EngineDead.

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
    restorer = choose_restorer(request.faces, ready.models)
    chosen = None if request.factor == 1 else choose_upscaler(request.model, request.factor, ready.models)
    if request.by_network and chosen is None:
        raise UserError("No upscaler is installed. `easel models add` installs one, such as RealESRGAN_x4plus.pth.")
    names = {info.hash: info.name for info in ready.models}
    alone = request.factor == 1
    display = Display(console, names, "Restoring faces" if alone else "Making it larger", "faces" if alone else "tiles")
    if not alone:
        display.say(_told(request, chosen))
    if restorer is not None:
        display.say(f"Faces are restored by {restorer.name}.")
    name = ContentHash(hashlib.sha256(request.image).hexdigest())
    recipe = Upscale(
        image=name,
        factor=request.factor,
        model=None if chosen is None else chosen.hash,
        faces=None if restorer is None else restorer.hash,
        face_strength=request.face_strength,
        of=request.of,
    )
    job = JobId(uuid4().hex)
    try:
        with display.bar:
            await engine.submit(Generate(job=job, recipe=recipe, images={name: request.image}))
            finished = await follow(engine, job, display)
    except asyncio.CancelledError:
        await cancel(engine, job, display)
        return INTERRUPTED
    done = "faces" if alone else f"x{request.factor}"
    label = done if request.of is None else f"{request.of.seed}-{done}"
    for picture in finished.pictures:
        # Past this point Ctrl-C comes too late to take anything back: saving takes milliseconds.
        saved = await asyncio.shield(asyncio.to_thread(save, request.output, label, picture.data))
        print(saved, flush=True)
        display.say(f"{picture.width}x{picture.height} pixels in {finished.timings.total_seconds:.1f} s.")
    return 0


def _told(request: Request, chosen: ModelInfo | None) -> str:
    """Return how large the picture becomes, and by what."""
    larger = f"{request.factor} times as large, by"
    if chosen is not None:
        return f"{larger} {chosen.name}."
    if request.model is not None:
        return f"{larger} Lanczos's filter."
    return f"{larger} Lanczos's filter, since no upscaler is installed: `easel models add` installs one."
