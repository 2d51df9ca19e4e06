"""UniPC: a predictor-corrector of any order that spends no evaluation on its corrector."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from inference.diffusion.samplers.base import Noise, Sampling, euler_step

#: The function B(h) of the paper: h, or exp(h) - 1.
Variant = Literal["bh1", "bh2"]
#: (sigma, prediction), newest first.
History = list[tuple[float, Tensor]]


def unipc(x: Tensor, sigmas: Sequence[float], noise: Noise, *, order: int = 3, variant: Variant = "bh1") -> Sampling:
    """UniPC in the denoised prediction: Zhao et al. (2023), algorithms 1 (UniC) and 2 (UniP).

    The answer for the predicted x also corrects that x. Orders are lowered at both ends. The defaults are
    AUTOMATIC1111's; diffusers' are order 2 and bh2.
    """
    history: History = []
    start, used = x, 1
    steps = len(sigmas) - 1
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        denoised = yield x, sigma
        if i > 0:
            x = _corrected(start, history[:used], sigma, denoised, variant)
        history = [(sigma, denoised), *history[: order - 1]]
        used = min(order, i + 1, steps - i)
        start = x
        x = _predicted(x, history[:used], sigma_next, variant)
    return x


def _predicted(x: Tensor, history: History, sigma_next: float, variant: Variant) -> Tensor:
    """Return x at `sigma_next`, of the order that `history` is long: UniP."""
    sigma, newest = history[0]
    target = euler_step(x, newest, sigma, sigma_next)
    if len(history) == 1:
        return target
    ratios, matrix, right, scale = _system(history, sigma_next, variant)
    # At order 2 the paper takes 1/2, which its appendix shows to keep the order.
    weights = [0.5] if len(history) == 2 else np.linalg.solve(matrix[:-1, :-1], right[:-1]).tolist()
    return _bent(target, history, ratios, weights, scale)


def _corrected(x: Tensor, history: History, sigma_next: float, answer: Tensor, variant: Variant) -> Tensor:
    """Return x at `sigma_next` anew, now that the prediction there is known: UniC."""
    sigma, newest = history[0]
    target = euler_step(x, newest, sigma, sigma_next)
    ratios, matrix, right, scale = _system(history, sigma_next, variant)
    weights = [0.5] if len(history) == 1 else np.linalg.solve(matrix, right).tolist()
    target = _bent(target, history, ratios, weights[:-1], scale)
    return target.add(answer - newest, alpha=-scale * weights[-1])


def _bent(target: Tensor, history: History, ratios: Sequence[float], weights: Sequence[float], scale: float) -> Tensor:
    """Return the first-order step plus the weighted differences of older predictions to the newest."""
    newest = history[0][1]
    for (_, older), ratio, weight in zip(history[1:], ratios[:-1], weights, strict=True):
        target = target.add(older - newest, alpha=-scale * weight / ratio)
    return target


def _system(
    history: History, sigma_next: float, variant: Variant
) -> tuple[list[float], NDArray[np.float64], NDArray[np.float64], float]:
    """Return the ratios r_k, 1 the last, the matrix R, the right side phi / B(h), and B(h): theorem 3.1."""
    sigma = history[0][0]
    h = -math.log(sigma / sigma_next)
    ratios = [math.log(older / sigma) / h for older, _ in history[1:]] + [1.0]
    scale = h if variant == "bh1" else math.expm1(h)
    matrix = np.array([[ratio**power for ratio in ratios] for power in range(len(ratios))])
    right = []
    phi, factorial = math.expm1(h) / h - 1, 1
    for k in range(1, len(ratios) + 1):
        right.append(phi * factorial / scale)
        factorial *= k + 1
        phi = phi / h - 1 / factorial
    return ratios, matrix, np.array(right), scale
