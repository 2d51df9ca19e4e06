"""Pictures made small enough for Discord's upload limit, as little as it takes."""

import io
from collections.abc import Callable, Collection, Sequence
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
#: What the name of a file begins with that Discord hides until somebody clicks.
SPOILER = "SPOILER_"
#: Of a blurred picture: how many colours are left along its longer side, and pixels there.
_BLURRED_COLOURS, _BLURRED_SIDE = 8, 768


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
    pictures: Sequence[bytes],
    stem: str,
    limit: int = DEFAULT_LIMIT,
    rung: int = 0,
    *,
    together: bool = False,
    hidden: Collection[int] = (),
) -> Fitted:
    """Return PNG pictures in the best form, from `rung` on, of which each stays under `limit` bytes.

    After a refusal in spite of the limit, ask again with the next rung, and `together` for pictures that stay under
    the limit as a whole. The last rung is returned however large it is. Those at the places `hidden` are named so that
    Discord hides them. Slow: to be called in a thread.
    """
    for number in range(min(rung, len(LADDER)), len(LADDER) + 1):
        files = tuple(
            _file(picture, f"{SPOILER if index in hidden else ''}{stem}-{index + 1}", number)
            for index, picture in enumerate(pictures)
        )
        sizes = [len(data) for _, data in files]
        if (sum(sizes) if together else max(sizes, default=0)) <= limit - _MARGIN:
            break
    return Fitted(files=files, rung=number)


def _file(picture: bytes, name: str, rung: int) -> tuple[str, bytes]:
    if rung == 0:
        return f"{name}.png", picture
    ending, write = LADDER[rung - 1]
    return f"{name}.{ending}", write(picture)


def blurred(data: bytes) -> bytes:
    """Return a picture in which nothing can be recognised, as a PNG that says nothing of how it was made.

    What it showed cannot be brought back: a handful of colours is all that is left. Slow: to be called in a thread.
    """
    with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
        picture = image.convert("RGB")
    longer = max(picture.size)
    few, many = (
        [max(1, round(side * most / longer)) for side in picture.size] for most in (_BLURRED_COLOURS, _BLURRED_SIDE)
    )
    small = picture.resize((few[0], few[1]), Image.Resampling.BOX)
    file = io.BytesIO()
    small.resize((many[0], many[1]), Image.Resampling.BICUBIC).save(file, "PNG")
    return file.getvalue()


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
