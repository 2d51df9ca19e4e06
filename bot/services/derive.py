"""From a picture's recipe to that of a picture made from it: varied, made again, zoomed out, extended, made square.

Everything here is pure: seeds are drawn, and pictures are kept, by those who ask.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import msgspec

from bot.texts import Mistake
from inference.protocol import tiling
from inference.protocol.limits import (
    MAX_BLENDED,
    MAX_IMAGE_PIXELS,
    MAX_IMAGE_SIDE,
    MAX_MARGIN,
    MAX_PIXELS,
    MAX_SIDE,
    MAX_TILES,
    MIN_SIDE,
    SIDE_MULTIPLE,
)
from inference.protocol.recipe import (
    BaseRecipe,
    Blend,
    ContentHash,
    Detail,
    HiresFix,
    ImageToImage,
    Inpaint,
    Instruct,
    Outpaint,
    Recipe,
    TextToImage,
    Variation,
)

Verb = Literal[
    "vary_subtle",
    "vary_strong",
    "again",
    "zoom_out_1_5",
    "zoom_out_2",
    "extend_left",
    "extend_right",
    "extend_up",
    "extend_down",
    "square",
]
VERBS: tuple[Verb, ...] = get_args(Verb)

#: How much of another seed's noise is mixed into a picture's own. With the sample model, 0.2 keeps subject and
#: background in nearly every picture and 0.6 moves it several times as far; 1 would be another picture.
NOISE_STRENGTHS: Mapping[Verb, float] = {"vary_subtle": 0.2, "vary_strong": 0.6}
#: Denoising strengths for pictures whose noise is not known, chosen for the same two effects.
IMAGE_STRENGTHS: Mapping[Verb, float] = {"vary_subtle": 0.4, "vary_strong": 0.75}
#: Of the second pass that makes a picture larger: less leaves it blurred, since latents are enlarged blurred.
HIRES_STRENGTH = 0.6
#: Of a picture that is painted over at a larger size, where its noise is not known.
LARGER_STRENGTH = 0.4
#: Pixels that neighbouring tiles have in common, where tiles are large enough.
_OVERLAP = 64
#: How many times as wide and as high the view becomes.
ZOOMS: Mapping[Verb, float] = {"zoom_out_1_5": 1.5, "zoom_out_2": 2.0}
#: Share of a side by which a picture is extended to one direction.
EXTENSION = 0.5
_DIRECTIONS: Mapping[Verb, str] = {
    "extend_left": "left",
    "extend_right": "right",
    "extend_up": "top",
    "extend_down": "bottom",
}


@dataclass(frozen=True)
class Start:
    """The picture itself."""

    #: Of its bytes.
    hash: ContentHash
    #: Pixels.
    width: int
    height: int
    #: The recipe paints this very picture; not so where another program made it, or it was changed since.
    exact: bool = True


@dataclass(frozen=True)
class Margins:
    """Pixels that are added on each side: multiples of 8."""

    left: int = 0
    right: int = 0
    top: int = 0
    bottom: int = 0


def derive(recipe: Recipe, verb: Verb, seed: int, start: Start) -> Recipe:
    """Return the recipe of what a verb makes of a picture; prompt, model, sampler and the like stay.

    `seed` is a new one: of the variation, or of the new picture. The recipe may name `start` as its source. Raises
    Mistake where the verb does not apply, and where the result is too large or too small.
    """
    if verb == "again":
        return _again(recipe, seed)
    if verb not in NOISE_STRENGTHS:
        return outpainted(recipe, margins_of(verb, start.width, start.height), seed, start)
    own_noise = start.exact and (start.width, start.height) == size_of(recipe) and recipe.variation is None
    if isinstance(recipe, TextToImage | Instruct) and own_noise:
        return msgspec.structs.replace(recipe, variation=Variation(seed=seed, strength=NOISE_STRENGTHS[verb]))
    return restyled(recipe, IMAGE_STRENGTHS[verb], seed, start)


def applies(recipe: Recipe, verb: Verb) -> bool:
    """Tell whether a verb makes something of the picture that a recipe paints."""
    try:
        derive(recipe, verb, 0, Start(ContentHash("0" * 64), *size_of(recipe)))
    except Mistake:
        return False
    return True


def size_of(recipe: Recipe) -> tuple[int, int]:
    """Return the width and height of the picture that a recipe paints."""
    if isinstance(recipe, Detail):
        return recipe.full_width, recipe.full_height
    if isinstance(recipe, TextToImage) and recipe.hires is not None:
        return recipe.hires.width, recipe.hires.height
    return recipe.width, recipe.height


def outpainted(recipe: Recipe, margins: Margins, seed: int, start: Start) -> Outpaint:
    """Return the recipe that continues a picture beyond its sides. Raises Mistake for sizes that cannot be painted."""
    width, height = whole_size(margins, start.width, start.height)
    fields = _fields(recipe) | {"width": width, "height": height, "seed": seed} | vars(margins)
    return Outpaint(**fields, image=start.hash)


def restyled(recipe: Recipe, strength: float, seed: int, start: Start) -> ImageToImage:
    """Return the recipe that paints a picture over as a whole. Raises Mistake for sizes that cannot be painted."""
    width, height = sides(start.width, start.height)
    fields = _fields(recipe) | {"width": width, "height": height, "seed": seed}
    return ImageToImage(**fields, image=start.hash, strength=strength)


def inpainted(recipe: Recipe, mask: ContentHash, mask_blur: int, seed: int, start: Start) -> Inpaint:
    """Return the recipe that paints a part of a picture anew. Raises Mistake for sizes that cannot be painted."""
    width, height = sides(start.width, start.height)
    fields = _fields(recipe) | {"width": width, "height": height, "seed": seed}
    return Inpaint(**fields, image=start.hash, mask=mask, mask_blur=mask_blur)


def hires(recipe: Recipe, factor: float, seed: int, start: Start) -> Recipe:
    """Return the recipe that paints a picture again at a larger size: with a second pass where its noise is known.

    Otherwise it is painted over, with the new seed. Raises Mistake for sizes that cannot be painted.
    """
    width, height = sides(start.width * factor, start.height * factor)
    own = start.exact and (start.width, start.height) == size_of(recipe)
    if isinstance(recipe, TextToImage) and recipe.hires is None and own:
        second = HiresFix(width=width, height=height, strength=HIRES_STRENGTH)
        return msgspec.structs.replace(recipe, hires=second)
    fields = _fields(recipe) | {"width": width, "height": height, "seed": seed}
    return ImageToImage(**fields, image=start.hash, strength=LARGER_STRENGTH)


def detailed(recipe: Recipe, factor: float, seed: int, start: Start, tile: tuple[int, int]) -> Detail:
    """Return the recipe that makes a picture larger and paints it over in tiles, of `tile` pixels where it is as large.

    Raises Mistake for sizes that cannot be painted.
    """
    full = full_size(factor, start)
    fields = _fields(recipe) | {"seed": seed} | tiled(full, tile)
    return Detail(**fields, image=start.hash)


def full_size(factor: float, start: Start) -> tuple[int, int]:
    """Return the size of a picture that many times as large. Raises Mistake where it is too large or too small."""
    width, height = round(start.width * factor), round(start.height * factor)
    if min(width, height) < MIN_SIDE:
        raise Mistake("edit_too_small", width=width, height=height, least=MIN_SIDE)
    if max(width, height) > MAX_IMAGE_SIDE or width * height > MAX_IMAGE_PIXELS:
        most = round(MAX_IMAGE_PIXELS / 10**6, 1)
        raise Mistake("edit_full_too_large", width=width, height=height, most_side=MAX_IMAGE_SIDE, most=most)
    return width, height


def tiled(full: tuple[int, int], tile: tuple[int, int]) -> dict[str, int]:
    """Return the fields of a Detail of that size, its tiles as large as wished where it is as large. Raises Mistake."""
    width, height = (min(tiling.padded(whole), side) for whole, side in zip(full, sides(*tile), strict=True))
    overlap = min(_OVERLAP, _rounded(min(width, height) / 2))
    across, down = tiling.starts(full[0], width, overlap), tiling.starts(full[1], height, overlap)
    if len(across) * len(down) > MAX_TILES:
        raise Mistake("edit_tiles", count=len(across) * len(down), most=MAX_TILES)
    return {"width": width, "height": height, "full_width": full[0], "full_height": full[1], "overlap": overlap}


def blended(recipe: Recipe, starts: Sequence[Start], seed: int, weights: Sequence[float] = ()) -> Blend:
    """Return the recipe that blends 2 to 4 pictures, with a recipe's words, of its width and height.

    `weights` are one a picture from 0.01 to 1, or none for as much of each. Raises Mistake.
    """
    if not 2 <= len(starts) <= MAX_BLENDED:
        raise Mistake("blend_count", most=MAX_BLENDED)
    if weights and len(weights) != len(starts):
        raise Mistake("blend_weights", count=len(starts))
    if any(not 0.01 <= weight <= 1 for weight in weights):
        raise Mistake("blend_weight")
    images = tuple(start.hash for start in starts)
    return Blend(**_fields(recipe) | {"seed": seed}, images=images, weights=tuple(weights))


def whole_size(margins: Margins, width: int, height: int) -> tuple[int, int]:
    """Return the size of a picture with its margins. Raises Mistake unless it can be painted."""
    width, height = _rounded(width), _rounded(height)
    whole = width + margins.left + margins.right, height + margins.top + margins.bottom
    if not any(vars(margins).values()):
        raise Mistake("edit_nothing_added")
    if max(vars(margins).values()) > MAX_MARGIN:
        raise Mistake("edit_margin", most=MAX_MARGIN)
    _require_sides(width, height)
    return _require_sides(*whole)


def margins_of(verb: Verb, width: int, height: int) -> Margins:
    """Return what a verb adds around a picture of some size. Raises Mistake where that is nothing."""
    if verb in ZOOMS:
        return zoom_margins(ZOOMS[verb], width, height)
    if verb == "square":
        return square_margins(width, height)
    side = _DIRECTIONS[verb]
    length = width if side in ("left", "right") else height
    return Margins(**{side: max(SIDE_MULTIPLE, _rounded(length * EXTENSION))})


def whole_margins(left: int, right: int, top: int, bottom: int) -> Margins:
    """Return margins of multiples of 8, rounded up: at least as much as is asked for."""
    return Margins(*(-(-pixels // SIDE_MULTIPLE) * SIDE_MULTIPLE for pixels in (left, right, top, bottom)))


def zoom_margins(times: float, width: int, height: int) -> Margins:
    """Return what makes the view `times` as wide and as high, the picture in its middle."""
    across, down = (max(SIDE_MULTIPLE, _rounded(_rounded(side) * (times - 1) / 2)) for side in (width, height))
    return Margins(left=across, right=across, top=down, bottom=down)


def square_margins(width: int, height: int) -> Margins:
    """Return what makes a picture square, itself in the middle. Raises Mistake for one that is."""
    missing = _rounded(width) - _rounded(height)
    if not missing:
        raise Mistake("edit_square_already")
    before = _rounded(abs(missing) / 2)
    after = abs(missing) - before
    return Margins(top=before, bottom=after) if missing > 0 else Margins(left=before, right=after)


def words_of(recipe: Recipe) -> TextToImage:
    """Return a recipe without the pictures that it starts from, and without a second pass. Raises Mistake."""
    return TextToImage(**_fields(recipe))


def _again(recipe: Recipe, seed: int) -> Recipe:
    """Return the same with a new seed; of a variation, as for several of a request, that seed is the new one."""
    if recipe.variation is None:
        return msgspec.structs.replace(recipe, seed=seed)
    return msgspec.structs.replace(recipe, variation=Variation(seed=seed, strength=recipe.variation.strength))


def _fields(recipe: Recipe) -> dict[str, Any]:
    """Return what every kind of recipe has, but for what only concerns the first picture's noise.

    Raises Mistake for a recipe whose model can do nothing else.
    """
    if isinstance(recipe, Instruct):
        raise Mistake("edit_instructed")
    fields = {name: getattr(recipe, name) for name in BaseRecipe.__struct_fields__}
    return fields | {"variation": None, "seed_resize_from": None}


def _rounded(length: float) -> int:
    return int(length) // SIDE_MULTIPLE * SIDE_MULTIPLE


def sides(width: float, height: float) -> tuple[int, int]:
    """Return a picture's size as it can be painted: multiples of 8. Raises Mistake."""
    return _require_sides(_rounded(width), _rounded(height))


def _require_sides(width: int, height: int) -> tuple[int, int]:
    if min(width, height) < MIN_SIDE:
        raise Mistake("edit_too_small", width=width, height=height, least=MIN_SIDE)
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise Mistake(
            "edit_too_large", width=width, height=height, most_side=MAX_SIDE, most=round(MAX_PIXELS / 10**6, 1)
        )
    return width, height
