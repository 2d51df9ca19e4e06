"""Files that a stranger may send as an adapter: a hundred and more that must be refused, made by code."""

import io
import json
import os
import pickle
import struct
import tarfile
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

#: Type, shape and bytes.
Raw = tuple[str, tuple[int, ...], bytes]
_QUERY = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q"
#: Width of that query in the sample model.
_SIDE = 48


@dataclass(frozen=True)
class Hostile:
    """A file that must be refused, for one of these reasons."""

    path: Path
    codes: tuple[str, ...]


class Evil:
    """Does something when Python's own unpickler reads it."""

    def __init__(self, does: Callable[..., object], *arguments: object) -> None:
        self._reduced = does, arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self._reduced


# Safetensors --------------------------------------------------------------------------------------------------------


def packed(tensors: Mapping[str, Raw], metadata: Mapping[str, object] | None = None) -> bytes:
    """Return the bytes of a safetensors file."""
    header: dict[str, object] = {} if metadata is None else {"__metadata__": metadata}
    data = b""
    for name, (dtype, shape, raw) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    return framed(json.dumps(header).encode(), data)


def framed(header: bytes, data: bytes = b"") -> bytes:
    """Return a file with this header and this data, true or not."""
    return struct.pack("<Q", len(header)) + header + data


def floats(*shape: int, value: float = 0.01) -> Raw:
    """Return a tensor of one value."""
    return "F32", shape, np.full(shape, value, "<f4").tobytes()


def lora(rank: int = 4, alpha: float | None = 2.0, side: int = _SIDE) -> dict[str, Raw]:
    """Return a LoRA of one module of the sample model."""
    tensors = {f"{_QUERY}.lora_down.weight": floats(rank, side), f"{_QUERY}.lora_up.weight": floats(side, rank)}
    return tensors if alpha is None else tensors | {f"{_QUERY}.alpha": floats(value=alpha)}


def _entry(**changes: object) -> bytes:
    """Return a file of 64 bytes of data whose one entry says something else than the truth."""
    entry: dict[str, object] = {"dtype": "F32", "shape": [4, 4], "data_offsets": [0, 64]}
    entry = {key: value for key, value in (entry | changes).items() if value is not None}
    return framed(json.dumps({"a": entry}).encode(), bytes(64))


def _two(first: tuple[int, int], second: tuple[int, int], size: int) -> bytes:
    """Return a file of two vectors of bytes that lie at these places."""
    entries = {
        name: {"dtype": "U8", "shape": [end - start], "data_offsets": [start, end]}
        for name, (start, end) in {"a": first, "b": second}.items()
    }
    return framed(json.dumps(entries).encode(), bytes(size))


def _twice(text: str) -> bytes:
    entry = '{"dtype":"F32","shape":[4,4],"data_offsets":[0,64]}'
    return framed(text.replace("ENTRY", entry).encode(), bytes(64))


def _headers() -> Iterator[tuple[str, bytes, str]]:
    """Yield a name, the bytes and the reason for headers that lie or are damaged."""
    whole = packed(lora())
    yield "empty", b"", "empty"
    yield "one-byte", b"\x00", "unknown_format"
    yield "seven-bytes", b"\x10\0\0\0\0\0\0", "unknown_format"
    yield "only-zeros", bytes(4096), "unknown_format"
    yield "noise", bytes(range(256)) * 16, "unknown_format"
    for share in (0.1, 0.3, 0.5, 0.9):
        yield f"cut-at-{share}", whole[: int(len(whole) * share)], "cut_short"
    yield "cut-by-one", whole[:-1], "cut_short"
    for name, length in {"greatest": 2**64 - 1, "great": 2**63, "hundred-megabytes": 10**8}.items():
        yield f"header-{name}", struct.pack("<Q", length) + b"{" + bytes(100), "header_too_large"
    yield "header-real-17-mib", framed(b"{" + b" " * (17 * 2**20) + b"}"), "header_too_large"
    (length,) = struct.unpack_from("<Q", whole)
    yield "header-one-short", struct.pack("<Q", length - 1) + whole[8:], "damaged_header"
    yield "header-one-long", struct.pack("<Q", length + 1) + whole[8:], "damaged_header cut_short"
    yield "header-no-json", framed(b"{not json at all}"), "damaged_header"
    yield "header-python", framed(b"{'a': __import__('os').system('touch MARK')}"), "damaged_header"
    yield "header-nested", framed(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"), "damaged_header"
    yield "header-nested-objects", framed(b'{"a":' * 5_000 + b"1" + b"}" * 5_000), "damaged_header"
    yield "header-of-lists", framed(b'{"a":[' + b"[]," * 5_000_000 + b"[]]}"), "bad_entry out_of_memory"
    yield "header-utf-16", framed('{"a":1}'.encode("utf-16-le")), "damaged_header"
    yield "header-no-utf-8", framed(b'{"\xff\xfe":1}'), "damaged_header"
    yield "header-endless-number", framed(b'{"a":' + b"9" * 100_000 + b"}"), "damaged_header"
    yield "header-of-nothing", framed(b"{}"), "no_numbers"
    yield "header-metadata-only", framed(b'{"__metadata__":{"a":"b"}}'), "no_numbers"
    yield "behind-the-end", whole + b"#!/bin/sh\n", "leftover"
    yield "gap-at-the-start", _two((8, 16), (16, 64), 64), "gap"
    yield "gap-between", _two((0, 16), (24, 64), 64), "gap"
    yield "on-one-another", _two((0, 64), (0, 64), 64), "overlap"
    yield "partly-on-another", _two((0, 40), (24, 64), 64), "overlap"
    yield "one-inside-another", _two((0, 64), (8, 16), 64), "overlap"
    yield "out-of-range", _two((0, 32), (32, 96), 64), "cut_short"
    yield "far-out-of-range", _two((0, 32), (2**40, 2**40 + 32), 64), "cut_short"
    yield "twice-a-tensor", _twice('{"a":ENTRY,"a":ENTRY}'), "duplicate_key"
    yield "twice-escaped", _twice('{"a":ENTRY,"\\u0061":ENTRY}'), "duplicate_key"
    yield "twice-the-metadata", _twice('{"__metadata__":{},"a":ENTRY,"__metadata__":{}}'), "duplicate_key"
    yield (
        "twice-a-type",
        framed(b'{"a":{"dtype":"F32","dtype":"F16","shape":[],"data_offsets":[0,4]}}'),
        "duplicate_key",
    )
    yield "too-many-tensors", framed(json.dumps({f"t{n}": {} for n in range(100_000)}).encode()), "too_many_tensors"
    yield "too-many-numbers", framed(json.dumps({f"t{n}": n for n in range(100_000)}).encode()), "too_many_tensors"


def _entries() -> Iterator[tuple[str, bytes, str]]:
    """Yield a name, the bytes and the reason for entries that lie."""
    gigabytes = [2**14, 2**15]
    yield "two-gigabytes-in-one-kilobyte", _entry(shape=gigabytes, data_offsets=[0, 2**31]), "cut_short"
    yield "two-terabytes", _entry(shape=[2**39], data_offsets=[0, 2**41]), "cut_short"
    yield "shape-larger-than-data", _entry(shape=gigabytes), "bad_entry"
    yield "shape-smaller-than-data", _entry(shape=[2, 2]), "bad_entry"
    yield "shape-negative", _entry(shape=[-4, -4]), "bad_entry"
    yield "shape-fraction", _entry(shape=[4.0, 4.0]), "bad_entry"
    yield "shape-true", _entry(shape=[True, 16]), "bad_entry"
    yield "shape-words", _entry(shape="4,4"), "bad_entry"
    yield "shape-overflows", _entry(shape=[2**47] * 8), "bad_entry"
    yield "shape-of-a-thousand-sides", _entry(shape=[1] * 1000), "bad_entry"
    yield "shape-none", _entry(shape=None), "bad_entry"
    yield "offsets-reversed", _entry(data_offsets=[64, 0]), "bad_entry"
    yield "offsets-negative", _entry(data_offsets=[-64, 0]), "bad_entry"
    yield "offsets-huge", _entry(data_offsets=[0, 10**30]), "bad_entry"
    yield "offsets-one", _entry(data_offsets=[64]), "bad_entry"
    yield "offsets-none", _entry(data_offsets=None), "bad_entry"
    yield "type-unknown", _entry(dtype="PICKLE"), "unknown_dtype"
    yield "type-list", _entry(dtype=["F32"]), "unknown_dtype"
    yield "type-none", _entry(dtype=None), "unknown_dtype"
    yield "entry-null", framed(b'{"a":null}', bytes(64)), "bad_entry"
    yield "entry-list", framed(b'{"a":[]}', bytes(64)), "bad_entry"
    yield "name-endless", packed({"a" * 100_000: floats(4)}), "long_name"
    yield "name-with-nul", packed({"a\0b": floats(4)}), "odd_name"
    yield "name-half-a-pair", framed(_entry()[8:-64].replace(b'"a"', b'"\\ud800"'), bytes(64)), "odd_name"
    yield "name-backwards", packed({"lora_\u202egnp": floats(4)}), "odd_name"
    yield "name-empty", packed({"": floats(4)}), "odd_name"
    yield "name-a-path", packed({"../../../../etc/cron.d/a": floats(4, 4)}), "unknown_kind"
    yield "empty-tensor", packed(lora() | {"a": floats(0, 4)}), "empty_tensor"


def _numbers() -> Iterator[tuple[str, bytes, str]]:
    """Yield a name, the bytes and the reason for what no training leaves."""
    down, up = f"{_QUERY}.lora_down.weight", f"{_QUERY}.lora_up.weight"
    count = 4 * _SIDE
    for dtype, last in {
        "F16": b"\x00\x7e",
        "BF16": b"\x80\x7f",
        "F32": struct.pack("<f", float("nan")),
        "F64": struct.pack("<d", float("-inf")),
        "F8_E4M3": b"\xff",
        "F8_E5M2": b"\x7c",
    }.items():
        raw = bytes(len(last)) * (count - 1) + last
        yield f"not-finite-{dtype}", packed(lora() | {down: (dtype, (4, _SIDE), raw)}), "not_finite"
    yield "not-finite-alpha", packed(lora(alpha=float("nan"))), "not_finite"
    yield "endless-alpha", packed(lora(alpha=float("inf"))), "not_finite"
    yield "great-values", packed(lora() | {up: floats(_SIDE, 4, value=1e30)}), "too_great"
    yield "great-negative-values", packed(lora() | {up: floats(_SIDE, 4, value=-1e5)}), "too_great"
    yield "great-alpha", packed(lora(alpha=1e9)), "absurd_scale"
    yield "great-negative-alpha", packed(lora(alpha=-1e9)), "absurd_scale"
    told = json.dumps({"unet.lora_alpha": 10**9})
    yield "great-alpha-in-metadata", packed(lora(alpha=None), {"lora_adapter_metadata": told}), "absurd_scale"
    yield "two-alphas", packed(lora() | {f"{_QUERY}.alpha": floats(2)}), "unmatched unknown_family"
    yield "rank-5000", packed(lora(rank=5000)), "absurd_rank"
    yield "rank-beyond-the-module", packed(lora(rank=600)), "absurd_rank"
    yield "whole-numbers", packed(lora() | {down: ("I8", (4, _SIDE), bytes(count))}), "unknown_dtype"
    yield "truths", packed(lora() | {down: ("BOOL", (4, _SIDE), bytes(count))}), "unknown_dtype"
    yield "half-a-lora", packed({down: floats(4, _SIDE)}), "unmatched unknown_family"
    yield "other-shape", packed(lora(side=49)), "unmatched unknown_family"
    yield "one-key-too-many", packed(lora() | {"lora_unet_nowhere.lora_down.weight": floats(4, 4)}), "unmatched"
    yield "a-module-of-no-model", packed({"lora_unet_x.lora_down.weight": floats(4, 4)}), "unmatched unknown_family"
    yield "embedding-not-finite", packed({"emb_params": floats(2, 768, value=float("nan"))}), "not_finite"
    yield "embedding-great", packed({"emb_params": floats(2, 768, value=1e20)}), "too_great"
    yield "embedding-76-vectors", packed({"emb_params": floats(76, 768)}), "vector_count"
    yield "embedding-no-width", packed({"emb_params": floats(2, 5)}), "unknown_kind"
    yield "embedding-cube", packed({"emb_params": floats(2, 2, 768)}), "unknown_kind"
    yield "embedding-uneven-pair", packed({"clip_l": floats(2, 768), "clip_g": floats(3, 1280)}), "pair_differs"
    yield "embedding-with-more", packed({"emb_params": floats(2, 768), "b": floats(2, 768)}), "unknown_kind"


def _other_files() -> Iterator[tuple[str, bytes, str]]:
    """Yield a name, the bytes and the reason for files that are something else."""
    networks = {
        "checkpoint": ("model.diffusion_model.input_blocks.0.0.weight", "cond_stage_model.transformer.a.weight"),
        "vae": ("encoder.conv_in.weight", "decoder.conv_in.weight"),
        "controlnet": ("control_model.input_blocks.0.0.weight", "control_model.a.weight"),
        "upscaler": ("conv_first.weight", "RRDB_trunk.0.RDB1.conv1.weight"),
        "ip_adapter": ("image_proj.norm.weight", "ip_adapter.1.to_k_ip.weight"),
        "hypernetwork": ("768.0.linear.0.weight", "768.1.linear.0.weight"),
        "other_family": ("lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight", "b.lora_up.weight"),
    }
    for code, names in networks.items():
        yield f"a-{code}.safetensors", packed({name: floats(8, 4, 3, 3) for name in names}), code
    yield "a-unet.safetensors", packed({"conv_in.weight": floats(8, 4, 3, 3), "b": floats(4)}), "checkpoint"
    yield "a-page.safetensors", b"<!DOCTYPE html><html><body>Log in</body></html>" * 20, "web_page"
    yield "a-pointer.safetensors", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "git_lfs"
    yield "a-picture.safetensors", b"\x89PNG\r\n\x1a\n" + bytes(500), "picture"
    yield "a-gguf.safetensors", b"GGUF" + bytes(500), "gguf"
    yield "a-gzip.safetensors", b"\x1f\x8b\x08" + bytes(500), "packed"
    yield "a-rar.pt", b"Rar!\x1a\x07\x01\x00" + bytes(500), "packed"
    yield "a-7z.bin", b"7z\xbc\xaf\x27\x1c" + bytes(500), "packed"
    yield "a-script.pt", b"#!/bin/sh\ntouch MARK\n", "unknown_format"
    yield "a-program.pt", b"\x7fELF" + bytes(500), "unknown_format"
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        link = tarfile.TarInfo("storages")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    yield "a-tar.pt", tar.getvalue(), "packed"


# Pickles ------------------------------------------------------------------------------------------------------------


def _saved(document: object, zipped: bool = True) -> bytes:
    file = io.BytesIO()
    torch.save(document, file, _use_new_zipfile_serialization=zipped)
    return file.getvalue()


def _archive(*parts: tuple[str | zipfile.ZipInfo, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in parts:
            archive.writestr(name, data)
    return file.getvalue()


def _with(saved: bytes, *more: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    """Return a zip archive of torch's with more parts."""
    file = io.BytesIO(saved)
    with zipfile.ZipFile(file, "a") as archive:
        for name, data in more:
            archive.writestr(name, data)
    return file.getvalue()


def _link(name: str, target: str) -> tuple[zipfile.ZipInfo, bytes]:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = 0o120777 << 16
    return info, target.encode()


def _evil(mark: Path) -> Iterator[tuple[str, bytes, str]]:
    """Yield pickles that do something when Python reads them."""
    command = f"touch {mark}"
    runs = f"open({str(mark)!r}, 'w').close()"
    import builtins
    import importlib
    import subprocess

    evils: dict[str, object] = {
        "system": Evil(os.system, command),
        "popen": Evil(os.popen, command),
        "subprocess": Evil(subprocess.Popen, command, -1, None, None, None, None, None, True, True),
        "exec": Evil(builtins.exec, runs),
        "eval": Evil(builtins.eval, runs),
        "open": Evil(open, str(mark), "w"),
        "import": Evil(importlib.import_module, "antigravity"),
        "getattr": Evil(getattr, "", "join"),
        "torch-load": Evil(torch.load, str(mark)),
        "torch-save": Evil(torch.save, {}, str(mark)),
        "path-touch": Evil(Path.touch, mark),
        "remove": Evil(os.unlink, str(mark.parent / "witness")),
    }
    for name, evil in evils.items():
        yield f"runs-{name}.pt", _saved({"emb_params": torch.zeros(1, 768), "x": evil}), "pickle_runs pickle_damaged"
    system = evils["system"]
    yield "runs-alone.pt", _saved(system), "pickle_runs"
    yield "runs-legacy.bin", _saved({"a": torch.zeros(1), "x": system}, zipped=False), "pickle_runs pickle_damaged"
    for protocol in (2, 4, 5):
        yield f"runs-plain-{protocol}.pt", pickle.dumps(system, protocol), "pickle_runs pickle_damaged"
    yield "runs-protocol-0.pt", pickle.dumps(system, 0), "unknown_format"
    yield "runs-as.safetensors", _saved(system), "pickle_in_disguise"
    yield "runs-plain-as.safetensors", pickle.dumps(system), "pickle_in_disguise"
    yield "runs-key.pt", _saved({"string_to_param": {"*": torch.zeros(1, 768)}, "optimizer": system}), "pickle_runs"
    yield "runs-by-build.pt", _saved({"a": torch.zeros(1, 768), "x": _Built(mark)}), "pickle_runs pickle_damaged"


class _Built:
    """Something is done when its state is set."""

    def __init__(self, mark: Path) -> None:
        self.mark = str(mark)

    def __setstate__(self, state: Any) -> None:
        Path(state["mark"]).touch()


def _pickles() -> Iterator[tuple[str, bytes, str]]:
    """Yield pickles and archives that are damaged, lie or hold what cannot be used."""
    good = _saved({"<zorp>": torch.zeros(1, 768)})
    yield (
        "bomb.pt",
        _archive(("a/data.pkl", bytes(200_000_000)), compression=zipfile.ZIP_DEFLATED),
        "archive_compressed",
    )
    yield "nested.pt", _with(good, ("archive/inner.zip", good)), "archive_odd"
    yield "link.pt", _with(good, _link("archive/data/7", "/etc/passwd")), "archive_odd"
    yield "path-up.pt", _with(good, ("../../../../tmp/easel-escaped", b"x")), "archive_odd"
    yield "path-absolute.pt", _with(good, ("/etc/cron.d/easel", b"x")), "archive_odd"
    yield "path-windows.pt", _with(good, ("..\\..\\easel.dll", b"x")), "archive_odd"
    yield "code.pt", _with(good, ("archive/code/__torch__.py", b"import os")), "archive_odd"
    yield "folder.zip", _archive(("lora.safetensors", packed(lora()))), "packed"
    yield "crowded.pt", _archive(*((f"a/data/{n}", b"") for n in range(20_001))), "archive_crowded"
    yield "cut.pt", good[: len(good) // 2], "pickle_damaged"
    yield "no-directory.pt", b"PK\x03\x04" + bytes(1000), "pickle_damaged"
    yield "only-directory.pt", b"PK\x05\x06" + bytes(18), "pickle_damaged packed"
    yield "lying-size.pt", _lying(good), "archive_lies pickle_damaged"
    yield "shared-bytes.pt", _shared_bytes(good), "archive_lies pickle_damaged"
    yield "wild-bytes.pt", b"\x80\x02" + bytes(range(256)) * 20, "pickle_damaged"
    yield "stops-at-once.pt", b"\x80\x02.", "pickle_damaged"
    yield "long-number.pt", b"\x80\x02\x8b" + struct.pack("<i", 2**31 - 1) + b"\x01.", "pickle_damaged"
    yield "long-bytes.pt", b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b"x.", "pickle_damaged"
    yield "expanded.pt", _saved({"<zorp>": torch.zeros(1).expand(2**20, 2**20)}), "pickle_too_large"
    yield "sparse.pt", _saved({"a": torch.eye(4).to_sparse()}), "odd_tensor"
    yield "complex.pt", _saved({"a": torch.zeros(1, 768, dtype=torch.complex64)}), "odd_tensor"
    yield "meta.pt", _saved({"a": torch.zeros(1, 768, device="meta")}), "odd_tensor"
    yield "itself.pt", _saved(_itself()), "too_many_tensors pickle_without_tensors"
    yield "deep.pt", _saved(_deep()), "too_many_tensors pickle_damaged"
    yield "laughs.pt", _saved(_laughs()), "too_many_tensors"
    yield "list.pt", _saved([torch.zeros(1, 768)]), "pickle_without_tensors"
    yield "listed.pt", _saved({"a": [torch.zeros(1, 768)]}), "odd_tensor"
    yield "numbered.pt", _saved({1: torch.zeros(1, 768)}), "odd_tensor"
    yield "bare.pt", _saved(torch.zeros(1, 768)), "pickle_without_tensors"
    yield "words.pt", _saved({"epoch": 3}), "pickle_without_tensors"
    yield "hyper.pt", _saved({768: [{"a": torch.zeros(2)}, {}], "step": 1}), "hypernetwork"
    yield (
        "several.pt",
        _saved({"string_to_param": {"*": torch.zeros(1, 768), "+": torch.zeros(1, 768)}}),
        "unknown_kind",
    )
    yield "not-finite.pt", _saved({"<zorp>": torch.full((1, 768), float("nan"))}), "not_finite"
    yield "checkpoint.ckpt", _saved({"state_dict": {"model.diffusion_model.a": torch.zeros(2)}}), "checkpoint"
    yield "odd-name.pt", _saved({"a\0b": torch.zeros(1, 768)}), "odd_name"
    yield "broken-name.pt", _saved({"\ud800": torch.zeros(1, 768)}), "odd_name pickle_damaged"
    yield "claims-gigabytes.pt", _legacy_giant(4 * 10**8), "out_of_memory"
    yield "claims-terabytes.pt", _legacy_giant(2**40), "out_of_memory"


def _lying(saved: bytes) -> bytes:
    """Return an archive whose directory says that a part is of two gigabytes."""
    place = saved.rindex(b"PK\x01\x02", 0, saved.rindex(b"PK\x05\x06"))
    return saved[: place + 20] + struct.pack("<II", 2**31, 2**31) + saved[place + 28 :]


def _shared_bytes(saved: bytes) -> bytes:
    """Return an archive in which hundreds of parts are the same large one."""
    large = _archive(("archive/data.pkl", b"x"), ("archive/data/0", bytes(1_000_000)))
    end = large.rindex(b"PK\x05\x06")
    place = large.rindex(b"PK\x01\x02", 0, end)
    entry = large[place:end]
    (start,) = struct.unpack_from("<I", large, end + 16)
    entries = b"".join(entry.replace(b"archive/data/0", f"archive/data/{n % 10}".encode()) for n in range(1000))
    directory = large[start:place] + entries
    return (
        large[:start] + directory + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 1001, 1001, len(directory), start, 0)
    )


def _itself() -> dict[str, object]:
    document: dict[str, object] = {}
    document["a"] = document
    return document


def _deep() -> dict[str, object]:
    document: dict[str, object] = {"a": torch.zeros(1, 768)}
    for _ in range(50):
        document = {"a": document}
    return document


def _laughs() -> dict[str, object]:
    """Return a document of few objects that is endless when it is walked through."""
    inner: object = torch.zeros(1)
    for _ in range(4):
        inner = {f"k{number}": inner for number in range(200)}
    return {"a": inner}


def _legacy_giant(numbers: int) -> bytes:
    """Return a pickle of the old kind whose one storage claims to hold so many numbers of eight bytes."""
    saved = _saved(OrderedDict(a=torch.zeros(3, dtype=torch.float64)), zipped=False)
    claim = b"\x8a\x06" + numbers.to_bytes(6, "little")
    assert b"K\x03Ntq" in saved
    return saved.replace(b"K\x03Ntq", claim + b"Ntq", 1)


# The whole ----------------------------------------------------------------------------------------------------------


def make(folder: Path, mark: Path) -> list[Hostile]:
    """Write them all; a file at `mark` would be there if any of them had run."""
    made = []
    for name, data, codes in (*_headers(), *_entries(), *_numbers()):
        made.append(_written(folder / f"{name}.safetensors", data, codes))
    for name, data, codes in (*_other_files(), *_evil(mark), *_pickles()):
        made.append(_written(folder / name, data, codes))
    return made + list(_no_files(folder))


def _written(path: Path, data: bytes, codes: str) -> Hostile:
    path.write_bytes(data)
    return Hostile(path, tuple(codes.split()))


def _no_files(folder: Path) -> Iterator[Hostile]:
    """Yield what is no file: a folder, links, a pipe, nothing."""
    (folder / "folder.safetensors").mkdir()
    (folder / "link.safetensors").symlink_to("/etc/passwd")
    (folder / "endless.safetensors").symlink_to("/dev/zero")
    os.mkfifo(folder / "pipe.safetensors")
    for name in ("folder", "link", "endless", "pipe", "missing"):
        yield Hostile(folder / f"{name}.safetensors", ("not_a_file",))
