"""Checkers in their real formats, made on the spot: what they flag is decided by colour."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

SIDE = 16


def picture(colour: str | tuple[int, int, int], width: int = 64, height: int = 64) -> Image.Image:
    """Return a picture of one colour."""
    return Image.new("RGB", (width, height), colour)


def red_classifier(
    path: Path,
    *,
    layout: str = "NCHW",
    side: int | None = SIDE,
    classes: int = 2,
    activation: str | None = "Softmax",
    weight: float = 20.0,
) -> Path:
    """Write a classifier whose class 1 is for pictures with more red than half; numbers -1..1 or 0..1 go in."""
    axes = [2, 3] if layout == "NCHW" else [1, 2]
    half = 0.0 if layout == "NCHW" else 0.5
    shape = [1, 3, side, side] if layout == "NCHW" else [1, side, side, 3]
    matrix = np.zeros((3, classes), np.float32)
    matrix[0, min(1, classes - 1)] = weight
    bias = np.zeros(classes, np.float32)
    bias[min(1, classes - 1)] = -weight * half
    constants = {"axes": np.array(axes, np.int64), "matrix": matrix, "bias": bias}
    last = "logits" if activation is None else "plain"
    nodes = [
        helper.make_node("ReduceMean", ["pixels", "axes"], ["means"], keepdims=0),
        helper.make_node("Gemm", ["means", "matrix", "bias"], [last]),
    ]
    if activation is not None:
        nodes.append(helper.make_node(activation, ["plain"], ["logits"]))
    graph = helper.make_graph(
        nodes,
        "red",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, classes])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(path))
    return path


def describe(path: Path, **said: object) -> None:
    """Write what the operator says of a classifier."""
    path.with_suffix(".json").write_text(json.dumps(said))


def concept_checker(folder: Path, flagged: Image.Image, clean: Sequence[Image.Image], side: int = 32) -> Path:
    """Write a tiny safety checker as diffusers does, whose one concept is what `flagged` has and `clean` has not."""
    import torch
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
    from transformers import CLIPConfig

    from inference.vision.preprocessing import CLIP_MEAN, CLIP_STD, Preprocessing

    small = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = CLIPConfig(
        vision_config=small | {"image_size": side, "patch_size": 8}, text_config=small, projection_dim=8
    )
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(1)
        model = StableDiffusionSafetyChecker(config).eval()
        views = Preprocessing(width=side, height=side, mean=CLIP_MEAN, std=CLIP_STD)
        batch = torch.stack([torch.from_numpy(next(views.views(each))) for each in (flagged, *clean)])
        seen = torch.nn.functional.normalize(model.visual_projection(model.vision_model(batch)[1]))
        basis = torch.linalg.qr(seen[1:].T)[0]
        concept = torch.nn.functional.normalize(seen[0] - basis @ (basis.T @ seen[0]), dim=0)
        model.concept_embeds[:] = -concept
        model.special_care_embeds[:] = -concept
        model.concept_embeds[3] = concept
        model.concept_embeds_weights[3] = float(seen[0] @ concept) / 2
        model.save_pretrained(folder)
    return folder
