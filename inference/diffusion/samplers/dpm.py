"""DPM-Solver in the predicted noise: DPM2, its ancestral form, and the fast and adaptive solvers.

Lu et al. (2022), "DPM-Solver", in terms of sigma alone: time is lambda = -log sigma, and the exponential
integrals of a step of h in lambda collapse, sigma_next * (exp(h) - 1) = sigma - sigma_next.
"""

import math
from collections.abc import Generator, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from inference.diffusion.samplers.base import Noise, Sampling, ancestral_levels, euler_step, slope, with_noise
from inference.diffusion.samplers.euler import CALM, Churn

#: Attempts after which `dpm_adaptive` accepts whatever error it has, so that it always ends.
_MAX_ATTEMPTS = 1000


def dpm2(x: Tensor, sigmas: Sequence[float], noise: Noise, *, churn: Churn = CALM) -> Sampling:
    """DPM-Solver-2, midpoint halfway in lambda: Lu et al. (2022), algorithm 1; k-diffusion's `sample_dpm_2`.

    Churn is that of Karras et al. (2022), algorithm 2. Two evaluations a step, one in the last.
    """
    for sigma, sigma_next in pairwise(sigmas):
        x, sigma = churn.raise_noise(x, sigma, len(sigmas) - 1, noise)
        x = yield from _midpoint_step(x, sigma, sigma_next)
    return x


def dpm2_a(x: Tensor, sigmas: Sequence[float], noise: Noise, *, eta: float = 1.0, s_noise: float = 1.0) -> Sampling:
    """Ancestral sampling with the steps of `dpm2`: k-diffusion's `sample_dpm_2_ancestral`."""
    for sigma, sigma_next in pairwise(sigmas):
        down, up = ancestral_levels(sigma, sigma_next, eta)
        x = yield from _midpoint_step(x, sigma, down)
        x = with_noise(x, noise, sigma, sigma_next, up * s_noise)
    return x


def dpm_fast(x: Tensor, sigmas: Sequence[float], noise: Noise, *, eta: float = 0.0, s_noise: float = 1.0) -> Sampling:
    """DPM-Solver-fast: Lu et al. (2022); k-diffusion's `sample_dpm_fast`.

    Asks the model once for each step of `sigmas`, but takes only its ends: third-order steps equal in lambda
    from the first level to the last positive one. At that level it stops, as k-diffusion does.
    """
    start, end, budget = sigmas[0], _last_positive(sigmas), len(sigmas) - 1
    if start == end:
        return (yield x, start)
    orders = _fast_orders(budget)
    levels = [start * (end / start) ** (i / len(orders)) for i in range(len(orders))] + [end]
    for order, (sigma, sigma_next) in zip(orders, pairwise(levels), strict=True):
        down, up = _bounded_levels(sigma, sigma_next, end, eta)
        if order == 1:
            x = euler_step(x, (yield x, sigma), sigma, down)
        elif order == 2:
            x = yield from _midpoint_step(x, sigma, down)
        else:
            d = slope(x, (yield x, sigma), sigma)
            _, x = yield from _second_and_third_order(x, d, sigma, down)
        x = with_noise(x, noise, sigma, sigma_next, up * s_noise)
    return x


def dpm_adaptive(
    x: Tensor,
    sigmas: Sequence[float],
    noise: Noise,
    *,
    eta: float = 0.0,
    s_noise: float = 1.0,
    rtol: float = 0.05,
    atol: float = 0.0078,
    first_step: float = 0.05,
    accept_safety: float = 0.81,
) -> Sampling:
    """DPM-Solver-23 with an adaptive step: Lu et al. (2022), appendix C; k-diffusion's `sample_dpm_adaptive`.

    Takes only the ends of `sigmas`, from the first to the last positive level; the errors decide how many
    steps are taken. `rtol` and `atol` bound a step's error relative to x and absolutely, `first_step` is in
    lambda.
    """
    sigma, end = sigmas[0], _last_positive(sigmas)
    if sigma == end:
        return (yield x, sigma)
    h, power = first_step, 1 / (1.5 if eta else 3)
    previous = x
    d: Tensor | None = None
    for attempt in range(_MAX_ATTEMPTS + 1):
        sigma_next = max(end, sigma * math.exp(-h)) if attempt < _MAX_ATTEMPTS else end
        down, up = _bounded_levels(sigma, sigma_next, end, eta)
        if d is None:
            d = slope(x, (yield x, sigma), sigma)
        low, high = yield from _second_and_third_order(x, d, sigma, down)
        factor = 1 + math.atan((_error(low, high, previous, rtol, atol) + 1e-8) ** -power - 1)
        # A prediction that is not finite makes the factor so too: go on, and let the caller find it in the
        # picture.
        if factor >= accept_safety or not math.isfinite(factor) or attempt == _MAX_ATTEMPTS:
            previous, d = low, None
            x = with_noise(high, noise, sigma, sigma_next, up * s_noise)
            sigma = sigma_next
        if sigma <= end * (1 + 1e-5):
            break
        h = h * factor if math.isfinite(factor) else math.inf
    return x


def _midpoint_step(x: Tensor, sigma: float, sigma_next: float) -> Sampling:
    """Take one step of DPM-Solver-2 by way of the level halfway in lambda; Euler's where it leads to 0."""
    denoised = yield x, sigma
    if sigma_next == 0:
        return euler_step(x, denoised, sigma, sigma_next)
    middle = math.sqrt(sigma * sigma_next)
    x_middle = euler_step(x, denoised, sigma, middle)
    denoised = yield x_middle, middle
    return x.add(slope(x_middle, denoised, middle), alpha=sigma_next - sigma)


def _second_and_third_order(
    x: Tensor, d: Tensor, sigma: float, sigma_next: float
) -> Generator[tuple[Tensor, float], Tensor, tuple[Tensor, Tensor]]:
    """Return x at `sigma_next` by DPM-Solver-2 and by DPM-Solver-3, which share their evaluations.

    Lu et al. (2022), algorithms 1 and 2, with r1 = 1/3 and r2 = 2/3. `d` is the slope at x.
    """
    h = math.log(sigma / sigma_next)
    first, second = sigma * math.exp(-h / 3), sigma * math.exp(-2 * h / 3)
    x_first = x.add(d, alpha=first - sigma)
    denoised = yield x_first, first
    change = slope(x_first, denoised, first) - d
    straight = x.add(d, alpha=sigma_next - sigma)
    low = straight.add(change, alpha=(sigma_next - sigma) * 3 / 2)
    x_second = x.add(d, alpha=second - sigma).add_(change, alpha=-second * 2 * _phi(2 * h / 3))
    denoised = yield x_second, second
    change = slope(x_second, denoised, second) - d
    return low, straight.add(change, alpha=-sigma_next * 3 / 2 * _phi(h))


def _phi(h: float) -> float:
    """Return (exp(h) - 1) / h - 1."""
    return math.expm1(h) / h - 1


def _error(low: Tensor, high: Tensor, previous: Tensor, rtol: float, atol: float) -> float:
    """Return the root mean square of the difference over what is tolerated: Lu et al. (2022), appendix C."""
    tolerated = torch.maximum(low.abs(), previous.abs()).mul_(rtol).clamp_(min=atol)
    return float(((low - high) / tolerated).square().mean().sqrt())


def _bounded_levels(sigma: float, sigma_next: float, end: float, eta: float) -> tuple[float, float]:
    """Return `ancestral_levels`, the lower one held at `end` so that the noise added is less instead."""
    if eta == 0:
        return sigma_next, 0.0
    down = max(ancestral_levels(sigma, sigma_next, eta)[0], end)
    return down, math.sqrt(max(sigma_next**2 - down**2, 0.0))


def _fast_orders(budget: int) -> list[int]:
    """Return the orders of steps that use up `budget` evaluations: Lu et al. (2022), "DPM-Solver-fast"."""
    threes, rest = divmod(budget, 3)
    return [3] * threes + [rest] if rest else [3] * (threes - 1) + [2, 1]


def _last_positive(sigmas: Sequence[float]) -> float:
    return sigmas[-1] or sigmas[-2]
