"""What somebody should know of their prompt: words, and the place with a caret under it."""

from collections.abc import Iterable, Sequence

from bot.texts import said, say
from bot.ui.plain import block, harmless
from inference.prompt.hints import Hint
from inference.prompt.places import Span, point_at

#: Hints of one message; characters of the words of each.
MOST_HINTS, _WORDS = 6, 400
#: Of the text around a place: a line of a narrow window.
_COLUMNS = 56


def place(text: str, span: Span) -> str:
    """Return a place in a text with a caret under it."""
    return block(point_at(text, span, _COLUMNS), 4 * _COLUMNS)


def hints_told(hints: Sequence[tuple[str, Hint]], locale: str | None) -> str:
    """Return what is probably a mistake, each with its place; a hint comes with the text that it points into."""
    return "\n".join([say("hints", locale), *_each(hints, locale)])


def warned_of(words: Sequence[str], locale: str | None) -> str:
    """Return that a server warns of words of a prompt."""
    return say("policy_warned", locale, words=", ".join(f"“{harmless(word, _COLUMNS)}”" for word in words[:MOST_HINTS]))


def _each(hints: Sequence[tuple[str, Hint]], locale: str | None) -> Iterable[str]:
    for text, hint in hints[:MOST_HINTS]:
        yield f"{harmless(said(hint.told, locale), _WORDS)}\n{place(text, hint.span)}"
    if len(hints) > MOST_HINTS:
        yield say("hints_more", locale, count=len(hints) - MOST_HINTS)
