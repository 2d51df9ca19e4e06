"""Stable Diffusion 1.x and 2.x: one CLIP encoder, a UNet of 4, 8 or 9 channels, 8x latents (Rombach et al. 2022)."""

from collections.abc import Iterator, Sequence

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import Tensor

from inference.diffusion.sigmas import NoiseTable
from inference.families.base import Conditioning, DiffusionModel, Embeddings, Prediction
from inference.families.clip import ClipEncoder, weighted
from inference.families.embeddings import Embedding
from inference.families.latents import LatentSpace
from inference.families.texts import Text, read_by
from inference.protocol.recipe import ContentHash


class UNetModel(DiffusionModel):
    """What the families with a UNet have in common."""

    def __init__(
        self,
        *,
        content_hash: ContentHash,
        family: str,
        unet: UNet2DConditionModel,
        vae: AutoencoderKL,
        encoders: Sequence[ClipEncoder],
        table: NoiseTable,
        prediction: Prediction,
    ) -> None:
        self.hash = content_hash
        self.family = family
        self.device = unet.device
        self.dtype = unet.dtype
        self.prediction = prediction
        self.table = table
        self.unet = unet
        self.latents = LatentSpace(vae)
        self.encoders = tuple(encoders)
        suffixes = ("", *(f"_{number}" for number in range(2, len(self.encoders) + 1)))
        named = zip(suffixes, self.encoders, strict=True)
        self.networks = {"unet": unet} | {f"text_encoder{suffix}": encoder.model for suffix, encoder in named}
        self.latent_channels = int(vae.config.latent_channels)
        self.inpainting = int(unet.config.in_channels) == 2 * self.latent_channels + 1
        self.instructs = int(unet.config.in_channels) == 2 * self.latent_channels
        self.downscale = 2 ** (len(vae.config.block_out_channels) - 1)
        parts: list[torch.nn.Module] = [unet, vae, *(encoder.model for encoder in encoders)]
        self.weight_bytes = sum(
            tensor.numel() * tensor.element_size() for part in parts for tensor in (*part.parameters(), *part.buffers())
        )

    @torch.inference_mode()
    def encode(self, pixels: Tensor, *, scaled: bool = True) -> Tensor:
        """Return float32 latents of pixels; see DiffusionModel."""
        return self.latents.encode(pixels, scaled=scaled)

    @torch.inference_mode()
    def decode(self, latents: Tensor) -> Tensor:
        """Return float32 pixels of latents; see DiffusionModel."""
        return self.latents.decode(latents)

    @property
    @torch.inference_mode()
    def latent_rgb(self) -> Tensor:
        """Return the linear preview map; see DiffusionModel."""
        return self.latents.rgb

    def row_bytes(self, height: int, width: int) -> int:
        """Return an estimate: the widest level's maps, a dozen alive at once, feed-forward parts four times as wide."""
        channels = int(self.unet.config.block_out_channels[0])
        element = torch.finfo(self.dtype).bits // 8
        return height * width * channels * element * 12 * 4

    @property
    def text_encoders(self) -> int:
        """Return how many text encoders there are; see DiffusionModel."""
        return len(self.encoders)

    def chunks(self, texts: Sequence[Text], embeddings: Embeddings = ()) -> int:
        """Return how many chunks the longest text fills; see DiffusionModel."""
        return max(
            encoder.chunks(weighted(read_by(place, text)), known)
            for place, (encoder, known) in enumerate(self._knowing(embeddings))
            for text in texts
        )

    def _knowing(self, embeddings: Embeddings) -> Iterator[tuple[ClipEncoder, Sequence[Embedding]]]:
        """Return each encoder with the embeddings that it knows."""
        return zip(self.encoders, embeddings or [()] * len(self.encoders), strict=True)

    def _contexts(
        self, texts: Sequence[Text], clip_skip: int, chunks: int | None, embeddings: Embeddings
    ) -> tuple[Tensor, Tensor | None]:
        chunks = chunks or self.chunks(texts, embeddings)
        encoded = [
            encoder.encode([weighted(read_by(place, text)) for text in texts], chunks, clip_skip, known)
            for place, (encoder, known) in enumerate(self._knowing(embeddings))
        ]
        context = torch.cat([hidden.to(self.dtype) for hidden, _ in encoded], -1)
        return context, encoded[-1][1]


class StableDiffusion(UNetModel):
    """SD 1.x and 2.x."""

    @torch.inference_mode()
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
        """Return one conditioning a text; see DiffusionModel."""
        context, _ = self._contexts(texts, clip_skip, chunks, embeddings)
        return [Conditioning(context=one) for one in context.to(self.device)]

    @torch.inference_mode()
    def network(self, x: Tensor, timesteps: Tensor, rows: Sequence[Conditioning], concat: Tensor | None) -> Tensor:
        """Return the UNet's output; see DiffusionModel."""
        seen = x if concat is None else torch.cat([x, concat.to(x)], 1)
        context = torch.stack([row.context for row in rows])
        output: Tensor = self.unet(seen, timesteps, encoder_hidden_states=context, return_dict=False)[0]
        return output
