"""What a file or folder is, from its header alone; and what it is when it is no model."""

import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from benchmarks.tiny_models import KINDS, Kind
from inference.models.detection import detect
from inference.models.errors import ModelError
from inference.models.headers import MAX_HEADER_BYTES, read_header

FAMILIES = {"sd1": "sd1", "sd1_inpaint": "sd1", "sd1_instruct": "sd1", "sd2": "sd2", "sd2_v": "sd2", "sdxl": "sdxl"}


@pytest.mark.parametrize("kind", KINDS)
def test_folders_are_known(kind: Kind, tiny_folder: Callable[[Kind], Path]) -> None:
    found = detect(tiny_folder(kind))
    assert (found.kind, found.layout, found.family) == ("checkpoint", "folder", FAMILIES[kind])
    assert (found.inpainting, found.instructs) == (kind == "sd1_inpaint", kind == "sd1_instruct")
    assert found.prediction == ("v_prediction" if kind == "sd2_v" else "epsilon")
    assert found.side == 64


@pytest.mark.parametrize("kind", KINDS)
def test_single_files_are_known(kind: Kind, tiny_file: Callable[[Kind], Path]) -> None:
    found = detect(tiny_file(kind))
    assert (found.kind, found.layout, found.family) == ("checkpoint", "single_file", FAMILIES[kind])
    assert (found.inpainting, found.instructs) == (kind == "sd1_inpaint", kind == "sd1_instruct")
    assert found.prediction == ("v_prediction" if FAMILIES[kind] == "sd2" else "epsilon")


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"modelspec.prediction_type": "epsilon"}, "epsilon"),
        ({"modelspec.prediction_type": "v"}, "v_prediction"),
        ({}, None),
    ],
)
def test_the_prediction_is_read_from_metadata(
    metadata: dict[str, str], expected: str | None, tiny_file: Callable[[Kind], Path], tmp_path: Path
) -> None:
    for kind in ("sd1", "sd2"):
        copy = tmp_path / f"{kind}.safetensors"
        save_file(load_file(tiny_file(kind)), copy, metadata=metadata)
        assert detect(copy).prediction == (expected or {"sd1": "epsilon", "sd2": "v_prediction"}[kind])


@pytest.mark.parametrize("channels", [5, 12])
def test_networks_with_other_inputs_are_refused(
    channels: int, tiny_file: Callable[[Kind], Path], tiny_folder: Callable[[Kind], Path], tmp_path: Path
) -> None:
    state = load_file(tiny_file("sd1"))
    first = state["model.diffusion_model.input_blocks.0.0.weight"]
    state["model.diffusion_model.input_blocks.0.0.weight"] = first[:, :1].repeat(1, channels, 1, 1)
    save_file(state, tmp_path / "odd.safetensors")
    folder = shutil.copytree(tiny_folder("sd1"), tmp_path / "odd")
    config = json.loads((folder / "unet" / "config.json").read_text())
    (folder / "unet" / "config.json").write_text(json.dumps(config | {"in_channels": channels}))
    for path in (tmp_path / "odd.safetensors", folder):
        with pytest.raises(ModelError, match=f"{channels}.*not supported|not supported.*{channels}"):
            detect(path)


def test_sdxl_may_follow_instructions_but_not_cosxl(tiny_file: Callable[[Kind], Path], tmp_path: Path) -> None:
    found = detect(tiny_file("sdxl_instruct"))
    assert (found.family, found.instructs, found.inpainting) == ("sdxl", True, False)
    other = tmp_path / "cos.safetensors"
    save_file({**load_file(tiny_file("sdxl")), "edm_vpred.sigma_max": torch.tensor(120.0)}, other)
    with pytest.raises(ModelError, match="CosXL"):
        detect(other)


def test_a_marker_key_says_v(tiny_file: Callable[[Kind], Path], tmp_path: Path) -> None:
    marked = tmp_path / "marked.safetensors"
    save_file({**load_file(tiny_file("sd1")), "v_pred": torch.tensor([])}, marked)
    assert detect(marked).prediction == "v_prediction"


def tensors(*names: str) -> dict[str, torch.Tensor]:
    return {name: torch.zeros(2, 2) for name in names}


UNET = "model.diffusion_model."


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["lora_unet_down_blocks_0.lora_down.weight"], "LoRA"),
        (["unet.up_blocks.0.attentions.0.lora_A.weight"], "LoRA"),
        ([f"{UNET}joint_blocks.0.x.weight"], "Stable Diffusion 3"),
        ([f"{UNET}double_blocks.0.weight"], "FLUX"),
        (["double_blocks.0.weight"], "FLUX"),
        (["control_model.input_blocks.0.weight"], "ControlNet"),
        (["emb_params"], "embedding"),
        (["conditioner.embedders.0.model.ln_final.weight", f"{UNET}x"], "refiner"),
        (["down_blocks.0.weight", "conv_in.weight"], "diffusers layout"),
        (["something.else"], "no network that this program knows"),
        ([f"{UNET}input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"], "no family"),
    ],
)
def test_other_kinds_are_refused_by_name(names: list[str], words: str, tmp_path: Path) -> None:
    file = tmp_path / "other.safetensors"
    save_file(tensors(*names), file)
    with pytest.raises(ModelError, match=words):
        detect(file)


def test_a_vae_alone_is_known(tiny_file: Callable[[Kind], Path], tmp_path: Path) -> None:
    vae = {name: value for name, value in load_file(tiny_file("sd1")).items() if name.startswith("first_stage_model.")}
    for prefix in ("first_stage_model.", ""):
        file = tmp_path / "vae.safetensors"
        save_file({name.replace("first_stage_model.", prefix): value for name, value in vae.items()}, file)
        assert detect(file).kind == "vae"


def test_a_network_without_text_encoder_is_refused(tiny_file: Callable[[Kind], Path], tmp_path: Path) -> None:
    file = tmp_path / "unet.safetensors"
    state = {
        f"{UNET}x.attn2.to_k.weight": torch.zeros(8, 768),
        f"{UNET}input_blocks.0.0.weight": torch.zeros(8, 4, 3, 3),
    }
    save_file(state, file)
    with pytest.raises(ModelError, match="without its text encoder"):
        detect(file)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"short", "no safetensors file"),
        (b"PK\x03\x04" + b"x" * 100, "is a pickle"),
        (b"\x80\x02}q\x00." + b"x" * 100, "is a pickle"),
        (b"<!DOCTYPE html><html>" + b"x" * 100, "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "Git LFS pointer"),
        (b"GGUF" + b"\x00" * 100, "GGUF"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 100, "is a picture"),
        (struct.pack("<Q", MAX_HEADER_BYTES + 1) + b"{" + b"x" * 100, "has a header of"),
        (struct.pack("<Q", 10_000) + b"{}" + b"x" * 100, "cut short"),
        (struct.pack("<Q", 10) + b"{notjson!!" + b"x" * 10, "damaged"),
        (struct.pack("<Q", 10) + b'{"a": 123}', "damaged"),
    ],
)
def test_what_is_no_model_is_named(data: bytes, words: str, tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(data)
    with pytest.raises(ModelError, match=words):
        detect(file)


def test_a_truncated_file_is_refused_at_any_place(tiny_file: Callable[[Kind], Path], tmp_path: Path) -> None:
    whole = tiny_file("sd1").read_bytes()
    for length in (4, 100, 5_000, len(whole) // 2, len(whole) - 1):
        file = tmp_path / "cut.safetensors"
        file.write_bytes(whole[:length])
        with pytest.raises(ModelError):
            detect(file)


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 15]},
        {"dtype": "F32", "shape": [-2, 2], "data_offsets": [0, 16]},
        {"dtype": "F32", "shape": [2, 2], "data_offsets": [16, 0]},
        {"dtype": "F32", "shape": [2**47, 2**47], "data_offsets": [0, 16]},
        {"dtype": "PICKLE", "shape": [2], "data_offsets": [0, 16]},
        {"dtype": "F32", "shape": "no", "data_offsets": [0, 16]},
        [],
    ],
)
def test_entries_that_lie_are_refused(entry: Any, tmp_path: Path) -> None:
    body = json.dumps({"a": entry}).encode()
    file = tmp_path / "lies.safetensors"
    file.write_bytes(struct.pack("<Q", len(body)) + body + b"\0" * 16)
    with pytest.raises(ModelError):
        read_header(file)


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "any.safetensors"
        file.write_bytes(data)
        with pytest.raises(ModelError):
            detect(file)


def test_a_folder_that_is_no_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no unet/config\.json"):
        detect(tmp_path)
    (tmp_path / "transformer").mkdir()
    with pytest.raises(ModelError, match="transformer model"):
        detect(tmp_path)


def test_a_folder_without_weights_is_refused(tiny_folder: Callable[[Kind], Path], tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(tiny_folder("sd1"), copy)
    (copy / "vae" / "diffusion_pytorch_model.safetensors").rename(copy / "vae" / "diffusion_pytorch_model.bin")
    with pytest.raises(ModelError, match="lacks safetensors weights in vae"):
        detect(copy)
