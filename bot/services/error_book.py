"""The errors of the last day, as the log has them: for the operator, who is told a reference by a member."""

import logging
import re
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from bot.observer import Observer
from inference.protocol.log_words import discreet

_DAY_SECONDS = 86_400.0
#: Errors that are kept, and characters of each.
_MOST, _CHARACTERS = 200, 200
#: As `bot.interactions.answers` writes it.
_REFERENCE = re.compile(r"\berror ([0-9a-f]{8}) in\b")


class ErrorSeen(msgspec.Struct, frozen=True, kw_only=True):
    """An error that was written to the log."""

    #: Seconds since 1970.
    at: float
    #: The name of the exception, or of the log.
    kind: str
    text: str
    #: What the member was told to name; None where nobody was.
    reference: str | None = None


class ErrorBook(logging.Handler):
    """Takes note of every error that is logged while it listens. In memory: the log itself has them for longer."""

    def __init__(self, observer: Observer, clock: Callable[[], float] = time.time) -> None:
        super().__init__(logging.ERROR)
        self._observer = observer
        self._clock = clock
        self._seen: deque[ErrorSeen] = deque(maxlen=_MOST)

    def emit(self, record: logging.LogRecord) -> None:
        """Take note of an error. The text of the exception is left to the log."""
        kind = record.name.rpartition(".")[2]
        if record.exc_info and record.exc_info[0] is not None:
            kind = record.exc_info[0].__name__
        try:
            # What people typed is left to the log too, where the operator lets it in.
            text = discreet(record).getMessage().partition("\n")[0][:_CHARACTERS]
        except (TypeError, ValueError):
            text = str(record.msg)[:_CHARACTERS]
        found = _REFERENCE.search(text)
        reference = found[1] if found else None
        self._seen.append(ErrorSeen(at=self._clock(), kind=kind, text=text, reference=reference))
        self._observer.error(kind)

    def of_the_last_day(self) -> list[ErrorSeen]:
        """Return what was seen, newest first."""
        since = self._clock() - _DAY_SECONDS
        return [seen for seen in reversed(self._seen) if seen.at >= since]

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take note for the length of the block."""
        logging.getLogger().addHandler(self)
        try:
            yield
        finally:
            logging.getLogger().removeHandler(self)
