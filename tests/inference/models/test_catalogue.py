"""Installing and removing: whole or not at all."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.tiny_models import Kind
from inference.models.catalogue import Catalogue
from inference.models.errors import ModelError


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "incoming").glob("*")) if (folder / "incoming").exists() else []


def test_the_sample_model_is_always_there_and_first(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path / "none")
    assert [entry.name for entry in catalogue.entries] == ["sample"]
    assert catalogue.models[0].default_width == 128
    assert (catalogue.models[0].family, catalogue.models[0].adapter_family) == ("sd1", "sample")
    assert (catalogue.path(catalogue.find("Sample")) / "model_index.json").exists()
    with pytest.raises(ModelError, match="cannot be removed"):
        catalogue.remove("sample")


@pytest.mark.parametrize("layout", ["folder", "file"])
def test_what_is_added_stays_and_can_be_removed(
    layout: str, tiny_folder: Callable[[Kind], Path], tiny_file: Callable[[Kind], Path], tmp_path: Path
) -> None:
    source = tiny_folder("sd1") if layout == "folder" else tiny_file("sd1")
    seen: list[tuple[int, int]] = []
    entry = Catalogue(tmp_path).add(source, name="My model", on_progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (entry.bytes, entry.bytes)
    again = Catalogue(tmp_path)
    assert again.find("my MODEL") == again.find(entry.hash[:8]) == entry
    assert again.path(entry).exists()
    assert entry.hash in again.path(entry).name
    assert leftovers(tmp_path) == []
    again.remove("My model")
    assert not again.path(entry).exists()
    assert [left.name for left in Catalogue(tmp_path).entries] == ["sample"]


def test_the_same_content_is_installed_once(tiny_file: Callable[[Kind], Path], tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path)
    first = catalogue.add(tiny_file("sd1"), name="first")
    assert catalogue.add(tiny_file("sd1"), name="second") == first
    assert len(catalogue.entries) == 2
    assert leftovers(tmp_path) == []


def test_names_are_made_free_or_refused(
    tiny_file: Callable[[Kind], Path], tiny_folder: Callable[[Kind], Path], tmp_path: Path
) -> None:
    catalogue = Catalogue(tmp_path)
    catalogue.add(tiny_file("sd1"), suggested_name="../../evil name")
    catalogue.add(tiny_folder("sd1"), suggested_name="../../evil name")
    assert [entry.name for entry in catalogue.entries] == ["sample", "evil-name", "evil-name-2"]
    with pytest.raises(ModelError, match="already"):
        catalogue.add(tiny_file("sd2"), name="EVIL-NAME")
    for bad in ("", "../x", "a/b", "x" * 65, "naïve", "-x"):
        with pytest.raises(ModelError, match="is no name"):
            catalogue.add(tiny_file("sd2"), name=bad)
    assert all(path.parent == tmp_path / "files" for path in (tmp_path / "files").iterdir())


def test_a_link_leaves_the_weights_where_they_are(tiny_file: Callable[[Kind], Path], tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path)
    entry = catalogue.add(tiny_file("sd1"), link=True)
    assert catalogue.path(entry) == tiny_file("sd1").resolve()
    assert not (tmp_path / "files").exists()
    catalogue.remove(entry.name)
    assert tiny_file("sd1").exists()


def test_unknown_names_get_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="Did you mean sample"):
        Catalogue(tmp_path).find("smaple")


def test_a_full_disk_leaves_nothing(
    tiny_file: Callable[[Kind], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue = Catalogue(tmp_path)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ModelError, match=r"No space left on device.*nothing was installed"):
        catalogue.add(tiny_file("sd1"))
    monkeypatch.undo()
    assert leftovers(tmp_path) == []
    assert [entry.name for entry in Catalogue(tmp_path).entries] == ["sample"]


def test_an_interruption_leaves_nothing_listed(tiny_file: Callable[[Kind], Path], tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    catalogue = Catalogue(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        catalogue.add(tiny_file("sd1"), on_progress=interrupt)
    assert leftovers(tmp_path) == []
    (tmp_path / "incoming").mkdir(exist_ok=True)
    (tmp_path / "incoming" / "left-by-a-kill").touch()
    catalogue.sweep()
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is damaged"),
        ('{"version": 1}', "is damaged"),
        ('{"version": 2, "entries": []}', "newer Easel"),
        ("[]", "damaged"),
    ],
)
def test_a_damaged_list_is_named_and_kept(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "catalogue.json").write_text(text)
    with pytest.raises(ModelError, match=words):
        Catalogue(tmp_path)
    assert (tmp_path / "catalogue.json").read_text() == text


def test_the_list_is_plain_json(tiny_file: Callable[[Kind], Path], tmp_path: Path) -> None:
    entry = Catalogue(tmp_path).add(tiny_file("sd1"), name="plain")
    document = json.loads((tmp_path / "catalogue.json").read_text())
    assert document["version"] == 1
    assert document["entries"][0]["hash"] == entry.hash


def test_a_model_that_follows_instructions_says_so(tiny_file: Callable[[Kind], Path], tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path)
    assert catalogue.add(tiny_file("sd1_instruct"), name="teller").info().instructs
    assert not catalogue.add(tiny_file("sd1"), name="plain").info().instructs
    # A list that an older version wrote does not have the field.
    path = tmp_path / "catalogue.json"
    document = json.loads(path.read_text())
    assert [entry.pop("instructs") for entry in document["entries"]] == [True, False]
    path.write_text(json.dumps(document))
    assert [entry.info().instructs for entry in Catalogue(tmp_path).entries] == [False, False, False]
