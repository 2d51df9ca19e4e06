"""Numbers as admins write them."""

import pytest

from bot.services import amounts
from bot.texts import Mistake


@pytest.mark.parametrize(
    ("text", "value"), [("", None), ("  ", None), ("40", 40), (" 1 000 ", 1000), ("1'000", 1000), ("0", 0)]
)
def test_whole_numbers(text: str, value: int | None) -> None:
    assert amounts.whole(text, 0, 1000) == value


@pytest.mark.parametrize("text", ["1001", "-1", "x", "1.5", "1,5", "9" * 30, "1 0 0 0 0", "1e2"])
def test_what_is_no_whole_number(text: str) -> None:
    with pytest.raises(Mistake, match="whole number from 0 to 1000"):
        amounts.whole(text, 0, 1000)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("90", 90.0),
        ("90 s", 90.0),
        ("1.5 min", 90.0),
        ("1,5min", 90.0),
        ("2 h", 7200.0),
        ("2 Std", 7200.0),
        ("0", 0.0),
    ],
)
def test_lengths_of_time(text: str, value: float | None) -> None:
    assert amounts.seconds(text, 10_000) == value


@pytest.mark.parametrize("text", ["3 h", "10001", "x", "-1", "1 day", "1:30", "nan", "inf", "1e3", "min"])
def test_what_is_no_length_of_time(text: str) -> None:
    with pytest.raises(Mistake):
        amounts.seconds(text, 10_000)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("1024x1024", 1024 * 1024),
        ("1024 × 768", 1024 * 768),
        ("512*512", 512 * 512),
        ("1.5 MP", 1_500_000),
        ("1,5mp", 1_500_000),
        ("2 Millionen", 2_000_000),
        ("1048576", 1024 * 1024),
        ("1 048 576", 1024 * 1024),
    ],
)
def test_pixels(text: str, value: int | None) -> None:
    assert amounts.pixels(text, 4096, 10_000_000) == value


@pytest.mark.parametrize("text", ["0x5", "1.5", "x", "1024x", "-5", "20 MP", "99999x99999", "63x64", "3:2", "2 kB"])
def test_what_is_no_number_of_pixels(text: str) -> None:
    with pytest.raises(Mistake, match="pixels"):
        amounts.pixels(text, 4096, 10_000_000)


@pytest.mark.parametrize(("text", "value"), [("", None), ("2", 2.0), ("0.01", 0.01), ("0,5", 0.5), ("100", 100.0)])
def test_weights(text: str, value: float | None) -> None:
    assert amounts.weight(text) == value


@pytest.mark.parametrize("text", ["0", "100.1", "x", "-1", "nan", "1e1", "0.001"])
def test_what_is_no_weight(text: str) -> None:
    with pytest.raises(Mistake, match="weight from"):
        amounts.weight(text)


@pytest.mark.parametrize(("text", "value"), [("", None), ("1", 1), ("2x", 2), ("4×", 4)])
def test_factors(text: str, value: int | None) -> None:
    assert amounts.factor(text) == value


@pytest.mark.parametrize("text", ["3", "0", "8", "two"])
def test_what_is_no_factor(text: str) -> None:
    with pytest.raises(Mistake, match="2 or 4"):
        amounts.factor(text)
