"""Everything that a prompt says, read at once."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from inference.prompt.composition import Subprompt, subprompts
from inference.prompt.editing import Timeline, parse
from inference.prompt.hints import Hint, hints
from inference.prompt.networks import NetworkUse, Stripped, strip
from inference.prompt.places import PromptError, Span, too_long
from inference.prompt.schedule import Segment, schedule
from inference.prompt.words import told
from inference.protocol.limits import MAX_PROMPT_CHARACTERS

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Row:
    """One of the prompts that AND joins: its weight, and its texts in the order of their steps."""

    weight: float
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What was understood of a prompt."""

    #: At least one, unless the prompt is too long to be read.
    rows: tuple[Row, ...]
    networks: tuple[NetworkUse, ...]
    hints: tuple[Hint, ...]
    #: What cannot be made, in the order in which it was found. With any, the prompt is to be refused.
    errors: tuple[PromptError, ...]


def read(text: str, timeline: Timeline, *, negative: bool = False) -> Reading:
    """Return what a prompt says for the pass that `timeline` is about. Never fails: see `Reading.errors`.

    As in AUTOMATIC1111, the negative prompt has neither networks nor AND: there they are text.
    """
    if refused := _refused(text):
        return Reading((), (), (), (refused,))
    found = strip(text)
    parts = (Subprompt(text, 1.0, Span(0, len(text))),) if negative else subprompts(found.text)
    return Reading(
        rows=tuple(Row(part.weight, schedule(part.text, timeline)) for part in parts),
        networks=() if negative else found.networks,
        hints=hints(text, timeline.steps, timeline.hires_steps, negative=negative),
        errors=() if negative else (*found.errors, *_edited_networks(text, found, parts)),
    )


def _refused(text: str) -> PromptError | None:
    if len(text) > MAX_PROMPT_CHARACTERS:
        return too_long(text)
    if match := _SURROGATE.search(text):
        return PromptError(told("half_a_pair"), text, Span(*match.span()))
    return None


def _edited_networks(text: str, found: Stripped, parts: tuple[Subprompt, ...]) -> Iterator[PromptError]:
    """Refuse networks that would be there for some steps only."""
    unknown = set(found.unknown)
    for part in parts:
        end = 0
        for fork in parse(part.text).forks:
            span = fork.span.moved(part.span.start)
            if span.start < end:
                # It stands in one that was looked through already.
                continue
            end = span.end
            place = bisect_right(found.gaps, span.start)
            while place < len(found.gaps) and found.gaps[place] < span.end:
                if found.removed[place] not in unknown:
                    yield PromptError(told("network_edited"), text, found.removed[place])
                place += 1
