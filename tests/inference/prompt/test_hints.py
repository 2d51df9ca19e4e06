"""Probable mistakes are pointed at, in words, and nothing else is."""

import pytest

from inference.prompt.hints import MAX_HINTS, hints
from inference.prompt.places import Span

#: The text, with ⟦ ⟧ around what is pointed at, and a part of the words.
MISTAKES = [
    # Brackets.
    ("a ⟦(⟧red fox", "never closed"),
    ("a ⟦[⟧red fox", "by 1/1.1"),
    ("(a) ⟦(⟧b", "never closed"),
    ("a red fox⟦)⟧", "No ( was opened"),
    ("a red fox⟦]⟧", "No [ was opened"),
    ("fox⟦:1.2)⟧", "No ( was opened"),
    ("⟦(⟧" + "(" * 9, "And 9 more like it"),
    ("(" * 50 + "⟦(⟧fox" + ")" * 51, "more than 50 deep"),
    # Weights.
    ("(fox:⟦12⟧)", "A weight of 12 is more"),
    ("(fox: ⟦12⟧)", "A weight of 12 is more"),
    ("(fox:⟦-0.5⟧)", "A weight below 0"),
    ("(fox:⟦1e400⟧)", "'1e400' is no weight"),
    ("(fox:⟦nan⟧)", "'nan' is no weight"),
    ("(fox:⟦1,2⟧)", "'1,2' is no weight"),
    ("(fox:⟦1.2.3⟧)", "'1.2.3' is no weight"),
    ("(fox:⟦120%⟧)", "'120%' is no weight"),
    # Editing.
    ("[fox:hen:⟦20⟧]", "not before the last of 20 steps"),
    ("[fox:hen: ⟦25⟧ ]", "not before the last of 20 steps"),
    ("[fox:hen:⟦1e400⟧]", "not before the last of 20 steps"),
    ("[fox:hen:⟦1.0⟧]", "not before the last of 20 steps"),
    ("[fox:⟦1.2⟧]", "For a weight write (x:1.2)"),
    ("[fox:hen:⟦0⟧]", "before the first step"),
    ("[fox:hen:⟦-3⟧]", "before the first step"),
    ("[fox:hen:⟦0.01⟧]", "before the first step"),
    ("a ⟦[fox:hen]⟧", "edits nothing"),
    ("a ⟦[fox:hen:0,5]⟧", "edits nothing"),
    ("fox ⟦|⟧ hen [a:b:5]", "nothing in this prompt is edited"),
    ("[a:b:5] ⟦\\⟧", "backslash stands before nothing"),
    # AND.
    ("(fox ⟦AND⟧ hen", "splits the prompt here"),
    ("fox AND⟦⟧", "nothing here beside AND"),
    ("fox AND hen ⟦:12⟧", "A weight of 12"),
    ("a film in 16⟦:9⟧", "weight of the whole prompt"),
    # Networks.
    ("a ⟦<lora⟧:ink:1", "not finished"),
    ("a ⟦<lora⟧>", "not finished"),
    ("a ⟦<lora⟧:>", "not finished"),
    ("a ⟦< Lora⟧:ink:1>", "write <lora:name:1>"),
    ("a ⟦<sticker:x>⟧", "no kind of network"),
    ("a ⟦<lora:ink:1:1:lbw=X>⟧", "'lbw=X' is not used"),
    ("a ⟦<lora:ink:8>⟧", "weight of 8"),
    # Behind a network, places are still right.
    ("<lora:ink:1> a ⟦(⟧fox <lora:b:1>", "never closed"),
    ("<lora:ink:1> a AND <lora:ink:1> b <lora:ink:1>⟦)⟧ c", "No ( was opened"),
    # What cannot be seen.
    ("fo⟦\u200b⟧x", "cannot be seen, and is read: U+200B, zero width space"),
    ("fo⟦\u202e⟧x", "changes the order of what is shown"),
    ("fo⟦\x07⟧x", "U+0007, a control character"),
    ("fo⟦\ud800⟧x", "U+D800"),
]

FINE = [
    "",
    "a red fox, (sharp:1.2), [old], masterpiece",
    r"anime_\(style\)",
    "[fox:hen:10] [hen:0.5] [fox::0.5] [a|b|c] [a|]",
    "[(fox:1.2):[hen]:10]",
    "fox AND hen :0.5 AND [cow:10]",
    "a | b",
    "a BREAK b",
    "time: noon",
    "(time: noon)",
    "<lora:ink:0.8:1> <hypernet:x:1>",
    "one\ntwo\tthree\r\n",
    "日本語 ünïcode 🦊",
    "(fox:0) (hen:3)",
]


@pytest.mark.parametrize(("marked", "words"), MISTAKES)
def test_mistakes(marked: str, words: str) -> None:
    start, end = marked.index("⟦"), marked.index("⟧") - 1
    text = marked.replace("⟦", "").replace("⟧", "")
    found = [hint for hint in hints(text, 20) if words in hint.words]
    assert [hint.span for hint in found] == [Span(start, end)]


@pytest.mark.parametrize("text", FINE)
def test_what_is_fine_gets_no_hint(text: str) -> None:
    assert hints(text, 20) == ()


@pytest.mark.parametrize(
    ("text", "fine"),
    [
        ("[a:b:25]", True),
        ("[a:b:30]", False),
        ("[a:b:1.5]", True),
        ("[a:b:2.0]", False),
        ("[a:b:0.5]", True),
        ("[a:b:0]", False),
    ],
)
def test_with_a_second_pass_edits_may_be_later(text: str, fine: bool) -> None:
    assert (hints(text, 20, 10) == ()) is fine


def test_in_the_negative_prompt_networks_and_and_are_text() -> None:
    (hint,) = hints("bad <lora:ink:1> AND worse :9", 20, negative=True)
    assert hint.span == Span(4, 9)
    assert "belong in the prompt" in hint.words


def test_hints_come_in_order_and_not_too_many() -> None:
    text = " ".join(f"(x:{weight})" for weight in range(10, 90))
    found = hints(text, 20)
    assert len(found) == MAX_HINTS
    assert [hint.span for hint in found] == sorted(hint.span for hint in found)


def test_the_same_mistake_is_counted() -> None:
    (hint,) = hints("(a:12) (b:12) (c:12)", 20)
    assert hint.words.endswith("(And 2 more like it.)")
