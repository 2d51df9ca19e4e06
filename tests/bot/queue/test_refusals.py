"""What may not be painted when its turn comes is never leased: it ends in words, and costs nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from pathlib import Path
from typing import Any

import pytest

from bot.queue import endings
from bot.queue.units import Unit
from bot.texts import Mistake, say
from inference.protocol.messages import Generate, JobId
from storage import DiskFull, jobs, units
from storage.deliveries import NewDelivery
from storage.jobs import NewJob
from tests.bot.engines.engines import eventually
from tests.bot.queue.scripted import House, a_house, new_job


class Rules:
    """Refuses members, and keeps what it was asked."""

    def __init__(self) -> None:
        self.against: set[int] = set()
        self.asked: list[JobId] = []
        self.broken = False

    def may_run(self, job: NewJob) -> Mistake | None:
        self.asked.append(job.id)
        if self.broken:
            raise ZeroDivisionError
        return Mistake("limit_count", most=3) if job.member_id in self.against else None


class Book:
    """Keeps account of what is expected and used."""

    def __init__(self) -> None:
        self.open: set[tuple[JobId, int]] = set()
        self.used: list[tuple[JobId, int, float]] = []

    def expect(self, job: NewJob, indexes: Collection[int]) -> None:
        self.open |= {(job.id, index) for index in indexes}

    def use(self, unit: Unit, seconds: float, at: float) -> None:
        self.used.append((*unit.key, seconds))

    def free(self, job: JobId, index: int) -> None:
        self.open.remove((job, index))


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endings, "STORE_SECONDS", 0.01)


@pytest.fixture
def rules() -> Rules:
    return Rules()


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
async def house(tmp_path: Path, rules: Rules, book: Book) -> AsyncIterator[House]:
    async with a_house(tmp_path, may_run=rules.may_run, accounts=book) as opened:
        yield opened


async def failure(house: House, job_id: JobId) -> tuple[str, str]:
    job = await jobs.get(house.database, job_id)
    assert job is not None
    assert job.failure is not None
    return job.failure.kind, job.failure.text


async def ask_in(house: House, locale: str | None, **changes: Any) -> JobId:
    job = new_job(**changes)
    async with house.database.transaction() as write:
        await jobs.add(write, job, NewDelivery(channel_id=1, locale=locale))
    house.dispatcher.add(job)
    return job.id


def busy(house: House, count: int) -> Callable[[], bool]:
    return lambda: len(house.engine.submitted) == count


async def test_what_is_refused_is_never_sent_and_ends_in_words(house: House, rules: Rules, book: Book) -> None:
    rules.against = {1}
    job = await house.ask(count=3)
    other = await house.ask(member_id=2)
    await eventually(lambda: house.heard.ends == [job])
    await eventually(busy(house, 1))
    house.engine.finish(house.engine.submitted[0])
    await eventually(lambda: house.heard.ends == [job, other])
    assert await house.state(job) == ("failed", "fff")
    assert await house.state(other) == ("done", "d")
    assert await failure(house, job) == ("refused", say("limit_count", most=3))
    assert book.open == set()
    assert [name for name, _, _ in book.used] == [other]
    assert (house.dispatcher.waiting, house.dispatcher.running, house.dispatcher.queue.running) == (0, 0, 0)


async def test_it_is_said_in_the_members_language(house: House, rules: Rules) -> None:
    rules.against = {1}
    job = await ask_in(house, "de")
    await eventually(lambda: house.heard.ends == [job])
    assert await failure(house, job) == ("refused", say("limit_count", "de", most=3))


async def test_a_rule_that_comes_while_it_waits_is_kept(tmp_path: Path, rules: Rules, book: Book) -> None:
    """What is at the engine is painted; what waits is not, and the result says so."""
    async with a_house(tmp_path, max_rows=4, may_run=rules.may_run, accounts=book) as house:
        job = await house.ask(count=3)
        await eventually(busy(house, 2))
        rules.against = {1}
        for command in list(house.engine.submitted):
            house.engine.finish(command)
        await eventually(lambda: house.heard.ends == [job])
        assert await house.state(job) == ("failed", "ddf")
        assert (await failure(house, job))[0] == "refused"
        assert len(book.used) == 2
        assert book.open == set()


async def test_rules_are_asked_again_after_a_death_of_the_engine(house: House, rules: Rules) -> None:
    job = await house.ask()
    await eventually(busy(house, 1))
    rules.against = {1}
    house.engine.die(house.engine.submitted[0])
    await eventually(lambda: house.heard.ends == [job])
    assert len(house.engine.submitted) == 1
    assert (await failure(house, job))[0] == "refused"


async def test_rules_are_asked_after_a_restart(tmp_path: Path, rules: Rules, book: Book) -> None:
    async with a_house(tmp_path) as house:
        job = await house.ask(count=2)
        await eventually(busy(house, 2))
    rules.against = {1}
    async with a_house(tmp_path, may_run=rules.may_run, accounts=book) as house:
        await eventually(lambda: house.heard.ends == [job])
        assert house.engine.submitted == []
        assert book.open == set()


async def test_what_cannot_be_held_against_the_rules_is_not_painted(house: House, rules: Rules) -> None:
    rules.broken = True
    job = await house.ask()
    await eventually(lambda: house.heard.ends == [job])
    assert house.engine.submitted == []
    assert await failure(house, job) == ("refused", say("rules_unchecked"))
    rules.broken = False
    await house.ask()
    await eventually(busy(house, 1))


async def test_a_refusal_that_cannot_be_written_is_written_later(
    house: House, rules: Rules, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures, fail = 3, units.fail

    async def failing(*arguments: Any, **more: Any) -> Any:
        nonlocal failures
        if failures:
            failures -= 1
            raise DiskFull("full")
        return await fail(*arguments, **more)

    monkeypatch.setattr(units, "fail", failing)
    rules.against = {1}
    job = await house.ask(count=2)
    other = await house.ask(member_id=2)
    await eventually(busy(house, 1))
    house.engine.finish(house.engine.submitted[0])
    await eventually(lambda: set(house.heard.ends) == {job, other})
    assert await house.state(job) == ("failed", "ff")
    assert await house.state(other) == ("done", "d")
    assert book.open == set()


async def test_a_cancel_while_a_refusal_is_written(
    house: House, rules: Rules, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing, go_on, fail = asyncio.Event(), asyncio.Event(), units.fail

    async def slowly(*arguments: Any, **more: Any) -> Any:
        refusing.set()
        await go_on.wait()
        return await fail(*arguments, **more)

    monkeypatch.setattr(units, "fail", slowly)
    rules.against = {1}
    job = await house.ask()
    await refusing.wait()
    cancelling = asyncio.create_task(house.dispatcher.cancel(job))
    go_on.set()
    assert await cancelling == 0
    await eventually(lambda: house.heard.ends == [job])
    assert book.open == set()
    assert house.dispatcher.queue.running == 0


# What the accounts are told -----------------------------------------------------------------------------------------


async def test_accounts_hear_of_every_end_once(house: House, book: Book) -> None:
    done, broken, left = await house.ask(count=2), await house.ask(member_id=2), await house.ask(member_id=3)
    await eventually(busy(house, 4))
    assert len(book.open) == 4
    by_job: dict[JobId, list[Generate]] = {}
    for name, flight in house.dispatcher.board.flights.items():
        command = next(each for each in house.engine.submitted if each.job == name)
        by_job.setdefault(flight.unit.job, []).append(command)
    for command in by_job[done]:
        house.engine.finish(command)
    house.engine.fail(by_job[broken][0])
    await eventually(lambda: {done, broken} <= set(house.heard.ends))
    assert book.open == {(left, 0)}
    await house.dispatcher.cancel(left)
    assert book.open == set()
    house.engine.finish(by_job[left][0])
    await eventually(lambda: house.dispatcher.running == 0)
    assert sorted((name, index) for name, index, _ in book.used) == [(done, 0), (done, 1)]
    rows = await house.database.fetch_all("SELECT sum(gpu_seconds) AS seconds, sum(pictures) AS pictures FROM usage")
    assert tuple(rows[0]) == (sum(seconds for _, _, seconds in book.used), 2)


async def test_what_a_restart_takes_up_is_expected_again(tmp_path: Path, book: Book) -> None:
    async with a_house(tmp_path) as house:
        job = await house.ask(count=3)
        await eventually(busy(house, 3))
        house.engine.finish(house.engine.submitted[1])
        await eventually(lambda: house.dispatcher.running == 2)
    async with a_house(tmp_path, accounts=book):
        assert book.open == {(job, 0), (job, 2)}


async def test_a_job_has_the_weight_that_it_is_given(tmp_path: Path) -> None:
    async with a_house(tmp_path, max_rows=2, weigh=lambda job: float(job.member_id)) as house:
        await house.ask()
        await eventually(busy(house, 1))
        await house.ask(member_id=3)
        [waiting] = house.dispatcher.queue._waiting.values()
        assert [unit.weight for unit in waiting.values()] == [3.0]
