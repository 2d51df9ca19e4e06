"""The header of a safetensors file: names, types and shapes of its tensors, read without the tensors.

Format: 8 bytes little-endian length, then so many bytes of JSON, then the data
(github.com/huggingface/safetensors, "Format"). Nothing here trusts the file.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from inference.models.errors import ModelError

#: The format's own limit.
MAX_HEADER_BYTES = 100_000_000
MAX_TENSORS = 200_000

_BITS = {
    "F64": 64,
    "F32": 32,
    "F16": 16,
    "BF16": 16,
    "F8_E4M3": 8,
    "F8_E5M2": 8,
    "I64": 64,
    "I32": 32,
    "I16": 16,
    "I8": 8,
    "U8": 8,
    "U16": 16,
    "U32": 32,
    "U64": 64,
    "BOOL": 8,
}


@dataclass(frozen=True)
class TensorInfo:
    """A tensor's type as the format names it, and its shape."""

    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Header:
    """What a safetensors file says of itself."""

    tensors: Mapping[str, TensorInfo]
    metadata: Mapping[str, str]

    def shape(self, name: str) -> tuple[int, ...] | None:
        """Return a tensor's shape, None where there is no such tensor."""
        info = self.tensors.get(name)
        return None if info is None else info.shape

    def has_prefix(self, prefix: str) -> bool:
        """Tell whether any tensor's name begins so."""
        return any(name.startswith(prefix) for name in self.tensors)


def read_header(path: Path) -> Header:
    """Return the header of a safetensors file. Raises ModelError that says what the file is instead."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(512)
            length = int.from_bytes(start[:8], "little")
            if size < 8 or not 2 <= length <= MAX_HEADER_BYTES or start[8:9] != b"{":
                raise ModelError(f"{path.name} {_what_it_is(start, size)}")
            if 8 + length > size:
                raise ModelError(_truncated(path, 8 + length, size))
            file.seek(8)
            raw = file.read(length)
    except OSError as error:
        raise ModelError(f"{path.name} cannot be read: {error.strerror or error}.") from error
    return _parse(path, raw, size - 8 - length)


def _parse(path: Path, raw: bytes, data_bytes: int) -> Header:
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        raise ModelError(f"{path.name} has a damaged safetensors header. Download it again.") from None
    if not isinstance(document, dict) or len(document) > MAX_TENSORS:
        raise ModelError(f"{path.name} has a safetensors header that makes no sense. Download it again.")
    metadata = document.pop("__metadata__", None)
    tensors: dict[str, TensorInfo] = {}
    end_of_data = 0
    for name, entry in document.items():
        info, end = _tensor(path, name, entry)
        tensors[name] = info
        end_of_data = max(end_of_data, end)
    if end_of_data > data_bytes:
        raise ModelError(_truncated(path, end_of_data, data_bytes))
    strings = metadata.items() if isinstance(metadata, dict) else ()
    return Header(tensors=tensors, metadata={str(key): str(value) for key, value in strings})


def _tensor(path: Path, name: str, entry: Any) -> tuple[TensorInfo, int]:
    damaged = ModelError(f"{path.name} has a damaged entry for the tensor {name[:80]!r}. Download it again.")
    if not isinstance(entry, dict):
        raise damaged
    dtype, shape, offsets = entry.get("dtype"), entry.get("shape"), entry.get("data_offsets")
    if dtype not in _BITS:
        raise ModelError(f"{path.name} holds the tensor {name[:80]!r} of the type {dtype!r}, which is not supported.")
    if not _counts(shape) or not _counts(offsets) or len(offsets) != 2:
        raise damaged
    if offsets[1] - offsets[0] != math.prod(shape) * _BITS[dtype] // 8:
        raise damaged
    return TensorInfo(dtype=dtype, shape=tuple(shape)), offsets[1]


def _counts(value: Any) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(isinstance(item, int) and 0 <= item < 2**48 for item in value)


def _truncated(path: Path, needed: int, there: int) -> str:
    return f"{path.name} is cut short: its header promises {needed:,} bytes and {there:,} are there. Download it again."


def _what_it_is(start: bytes, size: int) -> str:
    """Say what a file that is no safetensors file looks like, and what to do about it."""
    text = start.lstrip()[:64].lower()
    if size == 0:
        return "is empty. Download it again."
    if start.startswith(b"version https://git-lfs"):
        return "is a Git LFS pointer, not the file itself. Fetch it with `git lfs pull`, or download it from its page."
    if text.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "is a web page, not a model: the download needs a login or the link is wrong."
    if start.startswith(b"PK\x03\x04") or start[:1] == b"\x80":
        return "is a pickle, whatever its name says. Name it .ckpt to have it converted, or find it as .safetensors."
    if start.startswith(b"GGUF"):
        return "is a GGUF file, which is not supported. Find it as .safetensors."
    if start.startswith((b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"GIF8")):
        return "is a picture, not a model."
    return "is no safetensors file, or is damaged. Download it again."
