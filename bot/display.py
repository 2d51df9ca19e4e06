"""What a command that waits for the engine shows: a progress bar, what happens, and the end."""

import asyncio
import time
from contextlib import suppress
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from bot.engines.base import Engine
from bot.errors import EngineDead, JobFailed
from bot.saving import replace_file
from inference.protocol import messages
from inference.protocol.messages import Cancelled, Failed, Finished, JobId, Loaded, Loading, Notice
from inference.protocol.recipe import ContentHash

INTERRUPTED = 130
#: How long a cancelled job may take to say so.
_CANCEL_SECONDS = 5.0
#: Between lines of progress where there is no terminal.
_LINE_SECONDS = 5.0


async def follow(engine: Engine, job: JobId, display: "Display", preview: Path | None = None) -> Finished:
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
                if preview is not None and event.preview is not None and event.picture == 0:
                    await asyncio.to_thread(replace_file, preview, event.preview.data)
            case Notice():
                display.say(event.text)
            case _:
                pass
    raise EngineDead("The engine left before the picture was done.")


async def cancel(engine: Engine, job: JobId, display: "Display") -> None:
    """Cancel after Ctrl-C; a second Ctrl-C does not wait."""
    await engine.cancel(job)
    with suppress(asyncio.TimeoutError, EngineDead):
        async with asyncio.timeout(_CANCEL_SECONDS):
            async for event in engine.events():
                if isinstance(event, (Cancelled, Finished, Failed)) and event.job == job:
                    break
    display.say("Cancelled; nothing was written.")


class Display:
    """A progress bar on a terminal, a line now and then elsewhere."""

    def __init__(
        self, console: Console, names: dict[ContentHash, str], doing: str = "Painting", steps: str = "steps"
    ) -> None:
        """Show what is done under a word for it, and count it in `steps`."""
        self._console = console
        self._doing = doing
        self._unit = steps
        #: Pictures that are painted.
        self.count = 1
        self._names = names
        self._steps: dict[int, tuple[int, int]] = {}
        self._began = time.monotonic()
        self._task: TaskID | None = None
        self._said = time.monotonic()
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn(f"{{task.completed:.0f}}/{{task.total:.0f}} {steps}"),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

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
        total = event.steps * self.count
        ready = sum(step >= steps for step, steps in self._steps.values())
        speed = self._speed(done, event.steps)
        if self._task is None:
            self._task = self.bar.add_task(self._doing, total=total, speed="")
        text = f"{self._doing} {ready}/{self.count}" if self.count > 1 else self._doing
        self.bar.update(self._task, description=text, completed=done, total=total, speed=speed)
        if not self._console.is_terminal and time.monotonic() - self._said > _LINE_SECONDS:
            self._said = time.monotonic()
            self.say(", ".join(word for word in (f"{text}: {done}/{total} {self._unit}", speed) if word))

    def _speed(self, done: int, steps: int) -> str:
        seconds = time.monotonic() - self._began
        # The first step of each picture was done when the clock was started.
        rate = (done - len(self._steps)) / seconds if seconds > 0 else 0.0
        return f"{rate:.1f} {self._unit}/s, {rate / steps:.2f} pictures/s" if rate > 0 else ""

    def closing(self, finished: Finished) -> str:
        """Return the last line: how many, how long, how fast."""
        count, seconds = len(finished.pictures), finished.timings.total_seconds
        painting = max(seconds - finished.timings.loading_seconds, 1e-9)
        word = "picture" if count == 1 else "pictures"
        rates = f"{count / painting:.2f} pictures/s, {finished.timings.steps / painting:.1f} {self._unit}/s"
        return f"{count} {word} in {seconds:.1f} s ({rates})."
