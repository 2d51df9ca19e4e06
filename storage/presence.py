"""Presence: in which servers the bot is, since when it is there no more, and whether it has introduced itself."""

from collections.abc import Iterable

import msgspec

from storage.database import Reader, Transaction

SELECT_ALL = "SELECT id, left_at, greeted_at FROM guilds ORDER BY id"
SELECT_DUE = "SELECT id FROM guilds WHERE left_at <= :before ORDER BY left_at, id"
SEEN = """
    INSERT INTO guilds (id, updated_at) VALUES (:id, :now)
    ON CONFLICT (id) DO UPDATE SET left_at = NULL WHERE left_at IS NOT NULL
"""
LEFT = "UPDATE guilds SET left_at = :now WHERE id = :id AND left_at IS NULL"
CLAIM_GREETING = "UPDATE guilds SET greeted_at = :now WHERE id = :id AND greeted_at IS NULL"
#: From then on a server that is not known is new; before, it was not written down where the bot is.
BEGIN = """
    INSERT INTO operator_notes (name, value, updated_at) VALUES ('servers_known', 'true', :now)
    ON CONFLICT (name) DO NOTHING
"""
RELEASE_GREETING = "UPDATE guilds SET greeted_at = NULL WHERE id = :id"


class Presence(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the bot in one server. Times are seconds since 1970."""

    id: int
    #: None while it is there.
    left_at: float | None
    #: None where nobody was told that it came.
    greeted_at: float | None


async def all(reader: Reader) -> dict[int, Presence]:
    """Return every server that the bot was seen in, or that has settings."""
    return {row["id"]: Presence(**dict(row)) for row in await reader.fetch_all(SELECT_ALL)}


async def seen(write: Transaction, guild_id: int) -> None:
    """Note that the bot is in a server, for the first time or again."""
    await write.execute(SEEN, {"id": guild_id, "now": write.now})


async def left(write: Transaction, guild_ids: Iterable[int]) -> list[int]:
    """Note that the bot is in these servers no more, and return those of which that was not known."""
    now = write.now
    return [each for each in guild_ids if await write.execute(LEFT, {"id": each, "now": now})]


async def due(reader: Reader, older_than_seconds: float, now: float) -> list[int]:
    """Return the servers that were left longer ago than that, the longest first."""
    return [row["id"] for row in await reader.fetch_all(SELECT_DUE, {"before": now - older_than_seconds})]


async def claim_greeting(write: Transaction, guild_id: int) -> bool:
    """Note that whoever added the bot is written to; False where that was so already, or the server is not known."""
    return await write.execute(CLAIM_GREETING, {"id": guild_id, "now": write.now}) > 0


async def release_greeting(write: Transaction, guild_id: int) -> None:
    """Undo `claim_greeting`: Discord could not be reached, and it is tried again."""
    await write.execute(RELEASE_GREETING, {"id": guild_id})


async def begin(write: Transaction) -> bool:
    """Note that from now on it is written down where the bot is; False where that was so already."""
    return await write.execute(BEGIN, {"now": write.now}) > 0
