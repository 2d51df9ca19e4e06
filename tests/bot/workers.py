"""Worker processes, as tests find and hold them."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil


def workers_of(process: int) -> list[psutil.Process]:
    """Return the workers that a process has started and that live."""
    found = []
    for child in psutil.Process(process).children():
        # One that has just died is none any more.
        with suppress(psutil.Error):
            if "inference.worker" in child.cmdline():
                found.append(child)
    return found


@contextmanager
def held(worker: psutil.Process) -> Iterator[psutil.Process]:
    """Stop a worker for the length of the block: what is asked there is begun, and not done before its end."""
    worker.suspend()
    try:
        yield worker
    finally:
        with suppress(psutil.NoSuchProcess):
            worker.resume()
