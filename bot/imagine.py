"""`easel imagine`: one request through a worker process of its own, to PNG files."""

import argparse
import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from bot.engines.base import Engine
from bot.engines.process import LocalProcess
from bot.engines.reruns import RerunOnLoss
from bot.errors import EngineDead, JobFailed, UserError
from bot.info import read_file, read_settings
from bot.saving import prepare_folder, save
from bot.services.drafts import Draft, order
from bot.settings import Settings
from inference.protocol import messages, parameters
from inference.protocol.messages import Cancelled, Failed, Finished, Generate, JobId, Loaded, Loading, Notice, Ready
from inference.protocol.recipe import ContentHash, Recipe

#: How long a cancelled job may take to say so.
_CANCEL_SECONDS = 5.0


@dataclass(frozen=True)
class Request:
    """A draft, how many pictures of it, and where they go."""

    draft: Draft
    count: int
    output: Path
    #: What was said by a picture's settings and is not known here.
    ignored: tuple[str, ...] = ()


def request_of(options: argparse.Namespace) -> Request:
    """Return the request that the command line means. Raises UserError for files that cannot be read."""
    width, height = options.size or (None, None)
    hires_width, hires_height = options.hires or (None, None)
    said = {
        "prompt": options.prompt,
        "negative_prompt": options.negative,
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
    ignored: tuple[str, ...] = ()
    if options.like is not None:
        like, ignored = _like(options.like)
        said = like | {name: value for name, value in said.items() if value is not None}
    return Request(draft=Draft(**said), count=options.count, output=options.output, ignored=ignored)


def _like(path: Path) -> tuple[dict[str, object], tuple[str, ...]]:
    """Return what a picture says: its exact recipe, else as much of its `parameters` as is known here."""
    found = read_settings(path)
    if found.recipe is not None:
        return {"like": found.recipe}, ()
    if found.parameters is None:
        raise UserError(f"{path}: {found.problem}.")
    told = parameters.parse(found.parameters)
    names = ("prompt", "negative_prompt", "width", "height", "steps", "sampler", "schedule", "guidance_scale", "seed")
    said = {name: value for name in (*names, "clip_skip") if (value := getattr(told, name)) is not None}
    if told.variation_seed is not None and told.variation_strength is not None:
        said |= {"variation_seed": told.variation_seed, "variation_strength": told.variation_strength}
    ignored = tuple(f"{key}: {value}" for key, value in told.others.items())
    return said, (*ignored, f"Model: {told.model}") if told.model else ignored


async def run(request: Request, settings: Settings, console: Console, engine: Engine | None = None) -> int:
    """Paint a request and save its pictures; return the exit code. Raises UserError, JobFailed, EngineDead."""
    prepare_folder(request.output)
    if request.ignored:
        console.print(f"Not known here, and ignored: {'; '.join(request.ignored)}", markup=False, highlight=False)
    with console.status("Starting the engine …"):
        engine = engine or RerunOnLoss(LocalProcess(settings.engine()))
        ready = await engine.start()
    try:
        return await _paint(request, engine, ready, console)
    finally:
        await engine.stop()


async def _paint(request: Request, engine: Engine, ready: Ready, console: Console) -> int:
    ordered = order(request.draft, ready.models)
    job = JobId(uuid4().hex)
    command = Generate(job=job, recipe=ordered.recipe, count=request.count, images=ordered.images)
    names = {info.hash: info.name for info in ready.models}
    console.print(_summary(ordered.recipe, names.get(ordered.recipe.model, ""), request.count), markup=False, highlight=False)
    display = Display(console, request.count, names)
    try:
        with display.bar:
            await engine.submit(command)
            finished = await _follow(engine, job, display)
    except asyncio.CancelledError:
        await _cancel(engine, job, console)
        return 130
    for picture in finished.pictures:
        path = await asyncio.to_thread(save, request.output, picture.recipe.seed, picture.data)
        console.print(str(path), markup=False, highlight=False, soft_wrap=True)
    console.print(display.closing(finished), markup=False, highlight=False)
    return 0


async def _follow(engine: Engine, job: JobId, display: "Display") -> Finished:
    """Show what happens until the job ends. Raises JobFailed, EngineDead."""
    async for event in engine.events():
        if getattr(event, "job", job) not in (job, None):
            continue
        match event:
            case Finished():
                return event
            case Failed():
                raise JobFailed(event.message, event.kind)
            case Cancelled():
                raise JobFailed("The job was cancelled.")
            case Loading():
                display.loading(event)
            case Loaded():
                display.loaded(event)
            case messages.Progress():
                display.progress(event)
            case Notice():
                display.say(event.text)
            case _:
                pass
    raise EngineDead("The engine left before the picture was done.")


async def _cancel(engine: Engine, job: JobId, console: Console) -> None:
    """Cancel after Ctrl-C; a second Ctrl-C does not wait."""
    await engine.cancel(job)
    with suppress(asyncio.TimeoutError, EngineDead):
        async with asyncio.timeout(_CANCEL_SECONDS):
            async for event in engine.events():
                if isinstance(event, (Cancelled, Finished, Failed)) and event.job == job:
                    break
    console.print("Cancelled; nothing was written.")


def _summary(recipe: Recipe, model_name: str, count: int) -> str:
    settings = parameters.to_parameters(recipe, model_name).rsplit("\n", 1)[-1]
    return f"{count} × " + settings.removesuffix(f", Version: {parameters.VERSION}")


class Display:
    """A progress bar on a terminal, a line now and then elsewhere."""

    def __init__(self, console: Console, count: int, names: dict[ContentHash, str]) -> None:
        self._console = console
        self._count = count
        self._names = names
        self._steps: dict[int, tuple[int, int]] = {}
        self._began = time.monotonic()
        self._task: TaskID | None = None
        self._said = 0.0
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f} steps"),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self._console.print(text, markup=False, highlight=False)

    def loading(self, event: Loading) -> None:
        """Say that a model is being loaded."""
        self.say(f"Loading {self._names.get(event.model, event.model[:10])} …")

    def loaded(self, event: Loaded) -> None:
        """Say what the loading cost."""
        name = self._names.get(event.model, event.model[:10])
        gone = ", ".join(self._names.get(model, model[:10]) for model in event.evicted)
        room = f"; {gone} made room" if gone else ""
        self.say(f"Loaded {name}: {event.bytes / 1e6:,.0f} MB in {event.seconds:.1f} s{room}.")

    def progress(self, event: messages.Progress) -> None:
        """Move the bar."""
        if not self._steps:
            self._began = time.monotonic()
        self._steps[event.picture] = (event.step, event.steps)
        done = sum(step for step, _ in self._steps.values())
        total = event.steps * self._count
        ready = sum(step >= steps for step, steps in self._steps.values())
        speed = self._speed(done)
        if self._task is None:
            self._task = self.bar.add_task("Painting", total=total, speed="")
        text = f"Painting {ready}/{self._count}" if self._count > 1 else "Painting"
        self.bar.update(self._task, description=text, completed=done, total=total, speed=speed)
        if not self._console.is_terminal and time.monotonic() - self._said > 5:
            self._said = time.monotonic()
            self.say(f"{text}: {done}/{total} steps, {speed}")

    def _speed(self, done: int) -> str:
        seconds = time.monotonic() - self._began
        # The first step of each picture was done when the clock was started.
        rate = (done - len(self._steps)) / seconds if seconds > 0 else 0.0
        return f"{rate:.1f} steps/s" if rate > 0 else ""

    def closing(self, finished: Finished) -> str:
        """Return the last line: how many, how long, how fast."""
        count, seconds = len(finished.pictures), finished.timings.total_seconds
        painting = max(seconds - finished.timings.loading_seconds, 1e-9)
        word = "picture" if count == 1 else "pictures"
        rates = f"{count / painting:.2f} pictures/s, {finished.timings.steps / painting:.1f} steps/s"
        return f"{count} {word} in {seconds:.1f} s ({rates})."
