"""Sizes as people write them: pixels, or a ratio that keeps a model's usual number of pixels."""

import math
import re
from dataclasses import dataclass

from bot.texts import Mistake
from inference.protocol.limits import MAX_SIDE, MIN_SIDE, SIDE_MULTIPLE

#: Ratios that are offered, and the one that means the model's own size is left out.
RATIOS = ("1:1", "3:2", "2:3", "4:3", "3:4", "16:9", "9:16")
#: The text `ratio_range` names it.
_MOST_RATIO = 4.0


@dataclass(frozen=True)
class Ratio:
    """Width to height."""

    width: int
    height: int


@dataclass(frozen=True)
class Pixels:
    """A size in pixels."""

    width: int
    height: int


def parse_size(text: str) -> Pixels | Ratio:
    """Return what "512x768" or "3:2" means. Raises Mistake for anything else."""
    words = text.strip().lower().replace(" ", "")
    if match := re.fullmatch(r"(\d{1,5})[x×*](\d{1,5})", words):
        return Pixels(int(match[1]), int(match[2]))
    if match := re.fullmatch(r"(\d{1,3})[:/](\d{1,3})", words):
        width, height = int(match[1]), int(match[2])
        if width and height and 1 / _MOST_RATIO <= width / height <= _MOST_RATIO:
            return Ratio(width, height)
        raise Mistake("ratio_range", text=text)
    raise Mistake("no_size", text=text)


def pixels_of(size: Pixels | Ratio, usual_width: int, usual_height: int) -> Pixels:
    """Return a size in pixels; a ratio has about as many as the model's usual size."""
    if isinstance(size, Pixels):
        return size
    width = math.sqrt(usual_width * usual_height * size.width / size.height)
    return Pixels(_side(width), _side(width * size.height / size.width))


def _side(length: float) -> int:
    return max(MIN_SIDE, min(MAX_SIDE, round(length / SIDE_MULTIPLE) * SIDE_MULTIPLE))
