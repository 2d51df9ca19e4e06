"""Usage: GPU-seconds and pictures by member, guild and day (UTC)."""

from datetime import UTC, datetime

import msgspec

from storage.database import Reader, Row, Transaction, Value

#: Stands for direct messages in the table.
_NO_GUILD = 0
#: Takes what people used who had their data deleted, so that a guild's totals stay true.
_NOBODY = 0

ADD = """
    INSERT INTO usage (member_id, guild_id, day, gpu_seconds, pictures)
    VALUES (:member_id, :guild_id, :day, :gpu_seconds, :pictures)
    ON CONFLICT (member_id, day, guild_id) DO UPDATE SET
        gpu_seconds = gpu_seconds + excluded.gpu_seconds, pictures = pictures + excluded.pictures
"""
SELECT_OF_MEMBER = """
    SELECT member_id, nullif(guild_id, 0) AS guild_id, day, gpu_seconds, pictures FROM usage
    WHERE member_id = :member_id AND day >= :since ORDER BY day, guild_id
"""
SELECT_OF_GUILD = """
    SELECT member_id, nullif(guild_id, 0) AS guild_id, day, gpu_seconds, pictures FROM usage
    WHERE guild_id = :guild_id AND day >= :since ORDER BY day, member_id
"""
#: Guild by guild, since the days of each stand together in the index.
SELECT_SINCE = """
    WITH RECURSIVE wanted (guild_id) AS (
        SELECT min(guild_id) FROM usage
        UNION ALL
        SELECT (SELECT min(guild_id) FROM usage WHERE guild_id > wanted.guild_id) FROM wanted
        WHERE wanted.guild_id IS NOT NULL
    )
    SELECT member_id, nullif(usage.guild_id, 0) AS guild_id, day, gpu_seconds, pictures
    FROM wanted CROSS JOIN usage ON usage.guild_id = wanted.guild_id AND day >= :since
"""
FOLD = """
    INSERT INTO usage (member_id, guild_id, day, gpu_seconds, pictures)
    SELECT :nobody, guild_id, day, gpu_seconds, pictures FROM usage WHERE member_id = :member_id
    ON CONFLICT (member_id, day, guild_id) DO UPDATE SET
        gpu_seconds = gpu_seconds + excluded.gpu_seconds, pictures = pictures + excluded.pictures
"""
DELETE = "DELETE FROM usage WHERE member_id = :member_id"


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What one member used in one guild on one day."""

    member_id: int
    #: None for direct messages.
    guild_id: int | None
    #: As "2026-01-31".
    day: str
    gpu_seconds: float
    pictures: int


def day_of(now: float) -> str:
    """Return the day (UTC) of a time in seconds since 1970, as "2026-01-31"."""
    return datetime.fromtimestamp(now, UTC).date().isoformat()


async def add(
    write: Transaction, member_id: int, guild_id: int | None, *, gpu_seconds: float = 0.0, pictures: int = 0
) -> None:
    """Count what was used today. `units.finish` does so for each picture."""
    parameters: dict[str, Value] = {
        "member_id": member_id,
        "guild_id": guild_id or _NO_GUILD,
        "day": day_of(write.now),
        "gpu_seconds": gpu_seconds,
        "pictures": pictures,
    }
    await write.execute(ADD, parameters)


async def of_member(reader: Reader, member_id: int, since: str = "") -> list[Usage]:
    """Return what a member used on and after a day, by day and guild."""
    return _usages(await reader.fetch_all(SELECT_OF_MEMBER, {"member_id": member_id, "since": since}))


async def of_guild(reader: Reader, guild_id: int, since: str = "") -> list[Usage]:
    """Return what a guild's members used on and after a day, by day and member."""
    return _usages(await reader.fetch_all(SELECT_OF_GUILD, {"guild_id": guild_id, "since": since}))


async def since(reader: Reader, day: str) -> list[Usage]:
    """Return what everybody used on and after a day, in no order."""
    return _usages(await reader.fetch_all(SELECT_SINCE, {"since": day}))


async def forget_member(write: Transaction, member_id: int) -> None:
    """Move what a member used to nobody's account."""
    await write.execute(FOLD, {"nobody": _NOBODY, "member_id": member_id})
    await write.execute(DELETE, {"member_id": member_id})


def _usages(rows: list[Row]) -> list[Usage]:
    return [Usage(**dict(row)) for row in rows]
