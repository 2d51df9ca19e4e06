"""What InvokeAI writes into its pictures.

`invokeai_metadata` since version 3: a JSON object. Before, `sd-metadata`, an object with the picture's settings in
`image`, and `Dream`, a command: `"a fox [bad]" -s 50 -S 42 -W 512 -H 512 -C 7.5 -A k_lms`. There, the negative prompt
stands in the prompt, in square brackets.
"""

import re
from collections.abc import Mapping
from typing import Any

from inference.protocol.documents import number_in, text_in, whole_in
from inference.protocol.names import UnknownName, sampler_key
from inference.protocol.parameters import Parameters, bare_name, lora_tag

_MAX_LORAS = 50
_MAX_OTHERS = 50
#: InvokeAI's names that are no other program's.
_SCHEDULERS = {"kdpm_2": "dpm2", "kdpm_2_a": "dpm2_a"}
_UNDERSTOOD = {
    "app_version", "canvas_v2_metadata", "cfg_rescale_multiplier", "cfg_scale", "clip_skip", "generation_mode",
    "height", "loras", "model", "negative_prompt", "negative_style_prompt", "positive_prompt", "positive_style_prompt",
    "rand_device", "scheduler", "seed", "steps", "strength", "vae", "width",
}  # fmt: skip
_DREAM = re.compile(r'\s*"(?P<prompt>.*)"(?P<options>\s+-{1,2}\w[^"]*)', re.DOTALL)
_OPTION = re.compile(r"(?<!\S)-([sSWHCAf])[ =]?(\S+)")
_UNWANTED = re.compile(r"\[([^\[\]]*)\]")


def read_metadata(document: Mapping[str, Any]) -> Parameters | None:
    """Return what `invokeai_metadata` says; None where it has no prompt. Never fails."""
    if text_in(document.get("positive_prompt")) is None:
        return None
    others: dict[str, str] = {}
    sampler, schedule = _scheduler(text_in(document.get("scheduler")), others)
    skipped = whole_in(document.get("clip_skip"))
    style, prompt = text_in(document.get("positive_style_prompt")), text_in(document.get("positive_prompt")) or ""
    model, model_hash = _model(document.get("model"))
    vae, vae_hash = _model(document.get("vae"))
    unwanted = text_in(document.get("negative_style_prompt"))
    if unwanted and unwanted != document.get("negative_prompt"):
        others["Negative style prompt"] = unwanted
    tags = _loras(document.get("loras"), others)
    _name_others(document, others)
    return Parameters(
        prompt=" ".join([prompt, *tags]).strip(),
        negative_prompt=text_in(document.get("negative_prompt")) or "",
        style_prompt=style if style and style != prompt else None,
        steps=whole_in(document.get("steps")),
        sampler=sampler,
        schedule=schedule,
        guidance_scale=number_in(document.get("cfg_scale")),
        guidance_rescale=number_in(document.get("cfg_rescale_multiplier")) or None,
        seed=whole_in(document.get("seed")),
        width=whole_in(document.get("width")),
        height=whole_in(document.get("height")),
        strength=number_in(document.get("strength")),
        # InvokeAI counts the layers that are left out.
        clip_skip=skipped + 1 if skipped is not None and skipped >= 0 else None,
        model=model,
        model_hash=model_hash,
        vae=vae,
        vae_hash=vae_hash,
        others=others,
    )


def read_old_metadata(document: Mapping[str, Any]) -> Parameters | None:
    """Return what `sd-metadata` says; None where it has no prompt. Never fails."""
    image = document.get("image")
    if not isinstance(image, dict):
        return None
    said = image.get("prompt")
    if isinstance(said, list):
        parts = [text_in(part.get("prompt")) for part in said[:100] if isinstance(part, dict)]
        said = ", ".join(part for part in parts if part)
    if not isinstance(said, str):
        return None
    others: dict[str, str] = {}
    prompt, negative = _divided(text_in(said) or "")
    sampler, schedule = _scheduler(text_in(image.get("sampler")), others)
    kind = text_in(image.get("type")) or "txt2img"
    return Parameters(
        prompt=prompt,
        negative_prompt=negative,
        steps=whole_in(image.get("steps")),
        sampler=sampler,
        schedule=schedule,
        guidance_scale=number_in(image.get("cfg_scale")),
        seed=whole_in(image.get("seed")),
        width=whole_in(image.get("width")),
        height=whole_in(image.get("height")),
        strength=None if kind == "txt2img" else number_in(image.get("strength")),
        model=bare_name(text_in(document.get("model_weights"))),
        model_hash=text_in(document.get("model_hash")),
        others=others,
    )


def read_dream(text: str) -> Parameters | None:
    """Return what a `Dream` command says; None for another text. Never fails."""
    match = _DREAM.fullmatch(text.strip())
    if match is None:
        return None
    options = dict(_OPTION.findall(match["options"]))
    others: dict[str, str] = {}
    prompt, negative = _divided(text_in(match["prompt"]) or "")
    sampler, schedule = _scheduler(options.get("A"), others)
    return Parameters(
        prompt=prompt,
        negative_prompt=negative,
        steps=whole_in(options.get("s")),
        sampler=sampler,
        schedule=schedule,
        guidance_scale=number_in(options.get("C")),
        seed=whole_in(options.get("S")),
        width=whole_in(options.get("W")),
        height=whole_in(options.get("H")),
        strength=number_in(options.get("f")),
        others=others,
    )


def _divided(text: str) -> tuple[str, str]:
    """Return prompt and negative prompt of a text that has both."""
    unwanted = [part.strip() for part in _UNWANTED.findall(text) if part.strip()]
    return " ".join(_UNWANTED.sub(" ", text).split()), ", ".join(unwanted)


def _scheduler(name: str | None, others: dict[str, str]) -> tuple[str | None, str | None]:
    """Return sampler and schedule: an ending "_k" means Karras, a beginning "k_" nothing."""
    if not name:
        return None, None
    bare = name.removesuffix("_k")
    try:
        return sampler_key(_SCHEDULERS.get(bare, bare)), "normal" if bare == name else "karras"
    except UnknownName:
        others["Sampler"] = name[:100]
        return None, None


def _model(value: object) -> tuple[str | None, str | None]:
    """Return name and hash of a model; hashes of other kinds than SHA-256 say nothing here."""
    if not isinstance(value, dict):
        return bare_name(text_in(value)), None
    name = text_in(value.get("name")) or text_in(value.get("model_name"))
    kind, colon, digits = (text_in(value.get("hash")) or "").rpartition(":")
    return bare_name(name), digits if colon and kind == "sha256" else None


def _loras(value: object, others: dict[str, str]) -> list[str]:
    """Return the LoRAs as prompts name them."""
    tags: list[str] = []
    for each in value[:_MAX_LORAS] if isinstance(value, list) else ():
        if not isinstance(each, dict):
            continue
        name, _ = _model(each.get("model") or each.get("lora"))
        weight = number_in(each.get("weight", 1.0))
        if name is None or weight is None:
            continue
        tag = lora_tag(name, weight, weight)
        if tag is None:
            others["LoRA"] = f"{name} {weight:g}"[:200]
        else:
            tags.append(tag)
    return tags


def _name_others(document: Mapping[str, Any], others: dict[str, str]) -> None:
    """Name what else was used: values as they are, of lists how many."""
    for key, value in list(document.items())[:_MAX_OTHERS]:
        unused = key.startswith("hrf_") and document.get("hrf_enabled") is not True
        if key in _UNDERSTOOD or unused or not value:
            continue
        said = f"{len(value)}" if isinstance(value, list) else _model(value)[0] if isinstance(value, dict) else value
        if said is not None:
            others[text_in(key[:60]) or ""] = text_in(str(said)[:200]) or ""
