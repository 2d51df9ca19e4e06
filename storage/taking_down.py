"""Taking down: what a member made in a server is deleted by those who run it, and its messages are found."""

from collections.abc import Sequence

import msgspec

from inference.protocol.messages import JobId
from storage import images
from storage.database import Reader, Transaction

#: Requests with pictures that are still kept.
SELECT_JOBS = """
    SELECT id, sequence FROM jobs
    WHERE member_id = :member_id AND guild_id = :guild_id AND sequence > :after
        AND EXISTS (SELECT 1 FROM images WHERE images.job_id = jobs.id AND deleted_at IS NULL)
    ORDER BY sequence LIMIT :limit
"""
COUNT = """
    SELECT count(*) AS pictures FROM jobs JOIN images ON images.job_id = jobs.id
    WHERE jobs.member_id = :member_id AND guild_id = :guild_id AND deleted_at IS NULL
"""
#: What could not be sent is found in the history, where nothing is left of it.
SETTLE = """
    UPDATE deliveries SET state = CASE state WHEN 'kept' THEN 'sent' ELSE 'failed' END, updated_at = :now
    WHERE job_id IN (SELECT value FROM json_each(:ids)) AND state IN ('pending', 'progress', 'kept')
"""
#: A message outlives its files: it holds copies of them.
SELECT_MESSAGES = """
    SELECT jobs.id, deliveries.channel_id, message_id FROM jobs JOIN deliveries ON deliveries.job_id = jobs.id
    WHERE member_id = :member_id AND guild_id = :guild_id AND message_id IS NOT NULL
        AND deliveries.error IS NOT 'deleted'
        AND EXISTS (SELECT 1 FROM images WHERE images.job_id = jobs.id)
        AND NOT EXISTS (SELECT 1 FROM images WHERE images.job_id = jobs.id AND deleted_at IS NULL)
    ORDER BY sequence DESC LIMIT :limit
"""
NOTE_GONE = "UPDATE deliveries SET error = 'deleted', updated_at = :now WHERE job_id = :job_id"


class Message(msgspec.Struct, frozen=True):
    """A message that shows what was deleted."""

    job_id: JobId
    channel_id: int
    message_id: int


async def count(reader: Reader, guild_id: int, member_id: int) -> int:
    """Return how many pictures are kept that a member made in a server."""
    row = await reader.fetch_one(COUNT, {"guild_id": guild_id, "member_id": member_id})
    assert row is not None, "a count gives a row"
    return int(row["pictures"])


async def take_down(
    write: Transaction, guild_id: int, member_id: int, after: int = 0, limit: int = 50
) -> tuple[int, int | None]:
    """Delete the pictures of some requests of a member in a server: those whose `sequence` is greater than `after`.

    Returns how many, and the cursor of the next; None when none is left. Their rows and recipes stay; call
    `disposal.sweep` when all are deleted.
    """
    parameters = {"guild_id": guild_id, "member_id": member_id, "after": after, "limit": limit}
    rows = await write.fetch_all(SELECT_JOBS, parameters)
    jobs: Sequence[JobId] = [row["id"] for row in rows]
    deleted = sum([await images.delete_of_job(write, job) for job in jobs])
    await write.execute(SETTLE, {"ids": msgspec.json.encode(jobs).decode(), "now": write.now})
    return deleted, rows[-1]["sequence"] if rows else None


async def messages(reader: Reader, guild_id: int, member_id: int, limit: int) -> list[Message]:
    """Return messages that show what was deleted of a member in a server, the newest first."""
    parameters = {"guild_id": guild_id, "member_id": member_id, "limit": limit}
    return [Message(*row) for row in await reader.fetch_all(SELECT_MESSAGES, parameters)]


async def note_gone(write: Transaction, job_id: JobId) -> None:
    """Note that the message of a request is gone, or cannot be taken away."""
    await write.execute(NOTE_GONE, {"job_id": job_id, "now": write.now})
