"""Pictures as bytes: decoding what people send, fitting it, and writing results with their settings.

Nothing here trusts the bytes: sizes are read from the header before anything is decoded.
"""

import io
import struct
import warnings
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

from inference.protocol.limits import MAX_IMAGE_PIXELS, MAX_IMAGE_SIDE
from inference.protocol.messages import Problem
from inference.protocol.parameters import to_parameters
from inference.protocol.recipe import AnyRecipe, Fit, to_json

#: Formats that are decoded; no other decoder of Pillow's ever sees the bytes.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
#: Keyword of the PNG text that holds the exact recipe.
RECIPE_KEYWORD = "easel-recipe"
PARAMETERS_KEYWORD = "parameters"
MAX_SIDE = MAX_IMAGE_SIDE
#: What Pillow's decoders and its EXIF reader raise over damaged bytes.
_DAMAGED = (OSError, SyntaxError, ValueError, TypeError, KeyError, EOFError, MemoryError, struct.error)
#: zlib's level. For a 1024x1024 photograph, 1 takes 0.2 s and 1.8 MB, the usual 6 takes 0.6 s and 1.6 MB.
_COMPRESSION = 1


class PictureError(ValueError):
    """A picture that cannot be used; the message says why and what to do, in words for a person."""

    def __init__(self, message: str, problem: Problem | None = None) -> None:
        self.problem = problem or Problem(code="damaged")
        super().__init__(message)


def decode_upload(data: bytes, *, max_pixels: int = MAX_IMAGE_PIXELS) -> Image.Image:
    """Return the first frame of a PNG, JPEG, WebP or GIF as RGB, turned upright as its EXIF data says.

    Transparent parts are laid on white. Raises PictureError, for a picture of too many pixels before decoding it.
    """
    return flatten(decode(data, max_pixels=max_pixels))


def flatten(picture: Image.Image) -> Image.Image:
    """Return a picture as RGB, its transparent parts laid on white."""
    if picture.has_transparency_data:
        rgba = picture.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB")
    return picture.convert("RGB")


def decode_mask(data: bytes, size: tuple[int, int], *, max_pixels: int = MAX_IMAGE_PIXELS) -> Image.Image:
    """Return a mask as greyscale, white where it is painted anew. Raises PictureError unless it is of that size.

    A picture whose visible colours are all the same, but that is partly transparent, is read by its transparency:
    the transparent part is painted anew.
    """
    picture = decode(data, max_pixels=max_pixels, of="mask")
    if picture.size != size:
        raise PictureError(
            f"The mask is {_size(picture.size)} pixels, but the picture is {_size(size)}. "
            "Make the mask exactly as large as the picture."
        )
    return as_mask(picture)


def as_mask(picture: Image.Image) -> Image.Image:
    """Return a decoded picture as greyscale, white where it is painted anew, as `decode_mask` does."""
    if picture.has_transparency_data:
        rgba = picture.convert("RGBA")
        alpha = rgba.getchannel("A")
        if min(_range(alpha)) < 255 and len(set(_range(rgba.convert("RGB").convert("L")))) == 1:
            return ImageOps.invert(alpha)
        return Image.composite(rgba.convert("RGB").convert("L"), Image.new("L", picture.size, 0), alpha)
    return picture.convert("RGB").convert("L")


def _range(channel: Image.Image) -> tuple[int, int]:
    """Return the least and the greatest value of a one-channel picture."""
    values = np.asarray(channel)
    return int(values.min()), int(values.max())


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Return 16-bit grey in 8 bits: Pillow's own conversion would cut everything above 255 to white."""
    if not picture.mode.startswith("I"):
        return picture
    grey = Image.fromarray(np.rint(np.asarray(picture, np.float64) / 257).clip(0, 255).astype(np.uint8))
    grey.info.update({key: value for key, value in picture.info.items() if key == "exif"})
    return grey


def decode(
    data: bytes, *, max_pixels: int = MAX_IMAGE_PIXELS, of: Literal["picture", "mask"] = "picture"
) -> Image.Image:
    """Return the first frame of a PNG, JPEG, WebP or GIF, turned upright, in whichever mode. Raises PictureError."""
    try:
        with warnings.catch_warnings():
            # What Pillow thinks of odd EXIF data and palettes is of no use to anybody here.
            warnings.simplefilter("ignore")
            picture = Image.open(io.BytesIO(data), formats=FORMATS)
            _require_size(picture.size, max_pixels, of)
            picture.seek(0)
            picture.load()
            return ImageOps.exif_transpose(_eight_bits(picture))
    except UnidentifiedImageError:
        text = f"The {of} is no file that can be read. Send a PNG, JPEG, WebP or GIF."
        raise PictureError(text, Problem(code="none", of=of)) from None
    except Image.DecompressionBombError:
        text = f"The {of} has more than {max_pixels:,} pixels. Make it smaller first."
        raise PictureError(text, Problem(code="pixels", of=of)) from None
    except _DAMAGED as error:
        if isinstance(error, PictureError):
            raise
        text = f"The {of} is damaged or cut short ({error}). Save it again and send that."
        raise PictureError(text, Problem(code="damaged", of=of)) from None


def _require_size(size: tuple[int, int], max_pixels: int, of: Literal["picture", "mask"]) -> None:
    """Raise PictureError for too many pixels, in all or on a side."""
    width, height = size
    if width * height <= max_pixels and max(size) <= MAX_SIDE:
        return
    if width * height > max_pixels:
        problem = Problem(code="pixels", of=of)
    else:
        problem = Problem(code="side", of=of, values={"width": width, "height": height, "most": MAX_SIDE})
    raise PictureError(
        f"The {of} is {_size(size)} pixels; at most {max_pixels:,} pixels and "
        f"{MAX_SIDE:,} a side can be read. Make it smaller first.",
        problem,
    )


def fit(picture: Image.Image, width: int, height: int, how: Fit) -> Image.Image:
    """Return the picture at width x height: `crop` fills and cuts, `stretch` distorts, `pad` adds borders.

    Borders are grey in a picture, black (kept) in a mask.
    """
    if picture.size == (width, height):
        return picture
    if how == "stretch":
        return picture.resize((width, height), Image.Resampling.LANCZOS)
    if how == "pad":
        grey = 0 if picture.mode == "L" else (128, 128, 128)
        return ImageOps.pad(picture, (width, height), Image.Resampling.LANCZOS, color=grey)
    return ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS)


def to_pixels(picture: Image.Image) -> NDArray[np.float32]:
    """Return an RGB picture as (H, W, 3) float32 in -1..1."""
    return np.asarray(picture, np.float32) / 127.5 - 1


def from_pixels(pixels: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Return pixels in -1..1 as (H, W, 3) uint8: cut to the range, then rounded half to even."""
    return np.rint((np.clip(pixels, -1, 1) + 1) * 127.5).astype(np.uint8)


def encode_png(pixels: NDArray[np.uint8], recipe: AnyRecipe, model_name: str = "", faces_name: str = "") -> bytes:
    """Return a PNG of pixels (H, W, 3) that carries its `parameters` text and its exact recipe before the image data.

    The same pixels and recipe always give the same bytes.
    """
    texts = PngInfo()
    for keyword, text in (
        (PARAMETERS_KEYWORD, to_parameters(recipe, model_name, faces_name)),
        (RECIPE_KEYWORD, to_json(recipe)),
    ):
        if text.isascii():
            texts.add_text(keyword, text)
        else:
            texts.add_itxt(keyword, text)
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG", pnginfo=texts, compress_level=_COMPRESSION)
    return data.getvalue()


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]:,}x{size[1]:,}"
