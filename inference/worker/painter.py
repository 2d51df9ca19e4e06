"""What the worker's loop needs of an engine."""

from collections.abc import Callable
from typing import Protocol

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
from inference.protocol.recipe import ContentHash


class CannotStart(Exception):
    """The settings do not suit this machine; the message says what to change."""


class Painter(Protocol):
    """An engine as the loop sees it: one thread calls everything; only `emit` may be called from others."""

    @property
    def device(self) -> DeviceInfo:
        """Where the networks run."""

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        """The installed models."""

    @property
    def jobs(self) -> tuple[JobId, ...]:
        """The jobs that have not ended."""

    @property
    def resident_models(self) -> tuple[ContentHash, ...]:
        """The models in memory."""

    @property
    def memory_used_bytes(self) -> int:
        """The bytes that they take."""

    def handle(self, command: Generate | Cancel | Pause | Resume) -> None:
        """Take a command; it is effective at the next tick. Commands for jobs that have ended change nothing."""

    def tick(self) -> bool:
        """Do one step of work; return False when nothing is left to do now."""

    def prefetch(self, command: Prefetch) -> None:
        """Begin to read adapters that a job will want; what cannot be read is said when the job wants it."""

    def rescan(self) -> tuple[ModelInfo, ...]:
        """Read the models folder again."""

    def tokenize(self, command: Tokenize) -> Tokenized:
        """Return how a model's text encoders cut texts, or a problem in words. Nothing that runs is touched."""


#: Opens a painter. Raises CannotStart; its words, and those of anything else it raises, go up in a Refused.
OpenPainter = Callable[[EngineSettings, LaunchId, Callable[[Event], None]], Painter]
