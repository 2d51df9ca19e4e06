"""The header of a safetensors file: names, types and shapes of its tensors, read without the tensors.

Format: 8 bytes little-endian length, then so many bytes of JSON, then the data
(github.com/huggingface/safetensors, "Format"). Nothing here trusts the file: its tensors must lie side by side, in
any order, and fill the data to its last byte, as the format demands.
"""

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeGuard

from inference.models.errors import ModelError

#: The format's own limit.
MAX_HEADER_BYTES = 100_000_000
MAX_TENSORS = 200_000
_MAX_DIMENSIONS = 8

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


class HeaderError(ModelError):
    """A file whose header cannot be used: the reason has a stable name, and values that stand in its words."""

    def __init__(self, words: str, code: str, **values: str | int) -> None:
        self.code = code
        self.values = values
        super().__init__(words)


@dataclass(frozen=True)
class Limits:
    """What a header may ask for."""

    header_bytes: int = MAX_HEADER_BYTES
    tensors: int = MAX_TENSORS
    name_characters: int = 10_000


@dataclass(frozen=True)
class TensorInfo:
    """A tensor's type as the format names it, its shape, and where its bytes lie in the file."""

    dtype: str
    shape: tuple[int, ...]
    start: int = 0
    end: int = 0


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
        with path.open("rb") as file:
            return parse_header(file, path.name, path.stat().st_size)
    except OSError as error:
        raise ModelError(f"{path.name} cannot be read: {error.strerror or error}.") from error


def parse_header(file: BinaryIO, name: str, size: int, limits: Limits | None = None) -> Header:
    """Return the header of an open file of `size` bytes. Raises HeaderError, and OSError where reading fails."""
    limits = limits or Limits()
    file.seek(0)
    start = file.read(512)
    length = int.from_bytes(start[:8], "little")
    if size < 8 or length < 2 or start[8:9] != b"{":
        code, words = _what_it_is(start, size)
        raise HeaderError(f"{name} {words}", code)
    if length > limits.header_bytes:
        words = f"{name} has a header of {length:,} bytes, and at most {limits.header_bytes:,} are read."
        raise HeaderError(words, "header_too_large", size=length, most=limits.header_bytes)
    if 8 + length > size:
        raise _cut_short(name, 8 + length, size)
    file.seek(8)
    return _Parsing(name, limits, 8 + length, size).header(file.read(length))


class _Parsing:
    """One header, being parsed."""

    def __init__(self, name: str, limits: Limits, data_start: int, size: int) -> None:
        self._name = name
        self._limits = limits
        self._data_start = data_start
        self._size = size
        self._objects = 0

    def header(self, raw: bytes) -> Header:
        try:
            document = json.loads(raw.decode(), object_pairs_hook=self._object)
        except (ValueError, RecursionError):
            raise HeaderError(
                f"{self._name} has a damaged safetensors header. Download it again.", "damaged_header"
            ) from None
        if not isinstance(document, dict):
            words = f"{self._name} has a safetensors header that makes no sense. Download it again."
            raise HeaderError(words, "damaged_header")
        metadata = document.pop("__metadata__", None)
        tensors = {name: self._tensor(name, entry) for name, entry in document.items()}
        self._check_places(tensors)
        strings = metadata.items() if isinstance(metadata, dict) else ()
        return Header(tensors=tensors, metadata={str(key): str(value) for key, value in strings})

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """Return a JSON object as a dict. Raises HeaderError for a key that is there twice, and for too many."""
        self._objects += 1
        # One for each tensor, one for the metadata, and the outermost.
        if self._objects > self._limits.tensors + 2 or len(pairs) > self._limits.tensors + 1:
            words = f"{self._name} lists more than {self._limits.tensors:,} tensors, which no model has."
            raise HeaderError(words, "too_many_tensors", most=self._limits.tensors)
        found = dict(pairs)
        if len(found) != len(pairs):
            counts = Counter(key for key, _ in pairs)
            twice = counts.most_common(1)[0][0]
            words = f"{self._name} names {_shown(twice)} twice in its header. It is damaged, or made to deceive."
            raise HeaderError(words, "duplicate_key", name=_shown(twice))
        return found

    def _tensor(self, name: str, entry: Any) -> TensorInfo:
        shown = _shown(name)
        if len(name) > self._limits.name_characters:
            raise HeaderError(f"{self._name} holds a tensor whose name is too long ({shown}).", "long_name", name=shown)
        damaged = HeaderError(
            f"{self._name} has a damaged entry for the tensor {shown}. Download it again.", "bad_entry", name=shown
        )
        if not isinstance(entry, dict):
            raise damaged
        dtype, shape, offsets = entry.get("dtype"), entry.get("shape"), entry.get("data_offsets")
        if not isinstance(dtype, str) or dtype not in _BITS:
            raise HeaderError(
                f"{self._name} holds the tensor {shown} of the type {_shown(str(dtype))}, which is not supported.",
                "unknown_dtype",
                name=shown,
                dtype=_shown(str(dtype)),
            )
        if not _counts(shape) or len(shape) > _MAX_DIMENSIONS or not _counts(offsets) or len(offsets) != 2:
            raise damaged
        if offsets[1] - offsets[0] != math.prod(shape) * _BITS[dtype] // 8:
            raise damaged
        start, end = (self._data_start + offset for offset in offsets)
        return TensorInfo(dtype=dtype, shape=tuple(shape), start=start, end=end)

    def _check_places(self, tensors: Mapping[str, TensorInfo]) -> None:
        """Raise HeaderError unless the tensors fill the rest of the file, none on another."""
        end = self._data_start
        for name, info in sorted(tensors.items(), key=lambda item: (item[1].start, item[1].end)):
            if info.start != end and info.end <= self._size:
                code = "overlap" if info.start < end else "gap"
                words = "lies on another" if code == "overlap" else "has bytes before it that belong to none"
                raise HeaderError(
                    f"{self._name} is damaged, or made to deceive: its tensor {_shown(name)} {words}.",
                    code,
                    name=_shown(name),
                )
            end = max(end, info.end)
        if end > self._size:
            raise _cut_short(self._name, end, self._size)
        if end < self._size:
            words = f"{self._name} has {self._size - end:,} bytes behind its last tensor, where nothing should be."
            raise HeaderError(words, "leftover", count=self._size - end)


def _counts(value: Any) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(type(item) is int and 0 <= item < 2**48 for item in value)


def _shown(name: str) -> str:
    """Return a name out of a file as it may be shown: short, on one line, in quotes."""
    return ascii(name[:80]) if not name.isprintable() else repr(name[:80])


def _cut_short(name: str, needed: int, there: int) -> HeaderError:
    words = f"{name} is cut short: its header promises {needed:,} bytes and {there:,} are there. Download it again."
    return HeaderError(words, "cut_short", needed=needed, there=there)


def _what_it_is(start: bytes, size: int) -> tuple[str, str]:
    """Say what a file that is no safetensors file looks like: a stable name, and words that say what to do."""
    text = start.lstrip()[:64].lower()
    if size == 0:
        return "empty", "is empty. Download it again."
    if start.startswith(b"version https://git-lfs"):
        words = "is a Git LFS pointer, not the file itself. Fetch it with `git lfs pull`, or download it from its page."
        return "git_lfs", words
    if text.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "web_page", "is a web page, not a model: the download needs a login or the link is wrong."
    if start.startswith(b"PK\x03\x04") or start[:1] == b"\x80":
        words = "is a pickle, whatever its name says. Name it .ckpt to have it converted, or find it as .safetensors."
        return "pickle", words
    if start.startswith(b"GGUF"):
        return "gguf", "is a GGUF file, which is not supported. Find it as .safetensors."
    if start.startswith((b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"GIF8")):
        return "picture", "is a picture, not a model."
    return "unknown_format", "is no safetensors file, or is damaged. Download it again."
