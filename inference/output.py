"""What a command says, to readers who may leave before its end."""

import os
import sys
from collections.abc import Callable

#: The exit code of what was not read to its end.
UNREAD = 1


def said(command: Callable[[], int]) -> int:
    """Return the exit code of a command, or `UNREAD` where whoever read what it says has left, as in `… | head`.

    That is found out here, and not at the interpreter's end, where it would be told as an error.
    """
    try:
        try:
            return command()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # What is left of it goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNREAD
