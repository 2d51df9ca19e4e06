"""Files from links: fetched from hosts that are known, under limits, and gone again if anything is wrong."""

import asyncio
import hashlib
import logging
import re
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from bot.services.link_hosts import CIVITAI, HUGGING_FACE, Source, read_link, source_of
from bot.services.link_network import Network, Patience, Way
from bot.services.link_pages import SUFFIXES, Pointed, pointed
from bot.texts import Mistake
from storage.errors import explained

log = logging.getLogger("easel.links")

#: Told of the bytes that are there and of those that there will be, 0 where that is not known.
OnProgress = Callable[[int, int], None]

MOST_NAME = 120
_CHUNK = 2**18
_WRITTEN_AT_ONCE, _WRITTEN_SECONDS = 2**20, 0.5
#: Enough to tell a file's kind.
_HEAD = 16


@dataclass(frozen=True)
class Fetched:
    """A file that lies under a name of our own. It belongs to whoever asked, who moves or deletes it."""

    path: Path
    #: What its source calls it, with the ending that it has: for people, and never a path.
    name: str


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """The operator's logins. Whatever these may read, members can fetch."""

    hugging_face: str = field(default="", repr=False)
    civitai: str = field(default="", repr=False)

    def of(self, source: Source) -> str:
        """Return the token that a source is shown, "" where there is none."""
        return self.hugging_face if source is HUGGING_FACE else self.civitai if source is CIVITAI else ""


@dataclass(frozen=True, kw_only=True)
class Links:
    """What members' links are fetched with."""

    #: Those that the operator added.
    hosts: tuple[str, ...] = ()
    tokens: Tokens = field(default_factory=Tokens)
    network: Network = field(default_factory=Network)
    patience: Patience = field(default_factory=Patience)

    async def fetch(
        self, link: str, folder: Path, *, limit_bytes: int, on_progress: OnProgress = lambda done, total: None
    ) -> Fetched:
        """Fetch the file of a link, or the one file of a page, into a folder.

        Raises Mistake for whatever is wrong with the link or with what came, StorageError for a disk that takes
        nothing; then nothing is left in the folder.
        """
        url = read_link(link)
        source = source_of(url, self.hosts)
        with _explained(url.raw_host or ""):
            async with asyncio.timeout(self.patience.total), self.network.session(self.patience) as session:
                way = Way(
                    session=session,
                    source=source,
                    hosts=self.hosts,
                    token=self.tokens.of(source),
                    patience=self.patience,
                )
                file = await pointed(way, url)
                if file.bytes > limit_bytes:
                    raise _too_large(limit_bytes)
                return await _downloaded(way, file, folder, limit_bytes, on_progress)


async def _downloaded(way: Way, file: Pointed, folder: Path, limit_bytes: int, on_progress: OnProgress) -> Fetched:
    async with way.opened(file.url) as response, _part_in(folder) as part:
        host = response.url.raw_host or ""
        total, suffix = response.content_length or 0, ""
        if total > limit_bytes:
            raise _too_large(limit_bytes)
        async for chunk in _pieces(response):
            if part.bytes == 0:
                suffix = _suffix_of(chunk, host)
            if part.bytes + len(chunk) > limit_bytes:
                raise _too_large(limit_bytes)
            await asyncio.to_thread(part.write, chunk)
            on_progress(part.bytes, max(total, part.bytes) if total else file.bytes)
        if part.bytes == 0:
            raise Mistake("link_no_adapter", host=host)
        if (total and part.bytes != total) or (file.bytes and part.bytes != file.bytes):
            raise Mistake("link_cut", host=host)
        if file.sha256 and part.sha256 != file.sha256:
            raise Mistake("link_changed", host=host)
        named = file.name or _sent_name(response) or file.url.name
        log.debug("%s gave %d bytes", host, part.bytes)
        name = clean_name(named) or "adapter"
        return Fetched(await asyncio.to_thread(part.keep, suffix), f"{name}{suffix}")


def _too_large(limit_bytes: int) -> Mistake:
    return Mistake("link_bytes", most=f"{limit_bytes / 2**20:.3g}")


async def _pieces(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """Give a body as it comes, in pieces that are worth writing; the first one is enough to tell what it is."""
    waiting, least, late = bytearray(), _HEAD, 0.0
    async for chunk in response.content.iter_chunked(_CHUNK):
        waiting += chunk
        # Often enough for who looks at how far it is.
        if len(waiting) >= least and (len(waiting) >= _WRITTEN_AT_ONCE or time.monotonic() >= late):
            yield bytes(waiting)
            waiting, late = bytearray(), time.monotonic() + _WRITTEN_SECONDS
    if waiting:
        yield bytes(waiting)


def _suffix_of(head: bytes, host: str) -> str:
    """Return the ending that a file's first bytes ask for. Raises Mistake for what is no file of weights."""
    # A header's length in eight bytes, then the header, in JSON.
    if head[8:9] == b"{" and not any(head[4:8]):
        return ".safetensors"
    # An archive, as torch writes it, or a bare pickle of protocol 2 to 5.
    if head[:4] == b"PK\x03\x04" or (head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05")):
        return ".pt"
    if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<":
        raise Mistake("link_login", host=host)
    raise Mistake("link_no_adapter", host=host)


def _sent_name(response: aiohttp.ClientResponse) -> str:
    try:
        told = response.content_disposition
    except ValueError:
        return ""
    return (told.filename or "") if told else ""


def clean_name(name: str) -> str:
    """Return a file's name as people may read it: without folders, ending and what cannot be printed."""
    last = re.split(r"[/\\]", name)[-1]
    for suffix in SUFFIXES:
        if last.lower().endswith(suffix):
            last = last[: -len(suffix)]
            break
    shown = "".join(each if each.isprintable() else " " for each in last)
    return " ".join(shown.split()).strip(".")[:MOST_NAME]


class _Part:
    """A file that is being written, by one thread at a time."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{uuid4().hex}.part"
        self._file = self._path.open("xb")
        self._digest = hashlib.sha256()
        # A thread still writes when whoever waits for it is cancelled.
        self._lock = threading.Lock()
        self._kept = False
        self.bytes = 0

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def write(self, data: bytes) -> None:
        with self._lock, explained(self._path):
            if not self._file.closed:
                self._file.write(data)
                self._digest.update(data)
                self.bytes += len(data)

    def keep(self, suffix: str) -> Path:
        with self._lock, explained(self._path):
            self._file.close()
            path = self._path.rename(self._path.with_suffix(suffix))
            self._kept = True
            return path

    def drop(self) -> None:
        with self._lock:
            self._file.close()
            if not self._kept:
                self._path.unlink(missing_ok=True)


@asynccontextmanager
async def _part_in(folder: Path) -> AsyncIterator[_Part]:
    """Give a file to write into; one that is not kept is deleted."""
    with explained(folder):
        part = await asyncio.to_thread(_Part, folder)
    try:
        yield part
    finally:
        await asyncio.to_thread(part.drop)


@contextmanager
def _explained(host: str) -> Iterator[None]:
    """Turn what goes wrong on the way into a Mistake.

    It does not say where it comes from: that would show whoever reads a log the whole address, and the login.
    """
    try:
        yield
    except TimeoutError:
        key = "link_slow"
    except aiohttp.ClientPayloadError:
        key = "link_cut"
    except (aiohttp.ClientResponseError, HttpProcessingError):
        key = "link_answer"
    except (aiohttp.ClientError, OSError, UnicodeError) as error:
        log.info("%s could not be reached: %s", host, type(error).__name__)
        key = "link_unreachable"
    else:
        return
    raise Mistake(key, host=host)
