"""From what a person asked for to a complete recipe: names resolved, defaults filled in, the seed drawn."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from bot.errors import UserError, sentence
from bot.services import derive
from bot.texts import Mistake
from inference.protocol.limits import MIN_SIDE
from inference.protocol.messages import ModelInfo
from inference.protocol.names import UnknownName, nearest, schedule_key, split_sampler
from inference.protocol.recipe import (
    Blend,
    ContentHash,
    Detail,
    Fit,
    HiresFix,
    ImageToImage,
    Inpaint,
    Instruct,
    Outpaint,
    Recipe,
    TextToImage,
    Variation,
    sources,
)
from storage import content_hash

#: Bounds a drawn seed to what people can type and other programs can read.
_DRAWN_SEEDS = 2**32
_NOT_INSTRUCTED = ("strength", "mask", "mask_blur", "margins", "full")
_NOT_BLENDED = ("mask", "mask_blur", "margins", "instruct", "image_guidance_scale", "full")
_NOT_TILED = ("mask", "mask_blur", "margins", "fit")
_WHOLE_PICTURE = "An instruction is about the whole picture: leave out strength, mask and margins."
#: Side of a tile where the model that will say it is not known yet.
_TILE = 512
_HIRES = ("hires_width", "hires_height", "hires_strength")


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What was asked for. None where nothing was said."""

    prompt: str | None = None
    negative_prompt: str | None = None
    #: For the second text encoder, where the model has two.
    style_prompt: str | None = None
    #: A name, or the beginning of a hash.
    model: str | None = None
    vae: str | None = None
    width: int | None = None
    height: int | None = None
    steps: int | None = None
    #: Names as people write them.
    sampler: str | None = None
    schedule: str | None = None
    guidance_scale: float | None = None
    seed: int | None = None
    clip_skip: int | None = None
    variation_seed: int | None = None
    variation_strength: float | None = None
    hires_width: int | None = None
    hires_height: int | None = None
    hires_strength: float | None = None
    #: Bytes of the picture to start from, and of its mask.
    image: bytes | None = None
    mask: bytes | None = None
    strength: float | None = None
    fit: Fit | None = None
    mask_blur: int | None = None
    #: Pixels that are added to the left, to the right, above and below.
    margins: tuple[int, int, int, int] | None = None
    #: The prompt says what to change about the picture: by a model that follows instructions.
    instruct: bool | None = None
    #: How closely to keep to the picture then.
    image_guidance_scale: float | None = None
    #: Bytes of the pictures that are blended, and how much of each goes in.
    images: tuple[bytes, ...] | None = None
    weights: tuple[float, ...] | None = None
    #: Width and height to which the picture is made larger, painted over in tiles of `width` x `height`.
    full: tuple[int, int] | None = None
    #: The recipe of a picture that is wanted again; everything said beside it changes it.
    like: Recipe | None = None


@dataclass(frozen=True)
class Order:
    """A complete recipe and the bytes of the pictures it starts from."""

    recipe: Recipe
    images: dict[ContentHash, bytes]


def draw_seed() -> int:
    """Return a random seed of ten digits at most."""
    return secrets.randbelow(_DRAWN_SEEDS)


def find_model(text: str, models: Sequence[ModelInfo], kind: str = "checkpoint") -> ModelInfo:
    """Return the model of that name, or whose hash begins so. Raises UserError that names the nearest."""
    candidates = [info for info in models if info.kind == kind]
    word = {"checkpoint": "model", "vae": "VAE", "face_restorer": "face restorer"}.get(kind, kind)
    wanted = text.casefold()
    for info in candidates:
        if info.name.casefold() == wanted:
            return info
    starts = [info for info in candidates if len(wanted) >= 6 and info.hash.startswith(wanted)]
    if len(starts) == 1:
        return starts[0]
    near = nearest(text, [info.name for info in candidates])
    known = ", ".join(info.name for info in candidates[:10]) or "none"
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Installed: {known}."
    raise UserError(f"There is no {word} named {text[:80]!r}. {hint} `easel models add` installs one.")


def check(draft: Draft) -> Recipe:
    """Return what a draft means but for its model.

    Raises UserError or OutOfRange for what is wrong whichever models are installed, before an engine is started.
    """
    anything = ModelInfo(
        hash=draft.like.model if draft.like else ContentHash("0" * 64),
        name="",
        family="",
        prediction_type="epsilon",
        inpainting=False,
        instructs=bool(draft.instruct) or isinstance(draft.like, Instruct),
        default_width=MIN_SIDE if draft.full is None else _TILE,
        default_height=MIN_SIDE if draft.full is None else _TILE,
        bytes=0,
    )
    return order(replace(draft, model=None, vae=None), [anything]).recipe


def order(draft: Draft, models: Sequence[ModelInfo], draw: Callable[[], int] = draw_seed) -> Order:
    """Return the recipe that a draft means, among the installed models.

    Raises UserError for names that are not known and for pictures that are missing, OutOfRange for values.
    """
    if draft.like is not None:
        return _again(draft, draft.like, models)
    if draft.prompt is None:
        raise UserError("Say what to paint: a prompt is missing.")
    return _anew(draft, models, draw)


def model_for(instruct: bool, name: str | None, models: Sequence[ModelInfo]) -> ModelInfo:
    """Return the model of that name, or else the first of the kind: one that follows instructions, or an ordinary one.

    Raises UserError where there is none, and for one of the other kind.
    """
    kind = [info for info in models if info.kind == "checkpoint" and info.instructs == instruct]
    if name is not None:
        model = find_model(name, models)
        if model not in kind:
            raise Mistake("model_is_ordinary" if instruct else "model_instructs", name=model.name)
        return model
    if kind:
        return kind[0]
    if instruct:
        raise Mistake("no_instruct_model")
    raise UserError("No model is installed. `easel models add` installs one.")


def _anew(draft: Draft, models: Sequence[ModelInfo], draw: Callable[[], int]) -> Order:
    model = model_for(bool(draft.instruct), draft.model, models)
    base: dict[str, Any] = {
        "prompt": draft.prompt,
        "model": model.hash,
        "width": model.default_width,
        "height": model.default_height,
        "steps": model.default_steps,
        "sampler": model.default_sampler,
        "schedule": model.default_schedule,
        "guidance_scale": model.default_guidance_scale,
        "seed": draw() if draft.seed is None else draft.seed,
    }
    fields = base | _said(draft, models)
    if draft.image is None and draft.images is None:
        return Order(recipe=TextToImage(**fields, **_hires(draft)), images={})
    return _from_picture(draft, fields)


def _from_picture(draft: Draft, fields: dict[str, Any]) -> Order:
    """Return an order that starts from the draft's picture, and from its mask if it has one, or from several."""
    if draft.images is not None:
        _refuse(draft, ("instruct", "image_guidance_scale"), "An instruction is about one picture.")
        return _blend(draft, draft.images, fields)
    _refuse(draft, ("weights",), "Weights go with pictures to blend.")
    image = draft.image
    if image is None:
        raise UserError("A picture to start from is missing.")
    _refuse(draft, _HIRES, "Hires fix works on pictures from words alone; leave it out, or leave out the picture.")
    images = {content_hash(image): image}
    if draft.instruct:
        _refuse(draft, _NOT_INSTRUCTED, _WHOLE_PICTURE)
        fields = fields | {"image": content_hash(image)} | _given(draft, "fit", "image_guidance_scale")
        return Order(recipe=Instruct(**fields), images=images)
    _refuse(draft, ("image_guidance_scale",), "An image guidance scale goes with an instruction.")
    fields = fields | {"image": content_hash(image)} | _given(draft, "strength", "fit")
    if draft.full is not None:
        _refuse(draft, _NOT_TILED, "A picture painted over in tiles takes no mask, no margins and no fit.")
        fields |= derive.tiled(draft.full, (fields["width"], fields["height"]))
        return Order(recipe=Detail(**fields), images=images)
    if draft.margins is not None:
        _refuse(draft, ("mask",), "A picture is either painted anew in a mask or continued beyond its sides.")
        fields |= dict(zip(("left", "right", "top", "bottom"), draft.margins, strict=True))
        return Order(recipe=Outpaint(**fields, **_given(draft, "mask_blur")), images=images)
    if draft.mask is None:
        _refuse(draft, ("mask_blur",), "A mask blur needs a mask.")
        return Order(recipe=ImageToImage(**fields), images=images)
    images[content_hash(draft.mask)] = draft.mask
    fields |= {"mask": content_hash(draft.mask)} | _given(draft, "mask_blur")
    return Order(recipe=Inpaint(**fields), images=images)


def _blend(draft: Draft, pictures: tuple[bytes, ...], fields: dict[str, Any]) -> Order:
    """Return an order that starts from several pictures."""
    _refuse(draft, (*_HIRES, *_NOT_BLENDED), "Pictures are blended as a whole: leave out hires fix, mask and margins.")
    images = {content_hash(picture): picture for picture in pictures}
    names = tuple(content_hash(picture) for picture in pictures)
    fields = fields | {"images": names} | _given(draft, "weights", "strength", "fit")
    return Order(recipe=Blend(**fields), images=images)


def _again(draft: Draft, like: Recipe, models: Sequence[ModelInfo]) -> Order:
    """Return the order for a picture made before, with what was said beside it changed."""
    if draft.model is None and all(info.hash != like.model for info in models):
        raise UserError(
            f"The picture was made with a model that is not installed here (its hash begins {like.model[:10]}). "
            "Install it, or choose another with --model."
        )
    if draft.instruct and not isinstance(like, Instruct):
        raise UserError("An instruction needs another kind of model: it takes nothing from an ordinary recipe.")
    if draft.model is not None:
        model_for(isinstance(like, Instruct), draft.model, models)
    fields = _said(draft, models)
    if isinstance(like, TextToImage):
        if draft.image is None and draft.images is None:
            return Order(recipe=msgspec.structs.replace(like, **fields, **_hires(draft, like.hires)), images={})
        return _from_picture(draft, _fields(like, without="hires") | fields)
    if isinstance(like, ImageToImage) and draft.mask is not None and draft.image is not None:
        return _from_picture(draft, _fields(like) | fields)
    return _from_picture_again(draft, like, fields)


def _from_picture_again(
    draft: Draft, like: ImageToImage | Inpaint | Outpaint | Instruct | Detail | Blend, fields: dict[str, Any]
) -> Order:
    """Return an order of the same kind as `like`. Raises UserError when its pictures are not at hand."""
    _refuse(draft, _HIRES, "Hires fix works on pictures from words alone, and this one was made from another picture.")
    _refuse(draft, ("margins",), "Margins go with a recipe from words alone, and with the picture to start from.")
    if isinstance(like, Instruct):
        _refuse(draft, _NOT_INSTRUCTED, _WHOLE_PICTURE)
        fields = fields | _given(draft, "fit", "image_guidance_scale")
    else:
        _refuse(draft, ("image_guidance_scale",), "An image guidance scale goes with an instruction.")
        fields = fields | _given(draft, "strength", *(() if isinstance(like, Detail) else ("fit",)))
    if isinstance(like, Blend):
        return _blend_again(draft, like, fields)
    _refuse(draft, ("images", "weights"), "The picture was made from one picture: give that alone.")
    if isinstance(like, Detail):
        fields = _sized_again(draft, like, fields)
    if draft.image is not None:
        fields["image"] = content_hash(draft.image)
    if isinstance(like, Inpaint):
        fields |= _given(draft, "mask_blur")
        if draft.mask is not None:
            fields["mask"] = content_hash(draft.mask)
    elif isinstance(like, Outpaint):
        _refuse(draft, ("mask",), "A picture that is continued beyond its sides takes no mask.")
        fields |= _given(draft, "mask_blur")
    else:
        _refuse(draft, ("mask_blur",), "A mask blur needs a mask.")
    recipe = msgspec.structs.replace(like, **fields)
    given = {content_hash(data): data for data in (draft.image, draft.mask) if data is not None}
    missing = [name for name in sources(recipe) if name not in given]
    if missing:
        raise UserError(
            f"The picture was made from another picture (its SHA-256 begins {missing[0][:10]}). "
            "Give that picture with --init" + (", and its mask with --mask." if isinstance(recipe, Inpaint) else ".")
        )
    return Order(recipe=recipe, images={name: given[name] for name in sources(recipe)})


def _sized_again(draft: Draft, like: Detail, fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields for a picture in tiles: what is said of its size is said of the whole."""
    _refuse(draft, _NOT_TILED, "A picture painted over in tiles takes no mask, no margins and no fit.")
    fields = dict(fields)
    full = fields.pop("width", like.full_width), fields.pop("height", like.full_height)
    if full == (like.full_width, like.full_height):
        return fields
    return fields | derive.tiled(full, (like.width, like.height))


def _blend_again(draft: Draft, like: Blend, fields: dict[str, Any]) -> Order:
    """Return the order for a blend made before, of the same pictures or of others. Raises UserError."""
    _refuse(draft, ("image", *_NOT_BLENDED), "Pictures are blended as a whole: leave out mask and margins.")
    given = {content_hash(picture): picture for picture in draft.images or ()}
    if draft.images is not None:
        fields = fields | {"images": tuple(content_hash(picture) for picture in draft.images)}
        if len(draft.images) != len(like.images):
            fields |= {"weights": ()}
    recipe = msgspec.structs.replace(like, **fields | _given(draft, "weights"))
    if any(name not in given for name in recipe.images):
        raise UserError("The picture was blended from others. Blend those again: easel blend PICTURE PICTURE PROMPT.")
    return Order(recipe=recipe, images={name: given[name] for name in sources(recipe)})


def _fields(recipe: Recipe, without: str = "") -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(recipe).items() if name != without}


def _given(draft: Draft, *names: str) -> dict[str, Any]:
    """Return those of the draft's fields that were said."""
    return {name: value for name in names if (value := getattr(draft, name)) is not None}


def _refuse(draft: Draft, names: Sequence[str], why: str) -> None:
    """Raise UserError when any of these fields was said: nothing that is asked for is left out in silence."""
    if _given(draft, *names):
        raise UserError(why)


def _said(draft: Draft, models: Sequence[ModelInfo]) -> dict[str, Any]:
    """Return the recipe's fields that the draft speaks of."""
    plain = (
        "prompt",
        "negative_prompt",
        "style_prompt",
        "width",
        "height",
        "steps",
        "guidance_scale",
        "seed",
        "clip_skip",
    )
    fields = _given(draft, *plain)
    if draft.model is not None:
        fields["model"] = find_model(draft.model, models).hash
    if draft.vae is not None:
        fields["vae"] = find_model(draft.vae, models, "vae").hash
    try:
        if draft.sampler is not None:
            fields["sampler"], schedule = split_sampler(draft.sampler)
            if schedule is not None:
                fields["schedule"] = schedule
        if draft.schedule is not None:
            fields["schedule"] = schedule_key(draft.schedule)
    except UnknownName as error:
        raise UserError(sentence(error)) from error
    if draft.variation_seed is not None or draft.variation_strength is not None:
        if draft.variation_seed is None or draft.variation_strength is None:
            raise UserError("A variation needs both a variation seed and a variation strength.")
        fields["variation"] = Variation(seed=draft.variation_seed, strength=draft.variation_strength)
    return fields


def _hires(draft: Draft, before: HiresFix | None = None) -> dict[str, Any]:
    """Return the field of a picture from words alone; `before` is that of the picture that is wanted again."""
    alone = ("strength", "fit", "mask", "mask_blur", "margins", "instruct", "image_guidance_scale", "weights", "full")
    _refuse(draft, alone, "A strength, a fit, a mask, a margin or an instruction needs a picture to start from.")
    said = {name.removeprefix("hires_"): value for name, value in _given(draft, *_HIRES).items()}
    if before is not None:
        return {"hires": msgspec.structs.replace(before, **said)} if said else {}
    if said and not {"width", "height"} <= set(said):
        raise UserError("A hires strength needs a hires size.")
    return {"hires": HiresFix(**said)} if said else {}
