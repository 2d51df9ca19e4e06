"""Adapters made here, in every form and layout, whose effect is known: the formulas are written out again, in numpy.

Nothing of the package that reads them is used: names come from the networks and from `benchmarks.tiny_models`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Literal

import diffusers
import numpy as np
import torch
from torch import nn
from transformers import CLIPTextModel

from benchmarks.tiny_models import make_pipeline, original_tensors
from inference.sample import MODEL_FOLDER

ModelKind = Literal["sd1", "sd2", "sdxl", "sample"]
MODELS: tuple[ModelKind, ...] = ("sd1", "sd2", "sdxl", "sample")
Form = Literal["LoRA", "LoCon", "LoCon with a core", "LoHa", "LoHa with a core", "LoKr", "LoKr of factors", "DoRA"]
FORMS: tuple[Form, ...] = (
    "LoRA", "LoCon", "LoCon with a core", "LoHa", "LoHa with a core", "LoKr", "LoKr of factors", "DoRA",
)  # fmt: skip
Layout = Literal["kohya", "original", "diffusers", "lora.down", "processor", "PEFT", "ComfyUI"]
#: Which layouts a form is written in.
LAYOUTS: Mapping[Form, tuple[Layout, ...]] = {
    "LoRA": ("kohya", "original", "diffusers", "lora.down", "processor", "PEFT", "ComfyUI"),
    "LoCon": ("kohya", "original", "diffusers", "PEFT"),
    "LoCon with a core": ("kohya", "original"),
    "LoHa": ("kohya", "original", "PEFT"),
    "LoHa with a core": ("kohya", "PEFT"),
    "LoKr": ("kohya", "original", "PEFT"),
    "LoKr of factors": ("kohya", "PEFT"),
    "DoRA": ("kohya", "original", "diffusers", "PEFT"),
}
RANK = 3
#: A matrix or kernel.
Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Networks:
    """A model's networks that adapters change."""

    unet: Any
    encoders: tuple[Any, ...]
    #: The UNet's paths in the original layout, by diffusers'.
    original: Mapping[str, str]

    def modules(self) -> dict[str, Any]:
        """Return the linear layers and convolutions, under "unet.…", "text_encoder.…" and "text_encoder_2.…"."""
        return dict(_modules(self))


def networks(kind: ModelKind) -> Networks:
    """Return tiny networks in that family's real naming, or the sample model's own."""
    if kind == "sample":
        unet = diffusers.UNet2DConditionModel.from_pretrained(MODEL_FOLDER / "unet").eval()
        encoder = CLIPTextModel.from_pretrained(MODEL_FOLDER / "text_encoder", dtype=torch.float32).eval()
        vae = diffusers.AutoencoderKL.from_pretrained(MODEL_FOLDER / "vae")
        return Networks(unet, (encoder,), _original_paths(SimpleNamespace(unet=unet, vae=vae, text_encoder=encoder)))
    pipeline = make_pipeline(kind)
    names = [name for name in ("text_encoder", "text_encoder_2") if getattr(pipeline, name, None) is not None]
    encoders = tuple(getattr(pipeline, name) for name in names)
    return Networks(pipeline.unet, encoders, _original_paths(pipeline))


def _original_paths(pipeline: Any) -> dict[str, str]:
    """Find each of the UNet's weights again among the original tensors, by its values."""
    prefix = "model.diffusion_model."
    by_values = {
        value.numpy().tobytes(): name.removeprefix(prefix).removesuffix(".weight")
        for name, value in original_tensors(pipeline).items()
        if name.startswith(prefix) and value.ndim > 1
    }
    return {
        name.removesuffix(".weight"): by_values[value.numpy().tobytes()]
        for name, value in pipeline.unet.state_dict().items()
        if value.ndim > 1
    }


def _modules(found: Networks) -> Iterable[tuple[str, Any]]:
    parts = ("unet", "text_encoder", "text_encoder_2")
    for part, network in zip(parts, (found.unet, *found.encoders), strict=False):
        for path, module in network.named_modules():
            if isinstance(module, nn.Linear | nn.Conv2d):
                yield f"{part}.{path}", module


@dataclass(frozen=True)
class Made:
    """An adapter's tensors under its layout's keys, and what each adds to which module's weight."""

    tensors: Mapping[str, torch.Tensor]
    #: By the paths of `Networks.modules`.
    changes: Mapping[str, torch.Tensor]


def make(found: Networks, form: Form, layout: Layout, seed: int = 0) -> Made:
    """Return an adapter of that form in that layout for these networks."""
    generator = np.random.default_rng(seed)
    tensors: dict[str, torch.Tensor] = {}
    changes: dict[str, torch.Tensor] = {}
    modules = found.modules()
    for path in _chosen(modules, form, layout):
        weight = modules[path].weight.detach().double().numpy()
        parts, change = _parts(generator, form, weight, alpha=_has_alpha(layout))
        changes[path] = torch.from_numpy(change).float()
        for part, value in parts.items():
            tensors[_key(found, path, part, layout)] = torch.from_numpy(np.asarray(value)).float().contiguous()
    return Made(tensors, changes)


def _chosen(modules: Mapping[str, Any], form: Form, layout: Layout) -> list[str]:
    """Return the modules that a trainer of this form changes; a few of each kind are enough."""
    attention = ("to_q", "to_k", "to_v", "to_out.0")
    chosen = []
    for path, module in modules.items():
        text = path.startswith("text_encoder")
        if layout == "PEFT" and text:
            continue
        if layout == "processor":
            wanted = "self_attn" in path if text else path.endswith(attention) and "transformer_blocks" in path
        elif form == "LoRA":
            wanted = ".transformer_blocks." in path or ".proj_in" in path or (text and "encoder.layers" in path)
        else:
            wanted = "embedding" not in path
        if wanted and (form != "LoRA" or isinstance(module, nn.Linear) or module.kernel_size == (1, 1)):
            chosen.append(path)
    return chosen


def _has_alpha(layout: Layout) -> bool:
    return layout in ("kohya", "original", "ComfyUI")


# Formulas ----------------------------------------------------------------------------------------------------------


def _parts(
    generator: np.random.Generator, form: Form, weight: Array, alpha: bool
) -> tuple[dict[str, Array | float], Array]:
    """Return one module's tensors by their kohya names, and what they add to the weight (in double precision)."""
    out, into, kernel = weight.shape[0], weight.shape[1], weight.shape[2:]
    scale = 2.0 / RANK if alpha else 1.0
    given: dict[str, Array | float] = {"alpha": 2.0} if alpha else {}
    size = 0.5 * float(weight.std()) / (scale * RANK)

    def draw(*shape: int, by: float = 1.0) -> Array:
        return generator.standard_normal(shape) * by

    if form in ("LoRA", "LoCon", "DoRA") or (form == "LoCon with a core" and kernel in ((), (1, 1))):
        down, up = draw(RANK, into, *kernel), draw(out, RANK, *(1 for _ in kernel), by=size)
        change = scale * (up.reshape(out, RANK) @ down.reshape(RANK, -1)).reshape(weight.shape)
        given |= {"lora_down.weight": down, "lora_up.weight": up}
        if form == "DoRA":
            magnitude = np.sqrt((weight**2).reshape(out, -1).sum(1)) * (1 + draw(out, by=0.3))
            direction = weight + change
            length = np.sqrt((direction**2).reshape(out, -1).sum(1))
            sides = (out, *(1 for _ in weight.shape[1:]))
            change = (magnitude / length).reshape(sides) * direction - weight
            given["dora_scale"] = magnitude.reshape(sides)
        return given, change
    if form == "LoCon with a core":
        down, mid, up = draw(RANK, into, 1, 1), draw(RANK, RANK, *kernel, by=0.5), draw(out, RANK, 1, 1, by=size)
        change = np.zeros(weight.shape)
        for one in range(RANK):
            for other in range(RANK):
                outer = np.multiply.outer(up[:, one, 0, 0], down[other, :, 0, 0])
                change += scale * outer[..., None, None] * mid[one, other]
        return given | {"lora_down.weight": down, "lora_mid.weight": mid, "lora_up.weight": up}, change
    if form.startswith("LoHa"):
        change = np.full(weight.shape, scale)
        for side in "12":
            product, parts = _product(generator, weight.shape, form.endswith("core"), size**0.5)
            change = change * product
            given |= {f"hada_{name.format(side)}": value for name, value in parts.items()}
        return given, change
    rows, columns = (2 if out % 2 == 0 else 1), (2 if into % 2 == 0 else 1)
    small = (out // rows, into // columns, *kernel)
    if form == "LoKr":
        # Two whole matrices have no rank, and so their alpha means nothing.
        little, large = draw(rows, columns), draw(*small, by=0.5 * float(weight.std()))
        return given | {"lokr_w1": little, "lokr_w2": large}, _kron(little, large)
    left, right = draw(rows, 1), draw(1, columns)
    product, parts = _product(generator, small, bool(kernel) and kernel != (1, 1), size)
    given |= {"lokr_w1_a": left, "lokr_w1_b": right}
    given |= {f"lokr_{name.format(2)}": value for name, value in parts.items()}
    return given, scale * _kron(left @ right, product)


def _product(
    generator: np.random.Generator, shape: tuple[int, ...], core: bool, size: float
) -> tuple[Array, dict[str, Array]]:
    """Return a matrix or kernel of low rank and the tensors that it is the product of."""
    if core and len(shape) == 4 and shape[2:] != (1, 1):
        left, right = generator.standard_normal((RANK, shape[0])) * size, generator.standard_normal((RANK, shape[1]))
        middle = generator.standard_normal((RANK, RANK, *shape[2:])) * 0.5
        product = np.zeros(shape)
        for one in range(RANK):
            for other in range(RANK):
                product += np.multiply.outer(left[one], right[other])[..., None, None] * middle[one, other]
        return product, {"w{}_a": left, "w{}_b": right, "t{}": middle}
    left = generator.standard_normal((shape[0], RANK)) * size
    right = generator.standard_normal((RANK, int(np.prod(shape[1:]))))
    return (left @ right).reshape(shape), {"w{}_a": left, "w{}_b": right}


def _kron(one: Array, other: Array) -> Array:
    """Return the Kronecker product of a matrix and a matrix or kernel, block by block."""
    rows = [np.concatenate([value * other for value in row], axis=1) for row in one]
    return np.concatenate(rows, axis=0)


# Names -------------------------------------------------------------------------------------------------------------

_DIFFUSERS = {"lora_down.weight": "lora_A.weight", "lora_up.weight": "lora_B.weight"}
_OLD = {"lora_down.weight": "down.weight", "lora_up.weight": "up.weight"}
_PROCESSORS = {"q_proj": "to_q", "k_proj": "to_k", "v_proj": "to_v", "out_proj": "to_out"}


def _key(found: Networks, path: str, part: str, layout: Layout) -> str:
    network, _, rest = path.partition(".")
    text = network != "unet"
    plain = f"text_model.{rest}" if text and not rest.startswith("text_model.") and "projection" not in rest else rest
    if layout in ("kohya", "original", "ComfyUI"):
        xl = len(found.encoders) > 1
        before = {"unet": "lora_unet_", "text_encoder": "lora_te1_" if xl else "lora_te_"}.get(network, "lora_te2_")
        name = found.original[rest] if not text and layout != "kohya" else plain
        if layout == "ComfyUI":
            letter = "g" if network == "text_encoder_2" else "l"
            return f"{f'text_encoders.clip_{letter}.transformer' if text else 'diffusion_model'}.{name}.{part}"
        return before + name.replace(".", "_") + f".{part}"
    if layout == "diffusers":
        named = _DIFFUSERS | {"dora_scale": "lora_magnitude_vector"}
        return f"{network}.{plain}.{named[part]}"
    if layout == "lora.down":
        return f"{network}.{plain}.{'lora_linear_layer' if text else 'lora'}.{_OLD[part]}"
    if layout == "processor":
        owner, _, leaf = plain.removesuffix(".0").rpartition(".")
        return f"{network}.{owner}.{'' if text else 'processor.'}{_PROCESSORS.get(leaf, leaf)}_lora.{_OLD[part]}"
    named = {"lora_down.weight": "lora_A.default.weight", "lora_up.weight": "lora_B.default.weight",
             "dora_scale": "lora_magnitude_vector.default.weight"}  # fmt: skip
    return f"base_model.model.{rest}.{named.get(part, part)}"
