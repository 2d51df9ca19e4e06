"""Several pictures in one: their latents, and what the engine paints from them."""

import itertools

import msgspec
import numpy as np
import pytest
import torch

from inference.diffusion.blending import blended
from inference.diffusion.painting import total_steps
from inference.protocol.messages import Failed, Progress
from inference.protocol.recipe import Blend
from tests.inference.diffusion.test_engine import OTHER_PICTURE, PICTURE, Studio, png, recipe

IMAGES = {PICTURE: png((200, 30, 60)), OTHER_PICTURE: png((20, 130, 90))}


def latents(seed: int) -> torch.Tensor:
    return torch.randn(4, 8, 8, generator=torch.Generator().manual_seed(seed))


def blend(**changes: object) -> Blend:
    fields = msgspec.structs.asdict(recipe()) | {"images": (PICTURE, OTHER_PICTURE)}
    fields.pop("hires")
    return Blend(**(fields | changes))


def painted(wanted: Blend) -> np.ndarray:
    studio = Studio()
    studio.ask("job", wanted, images=IMAGES)
    studio.run()
    return studio.pixels("job")


def test_a_picture_blended_with_itself_stays_as_it_is() -> None:
    assert torch.allclose(blended([latents(1)] * 3, (0.2, 0.3, 0.5)), latents(1), atol=1e-6)


@pytest.mark.parametrize("weights", [(0.5, 0.5), (0.8, 0.2), (0.25,) * 4])
def test_a_blend_is_as_vivid_as_its_pictures_and_near_to_each(weights: tuple[float, ...]) -> None:
    sources = [latents(seed) for seed in range(len(weights))]
    found = blended(sources, weights)
    length = sum(weight * float(each.norm()) for weight, each in zip(weights, sources, strict=True))
    assert float(found.norm()) == pytest.approx(length, rel=1e-5)
    near = [float(torch.cosine_similarity(found.flatten(), each.flatten(), 0)) for each in sources]
    stranger = float(torch.cosine_similarity(found.flatten(), latents(99).flatten(), 0))
    assert min(near) > stranger + 0.1
    if weights == (0.8, 0.2):
        assert near[0] > near[1]


def test_the_order_of_the_pictures_does_not_matter() -> None:
    sources, weights = [latents(seed) for seed in range(3)], (0.5, 0.3, 0.2)
    first = blended(sources, weights)
    for order in itertools.permutations(range(3)):
        other = blended([sources[index] for index in order], [weights[index] for index in order])
        assert torch.allclose(first, other, atol=1e-5)


def test_opposites_leave_nothing_rather_than_anything() -> None:
    assert blended([latents(1), -latents(1)], (0.5, 0.5)).abs().max() == 0
    assert blended([torch.zeros(4, 8, 8)] * 2, (0.5, 0.5)).abs().max() == 0


def test_the_engine_paints_from_all_pictures() -> None:
    between = painted(blend(strength=0.0)).mean((0, 1))
    for channel in range(3):
        low, high = sorted((200, 30, 60)[channel : channel + 1] + (20, 130, 90)[channel : channel + 1])
        assert low - 40 <= between[channel] <= high + 40
    first = painted(blend(strength=0.0, weights=(1.0, 0.01)))
    assert np.abs(first - np.array((200, 30, 60))).max() <= 4
    both = painted(blend(strength=0.6))
    assert not np.array_equal(both, painted(blend(strength=0.6, images=(PICTURE, PICTURE))))
    assert np.array_equal(both, painted(blend(strength=0.6)))


def test_blends_share_passes_and_equal_those_made_alone() -> None:
    wanted = [blend(strength=0.6), blend(strength=0.9, seed=4, sampler="euler_a", weights=(0.3, 0.7))]
    studio = Studio()
    for index, each in enumerate(wanted):
        studio.ask(f"job{index}", each, images=IMAGES)
    studio.ask("words", recipe(seed=9))
    studio.run()
    assert studio.toy.passes[0] == 6
    assert studio.of(Progress, "job0")[-1].steps == total_steps(wanted[0])
    for index, each in enumerate(wanted):
        assert np.abs(studio.pixels(f"job{index}") - painted(each)).max() <= 1


def test_one_that_cannot_be_read_is_told() -> None:
    studio = Studio()
    studio.ask("job", blend(), images=IMAGES | {OTHER_PICTURE: b"no picture"})
    studio.run()
    (failed,) = studio.of(Failed)
    assert failed.kind == "invalid"
