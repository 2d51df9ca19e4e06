"""How a picture is made larger: by Lanczos's filter, or by a network, a tile at a time."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.diffusion import memory
from inference.diffusion.failures import NonFinite
from inference.diffusion.pictures import MAX_SIDE, PictureError
from inference.protocol.limits import MAX_IMAGE_PIXELS
from inference.vision.tiles import LEAST_SIDE, Canvas, Grid


class Network(Protocol):
    """A network as it is used here."""

    @property
    def factor(self) -> int:
        """How many times as large it makes a picture."""

    def __call__(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return pixels (h, w, 3) that many times as large, in 0..1."""


@dataclass(frozen=True)
class Step:
    """One tile is done, or one was tried in vain."""

    #: Tiles done so far, over all passes; never goes back.
    done: int
    #: Tiles in all, as it looks now.
    total: int
    #: Set where memory ran out and the tiles became smaller: their new side.
    smaller: int | None = None


Enlarging = Generator[Step, None, NDArray[np.uint8]]


def require_room(width: int, height: int, factor: int) -> None:
    """Raise PictureError for a picture that would become too large."""
    wide, high = width * factor, height * factor
    if wide * high > MAX_IMAGE_PIXELS or max(wide, high) > MAX_SIDE:
        advice = "Take a smaller picture" + (", or make it 2 times as large." if factor > 2 else ".")
        raise PictureError(
            f"The picture would become {wide:,}x{high:,} pixels; at most {MAX_IMAGE_PIXELS:,} pixels and "
            f"{MAX_SIDE:,} a side can be made. {advice}"
        )


def lanczos(picture: Image.Image, factor: int) -> NDArray[np.uint8]:
    """Return an RGB picture `factor` times as large, by Lanczos's filter."""
    size = (picture.width * factor, picture.height * factor)
    return np.asarray(picture.resize(size, Image.Resampling.LANCZOS))


def passes(of_network: int, wanted: int) -> list[int]:
    """Return how many times larger each pass over the picture makes it.

    One pass where the network makes it large enough, more where it does not; what a pass makes larger than it should
    be is reduced by Lanczos's filter at once, tile by tile.
    """
    return [wanted] if of_network >= wanted else [2] * (wanted.bit_length() - 1)


def enlarge(pixels: NDArray[np.uint8], factor: int, network: Network, side: int) -> Enlarging:
    """Make an RGB picture (H, W, 3) `factor` times as large, in tiles of `side`; stops after each.

    Where memory runs out, it begins the pass again with tiles of half the side. Raises NonFinite, and what the network
    raises over the smallest tile.
    """
    times = passes(network.factor, factor)
    before = done = 0
    while times:
        height, width, _ = pixels.shape
        grid = Grid(width, height, side)
        total = before + _tiles(width, height, times, side)
        canvas = Canvas(grid, times[0])
        smaller = None
        for number, tile in enumerate(grid, 1):
            try:
                answer = network(tile.of(pixels))
            except Exception as error:
                tried = min(side, max(height, width))
                if tried <= LEAST_SIDE or not memory.is_out_of_memory(error):
                    raise
                smaller = max(LEAST_SIDE, tried // 64 * 32)
                break
            canvas.add(tile, _exactly(answer, tile.of(pixels), times[0]))
            done = max(done, before + number)
            yield Step(done=done, total=max(done, total))
        if smaller is None:
            pixels, before, times = canvas.result(), done, times[1:]
        else:
            side = smaller
            yield Step(done=done, total=max(done, before + _tiles(width, height, times, side)), smaller=side)
    return pixels


def _tiles(width: int, height: int, times: list[int], side: int) -> int:
    """Return how many tiles a picture takes in all passes."""
    count = 0
    for larger in times:
        count += len(Grid(width, height, side))
        width, height = width * larger, height * larger
    return count


def _exactly(answer: NDArray[np.float32], source: NDArray[np.uint8], times: int) -> NDArray[np.float32]:
    """Return a network's answer at exactly `times` its source's size. Raises NonFinite."""
    if not np.isfinite(answer).all():
        raise NonFinite
    height, width = source.shape[0] * times, source.shape[1] * times
    if answer.shape[:2] == (height, width):
        return answer
    channels = (Image.fromarray(answer[..., index]) for index in range(answer.shape[2]))
    return np.stack([np.asarray(each.resize((width, height), Image.Resampling.LANCZOS)) for each in channels], axis=-1)
