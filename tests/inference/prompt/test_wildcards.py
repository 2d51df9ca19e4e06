"""Lists that a prompt draws from: how they are read, found, and refused."""

import random

import pytest

from inference.prompt.combinations import Combinations, Lists, count, draw, every, has_choices, lines_of
from inference.prompt.places import PromptError
from inference.prompt.wildcards import MAX_CHOICES, MAX_PATTERNS, Wildcards


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("fox", ("fox",)),
        ("fox\nhen\n", ("fox", "hen")),
        ("\ufefffox\r\nhen\r\n", ("fox", "hen")),
        ("  fox \n\n \t\n hen", ("fox", "hen")),
        ("# animals\nfox\n  # birds\nhen # brown", ("fox", "hen # brown")),
        ("\\# fox\n2::hen", ("\\# fox", "2::hen")),
    ],
)
def test_lines_of_a_list(text: str, expected: tuple[str, ...]) -> None:
    assert lines_of(text) == expected
    lists = Lists({"one": text})
    assert lists.names() == ["one"]
    assert lists.lines("one") == expected
    assert lists.lines("one") is lists.lines("one")
    with pytest.raises(KeyError):
        lists.lines("other")


def test_weights_of_lines() -> None:
    lists = Lists({"all": "2::a\n0::b\n0.5:: c {d|e}\n:: f\n2 :: g"})
    assert every("__all__", lists, 9) == ["a", "c d", "c e", ":: f", "2 :: g"]


#: Prompt with the place marked, lists, and the words.
REFUSED = [
    ("a ⟦__fix__⟧ b", {"fox": "x", "six": "x", "zebra": "x"}, "no wildcard __fix__. Did you mean __six__, __fox__?"),
    ("⟦__fox__⟧", {}, "There is no wildcard __fox__. For the words themselves write \\__fox__."),
    ("{a|b ⟦__fox__⟧}", {}, "no wildcard __fox__"),
    ("{2$$⟦__fox__⟧}", {}, "no wildcard __fox__"),
    ("{0::⟦__fox__⟧|b}", {}, "no wildcard __fox__"),
    ("狐⟦__fox__⟧狐", {}, "no wildcard __fox__"),
    ("(⟦__fox__⟧:1.2)", {}, "no wildcard __fox__"),
    ("⟦__fox*__⟧", {"hen": "x", "a/fox": "x"}, "no wildcard __fox*__"),
    ("x__file__y ⟦__file__⟧", {}, "no wildcard __file__"),
    ("x ⟦__a__⟧", {"a": "one\n\ttwo __bee__", "b": "x"}, "It stands in the line “two __bee__” of __a__."),
    ("⟦__a__⟧ __b__", {"a": "__b__", "b": "x __gone__"}, "It stands in the line “x __gone__” of __b__."),
    ("⟦__a__⟧", {"a": "x" * 100 + " __gone__"}, f"“{'x' * 60}…” of __a__"),
    ("⟦__a__⟧", {"a": "\u202e __gone__"}, "“□ __gone__” of __a__"),
    ("⟦__a__⟧", {"a": "# nothing"}, "The wildcard __a__ has no lines"),
    ("⟦__a__⟧", {"a": "0::nothing"}, "The wildcard __a__ has no lines"),
    ("__b__ ⟦__a__⟧", {"a": "{x|__c__}", "b": "x", "c": ""}, "The wildcard __c__ has no lines"),
    ("⟦__a__⟧", {"a": "x\n{y|{2$$z|__a__}}"}, "The wildcard __a__ draws from itself"),
    ("⟦__a__⟧", {"a": "x\n__A__"}, "The wildcard __a__ draws from itself"),
    ("⟦__a__⟧", {"a": "__b__", "b": "__a__"}, "draw from each other, without end: __a__ → __b__ → __a__."),
    ("⟦__x__⟧", {"x": "__a__", "a": "__b__", "b": "__a__"}, "without end: __a__ → __b__ → __a__."),
    ("⟦__a1__⟧", {"a1": "__a*__", "a2": "x"}, "The wildcard __a1__ draws from itself"),
    ("⟦__*__⟧", {"p": "x", "q": "{2$$__r__}", "r": "__q__"}, "without end: __q__ → __r__ → __q__."),
    ("⟦__l0__⟧", {f"l{i}": f"__l{(i + 1) % 50}__" for i in range(50)}, "__l2__ → … → __l49__ → __l0__."),
    ("⟦__l0__⟧", {**{f"l{i}": f"__l{i + 1}__ " * 2 for i in range(40)}, "l40": "{}"}, "There is too much to draw here"),
    ("a ⟦{9$$__l__}⟧", {"l": "a\n" * 2_000_000}, "stands for too many lines"),
    ("⟦__l__⟧", {"l": "{}\n" * (MAX_CHOICES + 1)}, "more than 20,000 choices"),
    ("⟦__l1__⟧", {"l1": "__l2__" + "{}" * 15_000, "l2": "a\n" + "{}\n" * 15_000}, "more than 20,000 choices"),
]


@pytest.mark.parametrize(("marked", "texts", "words"), REFUSED)
def test_what_cannot_be_drawn_is_refused_whatever_chance_would_do(
    marked: str, texts: dict[str, str], words: str
) -> None:
    start, end = marked.index("⟦"), marked.index("⟧") - 1
    text = marked.replace("⟦", "").replace("⟧", "")
    lists = Lists(texts)
    assert has_choices(text)
    for attempt in (
        lambda: draw(text, random.Random(1), lists),
        lambda: count(text, lists),
        lambda: every(text, lists, 10),
        lambda: Combinations(text, lists),
    ):
        with pytest.raises(PromptError) as caught:
            attempt()
        assert words in caught.value.words
        assert caught.value.span == (start, end)
        assert caught.value.text == text


def test_so_many_patterns_and_no_more() -> None:
    lists = Lists({f"n{number}": "x" for number in range(MAX_PATTERNS + 1)})
    text = " ".join(f"__*n{number}__" for number in range(MAX_PATTERNS))
    assert count(text, lists) == 1
    with pytest.raises(PromptError, match="More than 256 different names with a \\*"):
        count(f"{text} __*n{MAX_PATTERNS}__", lists)


def test_a_list_that_many_lists_draw_from_is_no_circle() -> None:
    lists = Lists({"top": "__left__\n__right__", "left": "__end__ 1", "right": "__end__ 2 __left__", "end": "a\nb"})
    assert count("__top__ __left__ __top__", lists) == (2 + 4) * 2 * (2 + 4)
    assert count("__*__", Lists({"a": "x", "b": "__a__ __c*__", "c1": "1", "c2": "2\n3"})) == 1 + 3 + 1 + 2


@pytest.mark.timeout(60)
def test_long_chains_and_long_lists_are_drawn_from() -> None:
    links = {f"l{number}": f"__l{number + 1}__" for number in range(10_000)}
    assert draw("__l0__", random.Random(1), Lists({**links, "l10000": "end"})) == "end"
    many = Lists({"many": "\n".join(f"word {number}" for number in range(50_000)), "few": "a {b|c}\n" * 10_000})
    assert count("__many__", many) == 50_000
    assert count("__few__", many) == 20_000
    assert count("{2$$__many__}", many) == 50_000 * 49_999
    assert draw("__many__", random.Random(1), many).startswith("word ")
    first, second = draw("{2$$ $$__many__}", random.Random(1), many).split(" word ")
    assert first != f"word {second}"


def test_wildcards_of_ones_own_are_asked_once_for_what_is_needed() -> None:
    class Asked(Wildcards):
        asked: list[str]

        def __init__(self) -> None:
            self.asked = []

        def names(self) -> list[str]:
            self.asked.append("names")
            return ["a", "b", "unused"]

        def lines(self, name: str) -> list[str]:
            self.asked.append(name)
            return ["__b__ x"] if name == "a" else ["y"]

    asked = Asked()
    for seed in range(3):
        assert draw("__a__ __b__ __a__", random.Random(seed), asked) == "y x y y x"
    assert asked.asked == ["names", "a", "b"]
    draw("{a|b}", random.Random(1), asked)
    assert len(asked.asked) == 3


def test_other_lists_of_the_same_names_are_other_wildcards() -> None:
    assert draw("__a__", random.Random(1), Lists({"a": "old"})) == "old"
    assert draw("__a__", random.Random(1), Lists({"a": "new"})) == "new"
