"""What variations, inpainting and outpainting do to pictures: painted by the sample model, judged by their pixels."""

import io
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.studio import Studio
from bot.services import masks
from bot.services.derive import IMAGE_STRENGTHS, NOISE_STRENGTHS, Start, Verb, derive
from inference.families.base import DiffusionModel
from inference.protocol.recipe import BaseRecipe, ContentHash, Inpaint, Outpaint, Recipe, TextToImage
from inference.sample.classifier import Seen, colour_name, look
from inference.sample.world import COLOUR_NAMES, SHAPES, SIDE
from storage import content_hash

#: Pictures painted at a time.
_BATCH = 20
#: Where inpainting paints: left, top, width and height.
_BOX = (16, 16, 96, 96)
#: Between the pixels of a row that are compared with the background.
_STRIDE = 4

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Painted:
    """A picture of one subject, and what it was painted from."""

    recipe: TextToImage
    data: bytes

    @property
    def pixels(self) -> Pixels:
        """Return the picture, (H, W, 3)."""
        return pixels_of(self.data)

    @property
    def start(self) -> Start:
        """Return the picture as that which another starts from."""
        return Start(content_hash(self.data), SIDE, SIDE)


@dataclass(frozen=True)
class Varied:
    """Pictures beside their variations."""

    #: "noise", or "picture" where variations start from the picture itself.
    of: str
    #: Noise mixed in, or denoising strength.
    strength: float
    #: Share in which background, and the subject's colour and shape, are what they were.
    kept: float
    #: Median over the pictures of the mean distance of a channel, 0..255.
    distance: float


@dataclass(frozen=True)
class Inpainted:
    """Pictures with another subject painted into their middle."""

    #: Shares with the wanted colour, and with the wanted colour and shape, on the same background.
    coloured: float
    shown: float
    #: Every pixel outside the mask is what it was.
    kept: bool


@dataclass(frozen=True)
class Outpainted:
    """Pictures continued beyond their sides."""

    verb: Verb
    #: Every pixel of the source beyond the overlap is what it was.
    kept: bool
    #: Share of the pictures of which nine tenths of what was added has the background's colour.
    continued: float
    #: Median over the pictures of `seam`.
    seam: float


def paint(model: DiffusionModel, recipes: Sequence[Recipe], sources: Sequence[bytes] = ()) -> list[bytes]:
    """Return the picture of each recipe, painted in batches."""
    images = {content_hash(data): data for data in sources}
    found: list[bytes] = []
    for start in range(0, len(recipes), _BATCH):
        studio = Studio(model, max_rows=2 * _BATCH)
        found += [each.pictures[0].data for each in studio.paint(recipes[start : start + _BATCH], images)]
    return found


def originals(model: DiffusionModel, count: int) -> list[Painted]:
    """Return pictures of one subject each, all different."""
    chance = Random(5)
    recipes = [_recipe(model.hash, seed, *_subject(chance)) for seed in range(count)]
    return [Painted(*pair) for pair in zip(recipes, paint(model, recipes), strict=True)]


def vary(model: DiffusionModel, pictures: Sequence[Painted]) -> Iterator[Varied]:
    """Measure variations, subtle and strong ones, of the noise and of the pictures themselves."""
    before = [each.pixels for each in pictures]
    for of, strengths in (("noise", NOISE_STRENGTHS), ("picture", IMAGE_STRENGTHS)):
        for verb, strength in strengths.items():
            recipes = [
                derive(each.recipe, verb, 7000 + index, replace(each.start, exact=of == "noise"))
                for index, each in enumerate(pictures)
            ]
            after = [pixels_of(data) for data in paint(model, recipes, [each.data for each in pictures])]
            pairs = list(zip(before, after, strict=True))
            kept = [_gist(look(old)) == _gist(look(new)) for old, new in pairs]
            apart = [float(np.abs(old.astype(float) - new).mean()) for old, new in pairs]
            yield Varied(of, strength, statistics.fmean(kept), statistics.median(apart))


def inpaint(model: DiffusionModel, pictures: Sequence[Painted]) -> Inpainted:
    """Measure how often another subject is painted into the middle of each picture, on the background that it has."""
    mask = masks.box_mask((SIDE, SIDE), _BOX)
    outside = pixels_of(mask)[..., 0] == 0
    chance = Random(6)
    coloured, shown, kept = [], [], []
    wanted, recipes = [], []
    for index, each in enumerate(pictures):
        background = look(each.pixels).background
        _, colour, shape = _subject(chance, background)
        wanted.append((background, colour, shape))
        fields = {name: getattr(each.recipe, name) for name in BaseRecipe.__struct_fields__}
        fields |= {"prompt": _prompt(background, colour, shape), "seed": 8000 + index}
        recipes.append(Inpaint(**fields, image=each.start.hash, mask=content_hash(mask)))
    for each, want, data in zip(
        pictures, wanted, paint(model, recipes, [mask, *(each.data for each in pictures)]), strict=True
    ):
        found = _gist(look(pixels_of(data)))
        coloured.append(found[:2] == want[:2])
        shown.append(found == want)
        kept.append(np.array_equal(pixels_of(data)[outside], each.pixels[outside]))
    return Inpainted(statistics.fmean(coloured), statistics.fmean(shown), all(kept))


def outpaint(model: DiffusionModel, pictures: Sequence[Painted], verb: Verb) -> Outpainted:
    """Measure what zooming out, or extending to one side, does to each picture and beside it."""
    recipes = [derive(each.recipe, verb, 9000 + index, each.start) for index, each in enumerate(pictures)]
    kept, continued, seams = [], [], []
    for each, recipe, data in zip(
        pictures, recipes, paint(model, recipes, [each.data for each in pictures]), strict=True
    ):
        if not isinstance(recipe, Outpaint):
            raise TypeError(f"{verb} does not continue a picture")
        before, after = each.pixels, pixels_of(data)
        across, down = _kept(recipe)
        inner = after[recipe.top : recipe.top + SIDE, recipe.left : recipe.left + SIDE]
        kept.append(np.array_equal(inner[down, across], before[down, across]))
        background = look(before).background
        added = after[_is_added(recipe)][::_STRIDE]
        continued.append(statistics.fmean(colour_name(rgb.astype(np.float32)) == background for rgb in added) >= 0.9)
        seams.append(seam(recipe, after))
    return Outpainted(verb, all(kept), statistics.fmean(continued), statistics.median(seams))


def seam(recipe: Outpaint, pixels: Pixels) -> float:
    """Return the mean step of a channel, 0..255, from the source's outermost pixels to those beside them."""
    values = pixels.astype(np.float32)
    rows = slice(recipe.top, recipe.height - recipe.bottom)
    columns = slice(recipe.left, recipe.width - recipe.right)
    lines = [(values[rows, x - 1], values[rows, x]) for x, side in _across(recipe) if side]
    lines += [(values[y - 1, columns], values[y, columns]) for y, side in _down(recipe) if side]
    return float(np.mean(np.concatenate([np.abs(one - other).mean(-1) for one, other in lines])))


def _across(recipe: Outpaint) -> tuple[tuple[int, int], tuple[int, int]]:
    return (recipe.left, recipe.left), (recipe.width - recipe.right, recipe.right)


def _down(recipe: Outpaint) -> tuple[tuple[int, int], tuple[int, int]]:
    return (recipe.top, recipe.top), (recipe.height - recipe.bottom, recipe.bottom)


def _kept(recipe: Outpaint) -> tuple[slice, slice]:
    """Return the columns and the rows of the source that lie beyond the overlap."""
    width, height = recipe.inner
    blur = recipe.mask_blur
    return (
        slice(blur if recipe.left else 0, width - blur if recipe.right else width),
        slice(blur if recipe.top else 0, height - blur if recipe.bottom else height),
    )


def _is_added(recipe: Outpaint) -> NDArray[np.bool_]:
    is_added = np.ones((recipe.height, recipe.width), np.bool_)
    is_added[recipe.top : recipe.height - recipe.bottom, recipe.left : recipe.width - recipe.right] = False
    return is_added


def pixels_of(data: bytes) -> Pixels:
    """Return a picture's pixels, (H, W, 3)."""
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def _gist(seen: Seen) -> tuple[str, str | None, str | None]:
    """Return the background, and the largest subject's colour and shape."""
    if not seen.subjects:
        return seen.background, None, None
    return seen.background, seen.subjects[0].colour, seen.subjects[0].shape


def _subject(chance: Random, background: str | None = None) -> tuple[str, str, str]:
    """Return a background, unless it is given, and the colour and the shape of a subject on it."""
    background = background or chance.choice(COLOUR_NAMES)
    return background, chance.choice([name for name in COLOUR_NAMES if name != background]), chance.choice(SHAPES)


def _prompt(background: str, colour: str, shape: str) -> str:
    return f"a {colour} {shape} on a {background} background"


def _recipe(model: ContentHash, seed: int, background: str, colour: str, shape: str) -> TextToImage:
    return TextToImage(
        prompt=_prompt(background, colour, shape),
        model=model,
        width=SIDE,
        height=SIDE,
        steps=16,
        sampler="dpmpp_2m",
        schedule="karras",
        guidance_scale=5.0,
        seed=seed,
    )
