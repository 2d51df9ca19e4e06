"""Restoring a backup into an empty folder: everything is checked, and nothing half done looks whole."""

import hashlib
import os
import re
import shutil
import sqlite3
import tarfile
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote

import msgspec

from storage.backup import DATABASE, FORMAT, MANIFEST, Manifest
from storage.database import RESTORING
from storage.errors import DiskFull, StorageError, explained
from storage.upgrade import APPLICATION_ID, read_migrations

#: What an archive may hold; nothing of this leads out of a folder.
_ALLOWED = re.compile(
    r"easel\.sqlite3|estimates\.json"
    r"|pictures/[0-9a-f]{2}/[0-9a-f]{62}\.png|inputs/[0-9a-f]{2}/[0-9a-f]{62}"
    r"|adapters/[0-9a-f]{64}\.safetensors|adapter-previews/[0-9a-f]{2}/[0-9a-f]{62}\.png"
    r"|wildcards/[a-z0-9_-]+(?:/[a-z0-9_-]+)*\.txt"
)
#: Of the manifest, which is read into memory.
_MOST_MANIFEST_BYTES = 2**30
_SPARE_BYTES = 64 * 2**20
_PIECE_BYTES = 2**20
#: Names of what is in the way that are told.
_SHOWN = 5


class BadBackup(StorageError):
    """A file that is no whole backup."""


class NotEmpty(StorageError):
    """A folder that holds something already."""


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What was restored."""

    folder: Path
    manifest: Manifest
    bytes: int


def restore(archive: Path, folder: Path, beside: Collection[str] = ()) -> Restored:
    """Restore a backup into a folder that is missing, or empty but for what is called as one of `beside`. Slow.

    Raises BadBackup, NotEmpty, DiskFull and other StorageErrors; the folder is then as it was. When the process is
    killed, the folder holds `RESTORING`.
    """
    with explained(archive), _opened(archive) as tar:
        manifest, members = _read(archive, tar)
        with explained(folder):
            made = not folder.exists()
            _require_empty(folder, beside)
            folder.mkdir(parents=True, exist_ok=True)
            staging = folder / RESTORING
            try:
                _require_room(folder, sum(entry.bytes for entry in manifest.files.values()))
                shutil.rmtree(staging, ignore_errors=True)
                staging.mkdir()
                written = _unpack(archive, tar, members, manifest, staging)
                _check_database(archive, staging / DATABASE)
            except BaseException:
                shutil.rmtree(staging, ignore_errors=True)
                if made:
                    folder.rmdir()
                raise
            _move(staging, folder)
    return Restored(folder=folder, manifest=manifest, bytes=written)


def inspect(archive: Path) -> Manifest:
    """Return what a backup says is in it. Slow. Raises BadBackup and other StorageErrors."""
    with explained(archive), _opened(archive) as tar:
        return _read(archive, tar)[0]


@contextmanager
def _opened(archive: Path) -> Iterator[tarfile.TarFile]:
    if not archive.is_file():
        raise BadBackup(f"There is no file {archive}.")
    try:
        with tarfile.open(archive, "r:") as tar:
            yield tar
    except (tarfile.TarError, EOFError, UnicodeError, OverflowError) as error:
        raise _bad(archive, str(error)) from error


def _read(archive: Path, tar: tarfile.TarFile) -> tuple[Manifest, dict[str, tarfile.TarInfo]]:
    """Return the manifest and the files that it names, each of which is there and may be. Raises BadBackup."""
    members: dict[str, tarfile.TarInfo] = {}
    last = None
    for member in tar:
        if not member.isreg() or member.issparse():
            raise _bad(archive, f"{_shown(member.name)} is no file")
        if member.name in members or last == MANIFEST:
            raise _bad(archive, f"{_shown(member.name)} is there twice, or after the end")
        if member.name != MANIFEST and not _ALLOWED.fullmatch(member.name):
            raise _bad(archive, f"{_shown(member.name)} belongs to no backup")
        last = member.name
        members[member.name] = member
    if last != MANIFEST:
        raise _bad(archive, "its end is missing")
    manifest = _manifest(archive, tar, members.pop(MANIFEST))
    if set(members) != set(manifest.files) or DATABASE not in members:
        raise _bad(archive, "it does not hold what it says")
    for name, member in members.items():
        if member.size != manifest.files[name].bytes:
            raise _bad(archive, f"{name} is of another size than it says")
    return manifest, members


def _manifest(archive: Path, tar: tarfile.TarFile, member: tarfile.TarInfo) -> Manifest:
    file = tar.extractfile(member)
    if file is None or member.size > _MOST_MANIFEST_BYTES:
        raise _bad(archive, "its end is missing")
    text = file.read()
    try:
        version = msgspec.json.decode(text, type=_Version).format
        if version > FORMAT:
            raise BadBackup(f"{archive} was made by a newer Easel. Update Easel and restore it then.")
        return msgspec.json.decode(text, type=Manifest)
    except msgspec.DecodeError as error:
        raise _bad(archive, f"its manifest cannot be read: {error}") from error


class _Version(msgspec.Struct):
    format: int


def _require_empty(folder: Path, beside: Collection[str]) -> None:
    """Raise NotEmpty for a folder that holds anything else than what is left of a restore that was cut off."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise NotEmpty(f"{folder} is no folder. Name an empty one.")
    there = sorted(path.name for path in folder.iterdir() if path.name not in beside)
    if there == [RESTORING]:
        return
    if RESTORING in there:
        raise NotEmpty(
            f"An earlier restore into {folder} was cut off. Delete what it left there, or name another folder."
        )
    if there:
        named = ", ".join(map(_shown, there[:_SHOWN])) + (", …" if len(there) > _SHOWN else "")
        raise NotEmpty(f"{folder} is not empty: it holds {named}. A backup is restored into an empty folder only.")


def _require_room(folder: Path, wanted: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < wanted + _SPARE_BYTES:
        raise DiskFull(
            f"The backup needs {(wanted + _SPARE_BYTES) / 1e9:.1f} GB in {folder}, and {free / 1e9:.1f} GB are free "
            "there. Make room, or name a folder on another disk."
        )


def _unpack(
    archive: Path, tar: tarfile.TarFile, members: dict[str, tarfile.TarInfo], manifest: Manifest, staging: Path
) -> int:
    """Write every file and return how many bytes that were. Raises BadBackup for the first that is not what it was."""
    written, damaged = 0, set(manifest.damaged)
    for name, member in members.items():
        file = tar.extractfile(member)
        if file is None:
            raise _bad(archive, f"{name} is no file")
        if name in damaged:
            # It was before the backup was made; the row says what can be made again.
            continue
        target = staging / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as out:
            found = _copied(file, out)
            out.flush()
            os.fsync(out.fileno())
        if found != manifest.files[name].sha256:
            raise _bad(archive, f"{name} is damaged")
        written += member.size
    return written


def _copied(file: IO[bytes], out: IO[bytes]) -> str:
    """Copy a file and return its SHA-256."""
    hashed = hashlib.sha256()
    while piece := file.read(_PIECE_BYTES):
        hashed.update(piece)
        out.write(piece)
    return hashed.hexdigest()


def _check_database(archive: Path, path: Path) -> None:
    """Raise BadBackup for a database that this Easel cannot open."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?immutable=1", uri=True)) as connection:
            (program,) = connection.execute("PRAGMA application_id").fetchone()
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        raise _bad(archive, f"its database cannot be read: {error}") from error
    if program != APPLICATION_ID or verdict != "ok":
        raise _bad(archive, "its database is damaged")
    if version > len(read_migrations()):
        raise BadBackup(f"{archive} was made by a newer Easel. Update Easel and restore it then.")


def _move(staging: Path, folder: Path) -> None:
    """Put everything in its place, the database last, and say then that all is there."""
    for path in sorted(staging.iterdir(), key=lambda path: path.name == DATABASE):
        path.replace(folder / path.name)
    staging.rmdir()


def _bad(archive: Path, why: str) -> BadBackup:
    return BadBackup(f"{archive} is no whole backup of Easel ({why}). Take another one.")


def _shown(name: str) -> str:
    return repr(name[:100])
