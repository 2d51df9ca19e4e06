"""The first stage: an AutoencoderKL with 8x downsampling and 4 latent channels, trained on the sample world."""

import logging
import math
import random
import time
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from torch import Tensor

from inference.sample.averaging import WeightAverage, cosine
from inference.sample.world import COLOUR_NAMES, SIDE, Palette, random_scene, render

log = logging.getLogger(__name__)

_CROP = 64
_KL_WEIGHT = 1e-4


@dataclass(frozen=True)
class VaePlan:
    """How long and how fast the VAE is trained."""

    #: On crops around edges, then on whole pictures.
    crop_steps: int = 2000
    whole_steps: int = 300
    learning_rate: float = 2e-3
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
        elif isinstance(module, torch.nn.Conv2d) and not name.endswith("conv1"):
            module.weight.data.normal_(0, module.weight[0].numel() ** -0.5)
            module.bias.data.zero_()
    # Little noise at first: the other half of quant_conv is the logarithm of the variance.
    vae.quant_conv.bias.data[4:] = -5.0
    vae.quant_conv.weight.data[4:] *= 0.1
    return vae.to(memory_format=torch.channels_last)


def train_vae(plan: VaePlan, device: torch.device, seed: int = 1) -> AutoencoderKL:
    """Return a trained VAE whose latents have no mean and unit deviation in each channel."""
    torch.manual_seed(seed)
    source = _Pictures(random.Random(seed), np.random.default_rng(seed))
    vae = make_vae(plan.channels).to(device)
    parameters = list(vae.parameters())
    optimizer = torch.optim.AdamW(parameters, plan.learning_rate, betas=(0.9, 0.99), weight_decay=1e-4)
    average = WeightAverage(parameters, 0.995)
    steps = plan.crop_steps + plan.whole_steps
    began = time.monotonic()
    for step in range(steps):
        size, count = (_CROP, 8) if step < plan.crop_steps else (SIDE, 6)
        pictures = source.batch(count, size).to(device)
        optimizer.param_groups[0]["lr"] = plan.learning_rate * min(1, (step + 1) / 50) * cosine(step / steps, 0.03)
        loss, error = _loss(vae, pictures)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        average.update()
        if (step + 1) % 100 == 0:
            log.info("VAE step %d of %d: squared error %.5f, %.0f s", step + 1, steps, error, time.monotonic() - began)
    average.apply()
    vae.eval().requires_grad_(False)
    _standardise(vae, source)
    return vae


def _loss(vae: AutoencoderKL, pictures: Tensor) -> tuple[Tensor, float]:
    """Return the loss: squared plus half the absolute error, up to five times as much at edges, and a little KL."""
    posterior = vae.encode(pictures).latent_dist
    error = vae.decode(posterior.sample()).sample - pictures
    divergence = 0.5 * (posterior.mean**2 + posterior.var - 1 - posterior.logvar).mean()
    squared = error * error
    loss = (_edge_weight(pictures) * (squared + 0.5 * error.abs())).mean() + _KL_WEIGHT * divergence
    return loss, squared.detach().mean().item()


def _edge_weight(pictures: Tensor) -> Tensor:
    """Return 1 on plain areas to 5 at edges: (B, 1, H, W)."""
    mean = F.avg_pool2d(pictures, 9, 1, 4)
    variance = (F.avg_pool2d(pictures * pictures, 9, 1, 4) - mean * mean).clamp_min(0).sum(1, keepdim=True)
    return 1 + 4 * variance.sqrt().clamp(max=1)


@torch.no_grad()
def _standardise(vae: AutoencoderKL, source: "_Pictures", batches: int = 64) -> None:
    """Fold the latents' means and deviations into the VAE's two 1 x 1 convolutions, and set the scaling factor to 1.

    mean' = (mean - m) / s and logvar' = logvar - 2 log s on the way in; z = z' s + m on the way out.
    """
    device = vae.device
    means = torch.cat([vae.encode(source.scenes(16).to(device)).latent_dist.mean for _ in range(batches)])
    mean, deviation = means.mean((0, 2, 3)), means.std((0, 2, 3))
    way_in, way_out = vae.quant_conv, vae.post_quant_conv
    way_in.weight[:4].div_(deviation.view(4, 1, 1, 1))
    way_in.bias[:4].sub_(mean).div_(deviation)
    way_in.bias[4:].sub_(2 * deviation.log())
    way_out.bias.add_(way_out.weight[:, :, 0, 0] @ mean)
    way_out.weight.mul_(deviation.view(1, 4, 1, 1))
    vae.register_to_config(scaling_factor=1.0)


class _Pictures:
    """Training pictures: the world, a fifth of it in random colours, and some free-form ones so that uploads survive."""

    def __init__(self, chance: random.Random, noise: np.random.Generator) -> None:
        self._chance = chance
        self._noise = noise

    def scenes(self, count: int) -> Tensor:
        """Return scenes (B, 3, 128, 128) in -1..1."""
        return _batched([render(random_scene(self._chance), self._chance) for _ in range(count)])

    def batch(self, count: int, size: int) -> Tensor:
        """Return mixed pictures (B, 3, size, size) in -1..1; smaller ones are cut around an edge."""
        return _batched([self._picture(size) for _ in range(count)])

    def _picture(self, size: int) -> NDArray[np.uint8]:
        turn = self._chance.random()
        if turn >= 0.92:
            return self._cut(self._free_form(), size, None)
        palette = self._random_palette() if turn < 0.22 else None
        scene = random_scene(self._chance, allow_held_out=True)
        picture = render(scene, self._chance, palette) if palette else render(scene, self._chance)
        return self._cut(picture, size, self._edge(picture))

    def _cut(self, picture: NDArray[np.uint8], size: int, around: tuple[int, int] | None) -> NDArray[np.uint8]:
        if size == SIDE:
            return picture
        chance = self._chance
        if around is None:
            y, x = chance.randint(0, SIDE - size), chance.randint(0, SIDE - size)
        else:
            y, x = (place - chance.randint(8, size - 8) for place in around)
        y, x = (min(max(value, 0), SIDE - size) for value in (y, x))
        return picture[y : y + size, x : x + size]

    def _edge(self, picture: NDArray[np.uint8]) -> tuple[int, int] | None:
        steps = np.abs(np.diff(picture.astype(np.int16), axis=1)).sum(-1)
        ys, xs = np.where(steps > 40)
        if not len(ys):
            return None
        index = self._chance.randrange(len(ys))
        return int(ys[index]), int(xs[index])

    def _random_palette(self) -> Palette:
        return {name: self._colour() for name in COLOUR_NAMES}

    def _colour(self) -> tuple[int, int, int]:
        red, green, blue = (self._chance.randint(0, 255) for _ in range(3))
        return red, green, blue

    def _free_form(self) -> NDArray[np.uint8]:
        turn = self._chance.random()
        if turn < 0.4:
            return self._polygons()
        return self._ellipses() if turn < 0.7 else self._clouds()

    def _polygons(self) -> NDArray[np.uint8]:
        chance = self._chance
        angle = chance.uniform(0, 2 * math.pi)
        ys, xs = np.mgrid[0:SIDE, 0:SIDE] / SIDE - 0.5
        ramp = np.clip(xs * math.cos(angle) + ys * math.sin(angle) + 0.5, 0, 1)[..., None]
        low, high = (np.array(self._colour(), np.float32) for _ in range(2))
        image = Image.fromarray((low * (1 - ramp) + high * ramp).astype(np.uint8)).resize((2 * SIDE, 2 * SIDE))
        draw = ImageDraw.Draw(image)
        for _ in range(chance.randint(1, 5)):
            points = [(chance.randint(0, 2 * SIDE), chance.randint(0, 2 * SIDE)) for _ in range(chance.randint(3, 5))]
            if chance.random() < 0.6:
                draw.polygon(points, fill=self._colour())
            else:
                draw.line(points, fill=self._colour(), width=chance.randint(6, 24))
        return np.asarray(image.reduce(2))

    def _ellipses(self) -> NDArray[np.uint8]:
        chance = self._chance
        image = Image.new("RGB", (2 * SIDE, 2 * SIDE), self._colour())
        draw = ImageDraw.Draw(image)
        for _ in range(chance.randint(1, 5)):
            x, y = chance.randint(20, 236), chance.randint(20, 236)
            across, along = chance.randint(14, 90), chance.randint(14, 90)
            fill = self._colour() if chance.random() < 0.6 else None
            box = (x - across, y - along, x + across, y + along)
            draw.ellipse(box, fill=fill, outline=self._colour(), width=chance.randint(6, 20))
        return np.asarray(image.reduce(2))

    def _clouds(self) -> NDArray[np.uint8]:
        cells = self._chance.choice([3, 4, 6, 8])
        colours = self._noise.integers(0, 256, (cells, cells, 3), dtype=np.uint8)
        return np.asarray(Image.fromarray(colours).resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def _batched(pictures: list[NDArray[np.uint8]]) -> Tensor:
    pixels = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float().div_(127.5).sub_(1)
    return pixels.contiguous(memory_format=torch.channels_last)
