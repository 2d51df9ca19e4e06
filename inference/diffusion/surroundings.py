"""What lies around a picture that is continued beyond its sides: a first filling, and the mask of what is painted."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from inference.protocol.recipe import Outpaint

#: Of the widest side that is added: how far the colours along the source's sides run into each other.
_BLUR_SHARE = 0.25


def surrounded(source: Image.Image, recipe: Outpaint) -> Image.Image:
    """Return the whole canvas: the source, RGB of the recipe's inner size, and around it its outermost pixels, blurred.

    Its latents are like those of a picture; flat grey would give others, and seams beside the source.
    """
    sides = ((recipe.top, recipe.bottom), (recipe.left, recipe.right), (0, 0))
    canvas = Image.fromarray(np.pad(np.asarray(source), sides, mode="edge"))
    widest = max(recipe.left, recipe.right, recipe.top, recipe.bottom)
    canvas = canvas.filter(ImageFilter.GaussianBlur(widest * _BLUR_SHARE))
    canvas.paste(source, (recipe.left, recipe.top))
    return canvas


def added(recipe: Outpaint) -> NDArray[np.float32]:
    """Return the mask (H, W) of what is painted anew, in 0..1: 1 where there was nothing, falling to 0 in the source.

    It reaches 0 after `mask_blur` pixels from each side that is continued; sides that are not are kept to their edge.
    """
    across = _profile(recipe.width, recipe.left, recipe.right, recipe.mask_blur)
    down = _profile(recipe.height, recipe.top, recipe.bottom, recipe.mask_blur)
    return np.maximum(across[None], down[:, None])


def _profile(length: int, before: int, after: int, blur: int) -> NDArray[np.float32]:
    """Return one row of the mask: 1 in what is added before and after, straight slopes towards what is kept."""
    mask = np.zeros(length, np.float32)
    slope = 1 - np.arange(1, blur + 1, dtype=np.float32) / np.float32(blur + 1)
    slope = slope[: length - before - after]
    if before:
        mask[:before] = 1
        mask[before : before + len(slope)] = slope
    if after:
        mask[length - after :] = 1
        inward = mask[: length - after][::-1]
        inward[: len(slope)] = np.maximum(inward[: len(slope)], slope)
    return mask
