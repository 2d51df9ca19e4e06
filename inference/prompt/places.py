"""Places in a prompt: shown with a caret under them, safe to print whatever the prompt holds."""

import unicodedata
from typing import NamedTuple

from inference.prompt.words import Words, told
from inference.protocol.limits import MAX_PROMPT_CHARACTERS


class Span(NamedTuple):
    """A piece of a text, `text[start:end]`."""

    start: int
    end: int

    def moved(self, by: int) -> "Span":
        """Return the same piece of a text that has `by` more characters before it."""
        return Span(self.start + by, self.end + by)


class PromptError(ValueError):
    """A prompt that cannot be made as it was written: the words for the person, and the place."""

    def __init__(self, told: Words, text: str, span: Span) -> None:
        super().__init__(told)
        self.told = told
        self.text = text
        self.span = span

    @property
    def words(self) -> str:
        """Return the words in English."""
        return str(self.told)

    def pointed(self) -> str:
        """Return the words, and below them the place with its caret."""
        return f"{self.words}\n{point_at(self.text, self.span)}"


def too_long(text: str) -> PromptError:
    """Return what is wrong with a text of more characters than a prompt may have."""
    words = told("too_long", length=len(text), most=MAX_PROMPT_CHARACTERS)
    return PromptError(words, text, Span(MAX_PROMPT_CHARACTERS, len(text)))


def point_at(text: str, span: Span, width: int = 72) -> str:
    """Return two lines: what stands around a place, at most `width` columns of it, and carets under the place.

    Line breaks and tabs are shown as pictures, other control, invisible and bidirectional characters as "□", so that
    the carets stand where they should. A place that is longer than fits gets carets as far as it is shown.
    """
    start = min(max(span.start, 0), len(text))
    end = min(max(span.end, start), len(text))
    # Half the width before the place, unless so much of the end were left empty.
    first = max(0, min(start - width // 2, len(text) - width + 2))
    last = min(len(text), first + width - 2)
    cells = [_cell(character) for character in text[first:last]]
    while cells and _columns(cells) > width - 2:
        # Wide characters fill the line earlier: leave out what is farther from the place.
        if last - end > start - first:
            last -= 1
            cells.pop()
        elif first < start:
            first += 1
            cells.pop(0)
        else:
            last -= 1
            cells.pop()
    left, right = "…" if first else "", "…" if last < len(text) else ""
    line = left + "".join(shown for shown, _ in cells) + right
    before = len(left) + _columns(cells[: start - first])
    under = _columns(cells[start - first : max(end - first, 0)])
    return f"{line}\n{' ' * before}{'^' * max(under, 1)}"


def harmless(text: str) -> str:
    """Return a text with nothing in it that moves the cursor, hides, or changes the order of what is shown."""
    return "".join(_cell(character)[0] for character in text)


def _columns(cells: list[tuple[str, int]]) -> int:
    return sum(columns for _, columns in cells)


def _cell(character: str) -> tuple[str, int]:
    """Return how a character is shown, and in how many columns of a terminal."""
    if " " <= character <= "~":
        return character, 1
    if character in "\n\r\t":
        return {"\n": "⏎", "\r": "␍", "\t": "␉"}[character], 1
    kind = unicodedata.category(character)
    if kind[0] == "C" or kind in {"Zl", "Zp"}:
        return "□", 1
    if kind in {"Mn", "Me"}:
        return character, 0
    return character, 2 if unicodedata.east_asian_width(character) in "WF" else 1
