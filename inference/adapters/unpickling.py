"""Pickled adapters (.pt, .bin, .ckpt): their tensors written as safetensors, without running anything that is in them.

A pickle is a program. `weights_only=True` has torch interpret it with a short list of harmless operations and refuse
the rest. Only the inspecting process does so, which has limits of its own and holds nothing worth having.
"""

import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from inference.adapters.archives import check_archive
from inference.adapters.safety import HEADER_LIMITS, MEGABYTE, limit_memory, refused, shown

if TYPE_CHECKING:
    from torch import Tensor

MAX_PICKLE_MEGABYTES = 512
#: Memory beyond the tensors, which are there up to three times while they are written.
_SPARE_BYTES = 1 * 2**30
_MAX_DEPTH = 4
_MAX_NODES = 100_000
#: How torch tells what a pickle wants of it.
_WANTED = re.compile(r"GLOBAL (\w[\w.]*)")


def unpickle(file: BinaryIO, size: int, target: Path) -> None:
    """Write a pickle's tensors to `target` as safetensors. Raises Refused, and then may leave a part of it there."""
    if size > MAX_PICKLE_MEGABYTES * MEGABYTE:
        raise refused("too_large", size=size // MEGABYTE, most=MAX_PICKLE_MEGABYTES)
    file.seek(0)
    if file.read(4) == b"PK\x03\x04":
        check_archive(file, size)
    tensors, metadata = _named(_load(file, size))
    _write(tensors, metadata, size, target)


def _load(file: BinaryIO, size: int) -> object:
    import torch

    limit_memory(3 * size + _SPARE_BYTES)
    torch.set_num_threads(1)
    file.seek(0)
    allowed: list[Any] = [(_Parameters, "torch.nn.modules.container.ParameterDict")]
    try:
        with torch.serialization.safe_globals(allowed):
            document: object = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if (wanted := _WANTED.search(str(error))) is None:
            raise refused("pickle_damaged") from None
        raise refused("pickle_runs", what=shown(wanted[1])) from None
    except MemoryError:
        raise refused("out_of_memory") from None
    except RuntimeError as error:
        raise refused("out_of_memory" if "allocate" in str(error) else "pickle_damaged") from None
    except Exception:
        # A stranger's pickle may have the interpreter fail in any way.
        raise refused("pickle_damaged") from None
    return document


class _Parameters:
    """Stands in for torch's ParameterDict, in which the first trainers of embeddings kept them."""

    def found(self) -> dict[object, object]:
        inner = self.__dict__.get("_parameters")
        return dict(inner) if isinstance(inner, dict) else {}


def _named(document: object) -> "tuple[dict[str, Tensor], dict[str, str]]":
    """Return the tensors by their names in the formats that trainers write, and what is said of them."""
    if isinstance(document, dict) and _is_hypernetwork(document):
        raise refused("hypernetwork")
    if isinstance(document, dict) and "string_to_param" in document:
        return _embedding(document)
    while isinstance(document, dict) and isinstance(document.get("state_dict"), dict):
        inner = document["state_dict"]
        if inner is document:
            break
        document = inner
    if not isinstance(document, dict):
        raise refused("pickle_without_tensors")
    found = _Flat()
    found.add("", document, 0)
    if not found.tensors:
        raise refused("pickle_without_tensors")
    return found.tensors, {}


def _is_hypernetwork(document: Mapping[object, object]) -> bool:
    """Tell a hypernetwork: pairs of networks under the widths that they are for."""
    pairs = [key for key, value in document.items() if isinstance(key, int) and isinstance(value, list | tuple)]
    return bool(pairs) or "layer_structure" in document


def _embedding(document: Mapping[object, object]) -> "tuple[dict[str, Tensor], dict[str, str]]":
    """Return the tensor of an embedding as AUTOMATIC1111 and the first trainers write them."""
    vectors = document["string_to_param"]
    if isinstance(vectors, _Parameters):
        vectors = vectors.found()
    if not isinstance(vectors, dict):
        raise refused("pickle_without_tensors")
    found = _Flat()
    found.add("", vectors, 0)
    if len(found.tensors) != 1:
        raise refused("unknown_kind", names=", ".join(f"`{shown(name)}`" for name in list(found.tensors)[:3]))
    told = {"ss_output_name": document.get("name"), "ss_sd_model_name": document.get("sd_checkpoint_name")}
    (tensor,) = found.tensors.values()
    return {"emb_params": tensor}, {key: value for key, value in told.items() if isinstance(value, str)}


class _Flat:
    """Tensors out of nested dicts, under names joined by dots."""

    def __init__(self) -> None:
        self.tensors: dict[str, Tensor] = {}
        self._nodes = 0

    def add(self, name: str, value: object, depth: int) -> None:
        import torch

        self._nodes += 1
        if self._nodes > _MAX_NODES or depth > _MAX_DEPTH or len(self.tensors) > HEADER_LIMITS.tensors:
            raise refused("too_many_tensors", most=HEADER_LIMITS.tensors)
        if isinstance(value, dict):
            for key, inner in value.items():
                if isinstance(key, str):
                    self.add(f"{name}.{key}" if name else key, inner, depth + 1)
                elif isinstance(inner, torch.Tensor | dict | list | tuple):
                    raise refused("odd_tensor", name=shown(f"{name}.{key}"[:200]))
        elif isinstance(value, torch.Tensor):
            if name in self.tensors or not _usable(value):
                raise refused("odd_tensor", name=shown(name))
            self.tensors[name] = value.detach()
        elif isinstance(value, list | tuple | _Parameters) and depth < _MAX_DEPTH:
            # A tensor that is left out would be missing from the pictures.
            raise refused("odd_tensor", name=shown(name))


def _usable(tensor: "Tensor") -> bool:
    import torch

    return (
        type(tensor) in (torch.Tensor, torch.nn.Parameter)
        and tensor.layout == torch.strided
        and tensor.device.type == "cpu"
        and not tensor.is_quantized
        and not tensor.is_complex()
    )


def _write(tensors: "dict[str, Tensor]", metadata: dict[str, str], size: int, target: Path) -> None:
    from safetensors.torch import save_file

    # A tensor may repeat few bytes without end.
    if sum(tensor.numel() * tensor.element_size() for tensor in tensors.values()) > size:
        raise refused("pickle_too_large")
    try:
        whole = {name: tensor.clone().contiguous() for name, tensor in tensors.items()}
        save_file(whole, target, {key: value for key, value in metadata.items() if value.isprintable()})
    except (MemoryError, RuntimeError):
        raise refused("out_of_memory") from None
    except (ValueError, TypeError, UnicodeError):
        raise refused("pickle_damaged") from None
