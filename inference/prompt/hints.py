"""What is probably a mistake in a prompt: it is painted all the same, as AUTOMATIC1111 would, and pointed at."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from inference.prompt.attention import FACTORS, MAX_DEPTH, tokens
from inference.prompt.composition import Subprompt, subprompts
from inference.prompt.editing import Fork, Prompt, Timeline, parse
from inference.prompt.networks import Stripped, strip
from inference.prompt.places import Span
from inference.prompt.weights import DECIMAL, NUMBER_LIKE, short

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
    words: str


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
    placed = [hint if negative else Hint(found.original(hint.span), hint.words) for hint in local]
    return _counted([*_about_networks(found), *_about_unseen(text), *placed])


def _whole(text: str) -> tuple[Subprompt, ...]:
    return (Subprompt(text, 1.0, Span(0, len(text))),)


def _counted(found: Iterable[Hint]) -> tuple[Hint, ...]:
    firsts: dict[str, Hint] = {}
    counts: dict[str, int] = {}
    for hint in sorted(found, key=lambda hint: hint.span):
        firsts.setdefault(hint.words, hint)
        counts[hint.words] = counts.get(hint.words, 0) + 1
    told = [Hint(hint.span, words + _more(counts[words])) for words, hint in firsts.items()]
    return tuple(told[:MAX_HINTS])


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
            yield Hint(hint.span.moved(part.span.start), hint.words)


def _about_parts(parts: tuple[Subprompt, ...]) -> Iterator[Hint]:
    """Point at what AND and the weights of whole prompts do that may not be meant."""
    for part, after in zip(parts, (*parts[1:], None), strict=True):
        place = part.weight_span or part.span
        if after is not None and _leaves_open(part.text):
            words = "AND splits the prompt here, though it stands in brackets: they do not reach over it."
            yield Hint(Span(after.span.start - len("AND"), after.span.start), words)
        if len(parts) > 1 and not part.text.strip():
            yield Hint(place, "There is nothing here beside AND: an empty prompt is painted along with the others.")
        if len(parts) == 1 and part.weight_span is not None:
            yield Hint(
                place,
                "A colon and a number at the end are the weight of the whole prompt, as before AND; "
                "for text, write something after it.",
            )
        if abs(part.weight) > PLAUSIBLE_WEIGHT:
            yield Hint(place, f"A weight of {short(part.weight)} is more than pictures survive; 1 is usual.")


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
                yield Hint(token.span, f"Brackets nested more than {MAX_DEPTH} deep add nothing.")
        elif token.kind == "closing":
            opened[token.bracket].pop()
            if text[token.start] == ":":
                yield from _about_weight(token.factor, _trimmed(text, Span(token.start + 1, token.end - 1)))
        elif token.bracket:
            strays[token.text[-1]].append(token.span)
    for closing, opening in ((")", "("), ("]", "[")):
        factor = "1.1" if FACTORS[opening] > 1 else "1/1.1"
        words = f"This {opening} is never closed, so it weighs everything after it by {factor}; as text, write "
        yield from _first(opened[opening], f"{words}\\{opening}.")
        words = f"No {opening} was opened that this {closing} could close, so it is text: write \\{closing}."
        yield from _first(strays[closing], words)


def _first(places: list[Span], words: str) -> Iterator[Hint]:
    if places:
        yield Hint(places[0], words + _more(len(places)))


def _more(count: int) -> str:
    return f" (And {count - 1:,} more like it.)" if count > 1 else ""


def _about_weight(weight: float, span: Span) -> Iterator[Hint]:
    if weight < 0:
        yield Hint(span, "A weight below 0 seldom does what is hoped; the negative prompt keeps things out.")
    if abs(weight) > PLAUSIBLE_WEIGHT:
        yield Hint(span, f"A weight of {short(weight)} is more than pictures survive; 0.5 to 1.5 is usual.")


def _about_numbers(text: str) -> Iterator[Hint]:
    """Point at weights that are none: `(x:1,2)`, `(x:nan)`, `(x:1e400)`."""
    for match in _NUMBER_IN_BRACKET.finditer(text):
        number = match[1].strip()
        if NUMBER_LIKE.fullmatch(number) and not re.fullmatch(DECIMAL, number):
            words = f"{number[:40]!r} is no weight that can be read, so it is text: write a number like 1.2."
            yield Hint(_trimmed(text, Span(*match.span(1))), words)


def _trimmed(text: str, span: Span) -> Span:
    """Return a place without the spaces at its ends."""
    written = text[span.start : span.end]
    start = span.end - len(written.lstrip())
    return Span(start, start + len(written.strip()))


def _about_stops(text: str, prompt: Prompt) -> Iterator[Hint]:
    if prompt.stopped is None or "[" not in text:
        return
    if text[prompt.stopped.start] == "|":
        yield Hint(
            prompt.stopped,
            "This | does not stand between the parts of [a|b], so nothing in this prompt is edited or alternates; "
            "as text, write \\|.",
        )
    else:
        words = "This backslash stands before nothing, so nothing in this prompt is edited or alternates."
        yield Hint(prompt.stopped, words)


def _about_moments(prompt: Prompt, timeline: Timeline, hires_steps: int | None) -> Iterator[Hint]:
    """Point at edits that never switch."""
    second = None if hires_steps is None else Timeline(timeline.steps, hires_steps)
    for fork in prompt.forks:
        if fork.when is None:
            continue
        place = fork.when.span
        if timeline.last_step(fork.when) < 1:
            yield Hint(place, "This is before the first step: what stands for the steps until then is never shown.")
        late = timeline.last_step(fork.when) >= timeline.length
        if late and (second is None or second.last_step(fork.when) >= second.length):
            yield Hint(place, _late(fork, timeline, hires_steps))


def _late(fork: Fork, timeline: Timeline, hires_steps: int | None) -> str:
    total = timeline.length + (hires_steps or 0)
    words = f"This is not before the last of {total} steps: what stands for the steps after it is never shown."
    if fork.branches == 1 and fork.when is not None and fork.when.is_fraction:
        words += " For a weight write (x:1.2), in round brackets."
    return words


def _about_edits_without_a_moment(text: str, prompt: Prompt) -> Iterator[Hint]:
    """Point at `[a:b]`, which looks like an edit and is none."""
    if prompt.stopped is not None:
        return
    edits = {fork.span.start for fork in prompt.forks}
    for match in _SQUARE.finditer(text):
        if ":" in match[1] and match.start() not in edits:
            words = "This edits nothing, since it is not like [from:to:10] or [from:to:0.5]; it is text of less weight."
            yield Hint(Span(*match.span()), words)


def _about_networks(found: Stripped) -> Iterator[Hint]:
    for span in found.unknown:
        yield Hint(span, "This is no kind of network that is known here, so it is left out: lora and hypernet are.")
    for network in found.networks:
        if network.unused:
            yield Hint(network.span, f"{':'.join(network.unused)[:80]!r} is not used here.")
        largest = max(abs(network.weight), abs(network.text_encoder_weight))
        if largest > PLAUSIBLE_WEIGHT:
            words = f"A network's weight of {short(largest)} is more than pictures survive; 0 to 1 is usual."
            yield Hint(network.span, words)


def _about_unfinished_networks(text: str, negative: bool) -> Iterator[Hint]:
    complete = set()
    if negative:
        found = strip(text)
        complete = {span.start for span in found.removed}
    for match in _UNFINISHED.finditer(text):
        if match.start() in complete:
            words = "Networks belong in the prompt; in the negative prompt this is text."
        else:
            kind = match[1].lower()
            words = f"This {kind} is not finished, so it is text: write <{kind}:name:1>."
        yield Hint(Span(*match.span()), words)


def _about_unseen(text: str) -> Iterator[Hint]:
    for match in _UNSEEN.finditer(text):
        character = match[0]
        name = unicodedata.name(character, "a control character").lower()
        what = "changes the order of what is shown" if character in _BIDIRECTIONAL else "cannot be seen"
        yield Hint(Span(*match.span()), f"This character {what}, and is read: U+{ord(character):04X}, {name}.")
