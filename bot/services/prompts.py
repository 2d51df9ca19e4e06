"""What is painted from what was written: choices drawn, regions fitted, and everything refused that cannot be made."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from bot.services.networks import Networks
from bot.texts import Mistake
from inference.prompt.combinations import MOST_COUNTED, NO_WILDCARDS, Wildcards, count, draw, every, has_choices
from inference.prompt.editing import Timeline
from inference.prompt.hints import Hint
from inference.prompt.places import PromptError, Span
from inference.prompt.reading import Reading, read
from inference.prompt.regions import Layout, fitted
from inference.prompt.timelines import timeline_of
from inference.prompt.words import told
from inference.protocol.limits import MAX_CHANGES, MAX_TEXTS
from inference.protocol.recipe import AdapterUse, Recipe, TextToImage, Words, picture_of

_NO_NETWORKS = Networks()


@dataclass(frozen=True)
class Written:
    """A recipe whose prompts are settled, and what its writer should know."""

    recipe: Recipe
    #: Of each picture, where they differ.
    words: tuple[Words, ...]
    count: int
    #: Each with the text that it points into.
    hints: tuple[tuple[str, Hint], ...]


@dataclass(frozen=True, kw_only=True)
class Choices:
    """How the choices in a prompt, `{a|b}` and `__name__`, are made."""

    wildcards: Wildcards = NO_WILDCARDS
    #: They were made before: braces are text.
    made: bool = False
    #: How many pictures the member expects when each combination is to be painted; None draws one a picture.
    combinations: int | None = None
    #: Pictures that one request may have.
    most: int


def write(
    recipe: Recipe, pictures: int, choices: Choices, layout: Layout | None = None, networks: Networks = _NO_NETWORKS
) -> Written:
    """Settle the prompts of a request for so many pictures. The same recipe, seed and lists always give the same.

    `networks` are those that the prompts may name; where the choices were made before, the recipe's own stay. Raises
    PromptError for what cannot be made, with its place, and Mistake where the combinations are not as many as was said.
    """
    words = tuple(_words(recipe, pictures, choices))
    recipe = picture_of(recipe, 0, words)
    if layout is not None:
        recipe = msgspec.structs.replace(recipe, regions=fitted(layout, recipe.prompt))
    hints: dict[tuple[str, Hint], None] = {}
    adapters: dict[Words, tuple[AdapterUse, ...]] = {}
    for own in dict.fromkeys(words or (Words(recipe.prompt, recipe.negative_prompt),)):
        if layout is not None:
            fitted(layout, own.prompt)
        checked = _checked(recipe, own, None if choices.made else networks)
        hints |= dict.fromkeys(checked.hints)
        adapters[own] = recipe.adapters if choices.made else checked.adapters
    recipe = msgspec.structs.replace(recipe, adapters=next(iter(adapters.values())))
    if len(set(adapters.values())) > 1:
        words = tuple(msgspec.structs.replace(own, adapters=adapters[own]) for own in words)
    return Written(recipe, words, len(words) or pictures, tuple(hints))


def named(text: str, networks: Networks) -> tuple[AdapterUse, ...]:
    """Return the adapters that a text names beside a prompt. Raises PromptError."""
    reading = _made(read(text, Timeline(1)))
    for error in networks.errors(reading, text):
        raise error
    return networks.uses(reading, (text,))


def drawn(prompt: str, wildcards: Wildcards) -> tuple[str, int]:
    """Return a prompt with its choices made, always in the same way, and how many ways there are.

    Raises PromptError.
    """
    return draw(prompt, random.Random(0), wildcards), count(prompt, wildcards)


def combinations_of(prompt: str, wildcards: Wildcards) -> int:
    """Return how many pictures a prompt means when each combination is painted. Raises PromptError."""
    return count(prompt, wildcards)


def _words(recipe: Recipe, pictures: int, choices: Choices) -> Iterator[Words]:
    """Return the words of each picture; none where all have the recipe's."""
    wildcards = choices.wildcards
    if choices.combinations is not None:
        means = count(recipe.prompt, wildcards)
        if means > choices.most:
            raise Mistake("combinations_limit", means=spoken(means), most=choices.most)
        if means != choices.combinations:
            raise Mistake("combinations_count", means=spoken(means), said=choices.combinations)
        for index, prompt in enumerate(every(recipe.prompt, wildcards, choices.most)):
            chance = random.Random(_seed(recipe, index))
            yield Words(prompt, draw(recipe.negative_prompt, chance, wildcards))
    elif not choices.made and (has_choices(recipe.prompt) or has_choices(recipe.negative_prompt)):
        for index in range(pictures):
            chance = random.Random(_seed(recipe, index))
            prompt = draw(recipe.prompt, chance, wildcards)
            yield Words(prompt, draw(recipe.negative_prompt, chance, wildcards))


def _seed(recipe: Recipe, index: int) -> int:
    return picture_of(recipe, index).seed


def spoken(number: int) -> str:
    """Return a count of any size in few characters."""
    if number >= MOST_COUNTED:
        return f"more than 10^{len(str(MOST_COUNTED)) - 1}"
    return f"{number:,}" if number < 10**12 else f"about 10^{len(str(number)) - 1}"


@dataclass(frozen=True)
class _Checked:
    """One picture's prompts, found to be in order."""

    adapters: tuple[AdapterUse, ...]
    #: Each with the text that it points into.
    hints: tuple[tuple[str, Hint], ...]


def _checked(recipe: Recipe, own: Words, networks: Networks | None) -> _Checked:
    """Look through one picture's prompts; without `networks` what they name was settled before.

    Raises PromptError for what cannot be made.
    """
    hires = isinstance(recipe, TextToImage) and recipe.hires is not None
    timeline = timeline_of(recipe, second_pass=hires)
    positive = _made(read(own.prompt, timeline))
    negative = _made(read(own.negative_prompt, timeline, negative=True))
    for error in () if networks is None else networks.errors(positive, own.prompt):
        raise error
    whole = Span(0, len(own.prompt))
    if len(positive.rows) > MAX_TEXTS:
        words = told("too_many_texts", count=len(positive.rows), most=MAX_TEXTS)
        raise PromptError(words, own.prompt, whole)
    rows = [(place, segment.text) for place, row in enumerate(positive.rows) for segment in row.segments]
    changes = len({*(text for _, text in rows), *(segment.text for row in negative.rows for segment in row.segments)})
    if changes > MAX_CHANGES:
        words = told("too_many_changes", count=changes, most=MAX_CHANGES)
        raise PromptError(words, own.prompt, whole)
    hints = [(text, hint) for text, found in _read(own, positive, negative) for hint in found.hints]
    if networks is None:
        return _Checked((), tuple(hints))
    for text, found in _read(own, positive, negative):
        hints += [(text, hint) for hint in networks.hints(found, text)]
    texts = filter(None, (own.prompt, own.negative_prompt, recipe.style_prompt))
    return _Checked(networks.uses(positive, texts), tuple(hints))


def _read(own: Words, positive: Reading, negative: Reading) -> tuple[tuple[str, Reading], ...]:
    return (own.prompt, positive), (own.negative_prompt, negative)


def _made(reading: Reading) -> Reading:
    if reading.errors:
        raise reading.errors[0]
    return reading
