"""The loop by itself, with commands fed by hand and a painter that counts."""

import queue
import threading
import time
from collections.abc import Callable

import msgspec
import pytest

from inference.protocol import codec
from inference.protocol.messages import (
    Cancel,
    Cancelled,
    Command,
    DeviceInfo,
    EngineSettings,
    Event,
    Examine,
    Examined,
    Failed,
    Generate,
    Heartbeat,
    Hello,
    JobId,
    LaunchId,
    Models,
    Notice,
    Pause,
    Prefetch,
    Problem,
    Ready,
    Rescan,
    Resume,
    Shutdown,
    Tokenize,
    Tokenized,
)
from inference.protocol.recipe import ContentHash
from inference.vision import examination
from inference.worker.ledger import Ledger
from inference.worker.loop import serve
from inference.worker.talk import ExitCode
from tests.clockwork import MODEL, Clockwork
from tests.sample_requests import generate, settings
from tests.sample_uploads import halves, saved

LAUNCH = LaunchId("x")


class Talk:
    """Both ends of a worker's streams; the worker runs in a thread."""

    def __init__(self, open_painter: Callable[..., object], engine_settings: EngineSettings | None = None) -> None:
        self._commands: queue.Queue[bytes] = queue.Queue()
        self._reading = False
        self._rest = b""
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.code: ExitCode | None = None
        self._thread = threading.Thread(target=self._serve, args=(open_painter,), daemon=True)
        self._thread.start()
        self.send(Hello(launch=LAUNCH, settings=engine_settings or settings(heartbeat_seconds=60)))

    def _serve(self, open_painter: Callable[..., object]) -> None:
        self.code = serve(self, self, open_painter, leave=lambda code: None)  # type: ignore[arg-type]

    def read(self, size: int, /) -> bytes:
        if not self._rest:
            if self._reading:
                self._commands.task_done()
            self._reading, self._rest = True, self._commands.get()
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece

    def write(self, data: bytes, /) -> None:
        self.events.put(codec.decode_event(data[codec.HEADER_BYTES :]))

    def flush(self) -> None:
        pass

    def send(self, *commands: Command) -> None:
        """Send commands so that the worker reads all of them at once."""
        self.send_bytes(b"".join(map(codec.encode, commands)))

    def send_bytes(self, data: bytes) -> None:
        self._commands.put(data)

    def taken(self) -> None:
        """Return when the worker's reader has handed over all that was sent, and waits for more."""
        self._commands.join()

    def next(self) -> Event:
        return self.events.get(timeout=60)

    def end(self) -> ExitCode | None:
        self.send(Shutdown())
        self._thread.join(60)
        return self.code


class Counter:
    """A painter whose jobs never end by themselves; it can be told what to do amid a tick."""

    def __init__(self, emit: Callable[[Event], None], amid_tick: Callable[[int], None]) -> None:
        self.device = DeviceInfo(kind="cpu", name="", memory_bytes=0, dtype="", attention="", versions={})
        self.models = (MODEL,)
        self.resident_models = ()
        self.memory_used_bytes = 0
        self.ticks = 0
        #: The number of the last tick before each command.
        self.log: list[tuple[int, type[Command]]] = []
        self.steps: dict[JobId, int] = {}
        self._emit = emit
        self._amid_tick = amid_tick

    @property
    def jobs(self) -> tuple[JobId, ...]:
        return tuple(self.steps)

    def rescan(self) -> tuple[object, ...]:
        return self.models

    def prefetch(self, command: Prefetch) -> None:
        self.log.append((self.ticks, Prefetch))
        if not command.adapters:
            raise OSError("no such folder")

    def tokenize(self, command: Tokenize) -> Tokenized:
        self.log.append((self.ticks, Tokenize))
        return Tokenized(launch=LAUNCH, request=command.request)

    def handle(self, command: Generate | Cancel | Pause | Resume) -> None:
        self.log.append((self.ticks, type(command)))
        if isinstance(command, Generate):
            self.steps[command.job] = 0
        elif isinstance(command, Cancel) and self.steps.pop(command.job, None) is not None:
            self._emit(Cancelled(launch=LAUNCH, job=command.job))

    def tick(self) -> bool:
        self.ticks += 1
        for job in self.steps:
            self.steps[job] += 1
        self._amid_tick(self.ticks)
        return bool(self.steps)


def counting(amid_tick: Callable[[int], None] = lambda tick: None) -> tuple[Talk, list[Counter]]:
    """Return a talk with a Counter, and where the Counter will be found after Ready."""
    painters: list[Counter] = []

    def open_counter(_: EngineSettings, launch: LaunchId, emit: Callable[[Event], None]) -> Counter:
        painters.append(Counter(emit, amid_tick))
        return painters[0]

    talk = Talk(open_counter)
    assert isinstance(talk.next(), Ready)
    return talk, painters


def test_a_cancel_that_arrives_amid_a_step_is_the_next_thing_that_happens() -> None:
    def amid_tick(tick: int) -> None:
        if tick == 3:
            talk.send(Cancel(job=JobId("a")))
            talk.taken()  # a step that lasts until the reader has it

    talk, [painter] = counting(amid_tick)
    talk.send(generate("a"))
    assert talk.next() == Cancelled(launch=LAUNCH, job=JobId("a"))
    assert painter.log == [(0, Generate), (3, Cancel)]
    assert talk.end() is ExitCode.DONE


def test_commands_are_taken_in_order_and_before_the_next_step() -> None:
    talk, [painter] = counting(lambda tick: talk.taken())
    job = JobId("a")
    talk.send(generate("a"), Pause(job=job), Resume(job=job), Cancel(job=job), Rescan())
    assert [type(talk.next()) for _ in range(2)] == [Cancelled, Models]
    assert [kind for _, kind in painter.log] == [Generate, Pause, Resume, Cancel]
    assert painter.log[-1][0] <= 1
    talk.end()


def test_an_idle_worker_waits_instead_of_ticking() -> None:
    talk, [painter] = counting()
    for _ in range(3):
        talk.send(Rescan())
        assert isinstance(talk.next(), Models)
    time.sleep(0.05)
    assert painter.ticks <= 3
    talk.end()


def ask(request: str, *texts: str) -> Tokenize:
    return Tokenize(request=request, model=MODEL.hash, texts=texts)


def test_a_question_about_texts_is_answered_between_steps_and_is_no_job() -> None:
    def amid_tick(tick: int) -> None:
        if tick == 3:
            talk.send(ask("q", "a"))
            talk.taken()  # a step that lasts until the reader has it

    talk, [painter] = counting(amid_tick)
    talk.send(generate("a"))
    assert talk.next() == Tokenized(launch=LAUNCH, request="q")
    assert painter.log == [(0, Generate), (3, Tokenize)]
    assert painter.jobs == ("a",)
    talk.send(Cancel(job=JobId("a")))
    assert talk.next() == Cancelled(launch=LAUNCH, job=JobId("a"))
    talk.end()


def test_adapters_are_read_ahead_between_steps_and_what_cannot_be_read_breaks_nothing() -> None:
    def amid_tick(tick: int) -> None:
        if tick == 3:
            talk.send(Prefetch(adapters=(ContentHash("a" * 64),), family="sd1"), Prefetch(adapters=(), family="sd1"))
            body = msgspec.msgpack.encode({"type": "prefetch", "adapters": ["../x"], "family": "sd1"})
            talk.send_bytes(len(body).to_bytes(4, "big") + body)
            talk.send(Cancel(job=JobId("a")))
            talk.taken()  # a step that lasts until the reader has it

    talk, [painter] = counting(amid_tick)
    talk.send(generate("a"))
    assert talk.next() == Cancelled(launch=LAUNCH, job=JobId("a"))
    assert painter.log == [(0, Generate), (3, Prefetch), (3, Prefetch), (3, Cancel)]
    assert talk.end() is ExitCode.DONE


def test_a_question_leaves_the_heartbeat_as_it_was() -> None:
    talk = Talk(Clockwork, settings(heartbeat_seconds=0.01))
    assert isinstance(talk.next(), Ready)
    talk.send(ask("q", "a"))
    answers = [talk.next() for _ in range(20)]
    while not any(isinstance(answer, Tokenized) for answer in answers):
        answers.append(talk.next())
    assert {type(answer) for answer in answers} == {Heartbeat, Tokenized}
    assert all(answer.jobs == () for answer in answers if isinstance(answer, Heartbeat))
    talk.end()


def test_a_tokenizer_that_breaks_is_told_in_words_and_nothing_else_breaks() -> None:
    talk = Talk(Clockwork)
    assert isinstance(talk.next(), Ready)
    talk.send(ask("q", "raise"), ask("r", "two words"))
    broken, answer = talk.next(), talk.next()
    assert isinstance(broken, Tokenized)
    assert (broken.request, broken.chunks) == ("q", ())
    assert "failed in a way not expected" in str(broken.problem)
    assert isinstance(answer, Tokenized)
    assert [[token.text for token in chunk.tokens] for [chunk] in answer.chunks] == [["two ", "words "]]
    assert talk.end() is ExitCode.DONE


def test_a_question_of_too_much_text_is_answered_with_a_problem() -> None:
    talk = Talk(Clockwork)
    assert isinstance(talk.next(), Ready)
    body = msgspec.msgpack.encode({"type": "tokenize", "request": "q", "model": MODEL.hash, "texts": []})
    talk.send_bytes(len(body).to_bytes(4, "big") + body)
    answer = talk.next()
    assert isinstance(answer, Tokenized)
    assert answer.request == "q"
    assert "number of texts is 0" in str(answer.problem)
    assert talk.end() is ExitCode.DONE


def test_a_picture_is_looked_at_between_steps_and_is_no_job() -> None:
    def amid_tick(tick: int) -> None:
        if tick == 3:
            talk.send(Examine(request="q", data=saved(halves())), Cancel(job=JobId("a")))
            talk.taken()  # a step that lasts until the reader has it

    talk, [painter] = counting(amid_tick)
    talk.send(generate("a"))
    assert talk.next() == Examined(launch=LAUNCH, request="q", width=48, height=32)
    assert talk.next() == Cancelled(launch=LAUNCH, job=JobId("a"))
    assert painter.log == [(0, Generate), (3, Cancel)]
    talk.end()


def test_a_defect_in_looking_is_told_and_nothing_else_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Examined:
        raise ZeroDivisionError

    talk, _ = counting()
    with monkeypatch.context() as patch:
        patch.setattr(examination, "examine", broken)
        talk.send(Examine(request="q", data=b""))
        assert talk.next() == Examined(launch=LAUNCH, request="q", problem=Problem(code="internal"))
    talk.send(Examine(request="r", data=b""))
    assert talk.next() == Examined(launch=LAUNCH, request="r", problem=Problem(code="none"))
    assert talk.end() is ExitCode.DONE


def test_a_wish_for_a_mask_that_is_not_known_is_answered() -> None:
    talk, _ = counting()
    body = msgspec.msgpack.encode({"type": "examine", "request": "q", "data": b"", "mask": {"type": "of a cat"}})
    talk.send_bytes(len(body).to_bytes(4, "big") + body)
    assert talk.next() == Examined(launch=LAUNCH, request="q", problem=Problem(code="internal"))
    assert talk.end() is ExitCode.DONE


def test_a_rescan_that_fails_says_so_and_keeps_the_models() -> None:
    talk = Talk(Clockwork, settings("unreadable", heartbeat_seconds=60))
    assert isinstance(talk.next(), Ready)
    talk.send(Rescan())
    assert talk.next() == Notice(launch=LAUNCH, job=None, text="The models folder cannot be read: no entry")
    assert talk.next() == Models(launch=LAUNCH, models=(MODEL,))
    talk.end()


def test_a_job_that_broke_the_loop_is_forgotten_by_the_painter() -> None:
    def amid_tick(tick: int) -> None:
        if tick == 2:
            raise ArithmeticError

    talk, [painter] = counting(amid_tick)
    talk.send(generate("a"))
    failed = talk.next()
    assert isinstance(failed, Failed)
    assert failed.kind == "internal"
    talk.send(Rescan())
    assert isinstance(talk.next(), Models)  # the painter's own Cancelled was dropped: a job has one end
    assert painter.jobs == ()
    talk.end()


def test_heartbeats_come_by_themselves() -> None:
    talk = Talk(Clockwork, settings(heartbeat_seconds=0.01))
    assert isinstance(talk.next(), Ready)
    assert [talk.next() for _ in range(3)] == [Heartbeat(launch=LAUNCH, jobs=())] * 3
    assert talk.end() is ExitCode.DONE


def test_a_job_is_held_from_its_command_to_its_one_end() -> None:
    ledger = Ledger()
    ledger.open(JobId("a"))
    ledger.open(JobId("b"))
    ledger.open(JobId("a"))
    assert ledger.jobs == ("a", "b")
    assert ledger.close(JobId("a"))
    assert not ledger.close(JobId("a"))
    assert not ledger.close(JobId("never came"))
    assert list(ledger.jobs) == ["b"]


@pytest.mark.parametrize("threads", [8])
def test_of_many_ends_at_once_one_counts(threads: int) -> None:
    ledger = Ledger()
    for number in range(200):
        ledger.open(JobId(str(number)))
    barrier = threading.Barrier(threads)
    won: list[JobId] = []

    def close() -> None:
        barrier.wait()
        won.extend(job for job in map(JobId, map(str, range(200))) if ledger.close(job))

    racers = [threading.Thread(target=close) for _ in range(threads)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert sorted(won) == sorted(str(number) for number in range(200))
