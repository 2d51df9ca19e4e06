"""Read an adapter's file for a model: what it changes of the weights, or the vectors it adds to the words."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from inference.adapters.alphas import Alphas, rank_of, told_alphas
from inference.adapters.deltas import Delta, delta
from inference.adapters.layouts import Tensors, embedding, targets
from inference.adapters.modules import Shape, modules, text_widths, widths
from inference.models.errors import ModelError
from inference.protocol.adapters import AdapterForm


@dataclass(frozen=True)
class Adapter:
    """An adapter in memory, on the CPU and in its file's types unless moved."""

    kind: Literal["lora", "embedding"]
    form: AdapterForm
    family: str
    #: By target (see `inference.adapters.modules`); none for an embedding.
    deltas: Mapping[str, Delta]
    #: One a text encoder, (vectors, channels); none for what changes weights.
    embeddings: tuple[Tensor, ...] = ()
    bytes: int = 0

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> "Adapter":
        """Return the same on another device, and in another type."""
        return replace(
            self,
            deltas={target: change.to(device, dtype) for target, change in self.deltas.items()},
            embeddings=tuple(vectors.to(device, dtype) for vectors in self.embeddings),
        )

    def pinned(self) -> "Adapter":
        """Return the same in page-locked memory, from which a GPU copies without waiting."""
        return replace(self, deltas={target: change.pinned() for target, change in self.deltas.items()})


def read_adapter(path: Path, family: str, table: Mapping[str, Shape] | None = None) -> Adapter:
    """Return the adapter in a safetensors file, for a family or for a model with other modules than its family's.

    Raises ModelError where the file is missing or damaged, or where any of its keys means nothing for the model.
    """
    table = modules(family) if table is None else table
    try:
        # Read, not mapped: a mapped file could not be deleted everywhere, and would be read while a picture waits.
        data = path.read_bytes()
        tensors = load(data)
        metadata = _metadata(data)
    except (OSError, SafetensorError, ValueError, RecursionError) as error:
        raise ModelError(f"The adapter {_short(path)} cannot be read: {error}. Add it again.") from error
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    size = sum(tensor.nbytes for tensor in tensors.values())
    vectors = embedding(shapes)
    if vectors is not None:
        wanted = text_widths(family) if table is modules(family) else widths(table)
        if vectors.widths != wanted:
            raise ModelError(_unfit(path, f"its vectors are {_listed(vectors.widths)} wide, not {_listed(wanted)}"))
        rows = tuple(tensors[key].reshape(-1, tensors[key].shape[-1]) for key in vectors.keys)
        return Adapter("embedding", "embedding", family, {}, rows, size)
    matched = targets(shapes, family if table is modules(family) else table)
    if matched.unmatched or matched.form is None:
        named = ", ".join(matched.unmatched[:3])
        raise ModelError(_unfit(path, f"{len(matched.unmatched)} of its tensors match nothing, such as {named}"))
    alphas = told_alphas(metadata)
    deltas = {target: _delta(target, names, tensors, alphas) for target, names in matched.modules.items()}
    return Adapter("lora", matched.form, family, deltas, (), size)


def _metadata(data: bytes) -> dict[str, str]:
    """Return what a safetensors file says of itself, which `load` leaves out."""
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    told = header.get("__metadata__")
    return told if isinstance(told, dict) else {}


def _delta(target: str, names: Tensors, tensors: Mapping[str, Tensor], alphas: Alphas) -> Delta:
    own = {part: tensors[key] for part, key in names.items()}
    rank = rank_of({part: tuple(tensor.shape) for part, tensor in own.items()})
    alpha = own.pop("alpha", None)
    value = alphas.of(target, rank) if alpha is None else float(alpha)
    return delta(own, value, rank)


def _unfit(path: Path, why: str) -> str:
    return f"The adapter {_short(path)} does not fit this model: {why}. Choose a model of its family."


def _short(path: Path) -> str:
    return path.stem[:12]


def _listed(sizes: tuple[int, ...]) -> str:
    return " and ".join(map(str, sizes)) or "nothing"
