"""A model taken apart: what every way of loading ends in, and how it becomes a family's model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel

from inference.diffusion.sigmas import NoiseTable
from inference.families.base import DiffusionModel, Prediction
from inference.families.clip import ClipEncoder
from inference.families.sd import StableDiffusion
from inference.families.sdxl import StableDiffusionXL
from inference.protocol.recipe import ContentHash


@dataclass(frozen=True, eq=False)
class Parts:
    """The networks of a model, on the CPU."""

    unet: UNet2DConditionModel
    vae: AutoencoderKL
    encoders: tuple[ClipEncoder, ...]
    #: Arguments of NoiseTable.from_config.
    noise: Mapping[str, Any]
    prediction: Prediction

    def assemble(self, content_hash: ContentHash, family: str, device: torch.device) -> DiffusionModel:
        """Move the networks to a device and return the family's model."""
        for module in (self.unet, self.vae, *(encoder.model for encoder in self.encoders)):
            module.eval().requires_grad_(False).to(device)
        kind = StableDiffusionXL if family == "sdxl" else StableDiffusion
        return kind(
            content_hash=content_hash,
            family=family,
            unet=self.unet,
            vae=self.vae,
            encoders=self.encoders,
            table=NoiseTable.from_config(**self.noise),
            prediction=self.prediction,
        )
