"""`easel vary`, `easel outpaint` and `easel edit`: requests that start from a picture, for `bot.imagine` to paint."""

import argparse
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from bot.errors import UserError
from bot.imagine import Request
from bot.info import read_file
from bot.services import derive, masks, pasting
from bot.services.derive import Margins, Start
from bot.services.drafts import Draft, check, draw_seed
from bot.services.pasting import NO_HINT, Hint
from inference.prompt.regions import parse_layout
from inference.protocol.limits import MAX_COUNT, require_int
from inference.protocol.recipe import Recipe, sources
from storage import content_hash

#: Denoising strength of a picture painted over as a whole: its composition stays.
_RESTYLE_STRENGTH = 0.6
#: Pixels by which the edge of a mask that is made here is softened.
_MADE_MASK_BLUR = 4
#: Of another program's settings, what only its own picture is painted with.
_OWN = ("width", "height", "seed", "variation_seed", "variation_strength", "seed_resize_from")


@dataclass(frozen=True)
class Picture:
    """A picture to start from, and what it says of how it was made."""

    data: bytes
    start: Start
    #: The exact recipe, where Easel made it.
    recipe: Recipe | None
    #: Fields of a draft, where another program did.
    said: dict[str, Any]
    model: Hint = NO_HINT
    vae: Hint = NO_HINT
    #: As people write them.
    regions: str | None = None
    ignored: tuple[str, ...] = ()


def vary(options: argparse.Namespace) -> Request:
    """Return the request for variations of a picture. Raises UserError and OutOfRange."""
    picture = _read(options)
    verb: derive.Verb = "vary_strong" if options.strong else "vary_subtle"
    seed = _seed(options)
    if picture.recipe is not None:
        recipe = derive.derive(_with_words(options, picture.recipe), verb, seed, picture.start)
        image = picture.data if sources(recipe) else None
        draft = Draft(like=recipe, image=image, prompt=options.prompt, negative_prompt=options.negative)
        return _request(options, picture, draft)
    draft = _anew(options, picture, derive.sides(picture.start.width, picture.start.height))
    return _request(options, picture, replace(draft, strength=derive.IMAGE_STRENGTHS[verb]))


def outpaint(options: argparse.Namespace) -> Request:
    """Return the request for a picture continued beyond its sides. Raises UserError and OutOfRange."""
    picture = _read(options)
    margins = _margins(options, picture.start)
    draft = _anew(options, picture, derive.whole_size(margins, picture.start.width, picture.start.height))
    sides = (margins.left, margins.right, margins.top, margins.bottom)
    return _request(options, picture, replace(draft, margins=sides, strength=options.strength))


def edit(options: argparse.Namespace) -> Request:
    """Return the request for a picture painted over, as a whole or in a mask. Raises UserError and OutOfRange."""
    picture = _read(options)
    mask = _mask(options, picture)
    draft = _anew(options, picture, derive.sides(picture.start.width, picture.start.height))
    if mask is None:
        strength = _RESTYLE_STRENGTH if options.strength is None else options.strength
        return _request(options, picture, replace(draft, strength=strength, mask_blur=options.mask_blur))
    blur = (0 if options.mask else _MADE_MASK_BLUR) if options.mask_blur is None else options.mask_blur
    return _request(options, picture, replace(draft, mask=mask, strength=options.strength, mask_blur=blur))


def _read(options: argparse.Namespace) -> Picture:
    data = read_file(options.picture)
    width, height = masks.upright_size(options.picture.name, data)
    settings = pasting.read_settings(data)
    start = Start(content_hash(data), width, height)
    if settings is None:
        return Picture(data, start, None, {})
    if settings.recipe is not None:
        # Made larger since, it is another picture than the recipe's.
        return Picture(data, replace(start, exact=settings.upscale is None), settings.recipe, {})
    told = pasting.told_by(settings)
    said = {name: value for name, value in told.said.items() if name not in _OWN and not name.startswith("hires")}
    return Picture(data, start, None, said, told.model, told.vae, told.regions, told.ignored)


def _anew(options: argparse.Namespace, picture: Picture, size: tuple[int, int]) -> Draft:
    """Return the draft of a picture of that size from what this one says, and from what was typed."""
    typed = {"prompt": options.prompt, "negative_prompt": options.negative}
    said = picture.said | {name: value for name, value in typed.items() if value is not None}
    if picture.recipe is not None:
        said["like"] = _with_words(options, derive.words_of(picture.recipe))
    elif not said.get("prompt"):
        raise UserError(f'{options.picture} does not say what it shows. Add a prompt: easel … {options.picture} "…".')
    return Draft(**said, width=size[0], height=size[1], seed=_seed(options), image=picture.data)


def _with_words(options: argparse.Namespace, recipe: Recipe) -> Recipe:
    """Return a recipe for the prompt that was typed: regions belong to the texts that they were written for."""
    return recipe if options.prompt is None else msgspec.structs.replace(recipe, regions=None)


def _request(options: argparse.Namespace, picture: Picture, draft: Draft) -> Request:
    """Return a request for a draft. Raises UserError and OutOfRange for what is wrong whichever models there are."""
    require_int("count", options.count, 1, MAX_COUNT)
    draft = replace(draft, model=options.model)
    check(draft)
    return Request(
        draft=draft,
        count=options.count,
        output=options.output,
        told_model=picture.model if options.model is None else NO_HINT,
        told_vae=picture.vae,
        ignored=picture.ignored,
        preview=options.preview,
        layout=parse_layout(picture.regions) if picture.regions is not None and options.prompt is None else None,
    )


def _seed(options: argparse.Namespace) -> int:
    return draw_seed() if options.seed is None else options.seed


def _margins(options: argparse.Namespace, start: Start) -> Margins:
    sides = {name: getattr(options, name) for name in ("left", "right", "top", "bottom")}
    ways = [any(sides.values()), options.zoom is not None, options.square]
    if sum(ways) != 1:
        raise UserError("Say what to add: --left, --right, --top and --bottom PIXELS, or --zoom TIMES, or --square.")
    if options.square:
        return derive.square_margins(start.width, start.height)
    if options.zoom is not None:
        return derive.zoom_margins(options.zoom, start.width, start.height)
    for name, pixels in sides.items():
        if pixels < 0 or pixels % 8:
            raise UserError(f"--{name} is {pixels}, but must be a multiple of 8 from 0 on.")
    return Margins(**sides)


def _mask(options: argparse.Namespace, picture: Picture) -> bytes | None:
    """Return the mask that is meant: a file's, a box's, a colour's, or else that of the picture's transparent parts."""
    if sum(value is not None for value in (options.mask, options.box, options.colour)) > 1:
        raise UserError("One mask is enough: a file with --mask, or --box, or --colour.")
    if options.mask is not None:
        return read_file(options.mask, "mask")
    name, size = options.picture.name, (picture.start.width, picture.start.height)
    if options.box is not None:
        return masks.box_mask(size, masks.parse_box(options.box))
    if options.colour is not None:
        return masks.colour_mask(name, picture.data, masks.parse_colour(options.colour))
    return masks.transparency_mask(name, picture.data)
