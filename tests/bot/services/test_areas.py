"""Boxes, places and colours as people write them."""

import pytest

from bot.services.areas import parse_box, parse_colour
from bot.texts import Mistake
from inference.protocol.marks import Box, Colour, Part

HALF, THIRD = 1 / 2, 1 / 3
PLACES: dict[str, tuple[float, float, float, float]] = {
    "left half": (0, 0, HALF, 1),
    "left": (0, 0, HALF, 1),
    "The Right Third": (1 - THIRD, 0, THIRD, 1),
    "top": (0, 0, 1, HALF),
    "top half": (0, 0, 1, HALF),
    "lower quarter of the picture": (0, 0.75, 1, 0.25),
    "bottom left": (0, HALF, HALF, HALF),
    "top-right corner": (HALF, 0, HALF, HALF),
    "top right quarter": (HALF, 0, HALF, HALF),
    "bottom right third": (1 - THIRD, 1 - THIRD, THIRD, THIRD),
    "left two thirds": (0, 0, 2 / 3, 1),
    "upper 3/4": (0, 0, 1, 0.75),
    "middle": (0.25, 0.25, HALF, HALF),
    "centre": (0.25, 0.25, HALF, HALF),
    "the middle third": ((1 - THIRD) / 2, (1 - THIRD) / 2, THIRD, THIRD),
    "top middle": (0.25, 0, HALF, HALF),
    "center left": (0, 0.25, HALF, HALF),
    "linke Hälfte": (0, 0, HALF, 1),
    "rechtes Drittel": (1 - THIRD, 0, THIRD, 1),
    "unten rechts": (HALF, HALF, HALF, HALF),
    "die oberen zwei Drittel": (0, 0, 1, 2 / 3),
    "Mitte": (0.25, 0.25, HALF, HALF),
    "10%,20%,50%,50%": (0.1, 0.2, HALF, HALF),
    "0% 0% 12.5% 100%": (0, 0, 0.125, 1),
}


@pytest.mark.parametrize("text", PLACES)
def test_places(text: str) -> None:
    found = parse_box(text)
    assert isinstance(found, Part)
    assert (found.left, found.top, found.width, found.height) == pytest.approx(PLACES[text])


@pytest.mark.parametrize("text", ["10,20,64,48", " 10, 20; 64 48 "])
def test_a_box_in_pixels(text: str) -> None:
    assert parse_box(text) == Box(left=10, top=20, width=64, height=48)


NO_BOX = """half|left right|top bottom|left left|middle middle|top half third|left 5|1,2,3|1,2,3,4,5|a,b,c,d|-1,2,3,4
1.5,2,3,4|10%,2,3,4|10 %,2%,3%,4%|everything|left/right|१,२,३,٤x""".replace("\n", "|").split("|")


@pytest.mark.parametrize("text", ["", "x" * 10_000, "left " * 40, *NO_BOX])
def test_what_is_no_box_is_told(text: str) -> None:
    with pytest.raises(Mistake, match="is no box"):
        parse_box(text)


@pytest.mark.parametrize("text", ["5,5,0,4", "0%,0%,0%,10%", "60%,0%,50%,10%", "0%,120%,5%,5%"])
def test_a_box_beyond_every_picture_is_told(text: str) -> None:
    with pytest.raises(Mistake, match=f"The box {text} is empty or reaches beyond"):
        parse_box(text)


@pytest.mark.parametrize(
    ("text", "values"), [("#d82024", (216, 32, 36)), (" E03030", (224, 48, 48)), ("#e22", (238, 34, 34))]
)
def test_colours(text: str, values: tuple[int, int, int]) -> None:
    red, green, blue = values
    assert parse_colour(text) == Colour(red=red, green=green, blue=blue)


@pytest.mark.parametrize("text", ["", "red", "#12345", "#ggg", "#1234567"])
def test_what_is_no_colour_is_told(text: str) -> None:
    with pytest.raises(Mistake, match="is no colour"):
        parse_colour(text)
