"""Tokens and chunks as people are shown them: those that a picture's text encoders read, no others."""

import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tokenizers.pre_tokenizers import ByteLevel

from benchmarks.tiny_models import KINDS, Kind
from inference.families import spelling
from inference.families.chunks import CHUNK
from inference.families.clip import Chunker, token_chunks
from inference.families.sd import UNetModel
from inference.models.loading import load_model
from inference.models.tokenizers import load_tokenizer, load_tokenizers
from inference.sample import MODEL_FOLDER

SAMPLE = Chunker(load_tokenizer(MODEL_FOLDER / "tokenizer"))
TEXTS = (
    "",
    "a red circle",
    "(a red:1.3) circle BREAK [on] blue",
    "a red circle on a blue background, " * 12,
    "circle " * 75,
    "circle " * 76,
    "a (red, " * 40 + "BREAK x" * 3,
)


def shown(text: str) -> list[list[str]]:
    return [[token.text for token in chunk.tokens] for chunk in token_chunks([SAMPLE], text)]


def test_words_are_shown_as_they_were_written() -> None:
    assert shown("A Red circle,  café 🦊!") == [
        ["a ", "red ", "circle ", ", ", "ca", "f", "", "é ", "", "", "", "🦊", "! "]
    ]


def test_every_token_has_its_weight() -> None:
    (chunk,) = token_chunks([SAMPLE], "a (red circle:1.5), [x]")
    assert [(token.text, round(token.weight, 3)) for token in chunk.tokens] == [
        ("a ", 1.0), ("red ", 1.5), ("circle ", 1.5), (", ", 1.0), ("x ", 0.909),
    ]  # fmt: skip


def test_a_chunk_ends_where_a_phrase_does_and_at_break() -> None:
    first, second, third = token_chunks([SAMPLE], "circle " * 60 + ", " + "red " * 16 + "BREAK blue")
    assert [len(chunk.tokens) for chunk in (first, second, third)] == [61, 16, 1]
    assert first.tokens[-1].text == ", "
    assert first.room == CHUNK


def test_what_is_no_utf8_is_shown_as_such() -> None:
    assert spelling.readable(["ð", "Ł</w>", "x</w>", "é", "日"]) == ["", "\ufffd ", "x ", "", "\ufffd日"]


def test_bytes_are_spelled_as_the_tokenizer_spells_them() -> None:
    assert sorted(spelling._BYTES) == sorted(ByteLevel.alphabet())


@given(st.text("abc xyz,.!?0129éüßж日本🦊👍🏽\u0301\u200d\n\t()", max_size=60))
def test_all_tokens_together_are_the_words(text: str) -> None:
    words = "".join("".join(spelling.readable(SAMPLE.tokenizer.convert_ids_to_tokens(SAMPLE.tokens(text)))).split())
    assert words == "".join(unicodedata.normalize("NFC", text).lower().split())


@pytest.mark.parametrize("kind", ["sd1", "sd2", "sdxl"])
def test_the_chunks_are_those_that_a_picture_is_painted_with(
    kind: Kind, tiny_root: Path, tiny_folder: Callable[[Kind], Path]
) -> None:
    model = load_model(tiny_folder(kind), models_folder=tiny_root, device=torch.device("cpu"), dtype=torch.float32)
    assert isinstance(model, UNetModel)
    for text in TEXTS:
        found = token_chunks(model.encoders, text)
        assert len(found) == model.chunks([text])
        (row,) = model.condition([text], width=64, height=64, clip_skip=1)
        assert row.context.shape[0] == len(found) * (CHUNK + 2)


def test_of_two_encoders_the_one_that_needs_more_chunks_decides(tmp_path: Path) -> None:
    """The second one knows no merges: every character is a token."""
    for name in ("vocab.json", "merges.txt"):
        text = (MODEL_FOLDER / "tokenizer" / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text if name == "vocab.json" else text.split("\n")[0] + "\n", encoding="utf-8")
    other = Chunker(load_tokenizer(tmp_path))
    text = "circle " * 20
    assert len(token_chunks([SAMPLE, other], text)) == other.chunks([(text, 1.0)]) > SAMPLE.chunks([(text, 1.0)])
    assert token_chunks([other, SAMPLE], text) == token_chunks([SAMPLE, other], text)


@pytest.mark.parametrize("layout", ["folder", "single_file"])
@pytest.mark.parametrize("kind", KINDS)
def test_tokenizers_alone_are_those_of_the_whole_model(
    kind: Kind,
    layout: Literal["folder", "single_file"],
    tiny_root: Path,
    tiny_folder: Callable[[Kind], Path],
    tiny_file: Callable[[Kind], Path],
) -> None:
    path = tiny_folder(kind) if layout == "folder" else tiny_file(kind)
    model = load_model(path, models_folder=tiny_root, device=torch.device("cpu"), dtype=torch.float32)
    assert isinstance(model, UNetModel)
    alone = tuple(map(Chunker, load_tokenizers(path, layout, model.family, tiny_root)))
    assert len(alone) == len(model.encoders)
    for chunker, encoder in zip(alone, model.encoders, strict=True):
        assert chunker.tokenizer.pad_token == encoder.tokenizer.pad_token
        assert all(token_chunks([chunker], text) == token_chunks([encoder], text) for text in TEXTS)
