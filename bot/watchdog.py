"""Two watchmen: one tells when the event loop was held up and by what, the other that the bot is well."""

import asyncio
import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

log = logging.getLogger("easel.watchdog")

#: The loop may not be held up for longer.
LIMIT_SECONDS = 0.05
_EVERY_SECONDS = 0.1
#: Between two lines of the log about it.
_QUIET_SECONDS = 10.0
_HEALTH_SECONDS = 5.0
_STACK_LINES = 6


class Watchdog:
    """Asks the loop for an answer again and again, from a thread of its own."""

    def __init__(self, limit_seconds: float = LIMIT_SECONDS) -> None:
        self._limit = limit_seconds
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        #: The longest time that the loop was held up, in seconds.
        self.longest = 0.0

    def start(self) -> None:
        """Watch the running loop, which is this thread's."""
        loop, watched = asyncio.get_running_loop(), threading.get_ident()
        self._thread = threading.Thread(target=self._watch, args=(loop, watched), name="watchdog", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Leave the loop alone."""
        self._over.set()

    def _watch(self, loop: asyncio.AbstractEventLoop, watched: int) -> None:
        quiet_until = 0.0
        while not self._over.wait(_EVERY_SECONDS):
            answered = threading.Event()
            asked = time.monotonic()
            try:
                loop.call_soon_threadsafe(answered.set)
            except RuntimeError:
                return  # the loop is closed
            if answered.wait(self._limit):
                continue
            frame = sys._current_frames().get(watched)
            stack = "".join(traceback.format_stack(frame)[-_STACK_LINES:]) if frame else ""
            while not answered.wait(0.5):
                if self._over.is_set():
                    return
            late = time.monotonic() - asked
            self.longest = max(self.longest, late)
            if asked >= quiet_until:
                quiet_until = asked + _QUIET_SECONDS
                log.warning("the event loop was held up for %.0f ms, here:\n%s", late * 1000, stack)


async def keep_health(path: Path, is_well: Callable[[], bool]) -> None:
    """Touch a file while all is well; a container's health check looks how old it is."""
    while True:
        if is_well():
            try:
                await asyncio.to_thread(_touch, path)
            except OSError as error:
                log.warning("the health file %s cannot be written: %s", path, error)
        await asyncio.sleep(_HEALTH_SECONDS)


def _touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{time.time():.0f}\n")
