"""What all samplers share: their types, and the steps most of them are built from.

A sampler yields `(x, sigma)` when it needs the model and is sent the denoised prediction of the same shape;
its return value is the final x. x is float32, (C, h, w), `x0 + sigma * eps`. `sigmas` has one float more than
there are steps, strictly descending, all positive but the last, which is usually 0.
"""

import math
from collections.abc import Callable, Generator

import torch
from torch import Tensor

#: Yields (x, sigma), is sent the denoised prediction, returns the final x.
Sampling = Generator[tuple[Tensor, float], Tensor, Tensor]
#: Gives unit-variance normal noise of x's shape for the interval from sigma down to sigma_next.
Noise = Callable[[float, float], Tensor]


def euler_step(x: Tensor, denoised: Tensor, sigma: float, sigma_next: float) -> Tensor:
    """Return x at `sigma_next` along the straight line to the prediction.

    Euler's method for dx/dsigma = (x - denoised) / sigma (Karras et al. 2022, equations 1 and 3), written as
    one interpolation: exact at sigma_next = 0. DDIM and DPM-Solver(++)-1 are this same step.
    """
    return torch.lerp(denoised, x, sigma_next / sigma)


def slope(x: Tensor, denoised: Tensor, sigma: float) -> Tensor:
    """Return dx/dsigma, which is the predicted noise: Karras et al. (2022), equations 1 and 3."""
    return (x - denoised) / sigma


def ancestral_levels(sigma: float, sigma_next: float, eta: float) -> tuple[float, float]:
    """Return the level to step down to, and how much noise then leads back up to `sigma_next`.

    Ho et al. (2020), section 3.2, in sigma, scaled by eta as in Song et al. (2020), equation 16;
    k-diffusion's `get_ancestral_step`. down**2 + up**2 = sigma_next**2.
    """
    up = min(sigma_next, eta * sigma_next * math.sqrt(sigma**2 - sigma_next**2) / sigma)
    return math.sqrt(sigma_next**2 - up**2), up


def with_noise(x: Tensor, noise: Noise, sigma: float, sigma_next: float, amount: float) -> Tensor:
    """Return x with `amount` of the interval's noise; none is drawn where the amount is 0."""
    return x.add(noise(sigma, sigma_next), alpha=amount) if amount > 0 else x
