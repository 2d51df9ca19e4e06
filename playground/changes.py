"""Waiting for something to have happened, and being told what."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import TypeVar

T = TypeVar("T")

#: A predicate may look at things outside the playground, so it is asked this often even when nothing changes here.
_LOOK_AGAIN_SECONDS = 0.05


class Topic(StrEnum):
    """What can change besides guilds, channels, messages and interactions."""

    BOT = "bot"
    CLOCK = "clock"
    COMMANDS = "commands"
    DEEDS = "deeds"
    EXCHANGES = "exchanges"
    PEOPLE = "people"


class Changes:
    """Wakes everyone who waits, and tells everyone who listens, whenever anything changes."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._listeners: list[Callable[[object], None]] = []

    def happened(self, subject: object = None) -> None:
        """Say that something changed: a guild, channel, message, interaction or topic; None is none of them."""
        self._event.set()
        self._event = asyncio.Event()
        if subject is not None:
            for listener in self._listeners:
                listener(subject)

    @contextlib.contextmanager
    def listening(self, listener: Callable[[object], None]) -> Iterator[None]:
        """Give every changed subject to `listener`, at once and as often as it changes."""
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)

    async def wait(self, seconds: float) -> None:
        """Return at the next change, or after `seconds` without one."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), seconds)

    async def until(self, predicate: Callable[[], T], seconds: float) -> T:
        """Return what `predicate` gives as soon as that is true.

        Raises:
            TimeoutError: It is not within `seconds`.
        """
        deadline = time.monotonic() + seconds
        while not (found := predicate()):
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise TimeoutError(f"it did not happen within {seconds:g} s")
            await self.wait(min(remaining, _LOOK_AGAIN_SECONDS))
        return found
