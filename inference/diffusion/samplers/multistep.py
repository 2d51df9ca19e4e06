"""Linear multistep samplers: they extrapolate the slopes of the steps before, at one evaluation a step."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from torch import Tensor

from inference.diffusion.samplers.base import Noise, Sampling, euler_step, slope

#: Adams-Bashforth coefficients of orders 1 to 4, newest slope first.
_ADAMS_BASHFORTH = (
    (1.0,),
    (3 / 2, -1 / 2),
    (23 / 12, -16 / 12, 5 / 12),
    (55 / 24, -59 / 24, 37 / 24, -9 / 24),
)
#: Eight places in -1..1, and the share of each in an integral.
_PLACES, _SHARES = (values.tolist() for values in np.polynomial.legendre.leggauss(8))


def lms(x: Tensor, sigmas: Sequence[float], noise: Noise, *, order: int = 4) -> Sampling:
    """Adams-Bashforth over unequal steps of sigma: k-diffusion's `sample_lms`."""
    slopes: list[Tensor] = []
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = yield x, sigma
        slopes = [slope(x, denoised, sigma), *slopes[: order - 1]]
        nodes = sigmas[i + 1 - len(slopes) : i + 1][::-1]
        x = _along(x, slopes, _lagrange_integrals(nodes, sigma, sigma_next, lambda _: 1.0))
    return x


def plms(x: Tensor, sigmas: Sequence[float], noise: Noise) -> Sampling:
    """Pseudo linear multistep: Liu et al. (2022), "PNDM"; started by a Heun step as CompVis does.

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
    """DEIS, the log-rho multistep form: Zhang and Chen (2022), with polynomials in log sigma.

    `order` is 1..3; the step to 0, where log sigma ends, is Euler's.
    """
    slopes: list[Tensor] = []
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = yield x, sigma
        if sigma_next == 0:
            return euler_step(x, denoised, sigma, 0.0)
        slopes = [slope(x, denoised, sigma), *slopes[: order - 1]]
        nodes = [math.log(node) for node in sigmas[i + 1 - len(slopes) : i + 1][::-1]]
        # d sigma = exp(u) du, where u = log sigma.
        x = _along(x, slopes, _lagrange_integrals(nodes, nodes[0], math.log(sigma_next), math.exp))
    return x


def _along(x: Tensor, slopes: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    """Return x plus the weighted slopes."""
    for d, weight in zip(slopes, weights, strict=True):
        x = x.add(d, alpha=weight)
    return x


def _lagrange_integrals(
    nodes: Sequence[float], start: float, end: float, weight: Callable[[float], float]
) -> list[float]:
    """Return the integrals over start..end of the Lagrange polynomials of `nodes`, times `weight`.

    Gauss-Legendre quadrature of eight points: exact for polynomials up to degree 15, and to 1e-9 for exp over
    the whole range of log sigma.
    """
    middle, half = (start + end) / 2, (end - start) / 2
    points = [middle + half * place for place in _PLACES]
    weights = [half * share * weight(point) for share, point in zip(_SHARES, points, strict=True)]
    return [
        sum(amount * _lagrange(nodes, j, point) for amount, point in zip(weights, points, strict=True))
        for j in range(len(nodes))
    ]


def _lagrange(nodes: Sequence[float], j: int, point: float) -> float:
    """Return the Lagrange polynomial that is 1 at node `j` and 0 at the others."""
    return math.prod((point - node) / (nodes[j] - node) for k, node in enumerate(nodes) if k != j)
