"""The architectures of single-file checkpoints: what their shapes say, and what shapes cannot say.

A checkpoint in the original layout carries no configuration. Widths, depths and counts are read from its tensors'
shapes, as spandrel does; the rest (heads, activations, noise levels, scaling) is constant in each family and written
here from the published configurations of CompVis/stable-diffusion, Stability-AI/stablediffusion and
Stability-AI/generative-models.
"""

from typing import Any

from inference.models.detection import UNET, Family
from inference.models.errors import ModelError
from inference.models.headers import Header

#: Betas of all three families' training.
NOISE: dict[str, Any] = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
SCALING: dict[Family, float] = {"sd1": 0.18215, "sd2": 0.18215, "sdxl": 0.13025}
#: Prefixes of the text encoders.
CLIP_L = {"sd1": "cond_stage_model.transformer.", "sdxl": "conditioner.embedders.0.transformer."}
OPENCLIP = {"sd2": "cond_stage_model.model.", "sdxl": "conditioner.embedders.1.model."}


def unet_config(header: Header, family: Family) -> dict[str, Any]:
    """Return the arguments of diffusers' UNet2DConditionModel. Raises ModelError."""
    levels = _unet_levels(header)
    channels = [level["channels"] for level in levels]
    depths = [level["depth"] for level in levels]
    width = next(iter(_widths(header)), None)
    first = header.shape(f"{UNET}input_blocks.0.0.weight")
    last = header.shape(f"{UNET}out.2.weight")
    if width is None or first is None or last is None or not levels:
        raise ModelError("The checkpoint's network lacks blocks that every Stable Diffusion network has.")
    config: dict[str, Any] = {
        "in_channels": first[1],
        "out_channels": last[0],
        "block_out_channels": channels,
        "layers_per_block": levels[0]["layers"],
        "down_block_types": [_block("Down", depth) for depth in depths],
        "up_block_types": [_block("Up", depth) for depth in reversed(depths)],
        "transformer_layers_per_block": [max(1, depth) for depth in depths],
        "cross_attention_dim": width,
        "attention_head_dim": 8 if family == "sd1" else [max(1, count // 64) for count in channels],
        "use_linear_projection": _linear_projection(header),
    }
    if family == "sdxl":
        added = header.shape(f"{UNET}label_emb.0.0.weight")
        if added is None:
            raise ModelError("The checkpoint's network lacks SDXL's embedding of sizes and pooled text.")
        pooled = _openclip_width(header)
        config |= {
            "addition_embed_type": "text_time",
            "addition_time_embed_dim": (added[1] - pooled) // 6,
            "projection_class_embeddings_input_dim": added[1],
        }
    return config


def vae_config(header: Header, prefix: str, family: Family) -> dict[str, Any]:
    """Return the arguments of diffusers' AutoencoderKL for the VAE under `prefix`. Raises ModelError."""
    channels: list[int] = []
    while (shape := header.shape(f"{prefix}encoder.down.{len(channels)}.block.0.conv2.weight")) is not None:
        channels.append(shape[0])
    layers = 0
    while header.shape(f"{prefix}encoder.down.0.block.{layers}.conv2.weight") is not None:
        layers += 1
    decoder = header.shape(f"{prefix}decoder.conv_in.weight")
    if not channels or decoder is None:
        raise ModelError("The file's VAE lacks blocks that every Stable Diffusion VAE has.")
    return {
        "block_out_channels": channels,
        "layers_per_block": layers,
        "latent_channels": decoder[1],
        "down_block_types": ["DownEncoderBlock2D"] * len(channels),
        "up_block_types": ["UpDecoderBlock2D"] * len(channels),
        "scaling_factor": SCALING[family],
        "force_upcast": family == "sdxl",
    }


def clip_config(header: Header, family: Family) -> dict[str, Any]:
    """Return the arguments of CLIPTextConfig for OpenAI's text encoder in the original (transformers) keys."""
    prefix = f"{CLIP_L[family]}text_model."
    tokens = _required(header, f"{prefix}embeddings.token_embedding.weight")
    inner = _required(header, f"{prefix}encoder.layers.0.mlp.fc1.weight")
    layers = _count(header, f"{prefix}encoder.layers.", ".mlp.fc1.weight")
    return _text_config(tokens, inner[0], layers, "quick_gelu")


def openclip_config(header: Header, family: Family) -> dict[str, Any]:
    """Return the arguments of CLIPTextConfig for OpenCLIP's text encoder.

    SD 2.x conditions on the layer before the last, so the last is left out there, as in its diffusers folders.
    """
    prefix = OPENCLIP[family]
    tokens = _required(header, f"{prefix}token_embedding.weight")
    inner = _required(header, f"{prefix}transformer.resblocks.0.mlp.c_fc.weight")
    layers = _count(header, f"{prefix}transformer.resblocks.", ".mlp.c_fc.weight")
    # Some SD 2.x files were saved without the unused last layer.
    used = min(layers, 23) if family == "sd2" and tokens[1] == 1024 else layers - (family == "sd2")
    return _text_config(tokens, inner[0], used, "gelu") | {"projection_dim": _openclip_width(header, prefix)}


def _text_config(tokens: tuple[int, ...], inner: int, layers: int, activation: str) -> dict[str, Any]:
    return {
        "vocab_size": tokens[0],
        "hidden_size": tokens[1],
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": max(1, tokens[1] // 64),
        "hidden_act": activation,
        "projection_dim": tokens[1],
        "bos_token_id": tokens[0] - 2,
        "eos_token_id": tokens[0] - 1,
        "pad_token_id": tokens[0] - 1,
    }


def _unet_levels(header: Header) -> list[dict[str, int]]:
    """Return each level's channels, resnets and transformer depth, from the input blocks in order."""
    levels: list[dict[str, int]] = []
    fresh = True
    for index in range(1, 100):
        block = f"{UNET}input_blocks.{index}."
        if header.shape(f"{block}0.op.weight") is not None:
            fresh = True
            continue
        out = header.shape(f"{block}0.out_layers.3.weight")
        if out is None:
            break
        if fresh:
            levels.append({"channels": out[0], "layers": 0, "depth": 0})
            fresh = False
        levels[-1]["layers"] += 1
        levels[-1]["depth"] = _count(header, f"{block}1.transformer_blocks.", ".attn2.to_k.weight")
    return levels


def _count(header: Header, prefix: str, suffix: str) -> int:
    count = 0
    while header.shape(f"{prefix}{count}{suffix}") is not None:
        count += 1
    return count


def _widths(header: Header) -> set[int]:
    return {info.shape[1] for name, info in header.tensors.items() if name.endswith("attn2.to_k.weight")}


def _linear_projection(header: Header) -> bool:
    return any(
        name.startswith(UNET) and name.endswith(".proj_in.weight") and len(info.shape) == 2
        for name, info in header.tensors.items()
    )


def _openclip_width(header: Header, prefix: str = OPENCLIP["sdxl"]) -> int:
    projection = header.shape(f"{prefix}text_projection") or header.shape(f"{prefix}ln_final.weight")
    return projection[-1] if projection else 0


def _required(header: Header, name: str) -> tuple[int, ...]:
    shape = header.shape(name)
    if shape is None:
        raise ModelError(f"The checkpoint lacks {name}: its text encoder is missing. Install the full checkpoint.")
    return shape


def _block(kind: str, depth: int) -> str:
    return f"CrossAttn{kind}Block2D" if depth else f"{kind}Block2D"
