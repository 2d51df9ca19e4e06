"""Single-file checkpoints in the original key layout, loaded without the network and without a configuration file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from accelerate import init_empty_weights
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.loaders.single_file_utils import (
    convert_ldm_clip_checkpoint,
    convert_ldm_unet_checkpoint,
    convert_ldm_vae_checkpoint,
    convert_open_clip_checkpoint,
)
from safetensors.torch import load_file
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from inference.families.clip import ClipEncoder
from inference.models import architectures
from inference.models.detection import Detected
from inference.models.errors import ModelError
from inference.models.headers import Header, read_header
from inference.models.parts import Parts
from inference.models.tokenizers import load_tokenizers

#: Keys that many checkpoints carry and no inference needs.
_IDLE = (
    "model_ema.",
    "betas",
    "alphas_cumprod",
    "sqrt_",
    "log_one",
    "posterior_",
    "loss.",
    "denoiser.",
    "lvlb_",
    "v_pred",
)
_VAE_PREFIXES = ("first_stage_model.", "vae.", "")


def load_single_file(path: Path, detected: Detected, models_folder: Path, dtype: torch.dtype) -> Parts:
    """Return the parts of a checkpoint, on the CPU in `dtype`.

    Raises ModelError when a key is missing or left over: a partly loaded network paints a wrong picture.
    """
    header = read_header(path)
    tensors = load_file(path, device="cpu")
    family = detected.family
    unet = _filled(
        UNet2DConditionModel, architectures.unet_config(header, family), tensors, convert_ldm_unet_checkpoint, dtype
    )
    vae = load_vae_tensors(tensors, header, detected, dtype)
    encoders = _encoders(header, tensors, detected, models_folder, dtype)
    _refuse_leftovers(path.name, tensors)
    return Parts(unet=unet, vae=vae, encoders=encoders, noise=architectures.NOISE, prediction=detected.prediction)


def load_vae_file(path: Path, detected: Detected, dtype: torch.dtype) -> AutoencoderKL:
    """Return the VAE of a file that holds only a VAE, in the original layout, for a model of `detected`'s family."""
    header = read_header(path)
    tensors = load_file(path, device="cpu")
    return load_vae_tensors(tensors, header, detected, dtype)


def load_vae_tensors(
    tensors: Mapping[str, Tensor], header: Header, detected: Detected, dtype: torch.dtype
) -> AutoencoderKL:
    """Return the VAE among a file's tensors. Raises ModelError."""
    prefix = next((prefix for prefix in _VAE_PREFIXES if header.has_prefix(f"{prefix}encoder.down.")), None)
    if prefix is None:
        raise ModelError("The file holds no VAE in the original layout.")
    config = architectures.vae_config(header, prefix, detected.family)
    own = {
        f"first_stage_model.{name.removeprefix(prefix)}": tensor
        for name, tensor in tensors.items()
        if name.startswith((f"{prefix}encoder.", f"{prefix}decoder.", f"{prefix}quant_conv", f"{prefix}post_quant"))
    }
    vae: AutoencoderKL = _filled(AutoencoderKL, config, own, convert_ldm_vae_checkpoint, dtype)
    return vae


def _encoders(
    header: Header, tensors: Mapping[str, Tensor], detected: Detected, models_folder: Path, dtype: torch.dtype
) -> tuple[ClipEncoder, ...]:
    family = detected.family
    encoders = []
    tokenizers = iter(load_tokenizers(Path(), "single_file", family, models_folder))
    if family in architectures.CLIP_L:
        prefix = architectures.CLIP_L[family]
        config = architectures.clip_config(header, family)
        converted = convert_ldm_clip_checkpoint({k: v for k, v in tensors.items() if k.startswith(prefix)})
        model = _text_model(CLIPTextModel, config, converted, dtype)
        layer: dict[str, Any] = {"usual_layer": 2, "normed": False} if family == "sdxl" else {}
        encoders.append(ClipEncoder(next(tokenizers), model, **layer))
    if family in architectures.OPENCLIP:
        prefix = architectures.OPENCLIP[family]
        config = architectures.openclip_config(header, family)
        kind = CLIPTextModelWithProjection if family == "sdxl" else CLIPTextModel
        with init_empty_weights():
            shell = kind(CLIPTextConfig(**config))
        converted = convert_open_clip_checkpoint(shell, dict(tensors), prefix=prefix)
        if family == "sd2":
            unused = f"encoder.layers.{config['num_hidden_layers']}."
            converted = {
                name: tensor
                for name, tensor in converted.items()
                if unused not in name and not name.startswith("text_projection")
            }
        model = _text_model(kind, config, converted, dtype)
        layer = {"usual_layer": 2, "normed": False} if family == "sdxl" else {}
        encoders.append(ClipEncoder(next(tokenizers), model, **layer))
    return tuple(encoders)


def _text_model(kind: Any, config: dict[str, Any], converted: Mapping[str, Tensor], dtype: torch.dtype) -> Any:
    if kind is CLIPTextModel:
        converted = {name.removeprefix("text_model."): tensor for name, tensor in converted.items()}
    converted = {name: tensor for name, tensor in converted.items() if not name.endswith("position_ids")}
    with init_empty_weights():
        model = kind(CLIPTextConfig(**config))
    return _assigned(model, converted, dtype)


def _filled(kind: Any, config: dict[str, Any], tensors: Mapping[str, Tensor], convert: Any, dtype: torch.dtype) -> Any:
    """Return a diffusers network of `config`, filled with a checkpoint's converted tensors."""
    try:
        with init_empty_weights():
            model = kind.from_config(config)
        converted = convert(dict(tensors), config=dict(model.config))
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise ModelError(
            f"The checkpoint's {kind.__name__} has another structure than its family's: {error}"
        ) from error
    return _assigned(model, converted, dtype)


def _assigned(model: Any, converted: Mapping[str, Tensor], dtype: torch.dtype) -> Any:
    """Put tensors into an empty network. Raises ModelError unless every key and every shape matches."""
    wanted = {
        name: tuple(value.shape) for name, value in model.state_dict().items() if not name.endswith("position_ids")
    }
    missing = sorted(set(wanted) - set(converted))
    extra = sorted(set(converted) - set(wanted))
    unlike = sorted(name for name in wanted if name in converted and tuple(converted[name].shape) != wanted[name])
    if missing or extra or unlike:
        told = [f"{word} {', '.join(names[:3])}" for word, names in
                (("missing", missing), ("unknown", extra), ("of another shape", unlike)) if names]  # fmt: skip
        raise ModelError(f"The checkpoint's {type(model).__name__} does not match its family ({'; '.join(told)}).")
    state = {name: converted[name].to(dtype).contiguous() for name in wanted}
    model.load_state_dict(state, strict=False, assign=True)
    for name, buffer in model.named_buffers():
        if buffer.is_meta:
            owner, _, leaf = name.rpartition(".")
            count = buffer.shape[-1]
            model.get_submodule(owner).register_buffer(leaf, torch.arange(count).expand(buffer.shape), persistent=False)
    return model.eval().requires_grad_(False)


def _refuse_leftovers(name: str, tensors: Mapping[str, Tensor]) -> None:
    """Raise ModelError for tensors that belong to no part: the file is of another kind than it seems."""
    known = ("model.diffusion_model.", "first_stage_model.", "cond_stage_model.", "conditioner.", *_IDLE)
    left = sorted(key for key in tensors if not key.startswith(known))
    if left:
        raise ModelError(
            f"{name} holds {len(left)} tensors that belong to no known part, such as {', '.join(left[:3])}."
        )
