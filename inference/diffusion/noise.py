"""Noise of one picture: the first, variations of it, and what stochastic samplers inject.

All of it is drawn on the CPU in float32 and only then moved, so a seed gives the same picture on any device.
Seeds are 0..2**63 - 1, what both torch's generators and SQLite's integers hold.
"""

import math
from collections.abc import Sequence

import torch
import torchsde
from torch import Tensor

Shape = tuple[int, int, int]

#: Above this cosine of their angle columns are mixed linearly: its sine is too near 0.
_PARALLEL = 0.9995
#: Decimals to which the Brownian tree resolves sigma.
_DIGITS = 6


def seeded(seed: int) -> torch.Generator:
    """Return a CPU generator of a seed in 0..2**63 - 1. Raises ValueError for another seed."""
    if not 0 <= seed < 2**63:
        raise ValueError(f"a seed must be 0..2**63 - 1, not {seed}")
    return torch.Generator("cpu").manual_seed(seed)


def initial(
    shape: Shape,
    generator: torch.Generator,
    *,
    variation_seed: int | None = None,
    variation_strength: float = 0.0,
    resize_from: tuple[int, int] | None = None,
) -> Tensor:
    """Return a picture's first noise, (C, h, w) float32: AUTOMATIC1111's where its random source is the CPU.

    `generator` must come fresh from `seeded`; it is left after exactly one draw of `shape`, whatever the
    options, so that what samplers draw next does not depend on them. `variation_strength` in 0..1 mixes in
    the noise of `variation_seed`. `resize_from` (height and width in latent cells) takes the noise of that
    size and pastes it into the middle, so that a composition survives another size.
    """
    noise = torch.randn(shape, generator=generator)
    inner = noise
    if resize_from is not None and resize_from != shape[1:]:
        inner = torch.randn((shape[0], *resize_from), generator=seeded(generator.initial_seed()))
    if variation_seed is not None and variation_strength > 0:
        inner = slerp(inner, torch.randn(inner.shape, generator=seeded(variation_seed)), variation_strength)
    return inner if inner.shape == noise.shape else _pasted(inner, noise)


def slerp(low: Tensor, high: Tensor, weight: float) -> Tensor:
    """Return the spherical interpolation of two noises (C, h, w), `low` at weight 0 and `high` at 1.

    Shoemake (1985). Each column is turned by its own angle, as AUTOMATIC1111 does, so its variations are met
    exactly; unit variance is kept, which a linear mix would not.
    """
    if weight in (0, 1):
        return (low, high)[int(weight)]
    directions = low / low.norm(dim=1, keepdim=True), high / high.norm(dim=1, keepdim=True)
    cosine = (directions[0] * directions[1]).sum(1, keepdim=True).clamp(-1, 1)
    angle = cosine.acos()
    sine = angle.sin()
    turned = ((1 - weight) * angle).sin() / sine * low + (weight * angle).sin() / sine * high
    return torch.where(cosine.abs() > _PARALLEL, torch.lerp(low, high, weight), turned)


def _pasted(inner: Tensor, outer: Tensor) -> Tensor:
    """Return `outer` with the middle of `inner` in its middle; sides may be smaller or larger."""
    result = outer.clone()
    (from_rows, to_rows), (from_columns, to_columns) = (
        _overlap(inner.shape[axis], outer.shape[axis]) for axis in (1, 2)
    )
    result[:, to_rows, to_columns] = inner[:, from_rows, from_columns]
    return result


def _overlap(inner: int, outer: int) -> tuple[slice, slice]:
    """Return where the middle of `inner` cells is taken, and where it goes among `outer` cells."""
    margin = (outer - inner) // 2
    if margin >= 0:
        return slice(0, inner), slice(margin, margin + inner)
    # AUTOMATIC1111 cuts the same margin from both sides: at an odd difference one cell of `outer` stays as it
    # was.
    kept = inner + 2 * margin
    return slice(-margin, kept - margin), slice(0, kept)


class IndependentNoise:
    """Fresh noise at every call, whatever the interval; what ancestral samplers take."""

    def __init__(self, shape: Sequence[int], generator: torch.Generator, device: torch.device | str = "cpu") -> None:
        """Draw from `generator`, which has already given the picture's first noise."""
        self._shape = tuple(shape)
        self._generator = generator
        self._device = device

    def __call__(self, sigma: float, sigma_next: float) -> Tensor:
        """Return unit-variance normal noise of the picture's shape, float32."""
        return torch.randn(self._shape, generator=self._generator).to(self._device)


class BrownianNoise:
    """Increments of one Brownian motion over sigma, so that overlapping intervals get noise that agrees.

    W(sigma) - W(sigma_next), divided by the square root of the interval, from a virtual Brownian tree (Li et
    al. 2020; torchsde's) as in k-diffusion's `BrownianTreeNoiseSampler`: what is asked, and in which order,
    never changes the path, so a picture changes little when its steps do.
    """

    def __init__(
        self, shape: Sequence[int], seed: int, sigmas: Sequence[float], device: torch.device | str = "cpu"
    ) -> None:
        """Cover the positive levels of `sigmas`; an interval outside them is refused with ValueError."""
        positive = [round(sigma, _DIGITS) for sigma in sigmas if sigma > 0]
        self._low, self._high = min(positive), max(positive)
        self._device = device
        self._tree = None
        if self._low < self._high:
            start = torch.zeros(tuple(shape))
            self._tree = torchsde.BrownianTree(self._low, start, self._high, entropy=seed, tol=10**-_DIGITS)

    def __call__(self, sigma: float, sigma_next: float) -> Tensor:
        """Return unit-variance normal noise of the interval, float32, negated when it is walked upwards."""
        low, high = sorted((round(sigma, _DIGITS), round(sigma_next, _DIGITS)))
        if self._tree is None or not self._low <= low < high <= self._high:
            raise ValueError(f"no Brownian motion over {low}..{high}; it covers {self._low}..{self._high}")
        increment: Tensor = self._tree(low, high)
        scale = math.copysign(1 / math.sqrt(high - low), sigma_next - sigma)
        return (increment * scale).to(self._device)
