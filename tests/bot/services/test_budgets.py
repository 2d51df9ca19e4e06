"""The ledger of budgets: what is used and set aside is known at once, by day, and nothing is counted twice."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from bot.queue.units import GuildId, MemberId, Unit
from bot.services.asking import Spent
from bot.services.budgets import WEEK_DAYS, Account, Budgets
from inference.protocol.messages import JobId
from storage import Database, usage
from storage.jobs import NewJob
from tests.bot.queue.scripted import new_job
from tests.bot.queue.units import A

#: Noon of some day.
NOON = 20_000 * 86_400 + 43_200.0
DAY = 86_400.0


class Stored:
    """A database that holds rows of usage, and whose clock a test moves."""

    def __init__(self) -> None:
        self.now = NOON
        self.rows: list[dict[str, Any]] = []

    def clock(self) -> float:
        return self.now

    async def fetch_all(self, sql: str, parameters: Mapping[str, str]) -> list[dict[str, Any]]:
        assert sql == usage.SELECT_SINCE
        return [row for row in self.rows if row["day"] >= parameters["since"]]

    def add(self, account: Account, at: float, seconds: float) -> None:
        key = {"guild_id": account[0], "member_id": account[1], "day": usage.day_of(at)}
        for row in self.rows:
            if {name: row[name] for name in key} == key:
                row["gpu_seconds"] += seconds
                row["pictures"] += 1
                return
        self.rows.append(key | {"gpu_seconds": seconds, "pictures": 1})


def ledger(stored: Stored) -> Budgets:
    return Budgets(database=cast(Database, stored))


def job_of(account: Account, count: int = 1, seconds: float = 2.0) -> NewJob:
    return new_job(count, guild_id=account[0], member_id=account[1], unit_seconds=seconds)


def unit_of(job: NewJob, index: int) -> Unit:
    return Unit(
        job=job.id,
        index=index,
        member=MemberId(job.member_id),
        guild=None if job.guild_id is None else GuildId(job.guild_id),
        model=A,
        seconds=1.0,
        enqueued_at=0.0,
    )


def take(budgets: Budgets, job: NewJob) -> None:
    """Set a job's pictures aside, and put it into the queue."""
    with budgets.reserved(job):
        budgets.expect(job, range(job.count))


def spent(seconds: float, pictures: int) -> Spent:
    return Spent(daily_seconds=seconds, daily_pictures=pictures, weekly_seconds=seconds, weekly_pictures=pictures)


@pytest.fixture
def stored() -> Stored:
    return Stored()


@pytest.fixture
def budgets(stored: Stored) -> Budgets:
    return ledger(stored)


def test_what_is_asked_for_is_set_aside_and_what_is_painted_is_used(budgets: Budgets) -> None:
    job = job_of((7, 1), count=3)
    take(budgets, job)
    assert budgets.spent(7, 1, NOON) == spent(6.0, 3)
    budgets.use(unit_of(job, 0), 5.0, NOON)
    budgets.free(job.id, 0)
    assert budgets.spent(7, 1, NOON) == spent(9.0, 3)
    budgets.free(job.id, 1)
    budgets.free(job.id, 2)
    budgets.free(job.id, 2)
    assert budgets.spent(7, 1, NOON) == spent(5.0, 1)
    assert budgets.reserved_pictures == 0


def test_what_does_not_reach_the_queue_is_given_back(budgets: Budgets) -> None:
    with suppress(ZeroDivisionError), budgets.reserved(job_of((7, 1))):
        assert budgets.spent(7, 1, NOON).daily_pictures == 1
        raise ZeroDivisionError
    assert budgets.spent(7, 1, NOON) == Spent()


def test_servers_and_direct_messages_have_accounts_of_their_own(budgets: Budgets) -> None:
    take(budgets, job_of((7, 1)))
    take(budgets, job_of((None, 1), count=2))
    assert [budgets.spent(guild, 1, NOON).daily_pictures for guild in (7, None, 8)] == [1, 2, 0]


def test_a_week_is_today_and_the_six_days_before(budgets: Budgets) -> None:
    job = job_of((7, 1), count=3)
    for index, days in enumerate((0, 0, 3)):
        budgets.use(unit_of(job, index), 2.0, NOON + days * DAY)
    weekly = [budgets.spent(7, 1, NOON + days * DAY).weekly_pictures for days in range(11)]
    daily = [budgets.spent(7, 1, NOON + days * DAY).daily_pictures for days in range(11)]
    assert weekly == [3, 3, 3, 3, 3, 3, 3, 1, 1, 1, 0]
    # What lies ahead of a clock that was set back counts as today's.
    assert daily == [3, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0]


def test_a_day_begins_at_midnight_utc(budgets: Budgets) -> None:
    midnight = NOON + DAY / 2
    job = job_of((7, 1))
    budgets.use(unit_of(job, 0), 2.0, midnight - 1)
    assert budgets.spent(7, 1, midnight - 1).daily_pictures == 1
    assert budgets.spent(7, 1, midnight).daily_pictures == 0


def test_what_is_older_than_a_week_is_forgotten(budgets: Budgets) -> None:
    for member in range(50):
        budgets.use(unit_of(job_of((7, member)), 0), 1.0, NOON)
    budgets.use(unit_of(job_of((7, 99)), 0), 1.0, NOON + WEEK_DAYS * DAY)
    assert len(budgets._used) == 1


async def test_usage_is_read_again_by_server_and_day(tmp_path: Path) -> None:
    now = NOON
    async with await Database.open(tmp_path / "easel.sqlite3", clock=lambda: now) as database:
        for days, guild, member, seconds in ((0, 7, 1, 1.0), (3, 8, 1, 2.0), (6, None, 1, 4.0), (6, 7, 1, 8.0)):
            now = NOON + days * DAY
            async with database.transaction() as write:
                await usage.add(write, member, guild, gpu_seconds=seconds, pictures=1)
        budgets = Budgets(database=database)
        await budgets.load()
        assert budgets.spent(7, 1, now).weekly_seconds == 9.0
        assert budgets.spent(7, 1, now).daily_seconds == 8.0
        assert budgets.spent(8, 1, now).weekly_seconds == 2.0
        assert budgets.spent(None, 1, now) == spent(4.0, 1)
        now += DAY
        await budgets.load()
        assert budgets.spent(7, 1, now).weekly_seconds == 8.0


#: Seconds whose sums are exact.
_SECONDS = st.integers(0, 40).map(lambda quarters: quarters / 4)
_ACCOUNTS = st.tuples(st.sampled_from([None, 7, 8]), st.sampled_from([1, 2]))


class Ledger(RuleBasedStateMachine):
    """Whatever comes in whatever order, what is known at once is what the rows and the open pictures say."""

    jobs = Bundle("jobs")

    @initialize()
    def begin(self) -> None:
        self.stored = Stored()
        self.budgets = ledger(self.stored)
        self.open: dict[JobId, tuple[NewJob, set[int]]] = {}

    @rule(target=jobs, account=_ACCOUNTS, count=st.integers(1, 4), seconds=_SECONDS)
    def ask(self, account: Account, count: int, seconds: float) -> JobId:
        job = job_of(account, count, seconds)
        take(self.budgets, job)
        self.open[job.id] = (job, set(range(count)))
        return job.id

    @rule(account=_ACCOUNTS, count=st.integers(1, 4))
    def ask_in_vain(self, account: Account, count: int) -> None:
        with suppress(ZeroDivisionError), self.budgets.reserved(job_of(account, count)):
            raise ZeroDivisionError

    @rule(name=jobs, index=st.integers(0, 3), seconds=_SECONDS)
    def finish(self, name: JobId, index: int, seconds: float) -> None:
        job, left = self.open[name]
        if index in left:
            left.discard(index)
            self.stored.add((job.guild_id, job.member_id), self.stored.now, seconds)
            self.budgets.use(unit_of(job, index), seconds, self.stored.now)
            self.budgets.free(name, index)

    @rule(name=jobs, index=st.integers(0, 3))
    def fail(self, name: JobId, index: int) -> None:
        self.open[name][1].discard(index)
        self.budgets.free(name, index)

    @rule(name=consumes(jobs))
    def cancel(self, name: JobId) -> None:
        for index in list(self.open[name][1]):
            self.budgets.free(name, index)
        self.open[name][1].clear()

    @rule(days=st.sampled_from([0.01, 0.5, 1, 3, 8]))
    def wait(self, days: float) -> None:
        self.stored.now += days * DAY

    @rule()
    def restart(self) -> None:
        self.budgets = ledger(self.stored)
        asyncio.run(self.budgets.load())
        for job, left in self.open.values():
            if left:
                self.budgets.expect(job, sorted(left))

    @rule()
    def somebody_unknown_ends(self) -> None:
        self.budgets.free(JobId(uuid4().hex), 0)

    @invariant()
    def agrees(self) -> None:
        if not hasattr(self, "stored"):
            return
        now = self.stored.now
        today, first = usage.day_of(now), usage.day_of(now - (WEEK_DAYS - 1) * DAY)
        for account in ((guild, member) for guild in (None, 7, 8) for member in (1, 2)):
            rows = [row for row in self.stored.rows if (row["guild_id"], row["member_id"]) == account]
            weekly = [row for row in rows if row["day"] >= first]
            daily = [row for row in rows if row["day"] == today]
            waiting = [
                (job.unit_seconds, len(left))
                for job, left in self.open.values()
                if (job.guild_id, job.member_id) == account
            ]
            seconds, pictures = sum(one * count for one, count in waiting), sum(count for _, count in waiting)
            assert self.budgets.spent(*account, now) == Spent(
                daily_seconds=seconds + sum(row["gpu_seconds"] for row in daily),
                daily_pictures=pictures + sum(row["pictures"] for row in daily),
                weekly_seconds=seconds + sum(row["gpu_seconds"] for row in weekly),
                weekly_pictures=pictures + sum(row["pictures"] for row in weekly),
            )
        assert self.budgets.reserved_pictures == sum(len(left) for _, left in self.open.values())


TestLedger = Ledger.TestCase
TestLedger.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
