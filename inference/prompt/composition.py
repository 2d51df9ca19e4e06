"""Composable diffusion: `a cat :1.2 AND a dog` is two prompts, painted together, each with its weight.

As in AUTOMATIC1111 (wiki, Features, "Composable Diffusion"; `get_multicond_prompt_list`): AND in capitals splits
wherever it stands as a word, inside brackets too, and before anything else is read; a number after a colon at the end
is a weight, also where there is no AND. The negative prompt is not split. Liu et al. (2022), "Compositional Visual
Generation with Composable Diffusion Models", says what the weights do.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from inference.prompt.places import Span
from inference.prompt.weights import bounded

_AND = re.compile(r"\bAND\b")
_WEIGHT = re.compile(r"\s*([-+]?(?:\d+\.?|\d*\.\d+))")


@dataclass(frozen=True, slots=True)
class Subprompt:
    """One of the prompts that are painted together."""

    text: str
    weight: float
    #: Where the text stands, without its weight.
    span: Span
    #: Where the weight stands with its colon, or None.
    weight_span: Span | None = None


def subprompts(text: str) -> tuple[Subprompt, ...]:
    """Return the prompts that AND stands between, at least one, each with a finite weight."""
    return tuple(_weighed(text, span) for span in _between(text))


def _between(text: str) -> Iterator[Span]:
    start = 0
    for match in _AND.finditer(text):
        yield Span(start, match.start())
        start = match.end()
    yield Span(start, len(text))


def _weighed(text: str, span: Span) -> Subprompt:
    whole = text[span.start : span.end].rstrip()
    words, colon, number = whole.rpartition(":")
    if colon and (match := _WEIGHT.fullmatch(number)):
        weight_span = Span(span.start + len(words), span.start + len(whole))
        words = words.rstrip()
        return Subprompt(words, bounded(float(match[1])), Span(span.start, span.start + len(words)), weight_span)
    return Subprompt(whole, 1.0, Span(span.start, span.start + len(whole)))
