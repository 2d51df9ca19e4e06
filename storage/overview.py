"""What the operator sees of everything together: servers with what they used, and how much is kept."""

import msgspec

from storage.database import Reader

#: Every server of which anything is known: that was asked in, that has settings, or whose members used anything.
SELECT_SERVERS = """
    WITH known AS (
        SELECT id FROM guilds
        UNION SELECT guild_id FROM usage WHERE guild_id <> 0
    )
    SELECT known.id,
        coalesce(guilds.enabled, 1) AS enabled,
        coalesce(guilds.closed_why, '') AS closed_why,
        guilds.left_at,
        (SELECT coalesce(sum(pictures), 0) FROM usage WHERE guild_id = known.id AND day >= :since) AS pictures,
        (SELECT coalesce(sum(gpu_seconds), 0.0) FROM usage WHERE guild_id = known.id AND day >= :since) AS gpu_seconds,
        (
            SELECT count(DISTINCT member_id) FROM usage
            WHERE guild_id = known.id AND day >= :since AND member_id <> 0
        ) AS members
    FROM known LEFT JOIN guilds ON guilds.id = known.id
    ORDER BY pictures DESC, known.id
"""
#: A file that several pictures share counts once.
SELECT_KEPT = """
    SELECT count(*) AS pictures,
        (
            SELECT coalesce(sum(bytes), 0)
            FROM (SELECT max(bytes) AS bytes FROM images WHERE deleted_at IS NULL GROUP BY hash)
        ) AS bytes,
        (SELECT count(DISTINCT image_id) FROM favourites) AS favourites,
        min(created_at) AS oldest_at
    FROM images WHERE deleted_at IS NULL
"""
#: As `images.retire` chooses them.
SELECT_OLDER = """
    SELECT count(*) AS pictures, coalesce(sum(bytes), 0) AS bytes FROM images
    WHERE deleted_at IS NULL AND created_at < :before
        AND NOT EXISTS (SELECT 1 FROM favourites WHERE image_id = images.id)
        AND NOT EXISTS (
            SELECT 1 FROM deliveries
            WHERE job_id = images.job_id AND state IN ('pending', 'progress')
        )
"""


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """A server, and what its members used since some day."""

    id: int
    #: False: the operator has closed Easel to it, for this reason.
    enabled: bool
    closed_why: str
    #: Since when the bot is there no more; None while it is.
    left_at: float | None
    pictures: int
    gpu_seconds: float
    #: Members who used anything.
    members: int


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of pictures."""

    pictures: int
    bytes: int
    favourites: int
    #: Seconds since 1970; None where nothing is kept.
    oldest_at: float | None


class Older(msgspec.Struct, frozen=True, kw_only=True):
    """Pictures that would be deleted."""

    pictures: int
    bytes: int


async def servers(reader: Reader, since: str = "") -> list[Server]:
    """Return every server of which anything is known, with what was used on and after a day (UTC), most first."""
    rows = await reader.fetch_all(SELECT_SERVERS, {"since": since})
    return [Server(**{**dict(row), "enabled": bool(row["enabled"])}) for row in rows]


async def kept(reader: Reader) -> Kept:
    """Return how much is kept."""
    row = await reader.fetch_one(SELECT_KEPT)
    assert row is not None, "an aggregate gives a row"
    return Kept(**dict(row))


async def older(reader: Reader, before: float) -> Older:
    """Return what would go of pictures made before that time: favourites and what is on its way stay."""
    row = await reader.fetch_one(SELECT_OLDER, {"before": before})
    assert row is not None, "an aggregate gives a row"
    return Older(**dict(row))
