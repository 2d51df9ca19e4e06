"""A large picture that is painted tile by tile: where each lies, what it starts from, and how they become one."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from inference.protocol import tiling
from inference.protocol.limits import MAX_SEED
from inference.protocol.recipe import Detail
from inference.vision.tiles import Sheet

#: Of the overlap, on either side: what is painted along a tile's edge, where nothing was seen beyond, is left out.
_LEFT_OUT = 1 / 8


@dataclass(frozen=True)
class Tile:
    """One tile, by where it lies in the whole, in pixels."""

    number: int
    left: int
    top: int
    width: int
    height: int
    #: Width and height of what all tiles cover together.
    whole: tuple[int, int]

    def of(self, cells: Tensor, downscale: int) -> Tensor:
        """Return the tile's part of the latent cells (C, H, W) of the whole."""
        left, top = self.left // downscale, self.top // downscale
        return cells[:, top : top + self.height // downscale, left : left + self.width // downscale]


def tiles_of(recipe: Detail) -> list[Tile]:
    """Return the tiles of a picture, row by row."""
    whole = tiling.padded(recipe.full_width), tiling.padded(recipe.full_height)
    places = [(left, top) for top in recipe.rows for left in recipe.columns]
    return [Tile(number, left, top, recipe.width, recipe.height, whole) for number, (left, top) in enumerate(places)]


def seed_of(recipe: Detail, tile: Tile) -> int:
    """Return the seed of what a sampler draws for one tile; no two tiles have the same."""
    digest = hashlib.sha256(f"{recipe.seed} {tile.number}".encode()).digest()
    return int.from_bytes(digest[:8], "big") & MAX_SEED


def enlarged(picture: Image.Image, recipe: Detail, tile: Tile) -> Image.Image:
    """Return a tile's part of an RGB picture that is brought to the recipe's full size by Lanczos's filter.

    The same pixels as those of the whole enlarged at once, which therefore need not be held. What lies beyond the
    whole is filled with its outermost pixels.
    """
    right = min(tile.left + tile.width, recipe.full_width)
    bottom = min(tile.top + tile.height, recipe.full_height)
    across, down = picture.width / recipe.full_width, picture.height / recipe.full_height
    box = (tile.left * across, tile.top * down, min(right * across, picture.width), min(bottom * down, picture.height))
    part = picture.resize((right - tile.left, bottom - tile.top), Image.Resampling.LANCZOS, box=box)
    if part.size == (tile.width, tile.height):
        return part
    beyond = ((0, tile.height - part.height), (0, tile.width - part.width), (0, 0))
    return Image.fromarray(np.pad(np.asarray(part), beyond, mode="edge"))


def shares(starts: tuple[int, ...], side: int, overlap: int) -> list[NDArray[np.float32]]:
    """Return each tile's share of its own pixels along one axis, (side,) in 0..1; at each place they add up to 1."""
    inner = max(1.0, overlap * (1 - 2 * _LEFT_OUT))
    places = np.arange(side, dtype=np.float64) + 0.5
    rising = np.clip((places - overlap * _LEFT_OUT) / inner, 0, 1) if overlap else np.ones(side)
    profiles = [
        (rising if index > 0 else 1) * (rising[::-1] if index + 1 < len(starts) else 1) * np.ones(side)
        for index in range(len(starts))
    ]
    total = np.zeros(starts[-1] + side)
    for start, profile in zip(starts, profiles, strict=True):
        total[start : start + side] += profile
    return [
        (profile / total[start : start + side]).astype(np.float32)
        for start, profile in zip(starts, profiles, strict=True)
    ]


class Mosaic:
    """The tiles of one picture that are done. Decoded in their order, so that only a band is held in full precision."""

    def __init__(self, recipe: Detail, steps: int) -> None:
        self._recipe = recipe
        self._tiles = tiles_of(recipe)
        self._across = shares(recipe.columns, recipe.width, recipe.overlap)
        self._down = shares(recipe.rows, recipe.height, recipe.overlap)
        #: Made when the first tile is laid down: several pictures may wait, and it takes 3 bytes a pixel.
        self._sheet: Sheet | None = None
        #: Shape: (C, h, w). The first noise of the whole, once a tile has begun.
        self.noise: Tensor | None = None
        self._laid = 0
        self._painted: dict[int, Tensor] = {}
        #: Steps of all tiles, done and in all.
        self.step = 0
        self.steps = steps * len(self._tiles)

    def take(self, tile: Tile, latents: Tensor) -> None:
        """Keep a tile's finished latents (C, h, w) until it is laid down."""
        self._painted[tile.number] = latents

    def next(self) -> Tensor | None:
        """Return the latents of the tile to be decoded and laid down next; None while it is still being painted."""
        return self._painted.get(self._laid)

    def lay(self, pixels: NDArray[np.float32]) -> None:
        """Lay down what the latents that `next` gave are decoded to, (h, w, 3) in about -1..1."""
        if self._sheet is None:
            self._sheet = Sheet(*self._tiles[0].whole)
        del self._painted[self._laid]
        row, column = divmod(self._laid, len(self._across))
        tile = self._tiles[self._laid]
        values = (np.clip(pixels, -1, 1) + 1) / np.float32(2)
        self._sheet.add(tile.left, tile.top, values, self._across[column], self._down[row])
        self._laid += 1
        if self.is_whole:
            self.noise = None

    @property
    def is_whole(self) -> bool:
        """Tell whether every tile is laid down."""
        return self._laid == len(self._tiles)

    def result(self) -> NDArray[np.uint8]:
        """Return the whole picture (H, W, 3), once it is whole."""
        if self._sheet is None:
            raise ValueError("no tile is laid down")
        return self._sheet.result()[: self._recipe.full_height, : self._recipe.full_width]
