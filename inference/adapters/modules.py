"""The modules that adapters can change, by family: their names and the shapes of their weights.

A target is "unet.<path>", "text_encoder.<path>" or "text_encoder_2.<path>". A UNet's path is diffusers'; a text
encoder's is transformers' without "text_model.", which some versions and classes put in front and some do not. The
tables are written by `python -m inference.adapters.tabulate`. Nothing here needs torch.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

Family = Literal["sd1", "sd2", "sdxl", "sample"]
#: (out, in) of a linear layer, (out, in, height, width) of a convolution.
Shape = tuple[int, ...]

FAMILIES: tuple[Family, ...] = ("sd1", "sd2", "sdxl", "sample")
TABLES_FOLDER = Path(__file__).parent / "tables"
#: The parts of a model, in the order in which ambiguous names are tried.
PARTS = ("unet", "text_encoder", "text_encoder_2")


@cache
def modules(family: str) -> Mapping[str, Shape]:
    """Return a family's targets and their weights' shapes. Raises ValueError for a family without a table."""
    if family not in FAMILIES:
        raise ValueError(f"There is no table of modules for {family!r}, only for {', '.join(FAMILIES)}.")
    table = json.loads((TABLES_FOLDER / f"{family}.json").read_text("utf-8"))
    return {target: tuple(shape) for target, shape in table.items()}


@cache
def text_widths(family: str) -> tuple[int, ...]:
    """Return the width of each text encoder of a family: that of the vectors of its embeddings."""
    return widths(modules(family))


def widths(table: Mapping[str, Shape]) -> tuple[int, ...]:
    """Return the width of each text encoder among a model's modules."""
    queries = (table.get(f"{part}.encoder.layers.0.self_attn.q_proj") for part in PARTS[1:])
    return tuple(shape[1] for shape in queries if shape is not None)


def original_names(table: Mapping[str, Shape]) -> dict[str, str]:
    """Return the UNet's targets by their paths in the original (LDM) layout, such as "input_blocks.4.1.proj_in"."""
    paths = [target.removeprefix("unet.") for target in table if target.startswith("unet.")]
    prefixes = _original_prefixes(paths)
    names = {}
    for path in paths:
        known = next((prefix for prefix in prefixes if path.startswith(prefix)), None)
        if known is not None:
            rest = path.removeprefix(known)
            names[(prefixes[known] + _IN_RESNETS.get(rest, rest)).removesuffix(".")] = f"unet.{path}"
    return names


#: What lies in a resnet, and at the ends of the network, under its original name. Transformers keep theirs.
_IN_RESNETS = {
    "conv1": "in_layers.2",
    "conv2": "out_layers.3",
    "time_emb_proj": "emb_layers.1",
    "conv_shortcut": "skip_connection",
}
_ENDS = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
    "conv_in": "input_blocks.0.0",
    "conv_out": "out.2",
    "mid_block.resnets.0.": "middle_block.0.",
    "mid_block.attentions.0.": "middle_block.1.",
    "mid_block.resnets.1.": "middle_block.2.",
}


def _original_prefixes(paths: list[str]) -> dict[str, str]:
    """Return the beginnings of the original names by diffusers': blocks are counted through all levels there."""
    known = {".".join(path.split(".")[:4]) for path in paths}
    prefixes = dict(_ENDS)
    index = 1
    for level in range(_count(known, "down_blocks.", ".resnets.0")):
        block = f"down_blocks.{level}"
        for layer in range(_count(known, f"{block}.resnets.")):
            prefixes[f"{block}.resnets.{layer}."] = f"input_blocks.{index}.0."
            prefixes[f"{block}.attentions.{layer}."] = f"input_blocks.{index}.1."
            index += 1
        prefixes[f"{block}.downsamplers.0.conv"] = f"input_blocks.{index}.0.op"
        index += 1
    index = 0
    for level in range(_count(known, "up_blocks.", ".resnets.0")):
        block = f"up_blocks.{level}"
        place = 2 if f"{block}.attentions.0" in known else 1
        for layer in range(_count(known, f"{block}.resnets.")):
            prefixes[f"{block}.resnets.{layer}."] = f"output_blocks.{index}.0."
            prefixes[f"{block}.attentions.{layer}."] = f"output_blocks.{index}.1."
            index += 1
        prefixes[f"{block}.upsamplers.0.conv"] = f"output_blocks.{index - 1}.{place}.conv"
    return prefixes


def _count(known: set[str], before: str, after: str = "") -> int:
    count = 0
    while f"{before}{count}{after}" in known:
        count += 1
    return count


def as_family(name: str) -> Family | None:
    """Return a family by its name, None where there is no such."""
    return next((family for family in FAMILIES if family == name), None)
