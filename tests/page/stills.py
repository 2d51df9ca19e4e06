"""Pictures of the page as files: several as one, in few colours, and as one that moves."""

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

#: Of the page's own ground, between two pictures.
_GROUND, _GAP = (49, 51, 56), 4
_COLOURS = 256


def stacked(pictures: Sequence[bytes]) -> bytes:
    """Return PNGs below each other, as a small one."""
    images = [Image.open(io.BytesIO(each)).convert("RGB") for each in pictures]
    height = sum(each.height for each in images) + _GAP * (len(images) - 1)
    whole = Image.new("RGB", (max(each.width for each in images), height), _GROUND)
    top = 0
    for each in images:
        whole.paste(each, ((whole.width - each.width) // 2, top))
        top += each.height + _GAP
    return small(whole)


def small(image: Image.Image) -> bytes:
    """Return a picture as a PNG of few colours."""
    few = image.quantize(_COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    data = io.BytesIO()
    few.save(data, "PNG", optimize=True)
    return data.getvalue()


class Film:
    """A picture that moves: frames of one size, and for how long each is seen."""

    def __init__(self) -> None:
        self._frames: list[bytes] = []
        self._milliseconds: list[int] = []

    def add(self, picture: bytes, milliseconds: int) -> bool:
        """Add a PNG as a frame, and tell whether it was another than the last."""
        if self._frames and picture == self._frames[-1]:
            return False
        self._frames.append(picture)
        self._milliseconds.append(milliseconds)
        return True

    def hold(self, milliseconds: int) -> None:
        """Let the last frame be seen for longer."""
        self._milliseconds[-1] += milliseconds

    def save(self, path: Path) -> None:
        """Write it as a WebP that begins anew at its end."""
        first, *others = (Image.open(io.BytesIO(each)).convert("RGB") for each in self._frames)
        first.save(path, save_all=True, append_images=others, duration=self._milliseconds, loop=0, quality=75, method=4)
