"""The first stage: an AutoencoderKL with 8x downsampling and 4 latent channels, trained on the sample world."""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL
from torch import Tensor, nn

from inference.sample.averaging import WeightAverage, cosine
from inference.sample.vae_pictures import Pictures
from inference.sample.world import SIDE

log = logging.getLogger(__name__)

_CROP = 64
_KL_WEIGHT = 1e-4
#: Deviation of the strongest noise that the decoder learns to see through, in deviations of the latents.
_MOST_NOISE = 0.35


@dataclass(frozen=True)
class VaePlan:
    """How long and how fast the VAE is trained."""

    #: On crops around edges, then on whole pictures.
    crop_steps: int = 2000
    whole_steps: int = 300
    learning_rate: float = 2e-3
    #: Pictures by which the latents' means and deviations are measured.
    measured_pictures: int = 1024
    #: Of the decoder alone, on noisy latents.
    decoder_steps: int = 1500
    decoder_learning_rate: float = 1e-3
    channels: tuple[int, ...] = (16, 16, 32, 64)


def make_vae(channels: tuple[int, ...]) -> AutoencoderKL:
    """Return an untrained VAE that starts as nearly a linear autoencoder.

    Its convolutions preserve variance and its residual branches are almost zero; with small norm groups this trains
    ten times faster than the default initialisation.
    """
    vae = AutoencoderKL(
        in_channels=3,
        out_channels=3,
        down_block_types=("DownEncoderBlock2D",) * len(channels),
        up_block_types=("UpDecoderBlock2D",) * len(channels),
        block_out_channels=channels,
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=4,
        sample_size=SIDE,
    )
    for name, module in vae.named_modules():
        if name.endswith(("conv2", "to_out.0")):
            module.weight.data.mul_(0.05)
            module.bias.data.zero_()
        elif isinstance(module, nn.Conv2d) and not name.endswith("conv1"):
            nn.init.normal_(module.weight, 0, module.weight[0].numel() ** -0.5)
            assert module.bias is not None
            nn.init.zeros_(module.bias)
    # Little noise at first: the other half of quant_conv is the logarithm of the variance.
    vae.quant_conv.bias.data[4:] = -5.0
    vae.quant_conv.weight.data[4:] *= 0.1
    return vae.to(memory_format=torch.channels_last)


def train_vae(plan: VaePlan, device: torch.device, seed: int = 1) -> AutoencoderKL:
    """Return a trained VAE whose latents have no mean and unit deviation in each channel."""
    torch.manual_seed(seed)
    pictures = Pictures(Random(seed), np.random.default_rng(seed))
    vae = make_vae(plan.channels).to(device)

    def loss(step: int) -> tuple[Tensor, float]:
        size, count = (_CROP, 8) if step < plan.crop_steps else (SIDE, 6)
        return _autoencoding_loss(vae, pictures.batch(count, size).to(device))

    _descend("VAE", vae.parameters(), plan.crop_steps + plan.whole_steps, plan.learning_rate, loss)
    vae.eval().requires_grad_(False)
    _standardise(vae, pictures, plan.measured_pictures)
    return vae


def harden_decoder(vae: AutoencoderKL, plan: VaePlan, device: torch.device, seed: int = 2) -> None:
    """Train the decoder alone to see through noise in the latents, since the UNet's latents are never quite clean.

    Without this the UNet's small errors show as speckle and ragged edges. The encoder, and so the meaning of the
    latents, stays what it is.
    """
    torch.manual_seed(seed)
    pictures = Pictures(Random(seed), np.random.default_rng(seed))
    learning = [*vae.decoder.parameters(), *vae.post_quant_conv.parameters()]
    for parameter in learning:
        parameter.requires_grad_(True)

    def loss(step: int) -> tuple[Tensor, float]:
        return _decoding_loss(vae, pictures.batch(4, SIDE).to(device))

    _descend("decoder", learning, plan.decoder_steps, plan.decoder_learning_rate, loss)
    vae.eval().requires_grad_(False)


def _descend(
    name: str,
    learning: Iterable[nn.Parameter],
    steps: int,
    learning_rate: float,
    loss_at: Callable[[int], tuple[Tensor, float]],
) -> None:
    """Take `steps` steps of AdamW down what `loss_at` returns (loss, squared error); leave the average weights."""
    parameters = list(learning)
    optimizer = torch.optim.AdamW(parameters, learning_rate, betas=(0.9, 0.99), weight_decay=1e-4)
    average = WeightAverage(parameters, 0.995)
    began = time.monotonic()
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = learning_rate * min(1, (step + 1) / 50) * cosine(step / steps, 0.03)
        loss, error = loss_at(step)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        average.update()
        if (step + 1) % 100 == 0:
            seconds = time.monotonic() - began
            log.info("%s step %d of %d: squared error %.5f, %.0f s", name, step + 1, steps, error, seconds)
    average.apply()


def _autoencoding_loss(vae: AutoencoderKL, pictures: Tensor) -> tuple[Tensor, float]:
    """Return the reconstruction's loss with a little KL divergence, and the squared error."""
    posterior = vae.encode(pictures).latent_dist
    divergence = 0.5 * (posterior.mean**2 + posterior.var - 1 - posterior.logvar).mean()
    loss, error = _picture_loss(vae.decode(posterior.sample()).sample, pictures)
    return loss + _KL_WEIGHT * divergence, error


def _decoding_loss(vae: AutoencoderKL, pictures: Tensor) -> tuple[Tensor, float]:
    """Return the loss of decoding noisy latents, a quarter of them with no noise but the encoder's own."""
    with torch.no_grad():
        latents = vae.encode(pictures).latent_dist.sample()
    strength = (torch.rand(len(latents), 1, 1, 1, device=latents.device) * 4 / 3 - 1 / 3).clamp_min(0) * _MOST_NOISE
    return _picture_loss(vae.decode(latents + strength * torch.randn_like(latents)).sample, pictures)


def _picture_loss(decoded: Tensor, pictures: Tensor) -> tuple[Tensor, float]:
    """Return squared plus half the absolute error, up to five times as much at edges; and the squared error."""
    error = decoded - pictures
    squared = error * error
    loss = (_edge_weight(pictures) * (squared + 0.5 * error.abs())).mean()
    return loss, squared.detach().mean().item()


def _edge_weight(pictures: Tensor) -> Tensor:
    """Return 1 on plain areas to 5 at edges: (B, 1, H, W)."""
    mean = F.avg_pool2d(pictures, 9, 1, 4)
    variance = F.avg_pool2d(pictures * pictures, 9, 1, 4) - mean * mean
    return 1 + 4 * variance.clamp_min(0).sum(1, keepdim=True).sqrt().clamp(max=1)


@torch.no_grad()
def _standardise(vae: AutoencoderKL, pictures: Pictures, count: int) -> None:
    """Fold the latents' means and deviations into the VAE's two 1 x 1 convolutions, and set the scaling factor to 1.

    mean' = (mean - m) / s and logvar' = logvar - 2 log s on the way in; z = z' s + m on the way out.
    """
    batches = [pictures.scenes(min(16, count)).to(vae.device) for _ in range(-(-count // 16))]
    means = torch.cat([vae.encode(batch).latent_dist.mean for batch in batches])
    mean, deviation = means.mean((0, 2, 3)), means.std((0, 2, 3))
    way_in, way_out = vae.quant_conv, vae.post_quant_conv
    way_in.weight[:4].div_(deviation.view(4, 1, 1, 1))
    way_in.bias[:4].sub_(mean).div_(deviation)
    way_in.bias[4:].sub_(2 * deviation.log())
    way_out.bias.add_(way_out.weight[:, :, 0, 0] @ mean)
    way_out.weight.mul_(deviation.view(1, 4, 1, 1))
    vae.register_to_config(scaling_factor=1.0)
