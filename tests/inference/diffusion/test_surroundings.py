"""Around a picture that is continued: what is filled in at first, and what is painted anew."""

import numpy as np
import pytest
from PIL import Image

from inference.diffusion.surroundings import added, surrounded
from inference.protocol.recipe import ContentHash, Outpaint


def recipe(left: int = 0, right: int = 0, top: int = 0, bottom: int = 0, blur: int = 4) -> Outpaint:
    return Outpaint(
        prompt="",
        model=ContentHash("a" * 64),
        width=64 + left + right,
        height=80 + top + bottom,
        steps=4,
        sampler="euler",
        schedule="normal",
        guidance_scale=5.0,
        seed=1,
        image=ContentHash("b" * 64),
        left=left,
        right=right,
        top=top,
        bottom=bottom,
        mask_blur=blur,
    )


def test_the_source_lies_untouched_amid_its_own_colours() -> None:
    values = np.random.default_rng(0).integers(0, 256, (80, 64, 3), np.uint8)
    values[:, :4] = (200, 30, 60)
    canvas = np.asarray(surrounded(Image.fromarray(values), recipe(left=32, top=16)))
    assert canvas.shape == (96, 96, 3)
    assert np.array_equal(canvas[16:, 32:], values)
    assert np.abs(canvas[40:, :8].astype(int) - (200, 30, 60)).max() <= 2


def test_a_plain_picture_goes_on_plain() -> None:
    canvas = np.asarray(surrounded(Image.new("RGB", (64, 80), (10, 200, 90)), recipe(8, 16, 24, 32)))
    assert np.abs(canvas.astype(int) - (10, 200, 90)).max() <= 1


@pytest.mark.parametrize("blur", [0, 4, 16, 256])
def test_the_mask_is_full_where_there_was_nothing_and_falls_inwards(blur: int) -> None:
    mask = added(recipe(left=32, bottom=16, blur=blur))
    assert mask.shape == (96, 96)
    assert mask.dtype == np.float32
    assert (mask[:, :32] == 1).all()
    assert (mask[80:] == 1).all()
    inner = mask[:80, 32:]
    assert (np.diff(inner[0]) <= 0).all()
    assert (inner < 1).all()
    reach = min(blur, 63)
    assert (inner[0, :reach] > 0).all()
    assert (inner[: 80 - blur, blur:] == 0).all()


def test_sides_that_are_not_continued_are_kept_to_their_edge() -> None:
    mask = added(recipe(right=8))
    assert (mask[:, :60] == 0).all()
    assert (mask[:, 60:64] > 0).all()


def test_opposite_slopes_meet() -> None:
    mask = added(recipe(left=8, right=8, blur=256))
    assert mask[0, 8] == mask[0, 71]
    assert mask[0].argmin() in (39, 40)
    assert (mask > 0).all()
