"""DPM-Solver++: single-step, multistep and stochastic solvers in the denoised prediction.

Lu et al. (2022), "DPM-Solver++", in terms of sigma alone: with lambda = -log sigma, a step of h in lambda shrinks x
towards the prediction by exp(-h) = sigma_next / sigma.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from inference.diffusion.samplers.base import Noise, Sampling, ancestral_levels, euler_step, with_noise


def dpmpp_2m(x: Tensor, sigmas: Sequence[float], noise: Noise) -> Sampling:
    """DPM-Solver++(2M): Lu et al. (2022), algorithm 2; k-diffusion's `sample_dpmpp_2m`. The last step to 0 is Euler's."""
    previous: Tensor | None = None
    h_previous = 0.0
    for sigma, sigma_next in pairwise(sigmas):
        denoised = yield x, sigma
        target = denoised
        if sigma_next > 0:
            h = math.log(sigma / sigma_next)
            if previous is not None:
                target = torch.lerp(denoised, previous, -h / (2 * h_previous))
            h_previous = h
        x = euler_step(x, target, sigma, sigma_next)
        previous = denoised
    return x
