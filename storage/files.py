"""Files named by the SHA-256 of their content: written whole or not at all, never under a name that a user chose."""

import asyncio
import hashlib
import os
import re
import shutil
import sys
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

from inference.protocol.recipe import ContentHash, require_hash
from storage.errors import explained

#: What a hash may begin with, in order.
DIGITS = "0123456789abcdef"
_HASH = re.compile(r"[0-9a-f]{64}")


class ContentFolder:
    """A folder of files `ab/cdef….png`, where `abcdef…` is the SHA-256 of the file's bytes.

    `suffix` with its dot: ".png". What no row knows is moved to the folder `lost` inside.
    """

    def __init__(self, root: Path, suffix: str = "") -> None:
        self.root = root
        self.suffix = suffix
        self.lost = root / "lost"
        #: Held while files are pinned or removed, so that neither happens in the midst of the other.
        self._settling = asyncio.Lock()
        self._pins: Counter[ContentHash] = Counter()
        #: Blocks in which nothing may be removed.
        self._holds = 0

    def path(self, name: ContentHash) -> Path:
        """Return where the file of that content is or would be. Raises OutOfRange for what is no SHA-256."""
        require_hash("file", name)
        return self.root / name[:2] / f"{name[2:]}{self.suffix}"

    @asynccontextmanager
    async def keep(self, *contents: bytes) -> AsyncIterator[tuple[ContentHash, ...]]:
        """Write files and hold them for the length of the block, in which the rows that need them are written.

        Yields their hashes in order. Raises DiskFull or Unwritable; a file is then whole or not there.
        """
        names = await asyncio.to_thread(lambda: tuple(map(content_hash, contents)))
        async with self._held(names):
            for name, content in zip(names, contents, strict=True):
                await asyncio.to_thread(self._write, name, content)
            yield names

    @asynccontextmanager
    async def take(self, source: Path) -> AsyncIterator[ContentHash]:
        """Move a file in, however large, and hold it as `keep` does. Best from a folder on the same disk.

        Yields its hash. Raises DiskFull or Unwritable; the file is then whole or not there.
        """
        name = await asyncio.to_thread(file_hash, source)
        async with self._held([name]):
            await asyncio.to_thread(self._move, name, source)
            yield name

    @asynccontextmanager
    async def _held(self, names: Sequence[ContentHash]) -> AsyncIterator[None]:
        async with self._settling:
            self._pins.update(names)
        try:
            yield
        finally:
            self._pins.subtract(names)
            self._pins += Counter()

    @asynccontextmanager
    async def unswept(self) -> AsyncIterator[None]:
        """Keep every file for the length of the block: `remove` removes none, and whoever sweeps comes again."""
        async with self._settling:
            self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1

    async def read(self, name: ContentHash) -> bytes | None:
        """Return a file's bytes, or None when it is not there. Raises Unwritable when it cannot be read."""
        return await asyncio.to_thread(self._read, name)

    async def remove(self, names: Collection[ContentHash]) -> list[ContentHash]:
        """Delete files, except those being kept just now, and return the names of those that are gone."""
        if not names:
            return []
        async with self._settling:
            free = [] if self._holds else [name for name in names if name not in self._pins]
            await asyncio.to_thread(self._remove, free)
            return free

    async def set_aside(self, names: Collection[ContentHash]) -> None:
        """Move files to the folder `lost`, except those being kept just now."""
        if not names:
            return
        async with self._settling:
            free = [name for name in names if name not in self._pins]
            await asyncio.to_thread(self._set_aside, free)

    async def sizes(self, digit: str) -> dict[ContentHash, int]:
        """Return the bytes of every file whose hash begins with the digit, and delete what was half written."""
        return await asyncio.to_thread(self._sizes, digit)

    async def forget_lost(self, before: float) -> int:
        """Delete what was set aside before that time (seconds since 1970) and return how many."""
        return await asyncio.to_thread(self._forget_lost, before)

    # In a thread ------------------------------------------------------------------------------------------------

    def _write(self, name: ContentHash, content: bytes) -> None:
        target = self.path(name)
        with explained(target):
            if target.exists() and target.stat().st_size == len(content):
                return
            target.parent.mkdir(parents=True, exist_ok=True)
            staged = target.with_name(f".{uuid4().hex}.tmp")
            try:
                with staged.open("wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                staged.replace(target)
            finally:
                staged.unlink(missing_ok=True)
            _sync_folder(target.parent)

    def _move(self, name: ContentHash, source: Path) -> None:
        target = self.path(name)
        with explained(target):
            if target.exists() and target.stat().st_size == source.stat().st_size:
                source.unlink()
                return
            target.parent.mkdir(parents=True, exist_ok=True)
            staged = target.with_name(f".{uuid4().hex}.tmp")
            try:
                shutil.move(source, staged)
                with staged.open("rb+") as file:
                    os.fsync(file.fileno())
                staged.replace(target)
            finally:
                staged.unlink(missing_ok=True)
            _sync_folder(target.parent)

    def _read(self, name: ContentHash) -> bytes | None:
        target = self.path(name)
        with explained(target):
            try:
                return target.read_bytes()
            except FileNotFoundError:
                return None

    def _remove(self, names: Collection[ContentHash]) -> None:
        for name in names:
            target = self.path(name)
            with explained(target):
                target.unlink(missing_ok=True)

    def _set_aside(self, names: Collection[ContentHash]) -> None:
        for name in names:
            source = self.path(name)
            with explained(source):
                self.lost.mkdir(exist_ok=True)
                target = self.lost / f"{name}{self.suffix}"
                source.replace(target)
                target.touch()

    def _sizes(self, digit: str) -> dict[ContentHash, int]:
        sizes = {}
        with explained(self.root):
            for folder in (self.root / (digit + second) for second in DIGITS):
                for entry in _entries(folder):
                    stem = entry.name.removesuffix(self.suffix)
                    if entry.name.endswith(".tmp"):
                        Path(entry.path).unlink(missing_ok=True)
                    elif entry.name == stem + self.suffix and _HASH.fullmatch(folder.name + stem):
                        sizes[ContentHash(folder.name + stem)] = entry.stat().st_size
        return sizes

    def _forget_lost(self, before: float) -> int:
        forgotten = 0
        with explained(self.lost):
            for path in self.lost.glob(f"*{self.suffix}"):
                if path.stat().st_mtime < before:
                    path.unlink(missing_ok=True)
                    forgotten += 1
        return forgotten


class FlatFolder(ContentFolder):
    """A folder of files `abcdef….safetensors` side by side, for few and large ones that programs look for by hash."""

    def path(self, name: ContentHash) -> Path:
        """Return where the file of that content is or would be. Raises OutOfRange for what is no SHA-256."""
        require_hash("file", name)
        return self.root / f"{name}{self.suffix}"

    def _sizes(self, digit: str) -> dict[ContentHash, int]:
        sizes = {}
        with explained(self.root):
            for entry in _entries(self.root):
                stem = entry.name.removesuffix(self.suffix)
                if entry.name.startswith(f".{digit}") and entry.name.endswith(".tmp"):
                    Path(entry.path).unlink(missing_ok=True)
                elif stem.startswith(digit) and entry.name == stem + self.suffix and _HASH.fullmatch(stem):
                    sizes[ContentHash(stem)] = entry.stat().st_size
        return sizes


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """Return what is in a folder; nothing where there is none."""
    try:
        return list(os.scandir(folder))
    except FileNotFoundError:
        return []


def content_hash(content: bytes) -> ContentHash:
    """Return the SHA-256 by which rows and recipes name a file."""
    return ContentHash(hashlib.sha256(content).hexdigest())


def file_hash(path: Path) -> ContentHash:
    """Return the SHA-256 of a file's bytes, read piece by piece. Slow. Raises Unwritable when it cannot be read."""
    with explained(path), path.open("rb") as file:
        return ContentHash(hashlib.file_digest(file, "sha256").hexdigest())


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut; Windows has no such call and needs none."""
    if sys.platform != "win32":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
