"""Several pictures in one, as latents."""

from collections.abc import Sequence

import torch
from torch import Tensor

#: Of their length, what must be left of mixed pictures for it to say anything.
_LEAST = 1e-3


def blended(latents: Sequence[Tensor], shares: Sequence[float]) -> Tensor:
    """Return latents (C, h, w) between these, by shares that add up to 1.

    Their mean is brought back to the length that they have on average. The mean alone is duller than any of them, since
    what differs cancels out; spherical interpolation gives nearly the same for two, but depends on the order for more.
    A picture blended with itself stays as it is.
    """
    mixed = sum((share * each for share, each in zip(shares, latents, strict=True)), torch.zeros_like(latents[0]))
    length = sum(share * float(each.norm()) for share, each in zip(shares, latents, strict=True))
    found = float(mixed.norm())
    # Opposites, of which nothing is left, have no direction to be brought back in.
    return mixed * (length / found) if found > length * _LEAST else mixed
