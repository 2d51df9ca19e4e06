"""The device the networks run on: chosen, and described."""

import platform
from importlib import metadata
from typing import Literal

import psutil
import torch

from inference.extras import to_install
from inference.models.errors import ModelError
from inference.protocol.messages import DeviceInfo

Attention = Literal["sdpa", "xformers"]
_DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
_VERSIONS = ("torch", "diffusers", "transformers", "accelerate", "safetensors", "xformers")


def choose_device(wanted: str) -> torch.device:
    """Return the device of "auto", "cpu", "mps", "cuda" or "cuda:N". Raises ModelError for one that is not there."""
    if wanted == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(wanted)
    except RuntimeError:
        raise ModelError(f"There is no device {wanted!r}. Known: auto, cpu, mps, cuda, cuda:1, …") from None
    if device.type not in ("cpu", "mps", "cuda"):
        raise ModelError(f"There is no device {wanted!r}. Known: auto, cpu, mps, cuda, cuda:1, …")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ModelError(
            f"The device {wanted!r} is not there: torch sees {torch.cuda.device_count()} CUDA devices. "
            "`easel doctor` says what was found."
        )
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise ModelError("The device 'mps' needs an Apple GPU, and torch finds none here.")
    return device


def choose_dtype(wanted: str, device: torch.device) -> torch.dtype:
    """Return the networks' type: "auto" is half precision on a GPU, full on a CPU. Raises ModelError."""
    if wanted == "auto":
        return torch.float32 if device.type == "cpu" else torch.float16
    if wanted not in _DTYPES:
        raise ModelError(f"There is no dtype {wanted!r}. Known: auto, {', '.join(_DTYPES)}.")
    return _DTYPES[wanted]


def choose_attention(wanted: str) -> Attention:
    """Return the attention: "auto" is torch's own. Raises ModelError where xformers is chosen and not installed."""
    if wanted == "xformers" and installed_version("xformers") is None:
        raise ModelError(f"Attention by xformers was chosen but is not installed. {to_install('xformers')}")
    if wanted not in ("auto", "sdpa", "xformers"):
        raise ModelError(f"There is no attention {wanted!r}. Known: auto, sdpa, xformers.")
    return "xformers" if wanted == "xformers" else "sdpa"


def memory_bytes(device: torch.device) -> int:
    """Return the memory of a GPU, or the machine's for a CPU or a GPU that shares it."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    return int(psutil.virtual_memory().total)


def device_name(device: torch.device) -> str:
    """Return the device's name as its maker calls it."""
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    return platform.processor() or platform.machine()


def installed_version(package: str) -> str | None:
    """Return the version of an installed package, None where it is not."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def device_info(device: torch.device, dtype: torch.dtype, attention: Attention) -> DeviceInfo:
    """Return what the engine reports of where it runs."""
    versions = {package: installed_version(package) for package in _VERSIONS}
    return DeviceInfo(
        kind=device.type,
        name=device_name(device),
        memory_bytes=memory_bytes(device),
        dtype=str(dtype).removeprefix("torch."),
        attention=attention,
        versions={"python": platform.python_version(), **{k: v for k, v in versions.items() if v}},
    )
