"""Inspect a stranger's file: whether it is an adapter that can be used whole, what it is, and a safe copy of it."""

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from inference.adapters import claims
from inference.adapters.alphas import rank_of, told_alphas
from inference.adapters.layouts import Matched, Vectors, embedding, family_of, fit, nearest, targets
from inference.adapters.modules import Shape, modules
from inference.adapters.safety import (
    Refused,
    check_numbers,
    limit_memory,
    number,
    open_plainly,
    read_strictly,
    refused,
    shown,
)
from inference.adapters.strangers import refuse_strangers
from inference.adapters.unpickling import unpickle
from inference.models.headers import Header
from inference.protocol.adapters import MAX_RANK, MAX_VECTORS, Report

#: alpha / rank; trainers use 0.5 to 2, and some scale up what they trained at a low rate.
MAX_SCALE = 256
#: A rank below this is no waste worth a refusal, however small the module.
_MODEST_RANK = 512
#: A tensor alone in its file is an embedding, unless it is called like a piece of something else.
_LORA_LIKE = re.compile(r"lora|hada_|lokr_|dora_|alpha$|\.weight$|\.bias$")
#: How many names of tensors a refusal tells.
_NAMED = 3
_COPY_BYTES = 1 * 2**20
#: Memory for a header with its names and shapes, and a piece of the numbers.
_SPARE_BYTES = 768 * 2**20
#: Archives of files, by their first bytes.
_PACKED = (b"Rar!", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")


def inspect(source: Path, target: Path) -> Report:
    """Return what an adapter's file is, and write `target`: the file as it is, or a pickle's tensors as safetensors.

    Raises Refused with the reason, and leaves nothing then. The process's memory is limited from here on.
    """
    part = target.with_name(f"{target.name}.part")
    part.unlink(missing_ok=True)
    file, size = open_plainly(source)
    try:
        with file:
            if _is_pickle(file, source.suffix.lower()):
                unpickle(file, size, part)
                converted, converted_size = open_plainly(part)
                with converted:
                    report = examine(converted, converted_size)
            else:
                limit_memory(_SPARE_BYTES)
                report = examine(file, size)
                _copy(file, part)
        part.replace(target)
    except MemoryError:
        raise refused("out_of_memory") from None
    finally:
        part.unlink(missing_ok=True)
    return report


def examine(file: BinaryIO, size: int) -> Report:
    """Return what an open safetensors file of `size` bytes is. Raises Refused."""
    header = read_strictly(file, size)
    shapes = {name: info.shape for name, info in header.tensors.items()}
    refuse_strangers(shapes)
    vectors = embedding(shapes)
    if vectors is not None and vectors.family and not _LORA_LIKE.search(vectors.keys[0]):
        return _embedding(file, size, header, vectors)
    if shapes.keys() == {"clip_l", "clip_g"} and vectors is None:
        first, second = (math.prod(shapes[key][:-1]) for key in ("clip_l", "clip_g"))
        raise refused("pair_differs", first=first, second=second)
    return _lora(file, size, header, shapes)


def _embedding(file: BinaryIO, size: int, header: Header, vectors: Vectors) -> Report:
    if not 1 <= vectors.count <= MAX_VECTORS:
        raise refused("vector_count", vectors=vectors.count, most=MAX_VECTORS)
    check_numbers(file, header.tensors)
    word = vectors.keys[0] if len(vectors.keys) == 1 and vectors.keys[0] not in ("emb_params", "clip_l") else ""
    return Report(
        kind="embedding",
        form="embedding",
        family=vectors.family,
        vectors=vectors.count,
        bytes=size,
        suggested_name=claims.suggested_name(header.metadata, word),
        base_model=claims.base_model(header.metadata),
    )


def _lora(file: BinaryIO, size: int, header: Header, shapes: Mapping[str, Shape]) -> Report:
    family = family_of(shapes, header.metadata)
    if family is None:
        raise _misfit(shapes)
    matched = targets(shapes, family)
    if matched.form is None or matched.unmatched:
        raise _misfit(shapes)
    _check_ranks(matched, shapes, modules(family))
    alphas = {tensors["alpha"] for tensors in matched.modules.values() if "alpha" in tensors}
    check_numbers(file, {name: info for name, info in header.tensors.items() if name not in alphas})
    _check_scales(file, matched, header)
    return Report(
        kind="lora",
        form=matched.form,
        family=family,
        rank=matched.rank,
        triggers=claims.triggers(header.metadata),
        bytes=size,
        suggested_name=claims.suggested_name(header.metadata),
        base_model=claims.base_model(header.metadata),
    )


def _misfit(shapes: Mapping[str, Shape]) -> Refused:
    """Return why tensors fit no family: a few are strange, or all."""
    found = nearest(shapes)
    if found is not None:
        unmatched = found[1].unmatched
        return refused("unmatched", names=_names(unmatched), count=len(unmatched))
    if any(_LORA_LIKE.search(name) for name in shapes):
        return refused("unknown_family", names=_names(sorted(shapes)), count=len(shapes))
    return refused("unknown_kind", names=_names(sorted(shapes)))


def _names(names: Sequence[str]) -> str:
    more = ", …" if len(names) > _NAMED else ""
    return ", ".join(f"`{shown(name)}`" for name in names[:_NAMED]) + more


def _check_ranks(matched: Matched, shapes: Mapping[str, Shape], table: Mapping[str, Shape]) -> None:
    """Raise Refused for a rank beyond that of the module's own weight, which is nothing but waste."""
    for target, tensors in matched.modules.items():
        found = fit({part: shapes[key] for part, key in tensors.items()}, table[target])
        out, *inputs = table[target]
        most = min(MAX_RANK, max(_MODEST_RANK, out, math.prod(inputs)))
        if found is not None and found.rank > most:
            raise refused("absurd_rank", name=shown(target), rank=found.rank, most=most)


def _check_scales(file: BinaryIO, matched: Matched, header: Header) -> None:
    """Raise Refused for an alpha, in its tensor or in the metadata, that makes far more of a module than training."""
    told = told_alphas(header.metadata)
    for target, tensors in matched.modules.items():
        rank = rank_of({part: header.tensors[key].shape for part, key in tensors.items()})
        if key := tensors.get("alpha"):
            alpha: float | None = number(file, key, header.tensors[key])
        else:
            alpha = told.of(target, rank)
        # Without a rank nothing is divided, and alpha means nothing.
        if alpha is not None and rank and abs(alpha) / rank > MAX_SCALE:
            raise refused("absurd_scale", name=shown(target), scale=f"{alpha / rank:.4g}", most=MAX_SCALE)


def _is_pickle(file: BinaryIO, suffix: str) -> bool:
    """Tell a pickle by its first bytes. Raises Refused for archives, and for pickles that are named safetensors."""
    file.seek(0)
    start = file.read(265)
    if start.startswith(_PACKED) or start[257:262] == b"ustar":
        raise refused("packed")
    # Behind the length of a header, which may begin like anything, stands its JSON.
    if start[8:9] == b"{" or not start.startswith((b"PK\x03\x04", b"PK\x05\x06", b"\x80")):
        return False
    if suffix == ".safetensors":
        raise refused("pickle_in_disguise")
    return True


def _copy(file: BinaryIO, target: Path) -> None:
    file.seek(0)
    with target.open("xb") as copy:
        while piece := file.read(_COPY_BYTES):
            copy.write(piece)
