"""The VAE's side of a family: pictures to latents and back, and a rough map from latents to colours."""

import torch
from diffusers import AutoencoderKL
from torch import Tensor


class LatentSpace:
    """A VAE with its scaling, and the linear map that previews use."""

    def __init__(self, vae: AutoencoderKL) -> None:
        self.vae = vae
        self._scale = float(vae.config.scaling_factor)
        self._shift = float(getattr(vae.config, "shift_factor", None) or 0.0)
        if vae.dtype == torch.float16 and vae.config.force_upcast:
            # SDXL's decoder overflows in half precision; its configuration says so.
            vae.to(torch.float32)
        self._rgb: Tensor | None = None

    def encode(self, pixels: Tensor, *, scaled: bool = True) -> Tensor:
        """Return float32 latents (B, C, H/8, W/8) of pixels (B, 3, H, W) in -1..1: the distribution's mode."""
        moments = self.vae.encode(pixels.to(self.vae.device, self.vae.dtype)).latent_dist
        latents: Tensor = moments.mode().float()
        return (latents - self._shift) * self._scale if scaled else latents

    def decode(self, latents: Tensor) -> Tensor:
        """Return float32 pixels (B, 3, 8h, 8w) in about -1..1 of latents (B, C, h, w)."""
        raw = latents.to(self.vae.device, torch.float32) / self._scale + self._shift
        pixels: Tensor = self.vae.decode(raw.to(self.vae.dtype)).sample.float()
        return pixels

    @property
    def rgb(self) -> Tensor:
        """Return the linear map (C + 1, 3) that comes nearest to this VAE's decoder, fitted once when first asked for.

        Least squares over the decodings of smooth random latents, averaged over each cell; so any VAE gets a
        truthful preview, not only those whose maps have been published.
        """
        if self._rgb is None:
            self._rgb = self._fit()
        return self._rgb

    def _fit(self) -> Tensor:
        generator = torch.Generator().manual_seed(0)
        channels = int(self.vae.config.latent_channels)
        coarse = torch.randn(24, channels, 2, 2, generator=generator)
        latents = torch.nn.functional.interpolate(coarse, size=(8, 8), mode="bilinear")
        pixels = torch.cat([self.decode(one).clamp(-1, 1).cpu() for one in latents.split(4)])
        colours = torch.nn.functional.adaptive_avg_pool2d(pixels, (8, 8)).movedim(1, -1).reshape(-1, 3)
        cells = latents.movedim(1, -1).reshape(-1, channels)
        design = torch.cat([cells, torch.ones(len(cells), 1)], 1)
        return torch.linalg.lstsq(design, colours).solution
