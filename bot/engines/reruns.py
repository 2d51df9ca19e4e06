"""For callers without a queue: jobs that were lost are painted again, up to a limit, and only then fail."""

from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from bot.engines.base import CHECK_SECONDS, EXAMINE_SECONDS, TOKENIZE_SECONDS, Engine, EngineEvent, Lost
from bot.errors import EngineDead
from inference.protocol.marks import Mark
from inference.protocol.messages import (
    TERMINAL_EVENTS,
    Cancelled,
    Checked,
    Examined,
    Failed,
    Generate,
    Heartbeat,
    JobId,
    LaunchId,
    ModelInfo,
    Notice,
    Ready,
    Tokenized,
)
from inference.protocol.recipe import ContentHash


@dataclass
class _Run:
    """A job that has not ended."""

    command: Generate
    losses: int = 0
    cancelled: bool = False


class RerunOnLoss:
    """An engine around an engine. Jobs lost together run again one at a time, so that a deadly one dies alone.

    Its events hold no Lost but that of `stop`: a Notice tells of another attempt, Failed of the end of attempts.
    """

    def __init__(self, engine: Engine, reruns: int = 2) -> None:
        self._engine = engine
        self._reruns = reruns
        self._runs: dict[JobId, _Run] = {}
        #: Lost jobs that wait for their turn, and the one that has it.
        self._suspects: deque[JobId] = deque()
        self._suspect: JobId | None = None
        self._stopping = False

    @property
    def heartbeat(self) -> Heartbeat | None:
        """Return the last sign of life of the present launch."""
        return self._engine.heartbeat

    async def start(self) -> Ready:
        """Bring the engine up. Raises EngineDead when it cannot start."""
        return await self._engine.start()

    async def submit(self, command: Generate) -> None:
        """Hand a job over. Raises EngineDead, and then the job is not held."""
        self._runs[command.job] = _Run(command)
        try:
            await self._engine.submit(command)
        except BaseException:
            self._runs.pop(command.job, None)
            raise

    async def cancel(self, job: JobId) -> None:
        """Ask for a job to end; one that waits for its rerun ends when its turn comes."""
        if job in self._runs:
            self._runs[job].cancelled = True
        await self._engine.cancel(job)

    async def pause(self, job: JobId) -> None:
        """Keep a job as it is and give its place to others."""
        await self._engine.pause(job)

    async def resume(self, job: JobId) -> None:
        """Go on with a paused job."""
        await self._engine.resume(job)

    async def rescan(self) -> tuple[ModelInfo, ...]:
        """Read the models folder again. Raises EngineDead."""
        return await self._engine.rescan()

    async def tokenize(
        self, model: ContentHash, texts: Sequence[str], timeout_seconds: float = TOKENIZE_SECONDS
    ) -> Tokenized:
        """Ask how a model's text encoders cut texts. Raises OutOfRange, EngineDead, TimeoutError."""
        return await self._engine.tokenize(model, texts, timeout_seconds)

    async def examine(
        self, data: bytes, mask: Mark | None = None, timeout_seconds: float = EXAMINE_SECONDS
    ) -> Examined:
        """Ask what a picture that somebody sent is. Raises OutOfRange, EngineDead, TimeoutError."""
        return await self._engine.examine(data, mask, timeout_seconds)

    async def check(self, data: bytes = b"", timeout_seconds: float = CHECK_SECONDS) -> Checked:
        """Ask whether a finished picture is flagged. Raises OutOfRange, EngineDead, TimeoutError."""
        return await self._engine.check(data, timeout_seconds)

    async def prefetch(self, adapters: Sequence[ContentHash], family: str) -> None:
        """Have adapters read ahead. Raises OutOfRange for too many."""
        await self._engine.prefetch(adapters, family)

    async def events(self) -> AsyncIterator[EngineEvent]:
        """Give events as they come, until `stop`. Raises EngineDead when the engine is given up."""
        async for event in self._engine.events():
            if self._stopping:
                yield event
                continue
            if isinstance(event, Lost):
                for told in self._after(event):
                    yield told
            else:
                yield event
            if isinstance(event, TERMINAL_EVENTS):
                self._runs.pop(event.job, None)
            try:
                for told in await self._next_suspect(event.launch):
                    yield told
            except EngineDead:
                if not self._stopping:
                    raise

    async def stop(self, grace_seconds: float = 5.0) -> None:
        """Bring the engine down."""
        self._stopping = True
        await self._engine.stop(grace_seconds)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _after(self, lost: Lost) -> list[EngineEvent]:
        """Decide about every lost job; return what there is to tell."""
        told: list[EngineEvent] = []
        self._suspect = None
        for job in lost.jobs:
            run = self._runs[job]
            run.losses += 1
            if run.cancelled:
                del self._runs[job]
                told.append(Cancelled(launch=lost.launch, job=job))
            elif run.losses > self._reruns:
                del self._runs[job]
                text = (
                    f"The engine died {run.losses} times while it painted this. {lost.reason} "
                    "`easel doctor` tells what may be wrong."
                )
                told.append(Failed(launch=lost.launch, job=job, kind="internal", message=text))
            else:
                self._suspects.append(job)
                text = f"{lost.reason} Painting again, attempt {run.losses + 1} of {self._reruns + 1}."
                told.append(Notice(launch=lost.launch, job=job, text=text))
        return told

    async def _next_suspect(self, launch: LaunchId) -> list[EngineEvent]:
        """Submit the next lost job when none is under way; wait for the restart. Raises EngineDead."""
        told: list[EngineEvent] = []
        while self._suspects and self._suspect not in self._runs:
            job = self._suspects.popleft()
            if self._runs[job].cancelled:
                del self._runs[job]
                told.append(Cancelled(launch=launch, job=job))
                continue
            self._suspect = job
            await self._engine.submit(self._runs[job].command)
        return told
