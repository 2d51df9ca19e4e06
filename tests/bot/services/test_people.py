"""Archives of a member's data."""

import json
import random
import zipfile
from pathlib import Path

import pytest

from bot.services.people import write_archive
from storage.members import Export

MIB = 2**20


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    """Return files of incompressible bytes, one of them too large for any archive."""
    paths = []
    for number, size in enumerate((300_000, 300_000, 300_000, 2 * MIB, 10)):
        path = tmp_path / f"{number:02x}" / "picture.png"
        path.parent.mkdir()
        path.write_bytes(random.Random(number).randbytes(size))
        paths.append(path)
    return paths


def test_no_archive_is_too_large_and_none_is_missing(tmp_path: Path, pictures: list[Path]) -> None:
    folder = tmp_path / "archives"
    folder.mkdir()
    gone = tmp_path / "ff" / "gone.png"
    archives = write_archive(Export({"member": 1}, [*pictures, gone]), folder, MIB)
    found: dict[str, bytes] = {}
    for path in archives:
        assert path.stat().st_size <= MIB
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
            found |= {name: archive.read(name) for name in archive.namelist()}
    data = json.loads(found.pop("data.json"))
    assert data == {"member": 1, "pictures_left_out": ["pictures/03picture.png"], "adapters_left_out": []}
    assert found == {f"pictures/{number:02x}picture.png": pictures[number].read_bytes() for number in (0, 1, 2, 4)}
    assert len(archives) == 2


def test_what_a_member_brought_comes_too(tmp_path: Path, pictures: list[Path]) -> None:
    folder = tmp_path / "archives"
    folder.mkdir()
    brought = [("adapters/a.safetensors", pictures[0]), ("adapters/b.safetensors", pictures[3])]
    [archive] = write_archive(Export({}, pictures[:1]), folder, MIB, brought)
    with zipfile.ZipFile(archive) as opened:
        data = json.loads(opened.read("data.json"))
        assert opened.read("adapters/a.safetensors") == pictures[0].read_bytes()
        assert sorted(opened.namelist()) == ["adapters/a.safetensors", "data.json", "pictures/00picture.png"]
    assert data == {"pictures_left_out": [], "adapters_left_out": ["adapters/b.safetensors"]}
