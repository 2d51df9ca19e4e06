"""From the engine: what it tells of the units that it has."""

import logging
from functools import partial

from bot.engines.base import Engine, Lost
from bot.errors import EngineDead
from bot.queue.board import Board
from bot.queue.endings import Endings
from inference.protocol.messages import Cancelled, Failed, Finished, Loaded, Loading, Notice, Progress, Ready, Started

log = logging.getLogger("easel.queue")


class Arrivals:
    """Takes the engine's events one after another."""

    def __init__(self, engine: Engine, board: Board, endings: Endings) -> None:
        self._engine = engine
        self._board = board
        self._endings = endings

    async def listen(self) -> None:
        """Take every event until the engine is given up."""
        try:
            async for event in self._engine.events():
                try:
                    await self._take(event)
                except Exception:
                    log.exception("an event of the engine could not be handled: %s", type(event).__name__)
                    await self._give_up(event)
        except EngineDead as dead:
            self._board.trouble = "The engine that paints has stopped. An admin has to start the bot again."
            log.critical("%s", dead.message)
            for entry in self._board.entries.values():
                if self._board.listener is not None:
                    self._board.listener.waits(entry.job)

    async def _take(self, event: object) -> None:
        match event:
            case Ready():
                self._board.note_ready(event)
                self._board.wake.set()
            case Lost():
                await self._lose(event)
            case Loading() | Loaded():
                self._note_loading(event)
            case Progress():
                self._note_progress(event)
            case Finished():
                await self._endings.persist(partial(self._endings.finish, event), event.job)
            case Failed():
                await self._endings.persist(partial(self._endings.fail, event.job, event.kind, event.message))
            case Cancelled():
                flight = self._board.flights.get(event.job)
                self._board.charge(event.job, flight.unit.seconds * flight.share if flight else 0.0)
            case Started() | Notice():
                pass

    async def _give_up(self, event: object) -> None:
        """End a unit whose end could not be handled, so that nobody waits for it for ever."""
        if isinstance(event, Finished | Failed | Cancelled):
            text = "Something went wrong with the finished picture. The log of the bot says more."
            try:
                await self._endings.persist(partial(self._endings.fail, event.job, "internal", text))
            except Exception:
                log.exception("job=%s cannot be ended", event.job)

    async def _lose(self, lost: Lost) -> None:
        """Put the units of a dead launch back, each alone from now on; give up those that were there too often."""
        log.warning("launch=%s died with %d pictures: %s", lost.launch, len(lost.jobs), lost.reason)
        self._board.observer.engine_lost()
        for name in lost.jobs:
            if (flight := self._board.land(name)) is not None:
                await self._endings.lose(flight)
        self._board.wake.set()

    def _note_loading(self, event: Loading | Loaded) -> None:
        board = self._board
        if isinstance(event, Loaded):
            board.resident.add(event.model)
            board.resident.difference_update(event.evicted)
            # A second batch of it may be begun now.
            board.wake.set()
            if event.seconds > 0:
                board.estimator.learn_loading(event.model, event.seconds)
        elif (flight := board.flights.get(event.job)) and board.listener is not None:
            board.listener.loading(flight.unit.job, board.model_name(event.model))

    def _note_progress(self, event: Progress) -> None:
        board = self._board
        flight = board.flights.get(event.job)
        if flight is None:
            return
        flight.share = event.step / max(1, event.steps)
        if flight.unit.model not in board.resident:
            # An engine that outlived the bot loads nothing and tells nothing.
            board.resident.add(flight.unit.model)
            board.wake.set()
        if board.listener is not None:
            preview = event.preview.data if event.preview else None
            board.listener.progress(flight.unit.job, flight.unit.index, event.step, event.steps, preview)
