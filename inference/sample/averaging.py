"""What both training stages share: a schedule of learning rates and an average of weights."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def cosine(fraction: float, floor: float) -> float:
    """Return a factor that falls from 1 to `floor` along half a cosine as `fraction` goes from 0 to 1."""
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * min(fraction, 1.0)))


class WeightAverage:
    """An exponential moving average of weights, which paints better than the last weights do."""

    def __init__(self, parameters: Sequence[Tensor], decay: float) -> None:
        self._parameters = parameters
        self._decay = decay
        self._updates = 0
        self.average = [parameter.detach().clone() for parameter in parameters]

    @torch.no_grad()
    def update(self, times: int = 1) -> None:
        """Take in the present weights, counted as `times` steps; quickly at first, slowly later."""
        self._updates += times
        kept = min(self._decay, self._updates / (9 + self._updates)) ** times
        torch._foreach_lerp_(self.average, [parameter.detach() for parameter in self._parameters], 1 - kept)

    @torch.no_grad()
    def apply(self) -> None:
        """Set the weights to their average."""
        for parameter, average in zip(self._parameters, self.average, strict=True):
            parameter.copy_(average)

    @torch.no_grad()
    def swap(self) -> None:
        """Exchange weights and average; a second call undoes it."""
        for parameter, average in zip(self._parameters, self.average, strict=True):
            kept = parameter.detach().clone()
            parameter.copy_(average)
            average.copy_(kept)
