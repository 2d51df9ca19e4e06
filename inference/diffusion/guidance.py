"""Classifier-free guidance: from rows of one pass to one prediction a picture."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from inference.families.base import Conditioning, Prediction


@dataclass(frozen=True, eq=False)
class Guidance:
    """What pulls one picture, and how hard."""

    #: Each with its weight: several where AND composes them. A weight is one number, or one a cell: (1, h, w) float32.
    positives: tuple[tuple[Conditioning, float | Tensor], ...]
    #: None where the unconditional row would change nothing: a scale of 1, and one text of weight 1.
    negative: Conditioning | None
    scale: float
    #: Strength of the deviation's restoration (Lin et al. 2023), 0..1.
    rescale: float = 0.0
    #: How hard the picture pulls that an instruction is about; 1 needs no row that does not see it.
    image_scale: float = 1.0

    @property
    def _has_blind_row(self) -> bool:
        return self.image_scale != 1 and self.negative is not None

    @property
    def rows(self) -> tuple[Conditioning, ...]:
        """Return the rows that this picture needs in a pass: blind and unconditional, unconditional, conditional."""
        positives = tuple(conditioning for conditioning, _ in self.positives)
        if self.negative is None:
            return positives
        return (self.negative, self.negative, *positives) if self._has_blind_row else (self.negative, *positives)

    def seen(self, concat: Tensor) -> Tensor:
        """Return what each row sees beside the latents, (rows, C, h, w), of (C, h, w): the blind row sees nothing."""
        each = concat.expand(len(self.rows), *concat.shape)
        return torch.cat([torch.zeros_like(each[:1]), each[1:]]) if self._has_blind_row else each

    def combine(self, x: Tensor, sigma: float, denoised: Tensor, prediction: Prediction) -> Tensor:
        """Return the guided clean latents (C, h, w) from the rows' predictions (rows, C, h, w).

        Ho and Salimans (2022), equation 6, and for several texts Liu et al. (2022), equation 11, which hold for clean
        latents as for noise since both are affine in each other; for a picture too Brooks et al. (2023), equation 3.
        """
        if self.negative is None:
            return denoised[0]
        blind, denoised = (denoised[0], denoised[1:]) if self._has_blind_row else (None, denoised)
        unconditional, *each = denoised.unbind(0)
        conditional = self._composed(unconditional, each)
        guided = torch.lerp(unconditional, conditional, self.scale)
        if blind is not None:
            guided = guided + (self.image_scale - 1) * (unconditional - blind)
        if not self.rescale:
            return guided
        return self._restore_deviation(x, sigma, guided, conditional, prediction)

    def _composed(self, unconditional: Tensor, each: Sequence[Tensor]) -> Tensor:
        """Return one conditional prediction of all texts: each pulls away from the unconditional one by its weight."""
        weights = [weight for _, weight in self.positives]
        if len(weights) == 1 and not isinstance(weights[0], Tensor) and weights[0] == 1:
            return each[0]
        pulls = [weight * (one - unconditional) for weight, one in zip(weights, each, strict=True)]
        return unconditional + torch.stack(pulls).sum(0)

    def _restore_deviation(
        self, x: Tensor, sigma: float, guided: Tensor, conditional: Tensor, prediction: Prediction
    ) -> Tensor:
        """Scale the guided network output to the conditional one's deviation: Lin et al. (2023), equations 15, 16."""
        raw = _output(x, sigma, guided, prediction)
        target = _output(x, sigma, conditional, prediction).std() / raw.std()
        raw = torch.lerp(raw, raw * target, self.rescale)
        return _clean(x, sigma, raw, prediction)


def _output(x: Tensor, sigma: float, clean: Tensor, prediction: Prediction) -> Tensor:
    if prediction == "epsilon":
        return (x - clean) / sigma
    squared = sigma * sigma + 1
    return (x / squared - clean) * (squared**0.5 / sigma)


def _clean(x: Tensor, sigma: float, output: Tensor, prediction: Prediction) -> Tensor:
    if prediction == "epsilon":
        return x - sigma * output
    squared = sigma * sigma + 1
    return x / squared - output * (sigma / squared**0.5)
