"""What a model family answers to the engine: conditioning, latents, prediction, picture.

The engine knows models only through `DiffusionModel`. A family (one module each) loads its networks into a subclass.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from inference.diffusion.sigmas import NoiseTable
from inference.families.embeddings import Embedding
from inference.families.texts import Text
from inference.protocol.recipe import ContentHash

Prediction = Literal["epsilon", "v_prediction"]
#: Of each text encoder the embeddings that it reads, under the same names; or none at all.
Embeddings = Sequence[Sequence[Embedding]]


@dataclass(frozen=True, eq=False)
class Conditioning:
    """What one text means to one model; becomes one row of a pass.

    Tensors are on the model's device, in its dtype.
    """

    #: Shape: (tokens, channels), tokens a multiple of 77.
    context: Tensor
    #: Shape: (channels,). SDXL's pooled text vector; None where the family has none.
    pooled: Tensor | None = None
    #: Shape: (6,). SDXL's original size, crop and target size; None where the family has none.
    size_ids: Tensor | None = None


class DiffusionModel(ABC):
    """A loaded model on a device. Not thread-safe: only the engine's thread calls it."""

    #: SHA-256 of the model's content.
    hash: ContentHash
    #: "sd1", "sd2" or "sdxl".
    family: str
    #: The family of adapters that fit, where it is another: the sample model's network has a size of its own.
    adapter_family: str = ""
    #: The networks that adapters can change, by what targets call them: "unet", "text_encoder", "text_encoder_2".
    networks: Mapping[str, nn.Module]
    device: torch.device
    #: Of the networks; latents between steps are always float32.
    dtype: torch.dtype
    prediction: Prediction
    #: The network takes 9 channels: latents, mask, masked picture's latents.
    inpainting: bool
    #: The network takes 8 channels: latents, a picture's latents; it follows instructions about that picture.
    instructs: bool = False
    latent_channels: int = 4
    #: Pixels of a side to one latent cell.
    downscale: int = 8
    #: Noise levels the network was trained on.
    table: NoiseTable
    #: Bytes of all weights as they are held.
    weight_bytes: int

    @property
    @abstractmethod
    def text_encoders(self) -> int:
        """Return how many text encoders there are; a second one may be given a text of its own."""

    @abstractmethod
    def chunks(self, texts: Sequence[Text], embeddings: Embeddings = ()) -> int:
        """Return how many of the text encoder's chunks the longest of these texts fills."""

    @abstractmethod
    def condition(
        self,
        texts: Sequence[Text],
        *,
        width: int,
        height: int,
        clip_skip: int,
        chunks: int | None = None,
        embeddings: Embeddings = (),
    ) -> list[Conditioning]:
        """Return one conditioning a text, all of the same number of tokens: `chunks` times 77, or the longest text's.

        Attention in the texts is heeded: `(x:1.2)` and its like, and BREAK. `width` and `height` are the picture's in
        pixels; `clip_skip` counts from 1, the family's usual layer.
        """

    @abstractmethod
    def network(self, x: Tensor, timesteps: Tensor, rows: Sequence[Conditioning], concat: Tensor | None) -> Tensor:
        """Return the network's raw output, (B, C, h, w) in `dtype`, for B rows of one pass.

        x: (B, C, h, w) in `dtype`, already scaled; timesteps: (B,) float32, 0..999, fractions allowed;
        concat: (B, 5, h, w) mask and masked latents of an inpainting network, (B, 4, h, w) the picture's latents of one
        that follows instructions, else None.
        """

    @abstractmethod
    def encode(self, pixels: Tensor, *, scaled: bool = True) -> Tensor:
        """Return float32 latents (B, C, H/8, W/8), scaled as the network expects, of pixels (B, 3, H, W) in -1..1.

        The mode of the VAE's distribution, so that the same picture always gives the same latents. Not `scaled`, they
        are as the VAE gives them.
        """

    @abstractmethod
    def decode(self, latents: Tensor) -> Tensor:
        """Return float32 pixels (B, 3, 8h, 8w) in about -1..1 of latents (B, C, h, w)."""

    @property
    @abstractmethod
    def latent_rgb(self) -> Tensor:
        """Return the linear map from latents to a rough picture: (C + 1, 3) float32, last the bias, in -1..1."""

    @abstractmethod
    def row_bytes(self, height: int, width: int) -> int:
        """Return about how many bytes of activations one row of h x w latent cells needs in a pass."""

    def denoise(self, x: Tensor, sigmas: Tensor, rows: Sequence[Conditioning], concat: Tensor | None = None) -> Tensor:
        """Return the predicted clean latents of B noisy ones, each with a sigma of its own.

        x: (B, C, h, w) float32, `x0 + sigma * noise`; sigmas: (B,) float64; result: (B, C, h, w) float32. The
        preconditioning is Karras et al. (2022), table 1, for variance-preserving networks; for v-prediction
        Salimans and Ho (2022), appendix D.
        """
        sigma = sigmas.to(device=x.device, dtype=torch.float32).view(-1, 1, 1, 1)
        scale = (sigma**2 + 1).rsqrt()
        timesteps = self.table.timesteps(sigmas).to(device=self.device, dtype=torch.float32)
        output = self.network((x * scale).to(self.dtype), timesteps, rows, concat).float()
        if self.prediction == "epsilon":
            return x - sigma * output
        return x * scale**2 - output * (sigma * scale)
