"""What can go wrong with the store; the text of each says what is wrong and what to do."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class StorageError(Exception):
    """The store cannot be used as it is; nothing was changed by the call that raised this."""


class NewerDatabase(StorageError):
    """A database that a newer version of the program has written."""


class DamagedDatabase(StorageError):
    """A file that is no whole database any more."""


class ForeignDatabase(StorageError):
    """A database that belongs to another program."""


class LockedDatabase(StorageError):
    """A database that another process uses."""


class DiskFull(StorageError):
    """No room to write."""


class Unwritable(StorageError):
    """A folder or file that cannot be read or written."""


class MigrationFailed(StorageError):
    """A database that could not be brought to this version."""


class UnreadableRow(StorageError):
    """Settings in the database that this version cannot read."""


class UnreadableRecipe(Exception):
    """A recipe that another version of the program wrote, and that this one cannot read; the store is well."""


_FULL_ERRNOS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def explain_sqlite(error: sqlite3.Error, path: Path) -> StorageError | None:
    """Return the words for an error of SQLite, or None for a defect of the program such as a broken constraint."""
    # An extended result code holds the primary one in its low byte (https://www.sqlite.org/rescode.html).
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return damaged(path, str(error))
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return LockedDatabase(
                f"The database {path} is locked by another program. Close whatever has it open and start again."
            )
        case sqlite3.SQLITE_FULL:
            return DiskFull(f"The disk that holds {path} is full. Make room there; nothing that was saved is lost.")
        case sqlite3.SQLITE_IOERR if error.sqlite_errorcode == sqlite3.SQLITE_IOERR_WRITE:
            # Of a quota or a limit that is reached SQLite says no more than that.
            return Unwritable(
                f"The database {path} cannot be written ({error}). "
                "Check the disk, and that there is room on it, also by this account's quota; nothing that was saved "
                "is lost."
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_IOERR | sqlite3.SQLITE_CANTOPEN:
            return Unwritable(
                f"The database {path} cannot be read or written ({error}). "
                "Check the disk, and that this account may write to the file and its folder."
            )
    return None


def explain_os(error: OSError, path: Path) -> StorageError:
    """Return the words for an error of the file system."""
    if error.errno in _FULL_ERRNOS:
        why = "is full" if error.errno == errno.ENOSPC else f"takes no more of it ({error.strerror or error})"
        return DiskFull(f"The disk that holds {path} {why}. Make room there; nothing that was saved is lost.")
    return Unwritable(
        f"{path} cannot be read or written ({error.strerror or error}). "
        "Check the disk, and that this account may write there."
    )


def damaged(path: Path, detail: str) -> DamagedDatabase:
    """Return the words for a damaged database."""
    return DamagedDatabase(
        f"The database {path} is damaged ({detail}). Move it and its -wal and -shm files away, then put back a copy "
        f"of yours or one of {path.stem}.before-*{path.suffix} beside it, or start with none."
    )


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what SQLite and the file system raise inside into a StorageError; let defects through as they are."""
    try:
        yield
    except sqlite3.Error as error:
        known = explain_sqlite(error, path)
        if known is None:
            raise
        raise known from error
    except OSError as error:
        raise explain_os(error, path) from error
