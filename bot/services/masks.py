"""Masks of pictures that people send: of a box, of a colour, of what is transparent. White is painted anew.

A mask is as large as the picture that people see, which may be turned by its EXIF data. Slow: for a thread.
"""

import io
import re

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from bot.services.sources import checked
from bot.texts import Mistake

Size = tuple[int, int]
Colour = tuple[int, int, int]

#: Greatest difference of a channel, of 255, at which a pixel still has the colour.
_TOLERANCE = 48
#: Pixels by which a colour's mask grows, so that soft edges are painted anew as well; odd.
_GROWTH = 9


def upright_size(name: str, data: bytes) -> Size:
    """Return the width and height of a picture as people see it. Raises Mistake for what cannot be painted from."""
    return _opened(name, data).size


def box_mask(size: Size, box: tuple[int, int, int, int]) -> bytes:
    """Return the mask of a box: its left and upper corner, its width and height. Raises Mistake for one outside."""
    x, y, width, height = box
    if min(x, y) < 0 or min(width, height) < 1 or x + width > size[0] or y + height > size[1]:
        raise Mistake("mask_box", box=",".join(map(str, box)), width=size[0], height=size[1])
    mask = Image.new("L", size, 0)
    ImageDraw.Draw(mask).rectangle((x, y, x + width - 1, y + height - 1), fill=255)
    return _png(mask)


def colour_mask(name: str, data: bytes, colour: Colour) -> bytes:
    """Return the mask of all that has nearly a colour, grown by a few pixels. Raises Mistake where nothing has it."""
    picture = _opened(name, data).convert("RGB")
    difference = ImageChops.difference(picture, Image.new("RGB", picture.size, colour))
    red, green, blue = difference.split()
    most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    mask = most.point([255 * (value <= _TOLERANCE) for value in range(256)])
    if mask.getbbox() is None:
        raise Mistake("mask_colour_none", colour="#{:02x}{:02x}{:02x}".format(*colour))
    return _png(mask.filter(ImageFilter.MaxFilter(_GROWTH)))


def transparency_mask(name: str, data: bytes) -> bytes | None:
    """Return the mask of what is more transparent than not; None where that is nothing or everything."""
    picture = _opened(name, data)
    if "A" not in picture.getbands() and "transparency" not in picture.info:
        return None
    alpha = picture.convert("RGBA").getchannel("A")
    mask = alpha.point([255 * (value < 128) for value in range(256)])
    return None if mask.getextrema() in ((0, 0), (255, 255)) else _png(mask)


def parse_box(text: str) -> tuple[int, int, int, int]:
    """Return what "10,20,64,48" means: left, top, width and height. Raises Mistake."""
    words = re.split(r"[,;\s]+", text.strip())
    if len(words) != 4 or not all(re.fullmatch(r"\d{1,5}", word) for word in words):
        raise Mistake("mask_no_box", text=text[:80])
    x, y, width, height = map(int, words)
    return x, y, width, height


def parse_colour(text: str) -> Colour:
    """Return what "#rrggbb" means, or "#rgb". Raises Mistake."""
    digits = text.strip().removeprefix("#")
    if not re.fullmatch(r"[0-9a-fA-F]{3}|[0-9a-fA-F]{6}", digits):
        raise Mistake("mask_no_colour", text=text[:80])
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    red, green, blue = bytes.fromhex(digits)
    return red, green, blue


def _opened(name: str, data: bytes) -> Image.Image:
    return ImageOps.exif_transpose(Image.open(io.BytesIO(checked(name, data))))


def _png(mask: Image.Image) -> bytes:
    file = io.BytesIO()
    mask.save(file, "PNG", compress_level=1)
    return file.getvalue()
