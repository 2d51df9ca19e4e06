"""Samplers for models distilled to a few steps: LCM and TCD."""

import math
from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor

from inference.diffusion.samplers.base import Noise, Sampling, euler_step, with_noise
from inference.diffusion.sigmas import NoiseTable


def lcm(x: Tensor, sigmas: Sequence[float], noise: Noise) -> Sampling:
    """Multistep consistency sampling: Song et al. (2023), algorithm 1; Luo et al. (2023).

    The boundary weights c_skip and c_out of latent consistency models are left out, as in ComfyUI: with their
    timestep scaling of 10 they differ from 0 and 1 by less than 1e-5 at every timestep they are distilled on.
    """
    for sigma, sigma_next in pairwise(sigmas):
        denoised = yield x, sigma
        x = with_noise(denoised, noise, sigma, sigma_next, sigma_next)
    return x


def tcd(x: Tensor, sigmas: Sequence[float], noise: Noise, *, table: NoiseTable, eta: float = 0.3) -> Sampling:
    """Strategic stochastic sampling of trajectory consistency distillation: Zheng et al. (2024).

    Steps down to the whole timestep below (1 - eta) of the next one, then adds noise back up to it. eta is
    the paper's gamma: 0 is DDIM, 1 nearly LCM.
    """
    for sigma, sigma_next in pairwise(sigmas):
        denoised = yield x, sigma
        if sigma_next == 0:
            return denoised
        down = sigma_next
        if eta > 0:
            # Rounded first: sigma to t and back must not lose a whole timestep to the last bit.
            whole = math.floor(round((1 - eta) * table.t_of(sigma_next), 6))
            down = min(sigma_next, table.sigma_of(whole))
        x = euler_step(x, denoised, sigma, down)
        x = with_noise(x, noise, sigma, sigma_next, math.sqrt(sigma_next**2 - down**2))
    return x
