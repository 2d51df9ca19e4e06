"""What the dispatcher holds in memory of unfinished jobs, and who is told how they go."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from bot.queue.units import Unit
from bot.texts import Mistake
from inference.protocol.messages import JobId, LaunchId
from storage.jobs import NewJob

#: Tells why a job may not be painted now that it is its turn, or None when it may.
MayRun = Callable[[NewJob], Mistake | None]
#: Puts that into words for its member, whose locale is given.
Words = Callable[[Mistake, str | None], str]
#: Returns the weight of a job's units in the queue.
Weigh = Callable[[NewJob], float]


class Listener(Protocol):
    """Who is told how jobs go. Nothing here may take long or raise."""

    def waits(self, job: NewJob) -> None:
        """A job has come, or has come back."""

    def loading(self, job: JobId, model: str) -> None:
        """The job's model is being loaded."""

    def progress(self, job: JobId, index: int, step: int, steps: int, preview: bytes | None) -> None:
        """A picture of the job has come further."""

    def lost(self, job: JobId) -> None:
        """The engine died; the job is painted again."""

    def unsaved(self, job: JobId) -> None:
        """A picture of the job is painted, and the disk does not take it yet."""

    def ended(self, job: JobId) -> None:
        """Every picture of the job has ended, one way or another."""

    def forget(self, job: JobId) -> None:
        """The member's data is being deleted: nothing more is to be said."""


@dataclass
class Entry:
    """An unfinished job, and which of its pictures are in the queue or at the engine."""

    job: NewJob
    #: Units that have not ended, and how often the engine died with each.
    open: dict[int, int]
    #: Those at the engine, and the lease that each is there under.
    flying: dict[int, LaunchId] = field(default_factory=dict)


@dataclass
class Flight:
    """A unit at the engine. Its lease is new for each attempt and is the job id that the engine knows."""

    lease: LaunchId
    unit: Unit
    #: How far it is, 0..1.
    share: float = 0.0
    #: The queue was told that it does not run any more.
    ended: bool = False
