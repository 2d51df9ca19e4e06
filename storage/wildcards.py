"""Wildcards: a server's lists of words, of which `__name__` in a prompt draws one."""

import msgspec

from storage.database import Reader, Row, Transaction

SELECT_ALL = "SELECT * FROM wildcards ORDER BY guild_id, name"
SELECT_OF_GUILD = "SELECT * FROM wildcards WHERE guild_id = :guild_id ORDER BY name"
PUT = """
    INSERT INTO wildcards (guild_id, name, text, member_id, updated_at)
    VALUES (:guild_id, :name, :text, :member_id, :now)
    ON CONFLICT (guild_id, name) DO UPDATE
    SET text = excluded.text, member_id = excluded.member_id, updated_at = excluded.updated_at
"""
REMOVE = "DELETE FROM wildcards WHERE guild_id = :guild_id AND name = :name"
FORGET_MEMBER = "UPDATE wildcards SET member_id = 0 WHERE member_id = :member_id"


class Wildcard(msgspec.Struct, frozen=True, kw_only=True):
    """One list."""

    guild_id: int
    name: str
    #: One entry a line.
    text: str
    #: Who wrote it last; 0 for somebody who had their data deleted.
    member_id: int
    updated_at: float


async def all(reader: Reader) -> list[Wildcard]:
    """Return every list of every server."""
    return [_wildcard(row) for row in await reader.fetch_all(SELECT_ALL)]


async def of_guild(reader: Reader, guild_id: int) -> list[Wildcard]:
    """Return a server's lists, by name."""
    return [_wildcard(row) for row in await reader.fetch_all(SELECT_OF_GUILD, {"guild_id": guild_id})]


async def put(write: Transaction, guild_id: int, name: str, text: str, member_id: int) -> None:
    """Write a list, in the place of the one of that name."""
    await write.execute(
        PUT, {"guild_id": guild_id, "name": name, "text": text, "member_id": member_id, "now": write.now}
    )


async def remove(write: Transaction, guild_id: int, name: str) -> bool:
    """Delete a list, and tell whether there was one."""
    return await write.execute(REMOVE, {"guild_id": guild_id, "name": name}) > 0


async def forget_member(write: Transaction, member_id: int) -> None:
    """Leave a member's lists to their servers, under nobody's name."""
    await write.execute(FORGET_MEMBER, {"member_id": member_id})


def _wildcard(row: Row) -> Wildcard:
    return Wildcard(**dict(row))
