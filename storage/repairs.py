"""Making files and rows agree again at the start, whatever happened to either."""

from collections.abc import Mapping

import msgspec

from inference.protocol.recipe import ContentHash
from storage import disposal, units
from storage.database import Database
from storage.files import DIGITS, ContentFolder

#: How long a file that no row knows stays in the folder `lost`.
KEEP_LOST_SECONDS = 30 * 24 * 3600.0

SELECT_PICTURES = """
    SELECT DISTINCT hash, bytes FROM images WHERE deleted_at IS NULL AND hash >= :low AND hash < :high
"""
SELECT_INPUTS = "SELECT DISTINCT hash FROM inputs WHERE hash >= :low AND hash < :high"
SELECT_JOBS_OF_INPUT = "SELECT job_id FROM inputs WHERE hash = :hash"
SELECT_ADAPTERS = "SELECT DISTINCT hash, bytes FROM adapters WHERE hash >= :low AND hash < :high"
SELECT_PREVIEWS = "SELECT DISTINCT preview AS hash FROM adapters WHERE preview >= :low AND preview < :high"
MARK_MISSING = "UPDATE images SET deleted_at = :now WHERE hash = :hash AND deleted_at IS NULL"


class Repairs(msgspec.Struct, kw_only=True):
    """What did not agree."""

    #: Files of pictures that no row knows, moved to the folder `lost`.
    lost_pictures: int = 0
    #: Files of pictures that were gone or cut short; their rows say deleted now, and they can be made again.
    missing_pictures: int = 0
    #: Source pictures that no job needs, deleted.
    spare_inputs: int = 0
    #: Source pictures that were gone; their jobs have failed in words.
    missing_inputs: int = 0
    #: Files of adapters that no row knows, moved to the folder `lost`; and previews, deleted.
    lost_adapters: int = 0
    spare_previews: int = 0
    #: Files of adapters that were gone or cut short; their rows stay, and nobody is offered them.
    missing_adapters: int = 0


async def repair(database: Database, pictures: ContentFolder, inputs: ContentFolder) -> Repairs:
    """Compare every file with its row, mend what does not agree, and return how much that was.

    For the start, before anything else writes. Raises StorageError.
    """
    await disposal.sweep(database, pictures, inputs)
    repairs = Repairs()
    for digit in DIGITS:
        await _repair_pictures(database, pictures, digit, repairs)
        await _repair_inputs(database, inputs, digit, repairs)
    await pictures.forget_lost(database.clock() - KEEP_LOST_SECONDS)
    return repairs


async def repair_adapters(database: Database, adapters: ContentFolder, previews: ContentFolder) -> Repairs:
    """Compare the files of adapters and of their previews with their rows, as `repair` does for pictures."""
    await disposal.sweep_adapters(database, adapters, previews)
    repairs = Repairs()
    for digit in DIGITS:
        found = await adapters.sizes(digit)
        rows = await database.fetch_all(SELECT_ADAPTERS, _range(digit))
        wanted: Mapping[ContentHash, int] = {row["hash"]: row["bytes"] for row in rows}
        lost = [name for name, size in found.items() if wanted.get(name) != size]
        await adapters.set_aside(lost)
        repairs.lost_adapters += len(lost)
        repairs.missing_adapters += sum(found.get(name) != size for name, size in wanted.items())
        shown = await previews.sizes(digit)
        shown_by = {row["hash"] for row in await database.fetch_all(SELECT_PREVIEWS, _range(digit))}
        repairs.spare_previews += len(await previews.remove([name for name in shown if name not in shown_by]))
    await adapters.forget_lost(database.clock() - KEEP_LOST_SECONDS)
    return repairs


async def _repair_pictures(database: Database, folder: ContentFolder, digit: str, repairs: Repairs) -> None:
    found = await folder.sizes(digit)
    rows = await database.fetch_all(SELECT_PICTURES, _range(digit))
    wanted: Mapping[ContentHash, int] = {row["hash"]: row["bytes"] for row in rows}
    missing = [name for name, size in wanted.items() if found.get(name) != size]
    lost = [name for name, size in found.items() if wanted.get(name) != size]
    if missing:
        async with database.transaction() as write:
            await write.execute_many(MARK_MISSING, [{"hash": name, "now": write.now} for name in missing])
    await folder.set_aside(lost)
    repairs.missing_pictures += len(missing)
    repairs.lost_pictures += len(lost)


async def _repair_inputs(database: Database, folder: ContentFolder, digit: str, repairs: Repairs) -> None:
    found = await folder.sizes(digit)
    wanted = {row["hash"] for row in await database.fetch_all(SELECT_INPUTS, _range(digit))}
    for name in wanted - set(found):
        await _fail_jobs(database, name)
        repairs.missing_inputs += 1
    repairs.spare_inputs += len(await folder.remove([name for name in found if name not in wanted]))


async def _fail_jobs(database: Database, missing: ContentHash) -> None:
    async with database.transaction() as write:
        for row in await write.fetch_all(SELECT_JOBS_OF_INPUT, {"hash": missing}):
            words = "The picture it was to start from is no longer on the disk. Send it again."
            await units.fail(write, row["job_id"], "invalid", words)


def _range(digit: str) -> dict[str, str]:
    """Return the bounds of every hash that begins with the digit; "g" comes after every hexadecimal digit."""
    return {"low": digit, "high": digit + "g"}
