"""Carets stand under the place, and nothing that is shown can disturb a terminal."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.prompt.places import PromptError, Span, harmless, point_at
from inference.prompt.words import told

TEXTS = st.text(st.characters(), max_size=300)


@pytest.mark.parametrize(
    ("text", "span", "shown"),
    [
        ("a (fox", Span(2, 3), "a (fox\n  ^"),
        ("(fox:12)", Span(5, 7), "(fox:12)\n     ^^"),
        ("fox", Span(3, 3), "fox\n   ^"),
        ("", Span(0, 0), "\n^"),
        ("one\n\ttwo(", Span(8, 9), "one⏎␉two(\n        ^"),
        ("日本(", Span(2, 3), "日本(\n    ^"),
        ("日本(", Span(0, 2), "日本(\n^^^^"),
        ("e\u0301(", Span(2, 3), "e\u0301(\n ^"),
        ("\u202e\u200b\x1b[(", Span(4, 5), "□□□[(\n    ^"),
        ("fox", Span(90, 99), "fox\n   ^"),
    ],
)
def test_point_at(text: str, span: Span, shown: str) -> None:
    assert point_at(text, span) == shown


def test_only_what_is_around_the_place_is_shown() -> None:
    line, carets = point_at("x" * 500 + "(" + "y" * 500, Span(500, 501)).split("\n")
    assert len(line) <= 72
    assert line.startswith("…x")
    assert line.endswith("y…")
    assert line[carets.index("^")] == "("


def test_an_error_shows_its_place() -> None:
    assert PromptError(told("near", near="x"), "a (b", Span(2, 3)).pointed() == "Did you mean x?\na (b\n  ^"


@given(TEXTS, st.integers(0, 300), st.integers(0, 300), st.integers(20, 100))
def test_pointing_never_fails_and_fits(text: str, start: int, length: int, width: int) -> None:
    line, carets = point_at(text, Span(start, start + length), width).split("\n")
    assert sum(columns(character) for character in line) <= width
    assert "^" in carets
    assert len(carets) <= width + 1
    assert_harmless(line)


@given(TEXTS)
def test_harmless_text_is_harmless(text: str) -> None:
    assert_harmless(harmless(text))
    assert len(harmless(text)) == len(text)


def assert_harmless(text: str) -> None:
    for character in text:
        assert unicodedata.category(character)[0] != "C"
        assert unicodedata.category(character) not in {"Zl", "Zp"}


def columns(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
