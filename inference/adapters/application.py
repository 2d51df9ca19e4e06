"""Adapters at work: kept in memory under a cap, read ahead, put on a model's networks and taken off again.

They act by hooks on the networks' modules, which add to what a module gives; weights are never changed, so a model
without its adapters is the model that was loaded, bit for bit, and another set is there as soon as its hooks are.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary, ref

import psutil
import torch
from torch import Tensor

from inference.adapters.deltas import Delta, applied, named_modules, shapes_of
from inference.adapters.modules import Shape, modules
from inference.adapters.reading import Adapter, read_adapter
from inference.adapters.selection import NO_ADAPTERS, Part, Selection, Weighted, part_of, selected
from inference.families.base import DiffusionModel, Embeddings
from inference.families.embeddings import Embedding
from inference.models.errors import ModelError
from inference.protocol.recipe import AdapterUse, ContentHash

log = logging.getLogger(__name__)

#: Part of the device's memory that adapters may fill when no budget is set.
_SHARE = 0.1
#: How long what was read ahead is not thrown away for something else that is. Its job may have been cancelled.
_WAITING_SECONDS = 600.0
#: What one adapter does to a module: from its input and output to its output.
_Effect = Callable[[Tensor, Tensor, Any], Tensor]
_Key = tuple[ContentHash, str]


@dataclass(eq=False)
class _Kept:
    """An adapter in memory."""

    adapter: Adapter
    #: It has moved to the device.
    placed: bool = False
    #: It was put on a model at least once, and when it was read.
    used: bool = False
    since: float = 0.0
    #: Whole changes of weights, by target, of forms that have no short way, and the model that they were made for.
    made: dict[str, Tensor] = field(default_factory=dict)
    made_for: "ref[DiffusionModel] | None" = None
    #: Of all of it.
    bytes: int = 0

    def __post_init__(self) -> None:
        deltas = sum(delta.bytes for delta in self.adapter.deltas.values())
        self.bytes = deltas + sum(vectors.nbytes for vectors in self.adapter.embeddings)


@dataclass(eq=False)
class _On:
    """What is on a part of a model."""

    weights: Weighted = ()
    handles: list[Any] = field(default_factory=list)

    def take_off(self) -> None:
        for handle in self.handles:
            handle.remove()
        self.handles, self.weights = [], ()


class Adapters:
    """The adapters of a folder, as an engine uses them. Only the engine's thread calls it; files are read beside it."""

    def __init__(
        self,
        folder: Path | None,
        device: torch.device,
        dtype: torch.dtype,
        budget_bytes: int = 0,
        read: Callable[..., Adapter] = read_adapter,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._device = device
        self._dtype = dtype
        self._budget_bytes = budget_bytes or _default_budget(device)
        self._read = read
        self._clock = clock
        self._kept: OrderedDict[_Key, _Kept] = OrderedDict()
        self._coming: dict[_Key, tuple[Future[Adapter], int]] = {}
        self._reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="adapters")
        self._on: WeakKeyDictionary[DiffusionModel, dict[Part, _On]] = WeakKeyDictionary()
        #: Of each model the modules that can be changed, and the shapes of their weights.
        self._modules: WeakKeyDictionary[DiffusionModel, tuple[dict[str, Any], dict[str, Shape]]] = WeakKeyDictionary()

    @property
    def used_bytes(self) -> int:
        """Return the bytes of all adapters in memory."""
        return sum(kept.bytes for kept in self._kept.values())

    @property
    def kept(self) -> tuple[ContentHash, ...]:
        """Return the adapters in memory in the order in which they would leave."""
        return tuple(dict.fromkeys(name for name, _ in self._kept))

    # Reading ----------------------------------------------------------------------------------------------------

    def prefetch(self, wanted: Collection[ContentHash], family: str) -> None:
        """Begin to read adapters that will be wanted; what has no room is left until it is."""
        self._gather()
        for name in dict.fromkeys(wanted):
            key = (name, family)
            if key in self._kept or key in self._coming:
                continue
            try:
                size = self._path(name).stat().st_size
            except (OSError, ModelError):
                continue  # said when it is wanted
            size *= 2 if self._dtype == torch.float32 else 1
            coming = sum(bytes_ for _, bytes_ in self._coming.values())
            self._make_room(coming + size, keep=(), spare_waiting=True)
            if self.used_bytes + coming + size <= self._budget_bytes:
                self._coming[key] = self._reader.submit(self._load, name, family, None), size

    def wait(self) -> None:
        """Wait for what is being read ahead."""
        for coming, _ in list(self._coming.values()):
            coming.exception()
        self._gather()

    def _gather(self) -> None:
        """Take in what was read ahead."""
        for key, (coming, _) in list(self._coming.items()):
            if coming.done():
                del self._coming[key]
                if coming.exception() is None:
                    self._keep(key, coming.result())

    def _get(self, name: ContentHash, model: DiffusionModel, keep: Collection[ContentHash] = ()) -> _Kept:
        """Return an adapter that fits the model. Raises ModelError."""
        self._gather()
        usual, own = (name, _family(model)), (name, model.hash)
        table = self._table(model)
        for key in (usual, own):
            if key in self._coming:
                coming, _ = self._coming.pop(key)
                # What is not begun waits for others that nobody waits for; what failed may fit this very model.
                if not coming.cancel() and coming.exception() is None:
                    self._keep(key, coming.result(), keep)
            if key in self._kept and (key == own or _fits(self._kept[key].adapter, table, _family(model))):
                self._kept.move_to_end(key)
                return self._kept[key]
        usual_table = modules(_family(model))
        is_usual = all(usual_table.get(target) == shape for target, shape in table.items())
        key, asked = (usual, None) if is_usual else (own, table)
        return self._keep(key, self._load(name, _family(model), asked), keep)

    def _load(self, name: ContentHash, family: str, table: Mapping[str, Shape] | None) -> Adapter:
        """Read a file and make ready what can be without a model. Raises ModelError; runs in any thread."""
        adapter = self._read(self._path(name), family, table)
        log.info("adapter=%s read: %s for %s, %d bytes", name[:10], adapter.form, family, adapter.bytes)
        # What acts by its factors is multiplied in the network's own type; what is worked out first, in float32.
        deltas = {
            target: delta.to("cpu", self._dtype) if delta.low_rank else delta
            for target, delta in adapter.deltas.items()
        }
        adapter = replace(adapter, deltas=deltas)
        return adapter.pinned() if self._device.type == "cuda" else adapter

    def _require(self, name: ContentHash) -> None:
        """Raise ModelError for an adapter that was deleted, and let go of what is in memory of it."""
        if self._path(name).exists():
            return
        for key in [key for key in self._kept if key[0] == name]:
            self._let_go(key)
        raise ModelError(
            f"The adapter {name[:10]} is not here: it was removed, or never added. Leave it out, or add it again."
        )

    def _path(self, name: ContentHash) -> Path:
        if self._folder is None:
            raise ModelError(f"The adapter {name[:10]} is not here: this engine was given no folder of adapters.")
        return self._folder / f"{name}.safetensors"

    def _keep(self, key: _Key, adapter: Adapter, keep: Collection[ContentHash] = ()) -> _Kept:
        kept = self._kept[key] = _Kept(adapter, since=self._clock())
        self._kept.move_to_end(key)
        self._make_room(0, {key[0], *keep})
        return kept

    def _make_room(self, needed: int, keep: Collection[ContentHash], spare_waiting: bool = False) -> None:
        """Let the longest unused go until what is needed fits, as far as it can.

        `spare_waiting` keeps what is on a model, and what was read ahead and may still be waited for.
        """
        excess = self.used_bytes + needed - self._budget_bytes
        for key, kept in list(self._kept.items()):
            if excess <= 0:
                return
            if key[0] not in keep and not (spare_waiting and self._is_waited_for(key, kept)):
                excess -= kept.bytes
                self._let_go(key)

    def _is_waited_for(self, key: _Key, kept: _Kept) -> bool:
        fresh = self._clock() - kept.since < _WAITING_SECONDS
        return (fresh and not kept.used) or self._is_on(key[0])

    def _let_go(self, key: _Key) -> None:
        del self._kept[key]
        for on in self._everywhere():
            if any(name == key[0] for name, _ in on.weights):
                on.take_off()

    def _is_on(self, name: ContentHash) -> bool:
        return any(name == each for on in self._everywhere() for each, _ in on.weights)

    def _everywhere(self) -> Iterator[_On]:
        return (on for parts in self._on.values() for on in parts.values())

    # Choosing ---------------------------------------------------------------------------------------------------

    def select(self, uses: Sequence[AdapterUse], model: DiffusionModel) -> Selection:
        """Return what a recipe's adapters act on; the weights of one that is named twice add up.

        Raises ModelError for one that is not here or does not fit the model, OutOfRange for a word without vectors.
        """
        if not uses:
            return NO_ADAPTERS
        names = dict.fromkeys(use.hash for use in uses)
        for name in names:
            self._require(name)
        found = {name: self._get(name, model, names).adapter for name in names}
        return selected(uses, found)

    def embeddings(self, model: DiffusionModel, selection: Selection) -> Embeddings:
        """Return the selected embeddings of each of the model's text encoders. Raises ModelError."""
        if not selection.words:
            return ()
        known: list[list[Embedding]] = [[] for _ in range(model.text_encoders)]
        names = {name for _, name in selection.words}
        for word, name in selection.words:
            kept = self._get(name, model, names)
            kept.used = True
            if len(kept.adapter.embeddings) != model.text_encoders:
                raise ModelError(f"The adapter {name[:10]} has vectors for another number of text encoders.")
            for own, vectors in zip(known, kept.adapter.embeddings, strict=True):
                own.append(Embedding(word, vectors.to(self._device)))
        return known

    # Putting on and taking off ----------------------------------------------------------------------------------

    def put_on(self, model: DiffusionModel, part: Part, weights: Weighted) -> None:
        """Have a part of a model changed by exactly these adapters. Raises ModelError, and then none is on."""
        on = self._on.setdefault(model, {}).setdefault(part, _On())
        if on.weights == weights:
            return
        on.take_off()
        effects: dict[str, list[_Effect]] = {}
        names = {name for name, _ in weights}
        for name, weight in weights:
            kept = self._get(name, model, names)
            self._place(kept)
            for target, delta in kept.adapter.deltas.items():
                if part_of(target) == part:
                    effects.setdefault(target, []).append(self._effect(kept, target, delta, weight, model, names))
        own = self._modules_of(model)
        on.handles = [own[target].register_forward_hook(_hook(tuple(each))) for target, each in effects.items()]
        on.weights = weights

    def take_off(self) -> None:
        """Leave every model as it was loaded."""
        for on in self._everywhere():
            on.take_off()

    def _place(self, kept: _Kept) -> None:
        """Bring an adapter to the device, where it stays."""
        kept.used = True
        if not kept.placed:
            kept.adapter = replace(
                kept.adapter, deltas={target: delta.to(self._device) for target, delta in kept.adapter.deltas.items()}
            )
            kept.placed = True

    def _effect(
        self,
        kept: _Kept,
        target: str,
        delta: Delta,
        weight: float,
        model: DiffusionModel,
        keep: Collection[ContentHash],
    ) -> _Effect:
        if delta.low_rank:
            return lambda x, output, module: delta.add(x, output, module, weight)
        made = self._made(kept, target, delta, model, keep)
        if made is None:
            return lambda x, output, module: delta.add(x, output, module, weight)
        return lambda x, output, module: output.add(applied(made, x, module), alpha=weight)

    def _made(
        self, kept: _Kept, target: str, delta: Delta, model: DiffusionModel, keep: Collection[ContentHash]
    ) -> Tensor | None:
        """Return the whole change of a module's weight, kept for next time; None where there is no room for it."""
        if kept.made_for is None or kept.made_for() is not model:
            kept.bytes -= sum(tensor.nbytes for tensor in kept.made.values())
            kept.made, kept.made_for = {}, ref(model)
        if target in kept.made:
            return kept.made[target]
        module = self._modules_of(model)[target]
        needed = module.weight.numel() * torch.finfo(self._dtype).bits // 8
        self._make_room(needed, keep)
        if self.used_bytes + needed > self._budget_bytes:
            return None
        made = kept.made[target] = delta.weight(module).to(self._device, self._dtype)
        kept.bytes += made.nbytes
        return made

    def _modules_of(self, model: DiffusionModel) -> dict[str, Any]:
        if model not in self._modules:
            unet, *encoders = model.networks.values()
            found = named_modules(unet, encoders)
            self._modules[model] = found, shapes_of(found)
        return self._modules[model][0]

    def _table(self, model: DiffusionModel) -> dict[str, Shape]:
        self._modules_of(model)
        return self._modules[model][1]


def _family(model: DiffusionModel) -> str:
    return model.adapter_family or model.family


def _fits(adapter: Adapter, table: Mapping[str, Shape], family: str) -> bool:
    """Tell whether what was read for a family fits a model of it, whose network may take other channels."""
    usual = modules(family)
    return all(table.get(target) == usual[target] for target in adapter.deltas)


def _hook(effects: tuple[_Effect, ...]) -> Callable[[Any, tuple[Tensor, ...], Tensor], Tensor]:
    def add(module: Any, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        for effect in effects:
            output = effect(inputs[0], output, module)
        return output

    return add


def _default_budget(device: torch.device) -> int:
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory * _SHARE)
    return int(psutil.virtual_memory().total * _SHARE)
