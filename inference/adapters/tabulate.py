"""Write the tables of modules: `python -m inference.adapters.tabulate`.

The configurations are the published ones of each family's UNet and text encoders. The networks are built on the meta
device, so that nothing but their names and shapes is made.
"""

import json
from collections.abc import Mapping
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from inference.adapters.deltas import named_modules
from inference.adapters.modules import FAMILIES, TABLES_FOLDER, Family, Shape
from inference.sample import MODEL_FOLDER

_CROSS_DOWN = ["CrossAttnDownBlock2D"] * 3 + ["DownBlock2D"]
_CROSS_UP = ["UpBlock2D"] + ["CrossAttnUpBlock2D"] * 3
_UNETS: dict[Family, dict[str, Any]] = {
    "sd1": {
        "block_out_channels": [320, 640, 1280, 1280],
        "down_block_types": _CROSS_DOWN,
        "up_block_types": _CROSS_UP,
        "attention_head_dim": 8,
        "cross_attention_dim": 768,
    },
    "sd2": {
        "block_out_channels": [320, 640, 1280, 1280],
        "down_block_types": _CROSS_DOWN,
        "up_block_types": _CROSS_UP,
        "attention_head_dim": [5, 10, 20, 20],
        "cross_attention_dim": 1024,
        "use_linear_projection": True,
    },
    "sdxl": {
        "block_out_channels": [320, 640, 1280],
        "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
        "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
        "transformer_layers_per_block": [1, 2, 10],
        "attention_head_dim": [5, 10, 20],
        "cross_attention_dim": 2048,
        "use_linear_projection": True,
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": 2816,
    },
}
_CLIP_L = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12}
_OPENCLIP_H = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 23, "num_attention_heads": 16}
_OPENCLIP_G = {
    "hidden_size": 1280,
    "intermediate_size": 5120,
    "num_hidden_layers": 32,
    "num_attention_heads": 20,
    "projection_dim": 1280,
}


def table(family: Family) -> dict[str, Shape]:
    """Return the targets of a family and their weights' shapes, in the order of its networks."""
    with torch.device("meta"):
        unet = UNet2DConditionModel.from_config(_unet_config(family))
        encoders = _encoders(family)
    return {target: tuple(module.weight.shape) for target, module in named_modules(unet, encoders).items()}


def _unet_config(family: Family) -> dict[str, Any]:
    if family == "sample":
        config: dict[str, Any] = json.loads((MODEL_FOLDER / "unet" / "config.json").read_text("utf-8"))
        return config
    return {"in_channels": 4, "out_channels": 4, "layers_per_block": 2} | _UNETS[family]


def _encoders(family: Family) -> list[Any]:
    if family == "sample":
        return [CLIPTextModel(CLIPTextConfig.from_pretrained(MODEL_FOLDER / "text_encoder"))]
    if family == "sd2":
        return [CLIPTextModel(CLIPTextConfig(**_OPENCLIP_H))]
    first = CLIPTextModel(CLIPTextConfig(**_CLIP_L))
    return [first, CLIPTextModelWithProjection(CLIPTextConfig(**_OPENCLIP_G))] if family == "sdxl" else [first]


def written(table: Mapping[str, Shape]) -> str:
    """Return a table as its file holds it: one target a line."""
    lines = (f"{json.dumps(target)}: {json.dumps(shape)}" for target, shape in table.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    TABLES_FOLDER.mkdir(exist_ok=True)
    for family in FAMILIES:
        (TABLES_FOLDER / f"{family}.json").write_text(written(table(family)), "utf-8")
