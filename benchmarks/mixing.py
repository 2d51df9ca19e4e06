"""A picture in a mixed batch against the same picture alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from benchmarks.studio import MIXED, Studio
from inference.families.base import DiffusionModel
from inference.protocol.recipe import Recipe


@dataclass(frozen=True)
class Mixing:
    """How far the pictures of one batch are from themselves."""

    #: Largest difference between mixed and alone, of pixels in 0..1 and of latents relative to their largest.
    pixels: float
    latents: float
    #: The same recipe, painted twice alone, is the same bit for bit.
    identical_alone: bool
    #: Likewise for the whole batch.
    identical_mixed: bool


def measure(model: DiffusionModel, side: int, recipes: Sequence[Recipe] = ()) -> Mixing:
    """Paint recipes, by default eight people's, together and alone, twice each."""
    chosen = list(recipes) or [wish.recipe(model.hash, side, side, seed) for seed, wish in enumerate(MIXED)]
    mixed, mixed_again = Studio(model).latents(chosen), Studio(model).latents(chosen)
    alone, alone_again = ([Studio(model).latents([recipe])[0] for recipe in chosen] for _ in range(2))
    pixels, latents = 0.0, 0.0
    with torch.inference_mode():
        for one, other in zip(mixed, alone, strict=True):
            latents = max(latents, float((one - other).abs().max() / other.abs().max()))
            decoded = [model.decode(picture[None]).clamp(-1, 1) / 2 for picture in (one, other)]
            pixels = max(pixels, float((decoded[0] - decoded[1]).abs().max()))
    return Mixing(
        pixels=pixels,
        latents=latents,
        identical_alone=all(torch.equal(*pair) for pair in zip(alone, alone_again, strict=True)),
        identical_mixed=all(torch.equal(*pair) for pair in zip(mixed, mixed_again, strict=True)),
    )
