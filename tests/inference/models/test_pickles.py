"""Pickles: read without running anything in them, or refused."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from benchmarks.tiny_models import Kind
from inference.models.__main__ import main
from inference.models.catalogue import Catalogue
from inference.models.errors import ModelError
from inference.models.pickles import convert


class Evil:
    """Runs a command when it is unpickled by Python's own unpickler."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {self._mark}",)


def test_a_plain_pickle_is_converted(tiny_file: Callable[[Kind], Path], tmp_path: Path) -> None:
    state = load_file(tiny_file("sd1"))
    source, target = tmp_path / "model.ckpt", tmp_path / "model.safetensors"
    torch.save({"state_dict": state, "epoch": 3}, source)
    convert(source, target)
    converted = load_file(target)
    assert converted.keys() == state.keys()
    assert all(torch.equal(converted[name], state[name]) for name in state)


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_pickle_that_runs_something_is_refused_unrun(wrapped: bool, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    source, target = tmp_path / "evil.ckpt", tmp_path / "evil.safetensors"
    if wrapped:
        torch.save({"state_dict": {"a": torch.zeros(1)}, "x": Evil(mark)}, source)
    else:
        source.write_bytes(pickle.dumps(Evil(mark)))
    with pytest.raises(ModelError, match=r"wants to run posix.system|no plain pickle of tensors"):
        convert(source, target)
    assert not mark.exists()
    assert not target.exists()
    pickle.loads(pickle.dumps(Evil(mark)))
    assert mark.exists()


@pytest.mark.parametrize(
    ("data", "words"), [(b"", "damaged|no plain pickle"), (b"not a pickle at all", "damaged|no plain pickle")]
)
def test_damaged_pickles_are_refused(data: bytes, words: str, tmp_path: Path) -> None:
    source = tmp_path / "broken.ckpt"
    source.write_bytes(data)
    with pytest.raises(ModelError, match=words):
        convert(source, tmp_path / "out.safetensors")


def test_a_pickle_without_tensors_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "empty.pt"
    torch.save({"epoch": 3}, source)
    with pytest.raises(ModelError, match="no named tensors"):
        convert(source, tmp_path / "out.safetensors")


def test_a_slow_one_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "slow.ckpt"
    torch.save({"a": torch.zeros(1)}, source)
    with pytest.raises(ModelError, match="took longer"):
        convert(source, tmp_path / "out.safetensors", timeout_seconds=0.01)


def test_the_command_installs_a_pickle(tiny_file: Callable[[Kind], Path], tmp_path: Path) -> None:
    source = tmp_path / "old.ckpt"
    torch.save(load_file(tiny_file("sd1")), source)
    assert main(["--folder", str(tmp_path / "models"), "add", str(source)]) == 0
    entry = Catalogue(tmp_path / "models").find("old")
    assert Catalogue(tmp_path / "models").path(entry).suffix == ".safetensors"
