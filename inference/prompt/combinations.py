"""Choices drawn, counted and written out: wildcards and combinations, as the dynamicprompts extension has them.

Chance is asked for nothing but `random()`, in reading order: once for each choice of one option. Where several are
taken it is asked once for their number, and then once for every option. So a seed gives the same text everywhere.
"""

import math
import random
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import permutations

from inference.prompt.choices import Choice, Mention, Option, Piece, parse
from inference.prompt.places import PromptError, Span, too_long
from inference.prompt.ways import MAX_PIECES, MOST_COUNTED, Measured, Ways, drawn, several
from inference.prompt.wildcards import NO_WILDCARDS, Library, Line, Lists, Pool, Wildcards, lines_of, written
from inference.prompt.words import told
from inference.protocol.limits import MAX_PROMPT_CHARACTERS

__all__ = [
    "MOST_COUNTED",
    "NO_WILDCARDS",
    "Combinations",
    "Lists",
    "Wildcards",
    "count",
    "draw",
    "every",
    "has_choices",
    "lines_of",
]

#: Pieces of text in all combinations together, where they are written out.
MAX_PIECES_OF_ALL = 2_000_000
#: More than this is told as "more than a million million".
_COUNTLESS = 10**12
#: Lines that all `{2$$__a*__}` of a prompt may choose among.
_MAX_GATHERED = 1_000_000


def has_choices(text: str) -> bool:
    """Tell whether there may be anything to draw in a text; `draw` returns one without choices as it is."""
    return bool(parse(text).choices)


def draw(text: str, chance: random.Random, wildcards: Wildcards) -> str:
    """Return a text with every choice made by chance. Raises PromptError for what cannot be drawn."""
    return _combinations(text, wildcards).draw(chance)


def count(text: str, wildcards: Wildcards) -> int:
    """Return the number of combinations, weights aside, at most `MOST_COUNTED`. Raises PromptError as `draw` does.

    Ways are counted, not texts: `{a|a}` has two.
    """
    return _combinations(text, wildcards).count


def every(text: str, wildcards: Wildcards, most: int) -> list[str]:
    """Return all combinations in written order, the first choice varying slowest.

    Where several options are taken, fewer come before more. Raises PromptError as `draw` does, and for more than
    `most`.
    """
    return _combinations(text, wildcards).every(most)


@dataclass(slots=True)
class _Growing:
    """A text that is being written."""

    parts: list[str] = field(default_factory=list)
    length: int = 0

    def add(self, part: str) -> None:
        if part:
            self.parts.append(part)
            self.length += len(part)


@dataclass(slots=True)
class _Seam:
    """What stands between several options: the joiner, where there is text on both sides of it."""

    joiner: str
    #: How many options are still to be written.
    left: int
    #: How long the text was when it was last joined.
    joined: int = 0
    #: Whether the text ends with the joiner, unless more was written.
    open: bool = False

    def begin(self, text: _Growing) -> None:
        self.joined = text.length

    def pass_by(self, text: _Growing) -> None:
        """Join, after each of the options, or take back what was joined to nothing."""
        self.left -= 1
        if self.left and text.length > self.joined:
            text.add(self.joiner)
            self.joined = text.length
            self.open = bool(self.joiner)
        elif not self.left and text.length == self.joined and self.open:
            text.length -= len(text.parts.pop())


#: Makes a choice: its ways and the number of the one that is wanted -> options, each with the number of its way.
_Choose = Callable[[Ways, int], list[tuple[Line, int]]]


class Combinations:
    """A text whose choices are read and whose lists are found, to be drawn from often.

    Raises PromptError for what cannot be drawn, whether or not chance would come upon it.
    """

    def __init__(self, text: str, wildcards: Wildcards) -> None:
        if len(text) > MAX_PROMPT_CHARACTERS:
            raise too_long(text)
        self._template = parse(text)
        self._ways: dict[Choice, Ways] = {}
        #: By the names of the lists that are drawn from: the ways to draw one line, and what several are taken from.
        self._single: dict[tuple[str, ...], Ways] = {}
        self._gathered: dict[tuple[str, ...], Measured] = {}
        #: For names with a `*`: a whole list as one of the options.
        self._options: dict[str, Option] = {}
        mentions = [choice for choice in self._template.choices if isinstance(choice, Mention)]
        if mentions:
            self._library = Library(wildcards, text)
            for mention in mentions:
                self._library.reach(mention)
            for name, found in self._library.lists.items():
                for template in found.templates:
                    self._find_ways(template.choices)
                self._single[(name,)] = self._one_of(found.pool)
        self._find_ways(self._template.choices)
        self._require_finite()

    @property
    def _whole(self) -> Span:
        """The place from the first choice to the last."""
        spans = [choice.span for choice in self._template.choices]
        return Span(min(span.start for span in spans), max(span.end for span in spans)) if spans else Span(0, 0)

    @property
    def count(self) -> int:
        """The number of combinations, at most `MOST_COUNTED`."""
        return self._count(self._template.pieces)

    def draw(self, chance: random.Random) -> str:
        """Return the text with every choice made by chance. Raises PromptError where that is too long."""
        return self._write(0, lambda ways, _: [(line, 0) for line in drawn(ways, chance)])

    def every(self, most: int) -> list[str]:
        """Return all combinations. Raises PromptError where there are more than `most`, or one is too long."""
        if self.count > most:
            words = told("prompts_many", count=self.count, most=most)
            if self.count > _COUNTLESS:
                words = told("prompts_countless", most=most)
            raise PromptError(words, self._template.text, self._whole)
        if self.count * self._size(self._template.pieces) > MAX_PIECES_OF_ALL:
            raise PromptError(told("prompts_large", count=self.count), self._template.text, self._whole)
        return [self._write(number, self._numbered) for number in range(self.count)]

    # How many ways there are ----------------------------------------------------------------------------------------

    def _find_ways(self, choices: Iterable[Choice]) -> None:
        """Find the ways of choices, the inner first. Those of the lists that they draw from are known."""
        for choice in choices:
            if isinstance(choice, Mention):
                self._ways[choice] = self._ways_of(choice)
            elif choice.joiner is None:
                self._ways[choice] = self._one_of(Pool.of(choice.options))
            elif (mention := choice.mention) and self._library.names_of(mention):
                self._ways[choice] = several(self._gather(mention), choice.least, choice.most, choice.joiner)
            else:
                measured = self._measured(Pool.of(choice.options))
                self._ways[choice] = several(measured, choice.least, choice.most, choice.joiner)

    def _ways_of(self, mention: Mention) -> Ways:
        """Return the ways to draw one line, of one of the lists where a mention names several."""
        names = self._library.names_of(mention)
        if not names:
            return self._one_of(Pool((f"__{mention.name}__",)))
        if names not in self._single:
            self._single[names] = self._one_of(Pool.of([self._as_option(name) for name in names]))
        return self._single[names]

    def _as_option(self, name: str) -> Option:
        """Return a list as an option, as likely as its lines are together."""
        if name not in self._options:
            mention = Mention(name, Span(0, 0), touched=False)
            self._ways[mention] = self._single[(name,)]
            self._options[name] = Option(self._single[(name,)].pool.weight, (mention,))
        return self._options[name]

    def _gather(self, mention: Mention) -> Measured:
        """Return what `{2$$__name__}` draws several of: the lines of all lists that are named."""
        names = self._library.names_of(mention)
        if names not in self._gathered:
            pools = [self._single[(name,)].pool for name in names]
            lines = sum(len(pool.options) for pool in (*pools, *(known.pool for known in self._gathered.values())))
            if lines > _MAX_GATHERED:
                words = told("wildcard_lines", name=written(mention.name))
                raise PromptError(words, self._template.text, self._whole)
            whole = pools[0] if len(pools) == 1 else Pool.of([line for pool in pools for line in pool.options])
            self._gathered[names] = self._measured(whole)
        return self._gathered[names]

    def _one_of(self, pool: Pool) -> Ways:
        count = size = 0
        for line in pool.options:
            if isinstance(line, str):
                count += 1
            else:
                count += self._count(line.pieces)
                size = max(size, self._size(line.pieces))
        return Ways(pool, 1, 1, "", min(count, MOST_COUNTED), max(size, 1))

    def _measured(self, pool: Pool) -> Measured:
        plain = sum(isinstance(line, str) for line in pool.options)
        counts, sizes = Counter({1: plain}), Counter({1: plain})
        for line in pool.options:
            if not isinstance(line, str):
                counts[self._count(line.pieces)] += 1
                sizes[self._size(line.pieces)] += 1
        return Measured(pool, +counts, +sizes)

    def _count(self, pieces: Iterable[Piece]) -> int:
        product = 1
        for piece in pieces:
            if not isinstance(piece, str):
                product *= self._ways[piece].count
                if product > MOST_COUNTED:
                    return MOST_COUNTED
        return product

    def _size(self, pieces: Iterable[Piece]) -> int:
        size = 0
        for piece in pieces:
            size += 1 if isinstance(piece, str) else 1 + self._ways[piece].size
        return min(size, MAX_PIECES + 1)

    def _require_finite(self) -> None:
        """Raise PromptError where lists that draw from lists, or orders of long lists, make work without measure."""
        size = 0
        for piece in self._template.pieces:
            size += self._size([piece])
            if size > MAX_PIECES and not isinstance(piece, str):
                raise PromptError(told("choices_large", most=MAX_PIECES), self._template.text, piece.span)

    # Writing --------------------------------------------------------------------------------------------------------

    def _write(self, number: int, choose: _Choose) -> str:
        """Return one combination. Raises PromptError where it is too long."""
        text = _Growing()
        # Each with the piece of the prompt that it comes from.
        waiting: list[tuple[Piece | _Seam, int, Piece]] = []
        waiting += ((piece, own, piece) for piece, own in self._spread(self._template.pieces, number))
        while waiting:
            piece, number, root = waiting.pop()
            if isinstance(piece, str):
                text.add(piece)
                if text.length > MAX_PROMPT_CHARACTERS:
                    raise self._too_long(root)
                continue
            if isinstance(piece, _Seam):
                piece.pass_by(text)
                continue
            ways = self._ways[piece]
            chosen = choose(ways, number)
            seam = _Seam(ways.joiner, len(chosen)) if len(chosen) > 1 else None
            for line, own in reversed(chosen):
                if seam:
                    waiting.append((seam, 0, root))
                pieces = (line,) if isinstance(line, str) else line.pieces
                waiting += ((inner, of_inner, root) for inner, of_inner in self._spread(pieces, own))
            if seam:
                seam.begin(text)
        return "".join(text.parts)

    def _too_long(self, root: Piece) -> PromptError:
        """Return the error for a text that grew too long at a piece of the prompt."""
        words = told("choices_long", most=MAX_PROMPT_CHARACTERS)
        return PromptError(words, self._template.text, self._whole if isinstance(root, str) else root.span)

    def _spread(self, pieces: Sequence[Piece], number: int) -> Iterable[tuple[Piece, int]]:
        """Return the pieces, the last first, each with the number of its way when the first varies slowest."""
        for piece in reversed(pieces):
            own = 0
            if not isinstance(piece, str):
                number, own = divmod(number, self._ways[piece].count)
            yield piece, own

    def _numbered(self, ways: Ways, number: int) -> list[tuple[Line, int]]:
        """Make a choice in the way of a number, from 0 up to its count."""
        options = ways.pool.options
        counts = [1 if isinstance(line, str) else self._count(line.pieces) for line in options]
        if ways.least == ways.most == 1:
            place = 0
            while number >= counts[place]:
                number -= counts[place]
                place += 1
            return [(options[place], number)]
        for size in range(ways.least, ways.most + 1):
            for taken in permutations(range(len(options)), size):
                product = math.prod(counts[place] for place in taken)
                if number >= product:
                    number -= product
                    continue
                made: list[tuple[Line, int]] = []
                for place in reversed(taken):
                    number, own = divmod(number, counts[place])
                    made.append((options[place], own))
                return made[::-1]
        raise AssertionError("there are as many ways as were counted")


#: The latest, since the pictures of a request are drawn one after the other.
_latest: deque[tuple[str, Wildcards, Combinations]] = deque(maxlen=4)


def _combinations(text: str, wildcards: Wildcards) -> Combinations:
    for known, lists, made in _latest.copy():
        if lists is wildcards and known == text:
            return made
    made = Combinations(text, wildcards)
    _latest.append((text, wildcards, made))
    return made
