"""Inputs: the source pictures of unfinished jobs, kept on disk until the job ends."""

from collections.abc import Sequence

from inference.protocol.messages import JobId
from inference.protocol.recipe import ContentHash
from storage import disposal
from storage.database import Reader, Transaction

INSERT = "INSERT OR IGNORE INTO inputs (job_id, hash) VALUES (?, ?)"
DELETE = "DELETE FROM inputs WHERE job_id = :job_id RETURNING hash"
SELECT = "SELECT hash FROM inputs WHERE job_id = :job_id ORDER BY hash"


async def claim(write: Transaction, wanted: Sequence[tuple[JobId, ContentHash]]) -> None:
    """Note which jobs need which files; `ContentFolder.keep` holds those meanwhile."""
    if wanted:
        await write.execute_many(INSERT, wanted)


async def give_up(write: Transaction, job_id: JobId) -> None:
    """Let go of a job's source pictures; the next sweep deletes what no other job needs."""
    rows = await write.fetch_all(DELETE, {"job_id": job_id})
    await disposal.doom(write, "inputs", [row["hash"] for row in rows])


async def of_job(reader: Reader, job_id: JobId) -> tuple[ContentHash, ...]:
    """Return the hashes of the source pictures that a job holds on to."""
    return tuple(row["hash"] for row in await reader.fetch_all(SELECT, {"job_id": job_id}))
