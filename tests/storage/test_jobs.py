"""Jobs and their units: what is written, claimed, finished, put back, counted and paged."""

import asyncio
import sqlite3

import pytest

from inference.protocol.messages import LaunchId
from inference.protocol.recipe import Words, painted, picture_of
from storage import ContentFolder, Database, deliveries, disposal, images, jobs, units, usage
from storage import inputs as held
from storage.deliveries import NewDelivery
from storage.jobs import Counts, Failure, Origin
from tests.sample_requests import recipe
from tests.storage.samples import (
    CHANNEL,
    FIRST,
    GUILD,
    MEMBER,
    OTHER_MEMBER,
    SECOND,
    START,
    StandingClock,
    add_job,
    claim,
    finish,
    from_picture,
    job_of,
    new_job,
    numbered,
    states,
)


async def test_a_job_comes_back_as_it_was_written(database: Database) -> None:
    wanted = new_job(count=3, lane="priority", private=True, unit_seconds=2.5, guild_id=None, kind="variation")
    async with database.transaction() as write:
        await jobs.add(write, wanted, NewDelivery(channel_id=CHANNEL))
    job = await job_of(database, wanted.id)
    for field in ("id", "kind", "member_id", "guild_id", "channel_id", "lane", "recipe", "count", "unit_seconds"):
        assert getattr(job, field) == getattr(wanted, field)
    assert job.private
    assert (job.state, job.created_at, job.started_at, job.ended_at) == ("waiting", START, None, None)
    assert (job.attempts, job.failure) == (0, None)
    assert [unit.index for unit in await jobs.units_of(database, job.id)] == [0, 1, 2]
    assert await jobs.get(database, numbered(1)) is None


async def test_pictures_may_have_words_of_their_own(database: Database) -> None:
    words = (Words("a red fox", "dogs"), Words("a blue fox"))
    wanted = new_job(count=2, words=words)
    async with database.transaction() as write:
        await jobs.add(write, wanted, NewDelivery(channel_id=CHANNEL))
    job = await job_of(database, wanted.id)
    assert job.words == words
    assert job.prompts == ("a red fox", "a blue fox")
    assert [
        (painted(job.recipe_of(index)).prompt, painted(job.recipe_of(index)).negative_prompt) for index in (0, 1)
    ] == [
        ("a red fox", "dogs"),
        ("a blue fox", ""),
    ]
    assert painted(job.recipe_of(1)).seed == painted(job.recipe).seed + 1
    assert new_job().prompts == (painted(new_job().recipe).prompt,)


async def test_a_request_knows_the_picture_that_it_was_made_from(database: Database, pictures: ContentFolder) -> None:
    parent = await add_job(database, id=numbered(1))
    await claim(database, parent, 0)
    image = await finish(database, pictures, parent)
    assert image is not None
    origin = Origin(image=image, index=0, verb="vary_subtle", message=(GUILD, CHANNEL, 77))
    await add_job(database, id=numbered(2), origin=origin)
    assert (await job_of(database, numbered(2))).origin == origin
    rows = await database.fetch_all("SELECT parent_image FROM jobs WHERE id = :id", {"id": numbered(2)})
    assert [row["parent_image"] for row in rows] == [image]
    # Whoever deletes their data takes the parent away, and the child stays.
    async with database.transaction() as write:
        await write.execute("DELETE FROM jobs WHERE id = :id", {"id": parent})
    rows = await database.fetch_all("SELECT parent_image FROM jobs WHERE id = :id", {"id": numbered(2)})
    assert [row["parent_image"] for row in rows] == [None]


async def test_an_id_is_given_once(database: Database) -> None:
    await add_job(database, id=numbered(1))
    with pytest.raises(sqlite3.IntegrityError):
        await add_job(database, id=numbered(1))
    assert await jobs.count(database) == Counts(waiting=1, waiting_pictures=1)


async def test_requests_are_written_together_or_not_at_all(database: Database) -> None:
    wanted = [(new_job(count=count), NewDelivery(channel_id=count)) for count in (1, 3)]
    async with database.transaction() as write:
        await jobs.add_all(write, wanted)
    for job, delivery in wanted:
        assert [unit.index for unit in await jobs.units_of(database, job.id)] == list(range(job.count))
        found = await deliveries.get(database, job.id)
        assert found is not None
        assert found.channel_id == delivery.channel_id
    fresh = new_job()
    with pytest.raises(sqlite3.IntegrityError):
        async with database.transaction() as write:
            await jobs.add_all(write, [(fresh, NewDelivery(channel_id=1)), wanted[0]])
    assert await jobs.get(database, fresh.id) is None


async def test_a_job_goes_its_way(database: Database, pictures: ContentFolder, clock: StandingClock) -> None:
    job_id = await add_job(database, count=2)
    clock.now += 10
    claimed = await claim(database, job_id, 1, 0)
    assert [(unit.index, unit.launch, unit.state) for unit in claimed] == [(0, FIRST, "running"), (1, FIRST, "running")]
    assert await states(database, job_id) == ("running", "rr")
    clock.now += 10
    assert await finish(database, pictures, job_id, 1, b"two", gpu_seconds=3)
    assert await states(database, job_id) == ("running", "rd")
    clock.now += 10
    assert await finish(database, pictures, job_id, 0, b"one", gpu_seconds=4)
    job = await job_of(database, job_id)
    assert (job.state, job.started_at, job.ended_at) == ("done", START + 10, START + 30)
    made = await images.of_job(database, job_id)
    assert [(image.index, image.recipe, image.member_id, image.created_at) for image in made] == [
        (0, picture_of(recipe(), 0), MEMBER, START + 30),
        (1, picture_of(recipe(), 1), MEMBER, START + 20),
    ]
    assert [unit.image_hash for unit in await jobs.units_of(database, job_id)] == [image.hash for image in made]
    assert [await pictures.read(image.hash) for image in made] == [b"one", b"two"]
    [used] = await usage.of_member(database, MEMBER)
    assert (used.guild_id, used.day, used.gpu_seconds, used.pictures) == (GUILD, "2026-01-01", 7, 2)


async def test_a_unit_is_claimed_once(database: Database) -> None:
    ids = [await add_job(database) for _ in range(10)]

    async def grab(number: int) -> tuple[units.Unit, ...]:
        async with database.transaction() as write:
            return await units.claim(write, LaunchId(str(number)), {job_id: [0] for job_id in ids[number:]})

    claimed = await asyncio.gather(*(grab(number) for number in reversed(range(10))))
    taken = [unit.job_id for batch in claimed for unit in batch]
    assert sorted(taken) == sorted(ids)
    assert await claim(database, ids[0], 0, 1, 7) == ()
    assert await claim(database, numbered(9), 0) == ()


async def test_units_of_a_dead_launch_go_back_and_its_late_events_are_dropped(
    database: Database, pictures: ContentFolder
) -> None:
    job_id, other = await add_job(database, count=3), await add_job(database)
    await claim(database, job_id, 0, 1)
    await claim(database, other, 0, launch=SECOND)
    await finish(database, pictures, job_id, 0)
    async with database.transaction() as write:
        back = await units.requeue(write, FIRST)
    assert [(unit.index, unit.attempts, unit.state, unit.launch) for unit in back] == [(1, 1, "waiting", None)]
    assert await states(database, job_id) == ("waiting", "dww")
    assert await states(database, other) == ("running", "r")
    assert (await job_of(database, job_id)).attempts == 1
    assert await finish(database, pictures, job_id, 1, b"late") is None
    assert await states(database, job_id) == ("waiting", "dww")
    await claim(database, job_id, 1, launch=SECOND)
    assert await finish(database, pictures, job_id, 1, b"late") is None
    assert await finish(database, pictures, job_id, 1, b"again", launch=SECOND)


async def test_an_engine_stopped_on_purpose_costs_no_attempt(database: Database) -> None:
    job_id = await add_job(database)
    await claim(database, job_id, 0)
    async with database.transaction() as write:
        [unit] = await units.requeue(write, FIRST, failed=False)
    assert (unit.state, unit.attempts) == ("waiting", 0)
    assert (await job_of(database, job_id)).attempts == 0


async def test_at_the_start_only_the_living_keep_their_leases(database: Database) -> None:
    mine, theirs = await add_job(database), await add_job(database)
    await claim(database, mine, 0)
    await claim(database, theirs, 0, launch=SECOND)
    async with database.transaction() as write:
        assert [unit.job_id for unit in await units.requeue_abandoned(write, [SECOND])] == [mine]
        assert [unit.job_id for unit in await units.requeue_abandoned(write)] == [theirs]
        assert await units.requeue_abandoned(write) == ()


async def test_a_failure_keeps_what_was_made_and_says_why(database: Database, pictures: ContentFolder) -> None:
    job_id = await add_job(database, count=3)
    await claim(database, job_id, 0, 1)
    await finish(database, pictures, job_id, 0)
    async with database.transaction() as write:
        assert [unit.index for unit in await units.fail(write, job_id, "memory", "Too large.", launch=FIRST)] == [1]
    assert await states(database, job_id) == ("waiting", "dfw")
    async with database.transaction() as write:
        assert [unit.index for unit in await units.fail(write, job_id, "internal", "It broke.")] == [2]
        assert await units.fail(write, job_id, "invalid", "Too late.") == ()
    job = await job_of(database, job_id)
    assert (job.state, job.failure, job.ended_at) == ("failed", Failure("internal", "It broke."), START)


async def test_a_cancel_tells_what_was_running(database: Database, pictures: ContentFolder) -> None:
    job_id = await add_job(database, count=4)
    await claim(database, job_id, 0, 1)
    await finish(database, pictures, job_id, 0)
    async with database.transaction() as write:
        assert [unit.index for unit in await units.cancel(write, job_id, indexes=[3])] == [3]
        ended = await units.cancel(write, job_id)
        assert await units.cancel(write, job_id) == ()
    assert [(unit.index, unit.launch) for unit in ended] == [(1, FIRST), (2, None)]
    assert await states(database, job_id) == ("cancelled", "dccc")
    assert await finish(database, pictures, job_id, 1) is None


@pytest.mark.parametrize(
    ("wanted", "state"),
    [
        ("rwfcd", "running"),
        ("wfcd", "waiting"),
        ("fcd", "failed"),
        ("cd", "cancelled"),
        ("fd", "failed"),
        ("dd", "done"),
    ],
)
async def test_the_state_of_a_job_follows_from_its_units(
    database: Database, pictures: ContentFolder, wanted: str, state: str
) -> None:
    job_id = await add_job(database, count=len(wanted))
    await claim(database, job_id, *(index for index, letter in enumerate(wanted) if letter in "rd"))
    async with database.transaction() as write:
        await units.fail(
            write, job_id, "memory", "No.", indexes=[at for at, letter in enumerate(wanted) if letter == "f"]
        )
        await units.cancel(write, job_id, indexes=[at for at, letter in enumerate(wanted) if letter == "c"])
    for index, letter in enumerate(wanted):
        if letter == "d":
            await finish(database, pictures, job_id, index)
    assert await states(database, job_id) == (state, wanted)


async def test_source_pictures_are_held_until_the_job_ends(database: Database, inputs: ContentFolder) -> None:
    async with inputs.keep(b"a source") as (name,):
        first = await add_job(database, recipe=from_picture(name))
        second = await add_job(database, recipe=from_picture(name))
    assert await held.of_job(database, first) == (name,)
    for job_id, left in ((first, b"a source"), (second, None)):
        async with database.transaction() as write:
            await units.cancel(write, job_id)
        await disposal.sweep(database, ContentFolder(inputs.root / "none"), inputs)
        assert await inputs.read(name) == left


async def test_unfinished_jobs_come_in_order_whatever_the_page(
    database: Database, pictures: ContentFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "_PAGE_JOBS", 3)
    ids = [await add_job(database, count=2) for _ in range(10)]
    async with database.transaction() as write:
        await units.cancel(write, ids[4])
    await claim(database, ids[7], 1)
    found = [waiting async for waiting in jobs.unfinished(database)]
    assert [waiting.job.id for waiting in found] == ids[:4] + ids[5:]
    assert all([unit.index for unit in waiting.units] == [0, 1] for waiting in found)
    assert all(unit.job_id == waiting.job.id for waiting in found for unit in waiting.units)


async def test_counts(database: Database, pictures: ContentFolder) -> None:
    mine = await add_job(database, count=3)
    await add_job(database, count=4)
    await add_job(database, member_id=OTHER_MEMBER)
    await add_job(database, guild_id=None)
    ended = await add_job(database)
    await claim(database, mine, 0)
    await claim(database, ended, 0)
    await finish(database, pictures, ended)
    of_guild = Counts(waiting=2, running=1, waiting_pictures=5, running_pictures=3)
    assert await jobs.count_of_guild(database, GUILD) == of_guild
    assert await jobs.count_of_member(database, OTHER_MEMBER) == Counts(waiting=1, waiting_pictures=1)
    assert (await jobs.count_of_member(database, MEMBER)).waiting == 2
    assert (await jobs.count(database)).waiting == 3
    async with database.transaction() as write:
        await jobs.add(write, new_job(), NewDelivery(channel_id=1))
        assert (await jobs.count(write)).waiting == 4


async def test_history_is_paged_newest_first(database: Database) -> None:
    ids = [await add_job(database) for _ in range(5)]
    await add_job(database, member_id=OTHER_MEMBER)
    first = await jobs.history(database, MEMBER, limit=3)
    rest = await jobs.history(database, MEMBER, before=first[-1].sequence, limit=3)
    assert [job.id for job in first + rest] == ids[::-1]
    assert await jobs.history(database, MEMBER, before=rest[-1].sequence) == []


async def test_a_request_is_written_whole_or_not_at_all(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise LookupError

    monkeypatch.setattr(deliveries, "add_all", broken)
    with pytest.raises(LookupError):
        await add_job(database)
    assert await database.fetch_all("SELECT * FROM jobs") == []
    assert await database.fetch_all("SELECT * FROM units") == []
