"""Words and patterns of a server are found however a prompt is written, and nothing else is."""

import asyncio
import threading
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.services import content
from bot.services.content import Found, checked_pattern, checked_word, found, search
from bot.services.folding import fold, phrase, tokens
from bot.services.prompt_texts import texts_of, without_lists
from bot.texts import Mistake
from inference.protocol.recipe import AnyRecipe, ContentHash, HiresFix, TextToImage, Upscale, Words
from storage.guilds import Settings
from tests.sample_requests import recipe

LETTERS = st.text("abcdefghijklmnopqrstuvwxyzäéßñœ", min_size=1, max_size=8)
CATASTROPHE = r"(?:a|a|aa)+$"
SLOW_TEXT = "a" * 60 + "!"


def blocking(*words: str) -> Settings:
    return Settings(blocked_words=words)


def asked(prompt: str, **more: object) -> AnyRecipe:
    return msgspec.structs.replace(recipe(), prompt=prompt, **more)


# Folding ------------------------------------------------------------------------------------------------------------


@given(st.text())
@example("ǰ\u0345ΐ")
@example("İ\u200b\u0130")
@example("\ufdfa\u1e9e")
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    "written",
    [
        "NAKED",
        "nákèd",
        "n\u0336a\u0336k\u0336e\u0336d",
        "ｎａｋｅｄ",
        "𝓷𝓪𝓴𝓮𝓭",
        "na\u200bked",
        "na\u00adked",
        "ⓝⓐⓚⓔⓓ",
        "ɴᴀᴋᴇᴅ",
    ],
)
def test_what_looks_the_same_is_the_same(written: str) -> None:
    assert fold(written) == "naked"
    assert found(blocking("naked"), [f"a {written} cat"]).blocked == "naked"


@pytest.mark.parametrize("written", ["nаked", "nakеd", "n4ked", "nαked"])
def test_a_disguise_is_seen_through(written: str) -> None:
    assert written != "naked"
    assert found(blocking("naked"), [written]).blocked == "naked"


@pytest.mark.parametrize("harmless", ["рот", "1girl", "mp3", "h2o", "3d", "4k", "a55", "r34"])
def test_what_is_no_disguise_is_left_alone(harmless: str) -> None:
    settings = blocking("pot", "igirl", "lgirl", "mpe", "hzo", "ed", "ak", "ass", "rea")
    assert found(settings, [harmless]) == Found()


def test_marks_that_make_other_letters_stay() -> None:
    assert found(blocking("か"), ["が"]) == Found(), "kana with a voiced mark are others"
    assert found(blocking("कम"), ["काम"]) == Found(), "vowels of Hindi are letters"
    assert found(blocking("שלום"), ["שָׁלוֹם"]).blocked == "שלום", "points are left out as one likes"


# Whole words --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["class", "glass grass", "assassin", "Massachusetts", "compass_rose", "bass-guitar"])
def test_a_word_inside_another_is_not_found(text: str) -> None:
    assert found(blocking("ass"), [text]) == Found()


@pytest.mark.parametrize("text", ["ass", "an ass.", "wild_ass", "ass-like", "1ass", "ass2", "(ass)", "ass,x", "¡ass!"])
def test_a_word_by_itself_is_found(text: str) -> None:
    assert found(blocking("ass"), [text]).blocked == "ass"


@given(LETTERS, LETTERS, LETTERS)
def test_letters_around_a_word_hide_it(before: str, word: str, after: str) -> None:
    assert found(blocking(word), [f"{before}{word}{after}"]).blocked is None or before == "" or after == ""


def test_phrases_stand_together() -> None:
    settings = blocking("old man")
    for text in ("an old man", "old_man", "Old-Man", "(old:1.3) man", "old\n man", "[old|young] man", "old (man)"):
        assert found(settings, texts_of(asked(text))).blocked == "old man", text
    for text in ("old, man", "old woman, man", "man old", "bold man", "old; man", "old : man"):
        assert found(settings, texts_of(asked(text))) == Found(), text


def test_scripts_without_spaces_are_searched_letter_by_letter() -> None:
    assert found(blocking("裸体"), ["美しい裸体の絵"]).blocked == "裸体"
    assert found(blocking("裸体"), ["裸の体"]) == Found()
    assert found(blocking("🍆"), ["a🍆b"]).blocked == "🍆"


# However it is written ----------------------------------------------------------------------------------------------

WORD = st.sampled_from(["naked", "Blut", "cœur", "old man"])


@st.composite
def wrapped(draw: st.DrawFn) -> tuple[str, str]:
    """Return a word and a prompt that paints it at one step or another."""
    word = draw(WORD)
    cut = draw(st.integers(0, len(word)))
    text = draw(st.sampled_from([word, f"{word[:cut]}<lora:x:1>{word[cut:]}"]))
    for _ in range(draw(st.integers(0, 5))):
        text = draw(
            st.sampled_from(
                [
                    f"({text})",
                    f"(({text}))",
                    f"({text}:1.2)",
                    f"[{text}]",
                    f"[{text}:0.5]",
                    f"[{text}::0.5]",
                    f"[{text}:cat:0.5]",
                    f"[cat:{text}:3]",
                    f"[cat|{text}|dog]",
                    f"{text} AND a cat",
                    f"a cat AND {text} :0.7",
                    f"a cat, {text}, by somebody",
                    f"<lora:x:0.5>{text}",
                ]
            )
        )
    return word, text


@given(wrapped())
def test_a_word_is_found_in_whatever_it_is_wrapped(case: tuple[str, str]) -> None:
    word, text = case
    assert found(blocking(word), texts_of(asked(text, steps=20))).blocked == word


@pytest.mark.parametrize("text", ["na(k)ed", "n(a(k)e)d", "na[k:x:0.5]ed", "[x:na:3](ke)d", "n[a]ked", "na{k}ed"])
def test_a_word_taken_apart_is_found(text: str) -> None:
    assert found(blocking("naked"), texts_of(asked(text, steps=20))).blocked == "naked"


def test_edits_are_read_with_the_steps_of_the_picture() -> None:
    text = "[x::0.5]na[y:ked:6]"
    assert found(blocking("naked"), texts_of(asked(text, steps=20))).blocked == "naked"
    assert found(blocking("naked"), texts_of(asked(text, steps=4))) == Found(), "it is never painted"


def test_the_second_pass_is_read_too() -> None:
    text = "na[x:ked:1.5]"
    once = asked(text, steps=20)
    assert isinstance(once, TextToImage)
    assert found(blocking("naked"), texts_of(once)) == Found()
    twice = msgspec.structs.replace(once, hires=HiresFix(width=once.width * 2, height=once.height * 2))
    assert found(blocking("naked"), texts_of(twice)).blocked == "naked"


def test_every_positive_text_counts_and_no_other() -> None:
    settings = blocking("naked")
    assert found(settings, texts_of(asked("a cat", style_prompt="naked"))).blocked == "naked"
    assert found(settings, texts_of(asked("a cat"), [Words("a cat", ""), Words("naked", "")])).blocked == "naked"
    assert found(settings, texts_of(asked("a cat", negative_prompt="naked"))) == Found()
    assert found(settings, texts_of(asked("a cat"), [Words("a cat", "naked")])) == Found()
    assert found(settings, texts_of(asked("a cat <lora:naked:1>"))) == Found(), "names of files do not count"
    assert texts_of(Upscale(image=ContentHash("a" * 64), factor=2)) == ()


def test_choices_are_searched_before_and_after_they_are_made() -> None:
    assert found(blocking("naked"), ["a {naked|dressed} cat"]).blocked == "naked"


def test_names_of_lists_do_not_count() -> None:
    assert without_lists("a __naked__ {cat|__b/naked__} __x*__ dog").split() == ["a", "{cat|", "}", "dog"]
    assert without_lists("na__ked naked") == "na__ked naked"


def test_what_is_warned_of_is_told_and_painted() -> None:
    settings = Settings(warned_words=("blood", "gun"), warned_patterns=(r"wou?nd\w*",))
    told = found(settings, ["GUN and blood, wounded"])
    assert told == Found(warned=("gun", "blood", "wounded"))
    assert told.refusal is None


@given(st.lists(WORD, unique=True), st.text(max_size=30))
def test_more_words_never_allow_more(words: list[str], text: str) -> None:
    fewer, more = blocking(*words[:1]), blocking(*words)
    if found(fewer, [text]).blocked is not None:
        assert found(more, [text]).blocked is not None


# Patterns -----------------------------------------------------------------------------------------------------------


def test_a_pattern_is_searched_without_case_and_folded() -> None:
    settings = Settings(blocked_patterns=(r"na+ked", r"\bcum\b"))
    for text in ("NAAKED", "nááked", "na(a)ked", "cum"):
        assert found(settings, [text]).blocked is not None, text
    assert found(settings, ["document"]) == Found()


def test_a_refusal_names_what_was_found_and_nothing_else() -> None:
    refusal = found(Settings(blocked_patterns=(r"go+re\w*",)), ["my secret gooorefest"]).refusal
    assert refusal is not None
    assert (refusal.key, refusal.values) == ("content_blocked", {"word": "gooorefest"})
    refusal = found(blocking("Naked"), ["my secret náked cat"]).refusal
    assert refusal is not None
    assert (refusal.key, refusal.values) == ("content_blocked", {"word": "Naked"})


def test_a_pattern_that_takes_too_long_counts_as_blocked() -> None:
    told = found(Settings(blocked_patterns=(CATASTROPHE,)), [SLOW_TEXT], seconds=0.02)
    assert told.blocked == ""
    assert told.slow == (CATASTROPHE,)
    assert told.refusal is not None and told.refusal.key == "content_slow"


def test_all_patterns_have_one_bound() -> None:
    settings = Settings(blocked_patterns=("x+y",), warned_patterns=("q",))
    assert found(settings, ["a cat"], seconds=0.0).blocked == "", "no time is left: it is not let through"


def test_a_warning_that_takes_too_long_is_told() -> None:
    told = found(Settings(warned_patterns=(CATASTROPHE,)), [SLOW_TEXT], seconds=0.02)
    assert told == Found(warned=(CATASTROPHE,), slow=(CATASTROPHE,))


@pytest.mark.parametrize("pattern", ["(", "(?:(?:a{1000}){1000}){1000}", "[z-a]", "(?V1)a"])
def test_a_pattern_that_cannot_be_read_blocks(pattern: str) -> None:
    assert found(Settings(blocked_patterns=(pattern,)), ["a cat"]).blocked == ""


async def test_a_slow_pattern_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[threading.Thread] = []
    searched = content.found

    def noted(settings: Settings, texts: Sequence[str]) -> Found:
        seen.append(threading.current_thread())
        return searched(settings, texts)

    monkeypatch.setattr(content, "found", noted)
    told = await asyncio.gather(*(search(Settings(blocked_patterns=(CATASTROPHE,)), [SLOW_TEXT]) for _ in range(2)))
    assert [one.blocked for one in told] == ["", ""]
    assert threading.main_thread() not in seen
    assert (await search(blocking("naked"), ["naked"])).blocked == "naked"
    assert seen[-1] is threading.main_thread(), "a few words are no work"


@pytest.mark.parametrize(
    ("pattern", "key", "place"),
    [
        ("(", "content_pattern_at", 2),
        ("ab**", "content_pattern_at", 4),
        ("a{1000}{2}", "content_pattern_at", 8),
        ("(?:a{100}){100}", "content_repeats", None),
        ("x" * 301, "content_long_pattern", None),
        ("(?V1)a", "content_pattern", None),
        ("a*", "content_everywhere", None),
        ("", "content_everywhere", None),
    ],
)
def test_what_is_no_pattern(pattern: str, key: str, place: int | None) -> None:
    with pytest.raises(Mistake) as caught:
        checked_pattern(pattern)
    assert caught.value.key == key
    assert caught.value.values.get("place") == place


def test_what_is_a_pattern() -> None:
    assert checked_pattern(r"  \bna+ked\b ") == r"\bna+ked\b"
    assert checked_pattern(r"(?:ab){1,20}c") == r"(?:ab){1,20}c"


def test_what_is_no_word() -> None:
    for text, key in (("…", "content_no_word"), ("\u200b", "content_no_word"), ("x" * 101, "content_long_word")):
        with pytest.raises(Mistake) as caught:
            checked_word(text)
        assert caught.value.key == key
    assert checked_word("  old \n man ") == "old man"
    assert phrase("Old-Man") == ("old", "man")


@given(st.text(max_size=40))
def test_nothing_that_is_written_breaks_the_search(text: str) -> None:
    tokens(text)
    settings = Settings(blocked_words=("naked",), warned_words=("x",), blocked_patterns=("zzz",))
    assert found(settings, [text], seconds=60) == found(settings, [text], seconds=60)
