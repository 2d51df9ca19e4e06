"""The grammar of choices: `{a|b}`, `{2$$a|b|c}` and `__name__`, as the dynamicprompts extension documents them.

AUTOMATIC1111 gives braces no meaning, so nothing here fails: what is no choice is text. Its own marks are left for the
stages that come after, backslashes before anything but a brace included.
"""

import re
from dataclasses import dataclass, field
from typing import TypeAlias

from inference.prompt.places import Span

#: What stands between the underscores of `__name__`; a single underscore may stand inside.
_NAME = r"[-/]*(?:[^\W_]|\*)(?:[^\W_]|[-/*])*(?:_(?:[^\W_]|[-/*])+)*"
_MENTION = re.compile(rf"__{_NAME}__")
_TOKEN = re.compile(rf"\\(?s:.)|[{{}}|\[\]]|{_MENTION.pattern}")
#: What makes `__name__` part of a word, as in `my__file__name`.
_LETTER = re.compile(r"[A-Za-z0-9_]")
_BRACE = re.compile(r"\\(?s:.)|[{}]")
_HOW_MANY = re.compile(r"\s*(?:([0-9]+)(?:(-)([0-9]*))?|-([0-9]+))\$\$(?:([^${}]*)\$\$)?")
_WEIGHT = re.compile(r"\s*([0-9]+(?:\.[0-9]*)?|\.[0-9]+)::")
#: Keeps the sum of weights finite.
_MAX_WEIGHT = 1e12
#: More options than there can be.
_ALL = 10**9
_JOINER = ", "

Piece: TypeAlias = "str | Mention | Group"
Choice: TypeAlias = "Mention | Group"


# Compared by identity, so that comparing and hashing do not walk the tree.
@dataclass(frozen=True, slots=True, eq=False)
class Mention:
    """`__name__`: a line of the list of that name, or of all lists whose names fit where it has a `*`."""

    name: str
    span: Span
    #: Whether letters, digits or underscores touch it, so that it is text where there is no such list.
    touched: bool


@dataclass(frozen=True, slots=True, eq=False)
class Option:
    """One of the texts that may be taken."""

    #: Above 0.
    weight: float
    pieces: tuple[Piece, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """`{…}`: from `least` to `most` of its options, each at most once, in any order."""

    #: At least one; those of weight 0 are left out.
    options: tuple[Option, ...] = field(repr=False)
    least: int
    #: May be more than there are options.
    most: int
    #: What stands between the taken options; None without `$$`, where exactly one is taken.
    joiner: str | None
    #: From brace to brace.
    span: Span

    @property
    def mention(self) -> Mention | None:
        """Return the `__name__` whose lines are the options: in `{2$$__name__}` several lines are taken."""
        if self.joiner is None or len(self.options) != 1 or len(self.options[0].pieces) != 1:
            return None
        only = self.options[0].pieces[0]
        return only if isinstance(only, Mention) else None


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A text with its choices."""

    text: str
    pieces: tuple[Piece, ...] = field(repr=False)
    #: Every choice at any depth, the inner before the outer.
    choices: tuple[Choice, ...] = field(repr=False)


@dataclass(slots=True)
class _Frame:
    """A brace that is being read."""

    start: int
    how_many: re.Match[str] | None = None
    items: list[Piece] = field(default_factory=list)
    #: Which of the items are a `|` between options.
    bars: list[int] = field(default_factory=list)
    #: For each open square bracket: how many bars stood before it.
    brackets: list[int] = field(default_factory=list)


def parse(text: str) -> Template:
    """Read a text. Never fails."""
    paired = _paired_braces(text)
    choices: list[Choice] = []
    frames = [_Frame(0)]
    mentioned = end = 0
    while token := _TOKEN.search(text, end):
        frame = frames[-1]
        start, mark = token.start(), token[0]
        if start > end:
            frame.items.append(text[end:start])
        end = token.end()
        if mark[0] == "_":
            before = start > mentioned and _LETTER.match(text, start - 1)
            after = _LETTER.match(text, end) and not _MENTION.match(text, end)
            mention = Mention(mark[2:-2], Span(start, end), touched=bool(before or after))
            frame.items.append(mention)
            choices.append(mention)
            mentioned = end
        elif mark == "{" and start in paired:
            frames.append(_Frame(start, _HOW_MANY.match(text, end)))
            end = (frames[-1].how_many or token).end()
        elif mark == "}" and start in paired:
            group = _group(frames.pop(), end)
            frames[-1].items.append(group)
            choices.append(group)
        else:
            _add(frame, mark, in_braces=len(frames) > 1)
    if not choices:
        return Template(text, (text,), ())
    return Template(text, _filled([*frames[0].items, text[end:]]), tuple(choices))


def weighed(text: str) -> tuple[float, str]:
    """Return the weight that a text begins with, `2::`, and the rest of it; a weight of 1 where there is none."""
    if match := _WEIGHT.match(text):
        return min(float(match[1]), _MAX_WEIGHT), text[match.end() :]
    return 1.0, text


def _paired_braces(text: str) -> set[int]:
    """Return the places of the braces that have a partner."""
    opened: list[int] = []
    paired: set[int] = set()
    for token in _BRACE.finditer(text):
        if token[0] == "{":
            opened.append(token.start())
        elif token[0] == "}" and opened:
            paired |= {opened.pop(), token.start()}
    return paired


def _add(frame: _Frame, mark: str, *, in_braces: bool) -> None:
    """Take a mark into the text that it stands in."""
    if mark == "|":
        frame.bars.append(len(frame.items))
    elif mark == "[":
        frame.brackets.append(len(frame.bars))
    elif mark == "]" and frame.brackets:
        # Alternation, `[a|b]`: its bars are not between options.
        del frame.bars[frame.brackets.pop() :]
    elif mark in {"\\{", "\\}"} or (mark == "\\|" and in_braces):
        mark = mark[1]
    frame.items.append(mark)


def _group(frame: _Frame, end: int) -> Group:
    least, most, joiner = _how_many(frame.how_many)
    starts = (0, *(bar + 1 for bar in frame.bars))
    ends = (*frame.bars, len(frame.items))
    options = [_option(frame.items[first:last], joiner is not None) for first, last in zip(starts, ends, strict=True)]
    taken = tuple(option for option in options if option.weight > 0)
    return Group(taken or (Option(1.0, ()),), least, most, joiner, Span(frame.start, end))


def _how_many(match: re.Match[str] | None) -> tuple[int, int, str | None]:
    """Return the least and the most options that are taken, and what is between them."""
    if match is None:
        return 1, 1, None
    exact, dash, upper, up_to, joiner = match.groups()
    low = _number(exact) if exact else 1
    high = _number(upper or up_to) if upper or up_to else _ALL if dash else low
    return min(low, high), max(low, high), _JOINER if joiner is None else joiner


def _number(digits: str) -> int:
    return min(int(digits.lstrip("0")[:10] or "0"), _ALL)


def _option(pieces: list[Piece], joined: bool) -> Option:
    weight = 1.0
    if pieces and isinstance(pieces[0], str):
        weight, pieces[0] = weighed(pieces[0])
    if joined:
        # The joiner brings its own spaces.
        if pieces and isinstance(pieces[0], str):
            pieces[0] = pieces[0].lstrip()
        if pieces and isinstance(pieces[-1], str):
            pieces[-1] = pieces[-1].rstrip()
    return Option(weight, _filled(pieces))


def _filled(pieces: list[Piece]) -> tuple[Piece, ...]:
    return tuple([piece for piece in pieces if piece != ""])
