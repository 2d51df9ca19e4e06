"""What the queue tells of the use that is expected and made of the GPU."""

from collections.abc import Collection
from typing import Protocol

from bot.queue.units import Unit
from inference.protocol.messages import JobId
from storage.jobs import NewJob


class Accounts(Protocol):
    """Who keeps account of what members use. Nothing here may take long or raise."""

    def expect(self, job: NewJob, indexes: Collection[int]) -> None:
        """These pictures of a job are still to be painted, and no others; `job.unit_seconds` are predicted of each."""

    def use(self, unit: Unit, seconds: float, at: float) -> None:
        """A picture is stored, which took so many GPU-seconds, at a time in seconds since 1970; it is freed next."""

    def free(self, job: JobId, index: int) -> None:
        """A picture that was expected does not come, or has come: nothing more is reserved for it."""


class NoAccounts:
    """Keeps none."""

    def expect(self, job: NewJob, indexes: Collection[int]) -> None:
        """Note nothing."""

    def use(self, unit: Unit, seconds: float, at: float) -> None:
        """Note nothing."""

    def free(self, job: JobId, index: int) -> None:
        """Note nothing."""
