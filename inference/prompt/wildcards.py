"""Wildcards: lists of texts by name, of which `__name__` in a prompt draws one."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Protocol, TypeAlias

from inference.prompt.choices import Mention, Option, Template, parse, weighed
from inference.prompt.places import PromptError, harmless
from inference.prompt.words import Words, told
from inference.protocol.names import nearest

#: Different names with a `*` that one prompt may draw from.
MAX_PATTERNS = 256
#: Choices in all lists that one prompt draws from, directly or through others.
MAX_CHOICES = 20_000
#: Lines of a list that are more than text, though most are not.
_NOT_PLAIN = re.compile(r"[{\\]|__|::")

#: Text alone stands for an option of weight 1.
Line: TypeAlias = "str | Option"


class Wildcards(Protocol):
    """Lists by name. What they hold must not change: other lists are other wildcards."""

    def names(self) -> Sequence[str]:
        """Return every list's name."""
        ...

    def lines(self, name: str) -> Sequence[str]:
        """Return what a list of that name, which is among `names`, holds: see `lines_of`."""
        ...


class Lists(Wildcards):
    """Wildcards from texts by name, each split into its lines once."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = dict(texts)
        self._lines: dict[str, tuple[str, ...]] = {}

    def names(self) -> Sequence[str]:
        """Return every list's name."""
        return list(self._texts)

    def lines(self, name: str) -> Sequence[str]:
        """Return a list's lines. Raises KeyError for a name that is none."""
        if name not in self._lines:
            self._lines[name] = lines_of(self._texts[name])
        return self._lines[name]


NO_WILDCARDS: Wildcards = Lists({})


def lines_of(text: str) -> tuple[str, ...]:
    """Return the lines of a list: without the spaces around them, blank lines, and comments, which begin with #."""
    lines = (line.strip() for line in text.removeprefix("\ufeff").splitlines())
    return tuple(line for line in lines if line and line[0] != "#")


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Options to take from, with the chances that their weights give them."""

    options: tuple[Line, ...] = field(repr=False)
    #: The sum of the weights up to each; empty where all weigh 1.
    heights: tuple[float, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, options: Sequence[Line]) -> "Pool":
        """Return a pool of options."""
        weights = [weight_of(option) for option in options]
        if weights.count(1.0) == len(weights):
            return cls(tuple(options))
        return cls(tuple(options), tuple(accumulate(weights)))

    @property
    def weight(self) -> float:
        """Return the sum of the weights."""
        return self.heights[-1] if self.heights else float(len(self.options))

    def at(self, part: float) -> Line:
        """Return the option at a part of the way through all weights, from 0 up to but not including 1."""
        place = bisect_right(self.heights, part * self.weight) if self.heights else int(part * len(self.options))
        # A product may be rounded up.
        return self.options[min(place, len(self.options) - 1)]


def weight_of(line: Line) -> float:
    """Return an option's weight."""
    return 1.0 if isinstance(line, str) else line.weight


@dataclass(frozen=True, slots=True)
class List:
    """A list that was read."""

    pool: Pool
    #: Of the lines that are more than text.
    templates: tuple[Template, ...]

    @classmethod
    def of(cls, lines: Sequence[str], most_choices: int) -> "List | None":
        """Read the lines of a list; those of weight 0 are left out. Return None where they have too many choices."""
        options: list[Line] = []
        templates: list[Template] = []
        for line in lines:
            if not _NOT_PLAIN.search(line):
                options.append(line)
                continue
            weight, text = weighed(line)
            template = parse(text.lstrip())
            most_choices -= len(template.choices)
            if most_choices < 0:
                return None
            if weight > 0:
                options.append(Option(weight, template.pieces))
                templates.append(template)
        return cls(Pool.of(options), tuple(templates))


class Library:
    """The lists that a prompt draws from, directly or through others, each found and read once."""

    def __init__(self, wildcards: Wildcards, prompt: str) -> None:
        self._wildcards = wildcards
        self._prompt = prompt
        self._names = sorted((name.casefold(), name) for name in wildcards.names())
        self._by_folded = dict(reversed(self._names))
        self._exact = {name for _, name in self._names}
        self._found: dict[str, tuple[str, ...]] = {}
        self._patterns = self._choices = 0
        self._reached: set[tuple[str, bool]] = set()
        #: By name, each after all that it draws from.
        self.lists: dict[str, List] = {}

    def names_of(self, mention: Mention) -> tuple[str, ...]:
        """Return the names of the lists that a mention draws from, in alphabetical order; none if there are none."""
        if mention.name not in self._found:
            self._patterns += "*" in mention.name
            self._found[mention.name] = tuple(self._fitting(mention.name))
        return self._found[mention.name]

    def reach(self, mention: Mention) -> None:
        """Read the lists that a mention in the prompt leads to.

        Raises PromptError, at that mention, for a list that is not there, has no lines, or draws from itself.
        """
        if (mention.name, mention.touched) in self._reached:
            return
        self._reached.add((mention.name, mention.touched))
        for first in self._named(mention, mention):
            if first in self.lists:
                continue
            # The way from the prompt to the list that is being read, with what each has still to look at.
            path = {first: self._opened(first, mention)}
            while path:
                name, (found, ahead) = next(reversed(path.items()))
                for target in ahead:
                    if target in path:
                        names = list(path)
                        raise self._error(_in_a_circle([*names[names.index(target) :], target]), mention)
                    if target not in self.lists:
                        path[target] = self._opened(target, mention)
                        break
                else:
                    self.lists[name] = found
                    del path[name]

    def _opened(self, name: str, root: Mention) -> tuple[List, Iterator[str]]:
        found = List.of(self._wildcards.lines(name), MAX_CHOICES - self._choices)
        if found is None:
            raise self._error(told("wildcard_choices", most=MAX_CHOICES), root)
        self._choices += sum(len(template.choices) for template in found.templates)
        if not found.pool.options:
            raise self._error(told("wildcard_empty", name=written(name)), root)
        return found, self._targets(name, found, root)

    def _targets(self, name: str, found: List, root: Mention) -> Iterator[str]:
        """Return the names of the lists that a list draws from."""
        seen: set[tuple[str, bool]] = set()
        for template in found.templates:
            for choice in template.choices:
                if isinstance(choice, Mention) and (choice.name, choice.touched) not in seen:
                    seen.add((choice.name, choice.touched))
                    where = told("wildcard_where", line=_short(template.text, 60), name=written(name))
                    yield from self._named(choice, root, where)

    def _named(self, mention: Mention, root: Mention, where: Words | None = None) -> tuple[str, ...]:
        """Return the lists that a mention names; `where` says in which line it stands, unless in the prompt.

        Raises PromptError, at `root`, where there is none and the mention is no text either.
        """
        names = self.names_of(mention)
        if self._patterns > MAX_PATTERNS:
            raise self._error(told("wildcard_patterns", most=MAX_PATTERNS), root)
        if names or mention.touched:
            return names
        near = nearest(mention.name[:80], [name for _, name in self._names])
        words = told("wildcard_none", name=written(mention.name))
        if near:
            words += told("near", near=", ".join(map(written, near)))
        if where is not None:
            words += where
        raise self._error(words + told("wildcard_as_text", name=written(mention.name)), root)

    def _error(self, words: Words, root: Mention) -> PromptError:
        return PromptError(words, self._prompt, root.span)

    def _fitting(self, name: str) -> Iterator[str]:
        folded = name.casefold()
        if "*" in name:
            start, *parts = folded.split("*")
            yield from (own for other, own in self._names if _fits(other, start, parts))
        elif name in self._exact:
            yield name
        elif folded in self._by_folded:
            yield self._by_folded[folded]


def _fits(name: str, start: str, parts: Sequence[str]) -> bool:
    """Tell whether a name is `start`, anything, the first of `parts`, anything, and so on, and ends with the last."""
    *between, end = parts
    if not name.startswith(start) or not name.endswith(end):
        return False
    place = len(start)
    for part in between:
        place = name.find(part, place)
        if place < 0:
            return False
        place += len(part)
    return place <= len(name) - len(end)


def written(name: str) -> str:
    """Return how a list's name stands in a prompt, safe to show."""
    return f"__{_short(name, 80)}__"


def _short(text: str, most: int) -> str:
    return harmless(text if len(text) <= most else f"{text[:most]}…")


def _in_a_circle(names: Sequence[str]) -> Words:
    shown = [written(name) for name in names]
    if len(shown) == 2:
        return told("wildcard_circle", name=shown[0])
    if len(shown) > 6:
        shown = [*shown[:3], "…", *shown[-2:]]
    return told("wildcard_circles", circle=" → ".join(shown))
