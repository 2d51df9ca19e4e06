"""Which models are in memory: the latest used stay, within a budget."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import psutil
import torch

from inference.diffusion import memory
from inference.families.base import DiffusionModel
from inference.families.clip import Chunker
from inference.families.sd import UNetModel
from inference.models.catalogue import Catalogue, Entry
from inference.models.device import Attention
from inference.models.errors import ModelError
from inference.models.loading import load_model
from inference.models.tokenizers import load_tokenizers
from inference.protocol.messages import ModelInfo
from inference.protocol.recipe import ContentHash
from inference.vision.restorers import FaceRestorer, load_restorer
from inference.vision.upscalers import Upscaler, load_upscaler

log = logging.getLogger(__name__)

#: Part of the device's memory that models may fill when no budget is set; the rest is for passes.
SHARE = 0.6
#: Models whose tokenizers are kept although their networks are not in memory.
_MOST_CHUNKERS = 4
_Key = tuple[ContentHash, ContentHash | None]
M_co = TypeVar("M_co", DiffusionModel, Upscaler, FaceRestorer, covariant=True)
_V = TypeVar("_V", Upscaler, FaceRestorer)


@dataclass(frozen=True)
class Acquired(Generic[M_co]):
    """A resident model, and what it cost to have it."""

    model: M_co
    #: 0 where it was resident already.
    load_seconds: float
    bytes: int
    evicted: tuple[ContentHash, ...]


class Residency:
    """Loads models when they are wanted and lets the longest unused go. Only the engine's thread calls it."""

    def __init__(
        self,
        catalogue: Catalogue,
        device: torch.device,
        dtype: torch.dtype,
        attention: Attention = "sdpa",
        budget_bytes: int = 0,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._catalogue = catalogue
        self._device = device
        self._dtype = dtype
        self._attention = attention
        self._budget_bytes = budget_bytes or _default_budget(device)
        self._clock = clock
        self._models: OrderedDict[_Key, DiffusionModel] = OrderedDict()
        #: Upscalers and face restorers.
        self._small: OrderedDict[ContentHash, Upscaler | FaceRestorer] = OrderedDict()
        self._chunkers: OrderedDict[ContentHash, tuple[Chunker, ...]] = OrderedDict()

    @property
    def resident(self) -> tuple[ContentHash, ...]:
        """Return the resident models in the order in which they would leave: small ones, then the longest unused."""
        return tuple(dict.fromkeys((*self._small, *(model for model, _ in self._models))))

    @property
    def memory_used_bytes(self) -> int:
        """Return the bytes of all resident weights."""
        models = sum(model.weight_bytes for model in self._models.values())
        return models + sum(small.weight_bytes for small in self._small.values())

    def infos(self) -> tuple[ModelInfo, ...]:
        """Return the installed models."""
        return self._catalogue.models

    def rescan(self) -> tuple[ModelInfo, ...]:
        """Read the models folder again and return the installed models; what is resident stays."""
        self._catalogue = Catalogue(self._catalogue.folder)
        self._chunkers.clear()
        return self.infos()

    def acquire(
        self, model: ContentHash, vae: ContentHash | None = None, *, keep: Collection[ContentHash] = ()
    ) -> Acquired[DiffusionModel]:
        """Return a model, loaded if need be; models in `keep` are not evicted for it. Raises ModelError."""
        key = (model, vae)
        if key in self._models:
            self._models.move_to_end(key)
            return Acquired(model=self._models[key], load_seconds=0.0, bytes=self._models[key].weight_bytes, evicted=())
        began = self._clock()
        entry = self._catalogue.by_hash(model)
        vae_path = None
        if vae is not None:
            vae_path = self._catalogue.path(self._catalogue.by_hash(vae))
        # Half of a float32 file on disk, or twice a half-precision one, is what its weights may take here.
        evicted = self._make_room(entry.bytes, keep)
        loaded = load_model(
            self._path(entry),
            content_hash=model,
            models_folder=self._catalogue.folder,
            device=self._device,
            dtype=self._dtype,
            prediction=entry.prediction,
            vae=vae_path,
            attention=self._attention,
        )
        loaded.adapter_family = entry.adapter_family
        self._models[key] = loaded
        evicted += self._make_room(0, {*keep, model})
        seconds = max(self._clock() - began, 1e-6)
        log.info("model=%s loaded in %.2f s, %d bytes", entry.name, seconds, loaded.weight_bytes)
        return Acquired(model=loaded, load_seconds=seconds, bytes=loaded.weight_bytes, evicted=evicted)

    def acquire_upscaler(self, upscaler: ContentHash) -> Acquired[Upscaler]:
        """Return a network that makes pictures larger, loaded if need be. Raises ModelError.

        They are small beside checkpoints, and leave before any of those.
        """

        def load(path: Path) -> Upscaler:
            return load_upscaler(path, self._device, self._dtype)

        return self._acquire_small(upscaler, Upscaler, load, "makes no pictures larger. Choose an upscaler.")

    def acquire_restorer(self, restorer: ContentHash, *, keep: Collection[ContentHash] = ()) -> Acquired[FaceRestorer]:
        """Return a network that restores faces, loaded if need be, as `acquire_upscaler` does. Raises ModelError."""

        def load(path: Path) -> FaceRestorer:
            return load_restorer(path, self._device)

        return self._acquire_small(restorer, FaceRestorer, load, "restores no faces. Choose a face restorer.", keep)

    def _acquire_small(
        self,
        wanted: ContentHash,
        kind: type[_V],
        load: Callable[[Path], _V],
        otherwise: str,
        keep: Collection[ContentHash] = (),
    ) -> Acquired[_V]:
        held = self._small.get(wanted)
        if isinstance(held, kind):
            self._small.move_to_end(wanted)
            return Acquired(model=held, load_seconds=0.0, bytes=held.weight_bytes, evicted=())
        began = self._clock()
        entry = self._catalogue.by_hash(wanted)
        if entry.kind != ("upscaler" if kind is Upscaler else "face_restorer"):
            raise ModelError(f"{entry.name} {otherwise}")
        evicted = self._make_room(entry.bytes, keep)
        loaded = load(self._path(entry))
        self._small[wanted] = loaded
        seconds = max(self._clock() - began, 1e-6)
        log.info("%s=%s loaded in %.2f s, %d bytes", entry.kind, entry.name, seconds, loaded.weight_bytes)
        return Acquired(model=loaded, load_seconds=seconds, bytes=loaded.weight_bytes, evicted=evicted)

    def chunkers(self, model: ContentHash) -> tuple[Chunker, ...]:
        """Return what cuts texts for a model's text encoders, in their order, without loading its networks.

        Raises ModelError.
        """
        for (name, _), resident in self._models.items():
            if name == model and isinstance(resident, UNetModel):
                return resident.encoders
        if model not in self._chunkers:
            entry = self._catalogue.by_hash(model)
            if entry.kind != "checkpoint" or entry.family in ("upscaler", "face_restorer"):
                what = {"vae": "a VAE", "face_restorer": "a face restorer"}.get(entry.kind, "an upscaler")
                raise ModelError(f"{entry.name} is {what}, which reads no text. Choose a checkpoint.")
            found = load_tokenizers(self._path(entry), entry.layout, entry.family, self._catalogue.folder)
            self._chunkers[model] = tuple(map(Chunker, found))
            if len(self._chunkers) > _MOST_CHUNKERS:
                self._chunkers.popitem(last=False)
        self._chunkers.move_to_end(model)
        return self._chunkers[model]

    def _path(self, entry: Entry) -> Path:
        """Return where a model is. Raises ModelError where it is no longer."""
        path = self._catalogue.path(entry)
        if not path.exists():
            raise ModelError(f"The model {entry.name} is gone from {path}. Remove it from the list and add it again.")
        return path

    def _make_room(self, needed: int, keep: Collection[ContentHash]) -> tuple[ContentHash, ...]:
        evicted: list[ContentHash] = []
        while self.memory_used_bytes + needed > self._budget_bytes:
            if small := next((name for name in self._small if name not in keep), None):
                del self._small[small]
                evicted.append(small)
            elif key := next((key for key in self._models if key[0] not in keep), None):
                del self._models[key]
                evicted.append(key[0])
            else:
                break
        if evicted:
            memory.release(self._device)
        return tuple(evicted)


def _default_budget(device: torch.device) -> int:
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory * SHARE)
    return int(psutil.virtual_memory().total * SHARE)
