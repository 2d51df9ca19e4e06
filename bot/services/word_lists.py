"""A server's lists of words and patterns, changed. Pure, but for the time that a pattern takes to be read."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bot.services.content import MAX_PATTERNS, checked_pattern, checked_word
from bot.services.folding import phrase
from bot.texts import Mistake
from storage.guilds import MAX_WORDS, Settings

__all__ = [
    "LISTS",
    "MAX_FILE_BYTES",
    "Changed",
    "Kind",
    "List",
    "Make",
    "add_patterns",
    "add_words",
    "clear",
    "remove",
    "text_of",
    "words_in",
]

#: What becomes of a prompt that has one: it is refused, or its writer is told.
Kind = Literal["block", "warn"]
List = Literal["blocked_words", "warned_words", "blocked_patterns", "warned_patterns"]
LISTS: tuple[List, ...] = ("blocked_words", "warned_words", "blocked_patterns", "warned_patterns")
#: Of a file with one word a line: as much as a list can hold.
MAX_FILE_BYTES = 512 * 1024
_WORDS: dict[Kind, tuple[List, List]] = {
    "block": ("blocked_words", "warned_words"),
    "warn": ("warned_words", "blocked_words"),
}
_PATTERNS: dict[Kind, tuple[List, List]] = {
    "block": ("blocked_patterns", "warned_patterns"),
    "warn": ("warned_patterns", "blocked_patterns"),
}
#: What stands between words.
_BETWEEN = re.compile(r"[,;\n\r]+")


@dataclass(frozen=True, kw_only=True)
class Changed:
    """What is to be set, and what came or went by it."""

    changes: dict[str, Any]
    #: Words or patterns that were not there, or not on that list.
    words: tuple[str, ...]


#: Finds the change, of what is set.
Make = Callable[[Settings], Changed]


def words_in(text: str) -> list[str]:
    """Return the words and phrases of a text: commas, semicolons and lines part them; `#` begins a remark."""
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    return [word for line in lines for each in _BETWEEN.split(line) if (word := each.strip())]


def text_of(data: bytes) -> str:
    """Return the text of a file. Raises Mistake for what is none."""
    if len(data) > MAX_FILE_BYTES:
        raise Mistake("content_file_large", most=MAX_FILE_BYTES // 1024)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Mistake("content_file_text") from error
    if "\0" in text:
        raise Mistake("content_file_text")
    return text


def add_words(settings: Settings, kind: Kind, words: Iterable[str]) -> Changed:
    """Put words on a list; from the other list of words they go. Raises Mistake for what cannot be."""
    field, other = _WORDS[kind]
    held = {phrase(word): word for word in getattr(settings, field)}
    added = {phrase(word): word for each in words if phrase(word := checked_word(each)) not in held}
    rest = tuple(word for word in getattr(settings, other) if phrase(word) not in added)
    return _changed(settings, field, other, (*held.values(), *added.values()), rest, tuple(added.values()), MAX_WORDS)


def add_patterns(settings: Settings, kind: Kind, patterns: Iterable[str]) -> Changed:
    """Put patterns on a list, as `add_words` does. Slow: to be called in a thread."""
    field, other = _PATTERNS[kind]
    held: tuple[str, ...] = getattr(settings, field)
    added = tuple(dict.fromkeys(new for each in patterns if (new := checked_pattern(each)) not in held))
    rest = tuple(pattern for pattern in getattr(settings, other) if pattern not in added)
    return _changed(settings, field, other, (*held, *added), rest, added, MAX_PATTERNS)


def remove(settings: Settings, words: Sequence[str]) -> Changed:
    """Take words and patterns from whatever list they are on. Raises Mistake where none is on any."""
    wanted, written = {phrase(word) for word in words} - {()}, {word.strip() for word in words}
    gone: list[str] = []
    changes: dict[str, Any] = {}
    for field in LISTS:
        held: tuple[str, ...] = getattr(settings, field)
        if field in ("blocked_words", "warned_words"):
            out = [word for word in held if phrase(word) in wanted or word in written]
        else:
            out = [pattern for pattern in held if pattern in written]
        if out:
            changes[field] = tuple(word for word in held if word not in out)
            gone += out
    if not gone:
        raise Mistake("content_unknown", word=", ".join(words))
    return Changed(changes=changes, words=tuple(gone))


def clear(settings: Settings, field: List) -> Changed:
    """Take everything from a list."""
    held: tuple[str, ...] = getattr(settings, field)
    return Changed(changes={field: ()} if held else {}, words=held)


def _changed(
    settings: Settings,
    field: List,
    other: List,
    held: tuple[str, ...],
    rest: tuple[str, ...],
    added: tuple[str, ...],
    most: int,
) -> Changed:
    if len(held) > most:
        raise Mistake("content_many", count=len(held), most=most)
    changes: dict[str, Any] = {field: held} if added else {}
    if rest != getattr(settings, other):
        changes[other] = rest
    return Changed(changes=changes, words=added)
