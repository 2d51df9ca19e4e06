"""Linear multistep samplers: they extrapolate the slopes of the steps before, at one evaluation a step."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from torch import Tensor

from inference.diffusion.samplers.base import Noise, Sampling, euler_step, slope

#: Adams-Bashforth coefficients of orders 1 to 4, newest slope first: Liu et al. (2022), equation 9 at order 4.
_ADAMS_BASHFORTH = (
    (1.0,),
    (3 / 2, -1 / 2),
    (23 / 12, -16 / 12, 5 / 12),
    (55 / 24, -59 / 24, 37 / 24, -9 / 24),
)


def lms(x: Tensor, sigmas: Sequence[float], noise: Noise, *, order: int = 4) -> Sampling:
    """Adams-Bashforth over unequal steps of sigma: k-diffusion's `sample_lms`; Katherine Crowson's adaptation of PLMS."""
    slopes: list[Tensor] = []
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = yield x, sigma
        slopes = [slope(x, denoised, sigma), *slopes[: order - 1]]
        nodes = sigmas[i + 1 - len(slopes) : i + 1][::-1]
        x = _along(x, slopes, _lagrange_integrals(nodes, sigma, sigma_next))
    return x


def plms(x: Tensor, sigmas: Sequence[float], noise: Noise) -> Sampling:
    """Pseudo linear multistep: Liu et al. (2022), "PNDM", equations 9 and 12, started by a Heun step as CompVis does.

    The coefficients are those of equal steps, whatever the levels. One evaluation a step, two in the first.
    """
    slopes: list[Tensor] = []
    for sigma, sigma_next in pairwise(sigmas):
        denoised = yield x, sigma
        slopes = [slope(x, denoised, sigma), *slopes[:3]]
        if len(slopes) == 1 and sigma_next > 0:
            predicted = euler_step(x, denoised, sigma, sigma_next)
            denoised = yield predicted, sigma_next
            x = x.add(slopes[0] + slope(predicted, denoised, sigma_next), alpha=(sigma_next - sigma) / 2)
            continue
        coefficients = _ADAMS_BASHFORTH[len(slopes) - 1]
        x = _along(x, slopes, [c * (sigma_next - sigma) for c in coefficients])
    return x


def deis(x: Tensor, sigmas: Sequence[float], noise: Noise, *, order: int = 2) -> Sampling:
    """DEIS, the log-rho multistep form: Zhang and Chen (2022), equation 15 with polynomials in log sigma.

    `order` is 1..3; the step to 0, where log sigma ends, is Euler's.
    """
    slopes: list[Tensor] = []
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = yield x, sigma
        if sigma_next == 0:
            return euler_step(x, denoised, sigma, 0.0)
        slopes = [slope(x, denoised, sigma), *slopes[: order - 1]]
        nodes = sigmas[i + 1 - len(slopes) : i + 1][::-1]
        x = _along(x, slopes, _log_lagrange_integrals(nodes, sigma, sigma_next))
    return x


def _along(x: Tensor, slopes: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    """Return x plus the weighted slopes."""
    for d, weight in zip(slopes, weights, strict=True):
        x = x.add(d, alpha=weight)
    return x


def _lagrange_integrals(nodes: Sequence[float], start: float, end: float) -> list[float]:
    """Return the integrals over start..end of the Lagrange polynomials of at most four nodes.

    Two-point Gauss-Legendre quadrature, which is exact up to their degree, 3.
    """
    middle, half = (start + end) / 2, (end - start) / 2
    points = (middle - half / math.sqrt(3), middle + half / math.sqrt(3))
    return [half * sum(_lagrange(nodes, j, point) for point in points) for j in range(len(nodes))]


def _lagrange(nodes: Sequence[float], j: int, point: float) -> float:
    """Return the Lagrange polynomial that is 1 at node `j` and 0 at the others."""
    return math.prod((point - node) / (nodes[j] - node) for k, node in enumerate(nodes) if k != j)


def _log_lagrange_integrals(nodes: Sequence[float], start: float, end: float) -> list[float]:
    """Return the integrals over sigma in start..end of the Lagrange polynomials in log sigma.

    With v = log(sigma / start) the integrand is start * P(v) * exp(v), whose antiderivative is
    start * (P - P' + P'' - ...)(v) * exp(v).
    """
    places = [math.log(node / start) for node in nodes]
    end_place = math.log(end / start)
    integrals = []
    for j, place in enumerate(places):
        others = [other for k, other in enumerate(places) if k != j]
        polynomial = np.poly1d(others, r=True) / math.prod(place - other for other in others)
        antiderivative = derivative = polynomial
        for _ in others:
            derivative = -derivative.deriv()
            antiderivative = antiderivative + derivative
        integrals.append(end * float(antiderivative(end_place)) - start * float(antiderivative(0.0)))
    return integrals
