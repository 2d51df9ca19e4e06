"""What a member made in a server is deleted, there and nowhere else, and its messages are found."""

from storage import ContentFolder, Database, deliveries, disposal, images, taking_down
from storage.deliveries import NewDelivery
from storage.images import ImageId
from tests.storage.samples import CHANNEL, GUILD, MEMBER, OTHER_MEMBER, add_job, claim, finish, paint

OTHER_GUILD = GUILD + 1


async def take_down(database: Database, after: int = 0, limit: int = 50) -> tuple[int, int | None]:
    async with database.transaction() as write:
        return await taking_down.take_down(write, GUILD, MEMBER, after, limit)


async def is_kept(database: Database, image_id: ImageId) -> bool:
    image = await images.get(database, image_id)
    assert image is not None
    return image.deleted_at is None


async def sent(database: Database, image_id: ImageId, message: int) -> None:
    image = await images.get(database, image_id)
    assert image is not None
    async with database.transaction() as write:
        await deliveries.advance(write, image.job_id, "progress", message_id=message)
        await deliveries.advance(write, image.job_id, "sent")


async def test_only_their_pictures_of_that_server_go(
    database: Database, pictures: ContentFolder, inputs: ContentFolder
) -> None:
    here = [await paint(database, pictures, content=b"here %d" % number) for number in range(3)]
    shared = await paint(database, pictures, content=b"here 0", member_id=OTHER_MEMBER)
    elsewhere = await paint(database, pictures, content=b"there", guild_id=OTHER_GUILD)
    directly = await paint(database, pictures, content=b"alone", guild_id=None)
    assert await taking_down.count(database, GUILD, MEMBER) == 3
    assert await take_down(database, limit=2) == (2, 2)
    assert await take_down(database, after=2, limit=2) == (1, 3)
    assert await take_down(database, after=3, limit=2) == (0, None)
    await disposal.sweep(database, pictures, inputs)
    assert [await is_kept(database, image) for image in here] == [False] * 3
    assert [await is_kept(database, image) for image in (shared, elsewhere, directly)] == [True] * 3
    kept = await images.get(database, shared)
    assert kept is not None
    assert await pictures.read(kept.hash) == b"here 0", "somebody else has the same picture"
    assert await taking_down.count(database, GUILD, MEMBER) == 0


async def test_messages_are_found_until_they_are_gone(database: Database, pictures: ContentFolder) -> None:
    first, second = [await paint(database, pictures, content=b"%d" % number) for number in range(2)]
    await sent(database, first, 1)
    await sent(database, second, 2)
    assert await taking_down.messages(database, GUILD, MEMBER, 9) == [], "they show what is kept"
    await take_down(database)
    found = await taking_down.messages(database, GUILD, MEMBER, 9)
    assert [(each.channel_id, each.message_id) for each in found] == [(CHANNEL, 2), (CHANNEL, 1)]
    assert len(await taking_down.messages(database, GUILD, MEMBER, 1)) == 1
    async with database.transaction() as write:
        await taking_down.note_gone(write, found[0].job_id)
    assert await taking_down.messages(database, GUILD, MEMBER, 9) == found[1:]
    assert await taking_down.messages(database, OTHER_GUILD, MEMBER, 9) == []


async def test_what_was_not_sent_is_not_sent_any_more(database: Database, pictures: ContentFolder) -> None:
    states = {}
    for state in ("pending", "progress", "kept"):
        job = await add_job(database, NewDelivery(channel_id=CHANNEL, state=state))
        await claim(database, job, 0)
        await finish(database, pictures, job)
        states[state] = job
    await take_down(database)
    found = {state: await deliveries.get(database, job) for state, job in states.items()}
    assert {state: each.state for state, each in found.items() if each is not None} == {
        "pending": "failed",
        "progress": "failed",
        "kept": "sent",
    }
