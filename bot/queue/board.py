"""What the dispatcher and those who work for it hold in memory; all of it can be read again from the database."""

import asyncio

from bot.observer import Observer
from bot.queue.accounts import Accounts
from bot.queue.estimate import Estimator
from bot.queue.fairness import FairQueue
from bot.queue.flights import Entry, Flight, Listener, Weigh
from bot.queue.units import GuildId, Lane, MemberId, Unit
from inference.protocol.messages import JobId, LaunchId, ModelInfo, Ready
from inference.protocol.recipe import ContentHash, Upscale
from storage.jobs import Job, NewJob

#: Stands for the filter among models: it is always loaded.
FILTER = ContentHash("")
_LANES = {"priority": Lane.PRIORITY, "normal": Lane.NORMAL, "relaxed": Lane.RELAXED, "background": Lane.BACKGROUND}


class Board:
    """Unfinished jobs, what of them is in the queue and at the engine, and what is known of the engine."""

    def __init__(self, queue: FairQueue, estimator: Estimator, accounts: Accounts, weigh: Weigh) -> None:
        self.queue = queue
        self.estimator = estimator
        self.accounts = accounts
        self._weigh = weigh
        self.entries: dict[JobId, Entry] = {}
        #: By the name under which the engine knows them: their lease.
        self.flights: dict[JobId, Flight] = {}
        #: Leases of units that wait again, while the database still calls them running.
        self.returned: set[LaunchId] = set()
        self.resident: set[ContentHash] = set()
        #: Adapters that the engine is still to read ahead, each time with the model that they are wanted for.
        self.unread: dict[tuple[ContentHash, tuple[ContentHash, ...]], None] = {}
        #: Set when something may be sent to the engine, or has come down from it.
        self.wake = asyncio.Event()
        #: Nothing more is sent to the engine.
        self.stopping = False
        self.models: tuple[ModelInfo, ...] = ()
        self.ready: Ready | None = None
        #: Why nothing can be painted at the moment, in words for a person; None while all is well.
        self.trouble: str | None = None
        #: None while nobody listens.
        self.listener: Listener | None = None
        #: Who counts.
        self.observer = Observer()

    # Jobs -----------------------------------------------------------------------------------------------------------

    def enter(self, job: NewJob, open_units: dict[int, int], now: float) -> None:
        """Put a job's units into the queue, each given with how often the engine died with it."""
        self.entries[job.id] = Entry(job, dict(open_units))
        self.accounts.expect(job, open_units)
        enqueued_at = job.created_at if isinstance(job, Job) else now
        for index, attempts in open_units.items():
            self.queue.add(self.queued(job, index, attempts, enqueued_at))
        for recipe in map(job.recipe_of, open_units):
            if not isinstance(recipe, Upscale) and recipe.adapters:
                self.unread[recipe.model, tuple(dict.fromkeys(use.hash for use in recipe.adapters))] = None
        if self.listener is not None:
            self.listener.waits(job)

    def queued(self, job: NewJob, index: int, attempts: int, enqueued_at: float) -> Unit:
        """Return the unit as the queue knows it. One that was there when the engine died shares no batch again."""
        recipe = job.recipe_of(index)
        batch: tuple[object, ...] = (type(recipe).__name__,)
        if not isinstance(recipe, Upscale):
            # Embeddings change how the texts are read, and nothing of a pass.
            changing = frozenset(use for use in recipe.adapters if use.word is None)
            batch += (recipe.width, recipe.height, recipe.vae, changing)
        return Unit(
            job=job.id,
            index=index,
            member=MemberId(job.member_id),
            guild=None if job.guild_id is None else GuildId(job.guild_id),
            lane=_LANES[job.lane],
            model=FILTER if recipe.model is None else recipe.model,
            batch=(job.id, index) if attempts else batch,
            seconds=max(1e-3, self.unit_seconds(job)),
            weight=self._weigh(job),
            enqueued_at=enqueued_at,
        )

    def is_open(self, unit: Unit) -> bool:
        """Tell whether a unit has not ended."""
        entry = self.entries.get(unit.job)
        return entry is not None and unit.index in entry.open

    def end(self, job_id: JobId, index: int) -> None:
        """Note that a unit has ended, one way or another."""
        entry = self.entries.get(job_id)
        if entry is not None and entry.open.pop(index, None) is not None:
            self.accounts.free(job_id, index)

    def settle(self, job_id: JobId) -> None:
        """Let go of a job of which every unit has ended, and say so."""
        entry = self.entries.get(job_id)
        if entry is not None and not entry.open:
            del self.entries[job_id]
            if self.listener is not None:
                self.listener.ended(job_id)

    # At the engine --------------------------------------------------------------------------------------------------

    def land(self, name: JobId) -> Flight | None:
        """Note that a unit is no longer at the engine, and return what it was there."""
        flight = self.flights.pop(name, None)
        if flight is not None and (entry := self.entries.get(flight.unit.job)):
            entry.flying.pop(flight.unit.index, None)
        return flight

    def charge(self, name: JobId, seconds: float) -> None:
        """Note that a unit at the engine has ended, after so many GPU-seconds, and its job if it was the last."""
        flight = self.land(name)
        if flight is None:
            return
        flight.ended = True
        self.queue.charge(flight.unit, seconds)
        self.end(flight.unit.job, flight.unit.index)
        self.settle(flight.unit.job)
        self.wake.set()

    def drop(self, unit: Unit) -> None:
        """Let go of a claimed unit that ended, or was deleted, while it waited."""
        self.queue.charge(unit, 0.0)
        self.end(unit.job, unit.index)
        self.settle(unit.job)

    def beside(self, flight: Flight) -> int:
        """Return how many pictures share the batch of one, itself included."""
        batch = (flight.unit.model, flight.unit.batch)
        return sum((other.unit.model, other.unit.batch) == batch for other in self.flights.values())

    # Models ---------------------------------------------------------------------------------------------------------

    def note_ready(self, ready: Ready) -> None:
        """Note what an engine that has just started tells of itself."""
        self.ready = ready
        self.models = ready.models
        self.resident.clear()
        self.observer.engine_up()

    def model_name(self, model: ContentHash | None) -> str:
        """Return a model's name, or the beginning of its hash when it is no longer installed; nothing for None."""
        if model is None:
            return ""
        return next((info.name for info in self.models if info.hash == model), model[:10])

    def family(self, model: ContentHash) -> str:
        """Return a model's family; nothing for one that is not installed."""
        return next((info.family for info in self.models if info.hash == model), "")

    def unit_seconds(self, job: NewJob) -> float:
        """Return the predicted GPU-seconds of one picture of a job.

        Of a picture made larger they were told with it: its recipe does not say how large that is.
        """
        if isinstance(job.recipe, Upscale):
            return job.unit_seconds
        return self.estimator.predict(job.recipe, self.family(job.recipe.model))
