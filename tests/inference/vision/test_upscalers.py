"""Real key layouts are recognised from the header and loaded; what cannot be used is refused in words."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from inference.models.detection import detect
from inference.models.errors import ModelError
from inference.vision.upscalers import load_upscaler
from tests.inference.vision.networks import esrgan_state, old_layout, write_esrgan

CPU = torch.device("cpu")


@pytest.mark.parametrize("factor", [2, 4])
def test_real_esrgan_is_recognised_and_loaded(factor: int, tmp_path: Path) -> None:
    path = write_esrgan(tmp_path / "a.safetensors", factor)
    assert (detect(path).kind, detect(path).factor) == ("upscaler", factor)
    network = load_upscaler(path, CPU, torch.float32)
    assert network.factor == factor
    # Its own parameters are all there is in memory.
    assert network.weight_bytes == 4 * sum(value.numel() for value in esrgan_state(factor).values())
    pixels = np.random.default_rng(0).integers(0, 256, (20, 33, 3), dtype=np.uint8)
    larger = network(pixels)
    assert larger.shape == (20 * factor, 33 * factor, 3)
    assert 0 <= larger.min() < larger.max() <= 1


def test_the_first_layout_gives_the_same_picture(tmp_path: Path) -> None:
    save_file(old_layout(esrgan_state()), tmp_path / "old.safetensors")
    assert detect(tmp_path / "old.safetensors").factor == 4
    old = load_upscaler(tmp_path / "old.safetensors", CPU, torch.float32)
    new = load_upscaler(write_esrgan(tmp_path / "new.safetensors"), CPU, torch.float32)
    pixels = np.random.default_rng(0).integers(0, 256, (24, 24, 3), dtype=np.uint8)
    assert np.array_equal(old(pixels), new(pixels))


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (3, 2), (17, 15)])
def test_the_smallest_pictures_work(size: tuple[int, int], tmp_path: Path) -> None:
    network = load_upscaler(write_esrgan(tmp_path / "a.safetensors", 2), CPU, torch.float32)
    assert network(np.full((*size, 3), 90, np.uint8)).shape == (size[0] * 2, size[1] * 2, 3)


def test_half_precision_stays_near_the_full(tmp_path: Path) -> None:
    path = write_esrgan(tmp_path / "a.safetensors")
    full, half = (load_upscaler(path, CPU, dtype) for dtype in (torch.float32, torch.float16))
    assert half.weight_bytes * 2 == full.weight_bytes
    pixels = np.random.default_rng(0).integers(0, 256, (24, 24, 3), dtype=np.uint8)
    assert np.abs(full(pixels) - half(pixels)).max() < 0.02


def test_a_network_for_grey_pictures_is_refused(tmp_path: Path) -> None:
    path = write_esrgan(tmp_path / "grey.safetensors", channels=1)
    with pytest.raises(ModelError, match=r"grey\.safetensors is a ESRGAN network for 1 channels"):
        detect(path)


def test_weights_that_do_not_fit_together_are_refused(tmp_path: Path) -> None:
    state = esrgan_state()
    state["conv_up1.weight"] = torch.zeros(3, 3, 3, 3)
    save_file(state, tmp_path / "odd.safetensors")
    with pytest.raises(ModelError, match="no network that this program knows"):
        detect(tmp_path / "odd.safetensors")
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_upscaler(tmp_path / "odd.safetensors", CPU, torch.float32)


def test_without_spandrel_people_are_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_esrgan(tmp_path / "a.safetensors")
    monkeypatch.setitem(sys.modules, "spandrel", None)
    with pytest.raises(ModelError, match=r"looks like an upscaler.*pip install -c constraints.txt -e '\.\[upscale\]'"):
        detect(path)
    with pytest.raises(ModelError, match=r"Run pip install -c constraints.txt -e '\.\[upscale\]'"):
        load_upscaler(path, CPU, torch.float32)
    save_file({"anything": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(ModelError, match="no network that this program knows"):
        detect(tmp_path / "other.safetensors")
