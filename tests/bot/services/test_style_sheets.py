"""AUTOMATIC1111's styles.csv: read as it reads it, written so that it can, and nothing hostile gets through."""

import csv
import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.services.style_sheets import MOST_BYTES, MOST_ROWS, Row, read_sheet, row_of, usable, write_sheet
from bot.texts import Mistake
from inference.protocol.limits import OutOfRange
from storage.styles import NewStyle, StyleSettings

HEADER = "name,prompt,negative_prompt\n"


def rows(text: str) -> list[tuple[str, str, str]]:
    return [(row.name, row.prompt, row.negative) for row in read_sheet("styles.csv", text.encode())]


def test_what_automatic1111_writes() -> None:
    text = (
        "\ufeffname,prompt,negative_prompt\r\n"
        "None,,\r\n"
        "--- artists ---,,\r\n"
        '"Noir, loud","{prompt}, ""film"" noir",colour\r\n'
        "\r\n"
        'Lines,"one,\r\ntwo",\r\n'
        "#comment,x,y\r\n"
        ",nameless,\r\n"
        "Short,words\r\n"
        "Only negative,,blurry\r\n"
    )
    assert rows(text) == [
        ("Noir, loud", '{prompt}, "film" noir', "colour"),
        ("Lines", "one,\r\ntwo", ""),
        ("", "nameless", ""),
        ("Short", "words", ""),
        ("Only negative", "", "blurry"),
    ]


def test_the_older_form_and_columns_in_any_order() -> None:
    assert rows("name,text\nNoir,film noir\n") == [("Noir", "film noir", "")]
    assert rows('Negative_Prompt, "name", prompt, mood\ncolour, "Noir", film noir, dark\n') == [
        ("Noir", "film noir", "colour")
    ]


def test_lines_are_counted_as_an_editor_does() -> None:
    found = read_sheet("x", f'{HEADER}a,"one\ntwo",\nb,x,\n'.encode())
    assert [row.line for row in found] == [3, 4]


def test_settings_are_in_columns_of_ours() -> None:
    settings = StyleSettings(steps=30, guidance=6.25, sampler="DPM++ 2M Karras", size="3:2", model="shapes, old")
    data = write_sheet([row_of("a", "x", "", StyleSettings()), row_of("b", 'say "{prompt}"\n', "y", settings)])
    assert data.startswith(b"\xef\xbb\xbfname,prompt,negative_prompt,steps,guidance,sampler,size,model\r\n")
    new, skipped = usable(read_sheet("x", data), 1, None)
    assert skipped == []
    assert [style for _, style in new.values()] == [
        NewStyle(member_id=1, guild_id=None, name="a", prompt="x"),
        NewStyle(member_id=1, guild_id=None, name="b", prompt='say "{prompt}"', negative_prompt="y", settings=settings),
    ]


def test_without_settings_the_file_is_automatic1111s_to_the_letter() -> None:
    data = write_sheet([row_of("a", "x, y", "z", StyleSettings())])
    assert data.decode("utf-8-sig") == 'name,prompt,negative_prompt\r\na,"x, y",z\r\n'


def as_automatic1111_reads(data: bytes) -> dict[str, tuple[str, str]]:
    """As its styles.py does: DictReader, spaces skipped, by the names of the columns."""
    file = io.StringIO(data.decode("utf-8-sig"), newline="")
    return {row["name"]: (row["prompt"], row["negative_prompt"]) for row in csv.DictReader(file, skipinitialspace=True)}


WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("\",\n;'{}"), min_size=1, max_size=20)


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        WORDS.map(str.strip).filter(bool),
        st.tuples(WORDS, WORDS).map(lambda two: tuple(map(str.strip, two))),
        max_size=5,
    )
)
def test_what_is_written_is_read(styles: Any) -> None:
    kept = {name: texts for name, texts in styles.items() if any(texts) and not name.startswith("#")}
    data = write_sheet([Row(0, name, *texts) for name, texts in kept.items()])
    assert {row.name: (row.prompt, row.negative) for row in read_sheet("x", data)} == kept
    assert as_automatic1111_reads(data) == kept


HOSTILE: list[tuple[bytes, str]] = [
    (b"", "is no list of styles"),
    (b"\x00\xff\x00\xff", "is no plain text in UTF-8"),
    ("name,prompt,negative_prompt\nä,b,c".encode("utf-16"), "is no plain text in UTF-8"),
    (b"\x89PNG\r\n\x1a\n" + bytes(100), "is no plain text in UTF-8"),
    (b"title,words\na,b\n", "its first line must name the columns"),
    (b"name\na\n", "its first line must name the columns"),
    (b"name;prompt;negative_prompt\na;b;c\n", "with commas between them"),
    (HEADER.encode() + b'a,"' + b"x" * 200_000, "cannot be read at line"),
    (HEADER.encode() + b"x" * MOST_BYTES, "has more than 1 MiB"),
    ((HEADER + "a,b,c\n" * (MOST_ROWS + 1)).encode(), "has more than 300 styles"),
]


@pytest.mark.parametrize(("data", "words"), HOSTILE, ids=[words for _, words in HOSTILE])
def test_what_is_no_such_file(data: bytes, words: str) -> None:
    before = csv.field_size_limit()
    with pytest.raises(Mistake, match=words):
        read_sheet("styles.csv", data)
    assert csv.field_size_limit() == before


def test_as_many_as_may_be_and_any_number_of_dividers() -> None:
    text = HEADER + "---,,\n" * 2000 + "a,b,c\n" * MOST_ROWS
    assert len(rows(text)) == MOST_ROWS


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: (HEADER + text).encode("utf-8", "ignore")))
def test_any_bytes_are_read_or_refused_in_words(data: bytes) -> None:
    try:
        found = read_sheet("x", data)
    except Mistake:
        return
    new, skipped = usable(found, 1, None)
    assert len(new) + len(skipped) == len(found)


def test_styles_that_can_be_none_are_left_out_with_the_reason() -> None:
    text = (
        "name,prompt,negative_prompt,steps,guidance,sampler,size\n"
        ",x,,,,,\n"
        "a>b,x,,,,,\n"
        f"long,{'x' * 6001},,,,,\n"
        "steps,x,,many,,,\n"
        "steps,x,,0,,,\n"
        "guidance,x,,,nan,,\n"
        "sampler,x,,,,Eulr,\n"
        "size,x,,,,,huge\n"
        "twice,x,,,,,\n"
        "Good,x,,30,7.5,euler a karras,512 x 768\n"
        "TWICE,y,,,,,\n"
    )
    new, skipped = usable(read_sheet("x", text.encode()), 1, 2)
    assert [style.name for _, style in new.values()] == ["Good", "TWICE"]
    good = new["good"][1]
    assert (good.guild_id, good.settings) == (
        2,
        StyleSettings(steps=30, guidance=7.5, sampler="Euler a Karras", size="512x768"),
    )
    why = [(one.line, one.why.key if isinstance(one.why, Mistake) else type(one.why)) for one in skipped]
    assert why == [
        (2, "style_name"),
        (3, "style_name"),
        (4, "style_words"),
        (5, "styles_skipped_number"),
        (6, OutOfRange),
        (7, OutOfRange),
        (8, "no_sampler_near"),
        (9, "no_size"),
        (10, "styles_skipped_twice"),
    ]
