"""Networks with random weights in the sizes that people run, for ours and for diffusers at once."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

import diffusers
import torch
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from inference.families.base import DiffusionModel
from inference.families.clip import ClipEncoder
from inference.models.architectures import NOISE
from inference.models.parts import Parts
from inference.protocol.recipe import ContentHash
from inference.sample import MODEL_FOLDER

#: Stable Diffusion 1.5's own size, the same with a third of its width, 2.1's and SDXL's own sizes.
Size = Literal["sd15", "small", "sd21", "sdxl"]
SIZES: tuple[Size, ...] = get_args(Size)
_HASH = ContentHash("b" * 64)


@dataclass(frozen=True, eq=False)
class Pair:
    """Our model and diffusers' pipeline over the very same networks."""

    model: DiffusionModel
    pipeline: Any
    parameters: int


def make(size: Size, device: torch.device, dtype: torch.dtype) -> Pair:
    """Return random networks of a size. The real tokenizers' vocabulary is not needed: the sample model's will do."""
    torch.manual_seed(0)
    with torch.device(device):
        unet, vae, encoders = _unet(size), _vae(size), _text_encoders(size)
    for module in (unet, vae, *encoders):
        module.to(dtype).eval().requires_grad_(False)
    tokenizer = CLIPTokenizer.from_pretrained(MODEL_FOLDER / "tokenizer")
    family = {"sd21": "sd2", "sdxl": "sdxl"}.get(size, "sd1")
    layer: dict[str, Any] = {"usual_layer": 2, "normed": False} if size == "sdxl" else {}
    ours: Any = tuple(ClipEncoder(tokenizer, encoder, **layer) for encoder in encoders)
    parts = Parts(unet=unet, vae=vae, encoders=ours, noise=NOISE, prediction="epsilon")
    scheduler = diffusers.DDIMScheduler(**NOISE, clip_sample=False, set_alpha_to_one=False, steps_offset=1)
    common = {"unet": unet, "vae": vae, "scheduler": scheduler, "text_encoder": encoders[0], "tokenizer": tokenizer}
    pipeline: Any
    if size == "sdxl":
        pipeline = diffusers.StableDiffusionXLPipeline(
            **common, text_encoder_2=encoders[1], tokenizer_2=tokenizer, add_watermarker=False
        )
    else:
        pipeline = diffusers.StableDiffusionPipeline(
            **common, safety_checker=None, feature_extractor=None, requires_safety_checker=False
        )
    pipeline.set_progress_bar_config(disable=True)
    parameters = sum(weight.numel() for weight in unet.parameters())
    return Pair(parts.assemble(_HASH, family, device), pipeline, parameters)


def _unet(size: Size) -> diffusers.UNet2DConditionModel:
    if size == "sdxl":
        return diffusers.UNet2DConditionModel(
            block_out_channels=(320, 640, 1280),
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
            transformer_layers_per_block=(1, 2, 10),
            attention_head_dim=(5, 10, 20),
            cross_attention_dim=2048,
            use_linear_projection=True,
            addition_embed_type="text_time",
            addition_time_embed_dim=256,
            projection_class_embeddings_input_dim=2816,
        )
    if size == "sd21":
        return diffusers.UNet2DConditionModel(
            cross_attention_dim=1024, attention_head_dim=(5, 10, 20, 20), use_linear_projection=True
        )
    channels = (320, 640, 1280, 1280) if size == "sd15" else (96, 192, 384, 384)
    return diffusers.UNet2DConditionModel(
        block_out_channels=channels, cross_attention_dim=768 if size == "sd15" else 256, attention_head_dim=8
    )


def _vae(size: Size) -> diffusers.AutoencoderKL:
    return diffusers.AutoencoderKL(
        block_out_channels=(32, 64, 128, 128) if size == "small" else (128, 256, 512, 512),
        layers_per_block=2 if size != "small" else 1,
        latent_channels=4,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        scaling_factor=0.13025 if size == "sdxl" else 0.18215,
        force_upcast=size == "sdxl",
    )


def _text_encoders(size: Size) -> list[Any]:
    if size == "small":
        return [CLIPTextModel(_text(256, 4, "quick_gelu"))]
    if size == "sd21":
        # Without its last layer, which is not used.
        return [CLIPTextModel(_text(1024, 23, "gelu"))]
    first = CLIPTextModel(_text(768, 12, "quick_gelu"))
    if size == "sd15":
        return [first]
    return [first, CLIPTextModelWithProjection(_text(1280, 32, "gelu"))]


def _text(width: int, layers: int, activation: str) -> CLIPTextConfig:
    return CLIPTextConfig(
        hidden_size=width,
        intermediate_size=4 * width,
        num_hidden_layers=layers,
        num_attention_heads=width // 64,
        hidden_act=activation,
        projection_dim=width,
        # Of the sample model's tokenizer, whose end decides where the pooled text is taken.
        bos_token_id=CLIPTokenizer.from_pretrained(MODEL_FOLDER / "tokenizer").bos_token_id,
        eos_token_id=CLIPTokenizer.from_pretrained(MODEL_FOLDER / "tokenizer").eos_token_id,
    )
