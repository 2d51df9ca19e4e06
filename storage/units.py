"""Units: one picture each. They are what engines are given, and a job's state follows from theirs."""

from collections.abc import Collection, Iterable, Mapping
from typing import Literal

import msgspec

from inference.protocol.messages import FailureKind, JobId, LaunchId
from inference.protocol.recipe import ContentHash
from storage import disposal, images, inputs, usage
from storage.database import Row, Transaction, Value
from storage.images import ImageId, NewImage

UnitState = Literal["waiting", "running", "done", "failed", "cancelled"]
#: Why a unit failed: what engines tell; or refused: a rule forbade it when its turn came.
FailureReason = FailureKind | Literal["refused"]

CLAIM = """
    UPDATE units SET state = 'running', launch = :launch
    WHERE job_id = :job_id AND state = 'waiting' AND unit_index IN (SELECT value FROM json_each(:indexes))
    RETURNING *
"""
REQUEUE = """
    UPDATE units SET state = 'waiting', launch = NULL, attempts = attempts + :failed
    WHERE state = 'running' AND launch = :launch
    RETURNING *
"""
REQUEUE_ALL = """
    UPDATE units SET state = 'waiting', launch = NULL, attempts = attempts + 1
    WHERE state = 'running' AND launch NOT IN (SELECT value FROM json_each(:living))
    RETURNING *
"""
FINISH = """
    UPDATE units SET state = 'done', launch = NULL, image_hash = :hash
    WHERE job_id = :job_id AND unit_index = :unit_index AND state = 'running' AND launch = :launch
"""
SELECT_UNFINISHED = """
    SELECT * FROM units
    WHERE job_id = :job_id AND state IN ('waiting', 'running')
        AND (:launch IS NULL OR launch = :launch)
        AND (:indexes IS NULL OR unit_index IN (SELECT value FROM json_each(:indexes)))
    ORDER BY unit_index
"""
END = "UPDATE units SET state = :state, launch = NULL WHERE job_id = :job_id AND unit_index = :unit_index"
NOTE_FAILURE = "UPDATE jobs SET failure_kind = :kind, failure_text = :text WHERE id = :job_id"
SETTLE = """
    UPDATE jobs SET
        state = found.state,
        attempts = found.attempts,
        started_at = CASE WHEN found.state = 'running' THEN coalesce(started_at, :now) ELSE started_at END,
        ended_at = CASE WHEN found.state IN ('done', 'failed', 'cancelled') THEN coalesce(ended_at, :now) END
    FROM (
        SELECT max(attempts) AS attempts, CASE
            WHEN sum(state = 'running') THEN 'running'
            WHEN sum(state = 'waiting') THEN 'waiting'
            WHEN sum(state = 'failed') THEN 'failed'
            WHEN sum(state = 'cancelled') THEN 'cancelled'
            ELSE 'done'
        END AS state
        FROM units WHERE job_id = :job_id
    ) AS found
    WHERE id = :job_id
    RETURNING jobs.state
"""
SELECT_OWNER = "SELECT member_id, guild_id FROM jobs WHERE id = :job_id"


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """One picture of a job as it stands."""

    job_id: JobId
    index: int
    state: UnitState
    #: The launch of an engine that holds its lease; set while it runs.
    launch: LaunchId | None
    #: How often an engine died while it held the lease.
    attempts: int
    image_hash: ContentHash | None


async def claim(write: Transaction, launch: LaunchId, wanted: Mapping[JobId, Iterable[int]]) -> tuple[Unit, ...]:
    """Lease waiting units, given as indexes by job, to a launch; return those that still waited, as they are now."""
    claimed: list[Unit] = []
    for job_id, indexes in wanted.items():
        parameters = {"launch": launch, "job_id": job_id, "indexes": _json(indexes)}
        rows = await write.fetch_all(CLAIM, parameters)
        if rows:
            claimed += sorted(map(unit_from, rows), key=lambda unit: unit.index)
            await _settle(write, job_id)
    return tuple(claimed)


async def requeue(write: Transaction, launch: LaunchId, *, failed: bool = True) -> tuple[Unit, ...]:
    """Put back every unit that a launch holds, with one attempt more, and return them as they are now.

    `failed=False` puts them back without counting, for an engine that was stopped on purpose.
    """
    return await _put_back(write, await write.fetch_all(REQUEUE, {"launch": launch, "failed": int(failed)}))


async def requeue_abandoned(write: Transaction, living: Iterable[LaunchId] = ()) -> tuple[Unit, ...]:
    """Put back every unit that is leased to a launch other than the living ones; for the start of the bot."""
    return await _put_back(write, await write.fetch_all(REQUEUE_ALL, {"living": _json(living)}))


async def finish(
    write: Transaction, job_id: JobId, index: int, launch: LaunchId, image: NewImage, *, gpu_seconds: float = 0.0
) -> ImageId | None:
    """Note a unit's picture, which `ContentFolder.keep` holds meanwhile, and what it has used.

    Returns None, changes nothing and gives the file up when that launch does not hold the unit any more.
    """
    parameters: dict[str, Value] = {"job_id": job_id, "unit_index": index, "launch": launch, "hash": image.hash}
    if not await write.execute(FINISH, parameters):
        await disposal.doom(write, "pictures", [image.hash])
        return None
    owner = await write.fetch_one(SELECT_OWNER, {"job_id": job_id})
    assert owner is not None, "a unit has a job"
    image_id = await images.add(write, job_id, index, owner["member_id"], image)
    await usage.add(write, owner["member_id"], owner["guild_id"], gpu_seconds=gpu_seconds, pictures=1)
    await _settle(write, job_id)
    return image_id


async def fail(
    write: Transaction,
    job_id: JobId,
    kind: FailureReason,
    text: str,
    *,
    launch: LaunchId | None = None,
    indexes: Collection[int] | None = None,
) -> tuple[Unit, ...]:
    """End units without a picture, with words for a person; return them as they were before.

    Every unfinished unit of the job, or only those that `launch` holds, or only those of `indexes`.
    """
    units = await _end(write, job_id, "failed", launch, indexes)
    if units:
        await write.execute(NOTE_FAILURE, {"job_id": job_id, "kind": kind, "text": text})
    return units


async def cancel(write: Transaction, job_id: JobId, *, indexes: Collection[int] | None = None) -> tuple[Unit, ...]:
    """End every unfinished unit of a job, or only those of `indexes`; return them as they were before.

    Of those that were running, `launch` tells which engine is to be told.
    """
    return await _end(write, job_id, "cancelled", None, indexes)


def unit_from(row: Row) -> Unit:
    """Return the unit of a row of the table."""
    columns = dict(row)
    return Unit(index=columns.pop("unit_index"), **columns)


async def _put_back(write: Transaction, rows: Iterable[Row]) -> tuple[Unit, ...]:
    units = sorted(map(unit_from, rows), key=lambda unit: (unit.job_id, unit.index))
    for job_id in dict.fromkeys(unit.job_id for unit in units):
        await _settle(write, job_id)
    return tuple(units)


async def _end(
    write: Transaction, job_id: JobId, state: UnitState, launch: LaunchId | None, indexes: Collection[int] | None
) -> tuple[Unit, ...]:
    chosen = None if indexes is None else _json(indexes)
    rows = await write.fetch_all(SELECT_UNFINISHED, {"job_id": job_id, "launch": launch, "indexes": chosen})
    units = tuple(map(unit_from, rows))
    if units:
        ends = [{"state": state, "job_id": job_id, "unit_index": unit.index} for unit in units]
        await write.execute_many(END, ends)
        await _settle(write, job_id)
    return units


async def _settle(write: Transaction, job_id: JobId) -> None:
    """Set the job's state to what its units say; a job that has ended gives its source pictures up."""
    row = await write.fetch_one(SETTLE, {"job_id": job_id, "now": write.now})
    if row is not None and row["state"] not in ("waiting", "running"):
        await inputs.give_up(write, job_id)


def _json(values: Iterable[object]) -> str:
    return msgspec.json.encode(list(values)).decode()
