"""Where each text of a regional prompt holds: a share for every latent cell."""

from itertools import accumulate, pairwise

import torch
from torch import Tensor

from inference.protocol.recipe import Regions


def shares(regions: Regions, texts: int, height: int, width: int) -> list[Tensor]:
    """Return for each text its share of every cell, (1, h, w) float32; together they are 1 everywhere.

    A cell that a border cuts belongs to both sides in proportion. With one text more than there are regions the first
    has the share `base` everywhere, and the others what is left.
    """
    total = sum(regions.ratios)
    length = width if regions.direction == "columns" else height
    borders = [0.0, *(length * reached / total for reached in accumulate(regions.ratios))]
    cells = torch.arange(length, dtype=torch.float32)
    lines = [(cells + 1).clamp(max=end) - cells.clamp(min=start) for start, end in pairwise(borders)]
    shape = (1, 1, length) if regions.direction == "columns" else (1, length, 1)
    maps = [line.clamp(min=0).view(shape).expand(1, height, width) for line in lines]
    if texts == len(maps):
        return maps
    everywhere = torch.full((1, height, width), regions.base)
    return [everywhere, *(one * (1 - regions.base) for one in maps)]
