"""Sizes as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services.sizes import RATIOS, Pixels, Ratio, parse_size, pixels_of
from bot.texts import Mistake
from inference.protocol.limits import MAX_SIDE, MIN_SIDE, SIDE_MULTIPLE


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("512x768", Pixels(512, 768)),
        (" 512 X 768 ", Pixels(512, 768)),
        ("512×768", Pixels(512, 768)),
        ("16:9", Ratio(16, 9)),
        ("3/2", Ratio(3, 2)),
        ("4:1", Ratio(4, 1)),
    ],
)
def test_what_is_a_size(text: str, size: Pixels | Ratio) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "512", "512x", "x", "-1x5", "5:0", "0:5", "9:1", "1:9", "512x768x2", "999999x1"])
def test_what_is_none(text: str) -> None:
    with pytest.raises(Mistake):
        parse_size(text)


@pytest.mark.parametrize("text", RATIOS)
@pytest.mark.parametrize(("width", "height"), [(512, 512), (1024, 1024), (768, 512)])
def test_what_is_offered_has_the_usual_number_of_pixels(text: str, width: int, height: int) -> None:
    size = pixels_of(parse_size(text), width, height)
    assert 0.95 <= size.width * size.height / (width * height) <= 1.05


@given(st.integers(1, 999), st.integers(1, 999), st.integers(64, 2048), st.integers(64, 2048))
def test_any_ratio_gives_sides_that_can_be_painted(width: int, height: int, usual: int, other: int) -> None:
    size = pixels_of(Ratio(width, height), usual, other)
    for side in (size.width, size.height):
        assert MIN_SIDE <= side <= MAX_SIDE
        assert side % SIDE_MULTIPLE == 0
