"""The `parameters` text that AUTOMATIC1111 writes into pictures, and that people paste everywhere.

    prompt, on one or more lines
    Negative prompt: on one or more lines
    Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 1, Size: 512x512, …

Written from recipes; read leniently, since many programs write it a little differently.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from inference import __version__
from inference.protocol.names import SAMPLER_NAMES, SCHEDULE_NAMES, UnknownName, schedule_key, split_sampler
from inference.protocol.recipe import ImageToImage, Inpaint, Recipe, TextToImage

VERSION = f"Easel {__version__}"
_NEGATIVE = "Negative prompt: "
_PAIR = re.compile(r'\s*([A-Za-z][\w \-/+]{0,60}):\s*("(?:\\.|[^"\\])*"|[^,]*)(?:,|$)')
#: AUTOMATIC1111's names.
_UPSCALERS = {"latent": "Latent", "latent_bicubic": "Latent (bicubic)", "latent_nearest": "Latent (nearest-exact)"}
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


def to_parameters(recipe: Recipe, model_name: str = "") -> str:
    """Return the text for a recipe. `model_name` is for people; the hash says which model it was."""
    lines = [recipe.prompt.strip()]
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
    match recipe:
        case ImageToImage():
            yield "Denoising strength", _decimal(recipe.strength)
        case Inpaint():
            yield "Denoising strength", _decimal(recipe.strength)
            yield "Mask blur", str(recipe.mask_blur)
        case TextToImage() if recipe.hires is not None:
            yield "Denoising strength", _decimal(recipe.hires.strength)
            yield "Hires resize", f"{recipe.hires.width}x{recipe.hires.height}"
            yield "Hires steps", str(recipe.hires.steps or recipe.steps)
            yield "Hires upscaler", _UPSCALERS[recipe.hires.upscaler]
    yield "Version", VERSION


def _decimal(value: float) -> str:
    """Return the shortest text that reads back as the same number, without a needless ".0"."""
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False) if re.search(r'[,:\n"]', value) else value


@dataclass(frozen=True)
class Parameters:
    """What a `parameters` text says. None where it says nothing."""

    prompt: str = ""
    negative_prompt: str = ""
    steps: int | None = None
    #: Keys of `inference.protocol.names`.
    sampler: str | None = None
    schedule: str | None = None
    guidance_scale: float | None = None
    seed: int | None = None
    width: int | None = None
    height: int | None = None
    clip_skip: int | None = None
    strength: float | None = None
    variation_seed: int | None = None
    variation_strength: float | None = None
    #: Size of the second pass (hires fix), whose denoising strength is `strength` then.
    hires_width: int | None = None
    hires_height: int | None = None
    model: str | None = None
    model_hash: str | None = None
    #: What was said and is not among the above, as it was said.
    others: dict[str, str] = field(default_factory=dict)


#: Written beside what `Parameters` holds, and said by it already.
_SAID_ELSEWHERE = {"Version"}


def parse(text: str) -> Parameters:
    """Return what a `parameters` text says; what it does not know is kept in `others`. Never fails."""
    lines = text.replace("\r\n", "\n").strip().split("\n")
    pairs: dict[str, str] = {}
    if len(lines) > 1 or _looks_like_settings(lines[-1]):
        found = _PAIR.findall(lines[-1])
        if len(found) >= 3 or _looks_like_settings(lines[-1]):
            pairs = {key.strip(): _unquoted(value.strip()) for key, value in found}
            lines = lines[:-1]
    words: list[str] = []
    negative: list[str] | None = None
    for line in lines:
        if negative is None and line.startswith(_NEGATIVE.strip()):
            negative = [line[len(_NEGATIVE.strip()) :].lstrip()]
        elif negative is None:
            words.append(line)
        else:
            negative.append(line)
    return _understood("\n".join(words), "\n".join(negative or []), pairs)


def _understood(prompt: str, negative_prompt: str, pairs: dict[str, str]) -> Parameters:
    others = {key: value for key, value in pairs.items() if key not in _SAID_ELSEWHERE}
    sampler, schedule = _sampler(others)
    width, height = _size(others, "Size")
    hires_width, hires_height = _hires(others, width, height)
    return Parameters(
        prompt=prompt.strip(),
        negative_prompt=negative_prompt.strip(),
        steps=_whole(others, "Steps"),
        sampler=sampler,
        schedule=schedule,
        guidance_scale=_number(others, "CFG scale"),
        seed=_whole(others, "Seed"),
        width=width,
        height=height,
        clip_skip=_whole(others, "Clip skip"),
        strength=_number(others, "Denoising strength"),
        variation_seed=_whole(others, "Variation seed"),
        variation_strength=_number(others, "Variation seed strength"),
        hires_width=hires_width,
        hires_height=hires_height,
        model=others.pop("Model", None),
        model_hash=others.pop("Model hash", None),
        others=others,
    )


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
    label = others.get("Schedule type", "").casefold()
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
    match = re.fullmatch(r"(\d{1,5})\s*[x×]\s*(\d{1,5})", others.get(key, ""))
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
    if re.fullmatch(r"\d{1,6}(\.\d{1,20})?(e-?\d{1,3})?", others.get(key, "")):
        return float(others.pop(key))
    return None


def _looks_like_settings(line: str) -> bool:
    return bool(re.match(r"\s*Steps: \d+", line))


def _unquoted(value: str) -> str:
    if value.startswith('"'):
        try:
            return str(json.loads(value))
        except ValueError:
            return value.strip('"')
    return value
