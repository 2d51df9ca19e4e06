"""Styles around prompts."""

import pytest

from bot.services.styles import STYLES, Style, find_style
from bot.texts import Mistake


def test_words_go_where_the_style_says_and_after_the_prompt_where_it_does_not() -> None:
    assert Style(prompt="a {prompt} {prompt}").around("cat") == "a cat cat"
    assert Style(prompt="in oil").around("cat") == "cat, in oil"
    assert Style(prompt="in oil").around("") == "in oil"


def test_braces_of_a_prompt_stay_braces() -> None:
    assert Style(prompt="a {prompt}").around("{style} {0}") == "a {style} {0}"


def test_negative_words_come_after_the_members_own() -> None:
    assert Style(negative="blurry").around_negative("dogs") == "dogs, blurry"
    assert Style().around_negative("dogs") == "dogs"
    assert Style().around_negative("") == ""


def test_names_are_found_however_they_are_written() -> None:
    assert find_style(" Oil Painting ", STYLES) is STYLES["oil painting"]
    with pytest.raises(Mistake, match="Did you mean watercolour"):
        find_style("watercolor", STYLES)
    with pytest.raises(Mistake, match="choose one that is offered"):
        find_style("zzz", {})
