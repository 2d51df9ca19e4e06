"""Which steps the prompts of a recipe are counted in."""

from inference.prompt.editing import Timeline
from inference.protocol.names import EVALUATIONS
from inference.protocol.recipe import BaseRecipe, HiresFix, TextToImage

#: Samplers that ask the network twice a step, whose steps AUTOMATIC1111 therefore counts double.
_TWICE = 2


def timeline_of(recipe: BaseRecipe, second_pass: bool = False) -> Timeline:
    """Return the timeline of a recipe's first pass, or of the second one of hires fix.

    As in AUTOMATIC1111 it counts what the network is asked, not what the sampler calls a step: for Heun and its like
    `[a:b:10]` switches after the fifth step, while fractions mean the same for every sampler.
    """
    hires = recipe.hires if second_pass and isinstance(recipe, TextToImage) else None
    steps = counted_steps(recipe.sampler, recipe.steps)
    if not isinstance(hires, HiresFix):
        return Timeline(steps)
    return Timeline(steps, counted_steps(hires.sampler or recipe.sampler, hires.steps or recipe.steps))


def counted_steps(sampler: str, steps: int) -> int:
    """Return how many steps a prompt counts in so many steps of a sampler."""
    return steps * _TWICE if EVALUATIONS.get(sampler) == _TWICE else steps
