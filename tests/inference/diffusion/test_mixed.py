"""Pictures of several requests share a batch, and each is what it would have been alone."""

import io
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import torch

from benchmarks.equality import source_picture
from benchmarks.mixing import measure
from benchmarks.studio import MIXED, Studio
from benchmarks.tiny_models import Kind
from inference.diffusion.samplers import SAMPLERS
from inference.families.base import DiffusionModel
from inference.models.loading import load_model
from inference.protocol.recipe import BaseRecipe, ContentHash, Instruct, Recipe, TextToImage, Variation

KINDS: tuple[Kind, ...] = ("sd1", "sd1_inpaint", "sd2_v", "sdxl")
SIDE = 64


@pytest.fixture(params=KINDS)
def model(request: pytest.FixtureRequest, tiny_root: Path, tiny_folder: Callable[[Kind], Path]) -> DiffusionModel:
    return load_model(
        tiny_folder(request.param), models_folder=tiny_root, device=torch.device("cpu"), dtype=torch.float32
    )


def test_eight_people_share_a_batch(model: DiffusionModel) -> None:
    found = measure(model, SIDE)
    assert found.pixels < 1e-4
    assert found.latents < 1e-4
    assert found.identical_alone
    assert found.identical_mixed


def test_every_sampler_shares_a_batch_with_every_other(model: DiffusionModel) -> None:
    base = MIXED[0].recipe(model.hash, SIDE, SIDE, 1)
    recipes: list[Recipe] = [
        msgspec.structs.replace(base, sampler=key, schedule=sampler.schedule, seed=seed, steps=5)
        for seed, (key, sampler) in enumerate(SAMPLERS.items())
    ]
    found = measure(model, SIDE, recipes)
    # Stochastic and adaptive samplers of random networks amplify the last bit of a different sum.
    assert found.pixels < 1e-4
    assert found.identical_alone
    assert found.identical_mixed


def test_options_differ_within_a_batch(model: DiffusionModel) -> None:
    base = MIXED[0].recipe(model.hash, SIDE, SIDE, 1)
    recipes: list[Recipe] = [
        base,
        msgspec.structs.replace(base, guidance_scale=1.0),
        msgspec.structs.replace(base, guidance_rescale=0.7),
        msgspec.structs.replace(base, clip_skip=2),
        msgspec.structs.replace(base, negative_prompt="a blurry photo, " * 40),
        msgspec.structs.replace(base, variation=Variation(seed=9, strength=0.3)),
        msgspec.structs.replace(base, seed_resize_from=(128, 64)),
    ]
    found = measure(model, SIDE, recipes)
    assert found.pixels < 1e-4
    assert found.identical_alone


def test_no_two_of_these_are_the_same_picture(model: DiffusionModel) -> None:
    """What the tests above compare must be worth comparing."""
    recipes: list[TextToImage] = [wish.recipe(model.hash, SIDE, SIDE, 1) for wish in MIXED]
    latents = Studio(model).latents(recipes)
    for index, one in enumerate(latents):
        for other in latents[:index]:
            assert float((one - other).abs().max()) > 0.05


def test_instructions_share_a_batch(tiny_root: Path, tiny_folder: Callable[[Kind], Path]) -> None:
    folder = tiny_folder("sd1_instruct")
    model = load_model(folder, models_folder=tiny_root, device=torch.device("cpu"), dtype=torch.float32)
    data = io.BytesIO()
    source_picture().save(data, "PNG")
    image = ContentHash("1" * 64)
    told = {name: getattr(MIXED[0].recipe(model.hash, SIDE, SIDE, 1), name) for name in BaseRecipe.__struct_fields__}
    recipes = [
        Instruct(**told | {"image": image, "image_guidance_scale": image_scale, "guidance_scale": scale})
        for image_scale, scale in ((1.5, 7.0), (1.0, 7.0), (1.0, 1.0), (2.0, 1.0), (0.0, 3.0))
    ]
    mixed = Studio(model).latents(recipes, {image: data.getvalue()})
    for one, recipe in zip(mixed, recipes, strict=True):
        (alone,) = Studio(model).latents([recipe], {image: data.getvalue()})
        assert float((one - alone).abs().max() / alone.abs().max()) < 1e-4
    for index, one in enumerate(mixed):
        assert all(float((one - other).abs().max()) > 0.05 for other in mixed[:index])
