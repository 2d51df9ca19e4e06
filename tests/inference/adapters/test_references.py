"""Files that the trainers' own libraries write, LyCORIS and PEFT, do here what they do there."""

import copy
from pathlib import Path
from typing import Any

import diffusers
import peft
import pytest
import torch
from lycoris.modules.locon import LoConModule
from lycoris.modules.loha import LohaModule
from lycoris.modules.lokr import LokrModule
from peft.utils import get_peft_model_state_dict
from safetensors.torch import save_file
from torch import Tensor, nn

from inference.adapters.deltas import named_modules, shapes_of
from inference.adapters.reading import read_adapter
from tests.inference.adapters.corpus import networks

_MODULES: dict[str, Any] = {
    "linear": lambda: nn.Linear(24, 32),
    "conv": lambda: nn.Conv2d(24, 32, 3, stride=2, padding=1),
    "pointwise": lambda: nn.Conv2d(24, 32, 1),
}
_DORA = {"weight_decompose": True}
_LYCORIS: dict[str, tuple[Any, dict[str, Any]]] = {
    "LoRA": (LoConModule, {}),
    "LoRA, rank-stabilised": (LoConModule, {"rs_lora": True}),
    "LoRA with a core": (LoConModule, {"use_tucker": True}),
    "DoRA": (LoConModule, _DORA),
    "DoRA over inputs": (LoConModule, _DORA | {"wd_on_out": False}),
    "LoHa": (LohaModule, {}),
    "LoHa with a core": (LohaModule, {"use_tucker": True}),
    "LoHa, decomposed": (LohaModule, _DORA),
    "LoKr": (LokrModule, {"factor": 4}),
    "LoKr of factors": (LokrModule, {"factor": 8, "decompose_both": True}),
    "LoKr with a core": (LokrModule, {"factor": 2, "use_tucker": True}),
    "LoKr of whole matrices": (LokrModule, {"factor": 4, "full_matrix": True}),
    "LoKr, decomposed": (LokrModule, {"factor": 4} | _DORA),
}


@pytest.mark.parametrize("kind", _MODULES)
@pytest.mark.parametrize("form", _LYCORIS)
@torch.no_grad()
def test_does_what_lycoris_does(tmp_path: Path, form: str, kind: str) -> None:
    torch.manual_seed(5)
    module = _MODULES[kind]()
    make, options = _LYCORIS[form]
    theirs = make("lora_unet_mid_block_proj", module, lora_dim=2, alpha=3, **options)
    for name, value in theirs.named_parameters():
        if "org" not in name:
            value.mul_(1.3) if name == "dora_scale" else value.normal_(std=0.5)
    x = torch.randn(2, 5, 24) if kind == "linear" else torch.randn(2, 24, 8, 8)
    expected = theirs(x)

    tensors = {f"lora_unet_mid_block_proj.{name}": value for name, value in theirs.custom_state_dict().items()}
    adapter = _read(tmp_path, tensors, {"unet.mid_block.proj": tuple(module.weight.shape)})
    own = adapter.deltas["unet.mid_block.proj"].add(x, module(x), module, 1.0)
    assert (expected - module(x)).abs().max() > 0.1
    torch.testing.assert_close(own, expected, atol=1e-4, rtol=1e-4)


_ATTENTION = ["to_q", "to_k", "to_v", "to_out.0"]
_EVERYTHING = [*_ATTENTION, "proj_in", "proj_out", "ff.net.0.proj", "ff.net.2", "conv1", "conv2", "time_emb_proj"]
_PEFT: dict[str, Any] = {
    "LoRA": lambda: peft.LoraConfig(r=4, lora_alpha=6, target_modules=_ATTENTION),
    "LoRA, rank-stabilised": lambda: peft.LoraConfig(r=4, lora_alpha=6, use_rslora=True, target_modules=_ATTENTION),
    "LoRA of several ranks": lambda: peft.LoraConfig(
        r=4,
        lora_alpha=6,
        rank_pattern={"attn1.to_q": 2},
        alpha_pattern={"attn2.to_k": 9},
        target_modules=_ATTENTION,
    ),
    "LoCon": lambda: peft.LoraConfig(r=4, lora_alpha=4, target_modules=_EVERYTHING),
    "DoRA": lambda: peft.LoraConfig(r=4, lora_alpha=4, use_dora=True, target_modules=_EVERYTHING),
    "LoHa": lambda: peft.LoHaConfig(r=4, alpha=4, target_modules=_EVERYTHING),
    "LoHa with a core": lambda: peft.LoHaConfig(r=4, alpha=4, target_modules=_EVERYTHING, use_effective_conv2d=True),
    "LoKr": lambda: peft.LoKrConfig(r=4, alpha=4, target_modules=_EVERYTHING),
    "LoKr of factors": lambda: peft.LoKrConfig(
        r=4, alpha=4, target_modules=_EVERYTHING, use_effective_conv2d=True, decompose_both=True, decompose_factor=4
    ),
}


@pytest.mark.parametrize("form", _PEFT)
@torch.no_grad()
def test_does_what_peft_does(tmp_path: Path, form: str) -> None:
    """What PEFT and diffusers write for a UNet has the effect that it has in them."""
    found = networks("sd1")
    generator = torch.Generator().manual_seed(3)
    config = _PEFT[form]()
    theirs = peft.get_peft_model(copy.deepcopy(found.unet), config)
    for name, value in theirs.named_parameters():
        if "magnitude" in name:
            value.mul_(1.3)
        elif "lora_" in name or "hada_" in name or "lokr_" in name:
            value.copy_(torch.randn(value.shape, generator=generator) * 0.2)
    tensors = get_peft_model_state_dict(theirs)
    x, context = torch.randn(1, 4, 16, 16, generator=generator), torch.randn(1, 77, 64, generator=generator)
    plain, expected = found.unet(x, 300, context).sample, theirs(x, 300, context).sample
    assert (expected - plain).abs().max() > 0.01

    modules = named_modules(found.unet, found.encoders)
    if isinstance(config, peft.LoraConfig):
        # As diffusers' training scripts save it.
        named = {name.removeprefix("base_model.model."): value for name, value in tensors.items()}
        settings = config.to_dict() | {"target_modules": sorted(config.target_modules)}
        diffusers.StableDiffusionPipeline.save_lora_weights(
            tmp_path, unet_lora_layers=named, unet_lora_adapter_metadata=_plain(settings)
        )
        adapter = read_adapter(tmp_path / "pytorch_lora_weights.safetensors", "sd1", shapes_of(modules))
    else:
        adapter = _read(tmp_path, tensors, shapes_of(modules))
    for target, delta in adapter.deltas.items():
        modules[target].weight += delta.weight(modules[target])
    assert (found.unet(x, 300, context).sample - expected).abs().max() < 1e-3


def _plain(settings: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value for name, value in settings.items() if isinstance(value, bool | int | float | str | dict | list)
    }


def _read(folder: Path, tensors: dict[str, Tensor], table: dict[str, tuple[int, ...]]) -> Any:
    file = folder / "adapter.safetensors"
    save_file({name: value.detach().contiguous().clone() for name, value in tensors.items()}, file)
    return read_adapter(file, "sd1", table)
