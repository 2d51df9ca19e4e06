"""Tiny upscalers with random weights, in the key layouts of real files, made without spandrel."""

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

_FEATURES = 8
#: spandrel reads the number of features and blocks from the shapes, but takes this for granted.
_GROWTH = 32


def esrgan_state(factor: int = 4, channels: int = 3, seed: int = 0) -> dict[str, Tensor]:
    """Return an RRDBNet's state dict as Real-ESRGAN writes it; factor 2 takes 2x2 pixels as channels, as x2plus does.

    The gains are such that what comes out has about the contrast of what goes in.
    """
    generator = torch.Generator().manual_seed(seed)
    state: dict[str, Tensor] = {}

    def conv(name: str, inputs: int, outputs: int) -> None:
        state[f"{name}.weight"] = torch.randn(outputs, inputs, 3, 3, generator=generator) * (2 / (9 * inputs)) ** 0.5
        state[f"{name}.bias"] = torch.randn(outputs, generator=generator) * 0.01

    conv("conv_first", channels * 4 if factor == 2 else channels, _FEATURES)
    for part in (1, 2, 3):
        for layer in (1, 2, 3, 4):
            conv(f"body.0.rdb{part}.conv{layer}", _FEATURES + (layer - 1) * _GROWTH, _GROWTH)
        conv(f"body.0.rdb{part}.conv5", _FEATURES + 4 * _GROWTH, _FEATURES)
    for name in ("conv_body", "conv_up1", "conv_up2", "conv_hr"):
        conv(name, _FEATURES, _FEATURES)
    conv("conv_last", _FEATURES, channels)
    # So that little is cut at black and white.
    state["conv_last.weight"] /= 4
    state["conv_last.bias"] = torch.full((channels,), 0.5)
    return state


def old_layout(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return a state dict under the names that the first ESRGAN had."""
    names = {"conv_first": "model.0", "conv_body": "model.1.sub.1", "conv_up1": "model.3", "conv_up2": "model.6"}
    names |= {"conv_hr": "model.8", "conv_last": "model.10"}
    for part in (1, 2, 3):
        for layer in range(1, 6):
            names[f"body.0.rdb{part}.conv{layer}"] = f"model.1.sub.0.RDB{part}.conv{layer}.0"
    parts = {key: key.rpartition(".") for key in state}
    return {f"{names[name]}.{kind}": state[key] for key, (name, _, kind) in parts.items()}


def write_esrgan(path: Path, factor: int = 4, **more: int) -> Path:
    save_file(esrgan_state(factor, **more), path)
    return path
