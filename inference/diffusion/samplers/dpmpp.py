"""DPM-Solver++: single-step, multistep and stochastic solvers in the denoised prediction.

Lu et al. (2022), "DPM-Solver++", in terms of sigma alone: with lambda = -log sigma, a step of h in lambda
shrinks x towards the prediction by exp(-h) = sigma_next / sigma.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from inference.diffusion.samplers.base import Noise, Sampling, ancestral_levels, euler_step, with_noise


def dpmpp_2m(x: Tensor, sigmas: Sequence[float], noise: Noise) -> Sampling:
    """DPM-Solver++(2M): Lu et al. (2022), algorithm 2; k-diffusion's `sample_dpmpp_2m`.

    The step to 0 is Euler's.
    """
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


def dpmpp_2s_a(x: Tensor, sigmas: Sequence[float], noise: Noise, *, eta: float = 1.0, s_noise: float = 1.0) -> Sampling:
    """Ancestral sampling with DPM-Solver++(2S): Lu et al. (2022), algorithm 1 with r = 1/2.

    k-diffusion's `sample_dpmpp_2s_ancestral`. Two evaluations a step, one in the last.
    """
    for sigma, sigma_next in pairwise(sigmas):
        denoised = yield x, sigma
        down, up = ancestral_levels(sigma, sigma_next, eta)
        if down > 0:
            middle = math.sqrt(sigma * down)
            denoised = yield euler_step(x, denoised, sigma, middle), middle
        x = euler_step(x, denoised, sigma, down)
        x = with_noise(x, noise, sigma, sigma_next, up * s_noise)
    return x


def dpmpp_sde(
    x: Tensor,
    sigmas: Sequence[float],
    noise: Noise,
    *,
    eta: float = 1.0,
    s_noise: float = 1.0,
    r: float = 0.5,
) -> Sampling:
    """DPM-Solver++ for the diffusion SDE, single-step: k-diffusion's `sample_dpmpp_sde`.

    `r` places the midpoint in lambda. The noise of the whole step contains that of its first part, so it must
    come from one Brownian motion. Two evaluations a step, one in the last.
    """
    for sigma, sigma_next in pairwise(sigmas):
        denoised = yield x, sigma
        if sigma_next == 0:
            return euler_step(x, denoised, sigma, 0.0)
        middle = sigma * (sigma_next / sigma) ** r
        down, up = ancestral_levels(sigma, middle, eta)
        x_middle = euler_step(x, denoised, sigma, down)
        x_middle = with_noise(x_middle, noise, sigma, middle, up * s_noise)
        denoised_middle = yield x_middle, middle
        down, up = ancestral_levels(sigma, sigma_next, eta)
        x = euler_step(x, torch.lerp(denoised, denoised_middle, 1 / (2 * r)), sigma, down)
        x = with_noise(x, noise, sigma, sigma_next, up * s_noise)
    return x


def dpmpp_2m_sde(
    x: Tensor, sigmas: Sequence[float], noise: Noise, *, eta: float = 1.0, s_noise: float = 1.0
) -> Sampling:
    """SDE-DPM-Solver++(2M), midpoint form: Lu et al. (2022); k-diffusion's `sample_dpmpp_2m_sde`.

    At eta 0 it is `dpmpp_2m`.
    """
    previous: Tensor | None = None
    h_previous = 0.0
    for sigma, sigma_next in pairwise(sigmas):
        denoised = yield x, sigma
        if sigma_next == 0:
            return euler_step(x, denoised, sigma, 0.0)
        h = math.log(sigma / sigma_next)
        target = denoised if previous is None else torch.lerp(denoised, previous, -h / (2 * h_previous))
        x = torch.lerp(target, x, math.exp(-(1 + eta) * h))
        x = with_noise(x, noise, sigma, sigma_next, s_noise * sigma_next * math.sqrt(-math.expm1(-2 * eta * h)))
        previous, h_previous = denoised, h
    return x


def dpmpp_3m_sde(
    x: Tensor, sigmas: Sequence[float], noise: Noise, *, eta: float = 1.0, s_noise: float = 1.0
) -> Sampling:
    """SDE-DPM-Solver++(3M): k-diffusion's `sample_dpmpp_3m_sde`.

    At eta 0 it is DPM-Solver++(3M), Lu et al. (2022), whose derivatives of the prediction in lambda it takes
    from divided differences of the last three.
    """
    history: list[tuple[float, Tensor]] = []
    for sigma, sigma_next in pairwise(sigmas):
        denoised = yield x, sigma
        if sigma_next == 0:
            return euler_step(x, denoised, sigma, 0.0)
        history = [(sigma, denoised), *history[:2]]
        h = math.log(sigma / sigma_next)
        shrink = (1 + eta) * h
        phi_2 = math.expm1(-shrink) / shrink + 1
        phi_3 = phi_2 / shrink - 0.5
        first, second = _derivatives(history, h)
        x = torch.lerp(denoised, x, math.exp(-shrink))
        if first is not None:
            x.add_(first, alpha=phi_2)
        if second is not None:
            x.sub_(second, alpha=phi_3)
        x = with_noise(x, noise, sigma, sigma_next, s_noise * sigma_next * math.sqrt(-math.expm1(-2 * eta * h)))
    return x


def _derivatives(history: Sequence[tuple[float, Tensor]], h: float) -> tuple[Tensor | None, Tensor | None]:
    """Return the prediction's h D' and h**2 D'' / 2 in lambda, or None; `history` has the newest first."""
    if len(history) == 1:
        return None, None
    (sigma, newest), (sigma_1, newer) = history[:2]
    r_0 = math.log(sigma_1 / sigma) / h
    slope_0 = (newest - newer) / r_0
    if len(history) == 2:
        return slope_0, None
    sigma_2, oldest = history[2]
    r_1 = math.log(sigma_2 / sigma_1) / h
    bend = (slope_0 - (newer - oldest) / r_1) / (r_0 + r_1)
    return slope_0.add(bend, alpha=r_0), bend
