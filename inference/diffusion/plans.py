"""Which texts pull a picture at which step of a pass."""

from bisect import bisect_left
from dataclasses import dataclass

from inference.prompt.composition import subprompts
from inference.prompt.editing import Timeline
from inference.prompt.schedule import Segment, schedule
from inference.protocol.limits import OutOfRange
from inference.protocol.recipe import BaseRecipe, HiresFix, TextToImage

#: Texts that AND may join: each is a row of every pass.
MAX_TEXTS = 8
#: Different texts of one pass: each is read by the text encoder before the first step.
MAX_CHANGES = 128


@dataclass(frozen=True)
class Scheduled:
    """A text that changes over the steps of a pass."""

    segments: tuple[Segment, ...]

    def at(self, step: int) -> str:
        """Return the text of a step, counted from 0; the last one also for what comes after."""
        place = bisect_left([segment.last_step for segment in self.segments], step + 1)
        return self.segments[min(place, len(self.segments) - 1)].text


@dataclass(frozen=True)
class Plan:
    """The texts of one pass of a recipe."""

    #: Each with its weight: several where AND composes them.
    positives: tuple[tuple[Scheduled, float], ...]
    negative: Scheduled

    @property
    def texts(self) -> tuple[str, ...]:
        """Return every text once, in a fixed order."""
        every = [*(scheduled for scheduled, _ in self.positives), self.negative]
        return tuple(dict.fromkeys(segment.text for scheduled in every for segment in scheduled.segments))

    @property
    def is_plain(self) -> bool:
        """Tell whether one text of weight 1 stands alone, so that a scale of 1 needs no other."""
        return [weight for _, weight in self.positives] == [1.0]


def plan(recipe: BaseRecipe, second_pass: bool = False) -> Plan:
    """Return the texts of a recipe's first pass, or of the second one of hires fix. Raises OutOfRange for too many."""
    timeline = Timeline(recipe.steps)
    if second_pass and isinstance(recipe, TextToImage) and isinstance(recipe.hires, HiresFix):
        timeline = Timeline(recipe.steps, recipe.hires.steps or recipe.steps)
    joined = subprompts(recipe.prompt)
    if len(joined) > MAX_TEXTS:
        raise OutOfRange("prompt", f"{len(joined)} texts joined by AND", f"at most {MAX_TEXTS}")
    positives = tuple((Scheduled(schedule(part.text, timeline)), part.weight) for part in joined)
    found = Plan(positives, Scheduled(schedule(recipe.negative_prompt, timeline)))
    if len(found.texts) > MAX_CHANGES:
        raise OutOfRange("prompt", f"{len(found.texts)} different texts over its steps", f"at most {MAX_CHANGES}")
    return found
