"""How units end: stored, failed, refused or given up, in the database first and then on the board."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from bot.queue.board import Board
from bot.queue.estimate import rows_of
from bot.queue.flights import Flight, Words
from bot.queue.units import Unit
from bot.texts import Mistake
from inference.protocol.messages import Finished, JobId
from inference.protocol.recipe import Upscale
from storage import ContentFolder, Database, StorageError, deliveries, units
from storage.images import NewImage
from storage.units import FailureReason

log = logging.getLogger("easel.queue")

#: Deaths of the engine that a picture may have a part in.
MOST_ATTEMPTS = 3
#: What is said of such a picture.
DEADLY = f"The engine died {MOST_ATTEMPTS} times painting this. Try other settings, or tell an admin."
#: Between tries to store what the disk did not take.
STORE_SECONDS = 5.0


class Endings:
    """Ends units. Nothing that was painted is lost to a disk that takes it later."""

    def __init__(self, board: Board, database: Database, pictures: ContentFolder, words: Words) -> None:
        self._board = board
        self._database = database
        self._pictures = pictures
        self._words = words

    async def persist(self, work: Callable[[], Awaitable[None]], painted: JobId | None = None) -> None:
        """Do what writes to the database, again and again until the disk takes it.

        `painted` is what the engine calls the unit whose picture waits for that: its member is told.
        """
        while True:
            try:
                await work()
                return
            except StorageError as error:
                log.error("a result could not be stored, and is tried again: %s", error)
                flight = None if painted is None else self._board.flights.get(painted)
                if flight is not None and self._board.listener is not None:
                    self._board.listener.unsaved(flight.unit.job)
                await self.pause()

    async def pause(self) -> None:
        """Give the disk, or whatever does not work, some time."""
        await asyncio.sleep(STORE_SECONDS)

    async def finish(self, event: Finished) -> None:
        """Store a finished picture and what it used. Raises StorageError."""
        flight = self._board.flights.get(event.job)
        if flight is None:
            return
        picture = event.pictures[0]
        recipe, unit = picture.recipe, flight.unit
        # What is made larger is so alone, however many others are in turn.
        seconds = event.timings.network_seconds / (1 if isinstance(recipe, Upscale) else self._board.beside(flight))
        async with self._pictures.keep(picture.data) as (name,), self._database.transaction() as write:
            image = NewImage(
                hash=name, width=picture.width, height=picture.height, bytes=len(picture.data), recipe=recipe
            )
            kept = await units.finish(write, unit.job, unit.index, flight.lease, image, gpu_seconds=seconds)
        if kept is not None:
            self._board.accounts.use(unit, seconds, write.now)
        self._learn(event, flight)
        took = event.timings
        kind = type(recipe).__name__
        self._board.observer.painted(kind, took.total_seconds, took.network_seconds, took.steps)
        self._board.charge(event.job, seconds)

    def _learn(self, event: Finished, flight: Flight) -> None:
        """Take in how long a picture took."""
        picture, took = event.pictures[0], event.timings.network_seconds
        recipe, board = picture.recipe, self._board
        if took <= 0:
            return
        if not isinstance(recipe, Upscale):
            board.estimator.learn(recipe, board.family(recipe.model), rows_of(recipe) * board.beside(flight), took)
        elif recipe.faces is None:
            # How many faces there are is not known before.
            board.estimator.learn_enlarging(recipe.model, picture.width * picture.height, took)

    async def fail(self, name: JobId, kind: FailureReason, text: str, seconds: float | None = None) -> None:
        """End a unit at the engine without a picture, charged as predicted unless told. Raises StorageError."""
        flight = self._board.flights.get(name)
        if flight is None:
            return
        async with self._database.transaction() as write:
            await units.fail(write, flight.unit.job, kind, text, launch=flight.lease)
        self._board.observer.failed(kind)
        self._board.charge(name, flight.unit.seconds if seconds is None else seconds)

    async def refuse(self, job_id: JobId, refused: Sequence[Unit], mistake: Mistake) -> None:
        """End claimed units that may not be painted, in words of their member's language. Raises StorageError."""
        async with self._database.transaction() as write:
            delivery = await deliveries.get(write, job_id)
            text = self._words(mistake, delivery.locale if delivery else None)
            await units.fail(write, job_id, "refused", text, indexes=[unit.index for unit in refused])
        log.info("job=%s is refused %d pictures: %s", job_id, len(refused), mistake.key)
        for unit in refused:
            self._board.observer.failed("refused")
            self._board.drop(unit)

    async def lose(self, flight: Flight) -> None:
        """Let a unit wait again that a dead engine had; give one up that was there too often."""
        self._board.queue.charge(flight.unit, 0.0)
        flight.ended = True
        await self.persist(partial(self._try_again, flight))

    async def _try_again(self, flight: Flight) -> None:
        unit, board = flight.unit, self._board
        async with self._database.transaction() as write:
            back = await units.requeue(write, flight.lease)
            if back and back[0].attempts >= MOST_ATTEMPTS:
                await units.fail(write, unit.job, "internal", DEADLY, indexes=[unit.index])
        entry = board.entries.get(unit.job)
        if entry is None or not back:
            return
        if back[0].attempts >= MOST_ATTEMPTS:
            board.end(unit.job, unit.index)
            board.settle(unit.job)
            return
        entry.open[unit.index] = back[0].attempts
        board.queue.add(board.queued(entry.job, unit.index, back[0].attempts, unit.enqueued_at))
        if board.listener is not None:
            board.listener.lost(unit.job)
