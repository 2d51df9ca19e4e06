"""The installed models: content-addressed on disk, listed in one JSON file that is always whole.

    models/catalogue.json            the list
    models/files/<sha256>.safetensors, models/files/<sha256>/    what it lists
    models/incoming/                 what is being installed; swept at the next start

Names are for people; no name ever becomes a path.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal
from uuid import uuid4

import msgspec

from inference.models.detection import Detected, detect
from inference.models.errors import ModelError
from inference.protocol.messages import ModelInfo
from inference.protocol.names import nearest
from inference.protocol.recipe import ContentHash
from inference.sample import MODEL_FOLDER

SAMPLE_NAME = "sample"
#: Bytes done, and bytes in all (0 where unknown).
OnProgress = Callable[[int, int], None]

_CHUNK = 4 * 1024 * 1024
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+-]{0,63}")
_FOLDER_FILES = (".safetensors", ".json", ".txt")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One installed model, VAE, upscaler or face restorer."""

    hash: ContentHash
    name: str
    kind: Literal["checkpoint", "vae", "upscaler", "face_restorer"]
    layout: Literal["folder", "single_file"]
    family: Literal["sd1", "sd2", "sdxl", "upscaler", "face_restorer"]
    prediction: Literal["epsilon", "v_prediction"]
    inpainting: bool
    side: int
    bytes: int
    #: Where it came from: a path, a hub id or an address, for people.
    source: str
    #: Set where the weights stay where they were (`--link`).
    linked: str | None = None
    #: How many times as large an upscaler makes a picture.
    factor: int = 0
    #: Follows instructions about a picture (InstructPix2Pix).
    instructs: bool = False

    @property
    def adapter_family(self) -> str:
        """Return the family of adapters that fit; the sample model's network is of a size of its own."""
        if self.kind != "checkpoint":
            return ""
        return "sample" if self.name == SAMPLE_NAME else self.family

    def info(self) -> ModelInfo:
        """Return what the engine reports of it."""
        sample = self.name == SAMPLE_NAME
        return ModelInfo(
            hash=self.hash,
            name=self.name,
            kind=self.kind,
            family=self.family,
            adapter_family=self.adapter_family,
            prediction_type=self.prediction,
            inpainting=self.inpainting,
            instructs=self.instructs,
            default_width=self.side,
            default_height=self.side,
            bytes=self.bytes,
            default_schedule="sgm_uniform" if sample else "karras",
            default_guidance_scale=5.0 if sample else 7.0,
            factor=self.factor,
        )


class _Document(msgspec.Struct, frozen=True):
    version: int
    entries: tuple[Entry, ...]


class Catalogue:
    """The models of a folder. The embedded sample model is always the first."""

    def __init__(self, folder: Path) -> None:
        """Read the list. Raises ModelError where it is damaged or of a newer version."""
        self.folder = folder
        self._entries = _read(folder / "catalogue.json")

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Return everything installed, the sample model first."""
        return (*_sample(), *self._entries)

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        """Return everything installed, as the engine reports it."""
        return tuple(entry.info() for entry in self.entries)

    def path(self, entry: Entry) -> Path:
        """Return where an entry's file or folder is."""
        if entry.name == SAMPLE_NAME:
            return MODEL_FOLDER
        if entry.linked is not None:
            return Path(entry.linked)
        suffix = "" if entry.layout == "folder" else ".safetensors"
        return self.folder / "files" / f"{entry.hash}{suffix}"

    def by_hash(self, content_hash: ContentHash) -> Entry:
        """Return the entry of that content. Raises ModelError."""
        for entry in self.entries:
            if entry.hash == content_hash:
                return entry
        raise ModelError(
            f"The model {content_hash[:10]} is not installed here. `easel models list` shows what is; "
            "`easel models add` installs one."
        )

    def find(self, text: str) -> Entry:
        """Return the entry of that name, or whose hash begins so. Raises ModelError that names the nearest."""
        wanted = text.casefold()
        for entry in self.entries:
            if entry.name.casefold() == wanted:
                return entry
        starts = [entry for entry in self.entries if len(wanted) >= 6 and entry.hash.startswith(wanted)]
        if len(starts) == 1:
            return starts[0]
        near = nearest(text, [entry.name for entry in self.entries])
        hint = f" Did you mean {' or '.join(near)}?" if near else " `easel models list` shows what is installed."
        raise ModelError(f"There is no model named {text[:80]!r}.{hint}")

    def add(
        self,
        path: Path,
        *,
        name: str | None = None,
        suggested_name: str | None = None,
        source: str | None = None,
        prediction: Literal["epsilon", "v_prediction"] | None = None,
        link: bool = False,
        on_progress: OnProgress = lambda done, total: None,
    ) -> Entry:
        """Install a safetensors file or a diffusers folder and return its entry.

        Copied beside the others first and moved into place whole, so that a full disk or a kill leaves nothing half
        written. What is already installed is returned as it is. `name` must be free; `suggested_name` is made so.
        Raises ModelError.
        """
        detected = detect(path)
        own_name = (
            self._free_name(_cleaned(suggested_name or _stem(path))) if name is None else self._required_name(name)
        )
        files = _files(path)
        size = sum(file.stat().st_size for file in files)
        if link:
            content_hash = _hash(path, files, on_progress, size)
        else:
            staged, content_hash = self._stage(path, files, size, on_progress)
        known = next((entry for entry in self.entries if entry.hash == content_hash), None)
        if known is not None:
            if not link:
                _discard(staged)
            return known
        entry = Entry(
            hash=content_hash,
            name=own_name,
            kind=detected.kind,
            layout=detected.layout,
            family=detected.kind if detected.kind in ("upscaler", "face_restorer") else detected.family,
            prediction=prediction or detected.prediction,
            inpainting=detected.inpainting,
            side=_side(detected, prediction),
            bytes=size,
            source=source or str(path),
            linked=str(path.resolve()) if link else None,
            factor=detected.factor,
            instructs=detected.instructs,
        )
        if not link:
            self._settle(staged, entry)
        self._write((*self._entries, entry))
        return entry

    def remove(self, text: str) -> Entry:
        """Uninstall the model of that name or hash and return what its entry was. Raises ModelError."""
        entry = self.find(text)
        if entry.name == SAMPLE_NAME:
            raise ModelError("The sample model is part of the program and cannot be removed.")
        self._write(tuple(other for other in self._entries if other.hash != entry.hash))
        if entry.linked is None:
            _discard(self.path(entry))
        return entry

    def sweep(self) -> None:
        """Remove what interrupted installations left in `incoming`."""
        _discard(self.folder / "incoming")

    def _stage(self, path: Path, files: list[Path], size: int, on_progress: OnProgress) -> tuple[Path, ContentHash]:
        """Copy into `incoming` and hash on the way. Raises ModelError; leaves nothing behind then."""
        staged = self.folder / "incoming" / uuid4().hex
        try:
            staged.parent.mkdir(parents=True, exist_ok=True)
            copier = _Hasher(on_progress, size)
            for file in files:
                relative = file.relative_to(path) if path.is_dir() else None
                target = staged / relative if relative else staged
                target.parent.mkdir(parents=True, exist_ok=True)
                copier.copy(file, target, relative.as_posix() if relative else None)
            return staged, copier.result()
        except OSError as error:
            _discard(staged)
            raise ModelError(_disk_words(error, size)) from error
        except BaseException:
            _discard(staged)
            raise

    def _settle(self, staged: Path, entry: Entry) -> None:
        target = self.path(entry)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.exists():
                _discard(target)
            staged.replace(target)
        except OSError as error:
            _discard(staged)
            raise ModelError(_disk_words(error, entry.bytes)) from error

    def _required_name(self, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise ModelError(
                f"{name[:80]!r} is no name for a model: use up to 64 letters, digits, spaces and . _ + -, "
                "beginning with a letter or digit."
            )
        if any(entry.name.casefold() == name.casefold() for entry in self.entries):
            raise ModelError(f"There is a model named {name!r} already. Give another with --name.")
        return name

    def _free_name(self, wanted: str) -> str:
        taken = {entry.name.casefold() for entry in self.entries}
        numbered = (wanted if number == 1 else f"{wanted[:60]}-{number}" for number in range(1, 10_000))
        return next(name for name in numbered if name.casefold() not in taken)

    def _write(self, entries: tuple[Entry, ...]) -> None:
        """Replace the list on disk at once, then in memory. Raises ModelError; the old list stands then."""
        target = self.folder / "catalogue.json"
        staged = target.with_suffix(f".{uuid4().hex}.tmp")
        body = msgspec.json.format(msgspec.json.encode(_Document(version=1, entries=entries)), indent=2)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with staged.open("wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            staged.replace(target)
        except OSError as error:
            staged.unlink(missing_ok=True)
            raise ModelError(_disk_words(error, len(body))) from error
        self._entries = entries


class _Hasher:
    """Reads files once: hashes them and, where wanted, copies them."""

    def __init__(self, on_progress: OnProgress, total: int) -> None:
        self._on_progress = on_progress
        self._total = total
        self._done = 0
        self._single: str | None = None
        self._parts: list[tuple[str, str]] = []

    def copy(self, source: Path, target: Path, relative: str | None) -> None:
        with target.open("wb") as written:
            self._read(source, relative, written.write)
            written.flush()
            os.fsync(written.fileno())

    def hash(self, source: Path, relative: str | None) -> None:
        self._read(source, relative, lambda piece: None)

    def _read(self, source: Path, relative: str | None, take: Callable[[bytes], object]) -> None:
        digest = hashlib.sha256()
        with source.open("rb") as file:
            while piece := file.read(_CHUNK):
                digest.update(piece)
                take(piece)
                self._done += len(piece)
                self._on_progress(self._done, self._total)
        if relative is None:
            self._single = digest.hexdigest()
        else:
            self._parts.append((relative, digest.hexdigest()))

    def result(self) -> ContentHash:
        """Return a file's SHA-256; for a folder that of its sorted relative paths and their hashes."""
        if self._single is not None:
            return ContentHash(self._single)
        listing = "".join(f"{part}\n{digest}\n" for part, digest in sorted(self._parts))
        return ContentHash(hashlib.sha256(listing.encode()).hexdigest())


def _hash(path: Path, files: Iterable[Path], on_progress: OnProgress, size: int) -> ContentHash:
    hasher = _Hasher(on_progress, size)
    for file in files:
        hasher.hash(file, file.relative_to(path).as_posix() if path.is_dir() else None)
    return hasher.result()


def _files(path: Path) -> list[Path]:
    """Return what of a model is installed: the file, or a folder's weights, configurations and vocabularies."""
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.rglob("*") if file.is_file() and file.suffix in _FOLDER_FILES)


_sample_entries: dict[tuple[int, int], tuple[Entry, ...]] = {}


def _sample() -> tuple[Entry, ...]:
    """Return the sample model's entry, hashed once a process."""
    files = [file for file in _files(MODEL_FOLDER) if file.name != "README.md"]
    weights = [file for file in files if file.suffix == ".safetensors"]
    if not weights:
        return ()
    stamp = (max(file.stat().st_mtime_ns for file in files), len(files))
    if stamp not in _sample_entries:
        detected = detect(MODEL_FOLDER)
        _sample_entries[stamp] = (
            Entry(
                hash=_hash(MODEL_FOLDER, files, lambda done, total: None, 0),
                name=SAMPLE_NAME,
                kind="checkpoint",
                layout="folder",
                family=detected.family,
                prediction=detected.prediction,
                inpainting=detected.inpainting,
                side=detected.side,
                bytes=sum(file.stat().st_size for file in files),
                source="part of the program",
            ),
        )
    return _sample_entries[stamp]


def _read(path: Path) -> tuple[Entry, ...]:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}.") from error
    try:
        version = json.loads(raw).get("version")
        if version != 1:
            raise ModelError(
                f"{path} is of version {version}, from a newer Easel. Update Easel, or use another folder."
            )
        return msgspec.json.decode(raw, type=_Document).entries
    except (ValueError, AttributeError, msgspec.MsgspecError) as error:
        raise ModelError(f"{path} is damaged: {error}. Move it away and add the models again.") from error


def _stem(path: Path) -> str:
    return path.name if path.is_dir() else path.stem


def _cleaned(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._+-]+", "-", text).strip("-._+")[:60] or "model"


def _side(detected: Detected, prediction: str | None) -> int:
    if detected.layout == "single_file" and detected.family == "sd2" and prediction is not None:
        return 768 if prediction == "v_prediction" else 512
    return detected.side


def _disk_words(error: OSError, size: int) -> str:
    reason = error.strerror or str(error)
    return f"The model could not be written ({reason}); nothing was installed. It needs {size / 1e6:,.0f} MB free."


def _discard(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
