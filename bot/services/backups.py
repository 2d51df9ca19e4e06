"""Backups while the bot runs: one at a time, how far it is, and how the last one ended."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from bot.texts import Mistake
from storage import ContentFolder, Database, StorageError
from storage.backup import Progress, Sources, make, prune

log = logging.getLogger("easel.backup")

#: Backups that `keep` may ask for.
MOST_KEPT = 1000


class BackupState(msgspec.Struct, frozen=True, kw_only=True):
    """How far a backup is, or how it ended."""

    going: bool = False
    done_bytes: int = 0
    #: 0 until it is known.
    total_bytes: int = 0
    #: Of one that is whole: where it lies, when it was made (seconds since 1970), and what it holds.
    path: str | None = None
    made_at: float | None = None
    bytes: int = 0
    files: int = 0
    #: Files that were not there, or not what they should be.
    missing: int = 0
    damaged: int = 0
    #: Older ones that were deleted.
    removed: int = 0
    #: Why there is none, in words.
    problem: str | None = None


def sources_of(
    pictures: ContentFolder,
    inputs: ContentFolder,
    adapters: ContentFolder,
    previews: ContentFolder,
    estimates: str,
    lists: Mapping[str, str],
) -> Sources:
    """Return what belongs to a backup: the folders, what was learned of step times, and the operator's lists."""
    return Sources(
        folders={"pictures": pictures, "inputs": inputs, "adapters": adapters, "adapter-previews": previews},
        extras={
            "estimates.json": estimates.encode(),
            **{f"wildcards/{name}.txt": text.encode() for name, text in lists.items()},
        },
    )


class Backups:
    """Makes backups of what a running bot has."""

    def __init__(
        self, *, database: Database, sources: Callable[[], Sources], folder: Path, keep: int, easel: str
    ) -> None:
        self._database = database
        self._sources = sources
        self._folder = folder
        self._keep = keep
        self._easel = easel
        self._progress: Progress | None = None
        self._task: asyncio.Task[BackupState] | None = None
        self._last = BackupState()

    @property
    def state(self) -> BackupState:
        """Return how far the one is that runs, or how the last one ended."""
        if self._progress is None:
            return self._last
        return BackupState(going=True, done_bytes=self._progress.done_bytes, total_bytes=self._progress.total_bytes)

    def begin(self, folder: Path | None = None, keep: int | None = None) -> None:
        """Begin a backup, into the usual folder if none is named, and then keep only the newest so many; 0: all.

        Raises Mistake while one runs.
        """
        if self._progress is not None:
            raise Mistake("backup_running")
        progress = self._progress = Progress()
        kept = self._keep if keep is None else keep
        self._task = asyncio.create_task(self._made(folder or self._folder, kept, progress), name="backup")

    async def ended(self) -> BackupState:
        """Wait for the backup that runs, and return how it ended."""
        if self._task is None:
            return self._last
        return await asyncio.shield(self._task)

    async def stop(self) -> None:
        """Give up what runs; nothing of it is left behind."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            # One that had not begun yet could not note that.
            self._progress = None

    async def _made(self, folder: Path, keep: int, progress: Progress) -> BackupState:
        try:
            made = await make(self._database, self._sources(), folder, self._easel, progress)
            removed = await asyncio.to_thread(prune, folder, keep) if keep else []
            self._last = BackupState(
                path=str(made.path),
                made_at=self._database.clock(),
                bytes=made.bytes,
                files=made.files,
                missing=made.missing,
                damaged=made.damaged,
                removed=len(removed),
            )
            log.info("backup %s: %d files, %d bytes", made.path, made.files, made.bytes)
        except StorageError as error:
            log.error("there is no backup: %s", error)
            self._last = BackupState(problem=str(error))
        except Exception as error:
            log.exception("there is no backup")
            self._last = BackupState(problem=f"{type(error).__name__}; the log says more.")
        finally:
            self._progress = None
        return self._last
