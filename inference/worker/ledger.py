"""Which jobs the worker holds, from the moment that their command is read to the one event that ends them."""

import threading

from inference.protocol.messages import JobId


class Ledger:
    """The jobs that have not ended, in the order in which they came. Safe to use from every thread."""

    def __init__(self) -> None:
        self._jobs: dict[JobId, None] = {}
        self._lock = threading.Lock()

    @property
    def jobs(self) -> tuple[JobId, ...]:
        """Return the ids of all jobs that have not ended."""
        with self._lock:
            return tuple(self._jobs)

    def open(self, job: JobId) -> None:
        """Note that a job has come."""
        with self._lock:
            self._jobs[job] = None

    def close(self, job: JobId) -> bool:
        """Note that a job ends; return False when it had ended before or never came."""
        with self._lock:
            return self._jobs.pop(job, self) is None
