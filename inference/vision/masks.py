"""Masks for pictures that people send: of a box, of a colour, of what is transparent, of another picture.

A mask is an "L" picture as large as the picture that people see; white is painted anew.
"""

import math
from typing import Literal

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from inference.diffusion.pictures import PictureError, as_mask, decode, flatten
from inference.protocol.marks import Box, Colour, Drawn, Mark, Part, Transparent
from inference.protocol.messages import Problem

Size = tuple[int, int]

#: Greatest difference of a channel, of 255, at which a pixel still has the colour.
_TOLERANCE = 48
#: Pixels by which a colour's mask grows on each side, so that soft edges are painted anew as well.
_GROWTH = 4
#: How far the ratio of a drawn mask's sides may be from the picture's: what rounding a smaller size leaves.
_SHAPE = 0.01
#: From here on a pixel counts as marked.
_MARKED = 128


def mask_of(mark: Mark, picture: Image.Image) -> Image.Image:
    """Return the mask that a mark means for a decoded picture. Raises PictureError for nothing and for everything."""
    match mark:
        case Transparent():
            mask = transparency_mask(picture)
        case Colour():
            mask = colour_mask(picture, mark)
        case Box():
            mask = box_mask(picture.size, mark)
        case Part():
            mask = part_mask(picture.size, mark)
        case Drawn():
            mask = drawn_mask(mark.data, picture.size)
    marked = sum(mask.histogram()[_MARKED:])
    of: Literal["picture", "mask"] = "mask" if isinstance(mark, Drawn) else "picture"
    if marked == 0:
        raise PictureError("Nothing is marked.", Problem(code="nothing", of=of))
    if marked == mask.width * mask.height:
        raise PictureError("Everything is marked.", Problem(code="everything", of=of))
    return mask


def box_mask(size: Size, box: Box) -> Image.Image:
    """Return the mask of a box. Raises PictureError for one that is not inside the picture."""
    right, bottom = box.left + box.width, box.top + box.height
    if right > size[0] or bottom > size[1]:
        text = f"{box.left},{box.top},{box.width},{box.height}"
        values: dict[str, int | str] = {"box": text, "width": size[0], "height": size[1]}
        raise PictureError(f"The box {text} is not inside the picture.", Problem(code="box", values=values))
    return _rectangle(size, box.left, box.top, right, bottom)


def part_mask(size: Size, part: Part) -> Image.Image:
    """Return the mask of a part of a picture, at least one pixel wide and high."""
    ends = []
    for length, begin, share in ((size[0], part.left, part.width), (size[1], part.top, part.height)):
        first = min(_whole(begin * length), length - 1)
        ends.append((first, min(max(_whole((begin + share) * length), first + 1), length)))
    (left, right), (top, bottom) = ends
    return _rectangle(size, left, top, right, bottom)


def colour_mask(picture: Image.Image, colour: Colour) -> Image.Image:
    """Return the mask of all that has nearly a colour, grown by a few pixels. Raises PictureError where nothing has."""
    wanted = (colour.red, colour.green, colour.blue)
    flat = flatten(picture)
    red, green, blue = ImageChops.difference(flat, Image.new("RGB", flat.size, wanted)).split()
    most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    mask = most.point([255 * (value <= _TOLERANCE) for value in range(256)])
    if mask.getbbox() is None:
        text = "#{:02x}{:02x}{:02x}".format(*wanted)
        raise PictureError(f"Nothing has the colour {text}.", Problem(code="colour", values={"colour": text}))
    return _grown(mask)


def transparency_mask(picture: Image.Image) -> Image.Image:
    """Return the mask of what is more transparent than not."""
    if not picture.has_transparency_data:
        return Image.new("L", picture.size, 0)
    alpha = picture if picture.mode in ("RGBA", "LA") else picture.convert("RGBA")
    return alpha.getchannel("A").point([255 * (value < _MARKED) for value in range(256)])


def drawn_mask(data: bytes, size: Size) -> Image.Image:
    """Return another picture as a mask of that size. Raises PictureError for one of another shape."""
    drawn = decode(data, of="mask")
    if drawn.size == size:
        return as_mask(drawn)
    wide, high = drawn.width * size[1], drawn.height * size[0]
    if abs(wide - high) > _SHAPE * max(wide, high):
        values = {"mask_width": drawn.width, "mask_height": drawn.height, "width": size[0], "height": size[1]}
        raise PictureError("The mask is of another shape.", Problem(code="shape", of="mask", values={**values}))
    return as_mask(drawn).resize(size, Image.Resampling.BILINEAR)


def _grown(mask: Image.Image) -> Image.Image:
    """Return a mask grown by a square. Pillow's own filter would stop every thread, for half a minute at worst."""
    values = np.array(mask)
    for one, other in (((slice(1, None), ...), (slice(-1), ...)), ((..., slice(1, None)), (..., slice(-1)))):
        for _ in range(_GROWTH):
            before = values.copy()
            np.maximum(values[one], before[other], out=values[one])
            np.maximum(values[other], before[one], out=values[other])
    return Image.fromarray(values)


def _rectangle(size: Size, left: int, top: int, right: int, bottom: int) -> Image.Image:
    mask = Image.new("L", size, 0)
    ImageDraw.Draw(mask).rectangle((left, top, right - 1, bottom - 1), fill=255)
    return mask


def _whole(pixels: float) -> int:
    """Return the nearest whole number, halves upwards, so that two halves of a side meet."""
    return math.floor(pixels + 0.5)
