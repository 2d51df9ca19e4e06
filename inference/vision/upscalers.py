"""Networks that make pictures larger: ESRGAN, Real-ESRGAN and all that spandrel knows, recognised and loaded.

Only safetensors files are read here; pickles become those when they are installed.
"""

import math
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from inference.models.errors import ModelError
from inference.models.headers import Header
from inference.vision.torchvision_stand_in import torchvision_at_hand

INSTALL = "pip install 'easel[upscale]'"
#: Keys of the usual families, by which a file is told to be an upscaler before spandrel is installed.
_USUAL_KEYS = (
    "conv_first.weight",
    "model.1.sub.0.RDB1.conv1.0.weight",
    "body.0.weight",
    "layers.0.residual_group.blocks.0.norm1.weight",
)
#: Empty tensors for networks that cannot be built without any; more than this is no upscaler.
_MOST_EMPTY_BYTES = 2 * 2**30
_MOST_FACTOR = 16
#: Values of a network's last layers that are held for each result pixel, roughly.
_VALUES_PER_PIXEL = 256
#: Reflections, shifts and attention windows of some networks need so much.
_LEAST_INPUT = 16
#: What spandrel's networks raise over weights that do not fit together.
_MISFITS = (RuntimeError, KeyError, ValueError, TypeError, IndexError, AssertionError, AttributeError)


def recognised_factor(name: str, header: Header) -> int | None:
    """Return how many times as large a file's network makes a picture; None where it is no such network.

    Found out from names and shapes. Raises ModelError for a network that cannot be used, and where spandrel, which
    knows them, is not installed.
    """
    try:
        spandrel = _spandrel()
    except ModelError:
        if any(key.removeprefix("module.") in _USUAL_KEYS for key in header.tensors):
            raise ModelError(
                f"{name} looks like an upscaler. Install what reads those first: {INSTALL}. Then add it again."
            ) from None
        return None
    shapes = {key: info.shape for key, info in header.tensors.items()}
    found = _built_of(spandrel, shapes)
    if found is None:
        return None
    _require_usable(name, found)
    return int(found.scale)


def _built_of(spandrel: Any, shapes: Mapping[str, tuple[int, ...]]) -> Any:
    """Return the network that tensors of these shapes belong to, without their values; None for none."""
    for device in ("meta", "cpu"):
        if device == "cpu" and 4 * sum(math.prod(shape) for shape in shapes.values()) > _MOST_EMPTY_BYTES:
            return None
        try:
            with torch.device(device):
                return _described(spandrel, {key: torch.zeros(shape) for key, shape in shapes.items()})
        except spandrel.UnsupportedModelError:
            return None
        except _MISFITS:
            continue
    return None


def _described(spandrel: Any, state: Mapping[str, Tensor]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return spandrel.MAIN_REGISTRY.load(spandrel.canonicalize_state_dict(dict(state)))


def _require_usable(name: str, found: Any) -> None:
    kind = found.architecture.name
    if found.purpose != "SR" or found.scale < 2:
        raise ModelError(f"{name} is a {kind} network that does not make pictures larger, which is not supported.")
    if found.scale > _MOST_FACTOR or found.input_channels != 3 or found.output_channels != 3:
        raise ModelError(
            f"{name} is a {kind} network for {found.input_channels} channels and {found.scale} times the size, "
            f"which is not supported: 3 channels and at most {_MOST_FACTOR} times are."
        )


def load_upscaler(path: Path, device: torch.device, dtype: torch.dtype) -> "Upscaler":
    """Return the network of a safetensors file, in `dtype` where it can do that, else in float32. Raises ModelError."""
    spandrel = _spandrel()
    try:
        found = _described(spandrel, load_file(path))
    except spandrel.UnsupportedModelError:
        raise ModelError(f"{path.name} holds no network that makes pictures larger and is known here.") from None
    except (*_MISFITS, SafetensorError, OSError) as error:
        raise ModelError(f"{path.name} cannot be loaded: {error}") from error
    _require_usable(path.name, found)
    can = {torch.float16: found.supports_half, torch.bfloat16: found.supports_bfloat16}
    found.to(device, dtype if can.get(dtype, False) else torch.float32).eval()
    return Upscaler(found)


def _spandrel() -> Any:
    """Return the module spandrel. Raises ModelError where it is not installed."""
    try:
        with torchvision_at_hand():
            import spandrel
    except ImportError as error:
        raise ModelError(f"Upscalers need spandrel, which is not installed ({error}). Run {INSTALL}.") from error
    return spandrel


class Upscaler:
    """A loaded network. Not thread-safe: only the engine's thread calls it."""

    def __init__(self, descriptor: Any) -> None:
        self._descriptor = descriptor
        self.factor = int(descriptor.scale)
        self.device: torch.device = descriptor.device
        self.dtype: torch.dtype = descriptor.dtype
        tensors = [*descriptor.model.parameters(), *descriptor.model.buffers()]
        self.weight_bytes = sum(tensor.numel() * tensor.element_size() for tensor in tensors)

    @property
    def bytes_per_pixel(self) -> int:
        """Return about how much memory a source pixel takes while the network runs."""
        return _VALUES_PER_PIXEL * self.factor**2 * self.dtype.itemsize

    @torch.inference_mode()
    def __call__(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return pixels (h, w, 3) `factor` times as large, in 0..1; a failed network gives NaN."""
        height, width, _ = pixels.shape
        bottom, right = max(0, _LEAST_INPUT - height), max(0, _LEAST_INPUT - width)
        more = self._descriptor.size_requirements.get_padding(width + right, height + bottom)
        # The network's own padding reflects, which a picture smaller than the padding cannot do.
        padded = np.pad(pixels, ((0, bottom + more[1]), (0, right + more[0]), (0, 0)), mode="edge")
        batch = torch.from_numpy(np.ascontiguousarray(padded.transpose(2, 0, 1)))[None]
        result = self._descriptor(batch.to(self.device).to(self.dtype) / 255)[0].float().cpu().numpy()
        cut = result[:, : height * self.factor, : width * self.factor]
        return np.ascontiguousarray(cut.transpose(1, 2, 0))
