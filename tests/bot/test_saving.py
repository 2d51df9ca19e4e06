"""Pictures are written whole or not at all, and never over another file."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.errors import JobFailed, UserError
from bot.saving import prepare_folder, replace_file, save


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_numbers_go_up_and_nothing_is_overwritten(tmp_path: Path) -> None:
    assert [save(tmp_path, 5, b"one").name, save(tmp_path, 5, b"two").name] == ["00001-5.png", "00002-5.png"]
    (tmp_path / "00007-1.png").write_bytes(b"another's")
    assert save(tmp_path, 9, b"three").name == "00008-9.png"
    assert (tmp_path / "00007-1.png").read_bytes() == b"another's"


def test_several_at_once_get_names_of_their_own(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(lambda seed: save(tmp_path, 1, str(seed).encode()), range(32)))
    assert len(set(paths)) == 32
    assert {path.read_bytes() for path in paths} == {str(seed).encode() for seed in range(32)}


def test_a_file_system_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("not supported")

    monkeypatch.setattr(os, "link", refuse)
    assert [save(tmp_path, 1, b"one").name, save(tmp_path, 1, b"two").name] == ["00001-1.png", "00002-1.png"]


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(JobFailed, match=r"No space left on device. It needs 1,000 bytes free\."):
        save(tmp_path, 1, bytes(1000))
    assert names(tmp_path) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full here")
def test_a_device_that_is_really_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Path.open
    monkeypatch.setattr(
        Path, "open", lambda path, *args: opened(Path("/dev/full") if path.suffix == ".tmp" else path, *args)
    )
    with pytest.raises(JobFailed, match="No space left on device"):
        save(tmp_path, 1, bytes(100_000))
    assert names(tmp_path) == []


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"")
    with pytest.raises(UserError, match=r"Nothing can be written to .*taken.*Choose another --output"):
        prepare_folder(tmp_path / "taken")


@pytest.mark.skipif(sys.platform == "win32", reason="the superuser's rights differ there")
def test_a_folder_in_what_is_no_folder() -> None:
    with pytest.raises(UserError, match="Nothing can be written"):
        prepare_folder(Path("/dev/null/pictures"))


def test_a_preview_is_replaced_whole_and_its_failure_is_let_be(tmp_path: Path) -> None:
    replace_file(tmp_path / "preview.jpg", b"one")
    replace_file(tmp_path / "preview.jpg", b"two")
    assert (tmp_path / "preview.jpg").read_bytes() == b"two"
    replace_file(tmp_path / "gone" / "preview.jpg", b"three")
    assert names(tmp_path) == ["preview.jpg"]
