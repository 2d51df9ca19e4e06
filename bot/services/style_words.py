"""The words of styles put together: `<style:name>` stands for another style, `{prompt}` for what somebody wrote."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.services.names import unknown
from bot.texts import Mistake, PromptMistake
from inference.prompt.places import Span
from inference.protocol.limits import MAX_PROMPT_CHARACTERS
from inference.protocol.names import nearest
from storage.styles import StyleSettings, folded

#: Styles one inside the other; styles that are named on the way to one prompt.
MOST_DEEP, MOST_NAMED = 8, 100
PLACEHOLDER = "{prompt}"
_TAG = re.compile(r"<style:([^<>]*)>", re.IGNORECASE)
#: What would be left around a name that is taken out.
_EDGES = " ,\n"
_NAME_SHOWN = 24


class Words(Protocol):
    """What a style is made of."""

    @property
    def prompt(self) -> str:
        """Return the words, `{prompt}` among them or not."""
        ...

    @property
    def negative(self) -> str:
        """Return the words to be kept out."""
        ...

    @property
    def settings(self) -> StyleSettings:
        """Return what it chooses beside words."""
        ...


@dataclass(frozen=True)
class Applied:
    """What somebody wrote, in the styles that they chose."""

    prompt: str
    negative_prompt: str
    #: Of these styles; the first that chooses a setting has chosen it.
    settings: StyleSettings = field(default_factory=StyleSettings)


@dataclass(frozen=True)
class _Named:
    """A style where it is named in a text."""

    key: str
    span: Span


@dataclass(frozen=True)
class _Whole:
    """A style with all that it names put in place."""

    prompt: str
    #: Itself and what it names, each once, in the order of naming.
    keys: tuple[str, ...]
    #: How many are one inside the other.
    depth: int


class Weaver:
    """Puts one prompt together; each style is read once, and nothing of one is read again in another.

    Nothing here is recursive, and lengths are known before texts are made, so that no style can stop the bot.
    """

    def __init__(self, known: Mapping[str, Words]) -> None:
        self._styles: dict[str, tuple[str, Words]] = {}
        for name, style in known.items():
            self._styles.setdefault(folded(name), (name, style))
        self._named: dict[str, list[_Named]] = {}
        self._wholes: dict[str, _Whole] = {}
        self._count = 0

    def check(self, name: str) -> None:
        """Raise Mistake for a style that cannot be used: it names itself or what is not there, or is too much."""
        self._count = 0
        self._whole(self._key(name))

    def applied(self, prompt: str, negative: str, names: Iterable[str]) -> Applied:
        """Return a prompt in styles, those named in it first.

        Raises Mistake for names that are none, PromptMistake for those within a text, with the place.
        """
        chosen = dict.fromkeys(self._key(name) for name in names)
        words, inside = self._written(prompt)
        keys: dict[str, None] = {}
        for key in chosen:
            whole = self._whole(key)
            words = around(whole.prompt, words)
            keys |= dict.fromkeys(whole.keys)
        for key in inside:
            keys |= dict.fromkeys(self._whole(key).keys)
        settings = StyleSettings()
        for key in keys:
            style = self._styles[key][1]
            negative = around(style.negative, negative)
            settings = settings.over(style.settings)
        return Applied(words, negative, settings)

    def _written(self, prompt: str) -> tuple[str, list[str]]:
        """Return what somebody wrote with its styles, and which these are.

        A style without `{prompt}` stands where it is named, one with `{prompt}` goes around everything.
        """
        named = self._names_in(prompt, None)
        if not named:
            return prompt, []
        pieces: list[str] = []
        outer: list[str] = []
        end = 0
        for each in named:
            before = prompt[end : each.span.start]
            end = each.span.end
            whole = self._whole(each.key).prompt
            if PLACEHOLDER in whole:
                outer.append(whole)
                # Nothing is left of the name, and words on both sides of it stay apart.
                pieces.append(before.rstrip(_EDGES) if prompt[end : end + 1] in _EDGES else before)
            else:
                pieces += [before, whole]
        words = _joined_pieces([*pieces, prompt[end:]])
        if outer:
            words = words.strip(_EDGES)
        for template in outer:
            words = around(template, words)
        return words, [each.key for each in named]

    def _whole(self, key: str) -> _Whole:
        """Return a style with all that it names put in place."""
        path = [key]
        while path:
            last = path[-1]
            wanted = next((each.key for each in self._names_of(last) if each.key not in self._wholes), None)
            if last in self._wholes:
                path.pop()
            elif wanted is None:
                self._wholes[last] = self._put_together(last)
            elif wanted in path:
                raise self._circle([*path[path.index(wanted) :], wanted])
            else:
                path.append(wanted)
        return self._wholes[key]

    def _put_together(self, key: str) -> _Whole:
        text, named = self._styles[key][1].prompt, self._names_of(key)
        inner = [self._wholes[each.key] for each in named]
        depth = 1 + max((whole.depth for whole in inner), default=0)
        if depth > MOST_DEEP:
            raise Mistake("style_deep", name=self._styles[key][0], most=MOST_DEEP)
        pieces: list[str] = []
        end = 0
        for each, whole in zip(named, inner, strict=True):
            pieces += [text[end : each.span.start], whole.prompt]
            end = each.span.end
        keys = dict.fromkeys([key, *(one for whole in inner for one in whole.keys)])
        return _Whole(_joined_pieces([*pieces, text[end:]]), tuple(keys), depth)

    def _names_of(self, key: str) -> Sequence[_Named]:
        if key not in self._named:
            name, style = self._styles[key]
            self._named[key] = self._names_in(style.prompt, name)
        return self._named[key]

    def _names_in(self, text: str, style: str | None) -> list[_Named]:
        """Return the styles that a text names; `style` is the one whose text it is."""
        found = []
        for match in _TAG.finditer(text):
            self._count += 1
            if self._count > MOST_NAMED:
                raise Mistake("style_many", most=MOST_NAMED)
            span, key = Span(*match.span()), folded(match[1])
            if key not in self._styles:
                raise self._unknown(match[1], text, span, style)
            found.append(_Named(key, span))
        return found

    def _key(self, name: str) -> str:
        key = folded(name)
        if key not in self._styles:
            raise unknown("style", name, self._names())
        return key

    def _names(self) -> Iterator[str]:
        return (name for name, _ in self._styles.values())

    def _unknown(self, name: str, text: str, span: Span, style: str | None) -> PromptMistake:
        near = ", ".join(nearest(name, self._names()))
        if style is None and near:
            return PromptMistake("no_style_near", text, span, name=name, near=near)
        if style is None:
            return PromptMistake("no_style", text, span, name=name)
        if near:
            return PromptMistake("style_names_near", text, span, style=style, name=name, near=near)
        return PromptMistake("style_names", text, span, style=style, name=name)

    def _circle(self, keys: Sequence[str]) -> PromptMistake:
        """Return the mistake of styles that name each other, with the place in the first."""
        name, style = self._styles[keys[0]]
        place = next(each for each in self._names_of(keys[0]) if each.key == keys[1])
        circle = " → ".join(_short(self._styles[key][0]) for key in keys)
        return PromptMistake("style_circle", style.prompt, place.span, name=name, circle=circle)


def names_styles(text: str) -> bool:
    """Tell whether a text names any style."""
    return _TAG.search(text) is not None


def around(template: str, words: str) -> str:
    """Return words in a style: where it says `{prompt}`, and before its own where it does not.

    Words are never read for `{prompt}` themselves. Raises Mistake for more than a prompt may have.
    """
    places = template.count(PLACEHOLDER)
    if not places:
        return _joined_pieces([", ".join(part for part in (words, template) if part.strip())])
    _require_length(len(template) + places * (len(words) - len(PLACEHOLDER)))
    return template.replace(PLACEHOLDER, words)


def _joined_pieces(pieces: Sequence[str]) -> str:
    _require_length(sum(map(len, pieces)))
    return "".join(pieces)


def _require_length(length: int) -> None:
    if length > MAX_PROMPT_CHARACTERS:
        raise Mistake("style_long", most=MAX_PROMPT_CHARACTERS)


def _short(name: str) -> str:
    return name if len(name) <= _NAME_SHOWN else f"{name[: _NAME_SHOWN - 1]}…"
