"""Wildcards: lists of which `__name__` in a prompt draws a line; the servers' own and the operator's, in memory."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.services.names import unknown
from bot.services.requests import Actor
from bot.services.wildcard_files import MOST_NAME, is_name, read_folder, text_of
from bot.texts import Mistake
from inference.prompt.combinations import Lists, Wildcards, count
from inference.prompt.places import PromptError
from storage import Database, wildcards

log = logging.getLogger("easel.wildcards")

#: Of one server: lists, bytes of one, bytes of all, lines of one.
MOST_LISTS, MOST_LIST_BYTES, MOST_BYTES, MOST_LINES = 200, 256 * 1024, 2**20, 20_000
_KIB = 1024


@dataclass(frozen=True)
class Listed:
    """A list as it is shown among others."""

    name: str
    lines: int
    #: Its first line.
    example: str


class Shelf:
    """Lists by name, as they were written and as they are drawn from."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts
        self.lists = Lists(texts)

    def listed(self) -> list[Listed]:
        """Return what there is, by name. Slow: to be called in a thread."""
        found = []
        for name in sorted(self.texts):
            lines = self.lists.lines(name)
            found.append(Listed(name, len(lines), lines[0] if lines else ""))
        return found


class Layers:
    """The lists of several shelves as one set of wildcards; of two with the same name, that of the first shelf."""

    def __init__(self, *shelves: Shelf) -> None:
        self._shelves = shelves

    def names(self) -> Sequence[str]:
        """Return every name, each once."""
        return list(dict.fromkeys(name for shelf in self._shelves for name in shelf.texts))

    def lines(self, name: str) -> Sequence[str]:
        """Return a list's lines. Raises KeyError for a name that is none."""
        for shelf in self._shelves:
            if name in shelf.texts:
                return shelf.lists.lines(name)
        raise KeyError(name)


class WildcardLists:
    """All lists. Servers change their own; those of the operator's folder are there for every server."""

    def __init__(self, *, database: Database, folder: Path, expected: bool = False) -> None:
        self._database = database
        #: The operator's, and whether it ought to be there.
        self._folder, self._expected = folder, expected
        self._operators = Shelf({})
        self._shelves: dict[int, Shelf] = {}
        #: What prompts draw from, as it is until a list changes: what was read of it is known by its identity.
        self._drawn: dict[int | None, Layers] = {None: Layers(self._operators)}
        self._changing = asyncio.Lock()

    async def load(self) -> None:
        """Read everything, so that nothing waits for it. Raises StorageError."""
        texts: dict[int, dict[str, str]] = {}
        for one in await wildcards.all(self._database):
            texts.setdefault(one.guild_id, {})[one.name] = one.text
        self._shelves = await asyncio.to_thread(lambda: {guild: Shelf(lists) for guild, lists in texts.items()})
        self._operators = await asyncio.to_thread(lambda: Shelf(read_folder(self._folder, self._expected)))
        self._drawn = {None: Layers(self._operators)}
        for guild, shelf in self._shelves.items():
            self._hold(guild, shelf)
        if self._operators.texts:
            log.info("lists in %s: %d", self._folder, len(self._operators.texts))

    # Reading --------------------------------------------------------------------------------------------------------

    def of(self, guild_id: int | None) -> Wildcards:
        """Return what a prompt draws from: a server's lists, before the operator's of the same name."""
        return self._drawn.get(guild_id) or self._drawn[None]

    def operators(self) -> Mapping[str, str]:
        """Return the operator's lists by name, as they were written."""
        return self._operators.texts

    def own_names(self, guild_id: int | None) -> list[str]:
        """Return the names of a server's own lists."""
        return sorted(self._own(guild_id).texts)

    async def listed(self, guild_id: int | None) -> tuple[list[Listed], list[Listed]]:
        """Return a server's own lists, and those of the operator that no list of the server stands before."""
        own = self._own(guild_id)
        mine, theirs = await asyncio.to_thread(lambda: (own.listed(), self._operators.listed()))
        return mine, [one for one in theirs if one.name not in own.texts]

    def text(self, guild_id: int | None, name: str) -> str:
        """Return a list as it was written, the server's or the operator's. Raises Mistake where there is none."""
        for shelf in (self._own(guild_id), self._operators):
            if name in shelf.texts:
                return shelf.texts[name]
        raise unknown("wildcard", name, self.of(guild_id).names())

    def own_text(self, guild_id: int | None, name: str) -> str | None:
        """Return a server's own list as it was written, or None."""
        return self._own(guild_id).texts.get(name)

    def _own(self, guild_id: int | None) -> Shelf:
        return _EMPTY if guild_id is None else self._shelves.get(guild_id, _EMPTY)

    # Changing -------------------------------------------------------------------------------------------------------

    async def put(self, actor: Actor, texts: Mapping[str, str]) -> list[Listed]:
        """Write lists of the actor's server, all of them or none, in the place of those of the same names.

        Raises Mistake for somebody who may not, for a name or text that cannot be, and for too much; StorageError.
        """
        guild_id = require_manager(actor)
        texts = {checked_name(name): _checked_text(name, text) for name, text in texts.items()}
        async with self._changing:
            new = await asyncio.to_thread(self._extended, guild_id, texts)
            async with self._database.transaction() as write:
                for name, text in texts.items():
                    await wildcards.put(write, guild_id, name, text, actor.member_id)
            self._hold(guild_id, new)
        return await asyncio.to_thread(lambda: [one for one in new.listed() if one.name in texts])

    async def remove(self, actor: Actor, name: str) -> None:
        """Delete one of the server's lists. Raises Mistake where the actor may not or there is none; StorageError."""
        guild_id = require_manager(actor)
        async with self._changing:
            own = self._own(guild_id)
            if name not in own.texts:
                if name in self._operators.texts:
                    raise Mistake("wildcard_operators", name=name)
                raise unknown("wildcard", name, own.texts)
            left = {other: text for other, text in own.texts.items() if other != name}
            shelf = await asyncio.to_thread(Shelf, left)
            async with self._database.transaction() as write:
                await wildcards.remove(write, guild_id, name)
            self._hold(guild_id, shelf)

    def forget_guild(self, guild_id: int) -> None:
        """Know nothing more of a server of which everything was deleted."""
        self._shelves.pop(guild_id, None)
        self._drawn.pop(guild_id, None)

    def _hold(self, guild_id: int, shelf: Shelf) -> None:
        self._shelves[guild_id] = shelf
        self._drawn[guild_id] = Layers(shelf, self._operators)

    def _extended(self, guild_id: int, texts: Mapping[str, str]) -> Shelf:
        """Return a server's lists with more of them. Slow. Raises Mistake for too much, and what draws from itself."""
        new = Shelf({**self._own(guild_id).texts, **texts})
        if len(new.texts) > MOST_LISTS:
            raise Mistake("wildcard_most_lists", most=MOST_LISTS)
        if sum(len(text.encode()) for text in new.texts.values()) > MOST_BYTES:
            raise Mistake("wildcard_most_bytes", most=MOST_BYTES // _KIB)
        drawn = Layers(new, self._operators)
        for name in texts:
            lines = len(new.lists.lines(name))
            if not lines:
                raise Mistake("wildcard_empty", name=name)
            if lines > MOST_LINES:
                raise Mistake("wildcard_most_lines", name=name, lines=lines, most=MOST_LINES)
            try:
                count(f"__{name}__", drawn)
            except PromptError as error:
                raise Mistake("wildcard_wrong", name=name, reason=error.told) from error
        return new


_EMPTY = Shelf({})


def require_manager(actor: Actor) -> int:
    """Return the server whose lists somebody may change. Raises Mistake in direct messages, and for who may not."""
    guild_id = require_guild(actor)
    if not actor.manager:
        raise Mistake("wildcards_manager")
    return guild_id


def require_guild(actor: Actor) -> int:
    """Return the server where somebody asks. Raises Mistake in direct messages."""
    if actor.guild_id is None:
        raise Mistake("wildcards_server")
    return actor.guild_id


def checked_name(name: str) -> str:
    """Return a list's name as somebody wrote it, `__Animal__` or `animal`, if it may be one. Raises Mistake."""
    bare = name.strip().removeprefix("__").removesuffix("__").lower()
    if not is_name(bare):
        raise Mistake("wildcard_name", name=name, most=MOST_NAME)
    return bare


def require_file(file_name: str, size: int) -> None:
    """Raise Mistake for a file of that name and so many bytes that is no list; known before it is fetched."""
    if not file_name.lower().endswith(".txt"):
        raise Mistake("wildcard_ending", name=file_name)
    if size > MOST_LIST_BYTES:
        raise Mistake("wildcard_bytes", name=file_name, most=MOST_LIST_BYTES // _KIB)


def read_file(file_name: str, data: bytes) -> str:
    """Return the text of a file that somebody sent. Raises Mistake for what is too large, and no text."""
    require_file(file_name, len(data))
    try:
        return text_of(data)
    except ValueError as error:
        raise Mistake("wildcard_encoding", name=file_name) from error


def _checked_text(name: str, text: str) -> str:
    """Return a list's text, without a byte order mark. Raises Mistake for one that is too large, and for no text."""
    try:
        return read_file(f"{name}.txt", text.encode())
    except UnicodeEncodeError as error:
        raise Mistake("wildcard_encoding", name=name) from error
