"""The `parameters` text that AUTOMATIC1111 writes into pictures, and that people paste everywhere.

    prompt, on one or more lines
    Negative prompt: on one or more lines
    Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 1, Size: 512x512, …

Written from recipes; read leniently, since many programs write it a little differently, and Discord's options turn the
lines into one. Reading takes time in proportion to the text, whatever the text is.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from inference import __version__
from inference.protocol import infotext
from inference.protocol.names import (
    SAMPLER_NAMES,
    SCHEDULE_NAMES,
    UnknownName,
    sampler_key,
    schedule_key,
    split_sampler,
)
from inference.protocol.recipe import (
    AdapterUse,
    AnyRecipe,
    Blend,
    Detail,
    ImageToImage,
    Inpaint,
    Instruct,
    Outpaint,
    Recipe,
    Regions,
    TextToImage,
    Upscale,
)

VERSION = f"Easel {__version__}"
_NEGATIVE = "Negative prompt: "
#: AUTOMATIC1111's names.
_UPSCALERS = {"latent": "Latent", "latent_bicubic": "Latent (bicubic)", "latent_nearest": "Latent (nearest-exact)"}
_UPSCALER_KEYS = {name.casefold(): key for key, name in _UPSCALERS.items()}
#: As `inference.prompt.networks` takes.
_MOST_LORA_WEIGHT = 10.0
_HASH = re.compile(r"[0-9a-fA-F]{8,64}")
#: Digits of an adapter's hash that are written.
_HASH_DIGITS = 12
_LORA = re.compile(r"<(?:lora|lyco):([^:<>,\n]+)[:>]")
_NO_NAME = re.compile(r"[<>:,\n]")
#: What AUTOMATIC1111 calls schedules that have another name here; its uniform steps are k-diffusion's `get_sigmas`.
_SCHEDULE_LABELS = {"uniform": "normal", "ddim": "ddim_uniform"}
#: What its "Automatic" means, a sampler at a time (modules/sd_samplers_kdiffusion.py, version 1.9); else "normal".
_AUTOMATIC = {
    "dpm2": "karras",
    "dpm2_a": "karras",
    "dpmpp_2s_a": "karras",
    "dpmpp_2m": "karras",
    "dpmpp_sde": "karras",
    "dpmpp_2m_sde": "exponential",
    "dpmpp_3m_sde": "exponential",
}


def to_parameters(recipe: AnyRecipe, model_name: str = "", faces_name: str = "") -> str:
    """Return the text for a recipe. The names, of the model and of what restores faces, are for people.

    Of a picture made larger, it is the text of the source, as far as that is known, and what was done to it.
    """
    if isinstance(recipe, Upscale):
        return _upscaled(recipe, model_name, faces_name)
    lines = [" ".join([recipe.prompt.strip(), *_missing_tags(recipe)]).strip()]
    if recipe.negative_prompt:
        lines.append(_NEGATIVE + recipe.negative_prompt.strip())
    lines.append(", ".join(f"{key}: {_quoted(value)}" for key, value in _pairs(recipe, model_name)))
    return "\n".join(lines)


def _pairs(recipe: Recipe, model_name: str) -> Iterable[tuple[str, str]]:
    yield "Steps", str(recipe.steps)
    yield "Sampler", SAMPLER_NAMES[recipe.sampler]
    yield "Schedule type", SCHEDULE_NAMES[recipe.schedule]
    yield "CFG scale", _decimal(recipe.guidance_scale)
    yield "Seed", str(recipe.seed)
    yield "Size", f"{recipe.width}x{recipe.height}"
    yield "Model hash", recipe.model[:10]
    if model_name:
        yield "Model", model_name
    if recipe.vae is not None:
        yield "VAE hash", recipe.vae[:10]
    if recipe.style_prompt is not None:
        yield "Style prompt", recipe.style_prompt
    if recipe.regions is not None:
        yield "Regions", to_layout(recipe.regions)
    if recipe.clip_skip != 1:
        yield "Clip skip", str(recipe.clip_skip)
    if recipe.variation is not None:
        yield "Variation seed", str(recipe.variation.seed)
        yield "Variation seed strength", _decimal(recipe.variation.strength)
    if recipe.seed_resize_from is not None:
        yield "Seed resize from", "{}x{}".format(*recipe.seed_resize_from)
    if recipe.eta is not None:
        yield "Eta", _decimal(recipe.eta)
    if recipe.guidance_rescale:
        yield "CFG rescale", _decimal(recipe.guidance_rescale)
    named = [(name, use.hash[:_HASH_DIGITS]) for use, name in _named_loras(recipe)]
    if named:
        yield "Lora hashes", ", ".join(f"{name}: {value}" for name, value in named)
    words = {use.word: use.hash[:_HASH_DIGITS] for use in recipe.adapters if use.word is not None}
    if words := {word: value for word, value in words.items() if not _NO_NAME.search(word)}:
        yield "TI hashes", ", ".join(f"{word}: {value}" for word, value in words.items())
    match recipe:
        case ImageToImage():
            yield "Denoising strength", _decimal(recipe.strength)
        case Inpaint():
            yield "Denoising strength", _decimal(recipe.strength)
            yield "Mask blur", str(recipe.mask_blur)
        case Outpaint():
            yield "Denoising strength", _decimal(recipe.strength)
            yield "Mask blur", str(recipe.mask_blur)
            sides = {"left": recipe.left, "right": recipe.right, "top": recipe.top, "bottom": recipe.bottom}
            yield "Outpaint", " ".join(f"{name} {pixels}" for name, pixels in sides.items() if pixels)
        case Instruct():
            yield "Image CFG scale", _decimal(recipe.image_guidance_scale)
        case Detail():
            yield "Denoising strength", _decimal(recipe.strength)
            yield "Detail size", f"{recipe.full_width}x{recipe.full_height}"
            yield "Detail overlap", str(recipe.overlap)
        case Blend():
            yield "Denoising strength", _decimal(recipe.strength)
            shares = zip(recipe.images, recipe.shares, strict=True)
            yield "Blend", " ".join(f"{image[:10]} {share:.3g}" for image, share in shares)
        case TextToImage() if recipe.hires is not None:
            yield "Denoising strength", _decimal(recipe.hires.strength)
            yield "Hires resize", f"{recipe.hires.width}x{recipe.hires.height}"
            yield "Hires steps", str(recipe.hires.steps or recipe.steps)
            yield "Hires upscaler", _UPSCALERS[recipe.hires.upscaler]
    yield "Version", VERSION


def _named_loras(recipe: Recipe) -> list[tuple[AdapterUse, str]]:
    """Return what changes weights, with its name in the prompt; of what was not asked for there, its hash's beginning.

    A recipe knows no names: those in the prompt come first among its adapters, in the same order.
    """
    uses = list({use.hash: use for use in recipe.adapters if use.word is None}.values())
    names = list(dict.fromkeys(name.strip() for name in _LORA.findall(recipe.prompt)))
    if len(names) > len(uses):
        names = []
    return [(use, names[place] if place < len(names) else use.hash[:10]) for place, use in enumerate(uses)]


def _missing_tags(recipe: Recipe) -> Iterator[str]:
    """Give the tags of adapters that the prompt does not ask for itself."""
    for use, name in _named_loras(recipe):
        if name == use.hash[:10] and f":{name}" not in recipe.prompt:
            encoder = use.weight if use.text_encoder_weight is None else use.text_encoder_weight
            tag = lora_tag(name, use.weight, encoder)
            if tag is not None:
                yield tag


def _upscaled(recipe: Upscale, model_name: str, faces_name: str) -> str:
    source, end = "", f"Version: {VERSION}"
    if recipe.of is not None:
        source = to_parameters(recipe.of).removesuffix(end)
    pairs = []
    if recipe.factor > 1:
        pairs.append(("Postprocess upscale by", str(recipe.factor)))
        name = model_name or ("Lanczos" if recipe.model is None else recipe.model[:10])
        pairs.append(("Postprocess upscaler", _quoted(name)))
    if recipe.faces is not None:
        pairs.append(("Face restoration", _quoted(faces_name or recipe.faces[:10])))
        if recipe.face_strength != 1:
            pairs.append(("Face restoration visibility", _decimal(recipe.face_strength)))
    return source + "".join(f"{key}: {value}, " for key, value in pairs) + end


def to_layout(regions: Regions) -> str:
    """Return regions as people write them: "columns 1:2 base 0.2"."""
    ratios = ":".join(map(_decimal, regions.ratios))
    return f"{regions.direction} {ratios} base {_decimal(regions.base)}"


def _decimal(value: float) -> str:
    """Return the shortest text that reads back as the same number, without a needless ".0"."""
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False) if re.search(r'[,:\n"]', value) else value


@dataclass(frozen=True)
class Parameters:
    """What was said of how a picture was made. None where nothing was said."""

    prompt: str = ""
    negative_prompt: str = ""
    #: What the second text encoder read instead of the prompt.
    style_prompt: str | None = None
    #: Where each of the texts that AND joins holds, as people write it.
    regions: str | None = None
    steps: int | None = None
    #: Keys of `inference.protocol.names`.
    sampler: str | None = None
    schedule: str | None = None
    guidance_scale: float | None = None
    guidance_rescale: float | None = None
    #: How closely an instruction keeps to its picture.
    image_guidance_scale: float | None = None
    seed: int | None = None
    width: int | None = None
    height: int | None = None
    clip_skip: int | None = None
    eta: float | None = None
    strength: float | None = None
    variation_seed: int | None = None
    variation_strength: float | None = None
    seed_resize_from: tuple[int, int] | None = None
    #: Size of the second pass (hires fix), whose denoising strength is `strength` then.
    hires_width: int | None = None
    hires_height: int | None = None
    hires_steps: int | None = None
    hires_sampler: str | None = None
    #: As `inference.protocol.recipe.HiresFix` names it.
    hires_upscaler: str | None = None
    #: Names without folder and ending, and beginnings of SHA-256 hashes.
    model: str | None = None
    model_hash: str | None = None
    vae: str | None = None
    vae_hash: str | None = None
    #: Hashes of the LoRAs in the prompt, by name, where they were said.
    lora_hashes: Mapping[str, str] = field(default_factory=dict)
    #: Hashes of the embeddings among the words, by the word.
    embedding_hashes: Mapping[str, str] = field(default_factory=dict)
    #: What was said and is not among the above, as it was said.
    others: dict[str, str] = field(default_factory=dict)


def to_text(told: Parameters) -> str:
    """Return the `parameters` text that says the same."""
    lines = [told.prompt]
    if told.negative_prompt:
        lines.append(_NEGATIVE + told.negative_prompt)
    pairs = [*_told_pairs(told), *told.others.items()]
    lines.append(", ".join(f"{key}: {_quoted(value)}" for key, value in pairs))
    return "\n".join(lines).strip("\n")


def _told_pairs(told: Parameters) -> Iterator[tuple[str, str]]:
    names = {
        "Sampler": told.sampler and SAMPLER_NAMES[told.sampler],
        "Schedule type": told.schedule and SCHEDULE_NAMES[told.schedule],
        "Size": told.width and f"{told.width}x{told.height}",
        "Hires resize": told.hires_width and f"{told.hires_width}x{told.hires_height}",
        "Hires sampler": told.hires_sampler and SAMPLER_NAMES[told.hires_sampler],
        "Hires upscaler": told.hires_upscaler and _UPSCALERS[told.hires_upscaler],
        "Seed resize from": told.seed_resize_from and "{}x{}".format(*told.seed_resize_from),
        "Lora hashes": ", ".join(f"{name}: {value}" for name, value in told.lora_hashes.items()),
        "TI hashes": ", ".join(f"{word}: {value}" for word, value in told.embedding_hashes.items()),
    }
    values: dict[str, Any] = {
        "Steps": told.steps,
        "Sampler": None,
        "Schedule type": None,
        "CFG scale": told.guidance_scale,
        "Seed": told.seed,
        "Size": None,
        "Model hash": told.model_hash,
        "Model": told.model,
        "VAE hash": told.vae_hash,
        "VAE": told.vae,
        "Clip skip": told.clip_skip,
        "Variation seed": told.variation_seed,
        "Variation seed strength": told.variation_strength,
        "Eta": told.eta,
        "CFG rescale": told.guidance_rescale,
        "Image CFG scale": told.image_guidance_scale,
        "Denoising strength": told.strength,
        "Hires resize": None,
        "Hires steps": told.hires_steps,
        "Style prompt": told.style_prompt,
    }
    for key, value in (values | names).items():
        if value is not None and value != "":
            yield key, _decimal(value) if isinstance(value, float) else str(value)


# Reading --------------------------------------------------------------------------------------------------------------

#: Said by the rest of the text already, or of no account.
_SAID_ELSEWHERE = {"Version", "Created Date", "Civitai metadata"}


def parse(text: str) -> Parameters:
    """Return what a `parameters` text says; what it does not know is kept in `others`. Never fails."""
    prompt, negative_prompt, pairs = infotext.divide(text)
    return _understood(prompt, negative_prompt, pairs)


def _understood(prompt: str, negative_prompt: str, pairs: dict[str, str]) -> Parameters:
    others = {key: value for key, value in pairs.items() if key not in _SAID_ELSEWHERE}
    sampler, schedule = _sampler(others)
    width, height = _size(others, "Size")
    hires_width, hires_height = _hires(others, width, height)
    first = _first_pass(others, width, height)
    if first is not None and hires_width is None:
        hires_width, hires_height, (width, height) = width, height, first
    hashes = _hashes(others)
    steps = _whole(others, "Steps")
    hires_steps = _whole(others, "Hires steps")
    return Parameters(
        prompt=prompt,
        negative_prompt=negative_prompt,
        style_prompt=others.pop("Style prompt", None),
        regions=others.pop("Regions", None),
        steps=steps,
        sampler=sampler,
        schedule=schedule,
        guidance_scale=_number(others, "CFG scale"),
        guidance_rescale=_number(others, "CFG rescale"),
        image_guidance_scale=_number(others, "Image CFG scale"),
        seed=_whole(others, "Seed"),
        width=width,
        height=height,
        clip_skip=_whole(others, "Clip skip"),
        eta=_number(others, "Eta"),
        strength=_number(others, "Denoising strength"),
        variation_seed=_whole(others, "Variation seed"),
        variation_strength=_number(others, "Variation seed strength"),
        seed_resize_from=_pair(_size(others, "Seed resize from")),
        hires_width=hires_width,
        hires_height=hires_height,
        hires_steps=None if hires_steps in (0, steps) else hires_steps,
        hires_sampler=_hires_sampler(others),
        hires_upscaler=_upscaler(others),
        model=bare_name(others.pop("Model", None)),
        model_hash=others.pop("Model hash", None) or hashes.pop("model", None),
        vae=bare_name(others.pop("VAE", None)),
        vae_hash=others.pop("VAE hash", None) or hashes.pop("vae", None),
        lora_hashes=_named_hashes(others, "Lora hashes", hashes, "lora:"),
        embedding_hashes=_named_hashes(others, "TI hashes", hashes, "embed:"),
        others=others,
    )


def bare_name(name: str | None) -> str | None:
    """Return the name of a model's file without folder and ending; None for none."""
    bare = re.split(r"[/\\]", name or "")[-1].strip()
    bare = re.sub(r"\.(safetensors|ckpt|pt|pth|bin|gguf|sft)$", "", bare, flags=re.IGNORECASE)
    return None if bare.casefold() in ("", "none", "automatic") else bare


def lora_tag(name: str, weight: float, text_encoder_weight: float) -> str | None:
    """Return how prompts ask for a LoRA; None for a name or a weight that cannot be written there."""
    unet, encoder = round(weight, 4), round(text_encoder_weight, 4)
    if re.search(r"[<>:,\n]", name) or max(abs(unet), abs(encoder)) > _MOST_LORA_WEIGHT:
        return None
    return f"<lora:{name}:{unet:g}>" if unet == encoder else f"<lora:{name}:{encoder:g}:{unet:g}>"


def _sampler(others: dict[str, str]) -> tuple[str | None, str | None]:
    """Take sampler and schedule out of `others`; what is not known stays there."""
    sampler: str | None = None
    schedule: str | None = None
    if "Sampler" in others:
        try:
            sampler, schedule = split_sampler(others["Sampler"])
            del others["Sampler"]
        except UnknownName:
            pass
    label = " ".join(others.get("Schedule type", "").casefold().split())
    if label == "automatic" and sampler is not None:
        schedule = schedule or _AUTOMATIC.get(sampler, "normal")
        del others["Schedule type"]
    elif label:
        try:
            schedule = _SCHEDULE_LABELS.get(label) or schedule_key(label)
            del others["Schedule type"]
        except UnknownName:
            pass
    return sampler, schedule


def _size(others: dict[str, str], key: str) -> tuple[int, int] | tuple[None, None]:
    match = re.fullmatch(r"(\d{1,5}) ?[x×] ?(\d{1,5})", others.get(key, ""))
    if match is None:
        return None, None
    del others[key]
    return int(match[1]), int(match[2])


def _hires(others: dict[str, str], width: int | None, height: int | None) -> tuple[int, int] | tuple[None, None]:
    """Return the second pass's size: said in pixels, or as a factor of the first's (AUTOMATIC1111 rounds down to 8)."""
    resized = _size(others, "Hires resize")
    if resized[0] is not None or width is None or height is None:
        return resized
    factor = _number(others, "Hires upscale")
    if factor is None:
        return None, None
    return int(width * factor) // 8 * 8, int(height * factor) // 8 * 8


def _whole(others: dict[str, str], key: str) -> int | None:
    if re.fullmatch(r"\d{1,19}", others.get(key, "")):
        return int(others.pop(key))
    return None


def _number(others: dict[str, str], key: str) -> float | None:
    if re.fullmatch(r"\d{1,6}(\.\d{0,20})?(e-?\d{1,2})?", others.get(key, "")):
        return float(others.pop(key))
    return None


def _pair(size: tuple[int, int] | tuple[None, None]) -> tuple[int, int] | None:
    return None if size[0] is None or size == (0, 0) else size


def _first_pass(others: dict[str, str], width: int | None, height: int | None) -> tuple[int, int] | None:
    """Return the first pass's size where `Size` is the second's, as AUTOMATIC1111 wrote it until January 2023.

    0x0 left it to the program: about 512x512 pixels, in multiples of 64.
    """
    first = _size(others, "First pass size")
    if first[0] is None or width is None or height is None or not width * height:
        return None
    if first != (0, 0):
        return first
    scale = math.sqrt(512 * 512 / (width * height))
    return math.ceil(scale * width / 64) * 64, math.ceil(scale * height / 64) * 64


def _hires_sampler(others: dict[str, str]) -> str | None:
    said = others.get("Hires sampler", "use same sampler")
    if said.casefold() == "use same sampler":
        others.pop("Hires sampler", None)
        return None
    try:
        key = sampler_key(said)
    except UnknownName:
        return None
    del others["Hires sampler"]
    return key


def _upscaler(others: dict[str, str]) -> str | None:
    key = _UPSCALER_KEYS.get(others.get("Hires upscaler", "").casefold())
    if key is not None:
        del others["Hires upscaler"]
    return key


def _hashes(others: dict[str, str]) -> dict[str, str]:
    """Take `Hashes` out of `others`: a JSON object of Civitai's, kinds or `kind:name` to hashes."""
    try:
        found = json.loads(others.get("Hashes", "{}"))
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    others.pop("Hashes", None)
    return {
        infotext.mended(key): value for key, value in found.items() if isinstance(value, str) and _HASH.fullmatch(value)
    }


def _named_hashes(others: dict[str, str], key: str, hashes: dict[str, str], kind: str) -> dict[str, str]:
    """Return hashes by name: of Civitai's, and of AUTOMATIC1111's "name: hash, name: hash"."""
    named = {each.partition(":")[2]: value for each, value in hashes.items() if each.startswith(kind)}
    parts = [part.rpartition(":") for part in others.get(key, "").split(",")]
    if all(name.strip() and _HASH.fullmatch(value.strip()) for name, _, value in parts):
        others.pop(key, None)
        named |= {name.strip(): value.strip() for name, _, value in parts}
    return named
