"""What pictures and texts of this and other programs say of how a picture was made, as a draft's fields.

The command line and Discord read them here, in one way. What is said and cannot be followed is listed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import msgspec

from bot.services.drafts import Draft
from bot.services.sizes import Pixels
from bot.services.wishes import Wish
from inference.prompt.places import PromptError
from inference.prompt.regions import fitted, parse_layout
from inference.protocol import comfyui, exif, infotext, invokeai, parameters, png, recipe
from inference.protocol.documents import read_object
from inference.protocol.limits import (
    MAX_CLIP_SKIP,
    MAX_GUIDANCE_SCALE,
    MAX_SEED,
    MAX_STEPS,
    SIDE_MULTIPLE,
    OutOfRange,
    require_float,
    require_int,
    require_size,
)
from inference.protocol.messages import ModelInfo
from inference.protocol.parameters import Parameters
from inference.protocol.recipe import AnyRecipe, Recipe, TextToImage, Upscale, sources

#: A shorter beginning of a hash names no model.
_LEAST_HASH_DIGITS = 8
#: Of a text file that is sent in a picture's place.
_MOST_TEXT_BYTES = 4 * 1024 * 1024
_DRAFT = {each.name for each in fields(Draft)}
#: What is handed on as it is: fields of `Parameters` and of drafts, what they are called, and who says what is allowed.
_PLAIN: Mapping[str, tuple[str, Callable[[Any], None]]] = {
    "style_prompt": ("Style prompt", lambda value: None),
    "steps": ("Steps", lambda value: require_int("steps", value, 1, MAX_STEPS)),
    "guidance_scale": ("CFG scale", lambda value: require_float("", value, 0, MAX_GUIDANCE_SCALE)),
    "guidance_rescale": ("CFG rescale", lambda value: require_float("", value, 0, 1)),
    "seed": ("Seed", lambda value: require_int("", value, 0, MAX_SEED)),
    "clip_skip": ("Clip skip", lambda value: require_int("", value, 1, MAX_CLIP_SKIP)),
    "eta": ("Eta", lambda value: require_float("", value, 0, 1)),
    "seed_resize_from": ("Seed resize from", lambda value: require_size(*value)),
    "sampler": ("Sampler", lambda value: None),
}
#: What is done anyway.
_USUAL = {"guidance_rescale": 0, "hires_upscaler": "latent"}
#: What a recipe says of its models, and of the pictures that it starts from.
_OF_SOURCES = (
    *("model", "vae", "image", "images", "weights", "mask"),
    *("strength", "fit", "mask_blur", "image_guidance_scale"),
)
_HIRES: Mapping[str, tuple[str, Callable[[Any], None]]] = {
    "hires_steps": ("Hires steps", lambda value: require_int("", value, 0, MAX_STEPS)),
    "hires_sampler": ("Hires sampler", lambda value: None),
    "hires_upscaler": ("Hires upscaler", lambda value: None),
}


@dataclass(frozen=True)
class Settings:
    """What was found in a picture or a text."""

    #: Who wrote it: "Easel", "AUTOMATIC1111", "ComfyUI", "InvokeAI".
    program: str
    #: A `parameters` text, as it stands there.
    text: str | None = None
    #: What it says, or what another program's settings say.
    parameters: Parameters | None = None
    #: The exact recipe, where Easel wrote it.
    recipe: Recipe | None = None
    #: Why there is a recipe that cannot be read.
    problem: str | None = None
    #: How Easel made it larger; the recipe is that of the picture before.
    upscale: Upscale | None = None


@dataclass(frozen=True)
class Hint:
    """Which model was used: the beginning of a hash, and a name."""

    hash: str | None = None
    name: str | None = None

    def __str__(self) -> str:
        return ", ".join(word for word in (self.name, self.hash) if word)


NO_HINT = Hint()


@dataclass(frozen=True)
class Told:
    """What was said, as far as it can be followed here."""

    #: A draft's fields by name; the model, the VAE and the strength below are not among them.
    said: Mapping[str, Any] = field(default_factory=dict)
    model: Hint = NO_HINT
    vae: Hint = NO_HINT
    #: Where each of the texts that AND joins holds: "columns 1:2".
    regions: str | None = None
    #: How much a picture to start from was changed: of use with that picture alone.
    strength: float | None = None
    #: Hashes of LoRAs in the prompt, by name.
    lora_hashes: Mapping[str, str] = field(default_factory=dict)
    #: What was said and cannot be followed, "name: value".
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pasted:
    """What is to be painted, and what was said and is left out."""

    wish: Wish
    ignored: tuple[str, ...]


def looks_pasted(text: str) -> bool:
    """Tell whether a prompt is a whole `parameters` text: it has settings, "Steps: 20, Sampler: …"."""
    return infotext.is_whole(text)


def told_of(text: str) -> Told:
    """Return what a text says: a `parameters` text, another program's settings, or else a prompt. Never fails."""
    return told_by(settings_of(text))


def read_told(data: bytes) -> Told | None:
    """Return what a picture says, or a file with settings; None where it says nothing. Slow: for a thread."""
    settings = read_settings(data)
    if settings is None or (settings.recipe is None and settings.parameters is None):
        return None
    return told_by(settings)


# Finding ------------------------------------------------------------------------------------------------------------


def read_settings(data: bytes) -> Settings | None:
    """Return the settings in a picture's bytes, or in those of a text file; None where there are none. Never fails."""
    if data.startswith(png.SIGNATURE):
        try:
            return _settings_in(png.read_texts(data))
        except png.NotPng:
            return None
    if exif.is_jpeg(data) or exif.is_webp(data):
        return _settings_in(exif.read_texts(data))
    if len(data) > _MOST_TEXT_BYTES or b"\0" in data:
        return None
    text = data.decode("utf-8-sig", "replace")
    settings = settings_of(text)
    return settings if settings.text is None or looks_pasted(text) else None


def settings_of(text: str) -> Settings:
    """Return what a text is: settings of one of the programs, or else a prompt. Never fails."""
    text = text.strip()
    document = read_object(text) if text.startswith("{") else None
    if document is not None and (found := _settings_in_object(text, document)) is not None:
        return found
    if text.startswith('"') and (dream := invokeai.read_dream(text)) is not None:
        return Settings("InvokeAI", parameters=dream)
    return Settings("AUTOMATIC1111", text=text, parameters=parameters.parse(text))


def _settings_in(texts: Mapping[str, str]) -> Settings | None:
    """Return the settings among a picture's texts; Easel's own go before others."""
    written, problem = texts.get("parameters"), None
    if written is not None and (not written.strip() or written.lstrip().startswith("{")):
        # Some programs put JSON of their own there.
        written = None
    if (raw := texts.get("easel-recipe")) is not None:
        try:
            return _ours(recipe.any_from_json(raw), written)
        except msgspec.MsgspecError as error:
            problem = f"the exact recipe cannot be read: {error}"
    if written is not None:
        return Settings("AUTOMATIC1111", text=written, parameters=parameters.parse(written), problem=problem)
    for program, key, read in _READERS:
        document = read_object(texts[key]) if key in texts else None
        if document is not None and (found := read(document)) is not None:
            return Settings(program, parameters=found, problem=problem)
    if "Dream" in texts and (dream := invokeai.read_dream(texts["Dream"])) is not None:
        return Settings("InvokeAI", parameters=dream, problem=problem)
    return Settings("Easel", problem=problem) if problem is not None else None


def _ours(found: AnyRecipe, text: str | None) -> Settings:
    if not isinstance(found, Upscale):
        return Settings("Easel", text=text, recipe=found)
    problem = None if found.of is not None else "it was made larger from a picture that did not say how it was painted"
    return Settings("Easel", text=text, recipe=found.of, problem=problem, upscale=found)


#: Programs, where in a PNG file they write, and who reads it.
_READERS: Sequence[tuple[str, str, Callable[[Mapping[str, Any]], Parameters | None]]] = (
    ("InvokeAI", "invokeai_metadata", invokeai.read_metadata),
    ("InvokeAI", "sd-metadata", invokeai.read_old_metadata),
    ("ComfyUI", "prompt", comfyui.read_prompt),
    ("ComfyUI", "workflow", comfyui.read_workflow),
)


def _settings_in_object(text: str, document: Mapping[str, Any]) -> Settings | None:
    """Return what a JSON object is, that somebody copied out of one of the programs."""
    if "type" in document and "sampler" in document:
        try:
            return Settings("Easel", recipe=recipe.from_json(text))
        except msgspec.MsgspecError:
            return None
    inner = document.get("prompt")
    for program, _, read in _READERS:
        # What ComfyUI's server is sent has the graph inside.
        for each in (document, inner if isinstance(inner, dict) else {}):
            if (found := read(each)) is not None:
                return Settings(program, parameters=found)
    return None


# Following ----------------------------------------------------------------------------------------------------------


def told_by(settings: Settings) -> Told:
    """Return what settings say as a draft's fields: an exact recipe as `like`."""
    if settings.recipe is not None:
        larger = settings.upscale
        return Told({"like": settings.recipe}, ignored=() if larger is None else tuple(_made_of(larger)))
    told = _followed(settings.parameters or Parameters())
    if settings.problem is None:
        return told
    return replace(told, ignored=(*told.ignored, settings.problem))


def _made_of(larger: Upscale) -> Iterator[str]:
    """Give what was done to a picture once it was painted."""
    if larger.factor > 1:
        yield f"Made {larger.factor} times as large"
    if larger.faces is not None:
        yield "Faces restored"


def _followed(told: Parameters) -> Told:
    said: dict[str, Any] = {"prompt": told.prompt, "negative_prompt": told.negative_prompt}
    ignored = [f"{key}: {value}" for key, value in told.others.items()]
    _take(told, _PLAIN, said, ignored)
    if told.sampler is not None or told.schedule is not None:
        # A program that names no schedule used the model's own sigmas.
        said["schedule"] = told.schedule or "normal"
    if told.width is not None and told.height is not None:
        _take_size(said, ignored, "", told.width, told.height)
    _take_variation(told, said, ignored)
    if told.image_guidance_scale is not None:
        ignored.append(f"Image CFG scale: {told.image_guidance_scale:g}")
    regions = _followed_regions(told.regions, told.prompt, ignored)
    strength = told.strength
    if strength is not None and not 0 <= strength <= 1:
        ignored.append(f"Denoising strength: {strength:g}")
        strength = None
    if told.hires_width is not None and told.hires_height is not None:
        _take_hires(told, strength, said, ignored)
        strength = None
    return Told(
        said=said,
        model=Hint(told.model_hash, told.model),
        vae=Hint(told.vae_hash, told.vae),
        regions=regions,
        strength=strength,
        lora_hashes=told.lora_hashes,
        ignored=tuple(ignored),
    )


def _take(
    told: Parameters,
    names: Mapping[str, tuple[str, Callable[[Any], None]]],
    said: dict[str, Any],
    ignored: list[str],
) -> None:
    """Take what can be followed; name what is out of range, and what drafts do not know."""
    for name, (label, require) in names.items():
        value = getattr(told, name)
        if value is None or value == _USUAL.get(name):
            continue
        try:
            require(value)
        except OutOfRange:
            ignored.append(f"{label}: {value}")
            continue
        if name in _DRAFT:
            said[name] = value
        else:
            ignored.append(f"{label}: {value}")


def _take_size(said: dict[str, Any], ignored: list[str], kind: str, width: int, height: int) -> bool:
    """Take a size, rounded down as other programs do; tell whether it can be."""
    rounded = width // SIDE_MULTIPLE * SIDE_MULTIPLE, height // SIDE_MULTIPLE * SIDE_MULTIPLE
    try:
        require_size(*rounded)
    except OutOfRange:
        ignored.append(f"{'Hires size' if kind else 'Size'}: {width}x{height}")
        return False
    said |= {f"{kind}width": rounded[0], f"{kind}height": rounded[1]}
    return True


def _followed_regions(text: str | None, prompt: str, ignored: list[str]) -> str | None:
    """Return what a text says of regions, if it is what Easel writes and fits the prompt; else name it."""
    if text is not None:
        try:
            fitted(parse_layout(text), prompt)
        except PromptError:
            ignored.append(f"Regions: {text}")
            return None
    return text


def _take_variation(told: Parameters, said: dict[str, Any], ignored: list[str]) -> None:
    if told.variation_seed is None or not told.variation_strength:
        return
    if told.variation_seed <= MAX_SEED and told.variation_strength <= 1:
        said |= {"variation_seed": told.variation_seed, "variation_strength": told.variation_strength}
    else:
        ignored.append(f"Variation seed: {told.variation_seed}, strength {told.variation_strength:g}")


def _take_hires(told: Parameters, strength: float | None, said: dict[str, Any], ignored: list[str]) -> None:
    """Take the second pass, where it is at least as large as the first."""
    width, height = told.hires_width or 0, told.hires_height or 0
    if width < said.get("width", width + 1) or height < said.get("height", height + 1):
        ignored.append(f"Hires size: {width}x{height}")
        return
    if _take_size(said, ignored, "hires_", width, height):
        if strength is not None:
            said["hires_strength"] = strength
        _take(told, _HIRES, said, ignored)


def resolve_model(hint: Hint, models: Sequence[ModelInfo], kind: str = "checkpoint") -> str | None:
    """Return the name of the installed model that is meant, by its hash or else its name; None where there is none."""
    candidates = [info for info in models if info.kind == kind]
    begins = (hint.hash or "").casefold()
    if len(begins) >= _LEAST_HASH_DIGITS:
        for info in candidates:
            if info.hash.startswith(begins):
                return info.name
    name = _bare(hint.name)
    return next((info.name for info in candidates if name is not None and _bare(info.name) == name), None)


def _bare(name: str | None) -> str | None:
    bare = parameters.bare_name(name)
    return None if bare is None else bare.casefold()


# Asking for it ------------------------------------------------------------------------------------------------------


def pasted(told: Told, models: Sequence[ModelInfo]) -> Pasted:
    """Return what is to be painted where there is no picture to start from, with the models that are installed."""
    like = told.said.get("like")
    if like is not None:
        if not sources(like) and any(info.hash == like.model for info in models):
            return Pasted(Wish(draft=Draft(like=like)), told.ignored)
        told = _in_words(like)
    ignored = list(told.ignored)
    if told.strength is not None:
        ignored.append(f"Denoising strength: {told.strength:g}")
    said = dict(told.said)
    models = [info for info in models if not info.instructs]
    for name, hint, kind in (("model", told.model, "checkpoint"), ("vae", told.vae, "vae")):
        if (found := resolve_model(hint, models, kind)) is not None:
            said[name] = found
        elif str(hint):
            ignored.append(f"{'Model' if name == 'model' else 'VAE'}: {hint}")
    size = Pixels(said["width"], said["height"]) if "width" in said else None
    return Pasted(Wish(draft=Draft(**said), size=size, regions=told.regions), tuple(ignored))


def _in_words(like: Recipe) -> Told:
    """Return what a recipe says, without the pictures that it starts from."""
    said = {name: getattr(like, name) for name, _ in msgspec.structs.asdict(like).items() if name in _DRAFT}
    for name in _OF_SOURCES:
        said.pop(name, None)
    if like.variation is not None:
        said |= {"variation_seed": like.variation.seed, "variation_strength": like.variation.strength}
    if isinstance(like, TextToImage) and like.hires is not None:
        hires = {f"hires_{name}": value for name, value in msgspec.structs.asdict(like.hires).items()}
        said |= {name: value for name, value in hires.items() if name in _DRAFT}
    return Told(
        said=said,
        model=Hint(hash=like.model[:10]),
        vae=Hint(hash=like.vae[:10] if like.vae else None),
        regions=parameters.to_layout(like.regions) if like.regions else None,
        strength=getattr(like, "strength", None),
    )
