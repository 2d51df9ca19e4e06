"""Tiny random models in every family's real formats: folders as diffusers writes them, files in the original keys.

Only the weights are made up (seeded); the formats, and so the code that reads them, are real.
"""

import shutil
from pathlib import Path
from typing import Any, Literal

import diffusers
import torch
from safetensors.torch import save_file
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from inference.sample import MODEL_FOLDER

Kind = Literal["sd1", "sd1_inpaint", "sd1_instruct", "sd2", "sd2_v", "sdxl", "sdxl_instruct"]
#: Those that everything is measured with.
KINDS: tuple[Kind, ...] = ("sd1", "sd1_inpaint", "sd1_instruct", "sd2", "sd2_v", "sdxl")
#: Width of a text encoder's states; 64 is one head in the families that have heads of 64.
_HIDDEN = 64


def make_folder(kind: Kind, folder: Path) -> Path:
    """Write a tiny diffusers folder of that kind and return it."""
    pipeline = make_pipeline(kind)
    pipeline.save_pretrained(folder, safe_serialization=True)
    for name in ("tokenizer", "tokenizer_2") if kind.startswith("sdxl") else ("tokenizer",):
        for file in ("vocab.json", "merges.txt"):
            shutil.copyfile(MODEL_FOLDER / "tokenizer" / file, folder / name / file)
    return folder


def make_pipeline(kind: Kind) -> Any:
    """Return diffusers' own pipeline with tiny random networks of that kind."""
    torch.manual_seed(sum(map(ord, kind)))
    scheduler = diffusers.DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
        prediction_type="v_prediction" if kind == "sd2_v" else "epsilon",
    )
    parts: dict[str, Any] = {"unet": _unet(kind), "vae": _vae(kind), "scheduler": scheduler}
    padding = "!" if kind.startswith("sd2") else None
    parts |= {"tokenizer": _tokenizer(padding), "text_encoder": _text_encoder(kind)}
    if kind.startswith("sdxl"):
        second = CLIPTextModelWithProjection(_text_config("gelu", layers=3)).eval()
        parts |= {"tokenizer_2": _tokenizer("!"), "text_encoder_2": second}
        if kind == "sdxl_instruct":
            return _lively(diffusers.StableDiffusionXLInstructPix2PixPipeline(**parts, add_watermarker=False))
        return _lively(diffusers.StableDiffusionXLPipeline(**parts, add_watermarker=False))
    parts |= {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    if kind == "sd1_inpaint":
        return _lively(diffusers.StableDiffusionInpaintPipeline(**parts))
    if kind == "sd1_instruct":
        return _lively(diffusers.StableDiffusionInstructPix2PixPipeline(**parts))
    return _lively(diffusers.StableDiffusionPipeline(**parts))


def _lively(pipeline: Any) -> Any:
    """Shrink the last layer so that random networks predict something near unit noise, and mute the progress bar."""
    with torch.no_grad():
        pipeline.unet.conv_out.weight.mul_(0.5)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _unet(kind: Kind) -> diffusers.UNet2DConditionModel:
    common: dict[str, Any] = {
        "sample_size": 8,
        "in_channels": {"sd1_inpaint": 9, "sd1_instruct": 8, "sdxl_instruct": 8}.get(kind, 4),
        "out_channels": 4,
        "layers_per_block": 1,
        "block_out_channels": (32, 64),
        "attention_head_dim": 8 if kind.startswith("sd1") else [1, 1],
        "use_linear_projection": not kind.startswith("sd1"),
        "cross_attention_dim": 2 * _HIDDEN if kind.startswith("sdxl") else _HIDDEN,
        "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
    }
    if kind.startswith("sdxl"):
        common |= {
            "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
            "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
            "transformer_layers_per_block": [1, 2],
            "addition_embed_type": "text_time",
            "addition_time_embed_dim": 8,
            "projection_class_embeddings_input_dim": _HIDDEN + 6 * 8,
        }
    else:
        # The original layout has a transformer in the middle block whatever the last level has.
        common |= {
            "down_block_types": ("CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        }
    return diffusers.UNet2DConditionModel(**common).eval()


def _vae(kind: Kind) -> diffusers.AutoencoderKL:
    return diffusers.AutoencoderKL(
        block_out_channels=(32, 32, 32, 32),
        layers_per_block=1,
        latent_channels=4,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        scaling_factor=0.13025 if kind.startswith("sdxl") else 0.18215,
        force_upcast=kind.startswith("sdxl"),
    ).eval()


def _tokenizer(padding: str | None = None) -> CLIPTokenizer:
    """Return the sample model's tokenizer; OpenCLIP's models pad with "!"."""
    tokenizer = CLIPTokenizer.from_pretrained(MODEL_FOLDER / "tokenizer")
    if padding is not None:
        tokenizer.pad_token = padding
    return tokenizer


def _text_config(activation: str, layers: int) -> CLIPTextConfig:
    tokenizer = _tokenizer()
    return CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=_HIDDEN,
        intermediate_size=2 * _HIDDEN,
        num_hidden_layers=layers,
        num_attention_heads=1,
        hidden_act=activation,
        projection_dim=_HIDDEN,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def _text_encoder(kind: Kind) -> CLIPTextModel:
    return CLIPTextModel(_text_config("gelu" if kind.startswith("sd2") else "quick_gelu", layers=2)).eval()


# The original key layout -------------------------------------------------------------------------------------------


def make_single_file(kind: Kind, file: Path) -> Path:
    """Write the same weights as `make_folder` as one safetensors file in the original key layout, and return it."""
    save_file(original_tensors(make_pipeline(kind)), file)
    return file


def original_tensors(pipeline: Any) -> dict[str, Tensor]:
    """Return a pipeline's tensors under the names that CompVis and Stability gave them."""
    xl = hasattr(pipeline, "text_encoder_2")
    tensors = {f"model.diffusion_model.{name}": value for name, value in _original_unet(pipeline.unet).items()}
    tensors |= {f"first_stage_model.{name}": value for name, value in _original_vae(pipeline.vae).items()}
    first = pipeline.text_encoder
    if xl:
        prefix = "conditioner.embedders.0.transformer.text_model."
        tensors |= {prefix + name: value for name, value in first.state_dict().items()}
        second = {
            name.removeprefix("text_model."): value for name, value in pipeline.text_encoder_2.state_dict().items()
        }
        tensors |= _openclip(second, "conditioner.embedders.1.model.")
    elif first.config.hidden_act == "gelu":
        state = dict(first.state_dict())
        last = first.config.num_hidden_layers
        # The original files carry the layer that is never used; any weights will do.
        state |= {
            name.replace(".0.", f".{last}.", 1): torch.zeros_like(value)
            for name, value in state.items()
            if name.startswith("encoder.layers.0.")
        }
        tensors |= _openclip(state, "cond_stage_model.model.")
    else:
        prefix = "cond_stage_model.transformer.text_model."
        tensors |= {prefix + name: value for name, value in first.state_dict().items()}
    return {name: value.detach().contiguous().clone() for name, value in tensors.items()}


def _original_unet(unet: diffusers.UNet2DConditionModel) -> dict[str, Tensor]:
    depth = len(unet.config.block_out_channels)
    layers = unet.config.layers_per_block
    prefixes: dict[str, str] = {}
    index = 1
    for level in range(depth):
        for layer in range(layers):
            prefixes[f"down_blocks.{level}.resnets.{layer}."] = f"input_blocks.{index}.0."
            prefixes[f"down_blocks.{level}.attentions.{layer}."] = f"input_blocks.{index}.1."
            index += 1
        prefixes[f"down_blocks.{level}.downsamplers.0.conv."] = f"input_blocks.{index}.0.op."
        index += 1
    prefixes |= {
        "mid_block.resnets.0.": "middle_block.0.",
        "mid_block.attentions.0.": "middle_block.1.",
        "mid_block.resnets.1.": "middle_block.2.",
    }
    index = 0
    for level in range(depth):
        attends = hasattr(unet.up_blocks[level], "attentions")
        for layer in range(layers + 1):
            prefixes[f"up_blocks.{level}.resnets.{layer}."] = f"output_blocks.{index}.0."
            prefixes[f"up_blocks.{level}.attentions.{layer}."] = f"output_blocks.{index}.1."
            if layer == layers:
                place = 2 if attends else 1
                prefixes[f"up_blocks.{level}.upsamplers.0.conv."] = f"output_blocks.{index}.{place}.conv."
            index += 1
    return _renamed(unet.state_dict(), prefixes, _UNET_NAMES)


_UNET_NAMES = {
    "time_embedding.linear_1.": "time_embed.0.",
    "time_embedding.linear_2.": "time_embed.2.",
    "add_embedding.linear_1.": "label_emb.0.0.",
    "add_embedding.linear_2.": "label_emb.0.2.",
    "conv_in.": "input_blocks.0.0.",
    "conv_norm_out.": "out.0.",
    "conv_out.": "out.2.",
    ".norm1.weight": ".in_layers.0.weight",
    ".norm1.bias": ".in_layers.0.bias",
    ".conv1.": ".in_layers.2.",
    ".norm2.weight": ".out_layers.0.weight",
    ".norm2.bias": ".out_layers.0.bias",
    ".conv2.": ".out_layers.3.",
    ".time_emb_proj.": ".emb_layers.1.",
    ".conv_shortcut.": ".skip_connection.",
}


def _original_vae(vae: diffusers.AutoencoderKL) -> dict[str, Tensor]:
    depth = len(vae.config.block_out_channels)
    prefixes: dict[str, str] = {}
    for level in range(depth):
        for layer in range(vae.config.layers_per_block + 1):
            prefixes[f"encoder.down_blocks.{level}.resnets.{layer}."] = f"encoder.down.{level}.block.{layer}."
            prefixes[f"decoder.up_blocks.{level}.resnets.{layer}."] = f"decoder.up.{depth - 1 - level}.block.{layer}."
        prefixes[f"encoder.down_blocks.{level}.downsamplers.0."] = f"encoder.down.{level}.downsample."
        prefixes[f"decoder.up_blocks.{level}.upsamplers.0."] = f"decoder.up.{depth - 1 - level}.upsample."
    for side in ("encoder", "decoder"):
        prefixes |= {
            f"{side}.mid_block.resnets.0.": f"{side}.mid.block_1.",
            f"{side}.mid_block.resnets.1.": f"{side}.mid.block_2.",
            f"{side}.mid_block.attentions.0.": f"{side}.mid.attn_1.",
        }
    names = {
        ".conv_shortcut.": ".nin_shortcut.",
        ".conv_norm_out.": ".norm_out.",
        ".group_norm.": ".norm.",
        ".to_q.": ".q.",
        ".to_k.": ".k.",
        ".to_v.": ".v.",
        ".to_out.0.": ".proj_out.",
    }
    renamed = _renamed(vae.state_dict(), prefixes, names)
    square = (".q.weight", ".k.weight", ".v.weight", ".proj_out.weight")
    return {
        name: value[..., None, None] if ".mid.attn_1." in name and name.endswith(square) else value
        for name, value in renamed.items()
    }


def _openclip(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    names = {
        "embeddings.token_embedding.weight": "token_embedding.weight",
        "embeddings.position_embedding.weight": "positional_embedding",
        "final_layer_norm.": "ln_final.",
        "encoder.layers.": "transformer.resblocks.",
        ".layer_norm1.": ".ln_1.",
        ".layer_norm2.": ".ln_2.",
        ".mlp.fc1.": ".mlp.c_fc.",
        ".mlp.fc2.": ".mlp.c_proj.",
        ".self_attn.out_proj.": ".attn.out_proj.",
    }
    result: dict[str, Tensor] = {}
    for name, value in _renamed(state, {}, names).items():
        if name == "text_projection.weight":
            result[f"{prefix}text_projection"] = value.T
        elif ".self_attn.q_proj." in name:
            parts = [state[_back(name, letter)] for letter in "qkv"]
            leaf = "in_proj_weight" if name.endswith("weight") else "in_proj_bias"
            result[prefix + name.split(".self_attn.")[0] + f".attn.{leaf}"] = torch.cat(parts)
        elif ".self_attn." not in name:
            result[prefix + name] = value
    return result


def _back(name: str, letter: str) -> str:
    return name.replace("transformer.resblocks.", "encoder.layers.").replace(".q_proj.", f".{letter}_proj.")


def _renamed(state: dict[str, Tensor], prefixes: dict[str, str], names: dict[str, str]) -> dict[str, Tensor]:
    result = {}
    for name, value in state.items():
        prefix = next((known for known in prefixes if name.startswith(known)), "")
        rest = name.removeprefix(prefix)
        # Transformer blocks keep their names; only what lies in resnets and at the ends was renamed.
        if ".transformer_blocks." not in name and "transformer_blocks." not in rest:
            whole = f".{rest}" if prefix else rest
            for known, original in names.items():
                whole = whole.replace(known, original)
            rest = whole.removeprefix(".") if prefix else whole
        result[prefixes.get(prefix, "") + rest] = value
    return result
