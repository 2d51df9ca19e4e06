"""Pictures: their rows, marks, deletion, retention, and the repair of what a crash left."""

import os

import pytest

from inference.protocol.recipe import painted
from storage import ContentFolder, Database, Repairs, deliveries, disposal, images, jobs, repair, units
from storage import inputs as held
from storage.images import ImageId
from storage.repairs import KEEP_LOST_SECONDS
from tests.storage.samples import (
    MEMBER,
    OTHER_MEMBER,
    START,
    StandingClock,
    add_job,
    claim,
    finish,
    from_picture,
    job_of,
    missing_hash,
    paint,
    states,
)

DAY = 24 * 3600.0


async def image_of(database: Database, image_id: ImageId) -> images.Image:
    image = await images.get(database, image_id)
    assert image is not None
    return image


async def delivered(database: Database, image_id: ImageId) -> None:
    async with database.transaction() as write:
        assert await deliveries.advance(write, (await image_of(database, image_id)).job_id, "sent", message_id=1)


async def remaining(database: Database) -> list[int]:
    rows = await database.fetch_all("SELECT id FROM images WHERE deleted_at IS NULL ORDER BY id")
    return [row["id"] for row in rows]


async def test_pages_of_a_member(database: Database, pictures: ContentFolder) -> None:
    mine = [await paint(database, pictures, str(number).encode()) for number in range(5)]
    await paint(database, pictures, member_id=OTHER_MEMBER)
    first = await images.of_member(database, MEMBER, limit=3)
    rest = await images.of_member(database, MEMBER, before=first[-1].id, limit=3)
    assert [image.id for image in first + rest] == mine[::-1]
    assert await images.get(database, ImageId(99)) is None


async def test_pictures_of_jobs_come_in_the_order_of_the_jobs(database: Database, pictures: ContentFolder) -> None:
    made = [await image_of(database, await paint(database, pictures, str(number).encode())) for number in range(3)]
    order = [made[2].job_id, made[0].job_id]
    assert [image.job_id for image in await images.of_jobs(database, order)] == order


async def test_favourites(database: Database, pictures: ContentFolder) -> None:
    one, two = await paint(database, pictures, b"1"), await paint(database, pictures, b"2")
    async with database.transaction() as write:
        assert await images.mark(write, one, OTHER_MEMBER)
        assert not await images.mark(write, one, OTHER_MEMBER)
        assert await images.mark(write, two, OTHER_MEMBER)
        assert not await images.mark(write, ImageId(99), OTHER_MEMBER)
    assert [image.id for image in await images.favourites(database, OTHER_MEMBER)] == [two, one]
    assert await images.favourites(database, MEMBER) == []
    assert (await image_of(database, one)).favourite
    async with database.transaction() as write:
        assert await images.unmark(write, one, OTHER_MEMBER)
        assert not await images.unmark(write, one, OTHER_MEMBER)
    assert not (await image_of(database, one)).favourite


async def test_a_shared_file_goes_with_its_last_picture(
    database: Database, pictures: ContentFolder, inputs: ContentFolder
) -> None:
    one, two = await paint(database, pictures, b"same"), await paint(database, pictures, b"same")
    name = (await image_of(database, one)).hash
    for image_id, left in ((one, b"same"), (two, None)):
        async with database.transaction() as write:
            assert await images.delete(write, [image_id]) == 1
            assert await images.delete(write, [image_id]) == 0
        await disposal.sweep(database, pictures, inputs)
        assert await pictures.read(name) == left
    gone = await image_of(database, two)
    assert gone.deleted_at == START
    assert painted(gone.recipe).prompt == "a red circle"


async def test_a_deleted_picture_made_again_is_not_swept(
    database: Database, pictures: ContentFolder, inputs: ContentFolder
) -> None:
    first = await paint(database, pictures, b"same")
    async with database.transaction() as write:
        await images.delete(write, [first])
    again = await paint(database, pictures, b"same")
    assert await disposal.sweep(database, pictures, inputs) == 0
    assert await pictures.read((await image_of(database, again)).hash) == b"same"
    assert await database.fetch_all("SELECT * FROM doomed_files") == []


async def test_a_held_file_waits_for_the_next_sweep(
    database: Database, pictures: ContentFolder, inputs: ContentFolder
) -> None:
    first = await paint(database, pictures, b"same")
    async with database.transaction() as write:
        await images.delete(write, [first])
    async with pictures.keep(b"same") as (name,):
        assert await disposal.sweep(database, pictures, inputs) == 0
        assert await pictures.read(name) == b"same"
    assert await disposal.sweep(database, pictures, inputs) == 1
    assert await pictures.read(name) is None


async def test_the_file_of_a_late_picture_is_swept(
    database: Database, pictures: ContentFolder, inputs: ContentFolder
) -> None:
    job_id = await add_job(database)
    assert await finish(database, pictures, job_id, content=b"late") is None
    assert await disposal.sweep(database, pictures, inputs) == 1
    assert await pictures.read(missing_hash("late")) is None


async def test_many_files_are_swept_in_pages(
    database: Database, pictures: ContentFolder, inputs: ContentFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disposal, "_SWEEP_FILES", 2)
    made = [await paint(database, pictures, str(number).encode()) for number in range(5)]
    async with database.transaction() as write:
        await images.delete(write, made)
    assert await disposal.sweep(database, pictures, inputs) == 5


async def test_old_pictures_retire_but_favourites_and_undelivered_ones_stay(
    database: Database, pictures: ContentFolder, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "_RETIRE_IMAGES", 2)
    old = [await paint(database, pictures, str(number).encode()) for number in range(7)]
    for image_id in old[1:]:
        await delivered(database, image_id)
    async with database.transaction() as write:
        await images.mark(write, old[3], OTHER_MEMBER)
    clock.now += 10 * DAY
    young = await paint(database, pictures, b"young")
    await delivered(database, young)
    assert await images.retire(database, older_than_seconds=20 * DAY) == 0
    assert await images.retire(database, older_than_seconds=5 * DAY) == 5
    assert await remaining(database) == [old[0], old[3], young]


async def test_the_oldest_retire_beyond_a_total_size(
    database: Database, pictures: ContentFolder, clock: StandingClock
) -> None:
    made = []
    for number in range(5):
        clock.now += 1
        made.append(await paint(database, pictures, bytes([number]) * 100))
        await delivered(database, made[-1])
    shared = await paint(database, pictures, bytes([4]) * 100)
    await delivered(database, shared)
    assert await images.total_bytes(database) == 500
    async with database.transaction() as write:
        await images.mark(write, made[0], MEMBER)
    assert await images.retire(database, most_bytes=500) == 0
    assert await images.retire(database, most_bytes=301) == 2
    assert await remaining(database) == [made[0], made[3], made[4], shared]
    assert await images.retire(database, most_bytes=0) == 3
    assert await remaining(database) == [made[0]]


# Repair ----------------------------------------------------------------------------------------------------------


async def test_nothing_is_repaired_where_all_agrees(
    database: Database, pictures: ContentFolder, inputs: ContentFolder
) -> None:
    image_id = await paint(database, pictures)
    async with inputs.keep(b"a source") as (name,):
        await add_job(database, recipe=from_picture(name))
    assert await repair(database, pictures, inputs) == Repairs()
    assert await remaining(database) == [image_id]
    assert await inputs.read(name) == b"a source"


async def test_a_deletion_that_was_cut_off_is_ended(
    database: Database, pictures: ContentFolder, inputs: ContentFolder
) -> None:
    image_id = await paint(database, pictures)
    async with database.transaction() as write:
        await images.delete(write, [image_id])
    assert await repair(database, pictures, inputs) == Repairs()
    assert await pictures.read((await image_of(database, image_id)).hash) is None


async def test_pictures_that_no_row_knows_are_set_aside_for_a_while(
    database: Database, pictures: ContentFolder, inputs: ContentFolder, clock: StandingClock
) -> None:
    async with pictures.keep(b"orphan") as (name,):
        pass
    assert await repair(database, pictures, inputs) == Repairs(lost_pictures=1)
    [lost] = pictures.lost.iterdir()
    assert lost.read_bytes() == b"orphan"
    assert await pictures.read(name) is None
    os.utime(lost, (START, START))
    clock.now = START + KEEP_LOST_SECONDS - 1
    await repair(database, pictures, inputs)
    assert lost.exists()
    clock.now += 2
    await repair(database, pictures, inputs)
    assert not lost.exists()


@pytest.mark.parametrize("left", [None, b"cut"])
async def test_a_picture_whose_file_is_gone_or_cut_short_is_marked(
    database: Database, pictures: ContentFolder, inputs: ContentFolder, left: bytes | None
) -> None:
    image_id, other = await paint(database, pictures, b"gone"), await paint(database, pictures, b"there")
    place = pictures.path((await image_of(database, image_id)).hash)
    place.unlink()
    if left is not None:
        place.write_bytes(left)
    repairs = await repair(database, pictures, inputs)
    assert repairs == Repairs(missing_pictures=1, lost_pictures=int(left is not None))
    assert await remaining(database) == [other]
    assert (await image_of(database, image_id)).deleted_at == START


async def test_a_job_whose_source_is_gone_fails_in_words(
    database: Database, pictures: ContentFolder, inputs: ContentFolder
) -> None:
    async with inputs.keep(b"a source", b"spare") as (name, spare):
        job_id = await add_job(database, recipe=from_picture(name))
    inputs.path(name).unlink()
    assert await repair(database, pictures, inputs) == Repairs(missing_inputs=1, spare_inputs=1)
    job = await job_of(database, job_id)
    assert job.failure == jobs.Failure(
        "invalid", "The picture it was to start from is no longer on the disk. Send it again."
    )
    assert await states(database, job_id) == ("failed", "f")
    assert await held.of_job(database, job_id) == ()
    assert await inputs.read(spare) is None


async def test_a_rerun_after_a_repair_makes_the_picture_whole_again(
    database: Database, pictures: ContentFolder, inputs: ContentFolder
) -> None:
    job_id = await add_job(database)
    await claim(database, job_id, 0)
    async with pictures.keep(b"a picture"):
        pass  # and here the bot died, before the row was written
    await repair(database, pictures, inputs)
    async with database.transaction() as write:
        await units.requeue_abandoned(write)
    await claim(database, job_id, 0)
    image_id = await finish(database, pictures, job_id)
    assert image_id is not None
    assert await pictures.read((await image_of(database, image_id)).hash) == b"a picture"
