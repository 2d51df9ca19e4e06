"""Pictures made small enough for Discord's upload limit, as little as it takes."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import discord
from PIL import Image

from inference.protocol.recipe import AnyRecipe, Upscale, diffusion_of

#: What an interaction may upload where Discord does not say; servers with boosts may more.
DEFAULT_LIMIT = 10 * 2**20
#: Kept free for the rest of the request.
_MARGIN = 64 * 1024
#: The least that is tried; below this a picture is not worth sending.
_LEAST_SIDE = 64


@dataclass(frozen=True)
class Fitted:
    """Pictures as they are sent."""

    files: tuple[tuple[str, bytes], ...]
    #: How far down the ladder: 0 is what was painted.
    rung: int

    @property
    def reduced(self) -> bool:
        """Tell whether these are not what was painted, but smaller."""
        return self.rung > 0


Rung = tuple[str, Callable[[bytes], bytes]]


def _webp(lossless: bool, quality: int) -> Callable[[bytes], bytes]:
    return lambda data: _encoded(data, "WEBP", lossless=lossless, quality=quality, method=4)


def _jpeg(quality: int, divisor: int = 1) -> Callable[[bytes], bytes]:
    return lambda data: _encoded(data, "JPEG", divisor, quality=quality, optimize=True)


def _encoded(data: bytes, form: str, divisor: int = 1, **options: object) -> bytes:
    with Image.open(io.BytesIO(data)) as image:
        picture = image.convert("RGB")
    if divisor > 1:
        sides = [max(_LEAST_SIDE, side // divisor) for side in picture.size]
        picture = picture.resize((sides[0], sides[1]), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


#: Below the PNG as it was painted, from the best to the smallest: the name's ending, and how the picture is written.
LADDER: tuple[Rung, ...] = (
    ("webp", _webp(lossless=True, quality=80)),
    ("webp", _webp(lossless=False, quality=92)),
    ("jpg", _jpeg(88)),
    ("jpg", _jpeg(75)),
    ("jpg", _jpeg(75, 2)),
    ("jpg", _jpeg(70, 4)),
)


def fit(
    pictures: Sequence[bytes], stem: str, limit: int = DEFAULT_LIMIT, rung: int = 0, *, together: bool = False
) -> Fitted:
    """Return PNG pictures in the best form, from `rung` on, of which each stays under `limit` bytes.

    After a refusal in spite of the limit, ask again with the next rung, and `together` for pictures that stay under
    the limit as a whole. The last rung is returned however large it is. Slow: to be called in a thread.
    """
    for number in range(min(rung, len(LADDER)), len(LADDER) + 1):
        files = tuple(_file(picture, f"{stem}-{index + 1}", number) for index, picture in enumerate(pictures))
        sizes = [len(data) for _, data in files]
        if (sum(sizes) if together else max(sizes, default=0)) <= limit - _MARGIN:
            break
    return Fitted(files=files, rung=number)


def _file(picture: bytes, name: str, rung: int) -> tuple[str, bytes]:
    if rung == 0:
        return f"{name}.png", picture
    ending, write = LADDER[rung - 1]
    return f"{name}.{ending}", write(picture)


def stem_of(recipe: AnyRecipe) -> str:
    """Return what the file names of a request's pictures begin with."""
    known = diffusion_of(recipe)
    parts = ["easel", *([] if known is None else [str(known.seed)])]
    if isinstance(recipe, Upscale):
        parts.append("faces" if recipe.factor == 1 else f"x{recipe.factor}")
    return "-".join(parts)


def files_of(fitted: Fitted) -> list[discord.File]:
    """Return pictures as discord.py uploads them."""
    return [discord.File(io.BytesIO(data), name) for name, data in fitted.files]
