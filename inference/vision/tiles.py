"""Large pictures in parts: overlapping tiles, and how they are laid together without seams.

What a network makes of a tile's margin differs from what it would make of the whole picture, since it sees nothing
beyond. So neighbours overlap, the outer part of the overlap is dropped, and they pass into each other in its middle.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Source pixels by which neighbours overlap at least.
OVERLAP = 32
#: Source pixels, in the middle of the overlap, in which one tile passes into the next.
FEATHER = 8
#: Tiles begin at multiples of this: networks that take 2x2 pixels or windows as one see them as in the whole.
ALIGNMENT = 16
#: A smaller tile would be all overlap.
LEAST_SIDE = 2 * OVERLAP


@dataclass(frozen=True)
class Tile:
    """A part of the source, in source pixels."""

    left: int
    top: int
    right: int
    bottom: int

    def of(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the tile's part of a picture (H, W, C)."""
        return pixels[self.top : self.bottom, self.left : self.right]


def side_within(budget_bytes: int, bytes_per_pixel: int, most: int) -> int:
    """Return the side of the largest square tile that fits a budget, from LEAST_SIDE to `most`, a multiple of 32."""
    side = math.isqrt(max(0, budget_bytes) // max(1, bytes_per_pixel))
    return max(LEAST_SIDE, min(most, side) // 32 * 32)


def spans(length: int, side: int) -> list[tuple[int, int]]:
    """Return the begin and end of tiles along one axis, OVERLAP or more in common. `side` is a multiple of 32.

    All are of one length; the last has up to ALIGNMENT less, and more in common with the one before.
    """
    if length <= side:
        return [(0, length)]
    last = -((side - length) // ALIGNMENT) * ALIGNMENT
    return [(start, start + side) for start in range(0, last, side - OVERLAP)] + [(last, length)]


class Grid:
    """The tiles that cover a picture."""

    def __init__(self, width: int, height: int, side: int) -> None:
        self.columns = spans(width, side)
        self.rows = spans(height, side)

    def __len__(self) -> int:
        return len(self.columns) * len(self.rows)

    def __iter__(self) -> Iterator[Tile]:
        """Give the tiles row by row."""
        for top, bottom in self.rows:
            for left, right in self.columns:
                yield Tile(left, top, right, bottom)


def shares(all_spans: list[tuple[int, int]], span: tuple[int, int], factor: int) -> NDArray[np.float32]:
    """Return a tile's share of each result pixel along one axis, in 0..1; those of all tiles add up to 1."""
    index = all_spans.index(span)
    start, stop = span
    places = (start + (np.arange((stop - start) * factor) + 0.5) / factor).astype(np.float32)
    share = np.ones_like(places)
    if index > 0:
        share *= _passed(places, all_spans[index - 1][1], start)
    if index + 1 < len(all_spans):
        share *= 1 - _passed(places, stop, all_spans[index + 1][0])
    return share


def _passed(places: NDArray[np.float32], stop: int, start: int) -> NDArray[np.float32]:
    """Return how far the tile that ends at `stop` has passed into the one that begins at `start`."""
    middle = (start + stop) / 2
    return np.clip((places - np.float32(middle)) / FEATHER + 0.5, 0, 1).astype(np.float32)


class Canvas:
    """Puts enlarged tiles together; only the rows at work are held as floating-point numbers."""

    def __init__(self, grid: Grid, factor: int) -> None:
        self._grid = grid
        self._factor = factor
        self._sheet = Sheet(grid.columns[-1][1] * factor, grid.rows[-1][1] * factor)

    def add(self, tile: Tile, pixels: NDArray[np.float32]) -> None:
        """Lay a tile's result (h * factor, w * factor, 3) in 0..1 down. Tiles come in the grid's order."""
        factor = self._factor
        across = shares(self._grid.columns, (tile.left, tile.right), factor)
        down = shares(self._grid.rows, (tile.top, tile.bottom), factor)
        self._sheet.add(tile.left * factor, tile.top * factor, pixels, across, down)

    def result(self) -> NDArray[np.uint8]:
        """Return the whole picture (H, W, 3), once every tile is laid down."""
        return self._sheet.result()


class Sheet:
    """A picture that is put together from weighted parts, from top to bottom."""

    def __init__(self, width: int, height: int) -> None:
        self._pixels = np.zeros((height, width, 3), np.uint8)
        #: Rows that are not final yet, and where they begin.
        self._band = np.zeros((0, width, 3), np.float32)
        self._top = 0

    def add(
        self,
        left: int,
        top: int,
        pixels: NDArray[np.float32],
        across: NDArray[np.float32],
        down: NDArray[np.float32],
    ) -> None:
        """Add pixels (h, w, 3) in 0..1, weighted by column (w,) and by row (h,); no later part begins further up."""
        self._settle(top)
        missing = top + len(down) - self._top - len(self._band)
        if missing > 0:
            self._band = np.concatenate([self._band, np.zeros((missing, *self._band.shape[1:]), np.float32)])
        start = top - self._top
        part = self._band[start : start + len(down), left : left + len(across)]
        part += pixels * (down[:, None, None] * across[None, :, None])

    def result(self) -> NDArray[np.uint8]:
        """Return the whole picture (H, W, 3), once every part is added."""
        self._settle(len(self._pixels))
        return self._pixels

    def _settle(self, top: int) -> None:
        """Round the rows above `top`, to which nothing more will be added."""
        rows = top - self._top
        if rows > 0:
            self._pixels[self._top : top] = np.rint(np.clip(self._band[:rows], 0, 1) * 255).astype(np.uint8)
            self._band = self._band[rows:]
            self._top = top
