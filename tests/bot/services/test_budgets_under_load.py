"""Two hundred requests at once, with failures everywhere, cancels and a restart: every picture is paid for once.

A real worker process paints by clockwork; the database is a file; requests go straight to `Generation`.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from bot.queue.dispatcher import Dispatcher
from bot.queue.estimate import Estimator
from bot.queue.fairness import FairQueue
from bot.queue.limits import Limits as QueueLimits
from bot.services.admission import Admission
from bot.services.asking import Spent
from bot.services.audit import Audit
from bot.services.blocks import Blocks
from bot.services.budgets import Account, Budgets
from bot.services.checks import Checks
from bot.services.drafts import Draft
from bot.services.gatekeeping import Gatekeeper
from bot.services.generation import Generation
from bot.services.guilds import Guilds
from bot.services.orders import Orders
from bot.services.originals import Originals
from bot.services.people import People
from bot.services.requests import Actor, Place, Target, Unheard, acknowledged
from bot.services.shares import Shares
from bot.services.styles import Styles
from bot.services.wildcards import WildcardLists
from bot.services.wishes import Wish
from bot.texts import Mistake
from inference.protocol.messages import JobId
from storage import ContentFolder, Database, DiskFull, Transaction, jobs, units, usage
from storage.deliveries import NewDelivery
from storage.guilds import Limits
from storage.jobs import NewJob
from tests.bot.engines.engines import clockwork_process, eventually
from tests.bot.queue.scripted import Heard
from tests.no_adapters import NoShelf

#: Servers: pictures a day, fewer of them for some; pictures a week for one role; GPU-seconds; and the relaxed lane.
PICTURES, ROLES, SECONDS, RELAXED = 2, 3, 4, 5
ROLE, MOST_SECONDS = 11, 0.4
RULES: dict[int, dict[str, Any]] = {
    PICTURES: {"limits": Limits(daily_pictures=12), "past_budget": "refuse"},
    ROLES: {
        "limits": Limits(daily_pictures=4),
        "role_limits": {ROLE: Limits(daily_pictures=40, weekly_pictures=15)},
        "past_budget": "refuse",
    },
    SECONDS: {"limits": Limits(daily_seconds=MOST_SECONDS), "past_budget": "refuse"},
    RELAXED: {"limits": Limits(weekly_pictures=3), "past_budget": "relaxed"},
}
MEMBERS = (1, 2, 3)
#: Prompts, and how often they come: what is painted, fails, lasts, and brings the worker down.
PROMPTS = {"a circle": 12, "fail@2": 3, "oom@1": 2, "slow@1 slow@2": 2, "exit@2": 1}
NOW = 20_000 * 86_400 + 43_200.0


def roles_of(member: int) -> frozenset[int]:
    """Return what everybody but the first has in the server of roles."""
    return frozenset() if member == 1 else frozenset({ROLE})


def most_pictures(guild: int, member: int) -> int | None:
    """Return how many pictures the rules let a member have, where they say."""
    if guild == PICTURES:
        return 12
    return None if guild != ROLES else 4 if member == 1 else 15


class Watched(Budgets):
    """Budgets that look at each new request whether it is within them."""

    def __init__(self, database: Database, beyond: list[str]) -> None:
        super().__init__(database=database)
        self._beyond = beyond

    @contextmanager
    def reserved(self, job: NewJob) -> Iterator[None]:
        with super().reserved(job):
            assert job.guild_id is not None
            spent = self.spent(job.guild_id, job.member_id, NOW)
            most = most_pictures(job.guild_id, job.member_id)
            if most is not None and spent.weekly_pictures > most:
                self._beyond.append(f"{job.member_id} has {spent.weekly_pictures} pictures of {most}")
            if job.guild_id == SECONDS and spent.daily_seconds > MOST_SECONDS + 1e-6:
                self._beyond.append(f"{job.member_id} has {spent.daily_seconds} seconds")
            yield


@dataclass
class Seen:
    """What happened over all starts."""

    accepted: dict[JobId, NewJob] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    beyond: list[str] = field(default_factory=list)
    #: As each finished picture was written down.
    seconds: dict[Account, list[float]] = field(default_factory=dict)


@dataclass
class House:
    """A running bot without Discord."""

    database: Database
    dispatcher: Dispatcher
    generation: Generation
    guilds: Guilds
    budgets: Budgets
    heard: Heard


@asynccontextmanager
async def a_house(folder: Path, seen: Seen) -> AsyncIterator[House]:
    """Open a house; the same folder again is a restart."""
    async with await Database.open(folder / "easel.sqlite3", clock=lambda: NOW) as database:
        pictures, inputs = ContentFolder(folder / "pictures", ".png"), ContentFolder(folder / "inputs")
        guilds, blocks, budgets = Guilds(database=database), Blocks(database=database), Watched(database, seen.beyond)
        await guilds.load()
        await budgets.load()
        dispatcher = Dispatcher(
            engine=clockwork_process(),
            database=database,
            pictures=pictures,
            inputs=inputs,
            queue=FairQueue(),
            estimator=Estimator(),
            max_rows=16,
            clock=database.clock,
            accounts=budgets,
            may_run=lambda job: gatekeeper.may_run(job),
        )
        gatekeeper = Gatekeeper(
            guilds=guilds,
            blocks=blocks,
            budgets=budgets,
            audit=Audit(database=database),
            shares=Shares(),
            dispatcher=dispatcher,
            live_place=lambda guild, channel: None,
        )
        styles = Styles(database=database, dispatcher=dispatcher, operators={})
        people = People(database=database, pictures=pictures, inputs=inputs, dispatcher=dispatcher, styles=styles)
        checks = Checks(
            database=database,
            pictures=pictures,
            dispatcher=dispatcher,
            guilds=guilds,
            live_place=lambda guild, channel: None,
        )
        orders = Orders(
            people=people,
            styles=styles,
            wildcards=WildcardLists(database=database, folder=folder / "wildcards"),
            guilds=guilds,
            gatekeeper=gatekeeper,
            dispatcher=dispatcher,
            adapters=NoShelf(),
            most_pictures=4,
        )
        originals = Originals(database=database, pictures=pictures, inputs=inputs, dispatcher=dispatcher, guilds=guilds)
        admission = Admission(
            database=database,
            inputs=inputs,
            dispatcher=dispatcher,
            gatekeeper=gatekeeper,
            checks=checks,
            budgets=budgets,
            adapters=NoShelf(),
            limits=QueueLimits(),
            most_pictures=4,
            warn=lambda job, words, locale: None,
        )
        generation = Generation(
            database=database,
            dispatcher=dispatcher,
            guilds=guilds,
            orders=orders,
            originals=originals,
            admission=admission,
            remark=lambda job, hints, locale: None,
        )
        dispatcher.listener = heard = Heard()
        await dispatcher.start()
        try:
            yield House(database, dispatcher, generation, guilds, budgets, heard)
        finally:
            await dispatcher.stop(0.0)


async def too_late() -> None:
    raise Unheard


async def ask(house: House, seen: Seen, chance: random.Random) -> None:
    """Ask for something, and sometimes cancel it."""
    guild, member = chance.choice(list(RULES)), chance.choice(MEMBERS)
    [prompt] = chance.choices(list(PROMPTS), list(PROMPTS.values()))
    seed, pictures, turns = chance.randrange(2**30), chance.randint(1, 3), chance.random()
    cancels, unheard = chance.random() < 0.15, chance.random() < 0.06
    place = Place(channel_id=9)
    actor = Actor(member_id=member, guild_id=guild, roles=roles_of(member), place=place, command="imagine")
    target = Target(channel_id=9, application_id=1, token="secret", token_expires_at=NOW + 900)
    draft = Draft(prompt=prompt, steps=4, seed=seed)
    if turns > 0.7:
        await asyncio.sleep(turns / 10)
    try:
        acknowledge = too_late if unheard else acknowledged
        job = await house.generation.submit(Wish(draft=draft, count=pictures), actor, target, acknowledge)
    except Mistake as mistake:
        seen.refused[mistake.key] += 1
        return
    except (DiskFull, Unheard) as error:
        seen.lost[type(error).__name__] += 1
        return
    seen.accepted[job.id] = job
    if cancels:
        await asyncio.sleep(turns / 20)
        await house.generation.cancel(job.id, actor)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    """Keep what was written down as used, by a witness beside the ledger; and let a disk take not every request."""
    found, finish, add_all, writes = Seen(), units.finish, jobs.add_all, count()

    async def adding(write: Transaction, requests: Sequence[tuple[NewJob, NewDelivery]]) -> None:
        if next(writes) % 7 == 3:
            raise DiskFull("full")
        await add_all(write, requests)

    async def finishing(write: Any, job_id: JobId, *arguments: Any, gpu_seconds: float) -> Any:
        image = await finish(write, job_id, *arguments, gpu_seconds=gpu_seconds)
        if image is not None:
            job = found.accepted[job_id]
            found.seconds.setdefault((job.guild_id, job.member_id), []).append(gpu_seconds)
        return image

    monkeypatch.setattr(units, "finish", finishing)
    monkeypatch.setattr(jobs, "add_all", adding)
    return found


async def delivered(database: Database) -> Counter[Account]:
    """Return how many pictures there are to be shown, by account."""
    rows = await database.fetch_all(
        "SELECT guild_id, images.member_id, count(*) AS pictures FROM images JOIN jobs ON jobs.id = images.job_id"
        " WHERE deleted_at IS NULL GROUP BY guild_id, images.member_id"
    )
    return Counter({(row["guild_id"], row["member_id"]): row["pictures"] for row in rows})


async def test_what_is_used_is_what_is_delivered(tmp_path: Path, seen: Seen) -> None:
    chance = random.Random(7)
    async with a_house(tmp_path, seen) as house:
        for guild, rules in RULES.items():
            await house.guilds.change(guild, **rules)
        await asyncio.gather(*(ask(house, seen, random.Random(chance.random())) for _ in range(120)))
        await eventually(lambda: len(house.heard.ends) >= 20)
        assert house.dispatcher.jobs(), "the restart is to find unfinished requests"
    async with a_house(tmp_path, seen) as house:
        await asyncio.gather(*(ask(house, seen, random.Random(chance.random())) for _ in range(80)))
        await eventually(lambda: not house.dispatcher.jobs() and not house.dispatcher.running)

        assert seen.beyond == []
        used = {(row.guild_id, row.member_id): row for row in await usage.since(house.database, usage.day_of(NOW))}
        assert {account: row.pictures for account, row in used.items()} == await delivered(house.database)
        assert {account: sum(some) for account, some in seen.seconds.items()} == {
            account: row.gpu_seconds for account, row in used.items()
        }
        assert house.budgets.reserved_pictures == 0
        for account, row in used.items():
            seconds, pictures = row.gpu_seconds, row.pictures
            expected = Spent(
                daily_seconds=seconds, daily_pictures=pictures, weekly_seconds=seconds, weekly_pictures=pictures
            )
            assert house.budgets.spent(*account, NOW) == expected
            most = most_pictures(account[0] or 0, account[1])
            assert most is None or pictures <= most

        # All of it happened.
        states: Counter[str] = Counter()
        for job_id in seen.accepted:
            states.update(unit.state for unit in await jobs.units_of(house.database, job_id))
        assert set(states) == {"done", "failed", "cancelled"}
        attempts = await house.database.fetch_all("SELECT max(attempts) AS most FROM units")
        assert attempts[0]["most"] > 0
        kinds = {"_".join(key.split("_")[2:4]) for key in seen.refused}
        assert kinds == {"daily_pictures", "weekly_pictures", "daily_seconds"}
        assert {job.lane for job in seen.accepted.values() if job.guild_id == RELAXED} == {"normal", "relaxed"}
        assert set(seen.lost) == {"DiskFull", "Unheard"}
        assert seen.refused.total() + seen.lost.total() + len(seen.accepted) == 200
