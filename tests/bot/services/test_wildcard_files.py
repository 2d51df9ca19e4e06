"""The operator's folder: what is a list is read, what is not is named in the log."""

import os
import sys
from pathlib import Path

import pytest

from bot.services import wildcard_files
from bot.services.wildcard_files import is_name, name_of, read_folder
from inference.prompt.choices import Mention, parse

needs_links = pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "wildcards"
    path.mkdir()
    return path


def write(folder: Path, name: str, data: bytes = b"cat\ndog\n") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", ["a", "animal", "animals/cats", "a-b_c/1", "x" * 60, "a-", "0/1_-2"])
def test_names(name: str) -> None:
    assert is_name(name)
    (mention,) = parse(f"a __{name}__ b").choices
    assert isinstance(mention, Mention) and mention.name == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "x" * 61,
        "_a",
        "a_",
        "a__b",
        "/a",
        "a/",
        "a//b",
        "A",
        "ä",
        "a b",
        "a.b",
        "../a",
        "a\\b",
        "a\n",
        "*",
        "/",
        "٣",
        "-",
        "-a",
        "a/_b",
        "a_/b",
    ],
)
def test_what_is_no_name(name: str) -> None:
    assert not is_name(name)


def test_the_name_of_a_file() -> None:
    assert [name_of(name) for name in ("Animal.TXT", "Big Cats.txt", "a/B c.txt", "no ending")] == [
        "animal",
        "big-cats",
        "a/b-c",
        "no-ending",
    ]


def test_a_folder_and_its_subfolders(folder: Path) -> None:
    write(folder, "animal.txt", "\ufeffcat\r\nfox 🦊\r\n".encode())
    write(folder, "Animals/Big Cats.txt", b"lion")
    write(folder, "empty.txt", b"")
    write(folder, "notes.md")
    write(folder, ".git/hidden.txt")
    assert read_folder(folder) == {"animal": "cat\r\nfox 🦊\r\n", "animals/big-cats": "lion", "empty": ""}


@pytest.mark.parametrize(("path", "expected", "warned"), [("no", True, 1), ("no", False, 0), ("a.txt", False, 1)])
def test_no_folder(tmp_path: Path, path: str, expected: bool, warned: int, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path, "a.txt")
    assert read_folder(tmp_path / path, expected) == {}
    assert len(caplog.records) == warned


def test_what_cannot_be_read_is_named_and_the_rest_is_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(wildcard_files, "MOST_FILE_BYTES", 20)
    write(folder, "good.txt")
    write(folder, "just.txt", b"x" * 20)
    wrong = [
        write(folder, "latin.txt", "Bär".encode("latin-1")),
        write(folder, "utf16.txt", "cat".encode("utf-16")),
        write(folder, "zero.txt", b"cat\0dog"),
        write(folder, "large.txt", b"x" * 21),
        write(folder, "Bär.txt"),
        write(folder, "two__lines.txt"),
    ]
    (folder / "folder.txt").mkdir()
    assert sorted(read_folder(folder)) == ["good", "just"]
    for path in wrong:
        assert f"{path} is left out" in caplog.text
    assert len(caplog.records) == len(wrong)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
def test_a_pipe_is_not_waited_for(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    os.mkfifo(folder / "pipe.txt")
    assert read_folder(folder) == {}
    assert "it is no file" in caplog.text


@needs_links
def test_links_lead_nowhere_else(tmp_path: Path, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    secret = write(tmp_path, "outside/secret.txt", b"secret")
    target = write(folder, "deep/animal.txt")
    (folder / "inside.txt").symlink_to(target)
    (folder / "secret.txt").symlink_to(secret)
    (folder / "outside").symlink_to(secret.parent)
    (folder / "broken.txt").symlink_to(folder / "nothing.txt")
    (folder / "around.txt").symlink_to(folder / "around.txt")
    found = read_folder(folder)
    assert sorted(found) == ["deep/animal", "inside"]
    assert "secret" not in found.values()
    assert "it leads out of the folder" in caplog.text


@needs_links
def test_the_folder_itself_may_be_a_link(tmp_path: Path, folder: Path) -> None:
    write(folder, "animal.txt")
    (tmp_path / "link").symlink_to(folder)
    assert list(read_folder(tmp_path / "link")) == ["animal"]


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names differ by more than case there")
def test_two_files_of_one_name(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(folder, "animal.txt", b"first")
    write(folder, "Animal.txt", b"second")
    assert read_folder(folder) == {"animal": "second"}
    assert "there is another animal" in caplog.text


def test_a_folder_too_full(folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(5):
        write(folder, f"{number}.txt", b"x" * 10)
    monkeypatch.setattr(wildcard_files, "MOST_FOLDER_BYTES", 35)
    assert sorted(read_folder(folder)) == ["0", "1", "2"]
    assert "4.txt is left out: it has more than the 5 bytes" in caplog.text
    monkeypatch.setattr(wildcard_files, "MOST_FILES", 2)
    assert sorted(read_folder(folder)) == ["0", "1"]
    assert "holds more than 2 lists" in caplog.text
