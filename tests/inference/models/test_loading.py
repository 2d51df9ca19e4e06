"""Folders and single files of the same weights load into the same model, which is diffusers' own."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from benchmarks.tiny_models import KINDS, Kind, make_pipeline
from inference.families.base import DiffusionModel
from inference.models.errors import ModelError
from inference.models.loading import load_model

TEXTS = ["a red circle, on a blue background", ""]


def load(path: Path, root: Path, **options: object) -> DiffusionModel:
    return load_model(path, models_folder=root, device=torch.device("cpu"), dtype=torch.float32, **options)  # type: ignore[arg-type]


def outputs(model: DiffusionModel) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(2, 4, 8, 8, generator=generator)
    channels = 5 if model.inpainting else 4
    special = model.inpainting or model.instructs
    concat = torch.randn(2, channels, 8, 8, generator=generator) if special else None
    rows = model.condition(TEXTS, width=64, height=64, clip_skip=1)
    sigmas = torch.tensor([3.0, 0.7], dtype=torch.float64)
    pixels = model.decode(x)
    return [model.denoise(x, sigmas, rows, concat), pixels, model.encode(pixels.clamp(-1, 1))]


@pytest.mark.parametrize("kind", KINDS)
def test_both_layouts_give_the_same_model(
    kind: Kind, tiny_root: Path, tiny_folder: Callable[[Kind], Path], tiny_file: Callable[[Kind], Path]
) -> None:
    folder = load(tiny_folder(kind), tiny_root)
    single = load(tiny_file(kind), tiny_root, prediction=folder.prediction)
    assert single.family == folder.family
    assert single.weight_bytes == folder.weight_bytes
    for one, other in zip(outputs(single), outputs(folder), strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_the_networks_are_those_of_diffusers(kind: Kind, tiny_root: Path, tiny_folder: Callable[[Kind], Path]) -> None:
    model, pipeline = load(tiny_folder(kind), tiny_root), make_pipeline(kind)
    x = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(3))
    with torch.inference_mode():
        expected = pipeline.vae.decode(x / pipeline.vae.config.scaling_factor).sample
    torch.testing.assert_close(model.decode(x), expected, atol=1e-5, rtol=0)
    state, ours = pipeline.unet.state_dict(), model.unet.state_dict()  # type: ignore[attr-defined]
    assert state.keys() == ours.keys()
    assert all(torch.equal(state[name], ours[name]) for name in state)


def test_half_precision_is_kept(tiny_root: Path, tiny_file: Callable[[Kind], Path]) -> None:
    model = load_model(
        tiny_file("sd1"), models_folder=tiny_root, device=torch.device("cpu"), dtype=torch.bfloat16, prediction=None
    )
    assert model.dtype == torch.bfloat16
    assert model.condition(TEXTS, width=64, height=64, clip_skip=1)[0].context.dtype == torch.bfloat16
    assert outputs(model)[0].dtype == torch.float32


def test_without_the_vocabulary_the_command_is_named(
    tiny_file: Callable[[Kind], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    with pytest.raises(ModelError, match="easel models fetch-tokenizer"):
        load(tiny_file("sd1"), tmp_path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda state: state.pop("model.diffusion_model.out.2.bias"), "missing conv_out.bias"),
        (lambda state: state.pop("first_stage_model.decoder.conv_out.bias"), "missing decoder.conv_out.bias"),
        (lambda state: state.update({"strange.key": torch.zeros(1)}), "strange.key"),
        (lambda state: state.update({"model.diffusion_model.out.2.bias": torch.zeros(9)}), "of another shape"),
    ],
)
def test_a_partly_matching_file_is_refused(
    change: Callable[[dict[str, torch.Tensor]], object], words: str,
    tiny_root: Path, tiny_file: Callable[[Kind], Path], tmp_path: Path,
) -> None:  # fmt: skip
    state = load_file(tiny_file("sd1"))
    change(state)
    file = tmp_path / "changed.safetensors"
    save_file(state, file)
    with pytest.raises(ModelError, match=words):
        load(file, tiny_root)


def test_harmless_extras_are_passed_over(tiny_root: Path, tiny_file: Callable[[Kind], Path], tmp_path: Path) -> None:
    state = load_file(tiny_file("sd1"))
    prefix = "cond_stage_model.transformer.text_model.embeddings.position_ids"
    extras = {prefix: torch.arange(77)[None], "alphas_cumprod": torch.ones(3), "model_ema.decay": torch.ones(1)}
    file = tmp_path / "extras.safetensors"
    save_file({**state, **extras}, file)
    for one, other in zip(outputs(load(file, tiny_root)), outputs(load(tiny_file("sd1"), tiny_root)), strict=True):
        assert torch.equal(one, other)


def test_a_separate_vae_takes_the_place_of_the_models_own(
    tiny_root: Path, tiny_folder: Callable[[Kind], Path], tiny_file: Callable[[Kind], Path], tmp_path: Path
) -> None:
    other = load(tiny_folder("sd1_inpaint"), tiny_root)
    state = load_file(tiny_file("sd1_inpaint"))
    file = tmp_path / "vae.safetensors"
    save_file({k.removeprefix("first_stage_model."): v for k, v in state.items() if k.startswith("first_stage")}, file)
    x = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(3))
    for vae in (file, tiny_folder("sd1_inpaint")):
        model = load(tiny_folder("sd1"), tiny_root, vae=vae)
        torch.testing.assert_close(model.decode(x), other.decode(x), atol=1e-6, rtol=0)
    assert not torch.allclose(load(tiny_folder("sd1"), tiny_root).decode(x), other.decode(x), atol=1e-3)


def test_a_vae_is_no_checkpoint(tiny_root: Path, tiny_file: Callable[[Kind], Path], tmp_path: Path) -> None:
    file = tmp_path / "vae.safetensors"
    save_file({k: v for k, v in load_file(tiny_file("sd1")).items() if k.startswith("first_stage")}, file)
    with pytest.raises(ModelError, match="is a VAE"):
        load(file, tiny_root)


def test_xformers_that_is_missing_names_its_extra(tiny_root: Path, tiny_folder: Callable[[Kind], Path]) -> None:
    with pytest.raises(ModelError, match=r"pip install .* '\.\[xformers\]'"):
        load(tiny_folder("sd1"), tiny_root, attention="xformers")


def test_a_damaged_configuration_is_named(tiny_root: Path, tiny_folder: Callable[[Kind], Path], tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(tiny_folder("sd1"), copy)
    (copy / "scheduler" / "scheduler_config.json").write_text("{not json")
    with pytest.raises(ModelError, match="scheduler_config"):
        load(copy, tiny_root)
