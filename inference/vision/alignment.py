"""How a face is brought to the place and size that networks were trained on, and put back.

Places are complex numbers in pixels, x + y·i, from a picture's upper left corner; the middle of the first pixel is at
0.5 + 0.5i.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.vision.networks import FACE_SIDE

#: Where the left and the right eye are in the pictures of FFHQ, aligned at 512x512, on which all networks were trained.
EYES = (193.5 + 240.4j, 319.4 + 240.7j)
#: The ellipse that is put back: its middle, half its width and half its height. It holds the face from brow to chin.
_MIDDLE = 256 + 274j
_RADII = (175.0, 220.0)
#: Up to this part of the radius the restored face shows in full; from there it passes into the picture.
_FULL = 0.72
#: Pixels around what is sampled, which the filter reaches.
_REACH = 3
#: Rows that are put back at a time, so that a large face takes little memory.
_BAND = 512


@dataclass(frozen=True)
class Similarity:
    """A turn, a scale and a shift: `place * turn + shift`."""

    turn: complex
    shift: complex

    def __call__(self, place: complex) -> complex:
        """Return where a place goes."""
        return place * self.turn + self.shift

    @property
    def scale(self) -> float:
        """Return how many times as long lines become."""
        return abs(self.turn)

    def inverse(self) -> "Similarity":
        """Return the way back."""
        return Similarity(1 / self.turn, -self.shift / self.turn)

    def then(self, other: "Similarity") -> "Similarity":
        """Return this way and `other` after it, in one."""
        return Similarity(self.turn * other.turn, other(self.shift))


def between(here: tuple[complex, complex], there: tuple[complex, complex]) -> Similarity:
    """Return the way that brings two places to two others."""
    turn = (there[1] - there[0]) / (here[1] - here[0])
    return Similarity(turn, there[0] - here[0] * turn)


def from_face(eyes: tuple[complex, complex], factor: int = 1) -> Similarity:
    """Return the way from an aligned face to a picture made `factor` times as large from one with its eyes there."""
    return between(EYES, eyes).then(Similarity(complex(factor), 0j))


def aligned(pixels: NDArray[np.uint8], eyes: tuple[complex, complex]) -> NDArray[np.uint8]:
    """Return the face (512, 512, 3) of a picture (H, W, 3); beyond the picture's sides, these go on."""
    return sampled(pixels, from_face(eyes), FACE_SIDE, FACE_SIDE)


def sampled(pixels: NDArray[np.uint8], way: Similarity, width: int, height: int) -> NDArray[np.uint8]:
    """Return a picture (height, width, …) that shows at each place what `pixels` (H, W, …) has where `way` leads.

    What becomes smaller is averaged first, so that nothing is lost between the samples.
    """
    reduced = max(1.0, way.scale)
    corners = [way(complex(x, y)) for x in (0, width) for y in (0, height)]
    left, right = _span([corner.real for corner in corners], reduced, pixels.shape[1])
    top, bottom = _span([corner.imag for corner in corners], reduced, pixels.shape[0])
    part = _reduced(pixels[top:bottom, left:right], reduced)
    to_part = way.then(Similarity(1 + 0j, -complex(left, top))).then(Similarity(1 / complex(reduced), 0j))
    # Around the part, its sides go on as far as the samples reach.
    margins = [to_part(complex(x, y)) for x in (0, width) for y in (0, height)]
    rows, first_row = _indices([margin.imag for margin in margins], part.shape[0])
    columns, first_column = _indices([margin.real for margin in margins], part.shape[1])
    whole = part[rows][:, columns]
    last = to_part.then(Similarity(1 + 0j, -complex(first_column, first_row)))
    turn, shift = last.turn, last.shift
    numbers = (turn.real, -turn.imag, shift.real, turn.imag, turn.real, shift.imag)

    def channel(values: NDArray[np.uint8]) -> NDArray[np.float32]:
        # As floating-point numbers: Pillow cuts what it makes of bytes, so that pictures would grow darker.
        picture = Image.fromarray(values.astype(np.float32))
        sampling = picture.transform((width, height), Image.Transform.AFFINE, numbers, Image.Resampling.BICUBIC)
        return np.asarray(sampling)

    if whole.ndim == 2:
        result = channel(whole)
    else:
        result = np.stack([channel(whole[..., index]) for index in range(whole.shape[2])], axis=-1)
    return np.rint(np.clip(result, 0, 255)).astype(np.uint8)


def _reduced(pixels: NDArray[np.uint8], times: float) -> NDArray[np.uint8]:
    """Return pixels that many times as small; what is less than one of those at the right and below is dropped."""
    if times == 1:
        return pixels
    height, width = pixels.shape[:2]
    wide, high = max(1, int(width / times)), max(1, int(height / times))
    box = (0.0, 0.0, min(width, wide * times), min(height, high * times))
    return np.asarray(Image.fromarray(pixels).resize((wide, high), Image.Resampling.LANCZOS, box))


def _span(places: list[float], reduced: float, length: int) -> tuple[int, int]:
    """Return the begin and end of what is needed along one axis, within the picture and never empty."""
    reach = math.ceil(_REACH * reduced)
    begin = min(max(0, math.floor(min(places)) - reach), length - 1)
    return begin, max(begin + 1, min(length, math.ceil(max(places)) + reach))


def _indices(places: list[float], length: int) -> tuple[NDArray[np.intp], int]:
    """Return which rows or columns of a part are wanted, the outermost repeated, and the number of the first."""
    first, last = math.floor(min(places)) - _REACH, math.ceil(max(places)) + _REACH
    return np.clip(np.arange(first, last), 0, length - 1), first


def put_back(canvas: NDArray[np.uint8], face: NDArray[np.uint8], way: Similarity, strength: float = 1.0) -> None:
    """Put an aligned face (512, 512, 3) into a picture (H, W, 3) where `way` leads, with a soft edge.

    Nothing outside of the ellipse changes. `strength` is how much of the face shows, in 0..1.
    """
    height, width, _ = canvas.shape
    back = way.inverse()
    middle, reach = way(_MIDDLE), way.scale * max(_RADII)
    left, right = max(0, math.floor(middle.real - reach)), min(width, math.ceil(middle.real + reach))
    begin, end = max(0, math.floor(middle.imag - reach)), min(height, math.ceil(middle.imag + reach))
    if left >= right:
        return
    for top in range(begin, end, _BAND):
        bottom = min(top + _BAND, end)
        band = canvas[top:bottom, left:right]
        corner = Similarity(1 + 0j, complex(left, top)).then(back)
        share = strength * _shares(corner, right - left, bottom - top)[..., None]
        restored = sampled(face, corner, right - left, bottom - top)
        band[:] = np.rint(band + share * (restored.astype(np.float32) - band)).astype(np.uint8)


def _shares(way: Similarity, width: int, height: int) -> NDArray[np.float32]:
    """Return how much of the face shows in each pixel (height, width), in 0..1."""
    x = np.arange(width, dtype=np.float32)[None, :] + np.float32(0.5)
    y = np.arange(height, dtype=np.float32)[:, None] + np.float32(0.5)
    across = (x * way.turn.real - y * way.turn.imag + (way.shift - _MIDDLE).real) / _RADII[0]
    down = (x * way.turn.imag + y * way.turn.real + (way.shift - _MIDDLE).imag) / _RADII[1]
    passed = np.clip((1 - np.hypot(across, down)) / (1 - _FULL), 0, 1)
    return (passed * passed * (3 - 2 * passed)).astype(np.float32)
