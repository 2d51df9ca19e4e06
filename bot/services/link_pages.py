"""The pages of Hugging Face and of Civitai, and which file of one is meant."""

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TypeVar
from urllib.parse import quote, unquote

import msgspec
from yarl import URL

from bot.services.link_hosts import CIVITAI, HUGGING_FACE
from bot.services.link_network import Way
from bot.texts import Mistake

_T = TypeVar("_T")

#: From the one that is taken first where a page has both.
SUFFIXES = (".safetensors", ".pt", ".bin", ".pth", ".ckpt")
MOST_PAGE_BYTES = 8 * 2**20
_MOST_NAMED = 5
_MOST_SHOWN = 80
_CHUNK = 2**16
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}")
_NUMBER = re.compile(r"[1-9][0-9]{0,14}")
#: What trainers call the one file that is meant among their others.
_USUAL = ("pytorch_lora_weights", "adapter_model", "learned_embeds")
#: What Civitai calls models that are no adapters.
_NO_ADAPTERS = {
    "aestheticgradient",
    "checkpoint",
    "controlnet",
    "detection",
    "hypernetwork",
    "motionmodule",
    "poses",
    "upscaler",
    "vae",
    "wildcards",
    "workflows",
}
#: What Civitai calls files that are no models.
_NO_MODELS = {"archive", "config", "training data", "vae", "workflow"}


@dataclass(frozen=True, kw_only=True)
class Pointed:
    """A file that a link points at."""

    url: URL
    #: What the page says of it; unknown are "" and 0.
    name: str = ""
    bytes: int = 0
    sha256: str = ""


class _Lfs(msgspec.Struct):
    sha256: str | None = None


class _Sibling(msgspec.Struct):
    rfilename: str
    size: int | None = None
    lfs: _Lfs | None = None


class _Repository(msgspec.Struct):
    siblings: list[_Sibling] = []


class _Hashes(msgspec.Struct):
    sha256: str | None = msgspec.field(default=None, name="SHA256")


class _File(msgspec.Struct):
    id: int = 0
    name: str = ""
    type: str | None = None
    primary: bool | None = None
    hashes: _Hashes | None = None
    download_url: str | None = msgspec.field(default=None, name="downloadUrl")


class _Kind(msgspec.Struct):
    type: str | None = None


class _Version(msgspec.Struct):
    id: int
    model: _Kind | None = None
    files: list[_File] = []


class _Model(msgspec.Struct):
    type: str | None = None
    versions: list[_Version] = msgspec.field(default_factory=list, name="modelVersions")


async def pointed(way: Way, url: URL) -> Pointed:
    """Return the file that a link means, after its page was read where it is one. Raises Mistake."""
    if way.source is HUGGING_FACE:
        return await _of_hub(way, url)
    if way.source is CIVITAI:
        return await _of_civitai(way, url)
    return Pointed(url=url)


# Hugging Face -------------------------------------------------------------------------------------------------------


async def _of_hub(way: Way, url: URL) -> Pointed:
    """Return the file of `/owner/name`, of a folder below it, or of `/owner/name/resolve/revision/path`."""
    parts = [part for part in url.raw_parts[1:] if part]
    kind = parts[:1] if parts[:1] == ["datasets"] else []
    root, rest = parts[len(kind) : len(kind) + 2], parts[len(kind) + 2 :]
    if len(root) != 2 or not all(_HUB_NAME.fullmatch(part) for part in root):
        raise Mistake("link_page", host=url.raw_host)
    if rest[:1] in (["blob"], ["resolve"], ["raw"]) and len(rest) >= 3:
        file = _at("huggingface.co", "/".join([*kind, *root, "resolve", *rest[1:]]))
        if not file.name.lower().endswith(SUFFIXES):
            raise Mistake("link_suffix", name=file.name[-_MOST_SHOWN:])
        return Pointed(url=file, name=_named(file.name, root))
    if kind or (rest and (rest[0] != "tree" or len(rest) < 2)):
        raise Mistake("link_page", host=url.raw_host)
    folder = "".join(f"{unquote(part)}/" for part in rest[2:])
    return await _hub_page(way, root, rest[1] if rest else "main", folder)


async def _hub_page(way: Way, root: Sequence[str], revision: str, folder: str) -> Pointed:
    path = f"api/models/{'/'.join(root)}" + ("" if revision == "main" else f"/revision/{revision}")
    told = await _read(way, _at("huggingface.co", path).with_query(blobs="true"), _Repository)
    inside = {each.rfilename: each for each in told.siblings if each.rfilename.startswith(folder)}
    name = _meant(inside, f"huggingface.co/{'/'.join(root)}")
    file = inside[name]
    url = _at("huggingface.co", f"{'/'.join(root)}/resolve/{revision}/{quote(name)}")
    return Pointed(
        url=url,
        name=_named(url.name, root),
        bytes=max(0, file.size or 0),
        sha256=_sha256(file.lfs.sha256 if file.lfs else None),
    )


def _named(name: str, parts: Sequence[str]) -> str:
    """Return a file's name, or its repository's where the file is called as everybody's is."""
    path = PurePosixPath(name)
    return f"{parts[1]}{path.suffix}" if path.stem in _USUAL else name


# Civitai ------------------------------------------------------------------------------------------------------------


async def _of_civitai(way: Way, url: URL) -> Pointed:
    """Return the file of `/models/1`, `/models/1?modelVersionId=2`, their addresses in the API, or a download's."""
    parts = [part for part in url.parts[1:] if part]
    if parts[:3] == ["api", "download", "models"] and len(parts) == 4 and _NUMBER.fullmatch(parts[3]):
        return Pointed(url=url)
    if parts[:2] == ["api", "v1"]:
        parts = parts[2:]
    if len(parts) < 2 or parts[0] not in ("models", "model-versions") or not _NUMBER.fullmatch(parts[1]):
        raise Mistake("link_page", host=url.raw_host)
    chosen = parts[1] if parts[0] == "model-versions" else url.query.get("modelVersionId", "")
    if chosen and not _NUMBER.fullmatch(chosen):
        raise Mistake("link_page", host=url.raw_host)
    host = url.raw_host or ""
    if chosen:
        version = await _read(way, _at(host, f"api/v1/model-versions/{chosen}"), _Version)
        kind = version.model.type if version.model else None
    else:
        model = await _read(way, _at(host, f"api/v1/models/{parts[1]}"), _Model)
        if not model.versions:
            raise Mistake("link_none", page=f"{host}/models/{parts[1]}")
        # The newest comes first, as on the page.
        version, kind = model.versions[0], model.type
    if kind and kind.lower() in _NO_ADAPTERS:
        raise Mistake("link_kind", kind=kind)
    return _civitai_file(version, url, f"{host}/{parts[0]}/{parts[1]}")


def _civitai_file(version: _Version, page: URL, shown: str) -> Pointed:
    models = [each for each in version.files if (each.type or "").lower() not in _NO_MODELS]
    safe = [each for each in models if each.name.lower().endswith(SUFFIXES[0])]
    fitting = safe or [each for each in models if each.name.lower().endswith(SUFFIXES)]
    # Variants may share a name; then the one that the page offers first is meant.
    first = [each for each in fitting if each.primary]
    named = {each.name: each for each in fitting}
    file = first[0] if len(first) == 1 else named[_meant(named, shown)]
    plain = _at(page.raw_host or "", f"api/download/models/{version.id}")
    try:
        url = page.join(URL(file.download_url)) if file.download_url else plain
    except ValueError:
        url = plain
    return Pointed(url=url, name=file.name, sha256=_sha256(file.hashes.sha256 if file.hashes else None))


# Both ---------------------------------------------------------------------------------------------------------------


def _meant(names: Iterable[str], page: str) -> str:
    """Return the one file that a page is about. Raises Mistake where there is none, or more than one."""
    known = sorted(names)
    for endings in (SUFFIXES[:1], SUFFIXES[1:]):
        fitting = [name for name in known if name.lower().endswith(endings)]
        depth = min((name.count("/") for name in fitting), default=0)
        fitting = [name for name in fitting if name.count("/") == depth]
        # Beside its pickle a trainer leaves the state of its optimiser and the like in the same form.
        usual = [name for name in fitting if PurePosixPath(name).stem in _USUAL]
        for some in (usual, fitting):
            if len(some) == 1:
                return some[0]
        if fitting:
            named = ", ".join(name[-_MOST_SHOWN:] for name in fitting[:_MOST_NAMED])
            more = len(fitting) - _MOST_NAMED
            raise Mistake("link_several", page=page, files=named + (f" (+{more})" if more > 0 else ""))
    raise Mistake("link_none", page=page)


async def _read(way: Way, url: URL, kind: type[_T]) -> _T:
    """Return what an API answers, as far as it is asked for. Raises Mistake for what cannot be read, or is too long."""
    data = bytearray()
    async with way.opened(url) as response:
        async for chunk in response.content.iter_chunked(_CHUNK):
            data += chunk
            if len(data) > MOST_PAGE_BYTES:
                raise Mistake("link_answer", host=url.raw_host)
    if data.lstrip()[:1] == b"<":
        raise Mistake("link_login", host=url.raw_host)
    try:
        return await asyncio.to_thread(msgspec.json.decode, bytes(data), type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Mistake("link_answer", host=url.raw_host) from error


def _at(host: str, path: str) -> URL:
    return URL.build(scheme="https", host=host, path=f"/{path}", encoded=True)


def _sha256(text: str | None) -> str:
    """Return a hash as hashlib writes it, "" for what is none."""
    return text.lower() if text and re.fullmatch(r"[0-9a-fA-F]{64}", text) else ""
