"""Golden cases for AND, written from AUTOMATIC1111's documented rules (wiki, Features, "Composable Diffusion")."""

import pytest

from inference.prompt.composition import subprompts
from inference.prompt.weights import MAX_WEIGHT

CASES: list[tuple[str, list[tuple[str, float]]]] = [
    ("", [("", 1)]),
    ("an owl", [("an owl", 1)]),
    ("an owl  ", [("an owl", 1)]),
    ("  an owl", [("  an owl", 1)]),
    ("an owl AND a bat", [("an owl", 1), (" a bat", 1)]),
    ("an owl :1.5 AND a bat :0.5", [("an owl", 1.5), (" a bat", 0.5)]),
    ("an owl:1.5 AND a bat", [("an owl", 1.5), (" a bat", 1)]),
    ("a AND b AND c :2", [("a", 1), (" b", 1), (" c", 2)]),
    ("a :-1 AND b :+2", [("a", -1), (" b", 2)]),
    ("a : .5 AND b :2.", [("a", 0.5), (" b", 2)]),
    ("a\nAND\nb", [("a", 1), ("\nb", 1)]),
    ("a :1\nAND b", [("a", 1), (" b", 1)]),
    ("AND", [("", 1), ("", 1)]),
    ("AND a", [("", 1), (" a", 1)]),
    ("a AND AND b", [("a", 1), ("", 1), (" b", 1)]),
    ("a and b", [("a and b", 1)]),
    ("a ANDROID, BAND", [("a ANDROID, BAND", 1)]),
    ("a,AND,b", [("a,", 1), (",b", 1)]),
    ("a AND_b", [("a AND_b", 1)]),
    # Also where there is one prompt only.
    ("an owl :1.5", [("an owl", 1.5)]),
    ("a film in 16:9", [("a film in 16", 9)]),
    # What is no such number is text.
    ("(an owl:1.5)", [("(an owl:1.5)", 1)]),
    ("an owl :1e2", [("an owl :1e2", 1)]),
    ("an owl :nan", [("an owl :nan", 1)]),
    ("an owl :1,5", [("an owl :1,5", 1)]),
    ("an owl :", [("an owl :", 1)]),
    ("a:1:2", [("a:1", 2)]),
    # Brackets do not hold AND.
    ("(a AND b:1.5)", [("(a", 1), (" b:1.5)", 1)]),
    ("[a AND b:5]", [("[a", 1), (" b:5]", 1)]),
    (f"a :{'9' * 400}", [("a", MAX_WEIGHT)]),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_subprompts(text: str, expected: list[tuple[str, float]]) -> None:
    found = subprompts(text)
    assert [(part.text, part.weight) for part in found] == expected
    for part in found:
        assert text[part.span.start : part.span.end] == part.text


def test_a_weight_of_one_has_a_place_too() -> None:
    (part,) = subprompts("an owl :1")
    assert part.weight_span == (7, 9)
