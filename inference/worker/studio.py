"""The real painter: a device, the installed models, and over them the engine and what makes pictures larger."""

from collections.abc import Callable
from pathlib import Path

import torch
from msgspec.structs import replace

from inference.adapters.application import Adapters
from inference.diffusion.engine import Engine
from inference.families.clip import token_chunks
from inference.models.catalogue import Catalogue
from inference.models.device import choose_attention, choose_device, choose_dtype, device_info
from inference.models.errors import ModelError
from inference.models.residency import Residency
from inference.protocol.messages import (
    Cancel,
    DeviceInfo,
    EngineSettings,
    Event,
    Generate,
    JobId,
    LaunchId,
    ModelInfo,
    Pause,
    Prefetch,
    Resume,
    Tokenize,
    Tokenized,
)
from inference.protocol.recipe import ContentHash, Upscale
from inference.vision.enlarger import Enlarger


class Studio:
    """A Painter over real models."""

    def __init__(self, settings: EngineSettings, launch: LaunchId, emit: Callable[[Event], None]) -> None:
        """Choose the device and read the catalogue. Raises ModelError for settings that this machine cannot keep."""
        if settings.threads:
            torch.set_num_threads(settings.threads)
        device = choose_device(settings.device)
        dtype = choose_dtype(settings.dtype, device)
        attention = choose_attention(settings.attention)
        catalogue = Catalogue(Path(settings.models_folder))
        self._residency = Residency(catalogue, device, dtype, attention, settings.memory_budget_bytes)
        adapters = Path(settings.adapters_folder) if settings.adapters_folder else None
        self._adapters = Adapters(adapters, device, dtype, settings.adapters_budget_bytes)
        self._engine = Engine(self._residency, settings, launch, emit, self._adapters)
        self._enlarger = Enlarger(self._residency, launch, emit)
        self._launch = launch
        self._device = device_info(device, dtype, attention)

    @property
    def device(self) -> DeviceInfo:
        """Return where the networks run."""
        return self._device

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        """Return the installed models."""
        return self._residency.infos()

    @property
    def jobs(self) -> tuple[JobId, ...]:
        """Return the jobs that have not ended."""
        return self._engine.jobs + self._enlarger.jobs

    @property
    def resident_models(self) -> tuple[ContentHash, ...]:
        """Return the models in memory."""
        return self._residency.resident

    @property
    def memory_used_bytes(self) -> int:
        """Return the bytes of the weights in memory."""
        return self._residency.memory_used_bytes + self._adapters.used_bytes

    def handle(self, command: Generate | Cancel | Pause | Resume) -> None:
        """Take a command; it is effective at the next tick."""
        upscale = isinstance(command, Generate) and isinstance(command.recipe, Upscale)
        if not upscale:
            self._engine.handle(command)
        if upscale or not isinstance(command, Generate):
            self._enlarger.handle(command)

    def tick(self) -> bool:
        """Do one step of work, and one tile; return False when nothing is left to do now."""
        painting = self._engine.tick()
        return self._enlarger.tick(alone=not painting) or painting

    def prefetch(self, command: Prefetch) -> None:
        """Begin to read adapters that a job will want."""
        self._adapters.prefetch(command.adapters, command.family)

    def rescan(self) -> tuple[ModelInfo, ...]:
        """Read the models folder again."""
        return self._residency.rescan()

    def tokenize(self, command: Tokenize) -> Tokenized:
        """Return how a model's text encoders cut texts, or a problem in words."""
        answer = Tokenized(launch=self._launch, request=command.request)
        try:
            chunkers = self._residency.chunkers(command.model)
        except ModelError as error:
            return replace(answer, problem=str(error))
        return replace(answer, chunks=tuple(token_chunks(chunkers, text) for text in command.texts))
