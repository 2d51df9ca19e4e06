"""An engine whose worker may die: handshake, heartbeats, restarts, and an honest account of what was in flight."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self, cast
from uuid import uuid4

from bot.engines.base import CHECK_SECONDS, EXAMINE_SECONDS, TOKENIZE_SECONDS, EngineEvent, Lost
from bot.engines.mailbox import Mailbox
from bot.engines.supervision import Backoff, Supervision, describe_exit
from bot.errors import EngineDead
from inference.protocol import PROTOCOL_VERSION, codec
from inference.protocol.marks import Mark
from inference.protocol.messages import (
    TERMINAL_EVENTS,
    Cancel,
    Cancelled,
    Check,
    Checked,
    Command,
    EngineSettings,
    Event,
    Examine,
    Examined,
    Generate,
    Heartbeat,
    Hello,
    JobId,
    LaunchId,
    ModelInfo,
    Models,
    Pause,
    Prefetch,
    Ready,
    Refused,
    Rescan,
    Resume,
    Shutdown,
    Tokenize,
    Tokenized,
)
from inference.protocol.recipe import ContentHash

log = logging.getLogger(__name__)

#: How long a worker that has closed its side, or was told to leave, may take to be gone.
_PARTING_SECONDS = 2.0
#: How long after silence the loop is given to notice what came while it was held up itself.
_SECOND_LOOK_SECONDS = 1.0

_Answer = Tokenized | Examined | Checked


@dataclass(frozen=True)
class Exit:
    """How a worker ended."""

    code: int | None
    #: The last lines that it wrote to its log.
    last_words: tuple[str, ...] = ()


class Connection(Protocol):
    """One worker's life, as frames."""

    async def write(self, frame: bytes) -> None:
        """Send a frame: its bytes are on their way before the first await. Raises nothing when the worker is gone."""

    async def read_body(self) -> bytes | None:
        """Return the next frame's body, None at the end. Raises BrokenFrame. Cancelling it loses nothing."""

    async def finish(self, grace_seconds: float) -> Exit:
        """Close the commands, wait for the worker to leave, after the grace kill it; leave nothing behind."""


#: Starts a worker. Raises OSError.
Connect = Callable[[], Awaitable[Connection]]


@dataclass(eq=False)
class _Life:
    """One launch that said Ready."""

    launch: LaunchId
    connection: Connection
    ready: Ready
    in_flight: dict[JobId, None] = field(default_factory=dict)
    #: Questions about texts and pictures that were not answered yet.
    questions: dict[str, asyncio.Future[_Answer]] = field(default_factory=dict)
    heartbeat: Heartbeat | None = None


@dataclass(frozen=True)
class _Death:
    """Why a life ended, and how long it had been since Ready; 0 when it never came so far."""

    reason: str
    exit: Exit
    lived_seconds: float = 0.0

    @property
    def in_full(self) -> str:
        """Return the reason with the worker's last words."""
        words = "".join(f"\n    {line}" for line in self.exit.last_words)
        return f"{self.reason} Its last words were:{words}" if words else self.reason


class _NotReady(Exception):
    """The handshake failed; the message says how. An empty one: the exit code says it."""


class SupervisedEngine:
    """Keeps one worker alive. See `bot.engines.base.Engine` for the contract."""

    def __init__(
        self,
        connect: Connect,
        settings: EngineSettings,
        supervision: Supervision | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._connect = connect
        self._settings = settings
        self._limits = supervision or Supervision()
        self._clock = clock
        self._sleep = sleep
        self._mailbox = Mailbox()
        self._supervisor: asyncio.Task[None] | None = None
        self._life: _Life | None = None
        #: Whoever waits for a launch waits for this; a new one after each death.
        self._up: asyncio.Future[_Life] | None = None
        #: Jobs whose `submit` waits for a restart.
        self._waiting: set[JobId] = set()
        self._rescans: deque[asyncio.Future[tuple[ModelInfo, ...]]] = deque()
        self._was_ready = False
        self._stopping = False
        #: No worker is given time to leave any more.
        self._hurry = False

    # The contract -----------------------------------------------------------------------------------------------

    @property
    def heartbeat(self) -> Heartbeat | None:
        """Return the last sign of life of the present launch."""
        return self._life.heartbeat if self._life else None

    async def start(self) -> Ready:
        """Bring the engine up. Raises EngineDead when it cannot start."""
        if self._supervisor is not None:
            raise RuntimeError("an engine starts once")
        self._up = asyncio.get_running_loop().create_future()
        self._supervisor = asyncio.create_task(self._supervise(), name="engine supervisor")
        try:
            return (await self._alive()).ready
        except BaseException:
            await self.stop(0)
            raise

    async def submit(self, command: Generate) -> None:
        """Hand a job over; wait for a restart under way. Raises EngineDead, and then the job is not held."""
        job = command.job
        if job in self._waiting or (self._life and job in self._life.in_flight):
            raise ValueError(f"job {job} is in flight already")
        frame = codec.encode(command)
        self._waiting.add(job)
        try:
            life = await self._alive()
            if job in self._waiting:
                life.in_flight[job] = None
            else:
                self._mailbox.put(Cancelled(launch=life.launch, job=job))
                return
        finally:
            self._waiting.discard(job)
        await life.connection.write(frame)

    async def cancel(self, job: JobId) -> None:
        """Ask for a job to end within one step, running or waiting. Harmless when it has ended."""
        self._waiting.discard(job)
        await self._tell(Cancel(job=job))

    async def pause(self, job: JobId) -> None:
        """Keep a job as it is and give its place to others. Harmless when it has ended."""
        await self._tell(Pause(job=job))

    async def resume(self, job: JobId) -> None:
        """Go on with a paused job. Harmless when it has ended."""
        await self._tell(Resume(job=job))

    async def rescan(self) -> tuple[ModelInfo, ...]:
        """Read the models folder again; a worker that dies over it reads it at its restart. Raises EngineDead."""
        life = await self._alive()
        answer: asyncio.Future[tuple[ModelInfo, ...]] = asyncio.get_running_loop().create_future()
        self._rescans.append(answer)
        await life.connection.write(codec.encode(Rescan()))
        return await answer

    async def tokenize(
        self, model: ContentHash, texts: Sequence[str], timeout_seconds: float = TOKENIZE_SECONDS
    ) -> Tokenized:
        """Ask how a model's text encoders cut texts. Raises OutOfRange, EngineDead, TimeoutError."""
        question = Tokenize(request=uuid4().hex, model=model, texts=tuple(texts))
        return cast(Tokenized, await self._ask(question, timeout_seconds))

    async def examine(
        self, data: bytes, mask: Mark | None = None, timeout_seconds: float = EXAMINE_SECONDS
    ) -> Examined:
        """Ask what a picture that somebody sent is. Raises OutOfRange, EngineDead, TimeoutError."""
        question = Examine(request=uuid4().hex, data=data, mask=mask)
        return cast(Examined, await self._ask(question, timeout_seconds))

    async def check(self, data: bytes = b"", timeout_seconds: float = CHECK_SECONDS) -> Checked:
        """Ask whether a finished picture is flagged. Raises OutOfRange, EngineDead, TimeoutError."""
        return cast(Checked, await self._ask(Check(request=uuid4().hex, data=data), timeout_seconds))

    async def prefetch(self, adapters: Sequence[ContentHash], family: str) -> None:
        """Have adapters read ahead; nothing where no engine is up. Raises OutOfRange for too many."""
        await self._tell(Prefetch(adapters=tuple(adapters), family=family))

    def events(self) -> AsyncIterator[EngineEvent]:
        """Give events as they come, to one consumer, until `stop`. Raises EngineDead when the engine is given up."""
        return aiter(self._mailbox)

    async def stop(self, grace_seconds: float = 5.0) -> None:
        """Bring the engine down; after the grace, by force. Jobs in flight are Lost."""
        self._stopping = True
        if self._supervisor is not None:
            if self._life is not None:
                with suppress(TimeoutError):
                    async with asyncio.timeout(grace_seconds):
                        await self._life.connection.write(codec.encode(Shutdown()))
                        await asyncio.wait({self._supervisor})
            self._hurry = True
            self._supervisor.cancel()
            await asyncio.wait({self._supervisor})
        self._mailbox.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    # Commands ---------------------------------------------------------------------------------------------------

    async def _alive(self) -> _Life:
        """Return the present launch; wait for a restart. Raises EngineDead."""
        if self._up is None:
            raise EngineDead("The engine was not started.")
        while True:
            try:
                life = await asyncio.shield(self._up)
            except EngineDead as dead:
                raise EngineDead(dead.message) from None  # one of its own for everybody who waits
            if life is self._life:
                return life

    async def _ask(self, question: Tokenize | Examine | Check, timeout_seconds: float) -> _Answer:
        """Return the answer of the launch that is asked. Raises EngineDead, TimeoutError."""
        answer: asyncio.Future[_Answer] = asyncio.get_running_loop().create_future()
        async with asyncio.timeout(timeout_seconds):
            life = await self._alive()
            life.questions[question.request] = answer
            try:
                await life.connection.write(codec.encode(question))
                return await answer
            finally:
                life.questions.pop(question.request, None)

    async def _tell(self, command: Command) -> None:
        if self._life is not None:
            await self._life.connection.write(codec.encode(command))

    # One life after another -------------------------------------------------------------------------------------

    async def _supervise(self) -> None:
        end = EngineDead("The engine was stopped.")
        try:
            end = await self._live_on()
        except Exception:
            log.exception("the supervisor of the engine broke down")
            end = EngineDead("The supervisor of the engine broke down; the log says more. Restart the bot.")
        finally:
            self._give_up(end)

    async def _live_on(self) -> EngineDead:
        """Start one worker after another; return why there is no next one."""
        backoff = Backoff(self._limits)
        while True:
            death = await self._live()
            if self._stopping:
                return EngineDead("The engine was stopped.")
            if not self._was_ready:
                return EngineDead(f"The engine could not start. {death.in_full}")
            delay = backoff.delay_after(death.lived_seconds)
            if delay is None:
                return EngineDead(
                    f"The engine died {backoff.quick_deaths} times in a row and is not started again. "
                    f"{death.in_full}\nRun `easel doctor` to see what is wrong, then start the bot again."
                )
            log.warning("the worker is started again in %.1f s", delay)
            await self._sleep(delay)

    async def _live(self) -> _Death:
        """See one worker from its start to its end."""
        try:
            connection = await self._connect()
        except OSError as error:
            return _Death(f"The worker process cannot be started: {error}.", Exit(None))
        life: _Life | None = None
        reason, ready_at = "", None
        try:
            life = await self._shake_hands(connection, LaunchId(uuid4().hex))
            ready_at = self._clock()
            self._open(life)
            reason = await self._listen(life)
        except _NotReady as failure:
            reason = str(failure)
        finally:
            lived = 0.0 if ready_at is None else self._clock() - ready_at
            ended = await connection.finish(0.0 if reason or self._hurry else _PARTING_SECONDS)
            death = _Death(reason or describe_exit(ended.code), ended, lived)
            if life is not None:
                self._bury(life, death)
        return death

    async def _shake_hands(self, connection: Connection, launch: LaunchId) -> _Life:
        """Say Hello and wait for Ready. Raises _NotReady."""
        limit = self._limits.ready_seconds
        try:
            async with asyncio.timeout(limit):
                await connection.write(codec.encode(Hello(launch=launch, settings=self._settings)))
                body = await connection.read_body()
            event = None if body is None else codec.decode_event(body)
        except TimeoutError:
            raise _NotReady(f"The worker was not ready after {limit:g} seconds.") from None
        except codec.BrokenFrame as error:
            raise _NotReady(f"The worker did not answer in frames: {error}.") from None
        match event:
            case None:
                raise _NotReady
            case Ready(launch=name, protocol=version) as ready if (name, version) == (
                launch,
                PROTOCOL_VERSION,
            ):
                return _Life(launch, connection, ready)
            case Refused(reason=reason):
                raise _NotReady(f"The worker refused to start: {reason}")
            case _:
                raise _NotReady(f"The worker began with a wrong {type(event).__name__}.")

    def _open(self, life: _Life) -> None:
        """Let commands through, and tell of a restart."""
        assert self._up is not None
        self._life = life
        self._up.set_result(life)
        if self._was_ready:
            self._mailbox.put(life.ready)
        self._was_ready = True
        while self._rescans:
            _answer(self._rescans.popleft(), life.ready.models)

    async def _listen(self, life: _Life) -> str:
        """Pass events on until the worker leaves or must be killed; return why it must, else an empty text."""
        while True:
            try:
                body = await self._next_body(life.connection)
                if body is None:
                    return ""
                event = codec.decode_event(body)
            except TimeoutError:
                return f"The worker gave no sign of life for {self._limits.silence_seconds:g} seconds."
            except codec.BrokenFrame as error:
                return f"The worker sent what is no frame: {error}."
            if isinstance(event, Heartbeat) and event.turn_seconds > self._limits.turn_seconds:
                return f"The worker was stuck in one step for {event.turn_seconds:.0f} seconds."
            self._take(life, event)

    async def _next_body(self, connection: Connection) -> bytes | None:
        """Return the next frame's body, None at the end. Raises BrokenFrame; TimeoutError after silence."""
        read = asyncio.ensure_future(connection.read_body())
        try:
            # A second look: when this very loop was held up, the silence was its own.
            for patience in (self._limits.silence_seconds, _SECOND_LOOK_SECONDS):
                await asyncio.wait({read}, timeout=patience)
                if read.done():
                    return read.result()
            raise TimeoutError
        finally:
            if not read.done():
                read.cancel()
                await asyncio.wait({read})

    def _take(self, life: _Life, event: Event) -> None:
        """Pass an event on, unless it is of a dead launch or of a job that has ended."""
        if event.launch != life.launch:
            log.warning("a %s of launch %s is dropped", type(event).__name__, event.launch)
            return
        match event:
            case Heartbeat():
                life.heartbeat = event
            case Models():
                if self._rescans:
                    _answer(self._rescans.popleft(), event.models)
            case Tokenized(request=request) | Examined(request=request) | Checked(request=request):
                if (answer := life.questions.pop(request, None)) is not None and not answer.done():
                    answer.set_result(event)
            case Ready() | Refused():
                log.warning("a second %s is dropped", type(event).__name__)
            case _ if event.job is not None and event.job not in life.in_flight:
                log.debug("job=%s has ended; a late %s is dropped", event.job, type(event).__name__)
            case _:
                if isinstance(event, TERMINAL_EVENTS):
                    del life.in_flight[event.job]
                self._mailbox.put(event)

    def _bury(self, life: _Life, death: _Death) -> None:
        """Tell what died with a launch."""
        reason = "The engine was stopped." if self._stopping else death.reason
        jobs = tuple(life.in_flight)
        if not self._stopping:
            log.error("launch=%s died with jobs=%s: %s", life.launch, ",".join(jobs), death.in_full)
        self._life = None
        self._up = asyncio.get_running_loop().create_future()
        while life.questions:
            _, answer = life.questions.popitem()
            if not answer.done():
                answer.set_exception(EngineDead(reason))
                answer.exception()  # taken note of, whether or not somebody still waits
        if jobs or not self._stopping:
            self._mailbox.put(Lost(launch=life.launch, jobs=jobs, reason=reason, exit_code=death.exit.code))

    def _give_up(self, end: EngineDead) -> None:
        """Tell everybody who waits that there is no next launch."""
        assert self._up is not None
        if not self._up.done():
            self._up.set_exception(end)
            self._up.exception()  # taken note of, whether or not somebody waits
        while self._rescans:
            answer = self._rescans.popleft()
            if not answer.done():
                answer.set_exception(EngineDead(end.message))
        self._mailbox.close(None if self._stopping else end)


def _answer(future: asyncio.Future[tuple[ModelInfo, ...]], models: tuple[ModelInfo, ...]) -> None:
    """Answer a rescan, unless whoever asked has gone."""
    if not future.done():
        future.set_result(models)
