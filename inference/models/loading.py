"""From a file or folder on disk to a model on a device."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors import SafetensorError
from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from inference.extras import to_install
from inference.families.base import DiffusionModel, Prediction
from inference.families.clip import ClipEncoder
from inference.models.detection import Detected, detect
from inference.models.errors import ModelError
from inference.models.parts import Parts
from inference.models.single_file import load_single_file, load_vae_file
from inference.models.tokenizers import load_tokenizers
from inference.protocol.recipe import ContentHash

_NOISE_KEYS = ("beta_start", "beta_end", "beta_schedule", "num_train_timesteps", "rescale_zero_terminal_snr")

#: For a model that nobody asks for by its hash.
UNNAMED = ContentHash("0" * 64)


def load_model(
    path: Path,
    *,
    content_hash: ContentHash = UNNAMED,
    models_folder: Path,
    device: torch.device,
    dtype: torch.dtype,
    prediction: Prediction | None = None,
    vae: Path | None = None,
    attention: Literal["sdpa", "xformers"] = "sdpa",
) -> DiffusionModel:
    """Return the model of a diffusers folder or a single safetensors file.

    `prediction` overrides what was detected; `vae` is a file or folder to be used instead of the model's own VAE.
    Raises ModelError.
    """
    detected = detect(path)
    if detected.kind != "checkpoint":
        what = {
            "vae": "a VAE. It can be used beside a checkpoint",
            "upscaler": "an upscaler. It makes pictures larger",
            "face_restorer": "a face restorer. It is used when pictures are made larger",
        }
        raise ModelError(f"{path.name} is {what[detected.kind]}, and cannot be used as a checkpoint.")
    if prediction is not None:
        detected = replace(detected, prediction=prediction)
    try:
        if detected.layout == "folder":
            parts = _load_folder(path, detected, dtype)
        else:
            parts = load_single_file(path, detected, models_folder, dtype)
        if vae is not None:
            parts = replace(parts, vae=_load_vae(vae, detected, dtype))
    except (SafetensorError, OSError, json.JSONDecodeError) as error:
        raise ModelError(f"{path.name} cannot be loaded: {error}") from error
    if attention == "xformers":
        _use_xformers(parts.unet)
    return parts.assemble(content_hash, detected.family, device)


def _load_folder(path: Path, detected: Detected, dtype: torch.dtype) -> Parts:
    unet = _component(UNet2DConditionModel, path, "unet", dtype)
    vae = _component(AutoencoderKL, path, "vae", dtype)
    tokenizers = load_tokenizers(path, "folder", detected.family, path.parent)
    if detected.family == "sdxl":
        # SDXL takes the layer before the last, without the final norm.
        encoders: tuple[ClipEncoder, ...] = (
            _encoder(tokenizers[0], CLIPTextModel, path, "", dtype, usual_layer=2, normed=False),
            _encoder(tokenizers[1], CLIPTextModelWithProjection, path, "_2", dtype, usual_layer=2, normed=False),
        )
    else:
        encoders = (_encoder(tokenizers[0], CLIPTextModel, path, "", dtype),)
    config = json.loads((path / "scheduler" / "scheduler_config.json").read_text(encoding="utf-8"))
    noise = {key: config[key] for key in _NOISE_KEYS if key in config}
    return Parts(unet=unet, vae=vae, encoders=encoders, noise=noise, prediction=detected.prediction)


def _encoder(
    tokenizer: CLIPTokenizer, kind: Any, path: Path, suffix: str, dtype: torch.dtype, **options: Any
) -> ClipEncoder:
    return ClipEncoder(tokenizer, _component(kind, path, f"text_encoder{suffix}", dtype), **options)


def _component(kind: Any, path: Path, name: str, dtype: torch.dtype) -> Any:
    """Return one network of a folder; safetensors only, from this folder only."""
    plain = [file for file in (path / name).glob("*.safetensors") if ".fp16." not in file.name]
    variant = {} if plain else {"variant": "fp16"}
    kwargs: dict[str, Any] = {"local_files_only": True, "use_safetensors": True, **variant}
    dtype_word = "torch_dtype" if kind in (UNet2DConditionModel, AutoencoderKL) else "dtype"
    try:
        return kind.from_pretrained(path, subfolder=name, **{dtype_word: dtype}, **kwargs)
    except (ValueError, KeyError, RuntimeError) as error:
        raise ModelError(f"{path.name}/{name} cannot be loaded: {error}") from error


def _load_vae(path: Path, detected: Detected, dtype: torch.dtype) -> AutoencoderKL:
    if not path.is_dir():
        return load_vae_file(path, detected, dtype)
    folder = path / "vae" if (path / "vae").is_dir() else path
    vae: AutoencoderKL = AutoencoderKL.from_pretrained(
        folder, torch_dtype=dtype, local_files_only=True, use_safetensors=True
    )
    return vae


def _use_xformers(unet: UNet2DConditionModel) -> None:
    try:
        unet.enable_xformers_memory_efficient_attention()
    except (ImportError, ModuleNotFoundError, ValueError) as error:
        raise ModelError(
            "Attention by xformers was asked for, but xformers is not installed or has no GPU here. "
            f"{to_install('xformers')} Or choose the attention `sdpa`."
        ) from error
