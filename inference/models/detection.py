"""What a model file or folder is, from names, shapes and JSON alone: its weights are never loaded."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from inference.families.base import Prediction
from inference.models.errors import ModelError
from inference.models.headers import Header, read_header
from inference.vision.networks import FACE_SIDE, recognised

Family = Literal["sd1", "sd2", "sdxl"]
Layout = Literal["folder", "single_file"]

UNET = "model.diffusion_model."
#: A cross-attention key of the first attention: the width of its input tells the families apart.
_CONTEXT_WIDTHS: dict[int, Family] = {768: "sd1", 1024: "sd2", 2048: "sdxl"}

DEFAULT_SIDES: dict[Family, int] = {"sd1": 512, "sd2": 768, "sdxl": 1024}


@dataclass(frozen=True, kw_only=True)
class Detected:
    """What was found."""

    kind: Literal["checkpoint", "vae", "upscaler", "face_restorer"]
    layout: Layout
    #: Means nothing for an upscaler or a face restorer.
    family: Family
    prediction: Prediction
    inpainting: bool = False
    #: Follows instructions about a picture (InstructPix2Pix).
    instructs: bool = False
    #: Side in pixels of the squares the model was trained on; 0 for an upscaler.
    side: int
    #: How many times as large an upscaler makes a picture.
    factor: int = 0


def detect(path: Path) -> Detected:
    """Return what a safetensors file or a diffusers folder is.

    Raises ModelError for what is no model, is damaged, or belongs to a family that is not supported, each by name.
    """
    if path.is_dir():
        return detect_folder(path)
    return detect_file(path.name, read_header(path))


def detect_file(name: str, header: Header) -> Detected:
    """Return what a single file in the original key layout is. Raises ModelError."""
    _refuse_others(name, header)
    if not header.has_prefix(UNET):
        if _is_vae(header):
            return Detected(kind="vae", layout="single_file", family="sd1", prediction="epsilon", side=512)
        if (found := recognised(name, header)) is not None:
            side = FACE_SIDE if found.kind == "face_restorer" else 0
            return Detected(
                kind=found.kind,
                layout="single_file",
                family="sd1",
                prediction="epsilon",
                side=side,
                factor=found.factor,
            )
        raise ModelError(f"{name} holds no network that this program knows. Is it a checkpoint of SD 1.x, 2.x or SDXL?")
    family = _family(name, header)
    first = header.shape(f"{UNET}input_blocks.0.0.weight")
    if first is None or len(first) != 4 or first[1] not in (4, 8, 9):
        raise ModelError(f"{name} has a network with inputs that are not supported ({first}).")
    prediction = _prediction(header, family)
    side = DEFAULT_SIDES[family] if prediction == "v_prediction" or family != "sd2" else 512
    return Detected(
        kind="checkpoint",
        layout="single_file",
        family=family,
        prediction=prediction,
        inpainting=first[1] == 9,
        instructs=first[1] == 8,
        side=side,
    )


def _refuse_others(name: str, header: Header) -> None:
    """Raise ModelError for files of kinds that are known and not supported here, each by its name."""
    lora = (
        "lora_unet_",
        "lora_te",
        "unet.up_blocks.0.attentions",
        "transformer.single_transformer_blocks.0.attn.to_q.lora",
    )
    if any(header.has_prefix(prefix) for prefix in lora) or any("lora_" in key for key in list(header.tensors)[:50]):
        raise ModelError(f"{name} is a LoRA, not a checkpoint. A checkpoint is what it is used with.")
    if header.has_prefix("model.diffusion_model.joint_blocks."):
        raise ModelError(f"{name} is a Stable Diffusion 3 checkpoint, which is not supported yet.")
    if header.has_prefix("model.diffusion_model.double_blocks.") or header.has_prefix("double_blocks."):
        raise ModelError(f"{name} is a FLUX checkpoint, which is not supported yet.")
    if header.has_prefix("control_model.") or header.has_prefix("controlnet_cond_embedding."):
        raise ModelError(f"{name} is a ControlNet, not a checkpoint.")
    if header.has_prefix("edm_vpred."):
        raise ModelError(f"{name} is a CosXL checkpoint, which is not supported yet. Install an SDXL base model.")
    if "emb_params" in header.tensors or header.has_prefix("string_to_param"):
        raise ModelError(f"{name} is an embedding (textual inversion), not a checkpoint.")
    if header.has_prefix("conditioner.embedders.0.model.") and not header.has_prefix("conditioner.embedders.1."):
        raise ModelError(f"{name} is the SDXL refiner, which is not supported yet. Install the SDXL base model.")
    if header.has_prefix("down_blocks.") and "conv_in.weight" in header.tensors:
        raise ModelError(f"{name} is a UNet in the diffusers layout. Install the folder that it came in.")


def _is_vae(header: Header) -> bool:
    # Networks that restore faces are built like it, around a codebook.
    return "quantize.embedding.weight" not in header.tensors and any(
        header.has_prefix(f"{prefix}encoder.") and header.has_prefix(f"{prefix}decoder.")
        for prefix in ("", "first_stage_model.", "vae.")
    )


def _family(name: str, header: Header) -> Family:
    """Return the family by the text encoders that are in the file, else by the width of the text's vectors."""
    if header.has_prefix("conditioner.embedders.1."):
        return "sdxl"
    if header.has_prefix("cond_stage_model.model."):
        return "sd2"
    if header.has_prefix("cond_stage_model.transformer."):
        return "sd1"
    widths = {info.shape[1] for key, info in header.tensors.items() if key.endswith("attn2.to_k.weight")}
    families = {_CONTEXT_WIDTHS[width] for width in widths if width in _CONTEXT_WIDTHS}
    if len(families) != 1:
        raise ModelError(f"{name} holds a network of no family that this program knows (text widths {sorted(widths)}).")
    found = families.pop()
    raise ModelError(
        f"{name} holds the network of a {found} model without its text encoder. Install the full checkpoint."
    )


def _prediction(header: Header, family: Family) -> Prediction:
    """Return what the network predicts: by a marker key, by metadata, else as most files of the family do."""
    if "v_pred" in header.tensors or header.metadata.get("modelspec.prediction_type") in ("v", "v_prediction"):
        return "v_prediction"
    if header.metadata.get("modelspec.prediction_type") == "epsilon":
        return "epsilon"
    # The 768-pixel SD 2.x checkpoints predict v; the 512-pixel base and the inpainting one do not, and only
    # `easel models add --prediction` can tell them apart where nothing in the file does.
    first = header.shape(f"{UNET}input_blocks.0.0.weight")
    return "v_prediction" if family == "sd2" and first is not None and first[1] == 4 else "epsilon"


def detect_folder(path: Path) -> Detected:
    """Return what a diffusers folder is. Raises ModelError."""
    if not (path / "unet" / "config.json").is_file():
        if (path / "transformer").is_dir():
            raise ModelError(
                f"{path.name} is a folder of a transformer model (SD3, FLUX, …), which is not supported yet."
            )
        raise ModelError(
            f"{path.name} is no diffusers folder: it has no unet/config.json. Give the folder that has it."
        )
    index = _json(path / "model_index.json")
    unet = _json(path / "unet" / "config.json")
    scheduler = _json(path / "scheduler" / "scheduler_config.json")
    for part in ("unet", "vae", "text_encoder"):
        if not weight_files(path / part):
            raise ModelError(f"{path.name} lacks safetensors weights in {part}/. Download the .safetensors files.")
        for file in weight_files(path / part):
            read_header(file)
    if (path / "text_encoder_2").is_dir():
        family: Family = "sdxl"
    else:
        family = "sd2" if int(unet.get("cross_attention_dim", 768)) == 1024 or _openclip(path) else "sd1"
    if "Refiner" in str(index.get("_class_name")) or unet.get("cross_attention_dim") == 1280:
        raise ModelError(f"{path.name} is the SDXL refiner, which is not supported yet.")
    prediction = scheduler.get("prediction_type", "epsilon")
    if prediction not in ("epsilon", "v_prediction"):
        raise ModelError(f"{path.name} predicts {prediction!r}, which is not supported.")
    channels = int(unet.get("in_channels", 4))
    if channels not in (4, 8, 9):
        raise ModelError(f"{path.name} has a network of {channels} input channels, which is not supported.")
    return Detected(
        kind="checkpoint",
        layout="folder",
        family=family,
        prediction=prediction,
        inpainting=channels == 9,
        instructs=channels == 8,
        side=_side(path, unet, family),
    )


def _openclip(path: Path) -> bool:
    return str(_json(path / "text_encoder" / "config.json").get("hidden_act")) == "gelu"


def _side(path: Path, unet: dict[str, Any], family: Family) -> int:
    cells = unet.get("sample_size")
    vae = _json(path / "vae" / "config.json")
    downscale = 2 ** (len(vae.get("block_out_channels", [0] * 4)) - 1)
    return int(cells) * downscale if isinstance(cells, int) else DEFAULT_SIDES[family]


def weight_files(folder: Path) -> list[Path]:
    """Return the safetensors files of a component's folder: full precision before `fp16` variants, shards in order."""
    files = sorted(folder.glob("*.safetensors"))
    plain = [file for file in files if ".fp16." not in file.name]
    return plain or files


def _json(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ModelError(f"{path.parent.name}/{path.name} cannot be read: {error}") from error
    return document if isinstance(document, dict) else {}
