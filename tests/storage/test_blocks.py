"""Members who may not use the bot in a server."""

import pytest

from inference.protocol.limits import OutOfRange
from storage import Database, blocks
from storage.blocks import Block
from tests.storage.samples import GUILD, MEMBER, OTHER_MEMBER, START, StandingClock

OTHER_GUILD = GUILD + 1


async def put(database: Database, reason: str = "", member: int = MEMBER, guild: int = GUILD) -> Block:
    async with database.transaction() as write:
        return await blocks.put(write, guild, member, reason, OTHER_MEMBER)


async def test_a_block_is_written_changed_and_removed(database: Database, clock: StandingClock) -> None:
    await put(database, "too many cats")
    clock.now += 10
    block = await put(database, "dogs, too")
    assert await blocks.all(database) == [block]
    assert block == Block(
        guild_id=GUILD, member_id=MEMBER, reason="dogs, too", blocked_by=OTHER_MEMBER, blocked_at=START + 10
    )
    async with database.transaction() as write:
        assert await blocks.remove(write, GUILD, MEMBER)
        assert not await blocks.remove(write, GUILD, MEMBER)
    assert await blocks.all(database) == []


async def test_blocks_belong_to_one_server(database: Database) -> None:
    await put(database)
    await put(database, guild=OTHER_GUILD)
    assert [block.guild_id for block in await blocks.of_member(database, MEMBER)] == [GUILD, OTHER_GUILD]
    async with database.transaction() as write:
        await blocks.delete_of_guild(write, GUILD)
    assert [block.guild_id for block in await blocks.all(database)] == [OTHER_GUILD]


async def test_a_reason_has_a_length(database: Database) -> None:
    with pytest.raises(OutOfRange):
        await put(database, "x" * 301)
    assert await blocks.all(database) == []
