"""Purge: deleting everything that is kept of a server that the bot has left."""

from msgspec import json

from storage import audit, blocks, disposal
from storage.database import Database, Transaction

#: Jobs that are deleted in one transaction, so that other writers come in between.
_JOBS = 100

SELECT_LEFT_AT = "SELECT left_at FROM guilds WHERE id = :id"
#: Those asked for after the bot had left were asked for by members who brought it along themselves.
SELECT_JOBS = "SELECT id FROM jobs WHERE guild_id = :id AND created_at <= :left_at ORDER BY sequence LIMIT :limit"
SELECT_FILES = """
    SELECT DISTINCT hash FROM json_each(:jobs) AS gone JOIN images ON images.job_id = gone.value
    WHERE deleted_at IS NULL
"""
SELECT_INPUTS = "SELECT DISTINCT hash FROM json_each(:jobs) AS gone JOIN inputs ON inputs.job_id = gone.value"
#: Units, deliveries, inputs, images and everybody's marks on them go with the jobs.
DELETE_JOBS = "DELETE FROM jobs WHERE id IN (SELECT value FROM json_each(:jobs))"
#: What members made elsewhere from a picture of this server no longer says where that picture was.
FORGET_ORIGINS = """
    UPDATE jobs SET origin = json_set(origin, '$.message', NULL)
    WHERE parent_image IN (
        SELECT images.id FROM json_each(:jobs) AS gone JOIN images ON images.job_id = gone.value
    )
"""
DELETE_USAGE = "DELETE FROM usage WHERE guild_id = :id"
DELETE_STYLES = "DELETE FROM styles WHERE guild_id = :id"
DELETE_WILDCARDS = "DELETE FROM wildcards WHERE guild_id = :id"
DELETE_BANS = "DELETE FROM adapter_bans WHERE guild_id = :id"
DELETE_REMOVALS = "DELETE FROM adapter_removals WHERE guild_id = :id"
#: Their owners keep them.
WITHDRAW_ADAPTERS = """
    UPDATE adapters SET visibility = 'private', state = 'approved', guild_id = NULL
    WHERE guild_id = :id AND visibility <> 'public'
"""
MOVE_ADAPTERS = "UPDATE adapters SET guild_id = NULL WHERE guild_id = :id"
HIDE_FORMER = """
    UPDATE former_adapters SET visibility = CASE visibility WHEN 'server' THEN 'private' ELSE visibility END,
        guild_id = NULL
    WHERE guild_id = :id
"""
DELETE_GUILD = "DELETE FROM guilds WHERE id = :id AND enabled = 1"
#: That the operator has closed Easel to it outlives everything else, or the server comes back and is open.
BARE_GUILD = "UPDATE guilds SET settings = '{}', left_at = NULL, greeted_at = NULL WHERE id = :id"


async def purge(database: Database, guild_id: int) -> int:
    """Delete everything that is kept of a server, and return how many requests that were.

    It is done piece by piece, the server's own row last: what is interrupted is gone on with at the next call.
    Call `disposal.sweep` afterwards. Raises StorageError.
    """
    deleted = 0
    while True:
        async with database.transaction() as write:
            count = await _jobs(write, guild_id)
            if not count:
                await _rest(write, guild_id)
                return deleted
        deleted += count


async def _jobs(write: Transaction, guild_id: int) -> int:
    """Delete some of a server's jobs; return how many."""
    row = await write.fetch_one(SELECT_LEFT_AT, {"id": guild_id})
    left_at = write.now if row is None or row["left_at"] is None else row["left_at"]
    found = await write.fetch_all(SELECT_JOBS, {"id": guild_id, "left_at": left_at, "limit": _JOBS})
    jobs = {"jobs": json.encode([row["id"] for row in found]).decode()}
    await disposal.doom(write, "pictures", [row["hash"] for row in await write.fetch_all(SELECT_FILES, jobs)])
    await disposal.doom(write, "inputs", [row["hash"] for row in await write.fetch_all(SELECT_INPUTS, jobs)])
    await write.execute(FORGET_ORIGINS, jobs)
    await write.execute(DELETE_JOBS, jobs)
    return len(found)


async def _rest(write: Transaction, guild_id: int) -> None:
    await audit.delete_of_guild(write, guild_id)
    await blocks.delete_of_guild(write, guild_id)
    for statement in (
        DELETE_USAGE,
        DELETE_STYLES,
        DELETE_WILDCARDS,
        DELETE_BANS,
        DELETE_REMOVALS,
        WITHDRAW_ADAPTERS,
        MOVE_ADAPTERS,
        HIDE_FORMER,
        DELETE_GUILD,
        BARE_GUILD,
    ):
        await write.execute(statement, {"id": guild_id})
