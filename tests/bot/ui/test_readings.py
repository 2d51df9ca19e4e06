"""The page of a prompt: what is on it, how it is shortened, and that nothing in a prompt gets out of its place."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ui.readings import FILE_NAME, Shown, page
from inference.prompt.editing import Timeline
from inference.prompt.reading import read
from inference.protocol.messages import Token, TokenChunk


def shown(text: str, steps: int = 20, **more: Any) -> Shown:
    negative = more.get("negative", False)
    reading = read(text, Timeline(steps), negative=negative)
    return Shown(text=text, reading=reading, steps=steps, model="sample", **more)


def parts_of(view: Any) -> list[dict[str, Any]]:
    (container,) = view.to_components()
    parts: list[dict[str, Any]] = container["components"]
    return parts


def words_of(view: Any) -> str:
    return "\n".join(part["content"] for part in parts_of(view) if part["type"] == 10)


def chunk(*words: str) -> TokenChunk:
    return TokenChunk(tokens=tuple(Token(text=f"{word} ", weight=1.0) for word in words))


def test_what_is_wrong_is_told_in_the_readers_language() -> None:
    view, whole = page(shown("(a [<lora:x:1>:5]"), "de")
    assert whole is None
    assert "Lässt sich nicht malen: Ein Netz gilt für alle Schritte" in words_of(view)
    assert "Hinweis: Diese ( wird nie geschlossen und gewichtet darum alles danach mit 1.1" in words_of(view)


def test_everything_that_was_understood_is_shown() -> None:
    text = "a [fox:hen:5], (red:1.5) BREAK <lora:ink:0.5:1> x AND (y"
    view, whole = page(shown(text), "en-US")
    assert whole is None
    assert words_of(view) == (
        "### How this prompt is read\n"
        "-# sample · 20 steps\n"
        "Prompt 1 of 2, weight 1\n"
        "```\n"
        "Steps 1 to 5\n"
        '      1  "a fox, "\n'
        '    1.5  "red"\n'
        '      1  ""\n'
        "  BREAK\n"
        '      1  "x"\n'
        "Steps 6 to 20\n"
        '      1  "a hen, "\n'
        '    1.5  "red"\n'
        '      1  ""\n'
        "  BREAK\n"
        '      1  "x"\n'
        "```\n"
        "Prompt 2 of 2, weight 1\n"
        "```\n"
        "Steps 1 to 20\n"
        '      1  " "\n'
        '    1.1  "y"\n'
        "```\n"
        "Networks\n"
        "```\n"
        "lora ink: weight 1, text encoder 0.5\n"
        "```\n"
        "Hint: This ( is never closed, so it weighs everything after it by 1.1; as text, write \\\\(.\n"
        "```\n"
        f"{text}\n"
        f"{' ' * text.index('(y')}^\n"
        "```"
    )


def test_chunks_and_their_borders_are_shown() -> None:
    chunks = {"a fox, a hen": (chunk("a", "fox", ","), chunk("a", "hen")), "a fox, a cow": (chunk("a", "cow"),)}
    view, _ = page(shown("a fox, a [hen:cow:5]", chunks=chunks), None)
    assert "-# sample · 20 steps · up to 2 chunks, 5 tokens\n" in words_of(view)
    assert (
        "Steps 1 to 5 · 2 chunks, 5 tokens\n"
        '      1  "a fox, a hen"\n'
        "  chunk 1, 3 of 75: a fox ,\n"
        "  chunk 2, 2 of 75: a hen\n"
        "Steps 6 to 20 · 1 chunk, 2 tokens\n"
        '      1  "a fox, a cow"\n'
        "```"
    ) in words_of(view)


def test_one_count_is_no_up_to() -> None:
    view, _ = page(shown("[a|b]", steps=2, chunks={"a": (chunk("a"),), "b": (chunk("b"),)}), "en")
    assert "· 1 chunk, 1 token\n" in words_of(view)
    assert "up to" not in words_of(view)


def test_where_no_tokens_are_there_are_words_and_the_rest() -> None:
    view, _ = page(shown("a fox", trouble="It `sleeps`."), "de")
    assert "-# Tokens sind nicht gezählt: It \\`sleeps\\`." in words_of(view)
    assert 'Schritte 1 bis 20\n      1  "a fox"' in words_of(view)


def test_what_cannot_be_painted_comes_first_with_its_caret() -> None:
    view, _ = page(shown("[<lora:ink:1>:5]"), "en")
    words = words_of(view)
    assert "Cannot be painted: A network holds for all steps" in words
    assert "\n[<lora:ink:1>:5]\n ^^^^^^^^^^^^\n" in words
    assert words.index("Cannot be painted") < words.index("Steps 1 to")


def test_negative_prompts_are_told_apart() -> None:
    view, _ = page(shown("a AND b", negative=True), "en")
    assert "negative prompt" in words_of(view)
    assert '      1  "a AND b"' in words_of(view)


def test_a_long_prompt_is_shortened_and_goes_along_whole() -> None:
    text = "[a|b] " + ", ".join(f"(word{number}:1.{number})" for number in range(1, 400))
    view, whole = page(shown(text), "en")
    assert whole is not None
    assert whole.startswith(text)
    assert '1.399  "word399"' in whole
    assert "  Step 20\n" in whole
    assert "word399" not in words_of(view)
    assert "-# Shortened. The file has all of it." in words_of(view)
    assert parts_of(view)[-1]["file"]["url"] == f"attachment://{FILE_NAME}"


def test_of_a_long_line_both_ends_are_shown() -> None:
    view, whole = page(shown("first " + "and " * 100 + "last"), "en")
    assert '"first and and' in words_of(view)
    assert ' and last"' in words_of(view)
    assert whole is not None


def test_the_file_has_an_end_too() -> None:
    text = "[" + "|".join(f"{number}" for number in range(100)) + "]" + "(x)y" * 1400
    _, whole = page(shown(text, steps=500), "en")
    assert whole is not None
    assert 900_000 < len(whole) < 1_010_000
    assert whole.endswith("…\n")


@pytest.mark.parametrize(
    "text",
    ["``` **x** @everyone", "a `b` ```", "x\n```\n# big", "<@1> [a](http://b)", "\u202etxt.(\x07", "(`" * 50],
)
def test_nothing_gets_out_of_its_block(text: str) -> None:
    for part in parts_of(page(shown(text), "en")[0]):
        content = part.get("content", "")
        assert content.count("```") % 2 == 0
        outside = "".join(content.split("```")[::2])
        assert "everyone" not in outside
        assert "`" not in outside.replace("\\`", "")
        assert set(content).isdisjoint("\u202e\x07")


@given(st.text(st.sampled_from("ab[]()|:<>`\\ \n🦊\u202e0519,"), max_size=4000), st.integers(1, 500), st.booleans())
def test_every_page_fits_into_a_message(text: str, steps: int, negative: bool) -> None:
    parts = parts_of(page(shown(text, steps, negative=negative), "de")[0])
    assert len(parts) < 20
    assert sum(len(part.get("content", "")) for part in parts) <= 4000
    assert all(part.get("content", "x") for part in parts)
