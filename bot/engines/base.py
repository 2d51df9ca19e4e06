"""What the bot knows of an engine, wherever it runs."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from inference.protocol.marks import Mark
from inference.protocol.messages import (
    Cancelled,
    Checked,
    Examined,
    Failed,
    Finished,
    Generate,
    Heartbeat,
    JobId,
    LaunchId,
    Loaded,
    Loading,
    ModelInfo,
    Notice,
    Progress,
    Ready,
    Started,
    Tokenized,
)
from inference.protocol.recipe import ContentHash

#: How long a question about a prompt may wait for its answer: for the step or the load that is under way.
TOKENIZE_SECONDS = 10.0
#: The same for a picture that somebody sent: it is worth waiting for a model that is being loaded.
EXAMINE_SECONDS = 120.0
#: The same for a finished picture that is checked: the model that does so may have to be loaded first.
CHECK_SECONDS = 120.0


@dataclass(frozen=True, kw_only=True)
class Lost:
    """An engine died, and these jobs with it. None of them is run again unless somebody submits it again."""

    launch: LaunchId
    jobs: tuple[JobId, ...]
    #: In words for a person.
    reason: str
    #: Negative for a signal; None when it is not known.
    exit_code: int | None


#: What `events` gives. Ready comes after each restart; the first one is what `start` returns.
EngineEvent = Ready | Loading | Loaded | Started | Progress | Notice | Finished | Failed | Cancelled | Lost


class Engine(Protocol):
    """Makes pictures. Every job whose `submit` returned ends with one Finished, Failed, Cancelled or Lost."""

    @property
    def heartbeat(self) -> Heartbeat | None:
        """The last sign of life of the present launch."""

    async def start(self) -> Ready:
        """Bring the engine up. Raises EngineDead when it cannot start."""

    async def submit(self, command: Generate) -> None:
        """Hand a job over; wait for a restart under way. Raises EngineDead, and then the job is not held."""

    async def cancel(self, job: JobId) -> None:
        """Ask for a job to end within one step, running or waiting. Harmless when it has ended."""

    async def pause(self, job: JobId) -> None:
        """Keep a job as it is and give its place to others. Harmless when it has ended."""

    async def resume(self, job: JobId) -> None:
        """Go on with a paused job. Harmless when it has ended."""

    async def rescan(self) -> tuple[ModelInfo, ...]:
        """Read the models folder again. Raises EngineDead."""

    async def tokenize(
        self, model: ContentHash, texts: Sequence[str], timeout_seconds: float = TOKENIZE_SECONDS
    ) -> Tokenized:
        """Ask how a model's text encoders cut texts; answered between steps, without loading the model.

        A model that cannot be read is the answer's `problem`. Raises OutOfRange for too much text, EngineDead, also
        when the launch that was asked dies, and TimeoutError when no answer comes in time.
        """

    async def examine(
        self, data: bytes, mask: Mark | None = None, timeout_seconds: float = EXAMINE_SECONDS
    ) -> Examined:
        """Ask what a picture that somebody sent is, and for a mask of it; answered between steps, without any model.

        What cannot be used is the answer's `problem`. Raises OutOfRange for too many bytes, EngineDead and
        TimeoutError as `tokenize` does.
        """

    async def check(self, data: bytes = b"", timeout_seconds: float = CHECK_SECONDS) -> Checked:
        """Ask whether a finished picture is flagged, or without one which model checks; answered beside the work.

        Where that cannot be said, the answer's `problem` says why. Raises OutOfRange for too many bytes, EngineDead and
        TimeoutError as `tokenize` does.
        """

    async def prefetch(self, adapters: Sequence[ContentHash], family: str) -> None:
        """Have adapters read ahead that a job will want, for a model of a family. A hint: it waits for nothing."""

    def events(self) -> AsyncIterator[EngineEvent]:
        """Give events as they come, to one consumer, until `stop`. Raises EngineDead when the engine is given up.

        A Progress that was not taken yet is replaced by the next one of the same picture.
        """

    async def stop(self, grace_seconds: float = 5.0) -> None:
        """Bring the engine down; after the grace, by force. Jobs in flight are Lost."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
