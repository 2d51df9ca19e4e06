"""A server's lists: written, replaced, removed, and left to the server by who gave them."""

from storage import ContentFolder, Database, members, wildcards
from storage.wildcards import Wildcard
from tests.storage.samples import GUILD, MEMBER, OTHER_MEMBER, START, StandingClock

OTHER_GUILD = GUILD + 1


async def put(database: Database, name: str, text: str = "cat\n", guild_id: int = GUILD, member: int = MEMBER) -> None:
    async with database.transaction() as write:
        await wildcards.put(write, guild_id, name, text, member)


async def test_a_list_is_written_and_replaced(database: Database, clock: StandingClock) -> None:
    await put(database, "animal", "cat\ndog\n")
    clock.now += 10
    await put(database, "animal", "fox 🦊\n", member=OTHER_MEMBER)
    (only,) = await wildcards.of_guild(database, GUILD)
    assert only == Wildcard(
        guild_id=GUILD, name="animal", text="fox 🦊\n", member_id=OTHER_MEMBER, updated_at=START + 10
    )


async def test_lists_belong_to_one_server(database: Database) -> None:
    await put(database, "b")
    await put(database, "a")
    await put(database, "a", "another\n", OTHER_GUILD)
    assert [one.name for one in await wildcards.of_guild(database, GUILD)] == ["a", "b"]
    assert [one.text for one in await wildcards.of_guild(database, OTHER_GUILD)] == ["another\n"]
    assert [(one.guild_id, one.name) for one in await wildcards.all(database)] == [
        (GUILD, "a"),
        (GUILD, "b"),
        (OTHER_GUILD, "a"),
    ]


async def test_a_list_is_removed_once_and_from_one_server(database: Database) -> None:
    await put(database, "a")
    await put(database, "a", guild_id=OTHER_GUILD)
    async with database.transaction() as write:
        assert await wildcards.remove(write, GUILD, "a")
        assert not await wildcards.remove(write, GUILD, "a")
    assert [one.guild_id for one in await wildcards.all(database)] == [OTHER_GUILD]


async def test_a_members_lists_are_handed_out_and_stay_with_the_server(
    database: Database, pictures: ContentFolder
) -> None:
    await put(database, "mine", "cat\n")
    await put(database, "theirs", "dog\n", member=OTHER_MEMBER)
    data = (await members.export(database, pictures, MEMBER)).data
    assert data["wildcards"] == [{"guild_id": GUILD, "name": "mine", "text": "cat\n", "updated_at": START}]
    async with database.transaction() as write:
        await members.delete(write, MEMBER)
    kept = {one.name: (one.text, one.member_id) for one in await wildcards.of_guild(database, GUILD)}
    assert kept == {"mine": ("cat\n", 0), "theirs": ("dog\n", OTHER_MEMBER)}
    assert (await members.export(database, pictures, MEMBER)).data["wildcards"] == []
