"""Every sentence that people read in Discord, in one place, by language; `bot.ui.menus` has those of the menus.

What is said of prompts is in English in `inference.prompt.words`, since the command line says it too.

A language may lack a text: English stands in then, and a test says which are missing.
"""

from collections.abc import Mapping
from string import Formatter

from bot.errors import UserError, sentence
from bot.texts.english import ENGLISH
from bot.texts.german import GERMAN
from bot.texts.german_prompts import GERMAN_PROMPTS
from bot.texts.german_ranges import GERMAN_RANGES
from bot.texts.ranges import Ranges
from inference.prompt import words
from inference.prompt.places import Span
from inference.prompt.words import Words
from inference.protocol.limits import OutOfRange

LANGUAGES: Mapping[str, Mapping[str, str]] = {"en": ENGLISH, "de": GERMAN}
#: What is said of prompts.
_OF_PROMPTS: Mapping[str, Mapping[str, str]] = {"en": words.ENGLISH, "de": {**words.ENGLISH, **GERMAN_PROMPTS}}
#: What is said of values that are not allowed, but for English.
_OF_RANGES: Mapping[str, Ranges] = {"de": GERMAN_RANGES}


class Mistake(UserError):
    """Something a person can mend, told by a text of that key: each reads it in their own language."""

    def __init__(self, key: str, **values: object) -> None:
        self.key = key
        self.values = values
        super().__init__(say(key, **values))


class PromptMistake(Mistake):
    """A mistake at a place in a text that somebody wrote: shown with a caret under the place."""

    def __init__(self, key: str, text: str, span: Span, /, **values: object) -> None:
        self.text = text
        self.span = span
        super().__init__(key, **values)


def language_of(locale: str | None) -> str:
    """Return the language in which a member with that Discord locale is spoken to."""
    language = (locale or "en").split("-")[0].lower()
    return language if language in LANGUAGES else "en"


def say(key: str, locale: str | None = None, /, **values: object) -> str:
    """Return a sentence in the locale's language. Raises KeyError for a key that English does not have."""
    text = LANGUAGES[language_of(locale)].get(key) or ENGLISH[key]
    return text.format(**values)


def said(told: Words, locale: str | None = None) -> str:
    """Return what is said of a prompt in the locale's language."""
    return told.said(_OF_PROMPTS[language_of(locale)])


def out_of_range(error: OutOfRange, locale: str | None = None) -> str:
    """Return why a value cannot be, in the locale's language; in English where the other has no words for it."""
    ranges = _OF_RANGES.get(language_of(locale))
    return (ranges.told(error) if ranges is not None else None) or sentence(error)


def fields(text: str) -> set[str]:
    """Return the names of the values that a text wants."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def duration(seconds: float, locale: str | None = None) -> str:
    """Return a length of time in words, rounded as people say it."""
    if seconds < 90:
        return say("second", locale, n=max(1, round(seconds)))
    if seconds < 5400:
        return say("minute", locale, n=round(seconds / 60))
    return say("hour", locale, n=round(seconds / 3600))


def pictures(count: int, locale: str | None = None) -> str:
    """Return how many pictures, in words."""
    return say("picture", locale) if count == 1 else say("pictures", locale, n=count)
