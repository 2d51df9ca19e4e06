"""From the queue to the engine and back: every unit is leased, painted, stored, and its job told how it went."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress

from bot.engines.base import Engine
from bot.queue.accounts import Accounts, NoAccounts
from bot.queue.arrivals import Arrivals
from bot.queue.board import Board
from bot.queue.departures import Departures
from bot.queue.endings import DEADLY, MOST_ATTEMPTS, Endings
from bot.queue.estimate import Estimator
from bot.queue.fairness import FairQueue
from bot.queue.flights import Listener, MayRun, Weigh, Words
from bot.queue.reasons import Position
from bot.texts import Mistake, say
from inference.protocol.marks import Mark
from inference.protocol.messages import Checked, Examined, JobId, ModelInfo, Ready, Tokenized
from inference.protocol.recipe import ContentHash, Upscale
from storage import ContentFolder, Database, StorageError, deliveries, jobs, units
from storage.jobs import NewJob

log = logging.getLogger("easel.queue")

_UNREADABLE = "This was asked of another version of Easel, which this one cannot read. Ask again."


def _words(mistake: Mistake, locale: str | None) -> str:
    return say(mistake.key, locale, **mistake.values)


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
        accounts: Accounts | None = None,
        may_run: MayRun = lambda job: None,
        weigh: Weigh = lambda job: 1.0,
        words: Words = _words,
    ) -> None:
        """Ask `may_run` before a unit is leased, and `words` for what a member is told; `weigh` gives jobs weights."""
        self._engine = engine
        self._database = database
        self._clock = clock
        self._max_rows = max_rows
        self._words = words
        self._tasks: list[asyncio.Task[None]] = []
        self.board = Board(queue, estimator, accounts or NoAccounts(), weigh)
        endings = Endings(self.board, database, pictures, words)
        self._arrivals = Arrivals(engine, self.board, endings)
        self._departures = Departures(
            engine,
            self.board,
            endings,
            database=database,
            inputs=inputs,
            most=max(1, max_rows // 2),
            may_run=may_run,
        )

    # Start and stop -------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Bring the engine up, take the unfinished jobs back into the queue and begin. Raises EngineDead."""
        self.board.note_ready(await self._engine.start())
        try:
            await self._take_up()
        except BaseException:
            await self._engine.stop()
            raise
        self.board.wake.set()
        self._tasks = [
            asyncio.create_task(self._arrivals.listen(), name="engine events"),
            asyncio.create_task(self._departures.serve(), name="dispatcher"),
        ]

    async def stop(self, grace_seconds: float) -> None:
        """Let what runs come to its end within the grace, park the rest in the database, and stop the engine."""
        self.board.stopping = True
        with suppress(TimeoutError):
            async with asyncio.timeout(grace_seconds):
                while self.board.flights:
                    self.board.wake.clear()
                    await self.board.wake.wait()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            async with self._database.transaction() as write:
                for lease in {*self.board.returned, *(flight.lease for flight in self.board.flights.values())}:
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
                    await units.fail(write, unit.job_id, "internal", DEADLY, indexes=[unit.index])
        await self._give_up_unreadable()
        async for unfinished in jobs.unfinished(self._database):
            waiting = [unit for unit in unfinished.units if unit.state == "waiting"]
            self._enter(unfinished.job, {unit.index: unit.attempts for unit in waiting})

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
        self.board.wake.set()

    async def cancel(self, job_id: JobId, why: Mistake | None = None) -> int:
        """End a job's unfinished pictures, waiting and running; return how many there were. Raises StorageError.

        `why` is what its member is told who did not do so, by whatever way is open, as of a refusal.
        """
        async with self._database.transaction() as write:
            if why is None:
                ended = await units.cancel(write, job_id)
            else:
                delivery = await deliveries.get(write, job_id)
                text = self._words(why, delivery.locale if delivery else None)
                ended = await units.fail(write, job_id, "refused", text)
        self.queue.remove(job_id)
        for unit in ended:
            self.board.end(job_id, unit.index)
        self.board.settle(job_id)
        self.board.wake.set()
        for unit in ended:
            if unit.launch is not None:
                await self._engine.cancel(JobId(unit.launch))
        return len(ended)

    def forget(self, job_id: JobId) -> None:
        """Tell nobody anything more about a job."""
        if self.listener is not None:
            self.listener.forget(job_id)

    def _enter(self, job: NewJob, open_units: dict[int, int]) -> None:
        self.board.enter(job, open_units, self._clock())

    # What there is --------------------------------------------------------------------------------------------------

    @property
    def queue(self) -> FairQueue:
        """Return the queue."""
        return self.board.queue

    @property
    def estimator(self) -> Estimator:
        """Return what predicts how long pictures take."""
        return self.board.estimator

    @property
    def ready(self) -> Ready | None:
        """Return what the engine told of itself when it started last."""
        return self.board.ready

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        """The models that are installed."""
        return self.board.models

    @models.setter
    def models(self, models: tuple[ModelInfo, ...]) -> None:
        self.board.models = models

    @property
    def trouble(self) -> str | None:
        """Why nothing can be painted at the moment, in words for a person; None while all is well."""
        return self.board.trouble

    @trouble.setter
    def trouble(self, words: str | None) -> None:
        self.board.trouble = words

    @property
    def listener(self) -> Listener | None:
        """Who is told how jobs go; None while nobody listens."""
        return self.board.listener

    @listener.setter
    def listener(self, listener: Listener | None) -> None:
        self.board.listener = listener

    @property
    def waiting(self) -> int:
        """Return how many pictures wait."""
        return len(self.queue)

    @property
    def running(self) -> int:
        """Return how many pictures are at the engine."""
        return len(self.board.flights)

    def jobs(self) -> list[NewJob]:
        """Return every unfinished job, oldest first."""
        return [entry.job for entry in self.board.entries.values()]

    def is_running(self, job_id: JobId) -> bool:
        """Tell whether a picture of the job is at the engine."""
        entry = self.board.entries.get(job_id)
        return entry is not None and bool(entry.flying)

    def position(self, job_id: JobId) -> tuple[Position, float] | None:
        """Return a job's place and the seconds until it is done; None for one that is not here."""
        board = self.board
        entry = board.entries.get(job_id)
        place = self.queue.position(job_id)
        if entry is None or place is None:
            return None
        recipe = entry.job.recipe
        flying_seconds = sum(flight.unit.seconds for flight in board.flights.values()) / 2
        ahead = place.ahead_seconds + flying_seconds
        left = max(1, len(entry.open))
        if isinstance(recipe, Upscale):
            seconds = ahead + left * self.unit_seconds(entry.job)
        else:
            seconds = self.estimator.eta_seconds(ahead, recipe, board.family(recipe.model), self._max_rows, left)
        if recipe.model is not None and recipe.model not in board.resident:
            seconds += self.estimator.loading_seconds(recipe.model)
        return place, seconds

    def unit_seconds(self, job: NewJob) -> float:
        """Return the predicted GPU-seconds of one picture of a job."""
        return self.board.unit_seconds(job)

    def model_name(self, model: ContentHash | None) -> str:
        """Return a model's name, or the beginning of its hash when it is no longer installed; nothing for None."""
        return self.board.model_name(model)

    # Questions to the engine ----------------------------------------------------------------------------------------

    async def rescan(self) -> tuple[ModelInfo, ...]:
        """Have the models folder read again, and return what is installed now. Raises EngineDead."""
        self.board.models = await self._engine.rescan()
        return self.board.models

    async def tokenize(self, model: ContentHash, texts: Sequence[str]) -> Tokenized:
        """Ask the engine how a model's text encoders cut texts. Raises as the engine's `tokenize` does."""
        return await self._engine.tokenize(model, texts)

    async def examine(self, data: bytes, mask: Mark | None = None) -> Examined:
        """Ask the engine what a picture that somebody sent is. Raises as the engine's `examine` does."""
        return await self._engine.examine(data, mask)

    async def check(self, data: bytes = b"") -> Checked:
        """Ask the engine whether a finished picture is flagged, or which model checks. Raises as its `check` does."""
        return await self._engine.check(data)
