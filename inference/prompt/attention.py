"""Attention: `(x)` weighs 1.1, `[x]` 1/1.1, `(x:1.2)` as it says, and nested weights multiply.

The rules are AUTOMATIC1111's (wiki, Features, "Attention/emphasis"; `parse_prompt_attention`): a backslash takes the
meaning from a bracket or another backslash and vanishes; round and square brackets are paired apart from each other;
a bracket that is never closed weighs everything to the end; one that was never opened is text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from inference.prompt.places import Span
from inference.prompt.weights import DECIMAL, MAX_WEIGHT, bounded

#: What a bracket without a number multiplies by.
FACTORS = {"(": 1.1, "[": 1 / 1.1}
#: Brackets of a kind nested deeper add nothing: 1.1 to this power is 117, far beyond anything that has a meaning.
MAX_DEPTH = 50

_TOKEN = re.compile(rf"\\[()\[\]\\]?|[(\[]|:\s*({DECIMAL})\s*\)|[)\]]|[^\\()\[\]:]+|:")
_PARTNERS = {")": "(", "]": "["}
_BREAK = re.compile(r"\bBREAK\b")


@dataclass(frozen=True, slots=True)
class Piece:
    """Words and their weight, which is finite."""

    text: str
    weight: float


@dataclass(frozen=True, slots=True)
class Break:
    """BREAK: what comes after it begins a new chunk of the text encoder's context."""


class Token(NamedTuple):
    """A piece of the text as attention sees it, `source[start:end]`."""

    kind: Literal["words", "opening", "closing"]
    #: What the text encoder is to read; nothing for a bracket.
    text: str
    start: int
    end: int
    #: Which brackets this opens or closes, "(" or "["; also for a closing one that is text, since nothing was open.
    bracket: str = ""
    #: What a closing one multiplies by.
    factor: float = 1.0

    @property
    def span(self) -> Span:
        """Return where it stands."""
        return Span(self.start, self.end)


def attention(text: str) -> tuple[Piece | Break, ...]:
    """Return the words of a text with their weights, neighbours of equal weight joined; never nothing."""
    pieces: list[str | Break] = []
    weights: list[float] = []
    #: Where each open bracket began, or None for one that is too deep to count.
    opened: dict[str, list[int | None]] = {"(": [], "[": []}
    fresh = True
    for token in tokens(text):
        if token.kind == "words":
            _append(token.text, pieces, weights, fresh)
        elif token.kind == "opening":
            stack = opened[token.bracket]
            stack.append(len(pieces) if len(stack) < MAX_DEPTH else None)
        else:
            _multiply(weights, opened[token.bracket].pop(), token.factor)
        fresh = token.kind != "words"
    for bracket, factor in FACTORS.items():
        for start in opened[bracket]:
            _multiply(weights, start, factor)
    return tuple(_joined(pieces, weights)) or (Piece("", 1.0),)


def tokens(text: str) -> Iterator[Token]:
    """Return a text's words and those of its brackets that mean something."""
    depth = {"(": 0, "[": 0}
    for match in _TOKEN.finditer(text):
        found, start, end = match[0], *match.span()
        if found[0] == "\\":
            yield Token("words", found[1:], start, end)
            continue
        bracket = _PARTNERS.get(found[-1], "")
        if found in FACTORS:
            depth[found] += 1
            yield Token("opening", "", start, end, found)
        elif bracket and depth[bracket]:
            depth[bracket] -= 1
            factor = FACTORS[bracket] if match[1] is None else bounded(float(match[1]))
            yield Token("closing", "", start, end, bracket, factor)
        else:
            yield Token("words", found, start, end, bracket)


def _append(text: str, pieces: list[str | Break], weights: list[float], fresh: bool) -> None:
    """Add words, split at BREAK; to the piece before them unless a bracket stands between (`fresh`)."""
    parts = _BREAK.split(text) if "BREAK" in text else [text]
    for place, part in enumerate(parts):
        words = part
        if place:
            pieces.append(Break())
            weights.append(1.0)
            words = words.lstrip()
        if place < len(parts) - 1:
            words = words.rstrip()
        before = pieces[-1] if pieces and not fresh and not place else None
        if isinstance(before, str):
            pieces[-1] = before + words
        else:
            pieces.append(words)
            weights.append(1.0)


def _multiply(weights: list[float], start: int | None, factor: float) -> None:
    """Multiply all weights from `start` on, and keep them finite.

    Inner brackets come first, as in AUTOMATIC1111, so that the numbers agree to the last bit.
    """
    if start is None or start == len(weights):
        return
    scaled = [weight * factor for weight in weights[start:]]
    # Only a factor beyond 1 can lead out of the bounds.
    if abs(factor) > 1 and (max(scaled) > MAX_WEIGHT or min(scaled) < -MAX_WEIGHT):
        scaled = [bounded(weight) for weight in scaled]
    weights[start:] = scaled


def _joined(pieces: list[str | Break], weights: list[float]) -> Iterator[Piece | Break]:
    run: list[str] = []
    run_weight = 1.0
    for piece, weight in zip(pieces, weights, strict=True):
        if run and (isinstance(piece, Break) or weight != run_weight):
            yield Piece("".join(run), run_weight)
            run.clear()
        if isinstance(piece, Break):
            yield piece
        else:
            run.append(piece)
            run_weight = weight
    if run:
        yield Piece("".join(run), run_weight)
