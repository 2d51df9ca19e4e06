"""Golden cases for attention, written from AUTOMATIC1111's documented rules (wiki, Features, "Attention/emphasis")."""

import math

import pytest

from inference.prompt.attention import MAX_DEPTH, Break, Piece, attention
from inference.prompt.weights import MAX_WEIGHT

UP, DOWN = 1.1, 1 / 1.1
BREAK = "BREAK", None

CASES: list[tuple[str, list[tuple[str, float | None]]]] = [
    # Plain.
    ("", [("", 1)]),
    ("a red fox", [("a red fox", 1)]),
    (" fox ", [(" fox ", 1)]),
    ("fox: red", [("fox: red", 1)]),
    ("::", [("::", 1)]),
    ("one\ntwo", [("one\ntwo", 1)]),
    # Up, down, and as said.
    ("(fox)", [("fox", UP)]),
    ("[fox]", [("fox", DOWN)]),
    ("(fox:1.3)", [("fox", 1.3)]),
    ("(fox:0.4)", [("fox", 0.4)]),
    ("(fox:.4)", [("fox", 0.4)]),
    ("(fox:2)", [("fox", 2)]),
    ("(fox:2.)", [("fox", 2)]),
    ("(fox:+1.5)", [("fox", 1.5)]),
    ("(fox:-1)", [("fox", -1)]),
    ("(fox:0)", [("fox", 0)]),
    ("(fox: 1.3 )", [("fox", 1.3)]),
    ("(fox :1.3)", [("fox ", 1.3)]),
    ("a (red) fox", [("a ", 1), ("red", UP), (" fox", 1)]),
    ("a (red:1.5) [old] fox", [("a ", 1), ("red", 1.5), (" ", 1), ("old", DOWN), (" fox", 1)]),
    # Nested weights multiply, from the inside out.
    ("((fox))", [("fox", UP * UP)]),
    ("(((fox)))", [("fox", UP * UP * UP)]),
    ("[[fox]]", [("fox", DOWN * DOWN)]),
    ("((fox:1.3))", [("fox", 1.3 * UP)]),
    ("((fox:1.3):2)", [("fox", 1.3 * 2)]),
    ("(a (red) fox)", [("a ", UP), ("red", UP * UP), (" fox", UP)]),
    ("(a (red:2) fox:1.5)", [("a ", 1.5), ("red", 3), (" fox", 1.5)]),
    ("[(fox)]", [("fox", 1)]),
    ("([fox])", [("fox", 1)]),
    ("([red] fox)", [("red", 1), (" fox", UP)]),
    ("([fox]:1.5)", [("fox", DOWN * 1.5)]),
    # A number belongs to round brackets only.
    ("[fox:1.3]", [("fox:1.3", DOWN)]),
    ("fox:1.3", [("fox:1.3", 1)]),
    ("fox:1.3)", [("fox:1.3)", 1)]),
    ("(fox:red:1.3)", [("fox:red", 1.3)]),
    ("(16:9)", [("16", 9)]),
    ("(fox:1.3) :2", [("fox", 1.3), (" :2", 1)]),
    # What is no number is text, and the brackets count as brackets.
    ("(fox:red)", [("fox:red", UP)]),
    ("(fox:)", [("fox:", UP)]),
    ("(fox:1.3", [("fox:1.3", UP)]),
    ("(fox:1,3)", [("fox:1,3", UP)]),
    ("(fox:1.2.3)", [("fox:1.2.3", UP)]),
    ("(fox:.)", [("fox:.", UP)]),
    ("(fox:1e2)", [("fox:1e2", UP)]),
    ("(fox:1e400)", [("fox:1e400", UP)]),
    ("(fox:nan)", [("fox:nan", UP)]),
    ("(fox:inf)", [("fox:inf", UP)]),
    ("(fox:--1)", [("fox:--1", UP)]),
    # Neighbours of equal weight are one.
    ("(red)(fox)", [("redfox", UP)]),
    ("(red:1.1) (fox)", [("red", UP), (" ", 1), ("fox", UP)]),
    ("(red:1)fox", [("redfox", 1)]),
    ("()", [("", 1)]),
    ("a()b", [("ab", 1)]),
    # Never closed: to the end. Never opened: text.
    ("(fox", [("fox", UP)]),
    ("a (red fox", [("a ", 1), ("red fox", UP)]),
    ("[red fox", [("red fox", DOWN)]),
    ("((fox", [("fox", UP * UP)]),
    ("((red) fox", [("red", UP * UP), (" fox", UP)]),
    ("([fox", [("fox", 1)]),
    ("(", [("", 1)]),
    ("fox)", [("fox)", 1)]),
    ("fox]", [("fox]", 1)]),
    ("(fox))", [("fox", UP), (")", 1)]),
    ("(fox:1.2):1.3)", [("fox", 1.2), (":1.3)", 1)]),
    (")fox(", [(")fox", 1)]),
    # Round and square brackets are paired apart.
    ("(fox]", [("fox]", UP)]),
    ("[fox)", [("fox)", DOWN)]),
    ("(a [b) c]", [("a ", UP), ("b", UP * DOWN), (" c", DOWN)]),
    ("[a (b] c)", [("a ", DOWN), ("b", DOWN * UP), (" c", UP)]),
    # Escapes: brackets and backslashes lose their meaning; the backslash goes.
    (r"\(fox\)", [("(fox)", 1)]),
    (r"\[fox\]", [("[fox]", 1)]),
    (r"(\(fox\))", [("(fox)", UP)]),
    (r"(fox\)", [("fox)", UP)]),
    (r"fox \\ hen", [("fox \\ hen", 1)]),
    (r"\\(fox)", [("\\", 1), ("fox", UP)]),
    (r"fox\hen", [("foxhen", 1)]),
    (r"(fox\:1.3)", [("fox", 1.3)]),
    ("fox\\", [("fox", 1)]),
    (r"\|", [("|", 1)]),
    # BREAK, a word in capitals, with the spaces around it.
    ("a BREAK b", [("a", 1), BREAK, ("b", 1)]),
    ("a\nBREAK\n\nb", [("a", 1), BREAK, ("b", 1)]),
    ("BREAK", [("", 1), BREAK, ("", 1)]),
    ("BREAK b", [("", 1), BREAK, ("b", 1)]),
    ("a BREAK BREAK b", [("a", 1), BREAK, ("", 1), BREAK, ("b", 1)]),
    ("a, BREAK, b", [("a,", 1), BREAK, (", b", 1)]),
    ("a break b", [("a break b", 1)]),
    ("BREAKS", [("BREAKS", 1)]),
    ("aBREAK", [("aBREAK", 1)]),
    ("(a) BREAK [b]", [("a", UP), ("", 1), BREAK, ("", 1), ("b", DOWN)]),
    ("(a BREAK b)", [("a", UP), BREAK, ("b", UP)]),
    ("(a:1.5)BREAK(b:1.5)", [("a", 1.5), ("", 1), BREAK, ("", 1), ("b", 1.5)]),
    # Any writing system, and other programs' brackets.
    ("{fox} <fox> «лиса»", [("{fox} <fox> «лиса»", 1)]),
    ("(狐:1.2)の絵", [("狐", 1.2), ("の絵", 1)]),
    ("(fox:１.2)", [("fox", 1.2)]),
    ("(🦊)", [("🦊", UP)]),
    ("(a\u200bb\u202e)", [("a\u200bb\u202e", UP)]),
]


def told(text: str) -> list[tuple[str, float | None]]:
    return [("BREAK", None) if isinstance(piece, Break) else (piece.text, piece.weight) for piece in attention(text)]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_attention(text: str, expected: list[tuple[str, float | None]]) -> None:
    assert told(text) == expected


def test_weights_stay_within_bounds() -> None:
    assert attention(f"(fox:{'9' * 500})") == (Piece("fox", MAX_WEIGHT),)
    assert attention(f"(fox:-{'9' * 500})") == (Piece("fox", -MAX_WEIGHT),)
    assert attention("((fox:9999):9999)") == (Piece("fox", MAX_WEIGHT),)
    assert attention("((((fox:-9999):9999):9999):0)") == (Piece("fox", 0.0),)


@pytest.mark.parametrize(("opening", "closing", "factor"), [("(", ")", UP), ("[", "]", DOWN)])
def test_brackets_add_nothing_beyond_a_depth(opening: str, closing: str, factor: float) -> None:
    for text in (opening * 100_000 + "fox", opening * 100_000 + "fox" + closing * 100_000):
        (piece,) = attention(text)
        assert isinstance(piece, Piece)
        assert piece.text == "fox"
        assert math.isclose(piece.weight, factor**MAX_DEPTH)
    within = opening * MAX_DEPTH + "fox" + closing * MAX_DEPTH
    assert attention(within) == attention(opening + within + closing)
