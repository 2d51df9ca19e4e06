"""The process's own stdin and stdout, taken away from everybody else, so that no print can corrupt a frame."""

import os
import sys
from pathlib import Path
from typing import BinaryIO, NamedTuple


class Pipes(NamedTuple):
    """The two ends of the talk with the parent, both blocking and buffered."""

    commands: BinaryIO
    events: BinaryIO


def take_over() -> Pipes:
    """Return private copies of stdin and stdout, and leave the null device and stderr in their places.

    Works on file descriptors, so that C libraries and child processes are kept out as well. Call it before anything
    that may print is imported.
    """
    sys.stdout.flush()
    commands = os.fdopen(_private(0), "rb")
    events = os.fdopen(_private(1), "wb")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115 - lives as long as the process
    sys.stdout = sys.stderr
    return Pipes(commands, events)


def _private(descriptor: int) -> int:
    """Return a copy of a descriptor that child processes do not inherit and that no platform translates."""
    copy = os.dup(descriptor)
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(copy, os.O_BINARY)
    return copy
