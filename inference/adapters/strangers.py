"""Files that are no adapters for the models here: what they are instead, by the names of their tensors."""

import re
from collections.abc import Mapping

from inference.adapters.modules import Shape
from inference.adapters.safety import refused

#: Beginnings of names, and what a file with such names is. The first that is found holds.
_BEGINNINGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("controlnet", ("control_model.", "controlnet_cond_embedding.", "lllite_", "controlnet_")),
    ("ip_adapter", ("ip_adapter.", "image_proj.")),
    ("checkpoint", ("model.diffusion_model.", "cond_stage_model.", "conditioner.embedders.", "edm_vpred.")),
    ("vae", ("first_stage_model.", "encoder.conv_in.", "decoder.conv_in.", "vae.")),
    (
        "upscaler",
        (
            "model.0.weight",
            "model.1.sub.",
            "conv_first.",
            "RRDB_trunk.",
            "body.0.",
            "layers.0.residual_group.",
            "stylegan_decoder.",
            "quantize.embedding.",
            "params_ema.",
            "params.",
        ),
    ),
)
#: Whole networks in diffusers' and transformers' names: a weight as it is, where an adapter has factors.
_WHOLE = (
    "conv_in.weight",
    "time_embedding.linear_1.weight",
    "unet.conv_in.weight",
    "text_model.embeddings.token_embedding.weight",
    "transformer.text_model.embeddings.token_embedding.weight",
    "img_in.weight",
    "double_blocks.0.img_attn.qkv.weight",
)
_ADAPTERS = re.compile(r"lora|hada_|lokr_|dora_scale|\.alpha$")
_FAMILIES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("FLUX", re.compile(r"(double|single)[._]blocks[._]|single_transformer_blocks")),
    ("Stable Diffusion 3", re.compile(r"joint[._]blocks[._]|^(?:transformer|lora_transformer)[._]transformer_blocks")),
    ("Stable Cascade", re.compile(r"(?:lora_prior_unet|clip_txt_pooled_mapper)")),
    ("DiT", re.compile(r"^(?:diffusion_model|transformer|lora_unet|base_model\.model)[._]blocks[._]")),
)


def refuse_strangers(tensors: Mapping[str, Shape]) -> None:
    """Raise Refused, with what the file is, where its names are those of something else than an adapter."""
    if any(re.fullmatch(r"(?:320|640|768|1024|1280|2048)[._].*linear.*", name) for name in tensors):
        raise refused("hypernetwork")
    if "lora_controlnet" in tensors:
        raise refused("controlnet")
    # An adapter's tensors are called after what they do in it, whatever stands before that.
    plain = [name for name in tensors if not _ADAPTERS.search(name)]
    for code, beginnings in _BEGINNINGS:
        if any(name.startswith(beginnings) for name in plain):
            raise refused(code)
    if any(name in tensors for name in _WHOLE):
        raise refused("checkpoint")
    for family, pattern in _FAMILIES:
        if any(pattern.search(name) for name in tensors):
            raise refused("other_family", family=family)
