"""The pictures that the VAE learns from: the world, other colours, and free forms."""

import math
from random import Random

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from torch import Tensor

from inference.sample.world import COLOUR_NAMES, SIDE, Palette, random_scene, render


class Pictures:
    """Draws the world, a fifth of it in random colours, and some free forms, so that uploads survive the VAE."""

    def __init__(self, chance: Random, noise: np.random.Generator) -> None:
        self._chance = chance
        self._noise = noise

    def scenes(self, count: int) -> Tensor:
        """Return scenes (B, 3, 128, 128) in -1..1."""
        return _batched([render(random_scene(self._chance), self._chance) for _ in range(count)])

    def batch(self, count: int, size: int) -> Tensor:
        """Return mixed pictures (B, 3, size, size) in -1..1; smaller ones are cut around an edge."""
        return _batched([self._picture(size) for _ in range(count)])

    def _picture(self, size: int) -> NDArray[np.uint8]:
        turn = self._chance.random()
        if turn >= 0.92:
            return self._cut(self._free_form(), size, None)
        palette = self._random_palette() if turn < 0.22 else None
        scene = random_scene(self._chance, allow_held_out=True)
        picture = render(scene, self._chance, palette) if palette else render(scene, self._chance)
        return self._cut(picture, size, self._edge(picture))

    def _cut(self, picture: NDArray[np.uint8], size: int, around: tuple[int, int] | None) -> NDArray[np.uint8]:
        if size == SIDE:
            return picture
        chance = self._chance
        if around is None:
            y, x = chance.randint(0, SIDE - size), chance.randint(0, SIDE - size)
        else:
            y, x = (place - chance.randint(8, size - 8) for place in around)
        y, x = (min(max(value, 0), SIDE - size) for value in (y, x))
        return picture[y : y + size, x : x + size]

    def _edge(self, picture: NDArray[np.uint8]) -> tuple[int, int] | None:
        steps = np.abs(np.diff(picture.astype(np.int16), axis=1)).sum(-1)
        ys, xs = np.where(steps > 40)
        if not len(ys):
            return None
        index = self._chance.randrange(len(ys))
        return int(ys[index]), int(xs[index])

    def _random_palette(self) -> Palette:
        return {name: self._colour() for name in COLOUR_NAMES}

    def _colour(self) -> tuple[int, int, int]:
        red, green, blue = (self._chance.randint(0, 255) for _ in range(3))
        return red, green, blue

    def _free_form(self) -> NDArray[np.uint8]:
        turn = self._chance.random()
        if turn < 0.4:
            return self._polygons()
        return self._ellipses() if turn < 0.7 else self._clouds()

    def _polygons(self) -> NDArray[np.uint8]:
        chance = self._chance
        angle = chance.uniform(0, 2 * math.pi)
        ys, xs = np.mgrid[0:SIDE, 0:SIDE] / SIDE - 0.5
        ramp = np.clip(xs * math.cos(angle) + ys * math.sin(angle) + 0.5, 0, 1)[..., None]
        low, high = (np.array(self._colour(), np.float32) for _ in range(2))
        image = Image.fromarray((low * (1 - ramp) + high * ramp).astype(np.uint8)).resize((2 * SIDE, 2 * SIDE))
        draw = ImageDraw.Draw(image)
        for _ in range(chance.randint(1, 5)):
            points = [(chance.randint(0, 2 * SIDE), chance.randint(0, 2 * SIDE)) for _ in range(chance.randint(3, 5))]
            if chance.random() < 0.6:
                draw.polygon(points, fill=self._colour())
            else:
                draw.line(points, fill=self._colour(), width=chance.randint(6, 24))
        return np.asarray(image.reduce(2))

    def _ellipses(self) -> NDArray[np.uint8]:
        chance = self._chance
        image = Image.new("RGB", (2 * SIDE, 2 * SIDE), self._colour())
        draw = ImageDraw.Draw(image)
        for _ in range(chance.randint(1, 5)):
            x, y = chance.randint(20, 236), chance.randint(20, 236)
            across, along = chance.randint(14, 90), chance.randint(14, 90)
            fill = self._colour() if chance.random() < 0.6 else None
            box = (x - across, y - along, x + across, y + along)
            draw.ellipse(box, fill=fill, outline=self._colour(), width=chance.randint(6, 20))
        return np.asarray(image.reduce(2))

    def _clouds(self) -> NDArray[np.uint8]:
        cells = self._chance.choice([3, 4, 6, 8])
        colours = self._noise.integers(0, 256, (cells, cells, 3), dtype=np.uint8)
        return np.asarray(Image.fromarray(colours).resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def _batched(pictures: list[NDArray[np.uint8]]) -> Tensor:
    pixels = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float().div_(127.5).sub_(1)
    return pixels.contiguous(memory_format=torch.channels_last)
