"""Backups: one tar file with the database and every file that its rows name, made while others read and write.

The archive ends with `manifest.json`, which has the size and the SHA-256 of everything before it: what was cut off has
none. Models, settings and the token of the bot are not in it.
"""

import asyncio
import hashlib
import io
import os
import re
import shutil
import sqlite3
import tarfile
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final
from uuid import uuid4

import msgspec

from inference.protocol.recipe import ContentHash
from storage.database import Database
from storage.errors import DiskFull, StorageError, explained
from storage.files import ContentFolder

#: Of the manifest and of where things are in the archive.
FORMAT = 1
DATABASE, MANIFEST = "easel.sqlite3", "manifest.json"
#: Ends the names of archives; what is being written has one more.
SUFFIX, PART = ".tar", ".part"
_NAME = re.compile(r"easel-\d{8}-\d{6}(?:-\d+)?\.tar")
_PARTIAL = re.compile(rf"(?:{_NAME.pattern}|\.[0-9a-f]{{32}}\.sqlite3)\.part(?:-journal)?")
_STALE_SECONDS = 86_400.0

#: The files that rows name, by their folder in the archive.
SELECTS: Final[Mapping[str, str]] = {
    "pictures": "SELECT DISTINCT hash FROM images WHERE deleted_at IS NULL ORDER BY hash",
    "inputs": "SELECT DISTINCT hash FROM inputs ORDER BY hash",
    "adapters": "SELECT DISTINCT hash FROM adapters ORDER BY hash",
    "adapter-previews": "SELECT DISTINCT preview FROM adapters WHERE preview IS NOT NULL ORDER BY preview",
}

#: Left free on the disk.
_SPARE_BYTES = 64 * 2**20
#: Of a file's header and its padding in the archive.
_OVERHEAD_BYTES = 1024


class NoBackup(StorageError):
    """A backup that could not be made."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the archive."""

    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What is in an archive."""

    format: int
    #: The version of Easel that made it.
    easel: str
    #: The number of the database's newest migration.
    schema: int
    #: Seconds since 1970.
    created_at: float
    files: dict[str, Entry]
    #: Files that rows name and that were not there.
    missing: tuple[str, ...] = ()
    #: Files whose content is not what their name says: in the archive, and not restored.
    damaged: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Made:
    """A backup that is whole."""

    path: Path
    bytes: int
    files: int
    missing: int
    damaged: int


@dataclass
class Progress:
    """How far a backup is; written by the thread that makes it."""

    done_bytes: int = 0
    #: 0 until it is known.
    total_bytes: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What a backup holds beside the database."""

    #: By their names in the archive: those of `SELECTS`.
    folders: Mapping[str, ContentFolder]
    #: Small files by their names in the archive.
    extras: Mapping[str, bytes]


async def make(
    database: Database, sources: Sources, folder: Path, easel: str, progress: Progress | None = None
) -> Made:
    """Write a backup into a folder, which is made where it is missing.

    Nothing that the database names is deleted meanwhile. Raises NoBackup, DiskFull and other StorageErrors; nothing is
    left behind then, nor when it is cancelled.
    """
    going = progress or Progress()
    async with AsyncExitStack() as holds:
        for content in sources.folders.values():
            await holds.enter_async_context(content.unswept())
        writer = _Writer(database.path, sources, folder, easel, database.clock(), going)
        async with _ended(asyncio.ensure_future(asyncio.to_thread(writer.write)), going) as written:
            return await asyncio.shield(written)


@asynccontextmanager
async def _ended(work: "asyncio.Future[Made]", progress: Progress) -> AsyncIterator["asyncio.Future[Made]"]:
    """Stop what runs in a thread when nobody waits for it any more, and wait until it has stopped."""
    try:
        yield work
    except asyncio.CancelledError:
        progress.stopped.set()
        await asyncio.wait({work})
        if not work.cancelled():
            work.exception()  # taken note of
        raise


def archives(folder: Path) -> list[Path]:
    """Return the backups of a folder, oldest first. Slow."""
    with explained(folder):
        if not folder.is_dir():
            return []
        return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name) and path.is_file())


def prune(folder: Path, keep: int) -> list[Path]:
    """Delete all backups of a folder but the newest `keep`, at least one, and return those that are gone. Slow."""
    old = archives(folder)[: -max(1, keep)]
    for path in old:
        with explained(path):
            path.unlink(missing_ok=True)
    return old


class _Writer:
    """Writes one archive, in a thread."""

    def __init__(
        self, database: Path, sources: Sources, folder: Path, easel: str, now: float, progress: Progress
    ) -> None:
        self._database = database
        self._sources = sources
        self._folder = folder
        self._easel = easel
        self._now = now
        self._progress = progress
        self._files: dict[str, Entry] = {}
        self._missing: list[str] = []
        self._damaged: list[str] = []

    def write(self) -> Made:
        """Write the archive under another name, and give it its own when it is whole."""
        with explained(self._folder):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _forget_parts(self._folder)
            target = _free_name(self._folder, self._now)
            part = target.with_name(target.name + PART)
            copy = self._folder / f".{uuid4().hex}.sqlite3{PART}"
            try:
                self._require_room(2 * self._database.stat().st_size)
                _private(copy).close()
                schema = _snapshot(self._database, copy)
                with _private(part) as file:
                    self._fill(file, copy, schema)
                    file.flush()
                    os.fsync(file.fileno())
                part.replace(target)
            finally:
                part.unlink(missing_ok=True)
                _remove_database(copy)
            return Made(
                path=target,
                bytes=target.stat().st_size,
                files=len(self._files),
                missing=len(self._missing),
                damaged=len(self._damaged),
            )

    def _fill(self, file: IO[bytes], copy: Path, schema: int) -> None:
        found = list(self._named(copy))
        total = copy.stat().st_size + sum(size + _OVERHEAD_BYTES for _, _, _, size in found)
        self._require_room(total)
        self._progress.total_bytes = total
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
            self._add(archive, DATABASE, copy)
            for name, content in self._sources.extras.items():
                self._put(archive, name, io.BytesIO(content), len(content))
            for name, path, expected, _size in found:
                self._add(archive, name, path, expected)
            manifest = Manifest(
                format=FORMAT,
                easel=self._easel,
                schema=schema,
                created_at=self._now,
                files=self._files,
                missing=tuple(self._missing),
                damaged=tuple(self._damaged),
            )
            text = msgspec.json.encode(manifest)
            archive.addfile(_info(MANIFEST, len(text), self._now), io.BytesIO(text))

    def _named(self, copy: Path) -> Iterator[tuple[str, Path, ContentHash, int]]:
        """Return every file that the database names: its name in the archive, itself, its hash and its bytes."""
        with closing(sqlite3.connect(copy)) as connection:
            for place, select in SELECTS.items():
                content = self._sources.folders[place]
                for (hash_,) in connection.execute(select):
                    path = content.path(hash_)
                    name = f"{place}/{path.relative_to(content.root).as_posix()}"
                    try:
                        yield name, path, hash_, path.stat().st_size
                    except FileNotFoundError:
                        self._missing.append(name)

    def _add(self, archive: tarfile.TarFile, name: str, path: Path, expected: ContentHash | None = None) -> None:
        try:
            file = path.open("rb")
        except FileNotFoundError:
            self._missing.append(name)
            return
        with file:
            found = self._put(archive, name, file, os.fstat(file.fileno()).st_size)
        if expected is not None and found != expected:
            self._damaged.append(name)

    def _put(self, archive: tarfile.TarFile, name: str, file: IO[bytes], size: int) -> str:
        """Write a file to the archive and return its SHA-256."""
        if self._progress.stopped.is_set():
            raise NoBackup("The backup was stopped.")
        hashing = _Hashing(file, self._progress)
        archive.addfile(_info(name, size, self._now), hashing)
        self._progress.done_bytes += _OVERHEAD_BYTES
        found = hashing.hexdigest()
        self._files[name] = Entry(bytes=size, sha256=found)
        return found

    def _require_room(self, wanted: int) -> None:
        """Raise DiskFull where the disk has not as many bytes free."""
        free = shutil.disk_usage(self._folder).free
        if free < wanted + _SPARE_BYTES:
            raise DiskFull(
                f"The backup needs {_gigabytes(wanted + _SPARE_BYTES)} in {self._folder}, and {_gigabytes(free)} are "
                "free there. Make room, or name a folder on another disk."
            )


class _Hashing(io.RawIOBase):
    """A file that is hashed while it is read."""

    def __init__(self, file: IO[bytes], progress: Progress) -> None:
        self._file = file
        self._progress = progress
        self._hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        if self._progress.stopped.is_set():
            raise NoBackup("The backup was stopped.")
        data = self._file.read(size)
        self._hash.update(data)
        self._progress.done_bytes += len(data)
        return data

    def hexdigest(self) -> str:
        """Return the SHA-256 of what was read."""
        return self._hash.hexdigest()


def _snapshot(database: Path, copy: Path) -> int:
    """Copy the database as the last whole transaction left it, and return the number of its newest migration."""
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as target:
        source.execute("PRAGMA query_only = ON")
        source.backup(target)
        # One file, without a log beside it.
        target.execute("PRAGMA journal_mode = DELETE")
        (schema,) = target.execute("PRAGMA user_version").fetchone()
    return int(schema)


def _forget_parts(folder: Path) -> None:
    """Delete what was left by backups that were killed long ago; another bot may be writing here now."""
    for path in folder.iterdir():
        if _PARTIAL.fullmatch(path.name) and path.stat().st_mtime < time.time() - _STALE_SECONDS:
            path.unlink(missing_ok=True)


def _remove_database(path: Path) -> None:
    for ending in ("", "-journal", "-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _private(path: Path) -> IO[bytes]:
    """Open a new file that this account alone may read."""
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600), "wb")


def _free_name(folder: Path, now: float) -> Path:
    """Return a name that no backup of the folder has: when it was made, and a number where that is not enough."""
    stem = time.strftime("easel-%Y%m%d-%H%M%S", time.gmtime(now))
    names = (f"{stem}{SUFFIX}" if number == 1 else f"{stem}-{number}{SUFFIX}" for number in range(1, 1_000_000))
    paths = (folder / name for name in names)
    return next(path for path in paths if not path.exists() and not path.with_name(path.name + PART).exists())


def _info(name: str, size: int, now: float) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = size, int(now), 0o600
    return info


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
