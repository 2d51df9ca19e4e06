"""When a worker is started again, and when no more; with workers that are lists and a clock that is a number."""

import asyncio
import signal
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engines.base import Lost
from bot.engines.supervised import Exit, SupervisedEngine
from bot.engines.supervision import Backoff, Supervision, describe_exit
from bot.errors import EngineDead
from inference.protocol import codec
from inference.protocol.messages import DeviceInfo, Hello, Ready
from tests.bot.engines.engines import Watcher
from tests.sample_requests import generate, settings

LIMITS = Supervision(first_delay_seconds=1, delay_factor=2, longest_delay_seconds=5, stable_seconds=60, quick_deaths=5)
DEVICE = DeviceInfo(kind="cpu", name="list", memory_bytes=0, dtype="float32", attention="none", versions={})


class FakeTime:
    """A clock that only sleeping and living move."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.naps: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


class Mayfly:
    """A worker that says Ready, lives for a while, and dies."""

    def __init__(self, time: FakeTime, lives_seconds: float | None) -> None:
        self._time = time
        self._lives_seconds = lives_seconds
        self._ready: bytes | None = None

    async def write(self, frame: bytes) -> None:
        command = codec.decode_command(frame[codec.HEADER_BYTES :])
        if isinstance(command, Hello) and self._lives_seconds is not None:
            self._ready = codec.encode(Ready(launch=command.launch, device=DEVICE, models=()))[codec.HEADER_BYTES :]

    async def read_body(self) -> bytes | None:
        body, self._ready = self._ready, None
        if body is None and self._lives_seconds is not None:
            self._time.now += self._lives_seconds
        return body

    async def finish(self, grace_seconds: float) -> Exit:
        return Exit(1, ("the last", "words"))


def engine_of(*lives: float | None) -> tuple[SupervisedEngine, FakeTime]:
    """Return an engine whose workers live so long one after another; None never gets ready."""
    time = FakeTime()
    workers = iter([Mayfly(time, life) for life in lives])

    async def connect() -> Mayfly:
        return next(workers)

    return SupervisedEngine(connect, settings(), LIMITS, clock=time.clock, sleep=time.sleep), time


async def end_of(engine: SupervisedEngine) -> tuple[Watcher, str]:
    """Watch an engine until it is given up; return the last words."""
    await engine.start()
    watcher = Watcher(engine)
    with pytest.raises(EngineDead) as caught:
        await watcher.until(lambda event: False)
    return watcher, caught.value.message


async def test_quick_deaths_are_answered_more_and_more_slowly_and_then_no_more() -> None:
    engine, time = engine_of(1, 1, 1, 1, 1)
    watcher, words = await end_of(engine)
    assert time.naps == [1, 2, 4, 5]
    assert words.startswith(
        "The engine died 5 times in a row and is not started again. The worker left with exit code 1."
    )
    assert "\n    the last\n    words\n" in words
    assert "easel doctor" in words
    assert [type(event) for event in watcher.seen] == [Lost, Ready] * 4 + [Lost]
    with pytest.raises(EngineDead, match="died 5 times in a row"):
        await engine.submit(generate("a"))
    await engine.stop()


async def test_a_long_life_is_forgiven() -> None:
    engine, time = engine_of(1, 1, 60, 1, 1, 1, 1)
    await end_of(engine)
    assert time.naps == [1, 2, 1, 2, 4, 5]
    await engine.stop()


async def test_restarts_that_never_get_ready_count_as_quick_deaths() -> None:
    engine, time = engine_of(100, None, None, None, None)
    watcher, words = await end_of(engine)
    assert time.naps == [1, 2, 4, 5]
    assert [type(event) for event in watcher.seen] == [Lost]
    assert "died 5 times" in words
    await engine.stop()


async def test_a_submit_that_waits_is_told_when_the_engine_is_given_up() -> None:
    engine, _ = engine_of(100, None, None, None, None)
    await engine.start()
    watcher = Watcher(engine)
    await watcher.until(lambda event: isinstance(event, Lost))
    answers = await asyncio.gather(
        engine.submit(generate("a")), engine.submit(generate("b")), engine.rescan(), return_exceptions=True
    )
    assert [type(answer) for answer in answers] == [EngineDead] * 3
    assert len({id(answer) for answer in answers}) == 3
    await engine.stop()


async def test_a_defect_in_the_supervisor_ends_the_engine_and_leaves_nobody_waiting() -> None:
    engine, _ = engine_of(1)  # there is no second worker: StopIteration
    _, words = await end_of(engine)
    assert "The supervisor of the engine broke down" in words
    with pytest.raises(EngineDead, match="broke down"):
        await engine.submit(generate("a"))
    await engine.stop()


async def test_an_engine_starts_once() -> None:
    engine, _ = engine_of(1, 1, 1, 1, 1)
    await engine.start()
    with pytest.raises(RuntimeError, match="starts once"):
        await engine.start()
    await engine.stop()


async def test_an_engine_that_was_not_started_says_so() -> None:
    engine, _ = engine_of()
    with pytest.raises(EngineDead, match="was not started"):
        await engine.submit(generate("a"))
    await engine.cancel(generate("a").job)
    await engine.stop()


@given(st.lists(st.floats(0, 200), min_size=1, max_size=50))
def test_delays_grow_within_bounds_until_a_stable_life(lives: list[float]) -> None:
    backoff = Backoff(LIMITS)
    quick = 0
    for life in lives:
        quick = 1 if life >= 60 else quick + 1
        delay = backoff.delay_after(life)
        if quick >= 5:
            assert delay is None
        else:
            assert delay == min(5, 2 ** (quick - 1))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "The worker left with exit code 0."),
        (7, "The worker left with exit code 7."),
        (None, "The worker ended in an unknown way."),
        pytest.param(
            -9,
            "The worker was killed by SIGKILL (often the system's answer to a lack of memory).",
            marks=pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL"),
        ),
        (-int(signal.SIGSEGV), "The worker was killed by SIGSEGV."),
        (-99, "The worker was killed by signal 99."),
    ],
)
def test_exits_are_told_in_words(code: int | None, words: str) -> None:
    assert describe_exit(code) == words
