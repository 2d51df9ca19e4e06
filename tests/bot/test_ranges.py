"""Values that are not allowed, in the languages of members: of every one that can be told there are German words."""

import ast
from pathlib import Path

import pytest

import inference
import storage
from bot.interactions.answers import words_for
from bot.texts import fields, out_of_range
from bot.texts.german_ranges import GERMAN_FIELDS, GERMAN_PHRASES
from inference.protocol.limits import (
    PHRASES,
    OutOfRange,
    Phrase,
    require_float,
    require_int,
    require_size,
    require_text,
)
from storage.guilds import Limits

#: What is told of a row or a recipe, and so may be told to a member.
_CHECKED = [
    *(Path(inference.__path__[0], "protocol", f"{name}.py") for name in ("limits", "recipe")),
    *(Path(storage.__path__[0], f"{name}.py") for name in ("adapters", "blocks", "members", "styles")),
]
#: Members choose it from a menu.
_UNSAID = {"factor"}


def _named(path: Path) -> set[str]:
    """Return the fields that are named in calls of what raises."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    first = [
        call.args[0]
        for call in calls
        if isinstance(call.func, ast.Name)
        and call.func.id in ("OutOfRange", "require_int", "require_float", "require_choice", "require_text")
    ]
    return {node.value for node in first if isinstance(node, ast.Constant) and isinstance(node.value, str)} - {""}


@pytest.mark.parametrize("path", _CHECKED, ids=lambda path: path.stem)
def test_every_field_has_a_german_name(path: Path) -> None:
    assert _named(path) - _UNSAID <= set(GERMAN_FIELDS)


def test_every_limit_that_admins_set_has_one_too() -> None:
    numbers = set(Limits.__struct_fields__) - {"upscale", "upscale_pixels"}
    assert {name.replace("_", " ") for name in numbers} <= set(GERMAN_FIELDS)


def test_german_says_the_same_with_the_same_values() -> None:
    assert set(GERMAN_PHRASES) == set(PHRASES)
    for key, text in GERMAN_PHRASES.items():
        assert fields(text) == fields(PHRASES[key])


def _refused(check: object, *values: object) -> OutOfRange:
    assert callable(check)
    with pytest.raises(OutOfRange) as caught:
        check(*values)
    return caught.value


@pytest.mark.parametrize(
    ("error", "german"),
    [
        (
            _refused(require_int, "steps", 900, 1, 500),
            "Schritte: 900 geht nicht. Erlaubt: eine ganze Zahl von 1 bis 500.",
        ),
        (_refused(require_float, "strength", 1.5, 0, 1), "Stärke: 1.5 geht nicht. Erlaubt: von 0 bis 1."),
        (
            _refused(require_text, "reason", "x" * 301, 300),
            "Grund: 301 Zeichen geht nicht. Erlaubt: höchstens 300 Zeichen.",
        ),
        (_refused(require_size, 64, 65), "Höhe: 65 geht nicht. Erlaubt: ein Vielfaches von 8, etwa 64 oder 72."),
        (
            _refused(require_size, 4096, 4096, "hires"),
            "Größe von Hires: 4096x4096 geht nicht. Erlaubt: höchstens 4194304 Pixel.",
        ),
    ],
)
def test_a_member_reads_it_in_their_language(error: OutOfRange, german: str) -> None:
    assert words_for(error, "de") == out_of_range(error, "de") == german
    assert words_for(error, "en-GB") == words_for(error, "fr") == f"{str(error)[:1].upper()}{str(error)[1:]}."


def test_of_what_is_new_there_are_english_words() -> None:
    assert out_of_range(OutOfRange("warmth", 3, "at most 2"), "de") == "Warmth is 3, but must be at most 2."
    new = OutOfRange("warmth", 3, Phrase("between", (("low", 0), ("high", 2))))
    assert out_of_range(new, "de") == "Warmth is 3, but must be from 0 to 2."


def test_long_values_are_cut_in_every_language() -> None:
    error = OutOfRange("sampler", "x" * 500, Phrase("one_of", (("choices", "a, b"),)))
    for locale in ("en", "de"):
        assert len(out_of_range(error, locale)) < 160
