"""A worker that only looks at pictures, for commands that need to know one before an engine is started.

`python -m inference.worker.examiner`: it speaks as every worker does, but imports no torch and knows no models.
"""

from collections.abc import Callable

from inference.protocol.messages import (
    Cancel,
    DeviceInfo,
    EngineSettings,
    Event,
    Failed,
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
from inference.protocol.recipe import ContentHash
from inference.worker import entry

_NO_MODELS = "This worker only looks at pictures; it has no models."


class Examiner:
    """A Painter that paints nothing: the loop itself looks at pictures."""

    def __init__(self, _settings: EngineSettings, launch: LaunchId, emit: Callable[[Event], None]) -> None:
        self.device = DeviceInfo(kind="cpu", name="", memory_bytes=0, dtype="", attention="", versions={})
        self.models: tuple[ModelInfo, ...] = ()
        self.jobs: tuple[JobId, ...] = ()
        self.resident_models: tuple[ContentHash, ...] = ()
        self.memory_used_bytes = 0
        self._launch = launch
        self._emit = emit

    def handle(self, command: Generate | Cancel | Pause | Resume) -> None:
        """Refuse to paint."""
        if isinstance(command, Generate):
            self._emit(Failed(launch=self._launch, job=command.job, kind="model", message=_NO_MODELS))

    def tick(self) -> bool:
        """Do nothing."""
        return False

    def prefetch(self, command: Prefetch) -> None:
        """Do nothing."""

    def rescan(self) -> tuple[ModelInfo, ...]:
        """Return no models."""
        return self.models

    def tokenize(self, command: Tokenize) -> Tokenized:
        """Say that there are no models."""
        return Tokenized(launch=self._launch, request=command.request, problem=_NO_MODELS)


if __name__ == "__main__":
    entry.run(Examiner)
