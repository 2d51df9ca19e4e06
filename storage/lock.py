"""One process at a time: a lock of the operating system, which ends with the process however that ends."""

import os
import sys
from pathlib import Path

from storage.errors import LockedDatabase, explain_os

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

#: Far behind the text, because what is locked on Windows cannot be read by others.
_LOCKED_BYTE = 1 << 30


class ProcessLock:
    """An exclusive lock beside a database; the file stays, the lock does not."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._path = database.with_name(database.name + ".lock")
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock. Raises LockedDatabase when another holds it, Unwritable or DiskFull."""
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise explain_os(error, self._path) from error
        try:
            _lock(descriptor)
        except OSError as error:
            holder = os.read(descriptor, 20)
            os.close(descriptor)
            raise self._refusal(holder.decode("ascii", "replace").strip()) from error
        self._descriptor = descriptor
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Give the lock back, if it is held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _refusal(self, holder: str) -> LockedDatabase:
        by = f"another Easel (process {holder})" if holder.isdigit() else "another Easel"
        return LockedDatabase(
            f"The database {self._database} is used by {by}. Stop that one first, or give this one a folder of its own."
        )


def _lock(descriptor: int) -> None:
    """Take an exclusive lock without waiting. Raises OSError when another holds it."""
    if sys.platform == "win32":
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
