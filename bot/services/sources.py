"""Pictures that people send: looked at before anything else touches them."""

import io

from PIL import Image, UnidentifiedImageError

from bot.texts import Mistake
from inference.protocol.limits import MAX_IMAGE_BYTES, MAX_IMAGE_PIXELS

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
#: Raised by Pillow before we can look, for more pixels than we take.
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)


def checked(name: str, data: bytes) -> bytes:
    """Return a picture's bytes if it can be painted from. Slow: to be called in a thread.

    Raises Mistake for what is no picture, is damaged, or is too large; sizes are read before pixels are decoded.
    """
    require_bytes(name, len(data))
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            if image.width * image.height > MAX_IMAGE_PIXELS:
                raise _too_large(name)
            image.load()
    except UnidentifiedImageError as error:
        raise Mistake("image_none", name=name) from error
    except _BOMBS as error:
        raise _too_large(name) from error
    except (OSError, ValueError, SyntaxError) as error:
        raise Mistake("image_damaged", name=name) from error
    return data


def require_bytes(name: str, size: int) -> None:
    """Raise Mistake for a file of so many bytes if that is too many; known before it is fetched."""
    if size > MAX_IMAGE_BYTES:
        raise Mistake("image_bytes", name=name, most=MAX_IMAGE_BYTES // 2**20)


def _too_large(name: str) -> Mistake:
    return Mistake("image_pixels", name=name, most=MAX_IMAGE_PIXELS // 10**6)
