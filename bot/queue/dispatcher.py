"""From the queue to the engine and back: every unit is leased, painted, stored, and its job told how it went."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from uuid import uuid4

from bot.engines.base import Engine, Lost
from bot.errors import EngineDead
from bot.queue import units as queue_units
from bot.queue.batching import choose
from bot.queue.estimate import Estimator, rows_of
from bot.queue.fairness import FairQueue
from bot.queue.flights import Entry, Flight, Listener
from bot.queue.reasons import Position
from bot.queue.units import GuildId, Lane, MemberId
from inference.protocol.marks import Mark
from inference.protocol.messages import (
    Cancelled,
    Examined,
    Failed,
    FailureKind,
    Finished,
    Generate,
    JobId,
    LaunchId,
    Loaded,
    Loading,
    ModelInfo,
    Notice,
    Progress,
    Ready,
    Started,
    Tokenized,
)
from inference.protocol.recipe import ContentHash, Upscale, sources
from storage import ContentFolder, Database, StorageError, deliveries, jobs, units
from storage.images import NewImage
from storage.jobs import Job, NewJob

log = logging.getLogger("easel.queue")

#: Deaths of the engine that a picture may have a part in.
MOST_ATTEMPTS = 3
#: What is said of such a picture.
_DEADLY = f"The engine died {MOST_ATTEMPTS} times painting this. Try other settings, or tell an admin."
_UNREADABLE = "This was asked of another version of Easel, which this one cannot read. Ask again."
_PREVIEW_STEPS = 4
#: Between tries to store a picture that the disk did not take.
_STORE_SECONDS = 5.0
#: Stands for the filter among models: it is always loaded.
_FILTER = ContentHash("")
_LANES = {"priority": Lane.PRIORITY, "normal": Lane.NORMAL, "relaxed": Lane.RELAXED, "background": Lane.BACKGROUND}


class Dispatcher:
    """Serves the queue. All its state is in the database; what it holds in memory is read again at a start."""

    def __init__(
        self,
        *,
        engine: Engine,
        database: Database,
        pictures: ContentFolder,
        inputs: ContentFolder,
        queue: FairQueue,
        estimator: Estimator,
        max_rows: int,
        clock: Callable[[], float],
    ) -> None:
        self._engine = engine
        self._database = database
        self._pictures = pictures
        self._inputs = inputs
        self._clock = clock
        self._entries: dict[JobId, Entry] = {}
        self._flights: dict[JobId, Flight] = {}
        #: Leases of units that wait again, while the database still calls them running.
        self._returned: set[LaunchId] = set()
        self._resident: set[ContentHash] = set()
        #: Adapters that the engine is still to read ahead, each time with the model that they are wanted for.
        self._unread: dict[tuple[ContentHash, tuple[ContentHash, ...]], None] = {}
        self._wake = asyncio.Event()
        self._stopping = False
        self._tasks: list[asyncio.Task[None]] = []
        self._max_rows = max_rows
        self.queue = queue
        self.estimator = estimator
        self.models: tuple[ModelInfo, ...] = ()
        self.ready: Ready | None = None
        #: Why nothing can be painted at the moment, in words for a person; None while all is well.
        self.trouble: str | None = None
        #: None while nobody listens.
        self.listener: Listener | None = None

    # Start and stop -------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Bring the engine up, take the unfinished jobs back into the queue and begin. Raises EngineDead."""
        self._note_ready(await self._engine.start())
        try:
            await self._take_up()
        except BaseException:
            await self._engine.stop()
            raise
        self._wake.set()
        self._tasks = [
            asyncio.create_task(self._listen(), name="engine events"),
            asyncio.create_task(self._serve(), name="dispatcher"),
        ]

    async def stop(self, grace_seconds: float) -> None:
        """Let what runs come to its end within the grace, park the rest in the database, and stop the engine."""
        self._stopping = True
        with suppress(TimeoutError):
            async with asyncio.timeout(grace_seconds):
                while self._flights:
                    self._wake.clear()
                    await self._wake.wait()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            async with self._database.transaction() as write:
                for lease in {*self._returned, *(flight.lease for flight in self._flights.values())}:
                    await units.requeue(write, lease, failed=False)
        except StorageError as error:
            log.error("what ran is put back at the next start: %s", error)
        finally:
            await self._engine.stop()

    async def _take_up(self) -> None:
        """Put what the last run left into the queue; refuse what was being painted each time that everything died."""
        async with self._database.transaction() as write:
            for unit in await units.requeue_abandoned(write):
                if unit.attempts >= MOST_ATTEMPTS:
                    await units.fail(write, unit.job_id, "internal", _DEADLY, indexes=[unit.index])
        await self._give_up_unreadable()
        async for waiting in jobs.unfinished(self._database):
            self._enter(waiting.job, {unit.index: unit.attempts for unit in waiting.units if unit.state == "waiting"})

    async def _give_up_unreadable(self) -> None:
        """End the requests that another version wrote and that this one cannot read. Nobody can be told of them."""
        async with self._database.transaction() as write:
            for job_id in await jobs.unreadable(write):
                log.error("job=%s was written by another version, and is given up", job_id)
                await units.fail(write, job_id, "internal", _UNREADABLE)
                await deliveries.advance(write, job_id, "failed", error=_UNREADABLE)

    # What comes and goes --------------------------------------------------------------------------------------------

    def add(self, job: NewJob) -> None:
        """Put a job that was written to the database into the queue."""
        self._enter(job, dict.fromkeys(range(job.count), 0))
        self._wake.set()

    async def cancel(self, job_id: JobId) -> int:
        """End a job's unfinished pictures, waiting and running; return how many there were. Raises StorageError."""
        async with self._database.transaction() as write:
            ended = await units.cancel(write, job_id)
        self.queue.remove(job_id)
        if (entry := self._entries.get(job_id)) is not None:
            for unit in ended:
                entry.open.pop(unit.index, None)
        self._settle(job_id)
        self._wake.set()
        for unit in ended:
            if unit.launch is not None:
                await self._engine.cancel(JobId(unit.launch))
        return len(ended)

    def forget(self, job_id: JobId) -> None:
        """Tell nobody anything more about a job."""
        if self.listener is not None:
            self.listener.forget(job_id)

    def position(self, job_id: JobId) -> tuple[Position, float] | None:
        """Return a job's place and the seconds until it is done; None for one that is not here."""
        entry = self._entries.get(job_id)
        place = self.queue.position(job_id)
        if entry is None or place is None:
            return None
        recipe = entry.job.recipe
        ahead = place.ahead_seconds + self._flying_seconds()
        left = max(1, len(entry.open))
        if isinstance(recipe, Upscale):
            seconds = ahead + left * self.unit_seconds(entry.job)
        else:
            seconds = self.estimator.eta_seconds(ahead, recipe, self._family(recipe.model), self._max_rows, left)
        if recipe.model is not None and recipe.model not in self._resident:
            seconds += self.estimator.loading_seconds(recipe.model)
        return place, seconds

    def unit_seconds(self, job: NewJob) -> float:
        """Return the predicted GPU-seconds of one picture of a job.

        Of a picture made larger they were told with it: its recipe does not say how large that is.
        """
        if isinstance(job.recipe, Upscale):
            return job.unit_seconds
        return self.estimator.predict(job.recipe, self._family(job.recipe.model))

    @property
    def waiting(self) -> int:
        """Return how many pictures wait."""
        return len(self.queue)

    @property
    def running(self) -> int:
        """Return how many pictures are at the engine."""
        return len(self._flights)

    async def tokenize(self, model: ContentHash, texts: Sequence[str]) -> Tokenized:
        """Ask the engine how a model's text encoders cut texts. Raises as the engine's `tokenize` does."""
        return await self._engine.tokenize(model, texts)

    async def examine(self, data: bytes, mask: Mark | None = None) -> Examined:
        """Ask the engine what a picture that somebody sent is. Raises as the engine's `examine` does."""
        return await self._engine.examine(data, mask)

    def model_name(self, model: ContentHash | None) -> str:
        """Return a model's name, or the beginning of its hash when it is no longer installed; nothing for None."""
        if model is None:
            return ""
        return next((info.name for info in self.models if info.hash == model), model[:10])

    def jobs(self) -> list[NewJob]:
        """Return every unfinished job, oldest first."""
        return [entry.job for entry in self._entries.values()]

    def is_running(self, job_id: JobId) -> bool:
        """Tell whether a picture of the job is at the engine."""
        entry = self._entries.get(job_id)
        return entry is not None and bool(entry.flying)

    def _enter(self, job: NewJob, open_units: dict[int, int]) -> None:
        self._entries[job.id] = Entry(job, dict(open_units))
        enqueued_at = job.created_at if isinstance(job, Job) else self._clock()
        for index, attempts in open_units.items():
            self.queue.add(self._queued(job, index, attempts, enqueued_at))
        for recipe in map(job.recipe_of, open_units):
            if not isinstance(recipe, Upscale) and recipe.adapters:
                self._unread[recipe.model, tuple(dict.fromkeys(use.hash for use in recipe.adapters))] = None
        if self.listener is not None:
            self.listener.waits(job)

    def _queued(self, job: NewJob, index: int, attempts: int, enqueued_at: float) -> queue_units.Unit:
        """Return the unit as the queue knows it. One that was there when the engine died shares no batch again."""
        recipe = job.recipe_of(index)
        batch: tuple[object, ...] = (type(recipe).__name__,)
        if not isinstance(recipe, Upscale):
            # Embeddings change how the texts are read, and nothing of a pass.
            changing = frozenset(use for use in recipe.adapters if use.word is None)
            batch += (recipe.width, recipe.height, recipe.vae, changing)
        return queue_units.Unit(
            job=job.id,
            index=index,
            member=MemberId(job.member_id),
            guild=None if job.guild_id is None else GuildId(job.guild_id),
            lane=_LANES[job.lane],
            model=_FILTER if recipe.model is None else recipe.model,
            batch=(job.id, index) if attempts else batch,
            seconds=max(1e-3, self.unit_seconds(job)),
            enqueued_at=enqueued_at,
        )

    # From the queue to the engine -----------------------------------------------------------------------------------

    async def _serve(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._prefetch()
                while self._may_send() and (chosen := self._choose()):
                    await self._send(chosen)
                continue
            except (StorageError, EngineDead) as error:
                log.error("the queue stands still: %s", error)
            except Exception:
                log.exception("the queue stands still")
            await asyncio.sleep(_STORE_SECONDS)
            self._wake.set()

    async def _prefetch(self) -> None:
        """Have the adapters read ahead of jobs that have come, while these wait."""
        while self._unread:
            model, wanted = next(iter(self._unread))
            del self._unread[model, wanted]
            family = next((info.adapter_family for info in self.models if info.hash == model), "")
            if family:
                await self._engine.prefetch(wanted, family)

    def _may_send(self) -> bool:
        return not self._stopping and self.trouble is None

    def _choose(self) -> list[queue_units.Unit]:
        flying = [flight.unit for flight in self._flights.values()]
        return choose(self.queue, flying, {_FILTER, *self._resident}, max(1, self._max_rows // 2))

    async def _send(self, chosen: Sequence[queue_units.Unit]) -> None:
        """Lease units and hand them to the engine. What cannot be leased or handed over waits again."""
        flights = deque(Flight(LaunchId(uuid4().hex), unit) for unit in chosen)
        try:
            leased = await self._lease(flights)
            while flights:
                if flights[0].lease in leased:
                    await self._hand_over(flights[0])
                else:
                    self._drop(flights[0])
                flights.popleft()
        finally:
            for flight in flights:
                self._take_back(flight)

    async def _lease(self, flights: Iterable[Flight]) -> set[LaunchId]:
        """Return the leases that were given: all but those of units that ended while they waited."""
        returned = tuple(self._returned)
        async with self._database.transaction() as write:
            for lease in returned:
                await units.requeue(write, lease, failed=False)
            leased = {
                flight.lease
                for flight in flights
                if await units.claim(write, flight.lease, {flight.unit.job: [flight.unit.index]})
            }
        self._returned.difference_update(returned)
        return leased

    async def _hand_over(self, flight: Flight) -> None:
        """Send a leased unit to the engine, unless it is cancelled first. Raises EngineDead."""
        unit, name = flight.unit, JobId(flight.lease)
        entry = self._entries.get(unit.job)
        self._flights[name] = flight
        if entry is None or unit.index not in entry.open:
            self._charge(name, 0.0)
            return
        entry.flying[unit.index] = flight.lease
        try:
            images = await self._sources(entry.job)
        except StorageError as error:
            log.error("job=%s has no source picture: %s", unit.job, error)
            text = "The picture that it was to start from cannot be read from the disk. Send it again."
            await self._persist(partial(self._fail, name, "internal", text, 0.0))
            return
        if unit.index not in entry.open:
            self._charge(name, 0.0)
            return
        command = Generate(
            job=name,
            recipe=entry.job.recipe_of(unit.index),
            images=images,
            preview_every=_PREVIEW_STEPS,
            urgency=max(0, Lane.BACKGROUND - unit.lane),
        )
        # No await before this one: a cancel finds the unit either above, or at the engine.
        await self._engine.submit(command)

    async def _sources(self, job: NewJob) -> dict[ContentHash, bytes]:
        found = {name: await self._inputs.read(name) for name in sources(job.recipe)}
        return {name: data for name, data in found.items() if data is not None}

    def _drop(self, flight: Flight) -> None:
        """Let go of a unit that ended, or was deleted, while it waited."""
        self.queue.charge(flight.unit, 0.0)
        if (entry := self._entries.get(flight.unit.job)) is not None:
            entry.open.pop(flight.unit.index, None)
        self._settle(flight.unit.job)

    def _take_back(self, flight: Flight) -> None:
        """Let a unit wait again that could not be handed over; its lease is given back with the next that is taken.

        Until then the database calls it running, so it needs no write where writing may be what failed.
        """
        if flight.ended:
            return
        self._land(JobId(flight.lease))
        self._returned.add(flight.lease)
        entry = self._entries.get(flight.unit.job)
        if entry is None or flight.unit.index not in entry.open:
            self.queue.charge(flight.unit, 0.0)
        else:
            self.queue.put_back(flight.unit)

    # From the engine to the database --------------------------------------------------------------------------------

    async def _listen(self) -> None:
        try:
            async for event in self._engine.events():
                try:
                    await self._take(event)
                except Exception:
                    log.exception("an event of the engine could not be handled: %s", type(event).__name__)
                    await self._refuse(event)
        except EngineDead as dead:
            self.trouble = "The engine that paints has stopped. An admin has to start the bot again."
            log.critical("%s", dead.message)
            for job in self.jobs():
                if self.listener is not None:
                    self.listener.waits(job)

    async def _take(self, event: object) -> None:
        match event:
            case Ready():
                self._note_ready(event)
                self._wake.set()
            case Lost():
                await self._lose(event)
            case Loading() | Loaded():
                self._note_loading(event)
            case Progress():
                self._note_progress(event)
            case Finished():
                await self._persist(partial(self._finish, event))
            case Failed():
                await self._persist(partial(self._fail, event.job, event.kind, event.message))
            case Cancelled():
                flight = self._flights.get(event.job)
                self._charge(event.job, flight.unit.seconds * flight.share if flight else 0.0)
            case Started() | Notice():
                pass

    async def _refuse(self, event: object) -> None:
        """End a unit whose end could not be handled, so that nobody waits for it for ever."""
        if isinstance(event, Finished | Failed | Cancelled):
            text = "Something went wrong with the finished picture. The log of the bot says more."
            try:
                await self._persist(partial(self._fail, event.job, "internal", text))
            except Exception:
                log.exception("job=%s cannot be ended", event.job)

    def _note_ready(self, ready: Ready) -> None:
        self.ready = ready
        self.models = ready.models
        self._resident.clear()

    def _note_loading(self, event: Loading | Loaded) -> None:
        if isinstance(event, Loaded):
            self._resident.add(event.model)
            self._resident.difference_update(event.evicted)
            # A second batch of it may be begun now.
            self._wake.set()
            if event.seconds > 0:
                self.estimator.learn_loading(event.model, event.seconds)
        elif (flight := self._flights.get(event.job)) and self.listener is not None:
            self.listener.loading(flight.unit.job, self.model_name(event.model))

    def _note_progress(self, event: Progress) -> None:
        flight = self._flights.get(event.job)
        if flight is None:
            return
        flight.share = event.step / max(1, event.steps)
        if flight.unit.model not in self._resident:
            # An engine that outlived the bot loads nothing and tells nothing.
            self._resident.add(flight.unit.model)
            self._wake.set()
        if self.listener is not None:
            preview = event.preview.data if event.preview else None
            self.listener.progress(flight.unit.job, flight.unit.index, event.step, event.steps, preview)

    async def _persist(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do what writes to the database, again and again until the disk takes it: nothing that was painted is lost."""
        while True:
            try:
                await work()
                return
            except StorageError as error:
                log.error("a result could not be stored, and is tried again: %s", error)
                await asyncio.sleep(_STORE_SECONDS)

    async def _finish(self, event: Finished) -> None:
        flight = self._flights.get(event.job)
        if flight is None:
            return
        picture = event.pictures[0]
        recipe = picture.recipe
        # What is made larger is so alone, however many others are in turn.
        beside = 1 if isinstance(recipe, Upscale) else self._beside(flight)
        seconds = event.timings.network_seconds / beside
        async with self._pictures.keep(picture.data) as (name,), self._database.transaction() as write:
            image = NewImage(
                hash=name,
                width=picture.width,
                height=picture.height,
                bytes=len(picture.data),
                recipe=recipe,
            )
            await units.finish(write, flight.unit.job, flight.unit.index, flight.lease, image, gpu_seconds=seconds)
        if (took := event.timings.network_seconds) > 0:
            if isinstance(recipe, Upscale):
                if recipe.faces is None:
                    # How many faces there are is not known before.
                    self.estimator.learn_enlarging(recipe.model, picture.width * picture.height, took)
            else:
                self.estimator.learn(recipe, self._family(recipe.model), rows_of(recipe) * beside, took)
        self._charge(event.job, seconds)

    def _beside(self, flight: Flight) -> int:
        """Return how many pictures share the batch of one, itself included."""
        batch = (flight.unit.model, flight.unit.batch)
        return sum((other.unit.model, other.unit.batch) == batch for other in self._flights.values())

    async def _fail(self, name: JobId, kind: FailureKind, text: str, seconds: float | None = None) -> None:
        flight = self._flights.get(name)
        if flight is None:
            return
        async with self._database.transaction() as write:
            await units.fail(write, flight.unit.job, kind, text, launch=flight.lease)
        self._charge(name, flight.unit.seconds if seconds is None else seconds)

    def _charge(self, name: JobId, seconds: float) -> None:
        """Note that a unit has ended, and its job with it if it was the last."""
        flight = self._land(name)
        if flight is None:
            return
        flight.ended = True
        self.queue.charge(flight.unit, seconds)
        entry = self._entries.get(flight.unit.job)
        if entry is not None:
            entry.open.pop(flight.unit.index, None)
        self._settle(flight.unit.job)
        self._wake.set()

    def _land(self, name: JobId) -> Flight | None:
        flight = self._flights.pop(name, None)
        if flight is not None and (entry := self._entries.get(flight.unit.job)):
            entry.flying.pop(flight.unit.index, None)
        return flight

    def _settle(self, job_id: JobId) -> None:
        entry = self._entries.get(job_id)
        if entry is not None and not entry.open:
            del self._entries[job_id]
            if self.listener is not None:
                self.listener.ended(job_id)

    async def _lose(self, lost: Lost) -> None:
        """Put the units of a dead launch back, each alone from now on; give up those that were there too often."""
        log.warning("launch=%s died with %d pictures: %s", lost.launch, len(lost.jobs), lost.reason)
        for name in lost.jobs:
            flight = self._land(name)
            if flight is not None:
                flight.ended = True
                self.queue.charge(flight.unit, 0.0)
                await self._persist(partial(self._try_again, flight))
        self._wake.set()

    async def _try_again(self, flight: Flight) -> None:
        unit = flight.unit
        async with self._database.transaction() as write:
            back = await units.requeue(write, flight.lease)
            if back and back[0].attempts >= MOST_ATTEMPTS:
                await units.fail(write, unit.job, "internal", _DEADLY, indexes=[unit.index])
        entry = self._entries.get(unit.job)
        if entry is None or not back:
            return
        if back[0].attempts >= MOST_ATTEMPTS:
            entry.open.pop(unit.index, None)
            self._settle(unit.job)
            return
        entry.open[unit.index] = back[0].attempts
        self.queue.add(self._queued(entry.job, unit.index, back[0].attempts, unit.enqueued_at))
        if self.listener is not None:
            self.listener.lost(unit.job)

    def _flying_seconds(self) -> float:
        return sum(flight.unit.seconds for flight in self._flights.values()) / 2

    def _family(self, model: ContentHash) -> str:
        return next((info.family for info in self.models if info.hash == model), "")
