"""Extra networks: `<lora:name:weight>`, taken out of the prompt before anything else is read.

AUTOMATIC1111's forms (wiki, Features, "Lora"; its built-in Lora extension): `<lora:name>`, `<lora:name:weight>`,
`<lora:name:text encoder:unet>`, and by name `<lora:name:te=0.5:unet=1>`. `lyco` is another word for `lora`. What it
does not know it takes out and leaves unused.
"""

import math
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from inference.prompt.places import PromptError, Span
from inference.prompt.words import told

#: What the first word of `<kind:…>` may be, and the kind that it means.
KINDS = {"lora": "lora", "lyco": "lora", "hypernet": "hypernet"}
#: A recipe takes no weight beyond this.
MAX_NETWORK_WEIGHT = 10.0
_OPENING = re.compile(r"<(\w+):")
_NAMED = {"te", "unet"}


@dataclass(frozen=True, slots=True)
class NetworkUse:
    """A network that the prompt asks for."""

    #: "lora" or "hypernet".
    kind: str
    name: str
    #: For the denoising network, and for the text encoder.
    weight: float
    text_encoder_weight: float
    #: From "<" to ">".
    span: Span
    #: What was said and is not used here: block weights, say.
    unused: tuple[str, ...] = ()
    #: A weight was said; without one it is 1, or what the network's owner wants.
    weighted: bool = True


@dataclass(frozen=True, slots=True)
class Stripped:
    """A prompt without its networks, and the way back to the places where they were."""

    text: str
    networks: tuple[NetworkUse, ...]
    #: What was taken out that is no network we know.
    unknown: tuple[Span, ...]
    #: Networks that cannot be used as they are written.
    errors: tuple[PromptError, ...]
    #: Everything that was taken out, in order.
    removed: tuple[Span, ...]
    #: Where each of these was, counted in `text`.
    gaps: tuple[int, ...]

    def original(self, span: Span) -> Span:
        """Return where a piece of `text` stood before."""
        if span.start == span.end:
            place = self._place(span.start)
            return Span(place, place)
        return Span(self._place(span.start), self._place(span.end - 1) + 1)

    def _place(self, position: int) -> int:
        """Return where the character at `position` stood: behind every gap up to there."""
        passed = bisect_right(self.gaps, position)
        return position + (self.removed[passed - 1].end - self.gaps[passed - 1] if passed else 0)


def networks(text: str) -> tuple[str, tuple[NetworkUse, ...]]:
    """Return a prompt without its networks, and the networks. Raises PromptError for one that cannot be used."""
    found = strip(text)
    if found.errors:
        raise found.errors[0]
    return found.text, found.networks


def strip(text: str) -> Stripped:
    """Take the networks out of a prompt. Never fails."""
    kept: list[str] = []
    gaps: list[int] = []
    uses: list[NetworkUse] = []
    unknown: list[Span] = []
    errors: list[PromptError] = []
    removed = tuple(_spans(text))
    end = length = 0
    for span in removed:
        kept.append(text[end : span.start])
        length += span.start - end
        gaps.append(length)
        end = span.end
        kind, _, arguments = text[span.start + 1 : span.end - 1].partition(":")
        if kind not in KINDS:
            unknown.append(span)
            continue
        try:
            uses.append(_use(KINDS[kind], arguments, text, span))
        except PromptError as error:
            errors.append(error)
    kept.append(text[end:])
    return Stripped("".join(kept), tuple(uses), tuple(unknown), tuple(errors), removed, tuple(gaps))


def _spans(text: str) -> Iterator[Span]:
    """Return the places of everything like `<word:…>`."""
    end = 0
    for match in _OPENING.finditer(text):
        if match.start() < end or text[match.end() : match.end() + 1] == ">":
            continue
        closing = text.find(">", match.end())
        if closing < 0:
            return
        end = closing + 1
        yield Span(match.start(), end)


def _use(kind: str, arguments: str, text: str, span: Span) -> NetworkUse:
    name, *rest = (part.strip() for part in arguments.split(":"))
    if not name:
        raise PromptError(told("network_nameless", kind=kind), text, span)
    positional = [part for part in rest if part.count("=") != 1]
    named = dict(part.split("=") for part in rest if part.count("=") == 1)
    encoder = _weight(positional[0], text, span) if positional else 1.0
    encoder = _weight(named["te"], text, span) if "te" in named else encoder
    unet = _weight(positional[1], text, span) if len(positional) > 1 else encoder
    unet = _weight(named["unet"], text, span) if "unet" in named else unet
    unused = (*positional[2:], *(f"{key}={value}" for key, value in named.items() if key not in _NAMED))
    weighted = bool(positional or _NAMED & set(named))
    return NetworkUse(kind, name, unet, encoder, span, unused, weighted)


def _weight(written: str, text: str, span: Span) -> float:
    try:
        weight = float(written)
    except ValueError:
        weight = math.nan
    if not abs(weight) <= MAX_NETWORK_WEIGHT:
        raise PromptError(told("network_weightless", written=written[:40], most=MAX_NETWORK_WEIGHT), text, span)
    return weight
