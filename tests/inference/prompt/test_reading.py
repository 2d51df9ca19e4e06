"""A prompt is read in one go: networks out, split at AND, then its schedule."""

import pytest

from inference.prompt.editing import Timeline
from inference.prompt.networks import NetworkUse
from inference.prompt.places import Span
from inference.prompt.reading import Row, read
from inference.prompt.schedule import Segment
from inference.protocol.limits import MAX_PROMPT_CHARACTERS

TEN = Timeline(10)


def test_all_at_once() -> None:
    reading = read("a [fox:hen:4]<lora:ink:0.5:1> AND b :2", TEN)
    assert reading.rows == (
        Row(1.0, (Segment(4, "a fox"), Segment(10, "a hen"))),
        Row(2.0, (Segment(10, " b"),)),
    )
    assert reading.networks == (NetworkUse("lora", "ink", 1.0, 0.5, Span(13, 29)),)
    assert reading.hints == ()
    assert reading.errors == ()


def test_a_negative_prompt_has_neither_networks_nor_and() -> None:
    reading = read("bad <lora:ink:x> AND [worse:4] :2", TEN, negative=True)
    assert reading.rows == (
        Row(1.0, (Segment(4, "bad <lora:ink:x> AND  :2"), Segment(10, "bad <lora:ink:x> AND worse :2"))),
    )
    assert reading.networks == ()
    assert reading.errors == ()


@pytest.mark.parametrize(
    ("marked"),
    [
        "[⟦<lora:ink:1>⟧:5]",
        "[fox⟦<lora:ink:1>⟧:hen:5]",
        "[fox:⟦<lora:ink:1>⟧:5]",
        "[fox|⟦<lora:ink:1>⟧]",
        "[a:[b ⟦<lora:ink:1>⟧|c]:5]",
        "[a:([b] ⟦<hypernet:ink:1>⟧):5]",
        "<lora:first:1> x AND [a:b<sticker:y> ⟦<lora:ink:1>⟧:5]",
        "x [a:b:5] <lora:first:1>[c⟦<lora:ink:1>⟧|d]<lora:last:1>",
        "[a:b:⟦<lora:ink:1>⟧5]",
    ],
)
def test_a_network_in_an_edited_part_is_an_error(marked: str) -> None:
    start, end = marked.index("⟦"), marked.index("⟧") - 1
    (error,) = read(marked.replace("⟦", "").replace("⟧", ""), TEN).errors
    assert "holds for all steps" in error.words
    assert error.span == Span(start, end)


@pytest.mark.parametrize(
    "text",
    [
        "<lora:ink:1>[a:b:5]<lora:ink:1>",
        "(fox <lora:ink:1>:1.2)",
        "[fox <lora:ink:1>]",
        "[fox <lora:ink:1>:hen]",
        "[a <sticker:x>:5]",
        "[a <lora:ink:1> AND b:5]",
    ],
)
def test_a_network_elsewhere_is_none(text: str) -> None:
    assert read(text, TEN).errors == ()


def test_a_network_that_cannot_be_used_is_an_error_and_the_rest_is_read() -> None:
    reading = read("fox <lora:ink:nan>", TEN)
    assert [error.span for error in reading.errors] == [Span(4, 18)]
    assert reading.rows == (Row(1.0, (Segment(10, "fox"),)),)


def test_what_is_too_long_or_no_unicode_is_refused_at_its_place() -> None:
    (error,) = read("x" * (MAX_PROMPT_CHARACTERS + 1), TEN).errors
    assert "20,001 characters long" in error.words
    assert error.span == Span(MAX_PROMPT_CHARACTERS, MAX_PROMPT_CHARACTERS + 1)
    (error,) = read("fo\udc80x", TEN).errors
    assert error.span == Span(2, 3)
