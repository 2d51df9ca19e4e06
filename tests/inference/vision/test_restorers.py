"""Networks that restore faces are told from others by their header, installed, loaded and run."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from inference.diffusion.failures import NonFinite
from inference.models.catalogue import Catalogue
from inference.models.detection import detect, detect_file
from inference.models.errors import ModelError
from inference.models.headers import Header, TensorInfo
from inference.vision.restorers import FaceRestorer, load_restorer
from inference.vision.upscalers import load_upscaler
from tests.inference.vision.face_networks import shapes_of_gfpgan, small_gfpgan, write_restoreformer
from tests.inference.vision.networks import write_esrgan

CPU = torch.device("cpu")


def noise() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (512, 512, 3), dtype=np.uint8)


def header(shapes: dict[str, tuple[int, ...]]) -> Header:
    return Header(tensors={key: TensorInfo("F32", shape) for key, shape in shapes.items()}, metadata={})


def test_restoreformer_is_installed_loaded_and_run(tmp_path: Path) -> None:
    path = write_restoreformer(tmp_path / "restore.safetensors")
    entry = Catalogue(tmp_path / "models").add(path)
    (_, again) = Catalogue(tmp_path / "models").models
    assert (again.kind, again.family, again.factor) == ("face_restorer", "face_restorer", 0)
    assert (again.default_width, again.default_height) == (512, 512)
    network = load_restorer(Catalogue(tmp_path / "models").path(entry), CPU)
    assert network.weight_bytes == 4 * sum(value.numel() for value in load_file(path).values())
    face = noise()
    restored = network(face)
    assert restored.shape == (512, 512, 3)
    assert restored.dtype == np.uint8
    assert np.array_equal(network(face), restored)
    assert not np.array_equal(network(255 - face), restored)


def test_gfpgan_is_recognised_by_its_shapes() -> None:
    found = detect_file("GFPGANv1.4.safetensors", header(shapes_of_gfpgan()))
    assert (found.kind, found.side, found.factor) == ("face_restorer", 512, 0)


def test_gfpgan_gives_the_same_face_each_time() -> None:
    descriptor = small_gfpgan()
    face = noise()
    restored = FaceRestorer(descriptor)(face)
    assert np.array_equal(FaceRestorer(descriptor)(face), restored)
    assert restored.std() > 1
    # What goes in and comes out is -1 to 1, which spandrel leaves to its users.
    batch = torch.from_numpy(face.transpose(2, 0, 1).copy())[None].float() / 255 * 2 - 1
    with torch.inference_mode():
        answer = descriptor.model(batch, randomize_noise=False)[0][0].clamp(-1, 1).numpy()
    assert np.abs((answer.transpose(1, 2, 0) + 1) / 2 * 255 - restored).max() < 0.51


def test_codeformer_is_asked_for_by_name() -> None:
    shapes: dict[str, tuple[int, ...]] = {"position_emb": (256, 512), "quantize.embedding.weight": (1024, 256)}
    with pytest.raises(
        ModelError, match=r"c\.pth looks like CodeFormer, .*pip install --no-deps spandrel_extra_arches"
    ):
        detect_file("c.pth", header(shapes))


def test_each_kind_is_loaded_as_what_it_is(tmp_path: Path) -> None:
    faces = write_restoreformer(tmp_path / "faces.safetensors")
    larger = write_esrgan(tmp_path / "larger.safetensors")
    with pytest.raises(ModelError, match="holds no network that makes pictures larger"):
        load_upscaler(faces, CPU, torch.float32)
    with pytest.raises(ModelError, match="holds no network that restores faces"):
        load_restorer(larger, CPU)


def test_numbers_that_are_none_are_told(tmp_path: Path) -> None:
    path = write_restoreformer(tmp_path / "faces.safetensors")
    state = load_file(path)
    state["decoder.conv_out.bias"][:] = torch.nan
    save_file(state, tmp_path / "broken.safetensors")
    with pytest.raises(NonFinite):
        load_restorer(tmp_path / "broken.safetensors", CPU)(noise())


def test_without_spandrel_people_are_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_restoreformer(tmp_path / "faces.safetensors")
    monkeypatch.setitem(sys.modules, "spandrel", None)
    with pytest.raises(ModelError, match=r"looks like a face restorer.*pip install .* '\.\[upscale\]'"):
        detect(path)
    with pytest.raises(ModelError, match="looks like a face restorer"):
        detect_file("g.safetensors", header(shapes_of_gfpgan()))


def test_a_catalogue_from_before_face_restorers_is_read(tmp_path: Path) -> None:
    entry = {
        "hash": "a" * 64, "name": "sharp", "kind": "upscaler", "layout": "single_file", "family": "upscaler",
        "prediction": "epsilon", "inpainting": False, "side": 0, "bytes": 9, "source": "x", "linked": None, "factor": 4,
    }  # fmt: skip
    (tmp_path / "catalogue.json").write_text(json.dumps({"version": 1, "entries": [entry]}))
    (_, info) = Catalogue(tmp_path).models
    assert (info.name, info.kind, info.factor) == ("sharp", "upscaler", 4)
