"""What spandrel knows: networks that make pictures larger or restore faces, recognised and loaded.

Only safetensors files are read here; pickles become those when they are installed.
"""

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from inference.extras import to_install
from inference.models.errors import ModelError
from inference.models.headers import Header
from inference.vision.torchvision_stand_in import torchvision_at_hand

#: Side in pixels of the faces that all networks which restore faces were trained on.
FACE_SIDE = 512
#: Keys of the usual families, by which a file is told to be of use before spandrel is installed.
_USUAL_KEYS = (
    "conv_first.weight",
    "model.1.sub.0.RDB1.conv1.0.weight",
    "body.0.weight",
    "layers.0.residual_group.blocks.0.norm1.weight",
)
_USUAL_FACE_KEYS = ("stylegan_decoder.style_mlp.1.weight", "quantize.embedding.weight")
#: Networks that restore faces, and what their `forward` is told: no noise that differs from time to time.
FACE_NETWORKS: Mapping[str, Mapping[str, bool]] = {
    "GFPGAN": {"return_rgb": False, "randomize_noise": False},
    "RestoreFormer": {},
    "CodeFormer": {},
}
#: Empty tensors for networks that cannot be built without any; more than this is none of them.
_MOST_EMPTY_BYTES = 2 * 2**30
_MOST_FACTOR = 16
#: What spandrel's networks raise over weights that do not fit together.
_MISFITS = (RuntimeError, KeyError, ValueError, TypeError, IndexError, AssertionError, AttributeError)


@dataclass(frozen=True)
class Recognised:
    """What a file's network does."""

    kind: Literal["upscaler", "face_restorer"]
    #: How many times as large it makes a picture; 0 for one that restores faces.
    factor: int


def recognised(name: str, header: Header) -> Recognised | None:
    """Return what a file's network does, found out from names and shapes; None where it is none of these.

    Raises ModelError for a network that cannot be used, and where spandrel, which knows them, is not installed.
    """
    try:
        spandrel = _spandrel()
    except ModelError:
        keys = {key.removeprefix("module.") for key in header.tensors}
        for usual, what in ((_USUAL_KEYS, "an upscaler"), (_USUAL_FACE_KEYS, "a face restorer")):
            if keys.intersection(usual):
                raise ModelError(f"{name} looks like {what}. {to_install('upscale')} Then add it again.") from None
        return None
    shapes = {key: info.shape for key, info in header.tensors.items()}
    found = _built_of(spandrel, shapes)
    if found is None and {"position_emb", "quantize.embedding.weight"} <= shapes.keys():
        raise ModelError(
            f"{name} looks like CodeFormer, which is not for commercial use. If that suits you, run "
            "pip install --no-deps spandrel_extra_arches, and add it again."
        )
    return None if found is None else _usable(name, found)


def load_network(path: Path, device: torch.device, dtype: torch.dtype, kind: str) -> Any:
    """Return spandrel's descriptor of a safetensors file, in `dtype` where it can do that, else in float32.

    `kind` is what it must be. Raises ModelError.
    """
    spandrel = _spandrel()
    try:
        found = _described(spandrel, load_file(path))
    except spandrel.UnsupportedModelError:
        raise ModelError(f"{path.name} holds no {_WORDS[kind]} that is known here.") from None
    except (*_MISFITS, SafetensorError, OSError) as error:
        raise ModelError(f"{path.name} cannot be loaded: {error}") from error
    if _usable(path.name, found).kind != kind:
        raise ModelError(f"{path.name} holds no {_WORDS[kind]}.")
    can = {torch.float16: found.supports_half, torch.bfloat16: found.supports_bfloat16}
    found.to(device, dtype if can.get(dtype, False) else torch.float32).eval()
    return found


_WORDS = {"upscaler": "network that makes pictures larger", "face_restorer": "network that restores faces"}


def weight_bytes(model: torch.nn.Module) -> int:
    """Return how much memory a network's weights take."""
    tensors = [*model.parameters(), *model.buffers()]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def _built_of(spandrel: Any, shapes: Mapping[str, tuple[int, ...]]) -> Any:
    """Return the network that tensors of these shapes belong to, without their values; None for none."""
    for device in ("meta", "cpu"):
        if device == "cpu" and 4 * sum(math.prod(shape) for shape in shapes.values()) > _MOST_EMPTY_BYTES:
            return None
        try:
            with torch.device(device):
                return _described(spandrel, {key: torch.zeros(shape) for key, shape in shapes.items()})
        except spandrel.UnsupportedModelError:
            return None
        except _MISFITS:
            continue
    return None


def _described(spandrel: Any, state: Mapping[str, Tensor]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return spandrel.MAIN_REGISTRY.load(spandrel.canonicalize_state_dict(dict(state)))


def _usable(name: str, found: Any) -> Recognised:
    """Return what a network does. Raises ModelError for one that cannot be used."""
    kind = found.architecture.name
    face = found.purpose == "FaceSR" and found.architecture.id in FACE_NETWORKS and found.scale == 1
    if not face and (found.purpose != "SR" or found.scale < 2):
        raise ModelError(
            f"{name} is a {kind} network, which neither makes pictures larger nor restores faces in a way that is "
            "supported."
        )
    if found.scale > _MOST_FACTOR or found.input_channels != 3 or found.output_channels != 3:
        raise ModelError(
            f"{name} is a {kind} network for {found.input_channels} channels and {found.scale} times the size, "
            f"which is not supported: 3 channels and at most {_MOST_FACTOR} times are."
        )
    return Recognised("face_restorer", 0) if face else Recognised("upscaler", int(found.scale))


def _spandrel() -> Any:
    """Return the module spandrel. Raises ModelError where it is not installed.

    Where its further architectures are installed (CodeFormer and others, not for commercial use), it knows those too.
    """
    try:
        with torchvision_at_hand():
            import spandrel
    except ImportError as error:
        raise ModelError(
            f"Upscalers and face restorers need spandrel, which is not installed ({error}). {to_install('upscale')}"
        ) from error
    try:
        with torchvision_at_hand():
            import spandrel_extra_arches
    except ImportError:
        return spandrel
    spandrel_extra_arches.install(ignore_duplicates=True)
    return spandrel
