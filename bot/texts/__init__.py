"""Every sentence that people read in Discord, in one place, by language; `bot.ui.menus` has those of the menus.

A language may lack a text: English stands in then, and a test says which are missing.
"""

from collections.abc import Mapping
from string import Formatter

from bot.errors import UserError
from bot.texts.english import ENGLISH
from bot.texts.german import GERMAN
from inference.prompt.places import Span

LANGUAGES: Mapping[str, Mapping[str, str]] = {"en": ENGLISH, "de": GERMAN}


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
