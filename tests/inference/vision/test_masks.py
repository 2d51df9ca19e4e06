"""Masks of a box, of a colour, of what is transparent and of another picture."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from inference.diffusion.pictures import PictureError, decode
from inference.protocol.marks import Box, Colour, Drawn, Mark, Part, Transparent
from inference.protocol.messages import Problem
from inference.vision import masks
from inference.vision.masks import mask_of
from tests.sample_uploads import RED, good, halves, saved, turned, with_hole

LEFT = np.repeat([[True] * 24 + [False] * 24], 32, axis=0)


def white(mark: Mark, picture: Image.Image) -> NDArray[np.bool_]:
    mask = mask_of(mark, picture)
    assert mask.mode == "L"
    values = np.asarray(mask)
    assert set(np.unique(values)) <= {0, 255}
    return values == 255


def problem(mark: Mark, picture: Image.Image) -> Problem:
    with pytest.raises(PictureError) as told:
        mask_of(mark, picture)
    return told.value.problem


def test_a_box_is_white_and_the_rest_black() -> None:
    expected = np.zeros((32, 48), bool)
    expected[20:30, 10:14] = True
    assert np.array_equal(white(Box(left=10, top=20, width=4, height=10), halves()), expected)


@pytest.mark.parametrize("box", [(0, 0, 49, 1), (0, 30, 1, 3), (48, 0, 1, 1), (2**24, 2**24, 2**24, 2**24)])
def test_a_box_outside_the_picture_is_refused(box: tuple[int, int, int, int]) -> None:
    left, top, width, height = box
    found = problem(Box(left=left, top=top, width=width, height=height), halves())
    assert (found.code, found.values) == ("box", {"box": ",".join(map(str, box)), "width": 48, "height": 32})


def test_a_part_is_of_the_sides() -> None:
    assert np.array_equal(white(Part(left=0, top=0, width=0.5, height=1), halves()), LEFT)
    third = white(Part(left=2 / 3, top=0, width=1 / 3, height=1 / 3), halves())
    assert third[:11, 32:].all()
    assert third.sum() == 11 * 16


@pytest.mark.parametrize("size", [(1, 7), (5, 3), (49, 33)])
def test_parts_meet_and_are_never_empty(size: tuple[int, int]) -> None:
    picture = Image.new("RGB", size)
    upper = white(Part(left=0, top=0, width=1, height=0.5), picture)
    lower = white(Part(left=0, top=0.5, width=1, height=0.5), picture)
    assert np.array_equal(upper, ~lower)
    assert white(Part(left=1, top=1, width=1e-9, height=1e-9), picture).sum() == 1
    assert white(Part(left=0, top=0, width=1e-9, height=1e-9), picture).sum() == 1


def test_a_colour_is_found_with_its_neighbours_and_grown() -> None:
    image = Image.new("RGB", (64, 48), "white")
    image.paste(RED, (20, 20, 30, 30))
    image.paste((30, 200, 30), (50, 5, 60, 15))
    expected = np.zeros((48, 64), bool)
    expected[16:34, 16:34] = True
    for colour in (RED, (224, 48, 48), (238, 34, 34)):
        red, green, blue = colour
        assert np.array_equal(white(Colour(red=red, green=green, blue=blue), image), expected), colour
    found = problem(Colour(red=0, green=0, blue=255), image)
    assert (found.code, found.values) == ("colour", {"colour": "#0000ff"})


def test_a_colour_that_nobody_sees_is_not_there() -> None:
    assert problem(Colour(red=RED[0], green=RED[1], blue=RED[2]), with_hole()).code == "colour"


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_what_is_transparent_is_white(mode: str) -> None:
    assert np.array_equal(white(Transparent(), with_hole().convert(mode)), LEFT)


def test_a_transparent_colour_of_a_palette_is_white() -> None:
    assert np.array_equal(white(Transparent(), decode(good()["palette.png"].data)), LEFT)


def test_nothing_and_everything_are_told() -> None:
    assert problem(Transparent(), halves()).code == "nothing"
    assert problem(Transparent(), halves("RGBA")).code == "nothing"
    assert problem(Transparent(), Image.new("RGBA", (8, 8))).code == "everything"
    assert problem(Box(left=0, top=0, width=48, height=32), halves()).code == "everything"
    assert problem(Part(left=0, top=0, width=0.5, height=0.5), Image.new("RGB", (1, 1))).code == "everything"
    assert problem(Colour(red=255, green=0, blue=0), Image.new("RGB", (9, 9), "red")).code == "everything"
    for colour, code in (("black", "nothing"), ("#111111", "nothing"), ("white", "everything")):
        found = problem(Drawn(data=saved(Image.new("RGB", (48, 32), colour))), halves())
        assert (found.code, found.of) == (code, "mask")


def test_a_drawn_mask_is_white_or_transparent() -> None:
    drawn = Image.fromarray((LEFT * 255).astype(np.uint8))
    for data in (saved(drawn), saved(drawn.convert("1")), saved(with_hole(Image.new("RGB", (48, 32), RED)))):
        assert np.array_equal(white(Drawn(data=data), halves()), LEFT)


def test_a_drawn_mask_of_another_size_is_made_to_fit() -> None:
    drawn = Image.fromarray((LEFT * 255).astype(np.uint8))
    for size in ((24, 16), (480, 320), (145, 96)):
        mask = np.asarray(mask_of(Drawn(data=saved(drawn.resize(size))), halves()))
        assert mask.shape == (32, 48)
        assert np.array_equal((mask >= 128)[:, :23], LEFT[:, :23])
        assert np.array_equal((mask >= 128)[:, 25:], LEFT[:, 25:])


def test_a_drawn_mask_of_another_shape_is_refused() -> None:
    found = problem(Drawn(data=saved(Image.new("L", (32, 48), 0))), halves())
    assert (found.code, found.of) == ("shape", "mask")
    assert found.values == {"mask_width": 32, "mask_height": 48, "width": 48, "height": 32}
    assert problem(Drawn(data=saved(Image.new("L", (47, 32), 0))), halves()).code == "shape"


def test_a_drawn_mask_that_is_no_picture_is_refused() -> None:
    found = problem(Drawn(data=b"words"), halves())
    assert (found.code, found.of) == ("none", "mask")


def test_masks_are_of_the_picture_turned_upright() -> None:
    found = white(Colour(red=RED[0], green=RED[1], blue=RED[2]), decode(turned()))
    assert found.shape == (48, 32)
    assert found[:24].all()
    assert not found[32:].any()


def test_a_mask_grows_by_a_square_up_to_the_edges() -> None:
    spots = Image.fromarray((np.random.default_rng(1).random((40, 60)) > 0.99).astype(np.uint8) * 255)
    assert np.array_equal(np.asarray(masks._grown(spots)), np.asarray(spots.filter(ImageFilter.MaxFilter(9))))
    assert np.asarray(masks._grown(Image.new("L", (1, 1), 255))) == [[255]]
