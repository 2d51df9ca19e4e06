"""Prompts settled before a request is written down: choices, regions, networks, hints."""

import msgspec
import pytest

from bot.services.prompts import Choices, combinations_of, spoken, write
from bot.texts import Mistake
from inference.prompt.combinations import Lists
from inference.prompt.places import PromptError
from inference.prompt.regions import parse_layout
from inference.protocol.recipe import Recipe, Regions, Variation, Words
from tests.sample_requests import recipe

LISTS = Lists({"animal": "cat\ndog\nfox", "self": "a __self__"})


def asked(prompt: str, negative: str = "", **more: object) -> Recipe:
    return msgspec.structs.replace(recipe(), prompt=prompt, negative_prompt=negative, steps=10, **more)


def choices(combinations: int | None = None, made: bool = False, most: int = 10) -> Choices:
    return Choices(wildcards=LISTS, combinations=combinations, made=made, most=most)


def test_a_prompt_without_choices_stays_as_it_is() -> None:
    written = write(asked("a (red:1.2) cat", "dogs"), 3, choices())
    assert (written.recipe, written.words, written.count) == (asked("a (red:1.2) cat", "dogs"), (), 3)
    assert written.hints == ()


def test_each_picture_draws_by_its_own_seed() -> None:
    many = write(asked("{red|blue|green} __animal__", "{a|b}", seed=5), 10, choices())
    assert len(many.words) == many.count == 10
    assert len({own.prompt for own in many.words}) > 3
    assert many.recipe.prompt == many.words[0].prompt
    # Whoever asks for the third picture's seed alone gets the third picture's words.
    alone = write(asked("{red|blue|green} __animal__", "{a|b}", seed=7), 1, choices())
    assert alone.words[0] == many.words[2]
    assert write(asked("{red|blue|green} __animal__", "{a|b}", seed=5), 10, choices()) == many


def test_pictures_that_share_a_seed_share_their_words() -> None:
    varied = asked("{red|blue|green} cat", variation=Variation(seed=1, strength=0.2))
    assert len({own.prompt for own in write(varied, 8, choices()).words}) == 1


def test_every_combination_is_painted_when_their_number_was_said() -> None:
    written = write(asked("{red|blue} __animal__"), 1, choices(combinations=6))
    assert [own.prompt for own in written.words] == [
        f"{colour} {animal}" for colour in ("red", "blue") for animal in ("cat", "dog", "fox")
    ]
    assert written.count == 6
    with pytest.raises(Mistake) as caught:
        write(asked("{red|blue} __animal__"), 1, choices(combinations=4))
    assert (caught.value.key, caught.value.values["means"]) == ("combinations_count", "6")


def test_too_many_combinations_are_counted_and_refused() -> None:
    with pytest.raises(Mistake) as caught:
        write(asked("{a|b|c|d|e|f|g|h|i|j}" * 6), 1, choices(combinations=10))
    assert (caught.value.key, caught.value.values) == ("combinations_limit", {"means": "1,000,000", "most": 10})
    assert combinations_of("{a|b}" * 3, LISTS) == 8


def test_choices_made_before_are_text() -> None:
    assert write(asked("{a|b}"), 2, choices(made=True)).recipe.prompt == "{a|b}"


@pytest.mark.parametrize(
    "prompt", ["__nothing__", "a __self__", "<lora:ink:1> a cat", "<lora:ink:x>", "[<lora:a>:b:5]"]
)
def test_what_cannot_be_made_is_refused_at_its_place(prompt: str) -> None:
    with pytest.raises(PromptError) as caught:
        write(asked(prompt), 1, choices())
    assert "^" in caught.value.pointed()


def test_too_many_texts_are_refused() -> None:
    with pytest.raises(PromptError, match="at most 8"):
        write(asked(" AND ".join("abcdefghi")), 1, choices())
    changing = " ".join(f"[{word}:{step}]" for step, word in enumerate("ab" * 80, 1))
    with pytest.raises(PromptError, match="at most 128"):
        write(msgspec.structs.replace(asked(changing), steps=400), 1, choices())


def test_hints_come_with_the_text_they_point_into() -> None:
    written = write(asked("a (cat", "(dog:12)"), 1, choices())
    assert [text for text, _ in written.hints] == ["a (cat", "(dog:12)"]


def test_hints_of_several_pictures_are_told_once_a_text() -> None:
    written = write(asked("(cat {a|b}"), 8, choices())
    assert sorted(text for text, _ in written.hints) == ["(cat a", "(cat b"]


def test_regions_are_fitted_to_the_texts() -> None:
    written = write(asked("a AND b"), 1, choices(), parse_layout("columns"))
    assert written.recipe.regions == Regions(direction="columns", ratios=(1, 1))
    written = write(asked("x AND a AND b"), 1, choices(), parse_layout("Rows 1 : 2.5 base 0.6"))
    assert written.recipe.regions == Regions(direction="rows", ratios=(1, 2.5), base=0.6)


@pytest.mark.parametrize(
    ("layout", "prompt", "words"),
    [
        ("columns", "a cat", "need a text each"),
        ("columns 1:2", "a", "need a text each"),
        ("rows 1:1:1", "a AND b", "need 3 texts"),
        ("rows 1:1", "a AND b AND c AND d", "has no region"),
        ("columns", " AND ".join("abcdefgh"), "at most 7"),
    ],
)
def test_impossible_regions_are_refused_at_their_place(layout: str, prompt: str, words: str) -> None:
    with pytest.raises(PromptError, match=words):
        write(asked(prompt), 1, choices(), parse_layout(layout))


@pytest.mark.parametrize(
    "text", ["", "diagonal", "columns 1", "columns 1:", "columns a:b", "rows 0:1", "rows 1:2 base 7", "rows -1:1"]
)
def test_what_names_no_regions_is_refused(text: str) -> None:
    with pytest.raises(PromptError):
        parse_layout(text)


def test_numbers_stay_readable() -> None:
    assert [spoken(6), spoken(10**6), spoken(10**40)] == ["6", "1,000,000", "about 10^40"]
    assert spoken(10**300) == "more than 10^300"


def test_the_words_are_settled_before_they_are_kept() -> None:
    written = write(asked("{red|blue} cat"), 2, choices())
    assert all(isinstance(own, Words) and "{" not in own.prompt for own in written.words)
