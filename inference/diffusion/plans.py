"""Which texts pull a picture at which step of a pass."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from inference.families.texts import Text
from inference.prompt.composition import subprompts
from inference.prompt.editing import Timeline
from inference.prompt.networks import strip
from inference.prompt.schedule import schedule
from inference.prompt.timelines import timeline_of
from inference.protocol.limits import MAX_CHANGES, MAX_TEXTS, OutOfRange
from inference.protocol.recipe import BaseRecipe, Regions


@dataclass(frozen=True)
class Scheduled:
    """A text that changes over the steps of a pass."""

    #: Each with the last step that it holds for, counted from 1.
    segments: tuple[tuple[int, Text], ...]

    def at(self, step: int) -> Text:
        """Return the text of a step, counted from 0; the last one also for what comes after."""
        place = bisect_left(self.segments, step + 1, key=lambda segment: segment[0])
        return self.segments[min(place, len(self.segments) - 1)][1]


@dataclass(frozen=True)
class Plan:
    """The texts of one pass of a recipe."""

    #: Each with its weight: several where AND composes them.
    positives: tuple[tuple[Scheduled, float], ...]
    negative: Scheduled
    #: Where each of them holds; None: everywhere.
    regions: Regions | None = None

    @property
    def texts(self) -> tuple[Text, ...]:
        """Return every text once, in a fixed order."""
        every = [*(scheduled for scheduled, _ in self.positives), self.negative]
        return tuple(dict.fromkeys(text for scheduled in every for _, text in scheduled.segments))

    @property
    def is_plain(self) -> bool:
        """Tell whether one text of weight 1 stands alone, so that a scale of 1 needs no other."""
        return [weight for _, weight in self.positives] == [1.0]


def plan(recipe: BaseRecipe, second_pass: bool = False) -> Plan:
    """Return the texts of a recipe's first pass, or of the second one of hires fix.

    Raises OutOfRange for too many, and for regions that the texts do not fill.
    """
    timeline = timeline_of(recipe, second_pass)
    joined = subprompts(strip(recipe.prompt).text)
    if len(joined) > MAX_TEXTS:
        raise OutOfRange("prompt", f"{len(joined)} texts joined by AND", f"at most {MAX_TEXTS}")
    if recipe.regions is not None and len(joined) - len(recipe.regions.ratios) not in (0, 1):
        regions = len(recipe.regions.ratios)
        raise OutOfRange("prompt", f"{len(joined)} texts joined by AND", f"{regions}, or {regions + 1}, as the regions")
    positives = tuple((_scheduled(part.text, recipe.style_prompt, timeline), part.weight) for part in joined)
    found = Plan(positives, _scheduled(recipe.negative_prompt, None, timeline), recipe.regions)
    if len(found.texts) > MAX_CHANGES:
        raise OutOfRange("prompt", f"{len(found.texts)} different texts over its steps", f"at most {MAX_CHANGES}")
    return found


def _scheduled(text: str, style: str | None, timeline: Timeline) -> Scheduled:
    """Return what both encoders read at which step."""
    first = [(segment.last_step, segment.text) for segment in schedule(text, timeline)]
    if style is None:
        return Scheduled(tuple(first))
    second = [(segment.last_step, segment.text) for segment in schedule(style, timeline)]
    ends = sorted({end for end, _ in (*first, *second)})
    return Scheduled(tuple((end, (_at(first, end), _at(second, end))) for end in ends))


def _at(segments: Sequence[tuple[int, str]], step: int) -> str:
    return segments[bisect_left(segments, step, key=lambda segment: segment[0])][1]
