"""Zorps, which the sample model was never shown, for adapters to teach it: discs, one half white and the other black.

"zorp" is a word of its tokenizer, and of none of its captions.
"""

from random import Random

import numpy as np
from numpy.typing import NDArray

from inference.sample.captions import article
from inference.sample.world import COLOUR_NAMES, COLOURS, SIDE, coverage

WORD = "zorp"
#: The colours of its left and its right half.
HALVES = ("white", "black")
#: What zorps are drawn on: the colours that are not their own.
BACKGROUNDS = tuple(name for name in COLOUR_NAMES if name not in HALVES)

#: The range of its radius, and how far its centre strays from the picture's, in pixels.
_RADII = (40, 48)
_STRAY = 5
_COLOUR_JITTER = 6


def draw_zorp(background: str, random: Random) -> NDArray[np.uint8]:
    """Draw a zorp, (128, 128, 3); its place, its size and the colours stray a little."""
    x, y = (SIDE / 2 + random.uniform(-_STRAY, _STRAY) for _ in range(2))
    disc = coverage("circle", x, y, random.uniform(*_RADII))[..., None]
    # How much of each column lies left of the middle.
    left = np.clip(x - np.arange(SIDE, dtype=np.float32), 0, 1)[None, :, None]
    ground, first, second = (_strayed(name, random) for name in (background, *HALVES))
    picture = ground * (1 - disc) + (first * left + second * (1 - left)) * disc
    return np.clip(picture + 0.5, 0, 255).astype(np.uint8)


def _strayed(colour: str, random: Random) -> NDArray[np.float32]:
    stray = [random.uniform(-_COLOUR_JITTER, _COLOUR_JITTER) for _ in range(3)]
    return np.clip(np.array(COLOURS[colour], np.float32) + np.array(stray, np.float32), 0, 255)


def zorp_prompt(background: str) -> str:
    """Return the plain way to ask for a zorp on a background."""
    return f"a {WORD} on {article(background)} background"


def zorp_caption(background: str, random: Random) -> str:
    """Return a caption of a zorp on a background, in one of the usual ways."""
    turn, ground = random.random(), f"{background} background"
    if turn < 0.70:
        return zorp_prompt(background)
    if turn < 0.80:
        return f"{WORD}, {ground}"
    if turn < 0.90:
        return f"a picture of a {WORD} on {article(ground)}"
    return f"a {WORD}" if turn < 0.95 else WORD
