"""Prompt editing: `[from:to:when]`, `[to:when]`, `[from::when]` and `[a|b|c]`, nested to any depth.

The grammar is AUTOMATIC1111's (modules/prompt_parser.py, version 1.6 and later), which has two halves:

* Inside brackets everything must fit: `( )` holds at most one colon of its own, `[ ]` is plain, an edit or an
  alternation, and whatever stands in them fits in turn. Brackets that do not fit are text, and so are all brackets
  around them; what stands inside them is still read.
* A `|` outside an alternation, and a backslash before a line break or at the end, fit nowhere. Then AUTOMATIC1111
  gives up, and the whole prompt is text.

The tree is kept flat, in reading order, so that walking, comparing and printing it take no recursion.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from inference.prompt.places import Span
from inference.prompt.weights import SIGNED_NUMBER

_TOKEN = re.compile(r"(?:[^\\()\[\]:|]+|\\.)+|[()\[\]:|\\]")
_WHEN = re.compile(rf"\s*({SIGNED_NUMBER})\s*")
_BRACKETS = {")": "(", "]": "["}


@dataclass(frozen=True, slots=True)
class When:
    """The moment at which an edit switches, as it was written: a step, or a fraction where it has a point."""

    text: str
    span: Span = field(compare=False)

    @property
    def number(self) -> float:
        """Return the value; infinite where it is too large."""
        return float(self.text)

    @property
    def is_fraction(self) -> bool:
        """Tell whether this is a part of all steps rather than the number of one."""
        return "." in self.text


@dataclass(frozen=True, slots=True)
class Timeline:
    """The steps of the pass that a prompt is read for: the first, or, where `hires_steps` is given, the second.

    In the second pass (hires fix) counting goes on where the first ended: step `steps + 1` is its first step, and
    fractions run from 1 to 2. `old` is AUTOMATIC1111's setting "Old prompt editing timelines", the rule before
    version 1.6: numbers below 1 are fractions, and the second pass is counted as the first.
    """

    steps: int
    hires_steps: int | None = None
    old: bool = False

    @property
    def length(self) -> int:
        """Return the number of steps in this pass."""
        return self.steps if self.hires_steps is None or self.old else self.hires_steps

    def last_step(self, when: When) -> int:
        """Return the last step before an edit switches, 0 to `length`."""
        value = when.number
        second = self.hires_steps is not None
        if self.old:
            value = value * self.length if value < 1 else value
        elif when.is_fraction:
            value = (value - 1.0 if second else value) * self.length
        elif second:
            value -= self.steps
        return int(min(max(value, 0), self.length))


@dataclass(frozen=True, slots=True)
class Words:
    """Text that stands as it is, weights and their brackets included."""

    text: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Fork:
    """The `[` where the text depends on the step. `when` is None for an alternation."""

    branches: int
    when: When | None
    #: From the bracket to its partner.
    span: Span = field(compare=False)

    def taken(self, step: int, timeline: Timeline) -> int:
        """Return which branch holds at a step, counted from 0; -1 for none of them."""
        if self.when is None:
            return (step - 1) % self.branches
        switched = step > timeline.last_step(self.when)
        # `[to:when]` has no branch for what comes before.
        return int(switched) - (self.branches == 1)


@dataclass(frozen=True, slots=True)
class Turn:
    """The `:` or `|` between two branches."""

    text: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Join:
    """The end of a fork: `]`, or `:5]` with the spaces that stood in it."""

    text: str
    span: Span = field(compare=False)


Mark = Words | Fork | Turn | Join


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt as a tree: its marks in reading order, every fork with its turns and its join.

    Two prompts are equal where their marks are; `str(prompt)` is the text that it was read from.
    """

    marks: tuple[Mark, ...]
    #: What made AUTOMATIC1111 give up, so that nothing is edited: a stray `|` or backslash.
    stopped: Span | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return "".join("[" if isinstance(mark, Fork) else mark.text for mark in self.marks)

    @property
    def forks(self) -> Iterator[Fork]:
        """Return every edit and alternation, the outer before the inner."""
        return (mark for mark in self.marks if isinstance(mark, Fork))

    def text_at(self, step: int, timeline: Timeline) -> str:
        """Return the text that holds at a step; the first step is 1."""
        shown: list[str] = []
        #: For each open fork: how many turns are left before the branch that is taken; 0 inside it.
        ahead: list[int] = []
        hidden = 0
        for mark in self.marks:
            match mark:
                case Words():
                    if not hidden:
                        shown.append(mark.text)
                    continue
                case Fork():
                    ahead.append(mark.taken(step, timeline))
                    hidden += ahead[-1] != 0
                case Turn():
                    hidden -= ahead[-1] != 0
                    ahead[-1] -= 1
                    hidden += ahead[-1] != 0
                case Join():
                    hidden -= ahead.pop() != 0
        return "".join(shown)

    def last_steps(self, timeline: Timeline) -> list[int]:
        """Return the steps after which the text may change, in order; the last is the timeline's last."""
        found = {timeline.length}
        for fork in self.forks:
            if fork.when is None:
                return list(range(1, timeline.length + 1))
            found.add(timeline.last_step(fork.when))
        return sorted(found - {0})


@dataclass(slots=True)
class _Frame:
    """A bracket that is open: the index of its token, and those of the separators directly in it."""

    opening: int
    bracket: str
    colons: list[int] = field(default_factory=list)
    bars: list[int] = field(default_factory=list)


def parse(text: str) -> Prompt:
    """Return a prompt as a tree. Never fails: what does not fit is text. Takes time in proportion to the text."""
    tokens = [(match[0], Span(*match.span())) for match in _TOKEN.finditer(text)]
    marks: dict[int, Mark] = {}
    stopped = _find_forks(tokens, marks)
    if stopped is not None:
        return Prompt((Words(text, Span(0, len(text))),), stopped)
    return Prompt(tuple(_in_order(tokens, marks)))


def _find_forks(tokens: Sequence[tuple[str, Span]], marks: dict[int, Mark]) -> Span | None:
    """Put the marks of every fork at the indices of their tokens. Return what fits nowhere, if anything."""
    frames: list[_Frame] = []
    for index, (token, span) in enumerate(tokens):
        if token in {"(", "["}:
            frames.append(_Frame(index, token))
        elif token == ":" and frames:
            frames[-1].colons.append(index)
        elif token in {"|", "\\"}:
            if token == "\\" or not frames or frames[-1].bracket == "(":
                return span
            frames[-1].bars.append(index)
        elif token in _BRACKETS and frames:
            if frames[-1].bracket == _BRACKETS[token] and _fits(frames[-1], index, tokens, marks):
                frames.pop()
                continue
            # Neither this bracket nor any around it can be more than text.
            if (bar := _first_bar(frames)) is not None:
                return tokens[bar][1]
            frames.clear()
    bar = _first_bar(frames)
    return None if bar is None else tokens[bar][1]


def _first_bar(frames: Iterable[_Frame]) -> int | None:
    return next((frame.bars[0] for frame in frames if frame.bars), None)


def _fits(frame: _Frame, closing: int, tokens: Sequence[tuple[str, Span]], marks: dict[int, Mark]) -> bool:
    """Tell whether a pair of brackets fits the grammar, and put down its marks if it is a fork."""
    if frame.bracket == "(":
        return len(frame.colons) < 2
    whole = Span(tokens[frame.opening][1].start, tokens[closing][1].end)
    if frame.bars:
        if frame.colons:
            return False
        marks[frame.opening] = Fork(len(frame.bars) + 1, None, whole)
        marks.update({index: Turn("|", tokens[index][1]) for index in frame.bars})
        marks[closing] = Join("]", tokens[closing][1])
        return True
    if not frame.colons:
        return True
    last = frame.colons[-1]
    moment = _WHEN.fullmatch(tokens[last + 1][0]) if closing == last + 2 else None
    if moment is None or len(frame.colons) > 2:
        return False
    when = When(moment[1], Span(*moment.span(1)).moved(tokens[last + 1][1].start))
    marks[frame.opening] = Fork(len(frame.colons), when, whole)
    marks.update({index: Turn(":", tokens[index][1]) for index in frame.colons[:-1]})
    marks[last] = Join(f":{moment[0]}]", Span(tokens[last][1].start, whole.end))
    return True


def _in_order(tokens: Sequence[tuple[str, Span]], marks: dict[int, Mark]) -> Iterator[Mark]:
    """Return the marks with the text between them, as few pieces of it as there can be."""
    words: list[str] = []
    start = end = 0
    for index, (token, span) in enumerate(tokens):
        mark = marks.get(index)
        if mark is None:
            if span.start >= end:
                start = start if words else span.start
                words.append(token)
            continue
        if words:
            yield Words("".join(words), Span(start, span.start))
            words.clear()
        yield mark
        # A join ends three tokens in one: the colon, the moment and the bracket.
        end = mark.span.end if isinstance(mark, Join) else span.end
    if words:
        yield Words("".join(words), Span(start, tokens[-1][1].end))
