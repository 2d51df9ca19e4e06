"""Jobs that were taken and have not ended: what happens to them alike, whatever is made of them."""

import logging
from collections.abc import Callable
from typing import Generic, ParamSpec, Protocol, TypeVar

import torch

from inference.diffusion import memory
from inference.diffusion.failures import explain
from inference.protocol.messages import Cancel, Cancelled, Event, Failed, Generate, JobId, LaunchId, Pause, Resume

log = logging.getLogger(__name__)


class Taken(Protocol):
    """A Generate command on its way."""

    paused: bool

    @property
    def id(self) -> JobId:
        """The job's id."""

    @property
    def order(self) -> tuple[int, int]:
        """The sort key that says who goes first: the more urgent, then the earlier."""

    @property
    def device(self) -> torch.device:
        """Where it takes memory."""


J = TypeVar("J", bound=Taken)
P = ParamSpec("P")


class Docket(Generic[J]):
    """Jobs by their ids. Not thread-safe."""

    def __init__(self, launch: LaunchId, emit: Callable[[Event], None], take: Callable[[Generate, int], J]) -> None:
        """`take` makes a job of a command that came as the nth."""
        self._launch = launch
        self._emit = emit
        self._take = take
        self._jobs: dict[JobId, J] = {}
        self._arrivals = 0

    @property
    def ids(self) -> tuple[JobId, ...]:
        """Return the ids of all jobs that have not ended."""
        return tuple(self._jobs)

    @property
    def runnable(self) -> list[J]:
        """Return the jobs that are not paused, in the order of their turn."""
        return sorted((job for job in self._jobs.values() if not job.paused), key=lambda job: job.order)

    @property
    def busy(self) -> bool:
        """Tell whether any job is not paused."""
        return any(not job.paused for job in self._jobs.values())

    def __contains__(self, job: J) -> bool:
        """Tell whether a job has not ended."""
        return job.id in self._jobs

    def handle(self, command: Generate | Cancel | Pause | Resume) -> None:
        """Take a command; it is effective at the next tick. Commands for jobs that are not here change nothing."""
        if isinstance(command, Generate):
            self._accept(command)
            return
        job = self._jobs.get(command.job)
        if job is None:
            return
        match command:
            case Cancel():
                self.end(job)
                self._emit(Cancelled(launch=self._launch, job=job.id))
            case Pause():
                job.paused = True
            case Resume():
                job.paused = False

    def _accept(self, command: Generate) -> None:
        if command.job in self._jobs:
            log.warning("job=%s is here already; the second command is ignored", command.job)
            return
        self._jobs[command.job] = self._take(command, self._arrivals)
        self._arrivals += 1

    def end(self, job: J) -> None:
        """Let go of a job; who calls says how it ended."""
        del self._jobs[job.id]

    def attempt(self, job: J, action: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Run an action for one job; whatever it raises ends that job alone."""
        try:
            action(*args, **kwargs)
        except Exception as error:
            self.fail(job, error)

    def fail(self, job: J, error: Exception) -> None:
        """End a job with what went wrong, in words; nothing happens to one that has ended."""
        if self._jobs.pop(job.id, None) is None:
            return
        kind, message = explain(error)
        if kind == "internal":
            log.error("job=%s failed", job.id, exc_info=error)
        if kind == "memory":
            memory.release(job.device)
        self._emit(Failed(launch=self._launch, job=job.id, kind=kind, message=message))
