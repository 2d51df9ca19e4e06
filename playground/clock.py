"""A clock that can be advanced: the time of interactions, tokens, rate limits and snowflakes, not of sockets."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime


class Clock:
    """The wall clock, and what was added to it."""

    def __init__(self) -> None:
        self._base = time.time() - time.monotonic()
        self._advanced = asyncio.Event()
        #: Called after every advance.
        self.on_advance: Callable[[], None] = lambda: None

    def now(self) -> float:
        """Return the seconds since 1970; never less than before."""
        return self._base + time.monotonic()

    def stamp(self) -> str:
        """Return the time as Discord writes it."""
        return stamp(self.now())

    def advance(self, seconds: float) -> None:
        """Go forward; everything that waits for a moment looks again."""
        if seconds < 0:
            raise ValueError("a clock goes forward")
        self._base += seconds
        self._advanced.set()
        self._advanced = asyncio.Event()
        self.on_advance()

    async def sleep_until(self, moment: float) -> None:
        """Return when `moment` has come, by waiting or by being advanced."""
        while (remaining := moment - self.now()) > 0:
            try:
                await asyncio.wait_for(self._advanced.wait(), remaining)
            except TimeoutError:
                continue


def stamp(seconds: float) -> str:
    """Return seconds since 1970 as Discord writes a time."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")
