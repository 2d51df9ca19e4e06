"""A server's lists of words and patterns, as they are shown to its admins. Pure."""

from collections.abc import Sequence

from discord import ui

from bot.services.guilds import Settings
from bot.services.word_lists import LISTS, List
from bot.texts import say
from bot.ui.layouts import layout, note
from bot.ui.plain import harmless

#: The file that holds all of them, where they are too many for a message.
FILE_NAME = "words.txt"
#: Characters of one list, and of one word or pattern.
_LIST, _WORD = 600, 100


def lists(settings: Settings, beside: str, locale: str | None) -> tuple[ui.LayoutView, str | None]:
    """Return all lists, with what is set beside them, and the text of a file where they are not shown whole."""
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(say("content_title", locale))]
    cut = False
    for field in LISTS:
        words: tuple[str, ...] = getattr(settings, field)
        name = say(f"content_list_{field}", locale)
        if not words:
            parts.append(ui.TextDisplay(say("content_list_none", locale, list=name)))
            continue
        shown, all_shown = _shown(words, locale, code=field.endswith("patterns"))
        cut = cut or not all_shown
        parts.append(ui.TextDisplay(say("content_list", locale, list=name, count=len(words), words=shown)))
    parts += [ui.TextDisplay(beside), ui.TextDisplay(f"-# {say('content_hint', locale)}")]
    if not cut:
        return layout(*parts), None
    parts += [ui.TextDisplay(say("content_file", locale)), ui.File(f"attachment://{FILE_NAME}")]
    return layout(*parts), file_of(settings)


def file_of(settings: Settings) -> str:
    """Return all lists as a text: one word a line, and what can be sent in again as one of its parts."""
    parts = [f"# {field}\n" + "".join(f"{word}\n" for word in getattr(settings, field)) for field in LISTS]
    return "\n".join(parts)


def added(settings: Settings, field: List, words: Sequence[str], locale: str | None) -> ui.LayoutView:
    """Return what came to a list."""
    name, count = say(f"content_list_{field}", locale), len(getattr(settings, field))
    if not words:
        return note(say("content_known", locale, list=name, count=count))
    shown, _ = _shown(words, locale, code=field.endswith("patterns"))
    return note(say("content_added", locale, list=name, words=shown, count=count))


def removed(words: Sequence[str], locale: str | None) -> ui.LayoutView:
    """Return what is on no list any more."""
    shown, _ = _shown(words, locale, code=False)
    return note(say("content_removed", locale, words=shown))


def cleared(field: List, words: Sequence[str], locale: str | None) -> ui.LayoutView:
    """Return that a list is empty now."""
    name = say(f"content_list_{field}", locale)
    return note(say("content_cleared", locale, list=name, count=len(words)))


def _shown(words: Sequence[str], locale: str | None, *, code: bool) -> tuple[str, bool]:
    """Return as many words as a message has room for, and whether those are all."""
    shown: list[str] = []
    length = 0
    for word in words:
        text = _code(word) if code else harmless(word, _WORD)
        length += len(text) + 2
        if length > _LIST and shown:
            break
        shown.append(text)
    text = (" " if code else ", ").join(shown)
    left = len(words) - len(shown)
    cut = any(len(word) > _WORD for word in words[: len(shown)])
    if not left:
        return text, not cut
    return say("content_list_more", locale, words=text, count=left), False


def _code(pattern: str) -> str:
    """Return a pattern as code; what would end the code is shown as what looks like it."""
    text = " ".join(pattern.splitlines()).replace("`", "\u02cb")
    return f"`{text if len(text) <= _WORD else text[: _WORD - 1] + '…'}`"
