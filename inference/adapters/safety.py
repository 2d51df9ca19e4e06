"""What every adapter's file must withstand before it is used: bounds on its size, its header and its numbers.

The bounds are far from anything that training makes. Numbers are read a piece at a time and never mapped.
"""

import os
import stat
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from inference.models.headers import Header, HeaderError, Limits, TensorInfo, parse_header
from inference.protocol.adapters import Rejected
from inference.protocol.rejections import REJECTIONS, rejected

MEGABYTE = 1_000_000
MAX_FILE_BYTES = 4_000 * MEGABYTE
HEADER_LIMITS = Limits(header_bytes=16 * 2**20, tensors=20_000, name_characters=512)
#: Weights of adapters and vectors of embeddings are mostly below 1, magnitudes of DoRA below 100.
MAX_VALUE = 1_000.0
#: Bytes looked at in one go.
_PIECE_BYTES = 4 * 2**20

_PLAIN = {"F64": np.float64, "F32": np.float32, "F16": np.float16}
_WHOLE = {"I64": np.int64, "I32": np.int32, "I16": np.int16, "I8": np.int8, "U8": np.uint8}


class Refused(Exception):
    """A file that is not used."""

    def __init__(self, rejection: Rejected) -> None:
        self.rejection = rejection
        super().__init__(rejection.words)


def refused(code: str, /, **values: str | int) -> Refused:
    """Return the refusal of that code (`inference.protocol.rejections`), to be raised."""
    return Refused(rejected(code, **values))


def shown(name: str) -> str:
    """Return a name out of a file as it may be shown: short, on one line, without what formats text."""
    name = name if len(name) <= 80 else f"{name[:40]}…{name[-38:]}"
    return "".join(character if character.isprintable() and character not in "`@<>" else "?" for character in name)


def open_plainly(path: Path) -> tuple[BinaryIO, int]:
    """Open a file that is one, and return it with its size. Raises Refused for links, pipes, devices and folders."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except OSError:
        raise refused("not_a_file") from None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise refused("not_a_file")
    file = os.fdopen(descriptor, "rb")
    if status.st_size > MAX_FILE_BYTES:
        file.close()
        raise refused("too_large", size=status.st_size // MEGABYTE, most=MAX_FILE_BYTES // MEGABYTE)
    return file, status.st_size


def read_strictly(file: BinaryIO, size: int) -> Header:
    """Return the header of an adapter's safetensors file. Raises Refused."""
    try:
        header = parse_header(file, "", size, HEADER_LIMITS)
    except HeaderError as error:
        code = error.code if error.code in REJECTIONS else "unknown_format"
        values = {key: shown(value) if isinstance(value, str) else value for key, value in error.values.items()}
        raise refused(code, **values) from None
    if not header.tensors:
        raise refused("no_numbers")
    for name, info in header.tensors.items():
        if not name.isprintable() or not name:
            raise refused("odd_name", name=shown(name))
        if info.start == info.end:
            raise refused("empty_tensor", name=shown(name))
        if not _known(info.dtype):
            raise refused("unknown_dtype", name=shown(name), dtype=info.dtype)
    return header


def check_numbers(file: BinaryIO, tensors: Mapping[str, TensorInfo]) -> None:
    """Raise Refused where a tensor holds what is no number, or one that is absurd."""
    for name, info in tensors.items():
        if info.dtype in _WHOLE:
            raise refused("unknown_dtype", name=shown(name), dtype=info.dtype)
        for piece in _pieces(file, info):
            if not np.isfinite(piece).all():
                raise refused("not_finite", name=shown(name))
            if max(float(piece.max()), -float(piece.min())) > MAX_VALUE:
                raise refused("too_great", name=shown(name), most=int(MAX_VALUE))


def number(file: BinaryIO, name: str, info: TensorInfo) -> float:
    """Return the one number of a tensor. Raises Refused where it is none."""
    value = float(next(_pieces(file, info)).reshape(-1)[0])
    if not np.isfinite(value):
        raise refused("not_finite", name=shown(name))
    return value


def limit_memory(spare_bytes: int) -> None:
    """Let this process take so much memory more than it has now, where the system has such a limit."""
    if sys.platform == "win32":
        return
    import resource

    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    except OSError:
        return
    allowed = pages * resource.getpagesize() + spare_bytes
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard != resource.RLIM_INFINITY:
        allowed = min(allowed, hard)
    resource.setrlimit(resource.RLIMIT_AS, (allowed, hard))


def limit_seconds(seconds: int) -> None:
    """End this process after so many seconds of work, should nobody else do so."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _known(dtype: str) -> bool:
    return dtype in _PLAIN or dtype in _WHOLE or dtype in ("BF16", "F8_E4M3", "F8_E5M2")


def _pieces(file: BinaryIO, info: TensorInfo) -> Iterator[NDArray[Any]]:
    """Yield a tensor's numbers, some at a time."""
    file.seek(info.start)
    left = info.end - info.start
    while left:
        raw = file.read(min(left, _PIECE_BYTES))
        if not raw:
            raise refused("cut_short", needed=info.end, there=info.end - left)
        yield _numbers(raw, info.dtype)
        left -= len(raw)


def _numbers(raw: bytes, dtype: str) -> NDArray[Any]:
    if dtype in _PLAIN:
        return np.frombuffer(raw, dtype=np.dtype(_PLAIN[dtype]).newbyteorder("<"))
    if dtype in _WHOLE:
        return np.frombuffer(raw, dtype=np.dtype(_WHOLE[dtype]).newbyteorder("<"))
    if dtype == "BF16":
        # The upper half of a float32.
        return (np.frombuffer(raw, dtype="<u2").astype(np.uint32) << 16).view(np.float32)
    if dtype == "F8_E5M2":
        # The upper half of a float16.
        return (np.frombuffer(raw, dtype=np.uint8).astype(np.uint16) << 8).view(np.float16)
    return _E4M3[np.frombuffer(raw, dtype=np.uint8)]


def _e4m3() -> NDArray[np.float32]:
    """Return what each byte means in the type of 4 exponent bits, which has NaN and no infinity (arXiv 2209.05433)."""
    bits = np.arange(256)
    exponent, mantissa = (bits >> 3) & 15, bits & 7
    size = np.where(exponent == 0, mantissa * 2.0**-9, (1 + mantissa / 8) * 2.0 ** (exponent - 7))
    size[(bits & 127) == 127] = np.nan
    return np.where(bits & 128, -size, size).astype(np.float32)


_E4M3 = _e4m3()
