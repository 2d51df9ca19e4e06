"""Golden cases for prompt editing: which text holds for which steps.

Written from AUTOMATIC1111's documented rules (wiki, Features, "Prompt editing" and "Alternating words"; the setting
"Old prompt editing timelines"; the grammar in modules/prompt_parser.py).
"""

import pytest

from inference.prompt.editing import Timeline, parse
from inference.prompt.schedule import schedule

#: Text -> what holds in 8 steps, as (last step, text).
EDITS: list[tuple[str, list[tuple[int, str]]]] = [
    # Nothing to edit: the text as it is, brackets, escapes and spaces included.
    ("", [(8, "")]),
    ("  a tree ", [(8, "  a tree ")]),
    ("(oak)", [(8, "(oak)")]),
    ("(oak:1.3) tree", [(8, "(oak:1.3) tree")]),
    ("[oak]", [(8, "[oak]")]),
    ("[[oak]] (elm)", [(8, "[[oak]] (elm)")]),
    (r"\[oak:elm:4\]", [(8, r"\[oak:elm:4\]")]),
    ("time: noon", [(8, "time: noon")]),
    ("oak\nelm", [(8, "oak\nelm")]),
    # From, to and when.
    ("[oak:elm:4]", [(4, "oak"), (8, "elm")]),
    ("an [oak:elm:4] tree", [(4, "an oak tree"), (8, "an elm tree")]),
    ("[oak: elm :4]", [(4, "oak"), (8, " elm ")]),
    ("[oak:elm: 4]", [(4, "oak"), (8, "elm")]),
    ("[oak:elm:4 ]", [(4, "oak"), (8, "elm")]),
    ("[oak:elm:\n4\t]", [(4, "oak"), (8, "elm")]),
    ("[oak tree:elm, tall:4]", [(4, "oak tree"), (8, "elm, tall")]),
    ("[oak:elm:1]", [(1, "oak"), (8, "elm")]),
    ("[oak:elm:7]", [(7, "oak"), (8, "elm")]),
    ("[3:4:5]", [(5, "3"), (8, "4")]),
    # One part is added, the other is taken away.
    ("[elm:4]", [(4, ""), (8, "elm")]),
    ("a [elm:4]", [(4, "a "), (8, "a elm")]),
    ("[oak::4]", [(4, "oak"), (8, "")]),
    ("[:elm:4]", [(4, ""), (8, "elm")]),
    ("[::4]", [(4, ""), (8, "")]),
    ("[:4]", [(4, ""), (8, "")]),
    ("[ :4]", [(4, ""), (8, " ")]),
    # Fractions are those with a point, rounded down to whole steps.
    ("[oak:elm:0.5]", [(4, "oak"), (8, "elm")]),
    ("[oak:elm:.5]", [(4, "oak"), (8, "elm")]),
    ("[oak:elm:0.99]", [(7, "oak"), (8, "elm")]),
    ("[oak:elm:0.13]", [(1, "oak"), (8, "elm")]),
    ("[oak:elm:0.12]", [(8, "elm")]),
    ("[oak:elm:1.0]", [(8, "oak")]),
    ("[oak:elm:1.]", [(8, "oak")]),
    ("[oak:elm:1.5]", [(8, "oak")]),
    ("[oak:elm:5e-1]", [(8, "elm")]),
    ("[oak:elm:5.0e-1]", [(4, "oak"), (8, "elm")]),
    # Steps outside the picture.
    ("[oak:elm:0]", [(8, "elm")]),
    ("[oak:elm:-3]", [(8, "elm")]),
    ("[oak:elm:-0.5]", [(8, "elm")]),
    ("[oak:elm:+4]", [(4, "oak"), (8, "elm")]),
    ("[oak:elm:8]", [(8, "oak")]),
    ("[oak:elm:80]", [(8, "oak")]),
    ("[elm:80]", [(8, "")]),
    ("[oak:elm:1e400]", [(8, "oak")]),
    ("[oak:elm:-1e400]", [(8, "elm")]),
    ("[oak:elm:4e0]", [(4, "oak"), (8, "elm")]),
    # Several, and one in another.
    ("[a:b:2][c:d:5]", [(2, "ac"), (5, "bc"), (8, "bd")]),
    ("[a:b:4] [c:d:4]", [(4, "a c"), (8, "b d")]),
    ("[a:[b:c:5]:2]", [(2, "a"), (5, "b"), (8, "c")]),
    ("[[a:b:2]:c:5]", [(2, "a"), (5, "b"), (8, "c")]),
    ("[[a:b:5]:c:2]", [(2, "a"), (5, "c"), (8, "c")]),
    ("[[a::2]:5]", [(2, ""), (5, ""), (8, "")]),
    ("[a[b:3]:6]", [(3, ""), (6, ""), (8, "ab")]),
    ("[[[a:b:1]:c:2]:d:3]", [(1, "a"), (2, "b"), (3, "c"), (8, "d")]),
    # Weights inside and around.
    ("[(oak:1.2):elm:4]", [(4, "(oak:1.2)"), (8, "elm")]),
    ("([oak:elm:4]:1.2)", [(4, "(oak:1.2)"), (8, "(elm:1.2)")]),
    ("[[oak]:elm:4]", [(4, "[oak]"), (8, "elm")]),
    ("[[oak:elm:4]]", [(4, "[oak]"), (8, "[elm]")]),
    (r"[\(oak\):elm\::4]", [(4, r"\(oak\)"), (8, r"elm\:")]),
    (r"[a\|b:c:4]", [(4, r"a\|b"), (8, "c")]),
    # What looks like an edit and is none, is text.
    ("[oak:elm]", [(8, "[oak:elm]")]),
    ("[oak:elm:soon]", [(8, "[oak:elm:soon]")]),
    ("[oak:elm:0,5]", [(8, "[oak:elm:0,5]")]),
    ("[oak:elm:nan]", [(8, "[oak:elm:nan]")]),
    ("[oak:elm:1e]", [(8, "[oak:elm:1e]")]),
    ("[oak:elm:- 3]", [(8, "[oak:elm:- 3]")]),
    ("[oak:elm:٣]", [(8, "[oak:elm:٣]")]),
    ("[a:b:c:4]", [(8, "[a:b:c:4]")]),
    ("(oak:elm:4)", [(8, "(oak:elm:4)")]),
    ("{oak:elm:4}", [(8, "{oak:elm:4}")]),
    ("[oak:(elm:4]", [(8, "[oak:(elm:4]")]),
    ("[oak:elm):4]", [(8, "[oak:elm):4]")]),
    # Brackets that do not fit are text, and so is all that is around them; what is in them is read.
    ("[oak", [(8, "[oak")]),
    ("oak]", [(8, "oak]")]),
    (")(", [(8, ")(")]),
    ("[x [a:b] y:4]", [(8, "[x [a:b] y:4]")]),
    ("[x (a:b:c) y:4]", [(8, "[x (a:b:c) y:4]")]),
    ("( [a:b:4]", [(4, "( a"), (8, "( b")]),
    ("[x: [a:b:4]", [(4, "[x: a"), (8, "[x: b")]),
    ("[a:b:4] )", [(4, "a )"), (8, "b )")]),
    ("[a:b:4]]", [(4, "a]"), (8, "b]")]),
    ("([a:b:4)] [c:d:4]", [(4, "([a:b:4)] c"), (8, "([a:b:4)] d")]),
    # A stray | or backslash: nothing is edited at all.
    ("a | b [c:d:4]", [(8, "a | b [c:d:4]")]),
    ("(a|b) [c:d:4]", [(8, "(a|b) [c:d:4]")]),
    ("[a|b [c:d:4]", [(8, "[a|b [c:d:4]")]),
    ("[a|b:4]", [(8, "[a|b:4]")]),
    ("[a:b:4] \\", [(8, "[a:b:4] \\")]),
    ("[a:b:4] \\\n", [(8, "[a:b:4] \\\n")]),
    # Networks and AND are other modules' business.
    ("[a AND b:4]", [(4, ""), (8, "a AND b")]),
]

#: Text -> what holds for steps 1, 2, 3, 4 and 5 of 5.
ALTERNATIONS: list[tuple[str, list[str]]] = [
    ("[a|b]", ["a", "b", "a", "b", "a"]),
    ("[a|b|c]", ["a", "b", "c", "a", "b"]),
    ("[a|]", ["a", "", "a", "", "a"]),
    ("[|a]", ["", "a", "", "a", ""]),
    ("[|]", [""] * 5),
    ("[a||b]", ["a", "", "b", "a", ""]),
    ("w[o|i]n", ["won", "win", "won", "win", "won"]),
    ("[a|b] [c|d|e]", ["a c", "b d", "a e", "b c", "a d"]),
    ("[[a|b]|c]", ["a", "c", "a", "c", "a"]),
    ("[a|[b|c|d]]", ["a", "c", "a", "b", "a"]),
    ("[(a:1.4)|[b]]", ["(a:1.4)", "[b]", "(a:1.4)", "[b]", "(a:1.4)"]),
    ("([a|b])", ["(a)", "(b)", "(a)", "(b)", "(a)"]),
    ("[[a|b]:c:2]", ["a", "b", "c", "c", "c"]),
    ("[a:[b|c]:2]", ["a", "a", "b", "c", "b"]),
    ("[[a:b:3]|c]", ["a", "c", "a", "c", "b"]),
    (r"[a\|b|c]", [r"a\|b", "c", r"a\|b", "c", r"a\|b"]),
    ("[a| b ]", ["a", " b ", "a", " b ", "a"]),
    ("[x [a|b]", ["[x a", "[x b", "[x a", "[x b", "[x a"]),
    ("[a|(b]", ["[a|(b]"] * 5),
    ("[a|[b:c]]", ["[a|[b:c]]"] * 5),
]

#: Text -> what holds in the second pass, 4 steps after a first of 10.
SECOND_PASS: list[tuple[str, list[tuple[int, str]]]] = [
    ("oak", [(4, "oak")]),
    ("[oak:elm:5]", [(4, "elm")]),
    ("[oak:elm:10]", [(4, "elm")]),
    ("[oak:elm:11]", [(1, "oak"), (4, "elm")]),
    ("[oak:elm:13]", [(3, "oak"), (4, "elm")]),
    ("[oak:elm:14]", [(4, "oak")]),
    ("[oak:elm:0.5]", [(4, "elm")]),
    ("[oak:elm:1.0]", [(4, "elm")]),
    ("[oak:elm:1.5]", [(2, "oak"), (4, "elm")]),
    ("[oak:elm:1.75]", [(3, "oak"), (4, "elm")]),
    ("[oak:elm:2.0]", [(4, "oak")]),
    ("[a|b]", [(1, "a"), (2, "b"), (3, "a"), (4, "b")]),
]

#: The same under the old rule: below 1 is a fraction, and the second pass counts like the first of 10 steps.
OLD: list[tuple[str, list[tuple[int, str]]]] = [
    ("[oak:elm:0.5]", [(5, "oak"), (10, "elm")]),
    ("[oak:elm:1.0]", [(1, "oak"), (10, "elm")]),
    ("[oak:elm:2.5]", [(2, "oak"), (10, "elm")]),
    ("[oak:elm:7]", [(7, "oak"), (10, "elm")]),
    ("[oak:elm:12]", [(10, "oak")]),
    ("[oak:elm:5e-1]", [(5, "oak"), (10, "elm")]),
]


def told(text: str, timeline: Timeline) -> list[tuple[int, str]]:
    return [(segment.last_step, segment.text) for segment in schedule(text, timeline)]


@pytest.mark.parametrize(("text", "expected"), EDITS)
def test_edits(text: str, expected: list[tuple[int, str]]) -> None:
    assert told(text, Timeline(8)) == expected


@pytest.mark.parametrize(("text", "expected"), ALTERNATIONS)
def test_alternations(text: str, expected: list[str]) -> None:
    prompt = parse(text)
    assert [prompt.text_at(step, Timeline(5)) for step in range(1, 6)] == expected
    by_step = {segment.last_step: segment.text for segment in schedule(text, Timeline(5))}
    assert [by_step[min(last for last in by_step if last >= step)] for step in range(1, 6)] == expected


@pytest.mark.parametrize(("text", "expected"), SECOND_PASS)
def test_the_second_pass_counts_on(text: str, expected: list[tuple[int, str]]) -> None:
    assert told(text, Timeline(10, hires_steps=4)) == expected


@pytest.mark.parametrize(("text", "expected"), OLD)
@pytest.mark.parametrize("hires_steps", [None, 4])
def test_the_old_timelines(text: str, expected: list[tuple[int, str]], hires_steps: int | None) -> None:
    assert told(text, Timeline(10, hires_steps, old=True)) == expected


def test_what_the_docs_say_of_ten_steps() -> None:
    assert told("[a:b:5]", Timeline(10)) == [(5, "a"), (10, "b")]


def test_one_step_is_enough() -> None:
    assert told("[a:b:0.5] [c|d]", Timeline(1)) == [(1, "b c")]
