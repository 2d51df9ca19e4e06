"""Networks that make pictures larger: ESRGAN, Real-ESRGAN and all that spandrel knows."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from inference.vision.networks import load_network, weight_bytes

#: Values of a network's last layers that are held for each result pixel, roughly.
_VALUES_PER_PIXEL = 256
#: Reflections, shifts and attention windows of some networks need so much.
_LEAST_INPUT = 16


def load_upscaler(path: Path, device: torch.device, dtype: torch.dtype) -> "Upscaler":
    """Return the network of a safetensors file, in `dtype` where it can do that, else in float32. Raises ModelError."""
    return Upscaler(load_network(path, device, dtype, "upscaler"))


class Upscaler:
    """A loaded network. Not thread-safe: only the engine's thread calls it."""

    def __init__(self, descriptor: Any) -> None:
        self._descriptor = descriptor
        self.factor = int(descriptor.scale)
        self.device: torch.device = descriptor.device
        self.dtype: torch.dtype = descriptor.dtype
        self.weight_bytes = weight_bytes(descriptor.model)

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
