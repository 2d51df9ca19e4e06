"""From the queue to the engine: units are chosen, allowed, leased and handed over."""

import logging
from collections import deque
from collections.abc import Iterable, Sequence
from functools import partial
from uuid import uuid4

from bot.engines.base import Engine
from bot.errors import EngineDead
from bot.queue.batching import choose
from bot.queue.board import FILTER, Board
from bot.queue.endings import Endings
from bot.queue.flights import Flight, MayRun
from bot.queue.units import Lane, Unit
from bot.texts import Mistake
from inference.protocol.messages import Generate, JobId, LaunchId
from inference.protocol.recipe import ContentHash, sources
from storage import ContentFolder, Database, StorageError, units
from storage.jobs import NewJob

log = logging.getLogger("easel.queue")

_PREVIEW_STEPS = 4


class Departures:
    """Sends units to the engine, at most `most` at a time."""

    def __init__(
        self,
        engine: Engine,
        board: Board,
        endings: Endings,
        *,
        database: Database,
        inputs: ContentFolder,
        most: int,
        may_run: MayRun,
    ) -> None:
        self._engine = engine
        self._board = board
        self._endings = endings
        self._database = database
        self._inputs = inputs
        self._most = most
        self._may_run = may_run

    async def serve(self) -> None:
        """Send what may be sent, each time that the board's `wake` is set."""
        while True:
            await self._board.wake.wait()
            self._board.wake.clear()
            try:
                await self._prefetch()
                while self._may_send() and (chosen := self._choose()):
                    await self._send(chosen)
                continue
            except (StorageError, EngineDead) as error:
                log.error("the queue stands still: %s", error)
            except Exception:
                log.exception("the queue stands still")
            await self._endings.pause()
            self._board.wake.set()

    async def _prefetch(self) -> None:
        """Have the adapters read ahead of jobs that have come, while these wait."""
        unread = self._board.unread
        while unread:
            model, wanted = next(iter(unread))
            del unread[model, wanted]
            family = next((info.adapter_family for info in self._board.models if info.hash == model), "")
            if family:
                await self._engine.prefetch(wanted, family)

    def _may_send(self) -> bool:
        return not self._board.stopping and self._board.trouble is None

    def _choose(self) -> list[Unit]:
        flying = [flight.unit for flight in self._board.flights.values()]
        return choose(self._board.queue, flying, {FILTER, *self._board.resident}, self._most)

    async def _send(self, chosen: Sequence[Unit]) -> None:
        """Lease units and hand them to the engine. What cannot be leased or handed over waits again."""
        flights = deque(Flight(LaunchId(uuid4().hex), unit) for unit in chosen)
        try:
            await self._refuse(flights)
            leased = await self._lease(flights)
            while flights:
                if flights[0].lease in leased:
                    await self._hand_over(flights[0])
                else:
                    self._board.drop(flights[0].unit)
                flights.popleft()
        finally:
            for flight in flights:
                self._take_back(flight)

    async def _refuse(self, flights: deque[Flight]) -> None:
        """End those that may not be painted any more, and leave the others."""
        for job_id in dict.fromkeys(flight.unit.job for flight in flights):
            entry = self._board.entries.get(job_id)
            mistake = None if entry is None else self._forbidden(entry.job)
            if mistake is None:
                continue
            refused = [flight for flight in flights if flight.unit.job == job_id]
            await self._endings.refuse(job_id, [flight.unit for flight in refused], mistake)
            for flight in refused:
                flights.remove(flight)

    def _forbidden(self, job: NewJob) -> Mistake | None:
        """Return why a job may not be painted now; it may not where that cannot be told."""
        try:
            return self._may_run(job)
        except Exception:
            log.exception("job=%s cannot be held against the rules, and is refused", job.id)
            return Mistake("rules_unchecked")

    async def _lease(self, flights: Iterable[Flight]) -> set[LaunchId]:
        """Return the leases that were given: all but those of units that ended while they waited."""
        returned = tuple(self._board.returned)
        async with self._database.transaction() as write:
            for lease in returned:
                await units.requeue(write, lease, failed=False)
            leased = {
                flight.lease
                for flight in flights
                if await units.claim(write, flight.lease, {flight.unit.job: [flight.unit.index]})
            }
        self._board.returned.difference_update(returned)
        return leased

    async def _hand_over(self, flight: Flight) -> None:
        """Send a leased unit to the engine, unless it is cancelled first. Raises EngineDead."""
        unit, name = flight.unit, JobId(flight.lease)
        entry = self._board.entries.get(unit.job)
        self._board.flights[name] = flight
        if entry is None or unit.index not in entry.open:
            self._board.charge(name, 0.0)
            return
        entry.flying[unit.index] = flight.lease
        try:
            images = await self._sources(entry.job)
        except StorageError as error:
            log.error("job=%s has no source picture: %s", unit.job, error)
            text = "The picture that it was to start from cannot be read from the disk. Send it again."
            await self._endings.persist(partial(self._endings.fail, name, "internal", text, 0.0))
            return
        if unit.index not in entry.open:
            self._board.charge(name, 0.0)
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
        self._board.observer.begun(unit.lane.name.lower(), self._database.clock() - unit.enqueued_at)

    async def _sources(self, job: NewJob) -> dict[ContentHash, bytes]:
        found = {name: await self._inputs.read(name) for name in sources(job.recipe)}
        return {name: data for name, data in found.items() if data is not None}

    def _take_back(self, flight: Flight) -> None:
        """Let a unit wait again that could not be handed over; its lease is given back with the next that is taken.

        Until then the database calls it running, so it needs no write where writing may be what failed.
        """
        if flight.ended:
            return
        self._board.land(JobId(flight.lease))
        self._board.returned.add(flight.lease)
        if self._board.is_open(flight.unit):
            self._board.queue.put_back(flight.unit)
        else:
            self._board.queue.charge(flight.unit, 0.0)
