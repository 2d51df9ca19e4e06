"""An engine that does what a test says, and a dispatcher around it with a real store."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import msgspec

from bot.engines.base import EngineEvent, Lost
from bot.engines.mailbox import Mailbox
from bot.queue.dispatcher import Dispatcher
from bot.queue.estimate import Estimator
from bot.queue.fairness import FairQueue
from bot.queue.lanes import Policy
from inference.protocol.marks import Mark
from inference.protocol.messages import (
    Cancelled,
    Checked,
    DeviceInfo,
    Examined,
    Failed,
    Finished,
    Generate,
    Heartbeat,
    JobId,
    LaunchId,
    Loading,
    ModelInfo,
    Picture,
    Preview,
    Progress,
    Ready,
    Timings,
    Tokenized,
)
from inference.protocol.recipe import ContentHash, painted
from storage import ContentFolder, Database, jobs, units
from storage.deliveries import NewDelivery
from storage.jobs import NewJob
from tests.clockwork import MODEL, flat_png
from tests.sample_requests import recipe

LAUNCH = LaunchId("the first")

_STATES = """
    SELECT jobs.state AS job, units.state AS unit FROM jobs JOIN units ON units.job_id = jobs.id
    WHERE jobs.id = :id ORDER BY units.unit_index
"""


class Scripted:
    """Obeys `bot.engines.base.Engine`, and paints nothing unless the test says so."""

    def __init__(self) -> None:
        self.mailbox = Mailbox()
        self.submitted: list[Generate] = []
        self.cancelled: list[JobId] = []
        self.prefetched: list[tuple[tuple[ContentHash, ...], str]] = []
        self.stopped = False
        self.on_submit: Callable[[Generate], Awaitable[None]] | None = None

    @property
    def heartbeat(self) -> Heartbeat | None:
        return None

    async def start(self) -> Ready:
        device = DeviceInfo(kind="cpu", name="", memory_bytes=1, dtype="float32", attention="none", versions={})
        return Ready(launch=LAUNCH, device=device, models=(MODEL,))

    async def submit(self, command: Generate) -> None:
        if self.on_submit is not None:
            await self.on_submit(command)
        self.submitted.append(command)

    async def cancel(self, job: JobId) -> None:
        self.cancelled.append(job)

    async def pause(self, job: JobId) -> None:
        raise NotImplementedError

    async def resume(self, job: JobId) -> None:
        raise NotImplementedError

    async def rescan(self) -> tuple[ModelInfo, ...]:
        return (MODEL,)

    async def tokenize(self, model: ContentHash, texts: Sequence[str], timeout_seconds: float = 10.0) -> Tokenized:
        raise NotImplementedError

    async def examine(self, data: bytes, mask: Mark | None = None, timeout_seconds: float = 10.0) -> Examined:
        raise NotImplementedError

    async def check(self, data: bytes = b"", timeout_seconds: float = 10.0) -> Checked:
        raise NotImplementedError

    async def prefetch(self, adapters: Sequence[ContentHash], family: str) -> None:
        self.prefetched.append((tuple(adapters), family))

    def events(self) -> AsyncIterator[EngineEvent]:
        return aiter(self.mailbox)

    async def stop(self, grace_seconds: float = 5.0) -> None:
        self.stopped = True
        self.mailbox.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    # What the test lets it do ---------------------------------------------------------------------------------------

    def finish(self, command: Generate) -> None:
        data = flat_png(painted(command.recipe))
        picture = Picture(data=data, width=64, height=64, recipe=command.recipe)
        timings = Timings(total_seconds=1.0, loading_seconds=0.0, network_seconds=1.0, steps=4)
        self.mailbox.put(Finished(launch=LAUNCH, job=command.job, pictures=(picture,), timings=timings))

    def fail(self, command: Generate, words: str = "No picture.") -> None:
        self.mailbox.put(Failed(launch=LAUNCH, job=command.job, kind="nonfinite", message=words))

    def confirm(self, command: Generate) -> None:
        self.mailbox.put(Cancelled(launch=LAUNCH, job=command.job))

    def load(self, command: Generate) -> None:
        self.mailbox.put(Loading(launch=LAUNCH, job=command.job, model=painted(command.recipe).model))

    def step(self, command: Generate, step: int, steps: int, preview: bytes | None = None) -> None:
        shown = Preview(data=preview, width=8, height=8) if preview else None
        self.mailbox.put(Progress(launch=LAUNCH, job=command.job, picture=0, step=step, steps=steps, preview=shown))

    def die(self, *commands: Generate) -> None:
        names = tuple(command.job for command in commands)
        self.mailbox.put(Lost(launch=LAUNCH, jobs=names, reason="It died.", exit_code=-9))


@dataclass
class Heard:
    """A listener that keeps what it was told."""

    ends: list[JobId] = field(default_factory=list)
    losses: list[JobId] = field(default_factory=list)
    steps: list[tuple[JobId, int]] = field(default_factory=list)
    unsaved_jobs: list[JobId] = field(default_factory=list)

    def waits(self, job: NewJob) -> None: ...

    def loading(self, job: JobId, model: str) -> None: ...

    def progress(self, job: JobId, index: int, step: int, steps: int, preview: bytes | None) -> None:
        self.steps.append((job, step))

    def lost(self, job: JobId) -> None:
        self.losses.append(job)

    def unsaved(self, job: JobId) -> None:
        self.unsaved_jobs.append(job)

    def ended(self, job: JobId) -> None:
        self.ends.append(job)

    def forget(self, job: JobId) -> None: ...


@dataclass
class House:
    """A dispatcher, its engine, its store and its listener."""

    dispatcher: Dispatcher
    engine: Scripted
    database: Database
    pictures: ContentFolder
    inputs: ContentFolder
    heard: Heard

    async def ask(self, count: int = 1, **changes: Any) -> JobId:
        """Write a job down and put it into the queue."""
        job = new_job(count, **changes)
        async with self.database.transaction() as write:
            await jobs.add(write, job, NewDelivery(channel_id=1))
        self.dispatcher.add(job)
        return job.id

    async def state(self, job_id: JobId) -> tuple[str, str]:
        """Return a job's state and the first letters of its units', as they are at one moment."""
        rows = await self.database.fetch_all(_STATES, {"id": job_id})
        return rows[0]["job"], "".join(row["unit"][0] for row in rows)

    async def lease(self, job_id: JobId, *indexes: int, times: int = 1) -> None:
        """Let an engine die with units, as far as the database knows."""
        for number in range(times):
            launch = LaunchId(f"dead {number}")
            async with self.database.transaction() as write:
                await units.claim(write, launch, {job_id: indexes})
                if number < times - 1:
                    await units.requeue(write, launch)


def new_job(count: int = 1, **changes: Any) -> NewJob:
    prompt = changes.pop("prompt", "a red circle")
    plain = NewJob(
        id=JobId(uuid4().hex), kind="imagine", member_id=1, guild_id=2, channel_id=3, recipe=recipe(prompt), count=count
    )
    return msgspec.structs.replace(plain, **changes)


@asynccontextmanager
async def a_house(
    folder: Path, policy: Policy | None = None, max_rows: int = 16, start: bool = True, **more: Any
) -> AsyncIterator[House]:
    """Open a house; the same folder again is a restart. `more` are arguments of the dispatcher."""
    async with await Database.open(folder / "easel.sqlite3") as database:
        engine, heard = Scripted(), Heard()
        pictures, inputs = ContentFolder(folder / "pictures", ".png"), ContentFolder(folder / "inputs")
        dispatcher = Dispatcher(
            engine=engine,
            database=database,
            pictures=pictures,
            inputs=inputs,
            queue=FairQueue(policy),
            estimator=Estimator(),
            max_rows=max_rows,
            clock=database.clock,
            **more,
        )
        dispatcher.listener = heard
        if start:
            await dispatcher.start()
        try:
            yield House(dispatcher, engine, database, pictures, inputs, heard)
        finally:
            await dispatcher.stop(0.0)
