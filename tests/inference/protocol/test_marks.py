"""What a mask may be made of is checked where it is said."""

import math
from collections.abc import Callable

import pytest

from inference.protocol.limits import MAX_IMAGE_BYTES, OutOfRange
from inference.protocol.marks import Box, Colour, Drawn, Mark, Part
from inference.protocol.messages import Examine

WRONG: list[tuple[Callable[[], Mark], str]] = [
    (lambda: Colour(red=256, green=0, blue=0), "red is 256, but must be a whole number from 0 to 255"),
    (lambda: Colour(red=0, green=-1, blue=0), "green is -1"),
    (lambda: Box(left=-1, top=0, width=1, height=1), "the box's left is -1"),
    (lambda: Box(left=0, top=0, width=0, height=1), "the box's width is 0"),
    (lambda: Box(left=0, top=2**40, width=1, height=1), "the box's top is"),
    (lambda: Part(left=0.6, top=0, width=0.5, height=1), "the box's right end is 1.1"),
    (lambda: Part(left=0, top=1, width=1, height=0.1), "the box's lower end is 1.1"),
    (lambda: Part(left=0, top=0, width=0, height=1), "the box's sides is 0"),
    (lambda: Part(left=math.nan, top=0, width=1, height=1), "the box's left is nan"),
    (lambda: Drawn(data=bytes(MAX_IMAGE_BYTES + 1)), "mask is 67,108,865 bytes long"),
]


@pytest.mark.parametrize(("make", "words"), WRONG)
def test_marks_are_checked(make: Callable[[], Mark], words: str) -> None:
    with pytest.raises(OutOfRange, match=words):
        make()


def test_shares_that_are_rounded_reach_the_end() -> None:
    assert Part(left=2 / 3, top=0.9, width=1 / 3, height=0.1).width == 1 / 3


def test_a_picture_may_not_be_too_long() -> None:
    with pytest.raises(OutOfRange, match=r"image is 67,108,865 bytes long, but must be at most 67,108,864 bytes"):
        Examine(request="q", data=bytes(MAX_IMAGE_BYTES + 1))
