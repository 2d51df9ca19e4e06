"""The log: lines for people, or JSON for programs. A job's id stands in a line as job=…

What people typed is in it only where the operator wants that: see `inference.protocol.log_words`.
"""

import contextlib
import json
import logging
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Literal

from bot.errors import EaselError, UserError, sentence
from inference.protocol.log_words import DiscreetFormatter, log_uncaught, summary
from storage import StorageError
from storage.jobs import NewJob

Form = Literal["text", "json"]

#: What a line says of itself.
_FIELD = re.compile(r"\b(job|launch|member)=([0-9a-f]{1,32})\b")

#: How long a file of the log gets, and how many older ones are kept.
_LOG_BYTES, _LOG_FILES = 10_000_000, 5

#: Tells what is asked for; silent unless the operator wants it.
_prompts = logging.getLogger("easel.prompts")
_prompts.disabled = True


class JsonFormatter(DiscreetFormatter):
    """One JSON object a line: time, level, logger, message, and the ids that the message names."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as a line."""
        record = self.told(record)
        message = record.getMessage()
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message,
            **dict(_FIELD.findall(message)),
        }
        if record.exc_info:
            fields["error"] = self.formatException(record.exc_info)
        elif record.exc_text:
            fields["error"] = record.exc_text
        return json.dumps(fields, ensure_ascii=False)


class _LogFile(RotatingFileHandler):
    """A file that may be refused a line, as on a full disk: that is told on stderr once, and the bot goes on."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=_LOG_BYTES, backupCount=_LOG_FILES, encoding="utf-8")
        self._told = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - it is logging that calls it so
        """Tell it without the record, which logging itself would print as it was before it was made discreet."""
        error = sys.exception()
        if not self._told and error is not None:
            self._told = True
            words = error.strerror if isinstance(error, OSError) else summary(error)
            print(f"easel: the log's file {self.baseFilename} takes nothing: {words}", file=sys.stderr)

    def close(self) -> None:
        """Close it; what it did not take is lost."""
        with contextlib.suppress(OSError):
            super().close()


def set_up_logs(level: str, form: Form, prompts: bool = False) -> None:
    """Write the log to stderr from now on; with `prompts` also what people typed.

    Without, the libraries tell nothing below "info", whatever the level: at "debug" they write down what is sent and
    received, and every statement of the database with its values.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(form, prompts))
    chosen = level.upper()
    logging.basicConfig(level="INFO" if level == "debug" and not prompts else chosen, handlers=[handler], force=True)
    for ours in ("easel", "bot", "cogs", "inference", "storage"):
        logging.getLogger(ours).setLevel(chosen)
    # It tells of every reconnect, and of every shard.
    quiet = "INFO" if level == "debug" else "WARNING"
    logging.getLogger("discord").setLevel("DEBUG" if level == "debug" and prompts else quiet)
    _prompts.disabled = not prompts
    log_uncaught(logging.getLogger("easel"))


@contextlib.contextmanager
def log_file(name: str, form: Form, prompts: bool = False) -> Iterator[None]:
    """Write the log to a file as well while the block lasts, and last what ended that, if it was an error.

    Nothing is done for an empty name. At 10 MB the file is renamed, and the oldest of five such is deleted.

    Raises:
        UserError: The file cannot be written.
    """
    if not name:
        yield
        return
    try:
        handler = _LogFile(Path(name).expanduser())
    except (OSError, RuntimeError) as error:
        raise UserError(f"EASEL_LOG_FILE names {name}, which cannot be written: {error}") from error
    handler.setFormatter(_formatter(form, prompts))
    logging.getLogger().addHandler(handler)
    try:
        yield
    except (EaselError, StorageError) as error:
        # On stderr it is the last word of the command line.
        handler.handle(_record(sentence(error)))
        raise
    except Exception as error:
        handler.handle(_record("an error that nothing caught", error))
        raise
    finally:
        logging.getLogger().removeHandler(handler)
        handler.close()


def _formatter(form: Form, prompts: bool) -> logging.Formatter:
    text = "%(asctime)s %(levelname)-8s %(name)s: %(message)s"
    return JsonFormatter(prompts=prompts) if form == "json" else DiscreetFormatter(text, prompts=prompts)


def _record(words: str, error: Exception | None = None) -> logging.LogRecord:
    found = None if error is None else (type(error), error, error.__traceback__)
    return logging.LogRecord("easel", logging.CRITICAL, __file__, 0, "%s", (words,), found)


def note_prompts(job: NewJob) -> None:
    """Write down what a job is asked to paint, where the operator wants that."""
    _prompts.info("job=%s asks for %s", job.id, list(job.prompts))
