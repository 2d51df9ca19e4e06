"""A server's lists of words and patterns, as its admins change them."""

import pytest

from bot.services import word_lists
from bot.services.content import MAX_PATTERNS
from bot.services.word_lists import LISTS, add_patterns, add_words, clear, remove, text_of, words_in
from bot.texts import Mistake
from storage.guilds import MAX_WORDS, Settings


def test_words_are_parted_by_commas_and_lines() -> None:
    assert words_in("naked, old man;  x \n\n# a remark, of words\ny,,") == ["naked", "old man", "x", "y"]
    assert words_in(" , ;\n") == []


def test_what_finds_the_same_stands_once() -> None:
    done = add_words(Settings(blocked_words=("Naked",)), "block", ["NÁKED", "old  man", "Old_Man", "x"])
    assert done.words == ("Old_Man", "x")
    assert done.changes == {"blocked_words": ("Naked", "Old_Man", "x")}
    again = add_words(Settings(**done.changes), "block", ["naked", "OLD MAN"])
    assert (again.words, again.changes) == ((), {})


def test_a_word_is_on_one_list() -> None:
    done = add_words(Settings(blocked_words=("a", "b")), "warn", ["A", "c"])
    assert done.changes == {"warned_words": ("A", "c"), "blocked_words": ("b",)}
    patterns = add_patterns(Settings(warned_patterns=("a+b", "c+d")), "block", ["a+b", "a+b", "x+y"])
    assert patterns.changes == {"blocked_patterns": ("a+b", "x+y"), "warned_patterns": ("c+d",)}


def test_lists_have_a_length() -> None:
    held = tuple(f"word{number}" for number in range(MAX_WORDS - 1))
    assert len(add_words(Settings(blocked_words=held), "block", ["x"]).changes["blocked_words"]) == MAX_WORDS
    with pytest.raises(Mistake) as caught:
        add_words(Settings(blocked_words=held), "block", ["x", "y"])
    assert (caught.value.key, caught.value.values) == ("content_many", {"count": MAX_WORDS + 1, "most": MAX_WORDS})
    patterns = tuple(f"x{number}y" for number in range(MAX_PATTERNS))
    with pytest.raises(Mistake) as caught:
        add_patterns(Settings(warned_patterns=patterns), "warn", ["z"])
    assert caught.value.values["most"] == MAX_PATTERNS


def test_words_and_patterns_are_taken_off() -> None:
    settings = Settings(
        blocked_words=("Naked", "b"), warned_words=("c",), blocked_patterns=("a,b+", "naked"), warned_patterns=("d+",)
    )
    assert remove(settings, ["NAKED"]).changes == {"blocked_words": ("b",)}
    assert remove(settings, ["naked"]).words == ("Naked", "naked"), "a pattern of that very text too"
    assert remove(settings, ["a,b+", "c"]).changes == {"warned_words": (), "blocked_patterns": ("naked",)}
    with pytest.raises(Mistake) as caught:
        remove(settings, ["nothing", "…"])
    assert caught.value.key == "content_unknown"
    for field in LISTS:
        gone = clear(settings, field)
        assert (gone.words, gone.changes) == (getattr(settings, field), {field: ()})
    assert clear(Settings(), "blocked_words").changes == {}


def test_what_is_no_file_of_words() -> None:
    assert text_of("\ufeffnäked\r\nb".encode()) == "näked\r\nb"
    for data, key in (
        (b"\xff\xfe\x00", "content_file_text"),
        (b"a\0b", "content_file_text"),
        (b"x" * (word_lists.MAX_FILE_BYTES + 1), "content_file_large"),
    ):
        with pytest.raises(Mistake) as caught:
            text_of(data)
        assert caught.value.key == key
