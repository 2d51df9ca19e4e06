"""Whatever is written, reading it neither fails nor takes more than its share of time."""

import math
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.prompt.attention import Piece, attention
from inference.prompt.composition import subprompts
from inference.prompt.editing import Fork, Join, Timeline, Turn, parse
from inference.prompt.hints import hints
from inference.prompt.networks import strip
from inference.prompt.places import Span, point_at
from inference.prompt.reading import read
from inference.prompt.schedule import schedule

#: Pieces that mean something, so that the grammar is met more often than by chance.
MEANINGFUL = (
    *"()[]:|\\<>, .%",
    *(":4]", ":0.5]", ":1.2)", ":-1)", ":nan)", ":1e400]", "[a:", "[a|", "(b", "c)", " AND ", " BREAK ", "<lora:x:1>"),
    *("<lora:", "\\(", "\\[", "\n", "\u200b", "\u202e", "\ud800", "日", "🦊", "e\u0301", "٣", "9" * 50, "word"),
)
TEXTS = st.one_of(
    st.text(st.characters(), max_size=200), st.lists(st.sampled_from(MEANINGFUL), max_size=40).map("".join)
)
TIMELINES = st.builds(Timeline, st.integers(1, 12), st.none() | st.integers(1, 12), st.booleans())

#: What is repeated until the text is long. Each has been somebody's idea of how to stop a parser.
BOMBS = [
    *(
        "(",
        "[",
        ")",
        "]",
        "(a",
        "[a:",
        ":1]",
        "(a)",
        "[a]",
        "([",
        "([)]",
        "(:",
        "[[a:b]",
        "[a:b:3]",
        "[a|b]",
        "[|]",
        "|",
    ),
    *(":", ": ", " ", "\\", "\\(", "\\\\", ":1.1", ":1.1)", "(a:1.1.", "(a:1", "1", ".", "<", "< ", "<lora", "<lora:"),
    *(
        "<lora:a:1>",
        "<a:",
        "<a:>",
        " AND ",
        "AND:1 ",
        " BREAK ",
        "BREAK",
        "\u200b",
        "\u202e",
        "\ud800",
        "e\u0301",
        "日",
    ),
    *("a, ", "\n", "\t:", ":\n)", "[a:b: ", "(\u0663:1.2)"),
]

READERS: dict[str, Callable[[str], object]] = {
    "parse": parse,
    "attention": attention,
    "subprompts": subprompts,
    "strip": strip,
    "hints": lambda text: hints(text, 20),
    "schedule": lambda text: schedule(text, Timeline(4)),
}


@settings(max_examples=500)
@given(TEXTS)
def test_printing_and_parsing_again_gives_the_same_tree(text: str) -> None:
    prompt = parse(text)
    assert str(prompt) == text
    assert parse(str(prompt)) == prompt


@given(TEXTS, TEXTS)
def test_trees_of_other_texts_are_others(one: str, other: str) -> None:
    assert (parse(one) == parse(other)) == (one == other)


@settings(max_examples=500)
@given(TEXTS)
def test_marks_are_where_they_say_and_forks_are_whole(text: str) -> None:
    open_forks: list[tuple[Fork, int]] = []
    end = 0
    for mark in parse(text).marks:
        assert mark.span.start == end
        if isinstance(mark, Fork):
            assert text[mark.span.start] == "["
            assert text[mark.span.end - 1] == "]"
            open_forks.append((mark, 1))
            end += 1
            continue
        assert text[mark.span.start : mark.span.end] == mark.text
        end = mark.span.end
        if isinstance(mark, Turn):
            fork, branches = open_forks.pop()
            open_forks.append((fork, branches + 1))
        if isinstance(mark, Join):
            fork, branches = open_forks.pop()
            assert (fork.branches, fork.span.end) == (branches, mark.span.end)
            if fork.when is not None:
                assert text[fork.when.span.start : fork.when.span.end] == fork.when.text
    assert (open_forks, end) == ([], len(text))


@settings(max_examples=500)
@given(TEXTS, TIMELINES)
def test_a_schedule_covers_all_steps_and_agrees_with_each(text: str, timeline: Timeline) -> None:
    segments = schedule(text, timeline)
    lasts = [segment.last_step for segment in segments]
    assert lasts == sorted(set(lasts))
    assert lasts[0] >= 1
    assert lasts[-1] == timeline.length
    prompt = parse(text)
    for step in range(1, timeline.length + 1):
        holds = next(segment.text for segment in segments if step <= segment.last_step)
        assert prompt.text_at(step, timeline) == holds


@settings(max_examples=500)
@given(TEXTS)
def test_weights_are_finite_and_no_piece_is_lost(text: str) -> None:
    pieces = attention(text)
    assert pieces
    for piece in pieces:
        assert not isinstance(piece, Piece) or math.isfinite(piece.weight)
    for part in subprompts(text):
        assert math.isfinite(part.weight)
        assert text[part.span.start : part.span.end] == part.text


@given(st.text("ab ,\n日", max_size=50))
def test_plain_text_is_one_piece_of_weight_one(text: str) -> None:
    assert attention(text) == (Piece(text, 1.0),)
    assert attention(f"(({text}x:1.3))") == (Piece(f"{text}x", 1.3 * 1.1),)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=100).filter(lambda text: "BREAK" not in text))
def test_escaped_text_is_what_it_was(text: str) -> None:
    escaped = "".join(f"\\{character}" if character in "()[]\\" else character for character in text)
    assert attention(escaped) == (Piece(text, 1.0),)


@settings(max_examples=300)
@given(TEXTS, TIMELINES, st.booleans())
def test_everything_that_is_told_has_a_place(text: str, timeline: Timeline, negative: bool) -> None:
    reading = read(text, timeline, negative=negative)
    told = [(hint.words, hint.span) for hint in reading.hints]
    told += [(error.words, error.span) for error in reading.errors]
    told += [(network.name, network.span) for network in reading.networks]
    for words, span in told:
        assert len(words) < 400
        assert 0 <= span.start <= span.end <= len(text)
        assert "^" in point_at(text, span)


# Far more than it takes, and far less than a reader would take whose time grows with the square of the text.
@pytest.mark.timeout(20)
@pytest.mark.parametrize("bomb", [*BOMBS, "deep edits", "deep weights"])
def test_long_texts_neither_fail_nor_hang(bomb: str) -> None:
    text = long_text(bomb, 40_000)
    for reader in (attention, subprompts, READERS["hints"]):
        reader(text)
    point_at(text, Span(20_000, 40_000))


@pytest.mark.timeout(60)
@pytest.mark.parametrize("bomb", ["(", "[", "([", "[a|", "<lora:", "\u202e", "deep edits", "deep weights"])
def test_a_hundred_thousand_brackets_neither_fail_nor_hang(bomb: str) -> None:
    text = long_text(bomb, 100_000)
    for reader in READERS.values():
        reader(text)
    prompt = parse(text)
    assert prompt == parse(text)
    assert hash(prompt) == hash(parse(text))
    assert str(prompt) == text
    (error,) = read(text, Timeline(4)).errors
    assert "100,000 characters long" in error.words


@pytest.mark.parametrize("bomb", [*BOMBS, "deep edits", "deep weights"])
@pytest.mark.parametrize("reader", READERS)
def test_work_grows_no_faster_than_the_text(reader: str, bomb: str) -> None:
    short, long = (lines_run(READERS[reader], long_text(bomb, length)) for length in (500, 2000))
    assert long <= 4.4 * short + 200


def long_text(bomb: str, length: int) -> str:
    match bomb:
        case "deep edits":
            return ("[" * (length // 4) + ":1]" * (length // 4)).ljust(length)
        case "deep weights":
            return "(" * (length // 2) + ")" * (length // 2)
        case _:
            return (bomb * (length // len(bomb) + 1))[:length]


def lines_run(reader: Callable[[str], object], text: str) -> int:
    """Count the lines of Python that reading a text takes."""
    count = 0

    def trace(_frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        reader(text)
    finally:
        sys.settrace(before)
    return count


def test_a_deep_tree_is_walked_without_recursion() -> None:
    prompt = parse("[" * 50_000 + ":1]" * 50_000)
    assert sum(1 for _ in prompt.forks) == 50_000
    assert prompt.text_at(1, Timeline(4)) == ""
    assert prompt.last_steps(Timeline(4)) == [1, 4]
