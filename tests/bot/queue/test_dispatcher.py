"""Every unit comes to one end, whatever the engine, the store and the members do meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bot.errors import EngineDead
from bot.queue import endings
from bot.queue.endings import MOST_ATTEMPTS
from bot.queue.lanes import Policy
from bot.queue.limits import Limits
from bot.queue.units import Unit
from inference.protocol.messages import Generate, JobId
from inference.protocol.recipe import AdapterUse, ContentHash, ImageToImage, TextToImage, painted
from storage import DiskFull, LockedDatabase, Unwritable, images, jobs, units
from storage.deliveries import NewDelivery
from tests.bot.engines.engines import eventually
from tests.bot.queue.scripted import House, a_house, new_job
from tests.clockwork import MODEL
from tests.sample_requests import recipe


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as opened:
        yield opened


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endings, "STORE_SECONDS", 0.01)


async def at_engine(house: House, count: int) -> list[Generate]:
    """Return the commands that the engine got as soon as there are so many."""
    await eventually(lambda: len(house.engine.submitted) >= count)
    assert len(house.engine.submitted) == count
    return house.engine.submitted


async def quiet() -> None:
    """Let everything that is ready to run do so."""
    for _ in range(20):
        await asyncio.sleep(0.001)


def idle(house: House) -> bool:
    """Tell whether nothing waits, runs or is remembered."""
    dispatcher = house.dispatcher
    return not (dispatcher.waiting or dispatcher.running or dispatcher.queue.running or dispatcher.jobs())


# The way of a job ---------------------------------------------------------------------------------------------------


async def test_a_job_is_painted_and_told_once(house: House) -> None:
    job = await house.ask(count=3)
    for command in await at_engine(house, 3):
        house.engine.finish(command)
    await eventually(lambda: house.heard.ends == [job])
    assert await house.state(job) == ("done", "ddd")
    assert [painted(image.recipe).seed for image in await images.of_job(house.database, job)] == [7, 8, 9]
    assert idle(house)


async def test_a_failure_ends_its_picture_alone(house: House) -> None:
    job = await house.ask(count=2)
    first, second = await at_engine(house, 2)
    house.engine.fail(first)
    house.engine.finish(second)
    await eventually(lambda: house.heard.ends == [job])
    assert await house.state(job) == ("failed", "fd")
    assert idle(house)


async def test_requests_of_several_members_share_a_batch(house: House) -> None:
    await house.ask(member_id=1)
    await at_engine(house, 1)
    await house.ask(member_id=2)
    await house.ask(member_id=3)
    assert len(await at_engine(house, 3)) == 3


async def test_another_size_begins_a_batch_of_its_own_when_the_model_is_loaded(house: House) -> None:
    await house.ask(member_id=1)
    [first] = await at_engine(house, 1)
    await house.ask(member_id=2, recipe=msgspec.structs.replace(recipe(), width=128))
    await quiet()
    await at_engine(house, 1)
    house.engine.step(first, 1, 4)
    await at_engine(house, 2)


async def test_a_lane_becomes_the_engines_urgency(house: House) -> None:
    await house.ask(lane="background")
    await at_engine(house, 1)
    await house.ask(lane="priority")
    slow, urgent = await at_engine(house, 2)
    assert (slow.urgency, urgent.urgency) == (0, 3)


_INK, _WASH, _SPOT = (ContentHash(digit * 64) for digit in "123")


def using(*adapters: AdapterUse, width: int = 64) -> TextToImage:
    return msgspec.structs.replace(recipe(), width=width, adapters=adapters)


async def test_adapters_are_read_ahead_while_their_job_waits(house: House) -> None:
    await house.ask()
    [running] = await at_engine(house, 1)
    inks = (AdapterUse(hash=_INK), AdapterUse(hash=_WASH, weight=0.5), AdapterUse(hash=_INK))
    await house.ask(count=2, recipe=using(*inks, width=128))
    await eventually(lambda: bool(house.engine.prefetched))
    assert house.engine.prefetched == [((_INK, _WASH), MODEL.adapter_family)]
    assert house.engine.submitted == [running]


async def test_pictures_of_the_same_adapters_share_a_batch(house: House) -> None:
    await house.ask(recipe=using(AdapterUse(hash=_INK), AdapterUse(hash=_WASH)))
    await at_engine(house, 1)
    same = (AdapterUse(hash=_WASH), AdapterUse(hash=_INK), AdapterUse(hash=_SPOT, word="zorp"))
    await house.ask(member_id=2, recipe=using(AdapterUse(hash=_INK, weight=0.5)))
    await house.ask(member_id=3, recipe=using(*same))
    first, second = await at_engine(house, 2)
    assert painted(first.recipe).adapters != painted(second.recipe).adapters == same


async def test_no_more_than_the_limits_run(tmp_path: Path) -> None:
    async with a_house(tmp_path, Policy(limits=Limits(member_running=2))) as house:
        job = await house.ask(count=5)
        painted = 0
        while painted < 5:
            await eventually(lambda: len(house.engine.submitted) > painted)  # noqa: B023
            await quiet()
            assert house.dispatcher.running <= 2
            house.engine.finish(house.engine.submitted[painted])
            painted += 1
        await eventually(lambda: house.heard.ends == [job])


# Cancelling ---------------------------------------------------------------------------------------------------------


async def test_waiting_pictures_are_cancelled(tmp_path: Path) -> None:
    async with a_house(tmp_path, max_rows=2) as house:
        await house.ask()
        await at_engine(house, 1)
        job = await house.ask(count=2)
        assert await house.dispatcher.cancel(job) == 2
        assert house.heard.ends == [job]
        assert await house.state(job) == ("cancelled", "cc")
        assert house.dispatcher.waiting == 0


async def test_running_pictures_are_cancelled_and_the_engine_is_told(house: House) -> None:
    job = await house.ask(count=2)
    commands = await at_engine(house, 2)
    assert await house.dispatcher.cancel(job) == 2
    assert house.heard.ends == [job]
    assert sorted(house.engine.cancelled) == sorted(command.job for command in commands)
    for command in commands:
        house.engine.confirm(command)
    await eventually(lambda: idle(house))
    assert house.heard.ends == [job]


async def test_what_is_left_is_cancelled_and_what_is_painted_stays(house: House) -> None:
    job = await house.ask(count=2)
    first, second = await at_engine(house, 2)
    house.engine.finish(first)
    await eventually(lambda: house.dispatcher.running == 1)
    assert await house.dispatcher.cancel(job) == 1
    assert house.engine.cancelled == [second.job]
    house.engine.confirm(second)
    await eventually(lambda: idle(house))
    assert await house.state(job) == ("cancelled", "dc")
    assert house.heard.ends == [job]


async def test_a_picture_that_comes_after_the_cancel_is_dropped_with_its_file(house: House) -> None:
    job = await house.ask()
    [command] = await at_engine(house, 1)
    await house.dispatcher.cancel(job)
    house.engine.finish(command)
    await eventually(lambda: idle(house))
    assert await images.of_job(house.database, job) == []
    assert await house.database.fetch_all("SELECT hash FROM doomed_files") != []
    assert house.heard.ends == [job]


async def test_a_cancel_after_the_end_changes_nothing(house: House) -> None:
    job = await house.ask()
    house.engine.finish((await at_engine(house, 1))[0])
    await eventually(lambda: house.heard.ends == [job])
    assert await house.dispatcher.cancel(job) == 0
    assert house.heard.ends == [job]


async def test_a_cancel_between_the_lease_and_the_engine(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The source picture is read in between; whoever cancels meanwhile gets nothing painted."""
    reading, read = asyncio.Event(), asyncio.Event()

    async def slowly(name: ContentHash) -> bytes:
        reading.set()
        await read.wait()
        return b"a picture"

    monkeypatch.setattr(house.inputs, "read", slowly)
    job = await house.ask(recipe=from_picture())
    await reading.wait()
    assert await house.dispatcher.cancel(job) == 1
    read.set()
    await eventually(lambda: idle(house))
    assert house.engine.submitted == []
    assert house.heard.ends == [job]


async def test_a_cancel_while_it_is_leased(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    claiming, claim = asyncio.Event(), units.claim

    async def slowly(*arguments: Any) -> tuple[units.Unit, ...]:
        found = await claim(*arguments)
        claiming.set()
        await quiet()
        return found

    monkeypatch.setattr(units, "claim", slowly)
    job = await house.ask()
    await claiming.wait()
    assert await house.dispatcher.cancel(job) == 1
    await quiet()
    # Either it never went to the engine, or the engine was told.
    assert [command.job for command in house.engine.submitted] == house.engine.cancelled
    for command in house.engine.submitted:
        house.engine.confirm(command)
    await eventually(lambda: idle(house))
    assert await house.state(job) == ("cancelled", "c")


async def test_a_cancelled_picture_costs_what_was_painted_of_it(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    charged: list[float] = []
    charge = house.dispatcher.queue.charge

    def note(unit: Unit, seconds: float) -> None:
        charged.append(seconds / unit.seconds)
        charge(unit, seconds)

    monkeypatch.setattr(house.dispatcher.queue, "charge", note)
    job = await house.ask()
    [command] = await at_engine(house, 1)
    house.engine.step(command, 3, 4)
    await eventually(lambda: bool(house.heard.steps))
    await house.dispatcher.cancel(job)
    house.engine.confirm(command)
    await eventually(lambda: idle(house))
    assert charged == [0.75]


# The engine dies ----------------------------------------------------------------------------------------------------


async def test_lost_pictures_are_painted_again_one_at_a_time(house: House) -> None:
    job = await house.ask(count=3)
    house.engine.die(*await at_engine(house, 3))
    for number in range(3):
        commands = await at_engine(house, 4 + number)
        assert house.dispatcher.running == 1
        house.engine.finish(commands[-1])
    await eventually(lambda: house.heard.ends == [job])
    assert await house.state(job) == ("done", "ddd")
    assert house.heard.losses == [job, job, job]
    before, after = house.engine.submitted[:3], house.engine.submitted[3:]
    assert {painted(command.recipe).seed for command in before} == {painted(command.recipe).seed for command in after}
    assert not {command.job for command in before} & {command.job for command in after}, "a lease is new each time"


async def test_a_deadly_picture_is_given_up_and_the_others_are_not(house: House) -> None:
    deadly, harmless = await house.ask(prompt="deadly"), await house.ask(member_id=2)
    done = 0
    while not {deadly, harmless} <= set(house.heard.ends):
        await eventually(lambda: len(house.engine.submitted) > done or len(house.heard.ends) == 2)  # noqa: B023
        await quiet()
        fresh = house.engine.submitted[done:]
        done += len(fresh)
        if any(painted(command.recipe).prompt == "deadly" for command in fresh):
            house.engine.die(*fresh)
        else:
            for command in fresh:
                house.engine.finish(command)
    assert await house.state(deadly) == ("failed", "f")
    assert await house.state(harmless) == ("done", "d")
    tries = [command for command in house.engine.submitted if painted(command.recipe).prompt == "deadly"]
    assert len(tries) == MOST_ATTEMPTS
    job = await jobs.get(house.database, deadly)
    assert job is not None
    assert job.failure is not None
    assert str(MOST_ATTEMPTS) in job.failure.text
    assert idle(house)


async def test_a_cancelled_picture_that_is_lost_stays_cancelled(house: House) -> None:
    job = await house.ask()
    [command] = await at_engine(house, 1)
    await house.dispatcher.cancel(job)
    house.engine.die(command)
    await eventually(lambda: idle(house))
    await quiet()
    assert len(house.engine.submitted) == 1
    assert house.heard.losses == []


async def test_an_engine_that_is_lost_while_it_takes_a_job(house: House) -> None:
    """The loss is told before `submit` returns."""
    told: list[Generate] = []

    async def die(command: Generate) -> None:
        if not told:
            told.append(command)
            house.engine.die(command)
            await quiet()

    house.engine.on_submit = die
    job = await house.ask()
    first, second = await at_engine(house, 2)
    assert first.job != second.job
    house.engine.finish(second)
    await eventually(lambda: house.heard.ends == [job])
    assert idle(house)


async def test_pictures_that_a_dead_engine_did_not_take_wait_again(house: House) -> None:
    refusals = 2

    async def refuse(command: Generate) -> None:
        nonlocal refusals
        if refusals:
            refusals -= 1
            raise EngineDead("not now")

    house.engine.on_submit = refuse
    job = await house.ask(count=2)
    for command in await at_engine(house, 2):
        house.engine.finish(command)
    await eventually(lambda: house.heard.ends == [job])
    assert [unit.attempts for unit in await jobs.units_of(house.database, job)] == [0, 0]


async def test_an_engine_that_is_given_up_is_told_and_what_waits_is_kept(house: House, tmp_path: Path) -> None:
    house.engine.mailbox.close(EngineDead("It died five times in a row."))
    await eventually(lambda: house.dispatcher.trouble is not None)
    job = await house.ask()
    await quiet()
    assert house.engine.submitted == []
    assert await house.state(job) == ("waiting", "w")


# The store fails ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [LockedDatabase("locked"), DiskFull("full")])
@pytest.mark.parametrize("name", ["claim", "finish", "fail", "requeue"])
async def test_every_write_is_tried_again(
    house: House, monkeypatch: pytest.MonkeyPatch, name: str, error: Exception
) -> None:
    failures, work = 3, getattr(units, name)

    async def failing(*arguments: Any, **more: Any) -> Any:
        nonlocal failures
        if failures:
            failures -= 1
            raise error
        return await work(*arguments, **more)

    monkeypatch.setattr(units, name, failing)
    job = await house.ask(count=3)
    first, second, third = await at_engine(house, 3)
    house.engine.finish(first)
    house.engine.fail(second)
    house.engine.die(third)
    house.engine.finish((await at_engine(house, 4))[-1])
    await eventually(lambda: house.heard.ends == [job])
    assert failures == 0
    assert await house.state(job) == ("failed", "dfd")
    assert idle(house)
    # Of what is painted and waits for room, its member is told.
    assert house.heard.unsaved_jobs == ([job] * 3 if name == "finish" else [])


async def test_a_lease_that_could_not_be_given_back_at_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine refuses, and then the store does: the unit must not be taken for one that somebody else runs."""
    failures, requeue = 2, units.requeue
    refused: list[JobId] = []

    async def refuse(command: Generate) -> None:
        if not refused:
            refused.append(command.job)
            raise EngineDead("not now")

    async def failing(*arguments: Any, **more: Any) -> Any:
        nonlocal failures
        if failures:
            failures -= 1
            raise DiskFull("full")
        return await requeue(*arguments, **more)

    house.engine.on_submit = refuse
    monkeypatch.setattr(units, "requeue", failing)
    job = await house.ask()
    house.engine.finish((await at_engine(house, 1))[0])
    await eventually(lambda: house.heard.ends == [job])
    assert await house.state(job) == ("done", "d")


async def test_a_source_picture_that_cannot_be_read_ends_its_job_and_holds_nobody_up(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unreadable(name: ContentHash) -> bytes:
        raise Unwritable("a bad sector")

    monkeypatch.setattr(house.inputs, "read", unreadable)
    broken = await house.ask(recipe=from_picture())
    whole = await house.ask(member_id=2)
    house.engine.finish((await at_engine(house, 1))[0])
    await eventually(lambda: house.heard.ends == [broken, whole])
    assert await house.state(broken) == ("failed", "f")
    assert idle(house)


async def test_a_picture_that_breaks_its_handling_is_refused_in_words(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object) -> None:
        raise ZeroDivisionError

    job = await house.ask()
    [command] = await at_engine(house, 1)
    monkeypatch.setattr(house.pictures, "keep", broken)
    house.engine.finish(command)
    await eventually(lambda: house.heard.ends == [job])
    assert await house.state(job) == ("failed", "f")
    assert idle(house)


async def test_a_job_whose_rows_are_gone_is_let_go(tmp_path: Path) -> None:
    async with a_house(tmp_path, max_rows=2) as house:
        await house.ask()
        [command] = await at_engine(house, 1)
        gone = await house.ask()
        async with house.database.transaction() as write:
            await write.execute("DELETE FROM jobs WHERE id = ?", (gone,))
        house.engine.finish(command)
        await eventually(lambda: idle(house))
        assert len(house.engine.submitted) == 1


# Stop and start -----------------------------------------------------------------------------------------------------


async def test_a_stop_parks_what_runs_and_the_next_start_takes_it_up(tmp_path: Path) -> None:
    async with a_house(tmp_path, max_rows=4) as house:
        job = await house.ask(count=3)
        await at_engine(house, 2)
    assert house.engine.stopped
    async with a_house(tmp_path) as house:
        commands = await at_engine(house, 3)
        assert [unit.attempts for unit in await jobs.units_of(house.database, job)] == [0, 0, 0]
        for command in commands:
            house.engine.finish(command)
        await eventually(lambda: house.heard.ends == [job])


async def test_a_stop_lets_what_runs_end_within_the_grace(tmp_path: Path) -> None:
    async with a_house(tmp_path, max_rows=2) as house:
        job = await house.ask(count=2)
        [command] = await at_engine(house, 1)
        stopping = asyncio.create_task(house.dispatcher.stop(30.0))
        await quiet()
        house.engine.finish(command)
        await stopping
        assert await house.state(job) == ("waiting", "dw")
        assert len(house.engine.submitted) == 1, "nothing is begun while it stops"


async def test_a_stop_while_the_engine_restarts(tmp_path: Path) -> None:
    """`submit` waits for the restart, and the stop does not wait for it."""
    async with a_house(tmp_path) as house:
        reached = asyncio.Event()

        async def wait(command: Generate) -> None:
            reached.set()
            await asyncio.Event().wait()

        house.engine.on_submit = wait
        job = await house.ask(count=2)
        await reached.wait()
    async with a_house(tmp_path) as house:
        assert await house.state(job) in (("waiting", "ww"), ("running", "rr"))
        assert [unit.attempts for unit in await jobs.units_of(house.database, job)] == [0, 0]
        await at_engine(house, 2)


async def test_a_stop_that_cannot_write_stops_the_engine_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(*arguments: Any, **more: Any) -> Any:
        raise DiskFull("full")

    async with a_house(tmp_path) as house:
        job = await house.ask()
        await at_engine(house, 1)
        with monkeypatch.context() as patch:
            patch.setattr(units, "requeue", failing)
            await house.dispatcher.stop(0.0)
        assert house.engine.stopped
    async with a_house(tmp_path) as house:
        house.engine.finish((await at_engine(house, 1))[0])
        await eventually(lambda: house.heard.ends == [job])


async def test_a_start_that_fails_stops_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def failing(*arguments: Any) -> Any:
        raise DiskFull("full")

    async with a_house(tmp_path, start=False) as house:
        monkeypatch.setattr(units, "requeue_abandoned", failing)
        with pytest.raises(DiskFull):
            await house.dispatcher.start()
        assert house.engine.stopped


async def test_what_was_painted_at_each_crash_is_given_up_at_the_start(tmp_path: Path) -> None:
    async with a_house(tmp_path, start=False) as house:
        deadly, unlucky = new_job(), new_job()
        async with house.database.transaction() as write:
            for job in (deadly, unlucky):
                await jobs.add(write, job, NewDelivery(channel_id=1))
        await house.lease(deadly.id, 0, times=MOST_ATTEMPTS)
        await house.lease(unlucky.id, 0, times=MOST_ATTEMPTS - 1)
        await house.dispatcher.start()
        house.engine.finish((await at_engine(house, 1))[0])
        await eventually(lambda: house.heard.ends == [unlucky.id])
        assert await house.state(deadly.id) == ("failed", "f")
        assert await house.state(unlucky.id) == ("done", "d")


def from_picture() -> ImageToImage:
    plain = msgspec.structs.asdict(recipe())
    del plain["hires"]
    return ImageToImage(image=ContentHash("d" * 64), **plain)
