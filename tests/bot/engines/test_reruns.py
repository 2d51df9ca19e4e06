"""Lost jobs are painted again, one at a time, and not for ever."""

import asyncio

import pytest

from bot.engines.base import Lost
from bot.engines.process import LocalProcess
from bot.engines.reruns import RerunOnLoss
from bot.engines.supervision import Supervision
from bot.errors import EngineDead
from inference.protocol.messages import Cancelled, Failed, Finished, JobId, Notice, Started
from tests.bot.engines.engines import LINGERING, Watcher, clockwork_process
from tests.bot.engines.test_process import at_step, kill
from tests.clockwork import MODEL
from tests.sample_requests import generate
from tests.sample_uploads import halves, saved


def rerunning(supervision: Supervision | None = None) -> tuple[RerunOnLoss, LocalProcess]:
    process = clockwork_process(supervision=supervision) if supervision else clockwork_process()
    return RerunOnLoss(process), process


async def test_a_job_survives_two_deaths_with_the_same_picture() -> None:
    engine, process = rerunning()
    async with engine:
        watcher = Watcher(engine)
        await engine.submit(generate("a", LINGERING, steps=100))
        for _ in range(2):
            await watcher.until(at_step("a", 3))
            kill(process)
            await watcher.until(lambda event: isinstance(event, Notice))
        finished = (await watcher.ends("a"))["a"]
        assert isinstance(finished, Finished)
        await engine.submit(generate("b", LINGERING, steps=100))
        alone = (await watcher.ends("b"))["b"]
        assert isinstance(alone, Finished)
        assert alone.pictures == finished.pictures
        notices = [event.text for event in watcher.of("a") if isinstance(event, Notice)]
        assert notices[0].endswith("Painting again, attempt 2 of 3.")
        assert notices[1].endswith("Painting again, attempt 3 of 3.")
        assert not any(isinstance(event, Lost) for event in watcher.seen)


async def test_a_deadly_job_fails_with_words_and_those_lost_with_it_finish() -> None:
    engine, _ = rerunning()
    async with engine:
        watcher = Watcher(engine)
        await engine.submit(generate("deadly", "slow exit@5", steps=6))
        await engine.submit(generate("innocent", steps=30))
        ends = await watcher.ends("deadly", "innocent")
        failed = ends["deadly"]
        assert isinstance(failed, Failed)
        assert failed.message.startswith(
            "The engine died 3 times while it painted this. The worker left with exit code 5."
        )
        assert isinstance(ends["innocent"], Finished)
        assert sum(isinstance(event, Started) for event in watcher.of("innocent")) == 2


async def test_a_lost_job_that_was_to_be_cancelled_is_not_painted_again() -> None:
    engine, process = rerunning()
    async with engine:
        watcher = Watcher(engine)
        await engine.submit(generate("a", "hang@2"))
        await watcher.until(at_step("a", 1))
        await engine.cancel(JobId("a"))
        kill(process)
        assert isinstance((await watcher.ends("a"))["a"], Cancelled)
        assert not any(isinstance(event, Notice) for event in watcher.seen)


async def test_a_job_cancelled_while_its_rerun_waits_for_the_restart_ends() -> None:
    engine, process = rerunning(Supervision(ready_seconds=60, first_delay_seconds=0.3))
    async with engine:
        watcher = Watcher(engine)
        await engine.submit(generate("a", "slow", steps=500))
        await watcher.until(at_step("a", 1))
        kill(process)
        await watcher.until(lambda event: isinstance(event, Notice))
        ending = asyncio.create_task(watcher.ends("a"))
        await asyncio.sleep(0.05)
        await engine.cancel(JobId("a"))
        assert isinstance((await ending)["a"], Cancelled)


async def test_a_stop_ends_the_events_and_nothing_is_painted_again() -> None:
    engine, _ = rerunning()
    await engine.start()
    watcher = Watcher(engine)
    await engine.submit(generate("a", "slow", steps=500))
    await watcher.until(at_step("a", 1))
    await engine.stop()
    lost = (await watcher.ends("a"))["a"]
    assert isinstance(lost, Lost)
    with pytest.raises(StopAsyncIteration):
        await watcher.until(lambda event: False)


async def test_an_engine_that_is_given_up_ends_the_events_with_its_reason() -> None:
    engine, _ = rerunning(Supervision(ready_seconds=60, first_delay_seconds=0.01, quick_deaths=2))
    async with engine:
        watcher = Watcher(engine)
        await engine.submit(generate("a", "exit@2"))
        with pytest.raises(EngineDead, match="died 2 times in a row"):
            await watcher.ends("a")
        with pytest.raises(EngineDead):
            await engine.submit(generate("b"))


async def test_a_question_is_passed_on_and_never_asked_again() -> None:
    engine, _ = rerunning()
    async with engine:
        assert len((await engine.tokenize(MODEL.hash, ["a fox"], 50)).chunks) == 1
        assert (await engine.examine(saved(halves()), timeout_seconds=50)).width == 48
        assert (await engine.check(saved(halves()), timeout_seconds=50)).problem
        with pytest.raises(EngineDead, match="exit code 5"):
            await engine.tokenize(MODEL.hash, ["exit"], 50)
        with pytest.raises(TimeoutError):
            await engine.tokenize(MODEL.hash, ["hang"], 0.2)
