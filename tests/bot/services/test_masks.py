"""Masks of boxes, of colours and of what is transparent, read off their pixels."""

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from bot.services import masks
from bot.texts import Mistake


def png(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def white(mask: bytes | None) -> NDArray[np.bool_]:
    assert mask is not None
    with Image.open(io.BytesIO(mask)) as image:
        assert image.mode == "L"
        values = np.asarray(image)
    assert set(np.unique(values)) <= {0, 255}
    return values == 255


def test_a_box_is_white_and_the_rest_black() -> None:
    expected = np.zeros((48, 64), bool)
    expected[20:30, 10:14] = True
    assert np.array_equal(white(masks.box_mask((64, 48), masks.parse_box("10, 20,4,10"))), expected)


@pytest.mark.parametrize("box", ["0,0,65,1", "0,40,1,9", "5,5,0,4", "64,0,1,1"])
def test_a_box_outside_the_picture_is_refused(box: str) -> None:
    with pytest.raises(Mistake, match="64x48"):
        masks.box_mask((64, 48), masks.parse_box(box))


@pytest.mark.parametrize("text", ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "-1,2,3,4", "1.5,2,3,4"])
def test_what_is_no_box_is_told(text: str) -> None:
    with pytest.raises(Mistake, match="is no box"):
        masks.parse_box(text)


def test_a_colour_is_found_with_its_neighbours_and_grown() -> None:
    image = Image.new("RGB", (64, 48), "white")
    image.paste((216, 32, 36), (20, 20, 30, 30))
    image.paste((30, 200, 30), (50, 5, 60, 15))
    expected = np.zeros((48, 64), bool)
    expected[16:34, 16:34] = True
    for text in ("#d82024", "E03030", "#e22"):
        assert np.array_equal(white(masks.colour_mask("x", png(image), masks.parse_colour(text))), expected), text
    with pytest.raises(Mistake, match="#0000ff"):
        masks.colour_mask("x", png(image), masks.parse_colour("#00f"))


@pytest.mark.parametrize("text", ["", "red", "#12345", "#ggg", "#1234567"])
def test_what_is_no_colour_is_told(text: str) -> None:
    with pytest.raises(Mistake, match="is no colour"):
        masks.parse_colour(text)


def test_what_is_transparent_is_white() -> None:
    image = Image.new("RGBA", (64, 48), (10, 20, 30, 255))
    assert masks.transparency_mask("x", png(image)) is None
    assert masks.transparency_mask("x", png(image.convert("RGB"))) is None
    image.paste((0, 0, 0, 20), (8, 8, 16, 24))
    expected = np.zeros((48, 64), bool)
    expected[8:24, 8:16] = True
    assert np.array_equal(white(masks.transparency_mask("x", png(image))), expected)
    assert masks.transparency_mask("x", png(Image.new("RGBA", (64, 48), (0, 0, 0, 0)))) is None


def test_sizes_and_masks_are_those_of_the_picture_turned_upright() -> None:
    image = Image.new("RGB", (64, 48), "white")
    image.paste((255, 0, 0), (0, 0, 16, 48))
    turned = Image.Exif()
    turned[0x0112] = 6  # a quarter turn clockwise
    data = png(image, "JPEG", exif=turned, quality=95)
    assert masks.upright_size("x", data) == (48, 64)
    found = white(masks.colour_mask("x", data, (255, 0, 0)))
    assert found.shape == (64, 48)
    assert found[:16].all()
    assert not found[24:].any()


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(Mistake, match="no picture"):
        masks.upright_size("x.png", b"hello")
