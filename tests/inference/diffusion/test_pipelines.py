"""Whole pictures, from words to pixels, against diffusers' own pipelines on tiny random models of every family."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks.equality import Difference, compare, tasks_for
from benchmarks.references import REFERENCES, Reference
from benchmarks.tiny_models import KINDS, Kind, make_pipeline
from inference.diffusion.samplers import SAMPLERS
from inference.families.base import DiffusionModel
from inference.models.loading import load_model

pytestmark = [
    # Diffusers' own use of NumPy, of a Brownian tree at float32 ends, and of sigmas of one step.
    pytest.mark.filterwarnings("ignore:__array:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Should have t:UserWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

_pipeline = cache(make_pipeline)


@pytest.fixture(scope="module")
def model_of(tiny_root: Path, tiny_folder: Callable[[Kind], Path]) -> Callable[[Kind], DiffusionModel]:
    @cache
    def model(kind: Kind) -> DiffusionModel:
        return load_model(tiny_folder(kind), models_folder=tiny_root, device=torch.device("cpu"), dtype=torch.float32)

    return model


def _name(value: Any) -> str:
    if isinstance(value, Reference):
        index = REFERENCES.index(value)
        return f"{index}-{value.sampler}-{value.schedule}"
    return str(value)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reference", REFERENCES, ids=_name)
def test_pictures_are_those_of_diffusers(
    kind: Kind, reference: Reference, model_of: Callable[[Kind], DiffusionModel]
) -> None:
    model = model_of(kind)
    for task in tasks_for(model, reference):
        found = compare(model, _pipeline(kind), reference, task)
        # A Brownian path amplifies rounding; everything else is met a hundred times closer than it has to be.
        bound = 5e-3 if reference.noise == "brownian" else 1e-4
        assert found.latents < bound, (task, found)
        assert found.pixels < bound, (task, found)


def test_sdxl_follows_instructions_as_in_diffusers(model_of: Callable[[Kind], DiffusionModel]) -> None:
    model = model_of("sdxl_instruct")
    reference = next(reference for reference in REFERENCES if reference.sampler == "euler")
    assert tasks_for(model, reference) == ["instruct"]
    found = compare(model, _pipeline("sdxl_instruct"), reference, "instruct")
    assert found.latents < 1e-4
    assert found.pixels < 1e-4


def test_every_sampler_that_diffusers_has_is_compared() -> None:
    ours_alone = {"dpm_fast", "dpm_adaptive"}
    assert {reference.sampler for reference in REFERENCES} | ours_alone == set(SAMPLERS)


def test_a_difference_is_seen(model_of: Callable[[Kind], DiffusionModel]) -> None:
    """The comparison itself must be able to fail: another model's pipeline gives another picture."""
    reference = next(reference for reference in REFERENCES if reference.sampler == "euler")
    found: Difference = compare(model_of("sd2"), _pipeline("sd2_v"), reference)
    assert found.latents > 0.01
    assert found.pixels > 0.01
