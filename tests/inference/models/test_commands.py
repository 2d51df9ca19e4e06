"""`easel models`: from files, addresses and a hub, all on this machine."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from benchmarks.tiny_models import Kind
from inference.models.__main__ import main
from inference.models.catalogue import Catalogue
from inference.models.fetching import is_address, is_hub_id
from inference.models.tokenizers import HUB_ID, find_vocabulary
from inference.sample import MODEL_FOLDER
from tests.hub import serving
from tests.inference.vision.face_networks import write_restoreformer
from tests.inference.vision.networks import esrgan_state, write_esrgan


@pytest.fixture
def server(tmp_path: Path, tiny_file: Callable[[Kind], Path], tiny_folder: Callable[[Kind], Path]) -> Iterator[str]:
    """A web server and a hub in one: files, a page, a cut-off file, and repositories."""
    files = {
        "/model.safetensors": tiny_file("sd1").read_bytes(),
        "/page.safetensors": b"<!doctype html><title>Log in</title>",
    }
    folder = tiny_folder("sd1")
    repositories = {
        "someone/folder": {
            path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
        },
        "someone/single": {"one.safetensors": files["/model.safetensors"], "README.md": b"hello"},
        "someone/several": {"one.safetensors": b"x", "two.safetensors": b"y"},
        HUB_ID: {name: (MODEL_FOLDER / "tokenizer" / name).read_bytes() for name in ("vocab.json", "merges.txt")},
    }

    with serving(files, repositories) as address:
        yield address


@pytest.fixture
def hub(server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The server, as the hub that huggingface_hub speaks to."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", server)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", server + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    return server


def run(folder: Path, *words: str) -> int:
    return main(["--folder", str(folder), *words])


def test_add_list_info_and_remove(
    tiny_folder: Callable[[Kind], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "add", str(tiny_folder("sdxl")), "--name", "big") == 0
    assert "installed as big: sdxl checkpoint" in capsys.readouterr().out
    assert run(tmp_path, "add", str(tiny_folder("sdxl"))) == 0
    assert "installed already as big" in capsys.readouterr().out
    assert run(tmp_path, "list") == 0
    listed = capsys.readouterr().out
    assert "sample" in listed
    assert "big" in listed
    assert run(tmp_path, "list", "--json") == 0
    assert [entry["name"] for entry in json.loads(capsys.readouterr().out)] == ["sample", "big"]
    assert run(tmp_path, "info", "big", "--json") == 0
    assert json.loads(capsys.readouterr().out)["family"] == "sdxl"
    assert run(tmp_path, "remove", "big") == 0
    assert "is removed" in capsys.readouterr().out
    assert run(tmp_path, "info", "big") == 1
    assert "no model named 'big'" in capsys.readouterr().err


def test_a_face_restorer_is_added_from_a_pickle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = load_file(write_restoreformer(tmp_path / "a.safetensors"))
    torch.save({"params_ema": state}, tmp_path / "Restore.pth")
    assert run(tmp_path, "add", str(tmp_path / "Restore.pth")) == 0
    assert "installed as Restore: face restorer, 512x512 pixels, " in capsys.readouterr().out
    assert run(tmp_path, "list") == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "Restore" in line]
    assert line.split()[1:3] == ["face", "restorer"] and "512x512" in line


def test_an_upscaler_is_added_from_safetensors_and_from_a_pickle(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "add", str(write_esrgan(tmp_path / "sharp.safetensors", 2))) == 0
    assert "installed as sharp: upscaler, 2 times as large, " in capsys.readouterr().out
    torch.save({"params_ema": esrgan_state(4), "params": esrgan_state(4, seed=1)}, tmp_path / "RealESRGAN.pth")
    assert run(tmp_path, "add", str(tmp_path / "RealESRGAN.pth")) == 0
    assert "upscaler, 4 times as large" in capsys.readouterr().out
    assert run(tmp_path, "list") == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "sharp" in line]
    assert line.split()[1] == "upscaler"
    assert "x2" in line.split()
    catalogue = Catalogue(tmp_path)
    info = catalogue.find("sharp").info()
    assert (info.kind, info.family, info.factor) == ("upscaler", "upscaler", 2)
    averaged = load_file(catalogue.path(catalogue.find("RealESRGAN")))
    assert torch.equal(averaged["conv_first.weight"], esrgan_state(4)["conv_first.weight"])
    assert run(tmp_path, "remove", "sharp") == 0


def test_a_model_that_follows_instructions_is_listed_as_such(
    tiny_file: Callable[[Kind], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "add", str(tiny_file("sd1_instruct")), "--name", "teller") == 0
    assert "sd1 instruct-pix2pix checkpoint" in capsys.readouterr().out
    assert run(tmp_path, "list") == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "teller" in line]
    assert line.split()[:3] == ["teller", "instruct", "sd1"]
    assert run(tmp_path, "info", "teller") == 0
    assert "instructs:   True" in capsys.readouterr().out


def test_a_prediction_can_be_said(tiny_file: Callable[[Kind], Path], tmp_path: Path) -> None:
    assert run(tmp_path, "add", str(tiny_file("sd2")), "--name", "base", "--prediction", "epsilon") == 0
    assert Catalogue(tmp_path).find("base").prediction == "epsilon"
    assert Catalogue(tmp_path).find("base").side == 512


def test_what_does_not_exist_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "add", str(tmp_path / "nowhere.safetensors")) == 1
    assert "There is no file or folder" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["model", "moved"])
def test_a_file_at_an_address(name: str, server: str, tmp_path: Path) -> None:
    assert run(tmp_path, "add", f"{server}/{name}.safetensors?token=1") == 0
    entry = Catalogue(tmp_path).find(name)
    assert entry.family == "sd1"
    assert entry.source.startswith(server)
    assert list((tmp_path / "incoming").glob("*")) == []


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/nothing.safetensors", "answered 404"),
        ("/login.safetensors", "needs a login"),
        ("/page.safetensors", "is a web page"),
        ("/cut.safetensors", "broke off|could not be downloaded"),
    ],
)
def test_a_download_that_fails_leaves_nothing(
    path: str, words: str, server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import re

    assert run(tmp_path, "add", server + path) == 1
    assert re.search(words, capsys.readouterr().err)
    assert list((tmp_path / "incoming").glob("*")) == []
    assert len(Catalogue(tmp_path).entries) == 1


@pytest.mark.parametrize(("repository", "layout"), [("someone/folder", "folder"), ("someone/single", "single_file")])
def test_a_repository_of_the_hub(repository: str, layout: str, hub: str, tmp_path: Path) -> None:
    assert run(tmp_path, "add", repository) == 0
    entry = Catalogue(tmp_path).find(repository.partition("/")[2])
    assert entry.layout == layout
    assert entry.source == repository
    assert list((tmp_path / "incoming").glob("*")) == []


@pytest.mark.parametrize(
    ("repository", "words"),
    [("someone/several", "several checkpoints"), ("someone/nothing", "no repository|does not exist")],
)
def test_a_repository_that_is_no_model(
    repository: str, words: str, hub: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import re

    assert run(tmp_path, "add", repository) == 1
    assert re.search(words, capsys.readouterr().err)
    assert len(Catalogue(tmp_path).entries) == 1


def test_the_vocabulary_is_fetched(hub: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    assert find_vocabulary(tmp_path) is None
    assert run(tmp_path, "fetch-tokenizer") == 0
    assert find_vocabulary(tmp_path) == tmp_path / "tokenizers" / "clip"


def test_sources_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert is_address("https://example.org/x.safetensors")
    assert is_hub_id("owner/name")
    assert not is_hub_id("/owner/name")
    assert not is_hub_id("../name")
    assert not is_address("owner/name")
    (tmp_path / "owner" / "name").mkdir(parents=True)
    assert not is_hub_id("owner/name")
