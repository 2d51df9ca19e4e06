"""What log lines may say. What people typed stays out of them unless the operator lets it in: prompts are private.

Words reach a log in two ways: as the text of an error that quotes them, and as a value of a line. So the text of an
error is shown only where its kind never quotes anybody, and a value that may hold what people typed is wrapped in
`Typed`. `DiscreetFormatter` leaves both out.
"""

import logging
import sys
import traceback
from collections.abc import Mapping
from types import TracebackType

#: Kinds of errors, and what is derived from them, whose text is never what people typed: it tells of the machine.
_PLAIN: frozenset[str] = frozenset(
    {
        *(
            f"builtins.{name}"
            for name in (
                "OSError",
                "RuntimeError",
                "MemoryError",
                "TypeError",
                "AttributeError",
                "NameError",
                "ImportError",
                "IndexError",
                "ArithmeticError",
                "EOFError",
                "KeyboardInterrupt",
                "SystemExit",
            )
        ),
        "asyncio.exceptions.CancelledError",
        "sqlite3.Error",
        "aiohttp.client_exceptions.ClientConnectionError",
        "aiohttp.client_exceptions.ClientPayloadError",
        "discord.errors.HTTPException",
        "discord.errors.ConnectionClosed",
        "discord.errors.LoginFailure",
        "bot.errors.EngineDead",
        "storage.errors.StorageError",
        "inference.models.errors.ModelError",
        "inference.worker.painter.CannotStart",
    }
)
#: Derived from one of these, and yet they quote.
_QUOTING = frozenset({"storage.errors.UnreadableRow"})
#: Stands where words are left out.
LEFT_OUT = "(words left out; EASEL_LOG_PROMPTS shows them)"


class Typed:
    """A value of a log line that may hold what people typed."""

    def __init__(self, value: object) -> None:
        self.value = value

    def __str__(self) -> str:
        """Return it as it is."""
        return str(self.value)

    def __repr__(self) -> str:
        """Return it as it is."""
        return repr(self.value)


class _LeftOut:
    """Stands for a value in a line that does not show it."""

    def __init__(self, words: str) -> None:
        self._words = words

    def __str__(self) -> str:
        return self._words

    __repr__ = __str__


def is_plain(error: BaseException) -> bool:
    """Tell whether an error's text is never what people typed."""
    kinds = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__}
    return not kinds.isdisjoint(_PLAIN) and kinds.isdisjoint(_QUOTING)


def summary(error: BaseException) -> str:
    """Return an error's kind, and its text where that is plain."""
    name = type(error).__qualname__
    if is_plain(error):
        return f"{name}: {error}" if str(error) else name
    # A text's name in `bot.texts` is ours.
    key = getattr(error, "key", None)
    return f"{name} {key} {LEFT_OUT}" if isinstance(key, str) and key.isidentifier() else f"{name} {LEFT_OUT}"


def traceback_of(error: BaseException) -> str:
    """Return the lines of code that an error came from, and of what caused it, without their words."""
    parts: list[str] = []
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        lines = ["Traceback (most recent call last):\n", *traceback.format_tb(cause.__traceback__), summary(cause)]
        parts.append("".join(lines))
        if isinstance(cause, BaseExceptionGroup):
            parts += [traceback_of(each) for each in cause.exceptions]
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return "\n\nwhich came of:\n\n".join(parts)


def discreet(record: logging.LogRecord) -> logging.LogRecord:
    """Return a record that says nothing that people typed."""
    told = logging.makeLogRecord(record.__dict__)
    if record.name == "asyncio":
        # What follows the first line shows tasks with the errors that ended them.
        told.msg, told.args = record.getMessage().partition("\n")[0], ()
    elif isinstance(record.args, Mapping):
        told.args = {name: _shown(value) for name, value in record.args.items()}
    elif record.args:
        told.args = tuple(map(_shown, record.args))
    if isinstance(record.msg, BaseException):
        told.msg, told.args = "%s", (_shown(record.msg),)
    if record.exc_info and (error := record.exc_info[1]) is not None:
        told.exc_text, told.exc_info = traceback_of(error), None
    return told


def _shown(value: object) -> object:
    if isinstance(value, Typed):
        return _LeftOut(LEFT_OUT)
    return value if not isinstance(value, BaseException) or is_plain(value) else _LeftOut(summary(value))


class DiscreetFormatter(logging.Formatter):
    """Writes lines without what people typed, or, where `prompts` is set, with it."""

    def __init__(self, form: str | None = None, *, prompts: bool = False) -> None:
        super().__init__(form)
        self.prompts = prompts

    def told(self, record: logging.LogRecord) -> logging.LogRecord:
        """Return the record as it may be written."""
        return record if self.prompts else discreet(record)

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text."""
        return super().format(self.told(record))


def log_uncaught(log: logging.Logger) -> None:
    """Let errors that nothing catches be written by the log, and not past it."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
        else:
            log.critical("an error that nothing caught", exc_info=(kind, error, trace))

    sys.excepthook = hook
