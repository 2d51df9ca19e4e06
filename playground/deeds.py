"""Deeds that the program which runs the bot offers: what only it can let go wrong, such as a process that dies."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp

from playground.changes import Changes, Topic
from playground.settings import is_loopback

#: How long a program may take over a deed.
DEED_SECONDS = 15.0
_MOST_DEEDS = 20
_MOST_LABEL, _MOST_TITLE = 60, 200
#: Bytes of an answer that are read.
_MOST_BYTES = 16 * 1024
_MOST_WORDS = 500
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True, kw_only=True)
class Deed:
    """Something that a program does when it is asked to, by an empty POST to its address.

    Raises:
        ValueError: A field is not as it should be.
    """

    name: str
    #: What stands on the button, and what it means in full.
    label: str
    title: str = ""
    #: Where the program listens, on this machine. Nobody is shown it.
    url: str

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"a deed's name is made of a-z, 0-9 and hyphens, at most 40: not {self.name[:60]!r}")
        if not self.label.strip() or len(self.label) > _MOST_LABEL:
            raise ValueError(f"the label of {self.name!r} has 1 to {_MOST_LABEL} characters")
        if len(self.title) > _MOST_TITLE:
            raise ValueError(f"the title of {self.name!r} has at most {_MOST_TITLE} characters")
        if self._port() is None:
            raise ValueError(f"the url of {self.name!r} must be http://, on this machine, with a port")

    def _port(self) -> int | None:
        """Return the port, None where the address is none of a program on this machine."""
        try:
            parts = urlsplit(self.url)
            port = parts.port
        except ValueError:
            return None
        plain = parts.scheme == "http" and parts.username is None and not parts.fragment
        return port if plain and port and is_loopback(parts.hostname or "") else None

    @property
    def port(self) -> int:
        """Return the port where the program listens."""
        return self._port() or 0


class Deeds:
    """What is offered at present."""

    def __init__(self, changes: Changes, seconds: float = DEED_SECONDS) -> None:
        self._changes = changes
        self._seconds = seconds
        self._offered: dict[str, Deed] = {}

    @property
    def offered(self) -> list[Deed]:
        """Return the deeds in the order in which they were offered."""
        return list(self._offered.values())

    def offer(self, deeds: Sequence[Deed]) -> None:
        """Offer these, and no others; none takes all of them back.

        Raises:
            ValueError: There are too many, or two of one name. Nothing has changed then.
        """
        offered = {deed.name: deed for deed in deeds}
        if len(deeds) > _MOST_DEEDS:
            raise ValueError(f"there are at most {_MOST_DEEDS} deeds")
        if len(offered) < len(deeds):
            raise ValueError("two deeds have the same name")
        self._offered = offered
        self._changes.happened(Topic.DEEDS)

    async def do(self, name: str) -> str:
        """Ask the program for a deed, and return what it says of it, in words.

        Raises:
            LookupError: No such deed is offered.
            ValueError: The program refuses, or is not there.
            TimeoutError: It does not answer.
        """
        deed = self._offered.get(name)
        if deed is None:
            raise LookupError(f"there is no deed {name!r}, only {sorted(self._offered)}")
        limit = aiohttp.ClientTimeout(total=self._seconds)
        try:
            # Without redirects: they could lead away from this machine.
            async with (
                aiohttp.ClientSession(timeout=limit) as session,
                session.post(deed.url, allow_redirects=False) as response,
            ):
                status, body = response.status, await _beginning(response)
        except TimeoutError:
            raise TimeoutError(f"the program did not answer within {self._seconds:g} s: {deed.label}") from None
        except (aiohttp.ClientError, OSError) as error:
            raise ValueError(f"the program that offers this is not there, or died over it: {error}") from error
        if not 200 <= status < 300:
            raise ValueError(_words(body, "error") or f"the program refused with {status}: {deed.label}")
        return _words(body, "said") or f"Done: {deed.label}"


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    """Return the beginning of an answer, which may have no end."""
    body = b""
    while len(body) < _MOST_BYTES and (more := await response.content.read(_MOST_BYTES)):
        body += more
    return body


def _words(body: bytes, key: str) -> str:
    """Return what a program says under a key of its JSON; nothing where it says nothing that can be shown."""
    try:
        said = json.loads(body)
    except ValueError:
        return ""
    words = said.get(key) if isinstance(said, dict) else None
    return words[:_MOST_WORDS] if isinstance(words, str) else ""
