"""Every range's error names the field, the value and what is allowed."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.protocol import limits
from inference.protocol.limits import OutOfRange
from tests.inference.protocol import strategies


@given(strategies.sizes())
def test_every_allowed_size_passes(size: tuple[int, int]) -> None:
    limits.require_size(*size)


@given(st.integers(limits.MIN_SIDE, limits.MAX_SIDE).filter(lambda side: side % limits.SIDE_MULTIPLE))
def test_a_side_that_is_no_multiple_is_told_two_that_are(side: int) -> None:
    with pytest.raises(OutOfRange) as caught:
        limits.require_size(512, side)
    low = side // 8 * 8
    assert str(caught.value) == f"height is {side}, but must be a multiple of 8, such as {low} or {low + 8}"


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ((50_000, 512), "width is 50000, but must be a whole number from 64 to 4096"),
        ((512, 0), "height is 0, but must be a whole number from 64 to 4096"),
        ((-64, 64), "width is -64, but must be a whole number from 64 to 4096"),
        ((4096, 4096), "size is 4096x4096, but must be at most 4,194,304 pixels"),
    ],
)
def test_sizes_out_of_range(size: tuple[int, int], message: str) -> None:
    with pytest.raises(OutOfRange) as caught:
        limits.require_size(*size)
    assert str(caught.value) == message


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, True])
def test_floats_must_be_finite_numbers(value: float) -> None:
    with pytest.raises(OutOfRange, match=r"guidance is .*, but must be a finite number from 0 to 100"):
        limits.require_float("guidance", value, 0, 100)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_pass_exactly_within_their_range(value: float) -> None:
    if 0 <= value <= 1:
        limits.require_float("x", value, 0, 1)
    else:
        with pytest.raises(OutOfRange, match=r"x is .*, but must be from 0 to 1"):
            limits.require_float("x", value, 0, 1)


@given(st.integers())
def test_ints_pass_exactly_within_their_range(value: int) -> None:
    if 1 <= value <= 500:
        limits.require_int("x", value, 1, 500)
    else:
        with pytest.raises(OutOfRange, match=r"x is .*, but must be a whole number from 1 to 500"):
            limits.require_int("x", value, 1, 500)


@pytest.mark.parametrize("value", [True, 1.5, "2", None])
def test_ints_are_no_bools_floats_or_text(value: object) -> None:
    with pytest.raises(OutOfRange):
        limits.require_int("x", value, 0, 10)  # type: ignore[arg-type]


def test_a_long_text_is_told_its_length_and_not_repeated() -> None:
    with pytest.raises(OutOfRange) as caught:
        limits.require_text("prompt", "secret" * 20_000)
    assert str(caught.value) == "prompt is 120,000 characters long, but must be at most 20,000 characters"


def test_a_lone_surrogate_is_no_text() -> None:
    with pytest.raises(OutOfRange, match="must be valid Unicode text"):
        limits.require_text("prompt", "a \ud800 b")


@given(st.text(min_size=100))
def test_a_long_value_is_cut_in_the_message(value: str) -> None:
    with pytest.raises(OutOfRange) as caught:
        limits.require_choice("sampler", value, ("a", "b"))
    assert str(caught.value) == f"sampler is {value[:77]}..., but must be one of a, b"
    assert caught.value.value == value
