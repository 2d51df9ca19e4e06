"""Deleting files that no row needs: first noted in the transaction that let them go, then swept."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from inference.protocol.recipe import ContentHash
from storage.database import Database, Transaction
from storage.files import ContentFolder

FolderName = Literal["pictures", "inputs", "adapters", "previews"]

_SWEEP_FILES = 500

INSERT = "INSERT OR IGNORE INTO doomed_files (folder, hash) VALUES (?, ?)"
DELETE = "DELETE FROM doomed_files WHERE folder = ? AND hash = ?"
#: Whatever came to be needed again since it was noted is no longer doomed.
PARDON_PICTURES = """
    DELETE FROM doomed_files WHERE folder = 'pictures'
        AND EXISTS (SELECT 1 FROM images WHERE images.hash = doomed_files.hash AND deleted_at IS NULL)
"""
PARDON_INPUTS = """
    DELETE FROM doomed_files WHERE folder = 'inputs'
        AND EXISTS (SELECT 1 FROM inputs WHERE inputs.hash = doomed_files.hash)
"""
PARDON_ADAPTERS = """
    DELETE FROM doomed_files WHERE folder = 'adapters'
        AND EXISTS (SELECT 1 FROM adapters WHERE adapters.hash = doomed_files.hash)
"""
PARDON_PREVIEWS = """
    DELETE FROM doomed_files WHERE folder = 'previews'
        AND EXISTS (SELECT 1 FROM adapters WHERE adapters.preview = doomed_files.hash)
"""
PARDONS: Mapping[FolderName, str] = {
    "pictures": PARDON_PICTURES,
    "inputs": PARDON_INPUTS,
    "adapters": PARDON_ADAPTERS,
    "previews": PARDON_PREVIEWS,
}
SELECT = "SELECT hash FROM doomed_files WHERE folder = :folder AND hash > :after ORDER BY hash LIMIT :limit"


async def doom(write: Transaction, folder: FolderName, names: Iterable[ContentHash]) -> None:
    """Note files that may be needed no more."""
    rows = [(folder, name) for name in names]
    if rows:
        await write.execute_many(INSERT, rows)


async def sweep(database: Database, pictures: ContentFolder, inputs: ContentFolder) -> int:
    """Delete every noted file that no row needs, and return how many.

    Never call it inside a transaction. Files held by `ContentFolder.keep` wait for the next sweep. Raises StorageError.
    """
    return await _sweep(database, "pictures", pictures) + await _sweep(database, "inputs", inputs)


async def sweep_adapters(database: Database, adapters: ContentFolder, previews: ContentFolder) -> int:
    """Delete every noted file of adapters and their previews that no row needs, as `sweep` does."""
    return await _sweep(database, "adapters", adapters) + await _sweep(database, "previews", previews)


async def _sweep(database: Database, folder: FolderName, files: ContentFolder) -> int:
    swept, after = 0, ""
    while True:
        async with database.transaction() as write:
            await write.execute(PARDONS[folder])
            rows = await write.fetch_all(SELECT, {"folder": folder, "after": after, "limit": _SWEEP_FILES})
            names: Sequence[ContentHash] = [row["hash"] for row in rows]
            if not names:
                return swept
            # Inside the transaction, so that no row can come to need a file between the question and the deletion.
            gone = await files.remove(names)
            await write.execute_many(DELETE, [(folder, name) for name in gone])
        swept += len(gone)
        after = names[-1]
