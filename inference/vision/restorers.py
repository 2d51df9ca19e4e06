"""Networks that restore faces: GFPGAN, RestoreFormer and, where spandrel's further architectures are, CodeFormer."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from inference.diffusion.failures import NonFinite
from inference.vision.networks import FACE_NETWORKS, load_network, weight_bytes


def load_restorer(path: Path, device: torch.device) -> "FaceRestorer":
    """Return the network of a safetensors file, in float32. Raises ModelError.

    Those with a codebook choose other entries in lower precision, and faces are few.
    """
    return FaceRestorer(load_network(path, device, torch.float32, "face_restorer"))


class FaceRestorer:
    """A loaded network. Not thread-safe: only the engine's thread calls it."""

    def __init__(self, descriptor: Any) -> None:
        self._model = descriptor.model
        # Not by way of the descriptor, which scales some networks' values and not others', and cuts them at 0.
        self._options = FACE_NETWORKS[descriptor.architecture.id]
        self.device: torch.device = descriptor.device
        self.dtype: torch.dtype = descriptor.dtype
        self.weight_bytes = weight_bytes(descriptor.model)

    @torch.inference_mode()
    def __call__(self, face: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return an aligned face (512, 512, 3) restored, of the same shape. Raises NonFinite.

        The same face always gives the same result.
        """
        batch = torch.from_numpy(np.ascontiguousarray(face.transpose(2, 0, 1)))[None]
        # All of them take values in -1..1, and give such.
        scaled = batch.to(self.device).to(self.dtype) / 127.5 - 1
        answer = self._model(scaled, **self._options)[0][0].float()
        if not bool(torch.isfinite(answer).all()):
            raise NonFinite
        pixels = ((answer.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
        return np.ascontiguousarray(pixels.cpu().numpy().transpose(1, 2, 0))
