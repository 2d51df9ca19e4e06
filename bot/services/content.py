"""Words that prompts may not have: a server's lists of words and patterns, looked for in what is to be painted. Pure.

A word is found whole, whatever its case and accents, in the prompt as it was written and in what is read of it: in
`na(k)ed`, `[a:naked:0.5]` and `(naked:1.2)`. Names of networks, `<lora:…>`, do not count. Patterns have a bound of time
for all of them together; what is not looked through within it counts as found.
"""

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import Any

import regex

from bot.services.folding import Token, fold, phrase, tokens
from bot.services.prompt_texts import plain, texts_of, without_braces, without_networks
from bot.texts import Mistake
from inference.prompt.composition import subprompts
from storage.guilds import MAX_PATTERN_CHARACTERS, MAX_WORD_CHARACTERS, Settings

#: Of all patterns over all texts of one request.
PATTERN_SECONDS = 0.25
#: Of one list.
MAX_PATTERNS = 100
#: How often a pattern may repeat what it repeats, all its numbers multiplied: it is written out that often in memory.
MAX_REPEATS = 5_000
#: Characters of what a pattern found that are told.
_TOLD = 60
#: Characters that are searched where they are; more are searched in a thread.
_AT_ONCE = 2_000
#: What is raised for a pattern that cannot be: also of flags that do not go together, and of too much of anything.
_UNREADABLE = (regex.error, ValueError, LookupError, TypeError, RecursionError, OverflowError, MemoryError)
_REPEAT = regex.compile(r"\{\s*(\d+)\s*(?:,\s*(\d*)\s*)?\}")


__all__ = [
    "MAX_PATTERNS",
    "NOTHING",
    "Found",
    "checked_pattern",
    "checked_word",
    "found",
    "search",
    "texts_of",
]


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a server's lists say of some texts."""

    #: The first word that is blocked, or what a blocked pattern found; "" where patterns took too long; None: nothing.
    blocked: str | None = None
    warned: tuple[str, ...] = ()
    #: Patterns that took too long.
    slow: tuple[str, ...] = ()

    @property
    def refusal(self) -> Mistake | None:
        """Return why the texts are refused, if they are."""
        if self.blocked is None:
            return None
        return Mistake("content_blocked", word=self.blocked) if self.blocked else Mistake("content_slow")


NOTHING = Found()


def found(settings: Settings, texts: Iterable[str], seconds: float = PATTERN_SECONDS) -> Found:
    """Return what a server's lists say of texts: of `texts_of` a request, or of anything else that somebody wrote.

    `seconds` is the bound of all patterns together.
    """
    if not (settings.blocked_words or settings.warned_words or settings.blocked_patterns or settings.warned_patterns):
        return NOTHING
    readings = dict.fromkeys(reading for text in dict.fromkeys(texts) for reading in _readings(text))
    split = [tokens(text) for text in readings]
    warned = tuple(dict.fromkeys(_words_in(split, settings.warned_words)))
    for word in _words_in(split, settings.blocked_words):
        return Found(blocked=word, warned=warned)
    if not (settings.blocked_patterns or settings.warned_patterns):
        return Found(warned=warned)
    every = tuple(readings | dict.fromkeys(map(fold, readings)))
    blocked, warning = _read(settings.blocked_patterns), _read(settings.warned_patterns)
    deadline = time.monotonic() + seconds
    for pattern, match in _patterns_in(every, blocked, deadline):
        return Found(blocked=match or "", warned=warned, slow=() if match else (pattern,))
    matches = list(_patterns_in(every, warning, deadline))
    return Found(
        warned=tuple(dict.fromkeys((*warned, *(match or pattern for pattern, match in matches)))),
        slow=tuple(pattern for pattern, match in matches if match is None),
    )


async def search(settings: Settings, texts: Sequence[str]) -> Found:
    """Do as `found` does, and hold nobody up."""
    patterns = bool(settings.blocked_patterns or settings.warned_patterns)
    if patterns or sum(map(len, texts)) > _AT_ONCE:
        return await asyncio.to_thread(found, settings, texts)
    return found(settings, texts)


# Lists --------------------------------------------------------------------------------------------------------------


def checked_word(text: str) -> str:
    """Return a word or a phrase as it is kept. Raises Mistake for what can be found nowhere."""
    word = " ".join(text.split())
    if len(word) > MAX_WORD_CHARACTERS:
        raise Mistake("content_long_word", word=word, most=MAX_WORD_CHARACTERS)
    if not phrase(word):
        raise Mistake("content_no_word", word=word)
    return word


def checked_pattern(text: str) -> str:
    """Return a pattern as it is kept. Raises Mistake, with the place of what is wrong with it. Slow."""
    pattern = text.strip()
    if len(pattern) > MAX_PATTERN_CHARACTERS:
        raise Mistake("content_long_pattern", length=len(pattern), most=MAX_PATTERN_CHARACTERS)
    if _repeats(pattern) > MAX_REPEATS:
        raise Mistake("content_repeats", pattern=pattern, most=MAX_REPEATS)
    try:
        compiled = _compiled(pattern)
    except _UNREADABLE as error:
        place = getattr(error, "pos", None)
        words = str(getattr(error, "msg", "") or "too large")
        if place is None:
            raise Mistake("content_pattern", pattern=pattern, words=words) from error
        raise Mistake("content_pattern_at", pattern=pattern, words=words, place=place + 1) from error
    try:
        everywhere = compiled.search("", timeout=PATTERN_SECONDS) is not None
    except TimeoutError:
        everywhere = True
    if everywhere or not pattern:
        raise Mistake("content_everywhere", pattern=pattern)
    return pattern


# Words --------------------------------------------------------------------------------------------------------------

_Index = dict[str, list[tuple[tuple[str, ...], str]]]


@lru_cache(maxsize=64)
def _index(words: tuple[str, ...]) -> _Index:
    """Return the words of a list by the first word of each."""
    index: _Index = {}
    for word in words:
        if parts := phrase(word):
            index.setdefault(parts[0], []).append((parts, word))
    return index


def _words_in(texts: Iterable[Sequence[Token]], words: tuple[str, ...]) -> Iterator[str]:
    index = _index(words)
    if not index:
        return
    for text in texts:
        for place, token in enumerate(text):
            for form in token.forms:
                for parts, word in index.get(form, ()):
                    if _follows(text[place + 1 : place + len(parts)], parts[1:]):
                        yield word


def _follows(text: Sequence[Token], parts: Sequence[str]) -> bool:
    return len(text) == len(parts) and all(
        token.joined and part in token.forms for token, part in zip(text, parts, strict=True)
    )


# Patterns -----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=2_000)
def _compiled(pattern: str) -> Any:
    return regex.compile(pattern, regex.VERSION0 | regex.IGNORECASE)


def _repeats(pattern: str) -> int:
    """Return how often a pattern repeats something at most, as if all its repeats stood within each other."""
    counts = [max(int(least), int(most or 0)) for least, most in _REPEAT.findall(pattern)]
    return prod(max(1, count) for count in counts)


def _read(patterns: Iterable[str]) -> list[tuple[str, Any]]:
    """Return patterns ready to be searched for; None in place of one that cannot be read.

    What admins send is checked before it is kept; what was written by hand, or by another version, is found here.
    """
    found = []
    for pattern in patterns:
        try:
            found.append((pattern, _compiled(pattern) if _repeats(pattern) <= MAX_REPEATS else None))
        except _UNREADABLE:
            found.append((pattern, None))
    return found


def _patterns_in(
    texts: Sequence[str], patterns: Iterable[tuple[str, Any]], deadline: float
) -> Iterator[tuple[str, str | None]]:
    """Yield each pattern that is found with what it found first; None where it took too long, or cannot be read."""
    for pattern, compiled in patterns:
        if compiled is None:
            yield pattern, None
            continue
        for text in texts:
            left = deadline - time.monotonic()
            try:
                if left <= 0:
                    raise TimeoutError
                match = compiled.search(text, timeout=left, concurrent=True)
            except (TimeoutError, MemoryError):
                yield pattern, None
                break
            if match is not None:
                yield pattern, " ".join(match[0].split())[:_TOLD] or pattern[:_TOLD]
                break


# Texts --------------------------------------------------------------------------------------------------------------


def _readings(text: str) -> Iterator[str]:
    """Yield a text as it was written, without networks, and without what weighs its words."""
    written = without_networks(text)
    yield written
    for part in subprompts(written):
        words = plain(part.text)
        yield words
        yield without_braces(words)
