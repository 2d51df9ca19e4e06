"""Blocks: members who may not use the bot in a server."""

import msgspec

from inference.protocol.limits import require_text
from storage.database import Reader, Row, Transaction

#: Characters of a reason.
MAX_REASON_CHARACTERS = 300

SELECT_ALL = "SELECT * FROM blocks ORDER BY guild_id, blocked_at, member_id"
SELECT_OF_MEMBER = "SELECT * FROM blocks WHERE member_id = :member_id ORDER BY guild_id"
PUT = """
    INSERT INTO blocks (guild_id, member_id, reason, blocked_by, blocked_at)
    VALUES (:guild_id, :member_id, :reason, :blocked_by, :now)
    ON CONFLICT (guild_id, member_id) DO UPDATE
    SET reason = excluded.reason, blocked_by = excluded.blocked_by, blocked_at = excluded.blocked_at
"""
REMOVE = "DELETE FROM blocks WHERE guild_id = :guild_id AND member_id = :member_id"
#: A member's own block outlives their data, or it could be evaded; who blocked others is forgotten.
FORGET_BLOCKER = "UPDATE blocks SET blocked_by = 0 WHERE blocked_by = :member_id"
DELETE_OF_GUILD = "DELETE FROM blocks WHERE guild_id = :guild_id"


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """One member who may not use the bot in one server."""

    guild_id: int
    member_id: int
    #: As the member is told it; "" without one.
    reason: str = ""
    #: 0 for somebody who had their data deleted.
    blocked_by: int
    #: Seconds since 1970.
    blocked_at: float

    def __post_init__(self) -> None:
        require_text("reason", self.reason, MAX_REASON_CHARACTERS)


async def all(reader: Reader) -> list[Block]:
    """Return every block of every server, oldest first within a server."""
    return [_block(row) for row in await reader.fetch_all(SELECT_ALL)]


async def of_member(reader: Reader, member_id: int) -> list[Block]:
    """Return where a member is blocked."""
    return [_block(row) for row in await reader.fetch_all(SELECT_OF_MEMBER, {"member_id": member_id})]


async def put(write: Transaction, guild_id: int, member_id: int, reason: str, blocked_by: int) -> Block:
    """Block a member, or change why, and return the block. Raises OutOfRange for a reason that is too long."""
    block = Block(guild_id=guild_id, member_id=member_id, reason=reason, blocked_by=blocked_by, blocked_at=write.now)
    await write.execute(
        PUT,
        {
            "guild_id": guild_id,
            "member_id": member_id,
            "reason": reason,
            "blocked_by": blocked_by,
            "now": write.now,
        },
    )
    return block


async def remove(write: Transaction, guild_id: int, member_id: int) -> bool:
    """Undo a block, and tell whether there was one."""
    return await write.execute(REMOVE, {"guild_id": guild_id, "member_id": member_id}) > 0


async def forget_member(write: Transaction, member_id: int) -> None:
    """Forget whom a member blocked; that they are blocked themselves stays."""
    await write.execute(FORGET_BLOCKER, {"member_id": member_id})


async def delete_of_guild(write: Transaction, guild_id: int) -> None:
    """Delete every block of a server."""
    await write.execute(DELETE_OF_GUILD, {"guild_id": guild_id})


def _block(row: Row) -> Block:
    return Block(**dict(row))
