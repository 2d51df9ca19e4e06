"""From a picture's recipe to that of a picture made from it: varied, made again, zoomed out, extended, made square.

Everything here is pure: seeds are drawn, and pictures are kept, by those who ask.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import msgspec

from bot.texts import Mistake
from inference.protocol.limits import MAX_MARGIN, MAX_PIXELS, MAX_SIDE, MIN_SIDE, SIDE_MULTIPLE
from inference.protocol.recipe import BaseRecipe, ContentHash, ImageToImage, Outpaint, Recipe, TextToImage, Variation

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
    if isinstance(recipe, TextToImage) and own_noise:
        return msgspec.structs.replace(recipe, variation=Variation(seed=seed, strength=NOISE_STRENGTHS[verb]))
    width, height = sides(start.width, start.height)
    fields = _fields(recipe) | {"width": width, "height": height, "seed": seed}
    return ImageToImage(**fields, image=start.hash, strength=IMAGE_STRENGTHS[verb])


def applies(recipe: Recipe, verb: Verb) -> bool:
    """Tell whether a verb makes something of the picture that a recipe paints."""
    try:
        derive(recipe, verb, 0, Start(ContentHash("0" * 64), *size_of(recipe)))
    except Mistake:
        return False
    return True


def size_of(recipe: Recipe) -> tuple[int, int]:
    """Return the width and height of the picture that a recipe paints."""
    if isinstance(recipe, TextToImage) and recipe.hires is not None:
        return recipe.hires.width, recipe.hires.height
    return recipe.width, recipe.height


def outpainted(recipe: Recipe, margins: Margins, seed: int, start: Start) -> Outpaint:
    """Return the recipe that continues a picture beyond its sides. Raises Mistake for sizes that cannot be painted."""
    width, height = whole_size(margins, start.width, start.height)
    fields = _fields(recipe) | {"width": width, "height": height, "seed": seed} | vars(margins)
    return Outpaint(**fields, image=start.hash)


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
    """Return a recipe without the pictures that it starts from, and without a second pass."""
    return TextToImage(**_fields(recipe))


def _again(recipe: Recipe, seed: int) -> Recipe:
    """Return the same with a new seed; of a variation, as for several of a request, that seed is the new one."""
    if recipe.variation is None:
        return msgspec.structs.replace(recipe, seed=seed)
    return msgspec.structs.replace(recipe, variation=Variation(seed=seed, strength=recipe.variation.strength))


def _fields(recipe: Recipe) -> dict[str, Any]:
    """Return what every kind of recipe has, but for what only concerns the first picture's noise."""
    fields = {name: getattr(recipe, name) for name in BaseRecipe.__struct_fields__}
    return fields | {"variation": None, "seed_resize_from": None}


def _rounded(length: float) -> int:
    return int(length) // SIDE_MULTIPLE * SIDE_MULTIPLE


def sides(width: int, height: int) -> tuple[int, int]:
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
