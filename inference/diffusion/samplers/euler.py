"""Euler, Euler ancestral, Heun and DDIM."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor

from inference.diffusion.samplers.base import Noise, Sampling, ancestral_levels, euler_step, slope, with_noise


@dataclass(frozen=True)
class Churn:
    """Noise added before a step and removed in it: Karras et al. (2022), algorithm 2 and its four S."""

    amount: float = 0.0
    sigma_min: float = 0.0
    sigma_max: float = math.inf
    noise: float = 1.0

    def raise_noise(self, x: Tensor, sigma: float, steps: int, noise: Noise) -> tuple[Tensor, float]:
        """Return x and its level after lines 4 to 6 of their algorithm 2; both unchanged without churn."""
        if self.amount == 0 or not self.sigma_min <= sigma <= self.sigma_max:
            return x, sigma
        higher = sigma * (1 + min(self.amount / steps, math.sqrt(2) - 1))
        amount = self.noise * math.sqrt(higher**2 - sigma**2)
        return with_noise(x, noise, higher, sigma, amount), higher


#: No noise: the deterministic sampler.
CALM = Churn()


def euler(x: Tensor, sigmas: Sequence[float], noise: Noise, *, churn: Churn = CALM) -> Sampling:
    """Karras et al. (2022), algorithm 2 without its second-order correction; k-diffusion's `sample_euler`."""
    for sigma, sigma_next in pairwise(sigmas):
        x, sigma = churn.raise_noise(x, sigma, len(sigmas) - 1, noise)
        denoised = yield x, sigma
        x = euler_step(x, denoised, sigma, sigma_next)
    return x


def euler_a(x: Tensor, sigmas: Sequence[float], noise: Noise, *, eta: float = 1.0, s_noise: float = 1.0) -> Sampling:
    """Ancestral sampling with Euler steps: k-diffusion's `sample_euler_ancestral`; eta 0 is `euler`."""
    for sigma, sigma_next in pairwise(sigmas):
        denoised = yield x, sigma
        down, up = ancestral_levels(sigma, sigma_next, eta)
        x = euler_step(x, denoised, sigma, down)
        x = with_noise(x, noise, sigma, sigma_next, up * s_noise)
    return x


def ddim(x: Tensor, sigmas: Sequence[float], noise: Noise, *, eta: float = 0.0) -> Sampling:
    """Song et al. (2020), equations 12 and 16.

    Divided by the square root of alphas_cumprod, which turns their x into ours, equation 12 is the ancestral
    Euler step, for every eta; what differs is the default eta and how the first noise is scaled.
    """
    return (yield from euler_a(x, sigmas, noise, eta=eta))


def heun(x: Tensor, sigmas: Sequence[float], noise: Noise, *, churn: Churn = CALM) -> Sampling:
    """Karras et al. (2022), algorithm 2; k-diffusion's `sample_heun`.

    Two evaluations a step, one in the last.
    """
    for sigma, sigma_next in pairwise(sigmas):
        x, sigma = churn.raise_noise(x, sigma, len(sigmas) - 1, noise)
        denoised = yield x, sigma
        predicted = euler_step(x, denoised, sigma, sigma_next)
        if sigma_next == 0:
            return predicted
        first = slope(x, denoised, sigma)
        denoised = yield predicted, sigma_next
        second = slope(predicted, denoised, sigma_next)
        x = x.add(first + second, alpha=(sigma_next - sigma) / 2)
    return x
