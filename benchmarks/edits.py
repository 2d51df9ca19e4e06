"""What is made of pictures, from variations to blends: painted by the sample model, judged by their pixels."""

import io
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

import numpy as np
from msgspec.structs import replace as replace_fields
from numpy.typing import NDArray
from PIL import Image

from benchmarks.studio import Studio
from bot.services.derive import IMAGE_STRENGTHS, NOISE_STRENGTHS, Start, Verb, blended, derive, detailed, hires
from inference.families.base import DiffusionModel
from inference.protocol.marks import Box
from inference.protocol.recipe import BaseRecipe, ContentHash, Detail, Inpaint, Outpaint, Recipe, TextToImage
from inference.sample.classifier import Seen, colour_name, look
from inference.sample.world import COLOUR_NAMES, SHAPES, SIDE
from inference.vision.masks import box_mask
from storage import content_hash

#: Pictures painted at a time.
_BATCH = 20
#: Where inpainting paints.
_BOX = Box(left=16, top=16, width=96, height=96)
#: Between the pixels of a row that are compared with the background.
_STRIDE = 4

Pixels = NDArray[np.uint8]
Way = Literal["detail", "hires"]


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


@dataclass(frozen=True)
class Enlarged:
    """Pictures painted larger."""

    way: Way
    factor: int
    #: Share of which background, and the subject's colour and shape, are what they were.
    kept: float
    #: Median over the pictures of the mean distance of a channel, 0..255, from the picture enlarged by a filter.
    distance: float
    #: How much larger the steps of the difference to that picture are across tiles' edges than beside; 1 is no seam.
    seam: float | None = None


@dataclass(frozen=True)
class Blended:
    """Pictures of two pictures and a prompt."""

    strength: float
    #: Shares with the wanted colour and with the wanted shape.
    coloured: float
    shaped: float
    #: Mean distance of a channel, 0..255, from the two pictures, and from two others.
    distance: float
    from_others: float


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
    mask = _png(box_mask((SIDE, SIDE), _BOX))
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


def enlarge(
    model: DiffusionModel, pictures: Sequence[Painted], way: Way, factor: int, overlap: int | None = None
) -> Enlarged:
    """Measure what painting each picture over at a larger size does to it; tiles are of the size of the picture.

    `overlap` is that of the tiles, in pixels, where it is not the usual one.
    """
    recipes: list[Recipe] = []
    for index, each in enumerate(pictures):
        if way == "hires":
            recipes.append(hires(each.recipe, factor, 0, each.start))
        else:
            made = detailed(each.recipe, factor, 5000 + index, each.start, (SIDE, SIDE))
            recipes.append(made if overlap is None else replace_fields(made, overlap=overlap))
    after = [pixels_of(data) for data in paint(model, recipes, [each.data for each in pictures])]
    size = (SIDE * factor, SIDE * factor)
    plain = [np.asarray(Image.fromarray(each.pixels).resize(size, Image.Resampling.LANCZOS)) for each in pictures]
    small = [np.asarray(Image.fromarray(each).resize((SIDE, SIDE), Image.Resampling.LANCZOS)) for each in after]
    kept = [_gist(look(each.pixels)) == _gist(look(now)) for each, now in zip(pictures, small, strict=True)]
    changes = [new.astype(np.float32) - old for new, old in zip(after, plain, strict=True)]
    distances = [float(np.abs(change).mean()) for change in changes]
    seams = [_seams(recipe, change) for recipe, change in zip(recipes, changes, strict=True)]
    known = [each for each in seams if each is not None]
    return Enlarged(
        way, factor, statistics.fmean(kept), statistics.median(distances), statistics.median(known) if known else None
    )


def _seams(recipe: Recipe, change: NDArray[np.float32]) -> float | None:
    """Return how much larger the step of a change is across the edges of tiles than across those of cells beside them.

    Wherever one latent cell ends and the next begins, the VAE leaves a faint step of its own.
    """
    if not isinstance(recipe, Detail) or len(recipe.columns) < 2:
        return None
    steps = np.abs(np.diff(change, axis=1)).mean((0, 2))
    edges = [start - 1 for start in recipe.columns[1:]]
    edges += [start + recipe.width - 1 for start in recipe.columns[:-1]]
    beside = [edge + away for edge in edges for away in (-16, -8, 8, 16)]
    return float(steps[edges].mean() / steps[beside].mean())


def blend(model: DiffusionModel, pictures: Sequence[Painted], strength: float) -> Blended:
    """Measure how often two pictures and a prompt of another subject give that subject, and how near to them it is."""
    chance = Random(9)
    count = len(pictures)
    wanted = [_subject(chance) for _ in pictures]
    recipes = []
    for index, (each, want) in enumerate(zip(pictures, wanted, strict=True)):
        like = replace_fields(each.recipe, prompt=_prompt(*want))
        made = blended(like, [each.start, pictures[(index + 1) % count].start], 6000 + index)
        recipes.append(replace_fields(made, strength=strength))
    coloured, shaped, near, far = [], [], [], []
    for index, data in enumerate(paint(model, recipes, [each.data for each in pictures])):
        found = _gist(look(pixels_of(data)))
        coloured.append(found[1] == wanted[index][1])
        shaped.append(found[2] == wanted[index][2])
        apart = [
            float(np.abs(pixels_of(data).astype(float) - pictures[(index + step) % count].pixels).mean())
            for step in range(4)
        ]
        near.append(statistics.fmean(apart[:2]))
        far.append(statistics.fmean(apart[2:]))
    return Blended(
        strength, statistics.fmean(coloured), statistics.fmean(shaped), statistics.fmean(near), statistics.fmean(far)
    )


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


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


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
