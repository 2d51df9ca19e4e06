"""Regional prompts: "columns 1:2" or "rows", and the texts that AND joins, one for each."""

import re
from dataclasses import dataclass
from typing import Literal, cast

from inference.prompt.composition import subprompts
from inference.prompt.networks import strip
from inference.prompt.places import PromptError, Span
from inference.prompt.words import told
from inference.protocol.limits import MAX_REGIONS
from inference.protocol.recipe import Regions

_WORDS = re.compile(r"\s*(columns|rows)\b\s*", re.IGNORECASE)
_RATIO = re.compile(r"\s*(\d{1,3}(?:\.\d{1,4})?)\s*(?::|$)")
_BASE = re.compile(r"\bbase\s+(\d?\.?\d{1,4})\s*$", re.IGNORECASE)
#: Regional Prompter's default.
_USUAL_BASE = 0.2


@dataclass(frozen=True)
class Layout:
    """How a picture is divided."""

    direction: Literal["columns", "rows"]
    #: Empty: equal parts, one for each text.
    ratios: tuple[float, ...]
    #: The share of the text that holds everywhere, if there is one, 0..1.
    base: float = _USUAL_BASE


def parse_layout(text: str) -> Layout:
    """Return the layout that a text names: "columns", "rows 1:2", "columns 1:1 base 0.5". Raises PromptError."""
    base = _BASE.search(text)
    if base is not None and float(base[1]) > 1:
        raise PromptError(told("regions_base"), text, Span(*base.span(1)))
    whole, text = text, text[: base.start()] if base else text
    match = _WORDS.match(text)
    if match is None:
        raise PromptError(told("regions_none") + told("regions_write"), whole, Span(0, len(text)))
    ratios: list[float] = []
    place = match.end()
    while text[place:].strip() or (ratios and text[:place].rstrip().endswith(":")):
        found = _RATIO.match(text, place)
        if found is None or float(found[1]) <= 0:
            words = told("regions_ratio") + told("regions_write")
            raise PromptError(words, whole, Span(place, max(len(text), place + 1)))
        ratios.append(float(found[1]))
        place = found.end()
    if ratios and not 2 <= len(ratios) <= MAX_REGIONS:
        raise PromptError(told("regions_number", most=MAX_REGIONS), whole, Span(match.end(), len(text)))
    return Layout(
        cast(Literal["columns", "rows"], match[1].lower()), tuple(ratios), float(base[1]) if base else _USUAL_BASE
    )


def fitted(layout: Layout, prompt: str) -> Regions:
    """Return the regions of a prompt: AND joins a text for each, and perhaps one before them that holds everywhere.

    Raises PromptError, at the text that has no region or at the end where one is missing.
    """
    found = strip(prompt)
    texts = subprompts(found.text)
    ratios = layout.ratios or (1.0,) * len(texts)
    if len(texts) < 2:
        raise PromptError(told(f"{layout.direction}_alone"), prompt, Span(0, len(prompt)))
    if len(ratios) > MAX_REGIONS:
        extra = found.original(texts[MAX_REGIONS].span)
        raise PromptError(told("regions_many", most=MAX_REGIONS), prompt, extra)
    if len(texts) < len(ratios):
        words = told(f"{layout.direction}_missing", count=len(ratios), texts=len(texts))
        raise PromptError(words, prompt, Span(len(prompt), len(prompt)))
    if len(texts) > len(ratios) + 1:
        extra = found.original(texts[len(ratios) + 1].span)
        raise PromptError(told(f"{layout.direction}_extra", count=len(ratios)), prompt, extra)
    return Regions(direction=layout.direction, ratios=ratios, base=layout.base)
