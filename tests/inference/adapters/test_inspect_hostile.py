"""Hostile files: none runs, hangs, takes much memory or leaves anything, and each is refused with words."""

import pickle
import sys
from pathlib import Path

import pytest
import torch

from inference.protocol.rejections import REJECTIONS
from tests.hostile_adapters import Hostile, make
from tests.inspectors import Seen, inspect_each

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks, pipes and links are made otherwise there")

#: Above what torch itself takes.
MAX_MEMORY_BYTES = 1 * 2**30


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("hostile")
    for name in ("sent", "kept"):
        (place / name).mkdir()
    (place / "witness").write_text("here")
    return place


@pytest.fixture(scope="module")
def files(place: Path) -> list[Hostile]:
    return make(place / "sent", place / "mark")


@pytest.fixture(scope="module")
def seen(place: Path, files: list[Hostile]) -> dict[str, Seen]:
    pairs = [(file.path, place / "kept" / f"{file.path.name}.safetensors") for file in files]
    return {file.path.name: one for file, one in zip(files, inspect_each(pairs), strict=True)}


def test_there_are_more_than_a_hundred_of_them(files: list[Hostile]) -> None:
    assert len({file.path.read_bytes() for file in files if file.path.is_file()}) > 150


def test_each_is_refused_for_its_reason(files: list[Hostile], seen: dict[str, Seen]) -> None:
    told = {}
    for file in files:
        verdict = seen[file.path.name].verdict
        told[file.path.name] = verdict.rejected.code if verdict and verdict.rejected else str(seen[file.path.name])
    assert {name: code for name, code in told.items() if code not in _codes(files)[name]} == {}


def _codes(files: list[Hostile]) -> dict[str, tuple[str, ...]]:
    return {file.path.name: file.codes for file in files}


def test_each_gets_words(files: list[Hostile], seen: dict[str, Seen]) -> None:
    for file in files:
        verdict = seen[file.path.name].verdict
        assert verdict is not None and verdict.rejected is not None
        rejected = verdict.rejected
        assert rejected.words == REJECTIONS[rejected.code].format(**rejected.values)
        assert rejected.words.isprintable() and len(rejected.words) < 500


def test_the_process_ends_well_and_soon_and_small(seen: dict[str, Seen]) -> None:
    assert {name: one.status for name, one in seen.items() if one.status} == {}
    assert {name: one.memory_bytes for name, one in seen.items() if one.memory_bytes > MAX_MEMORY_BYTES} == {}


def test_nothing_is_left_or_done(place: Path, seen: dict[str, Seen]) -> None:
    assert list((place / "kept").iterdir()) == []
    assert not (place / "mark").exists()
    assert (place / "witness").read_text() == "here"
    assert {path.name for path in place.iterdir()} == {"sent", "kept", "witness"}


def test_they_are_as_bad_as_they_look(place: Path, files: list[Hostile], seen: dict[str, Seen]) -> None:
    mark = place / "mark"
    for name in ("runs-plain-2.pt", "runs-system.pt", "runs-exec.pt", "runs-by-build.pt"):
        path = place / "sent" / name
        if name == "runs-plain-2.pt":
            pickle.loads(path.read_bytes())
        else:
            torch.load(path, weights_only=False)
        assert mark.exists()
        mark.unlink()
