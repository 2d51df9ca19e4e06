"""Golden cases for wildcards and combinations, after the documented syntax of dynamicprompts (docs/SYNTAX.md)."""

import math
import random
from collections import Counter
from itertools import permutations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from inference.prompt.attention import attention
from inference.prompt.combinations import (
    MOST_COUNTED,
    NO_WILDCARDS,
    Combinations,
    Lists,
    Wildcards,
    count,
    draw,
    every,
    has_choices,
)
from inference.prompt.places import PromptError, Span
from inference.protocol.limits import MAX_PROMPT_CHARACTERS
from tests.inference.prompt.test_any_text import lines_run

LISTS = Lists(
    {
        "animal": "fox\nhen",
        "animals/cats": "lynx\ntabby",
        "animals/birds/small": "wren",
        "colour": "# what it is painted in\n\n  red  \n{pale |}blue\n",
        "season": "3::summer\nwinter\n0::never",
        "scene": "__animal__ in __season__",
        "odd_name-2": "odd",
        "bars": "a|b\n{c|d}",
    }
)

#: Text -> every combination, in order.
CASES: list[tuple[str, list[str]]] = [
    # One of them.
    ("{a|b|c}", ["a", "b", "c"]),
    ("x {a|b} y", ["x a y", "x b y"]),
    ("{a|b}{c|d}", ["ac", "ad", "bc", "bd"]),
    ("{a}", ["a"]),
    ("{prompt}, oil", ["prompt, oil"]),
    ("{}", [""]),
    ("a{}b", ["ab"]),
    ("{a|}", ["a", ""]),
    ("{|a}", ["", "a"]),
    ("{very |}big", ["very big", "big"]),
    ("{ a | b }", [" a ", " b "]),
    ("{a|a}", ["a", "a"]),
    ("{a\n|b}", ["a\n", "b"]),
    ("{\u200b|\u202e}", ["\u200b", "\u202e"]),
    # Nested.
    ("{{a|b}|c}", ["a", "b", "c"]),
    ("{a {b|c}|d}", ["a b", "a c", "d"]),
    ("{{{a}}}", ["a"]),
    ("{{a|b} {c|d}|e}", ["a c", "a d", "b c", "b d", "e"]),
    # Weights.
    ("{0.5::a|2::b|c}", ["a", "b", "c"]),
    ("{.5::a|2.::b}", ["a", "b"]),
    ("{ 2::a| 3:: b}", ["a", " b"]),
    ("{2::a::b|c}", ["a::b", "c"]),
    ("{-1::a|1e2::b|x::c}", ["-1::a", "1e2::b", "x::c"]),
    ("{2 ::a|b}", ["2 ::a", "b"]),
    ("{0::a|b}", ["b"]),
    ("{0::a|0.0::b}", [""]),
    ("{2::{a|b}|c}", ["a", "b", "c"]),
    ("{2::__animal__|c}", ["fox", "hen", "c"]),
    ("2::a", ["2::a"]),
    # Several of them.
    ("{2$$a|b|c}", ["a, b", "a, c", "b, a", "b, c", "c, a", "c, b"]),
    ("{2$$ and $$a|b}", ["a and b", "b and a"]),
    ("{2$$$$a|b}", ["ab", "ba"]),
    ("{2$$|$$a|b}", ["a|b", "b|a"]),
    ("[{2$$|$$a|b}]", ["[a|b]", "[b|a]"]),
    ("{1-2$$a|b}", ["a", "b", "a, b", "b, a"]),
    ("{2-1$$a|b}", ["a", "b", "a, b", "b, a"]),
    ("{-2$$a|b|c}", ["a", "b", "c", "a, b", "a, c", "b, a", "b, c", "c, a", "c, b"]),
    ("{1-$$a|b}", ["a", "b", "a, b", "b, a"]),
    ("{0-1$$a|b}", ["", "a", "b"]),
    ("{0$$a|b}", [""]),
    ("{4$$a|b}", ["a, b", "b, a"]),
    ("{002$$a|b}", ["a, b", "b, a"]),
    ("{99999999999999999999$$a|b}", ["a, b", "b, a"]),
    ("{2$$a}", ["a"]),
    ("{2$$ a | b }", ["a, b", "b, a"]),
    ("{ 2$$a|b}", ["a, b", "b, a"]),
    # What is empty is not joined.
    ("{2$$a|}", ["a", "a"]),
    ("{3$$a||b}", ["a, b", "a, b", "a, b", "b, a", "b, a", "b, a"]),
    ("{2$$|}", ["", ""]),
    ("x, {2$$|{}}", ["x, ", "x, "]),
    ("{2$$$$a|}", ["a", "a"]),
    ("{2$$a|{0-1$$b}}", ["a", "a, b", "a", "b, a"]),
    ("{2$$ $${2$$/$$|}|c}", ["c", "c", "c", "c"]),
    ("{2$$a|{2$$/$$|}}", ["a", "a", "a", "a"]),
    ("{2$$3::a|b}", ["a, b", "b, a"]),
    ("{2$$0::a|b|c}", ["b, c", "c, b"]),
    ("{2$${a|b}|c}", ["a, c", "b, c", "c, a", "c, b"]),
    ("{2$$a|{2$$/$$b|c}}", ["a, b/c", "a, c/b", "b/c, a", "c/b, a"]),
    ("{2 $$a|b}", ["2 $$a", "b"]),
    ("{x$$a|b}", ["x$$a", "b"]),
    ("{$5|$6}", ["$5", "$6"]),
    # Lists.
    ("__animal__", ["fox", "hen"]),
    ("a __animal__, __animal__", ["a fox, fox", "a fox, hen", "a hen, fox", "a hen, hen"]),
    ("__animals/cats__", ["lynx", "tabby"]),
    ("__odd_name-2__", ["odd"]),
    ("__Animal__", ["fox", "hen"]),
    ("__colour__", ["red", "pale blue", "blue"]),
    ("__season__", ["summer", "winter"]),
    ("__scene__", ["fox in summer", "fox in winter", "hen in summer", "hen in winter"]),
    ("{__animal__|cow}", ["fox", "hen", "cow"]),
    ("{2$$__animal__}", ["fox, hen", "hen, fox"]),
    ("{2$$ __animal__ }", ["fox, hen", "hen, fox"]),
    ("{1-$$ or $$__animals/cats__}", ["lynx", "tabby", "lynx or tabby", "tabby or lynx"]),
    ("{2$$a __animals/cats__}", ["a lynx", "a tabby"]),
    ("{2$$__animals/cats__|__odd_name-2__}", ["lynx, odd", "tabby, odd", "odd, lynx", "odd, tabby"]),
    ("__animals/*__", ["wren", "lynx", "tabby"]),
    ("__animals*__", ["wren", "lynx", "tabby"]),
    ("__animal*__", ["fox", "hen", "wren", "lynx", "tabby"]),
    ("__**/small__", ["wren"]),
    ("__*cats*__", ["lynx", "tabby"]),
    ("{2$$__animals*__}", ["wren, lynx", "wren, tabby", "lynx, wren", "lynx, tabby", "tabby, wren", "tabby, lynx"]),
    ("(__animal__:1.2)", ["(fox:1.2)", "(hen:1.2)"]),
    ("<lora:__odd_name-2__:{0.5|1}>", ["<lora:odd:0.5>", "<lora:odd:1>"]),
    ("__bars__", ["a|b", "c", "d"]),
    ("{__bars__|x}", ["a|b", "c", "d", "x"]),
    # A list is drawn from wherever its name stands; what is no list and part of a word is text.
    ("__animal__s", ["foxs", "hens"]),
    ("__odd_name-2____odd_name-2__", ["oddodd"]),
    ("狐__odd_name-2__狐", ["狐odd狐"]),
    ("my__file__name", ["my__file__name"]),
    ("__init__py", ["__init__py"]),
    ("{my__file__name|x}", ["my__file__name", "x"]),
    ("{2$$__nothing__s|x}", ["__nothing__s, x", "x, __nothing__s"]),
    # Beside attention, editing and alternation.
    ("[a|b] {c|d}", ["[a|b] c", "[a|b] d"]),
    ("[a|{b|c}]", ["[a|b]", "[a|c]"]),
    ("{[a|b]|c}", ["[a|b]", "c"]),
    ("{[a|[b|c]]|d}", ["[a|[b|c]]", "d"]),
    ("{[a|{b|c}]|d}", ["[a|b]", "[a|c]", "d"]),
    ("{[a:b|c:0.5]|d}", ["[a:b|c:0.5]", "d"]),
    ("{[a|b}", ["[a", "b"]),
    ("{a]|b[}", ["a]", "b["]),
    ("{\\[a|b\\]}", ["\\[a", "b\\]"]),
    ("{(a|b:1.2)|c}", ["(a", "b:1.2)", "c"]),
    ("{a BREAK b|c AND d}", ["a BREAK b", "c AND d"]),
    ("a|b {c}", ["a|b c"]),
    # Braces without a partner.
    ("{a {b|c}", ["{a b", "{a c"]),
    ("a} {b|c}", ["a} b", "a} c"]),
    ("{x|{y|z} w", ["{x|y w", "{x|z w"]),
    # Backslashes.
    ("{a\\|b|c}", ["a|b", "c"]),
    ("{\\{a\\}|b} \\{", ["{a} {", "b {"]),
    ("a \\| {b}", ["a \\| b"]),
    ("{\\(a\\)|\\\\}", ["\\(a\\)", "\\\\"]),
    ("\\\\{a|b}", ["\\\\a", "\\\\b"]),
    ("\\__animal__ {a|b}", ["\\__animal__ a", "\\__animal__ b"]),
    ("{a|b}\\", ["a\\", "b\\"]),
]

#: What has no meaning here, and comes out as it was.
PLAIN = [
    *("", "a fox", "[a|b]", "a|b", "(a|b:1.2)", "{a|b", "a|b}", "}{", "\\{a|b\\}", "{a|b\\}", "\\", "a\\|b", "${"),
    *("______", "__", "a__b", ">__<", "__ animal __", "_animal_", "__a.b__", "__-__", "\\__animal__", "long_hair"),
    *("[a:b:0.5]", "<lora:x:1>", "2$$a", "\u200b\u202e", "{" * 50, "}" * 50, "\ud800"),
]

#: Pieces that mean something, so that the grammar is met more often than by chance.
MEANINGFUL = (
    *("{", "}", "|", "{a|b}", "{2$$", "{1-$$", "{-2$$ or $$", "$$", "2::", "0::", "::", "\\", "\\{", "\\}", "\\|", "["),
    *("]", "(", ")", "__", "__animal__", "__scene__", "__*__", "__nothing__", "_", "x", " ", "\n", "日", "\u200b", "*"),
)
TEXTS = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(MEANINGFUL), max_size=14).map("".join))
#: Whole texts with choices in them, few enough to write all out.
WHOLE = st.recursive(
    st.sampled_from(["", "a", "b c", "__animal__", "__scene__", "__*cats*__", "[a|b]"]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"{{{'|'.join(parts)}}}"),
        st.tuples(st.sampled_from(["2", "1-2", "-3", "1-", "0-1"]), st.lists(inner, min_size=1, max_size=3)).map(
            lambda some: f"{{{some[0]}$${'|'.join(some[1])}}}"
        ),
        st.tuples(inner, inner).map(" ".join),
    ),
    max_leaves=6,
)


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_every_combination(text: str, expected: list[str]) -> None:
    assert every(text, LISTS, 40) == expected
    assert count(text, LISTS) == len(expected)
    assert has_choices(text) or [text] == expected
    chance = random.Random(1)
    assert {draw(text, chance, LISTS) for _ in range(60 * len(expected))} == set(expected)


@pytest.mark.parametrize("text", PLAIN)
def test_text_without_choices_is_left_alone(text: str) -> None:
    assert not has_choices(text)
    assert draw(text, random.Random(1), LISTS) == text
    assert count(text, LISTS) == 1
    assert every(text, LISTS, 1) == [text]


def test_escaped_braces_mean_themselves_whether_or_not_there_are_choices() -> None:
    for text in ("\\{a|b\\}", "\\{a|b\\}{}"):
        (piece,) = attention(draw(text, random.Random(1), NO_WILDCARDS))
        assert piece == attention("{a|b}")[0]


def test_a_seed_gives_the_same_text_always() -> None:
    text = "{a|b|c} {3::d|e} {1-3$$a|2::b|c|d} __animal*__ {2$$__colour__} {{f|g}|h}"
    drawn = [draw(text, random.Random(seed), LISTS) for seed in range(4)]
    assert drawn == [
        "c e a, b fox pale blue, red h",
        "a e a, b, c lynx blue, red f",
        "c e a hen pale blue, red g",
        "a d d, c lynx blue, red g",
    ]
    assert [Combinations(text, LISTS).draw(random.Random(seed)) for seed in range(4)] == drawn


def test_a_choice_asks_for_one_number() -> None:
    class Once(random.Random):
        asked = 0

        def random(self) -> float:
            self.asked += 1
            return 1 - 2**-53

    chance = Once()
    assert draw("{a|b|c} {a|2::b|0.1::c} __animal__ {1-2$$a|b|c}", chance, LISTS).startswith("c c hen ")
    assert chance.asked == 3 + 1 + 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{1::a|2::b|3::c}", {"a": 1 / 6, "b": 2 / 6, "c": 3 / 6}),
        ("{0.25::a|.75::b}", {"a": 0.25, "b": 0.75}),
        ("{a|3::{b|c}}", {"a": 2 / 8, "b": 3 / 8, "c": 3 / 8}),
        ("__season__", {"summer": 0.75, "winter": 0.25}),
        # A line of a list in which there are more lists than one is as likely as any other.
        ("__animal*__", dict.fromkeys(["fox", "hen", "wren", "lynx", "tabby"], 1 / 5)),
        # The second is taken by weight among those that are left.
        ("{2$$2::a|b|c}", {"a, b": 1 / 4, "a, c": 1 / 4, "b, a": 1 / 6, "b, c": 1 / 12, "c, a": 1 / 6, "c, b": 1 / 12}),
        ("{1-2$$a|b}", {"a": 1 / 4, "b": 1 / 4, "a, b": 1 / 4, "b, a": 1 / 4}),
        ("{1000000000000000::a|b}", {"a": 1.0}),
    ],
)
def test_chances_follow_the_weights(text: str, expected: dict[str, float]) -> None:
    chance = random.Random(7)
    seen = Counter(draw(text, chance, LISTS) for _ in range(6000))
    assert set(seen) == set(expected)
    for drawn, part in expected.items():
        assert seen[drawn] / 6000 == pytest.approx(part, abs=0.025)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{a|b}" * 100, 2**100),
        ("{1-$$" + "|".join(map(str, range(100))) + "}", sum(math.perm(100, size) for size in range(1, 101))),
        ("{3$$" + "|".join(["{a|b}"] * 20 + ["c"] * 20) + "}", None),
        ("{a|b}" * 2000, MOST_COUNTED),
        ("{1-$$" + "|" * 5000 + "}", MOST_COUNTED),
        ("{5000$$" + "a|" * 5000 + "}", MOST_COUNTED),
        ("{0$$" + "a|" * 5000 + "}", 1),
    ],
)
def test_counting_without_writing_out(text: str, expected: int | None) -> None:
    if expected is None:
        ways = [2] * 20 + [1] * 20
        expected = sum(math.prod(taken) for taken in permutations(ways, 3))
    assert count(text, NO_WILDCARDS) == expected
    assert count(text, LISTS) == expected


def test_more_combinations_than_wanted_are_refused_with_their_number() -> None:
    text = "a {b|c} {1-$$d|e|f}, g"
    assert len(every(text, NO_WILDCARDS, 30)) == 30
    with pytest.raises(PromptError, match="makes 30 prompts, but at most 29") as caught:
        every(text, NO_WILDCARDS, 29)
    assert caught.value.span == Span(2, 19)
    with pytest.raises(PromptError, match="more than a million million prompts, but at most 1,000"):
        every("{a|b}" * 1000, NO_WILDCARDS, 1000)
    with pytest.raises(PromptError, match="makes 1 prompts"):
        every("plain", NO_WILDCARDS, 0)


def test_what_grows_too_long_is_refused_where_it_grew() -> None:
    lists = Lists({"long": "x" * 9_000})
    assert len(draw("__long__ __long__", random.Random(1), lists)) == 18_001
    for draws in (lambda text: draw(text, random.Random(1), lists), lambda text: every(text, lists, 24)):
        with pytest.raises(PromptError, match="longer than 20,000 characters") as caught:
            draws("__long__ __long__ {__long__}")
        assert caught.value.span == Span(18, 28)
        with pytest.raises(PromptError, match="longer than 20,000 characters") as caught:
            draws("__long__, {4$$__long__|__long__|a|b}" + "y" * 2_500)
        assert caught.value.span == Span(10, 36)
        with pytest.raises(PromptError, match="longer than 20,000 characters") as caught:
            draws("a {__long__} __long__" + "y" * 2_500)
        assert caught.value.span == Span(2, 21)
    with pytest.raises(PromptError, match="20,001 characters long") as caught:
        draw("x" * (MAX_PROMPT_CHARACTERS + 1), random.Random(1), lists)
    assert caught.value.span == Span(MAX_PROMPT_CHARACTERS, MAX_PROMPT_CHARACTERS + 1)


@settings(max_examples=300)
@given(WHOLE, st.integers(0, 2**32))
def test_what_is_drawn_is_one_of_all(text: str, seed: int) -> None:
    number = count(text, LISTS)
    assume(number <= 500)
    written = every(text, LISTS, number)
    assert len(written) == number
    chance = random.Random(seed)
    assert {draw(text, chance, LISTS) for _ in range(5)} <= set(written)


@settings(max_examples=500)
@given(TEXTS, st.integers(0, 2**32))
def test_any_text_is_drawn_or_refused_with_a_place(text: str, seed: int) -> None:
    refused: PromptError | None = None
    try:
        number = count(text, LISTS)
        drawn = draw(text, random.Random(seed), LISTS)
    except PromptError as error:
        refused = error
    if refused is not None:
        assert 0 <= refused.span.start < refused.span.end <= len(text)
        assert refused.text == text
        assert has_choices(text)
        return
    assert number >= 1
    assert has_choices(text) or drawn == text
    if number <= 200:
        assert drawn in every(text, LISTS, number)
        assert len(every(text, LISTS, number)) == number


@given(st.text(st.characters(exclude_characters="{}_\\")))
def test_text_without_marks_is_what_it_was(text: str) -> None:
    assert draw(text, random.Random(1), LISTS) == text
    assert every(text, LISTS, 1) == [text]
    assert every(f"{{{text.replace('|', '')}|1}}", LISTS, 2)[1] == "1"


#: What is repeated until the text is long.
BOMBS = [
    *(
        "{",
        "}",
        "{}",
        "{a|",
        "{a}",
        "{a|b}",
        "|",
        "{|",
        "[",
        "[|",
        "]",
        "{[|]}",
        "{[",
        "\\",
        "\\{",
        "{2::",
        "{2$$",
        "2::",
    ),
    *("{2$$a|b}", "{1-$$ $$a|b} ", "{9$$", "$", "$$", "_", "__", "__a", "__a-", "__a_", "__-", "/", "__a__", "-__a"),
    *("\u200b", "日", "{1", "{1-", " ", "{ ", "\n", "::", "0", "deep", "long header"),
]


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.parametrize("reader", [has_choices, lambda text: counted(text, Lists({"a": "b"}))])
def test_work_grows_no_faster_than_the_text(bomb: str, reader: object) -> None:
    assert callable(reader)
    short, long = (lines_run(reader, long_text(bomb, length)) for length in (500, 2000))
    assert long <= 4.4 * short + 400


# Far more than it takes, and far less than a reader would take whose time grows with the square of the text.
@pytest.mark.timeout(60)
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_hundred_thousand_characters_neither_fail_nor_hang(bomb: str) -> None:
    text = long_text(bomb, 100_000)
    has_choices(text)
    assert counted(text, NO_WILDCARDS) == 0
    text = text[: MAX_PROMPT_CHARACTERS - 2]
    counted(text, Lists({"a": "b"}))


def test_a_deep_tree_is_walked_without_recursion() -> None:
    text = "{a|" * 5000 + "}" * 5000
    assert count(text, NO_WILDCARDS) == 5001
    with pytest.raises(PromptError, match="too much to write out here: 5,001 prompts"):
        every(text, NO_WILDCARDS, 6000)
    assert every("{" * 5000 + "a|b" + "}" * 5000, NO_WILDCARDS, 2) == ["a", "b"]
    assert draw(text, random.Random(1), NO_WILDCARDS) in {"", "a"}
    deep = "{1-2$$" * 2500 + "}" * 2500
    assert count(deep, NO_WILDCARDS) == 1
    assert draw(deep, random.Random(1), NO_WILDCARDS) == ""


def counted(text: str, wildcards: Wildcards) -> int:
    """Count the combinations of a text; 0 for one that is refused."""
    try:
        return count(text, wildcards)
    except PromptError:
        return 0


def long_text(bomb: str, length: int) -> str:
    match bomb:
        case "deep":
            return "{" * (length // 2) + "}" * (length // 2)
        case "long header":
            return ("{2$$".ljust(length // 2) + "{1-" + "9" * length)[: length - 1] + "}"
        case _:
            return (bomb * (length // len(bomb) + 1))[:length]
