"""Variations and what else is made of the sample model's pictures, judged by their pixels."""

import pytest
import torch

from benchmarks import edits
from benchmarks.edits import Painted
from bot.services.derive import Verb
from inference.families.base import DiffusionModel
from inference.models.loading import load_model
from inference.sample import MODEL_FOLDER

PICTURES = 12


@pytest.fixture(scope="module")
def model() -> DiffusionModel:
    return load_model(MODEL_FOLDER, models_folder=MODEL_FOLDER.parent, device=torch.device("cpu"), dtype=torch.float32)


@pytest.fixture(scope="module")
def pictures(model: DiffusionModel) -> list[Painted]:
    return edits.originals(model, PICTURES)


def test_subtle_variations_keep_the_picture_and_strong_ones_move_it_further(
    model: DiffusionModel, pictures: list[Painted]
) -> None:
    noise_subtle, noise_strong, picture_subtle, picture_strong = edits.vary(model, pictures)
    for subtle, strong in ((noise_subtle, noise_strong), (picture_subtle, picture_strong)):
        assert subtle.kept >= 10 / PICTURES
        assert 0.5 < subtle.distance < strong.distance / 1.5


def test_inpainting_paints_what_was_asked_and_nothing_outside(model: DiffusionModel, pictures: list[Painted]) -> None:
    found = edits.inpaint(model, pictures)
    assert found.kept
    assert found.coloured >= 10 / PICTURES
    assert found.shown >= 9 / PICTURES


@pytest.mark.parametrize("verb", ["zoom_out_1_5", "extend_down"])
def test_outpainting_keeps_the_picture_and_goes_on_with_its_background(
    model: DiffusionModel, pictures: list[Painted], verb: Verb
) -> None:
    found = edits.outpaint(model, pictures[:6], verb)
    assert found.kept
    assert found.continued >= 5 / 6
    assert found.seam < 4


def test_painting_over_in_tiles_keeps_the_picture_and_leaves_no_seams(
    model: DiffusionModel, pictures: list[Painted]
) -> None:
    found = edits.enlarge(model, pictures[:4], "detail", 2)
    assert found.kept == 1
    assert found.distance < 8
    hard = edits.enlarge(model, pictures[:4], "detail", 2, overlap=0)
    assert found.seam is not None
    assert hard.seam is not None
    assert found.seam < 1.15
    assert hard.seam > found.seam + 0.3


def test_painting_again_larger_keeps_the_picture_in_most(model: DiffusionModel, pictures: list[Painted]) -> None:
    found = edits.enlarge(model, pictures[:5], "hires", 2)
    assert found.kept >= 3 / 5
    assert found.distance < 25


def test_a_blend_has_the_prompts_shape_and_is_nearest_to_its_pictures(
    model: DiffusionModel, pictures: list[Painted]
) -> None:
    found = edits.blend(model, pictures[:8], 0.65)
    assert found.shaped >= 6 / 8
    assert found.distance < 0.75 * found.from_others
