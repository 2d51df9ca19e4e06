"""What is probably a mistake in a prompt: it is painted all the same, as AUTOMATIC1111 would, and pointed at."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from inference.prompt.attention import FACTORS, MAX_DEPTH, tokens
from inference.prompt.composition import Subprompt, subprompts
from inference.prompt.editing import Fork, Prompt, Timeline, parse
from inference.prompt.networks import Stripped, strip
from inference.prompt.places import Span
from inference.prompt.weights import DECIMAL, NUMBER_LIKE, short
from inference.prompt.words import Words, told

#: Weights beyond this, either way, are hinted at.
PLAUSIBLE_WEIGHT = 3.0
#: More hints than this help nobody.
MAX_HINTS = 20

_NUMBER_IN_BRACKET = re.compile(r":([^()\[\]:\\]*)\)")
_SQUARE = re.compile(r"\[([^\[\]()\\|]*)\]")
_UNFINISHED = re.compile(r"<\s*(lora|lyco|hypernet)\b", re.IGNORECASE)
#: Controls, zero-width and bidirectional characters, lone surrogates, tags; not tab, line feed and carriage return.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_BIDIRECTIONAL = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Hint:
    """Words about a place in the prompt; `places.point_at` shows it."""

    span: Span
    told: Words

    @property
    def words(self) -> str:
        """Return the words in English."""
        return str(self.told)


def hints(text: str, steps: int, hires_steps: int | None = None, *, negative: bool = False) -> tuple[Hint, ...]:
    """Return what is probably a mistake, in the order of its places, at most `MAX_HINTS`. Never fails.

    The same mistake made again is counted rather than told again.
    """
    found = strip("" if negative else text)
    plain = text if negative else found.text
    parts = _whole(text) if negative else subprompts(plain)
    local = [
        *_about_parts(parts),
        *_about_unfinished_networks(plain, negative),
        *(hint for part in parts for hint in _about_part(part, Timeline(steps), hires_steps)),
    ]
    placed = [hint if negative else Hint(found.original(hint.span), hint.told) for hint in local]
    return _counted([*_about_networks(found), *_about_unseen(text), *placed])


def _whole(text: str) -> tuple[Subprompt, ...]:
    return (Subprompt(text, 1.0, Span(0, len(text))),)


def _counted(found: Iterable[Hint]) -> tuple[Hint, ...]:
    places: dict[Words, list[Span]] = {}
    for hint in sorted(found, key=lambda hint: hint.span):
        places.setdefault(hint.told, []).append(hint.span)
    return tuple(hint for words, spans in islice(places.items(), MAX_HINTS) for hint in _first(spans, words))


def _about_part(part: Subprompt, timeline: Timeline, hires_steps: int | None) -> Iterator[Hint]:
    prompt = parse(part.text)
    rules = (
        _about_brackets(part.text),
        _about_numbers(part.text),
        _about_stops(part.text, prompt),
        _about_moments(prompt, timeline, hires_steps),
        _about_edits_without_a_moment(part.text, prompt),
    )
    for rule in rules:
        for hint in rule:
            yield Hint(hint.span.moved(part.span.start), hint.told)


def _about_parts(parts: tuple[Subprompt, ...]) -> Iterator[Hint]:
    """Point at what AND and the weights of whole prompts do that may not be meant."""
    for part, after in zip(parts, (*parts[1:], None), strict=True):
        place = part.weight_span or part.span
        if after is not None and _leaves_open(part.text):
            yield Hint(Span(after.span.start - len("AND"), after.span.start), told("and_in_brackets"))
        if len(parts) > 1 and not part.text.strip():
            yield Hint(place, told("and_nothing"))
        if len(parts) == 1 and part.weight_span is not None:
            yield Hint(place, told("weight_of_all"))
        if abs(part.weight) > PLAUSIBLE_WEIGHT:
            yield Hint(place, told("weight_of_prompt", weight=short(part.weight)))


def _leaves_open(text: str) -> bool:
    depth = {"opening": 1, "closing": -1, "words": 0}
    return sum(depth[token.kind] for token in tokens(text)) > 0


def _about_brackets(text: str) -> Iterator[Hint]:
    """Point at brackets without a partner, at nesting that is too deep and at weights that nobody means."""
    opened: dict[str, list[Span]] = {"(": [], "[": []}
    strays: dict[str, list[Span]] = {")": [], "]": []}
    for token in tokens(text):
        if token.kind == "opening":
            opened[token.bracket].append(token.span)
            if len(opened[token.bracket]) == MAX_DEPTH + 1:
                yield Hint(token.span, told("brackets_deep", most=MAX_DEPTH))
        elif token.kind == "closing":
            opened[token.bracket].pop()
            if text[token.start] == ":":
                yield from _about_weight(token.factor, _trimmed(text, Span(token.start + 1, token.end - 1)))
        elif token.bracket:
            strays[token.text[-1]].append(token.span)
    for closing, opening in ((")", "("), ("]", "[")):
        factor = "1.1" if FACTORS[opening] > 1 else "1/1.1"
        yield from _first(opened[opening], told("bracket_open", opening=opening, factor=factor))
        yield from _first(strays[closing], told("bracket_stray", opening=opening, closing=closing))


def _first(places: list[Span], words: Words) -> Iterator[Hint]:
    """Point at the first of several places, and say how many more there are."""
    if places:
        yield Hint(places[0], words + told("more", count=len(places) - 1) if len(places) > 1 else words)


def _about_weight(weight: float, span: Span) -> Iterator[Hint]:
    if weight < 0:
        yield Hint(span, told("weight_below_zero"))
    if abs(weight) > PLAUSIBLE_WEIGHT:
        yield Hint(span, told("weight_large", weight=short(weight)))


def _about_numbers(text: str) -> Iterator[Hint]:
    """Point at weights that are none: `(x:1,2)`, `(x:nan)`, `(x:1e400)`."""
    for match in _NUMBER_IN_BRACKET.finditer(text):
        number = match[1].strip()
        if NUMBER_LIKE.fullmatch(number) and not re.fullmatch(DECIMAL, number):
            yield Hint(_trimmed(text, Span(*match.span(1))), told("weight_unread", written=number[:40]))


def _trimmed(text: str, span: Span) -> Span:
    """Return a place without the spaces at its ends."""
    written = text[span.start : span.end]
    start = span.end - len(written.lstrip())
    return Span(start, start + len(written.strip()))


def _about_stops(text: str, prompt: Prompt) -> Iterator[Hint]:
    if prompt.stopped is None or "[" not in text:
        return
    yield Hint(prompt.stopped, told("bar_stray" if text[prompt.stopped.start] == "|" else "backslash_stray"))


def _about_moments(prompt: Prompt, timeline: Timeline, hires_steps: int | None) -> Iterator[Hint]:
    """Point at edits that never switch."""
    second = None if hires_steps is None else Timeline(timeline.steps, hires_steps)
    for fork in prompt.forks:
        if fork.when is None:
            continue
        place = fork.when.span
        if timeline.last_step(fork.when) < 1:
            yield Hint(place, told("edit_early"))
        late = timeline.last_step(fork.when) >= timeline.length
        if late and (second is None or second.last_step(fork.when) >= second.length):
            yield Hint(place, _late(fork, timeline, hires_steps))


def _late(fork: Fork, timeline: Timeline, hires_steps: int | None) -> Words:
    words = told("edit_late", steps=timeline.length + (hires_steps or 0))
    if fork.branches == 1 and fork.when is not None and fork.when.is_fraction:
        words += told("edit_as_weight")
    return words


def _about_edits_without_a_moment(text: str, prompt: Prompt) -> Iterator[Hint]:
    """Point at `[a:b]`, which looks like an edit and is none."""
    if prompt.stopped is not None:
        return
    edits = {fork.span.start for fork in prompt.forks}
    for match in _SQUARE.finditer(text):
        if ":" in match[1] and match.start() not in edits:
            yield Hint(Span(*match.span()), told("edit_none"))


def _about_networks(found: Stripped) -> Iterator[Hint]:
    for span in found.unknown:
        yield Hint(span, told("network_kind"))
    for network in found.networks:
        if network.unused:
            yield Hint(network.span, told("network_unused", unused=":".join(network.unused)[:80]))
        largest = max(abs(network.weight), abs(network.text_encoder_weight))
        if largest > PLAUSIBLE_WEIGHT:
            yield Hint(network.span, told("weight_of_network", weight=short(largest)))


def _about_unfinished_networks(text: str, negative: bool) -> Iterator[Hint]:
    complete = set()
    if negative:
        found = strip(text)
        complete = {span.start for span in found.removed}
    for match in _UNFINISHED.finditer(text):
        if match.start() in complete:
            words = told("network_negative")
        else:
            words = told("network_unfinished", kind=match[1].lower())
        yield Hint(Span(*match.span()), words)


def _about_unseen(text: str) -> Iterator[Hint]:
    for match in _UNSEEN.finditer(text):
        character = match[0]
        name = unicodedata.name(character, "a control character").lower()
        words = told("reordering" if character in _BIDIRECTIONAL else "unseen", code=f"{ord(character):04X}", name=name)
        yield Hint(Span(*match.span()), words)
