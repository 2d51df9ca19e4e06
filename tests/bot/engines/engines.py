"""Engines under test, and what tests do with every one of them."""

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from bot.engines.base import Engine, EngineEvent, Lost
from bot.engines.inline import Inline
from bot.engines.process import LocalProcess
from bot.engines.supervision import Supervision
from inference.protocol.messages import TERMINAL_EVENTS, JobId
from inference.worker.__main__ import open_studio
from inference.worker.loop import serve
from tests.clockwork import Clockwork
from tests.sample_requests import settings

CLOCKWORK = (sys.executable, "-m", "tests.clockwork_worker")

#: Holds no models, so that only the sample model is there.
NO_FOLDER = "there-is-no-such-folder"

#: Orders that make a job of 100 steps last two seconds from its third step on: time to do something to it meanwhile.
LINGERING = " ".join(f"slow@{step}" for step in range(3, 23))

#: Generous, for a machine that is busy; but restarts come at once.
PATIENT = Supervision(
    ready_seconds=120,
    silence_seconds=30,
    first_delay_seconds=0.01,
    longest_delay_seconds=0.01,
    quick_deaths=1000,
)


def clockwork_process(
    folder: str = "", supervision: Supervision = PATIENT, heartbeat_seconds: float = 0.05
) -> LocalProcess:
    return LocalProcess(settings(folder, heartbeat_seconds), CLOCKWORK, supervision)


def scripted_process(mode: str, supervision: Supervision = PATIENT) -> LocalProcess:
    command = (sys.executable, "-m", "tests.bot.engines.scripted_worker", mode)
    return LocalProcess(settings(), command, supervision)


def clockwork_inline() -> Inline:
    return Inline(settings(), partial(serve, open_painter=Clockwork, leave=_stay), PATIENT)


def sample_inline() -> Inline:
    """Return the real engine with the sample model, without the seconds that a process takes to import torch."""
    return Inline(settings(NO_FOLDER), partial(serve, open_painter=open_studio, leave=_stay), PATIENT)


def sample_process() -> LocalProcess:
    """Return the production worker with the sample model."""
    return LocalProcess(settings(NO_FOLDER), supervision=PATIENT)


def _stay(code: int) -> None:
    """Leave the process alone: it is the tests' own."""


async def eventually(condition: Callable[[], bool]) -> None:
    """Return when the condition holds; fail when it does not for long."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - other processes set no events
            await asyncio.sleep(0.01)


@dataclass
class Watcher:
    """Reads an engine's events and keeps them."""

    engine: Engine
    seen: list[EngineEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._events = aiter(self.engine.events())

    async def until(self, wanted: Callable[[EngineEvent], bool]) -> EngineEvent:
        """Return the next event that is wanted."""
        async with asyncio.timeout(120):
            while True:
                event = await anext(self._events)
                self.seen.append(event)
                if wanted(event):
                    return event

    async def ends(self, *jobs: str) -> dict[str, EngineEvent]:
        """Return the events that end these jobs."""
        ended: dict[str, EngineEvent] = {}
        while set(ended) != set(jobs):
            event = await self.until(lambda event: isinstance(event, (*TERMINAL_EVENTS, Lost)))
            if isinstance(event, Lost):
                ended |= {job: event for job in event.jobs if job in jobs}
            elif isinstance(event, TERMINAL_EVENTS) and event.job in jobs:
                assert event.job not in ended
                ended[event.job] = event
        return ended

    def of(self, job: str) -> list[EngineEvent]:
        """Return what was seen of a job, in order."""
        return [event for event in self.seen if getattr(event, "job", None) == JobId(job)]
