"""The log: lines for people, or JSON for programs. A job's id stands in a line as job=…

What people typed is in it only where the operator wants that: see `inference.protocol.log_words`.
"""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Literal

from inference.protocol.log_words import DiscreetFormatter, log_uncaught
from storage.jobs import NewJob

#: What a line says of itself.
_FIELD = re.compile(r"\b(job|launch|member)=([0-9a-f]{1,32})\b")

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


def set_up_logs(level: str, form: Literal["text", "json"], prompts: bool = False) -> None:
    """Write the log to stderr from now on; with `prompts` also what people typed.

    Without, the libraries tell nothing below "info", whatever the level: at "debug" they write down what is sent and
    received, and every statement of the database with its values.
    """
    handler = logging.StreamHandler(sys.stderr)
    text = "%(asctime)s %(levelname)-8s %(name)s: %(message)s"
    handler.setFormatter(JsonFormatter(prompts=prompts) if form == "json" else DiscreetFormatter(text, prompts=prompts))
    chosen = level.upper()
    logging.basicConfig(level="INFO" if level == "debug" and not prompts else chosen, handlers=[handler], force=True)
    for ours in ("easel", "bot", "cogs", "inference", "storage"):
        logging.getLogger(ours).setLevel(chosen)
    # It tells of every reconnect, and of every shard.
    quiet = "INFO" if level == "debug" else "WARNING"
    logging.getLogger("discord").setLevel("DEBUG" if level == "debug" and prompts else quiet)
    _prompts.disabled = not prompts
    log_uncaught(logging.getLogger("easel"))


def note_prompts(job: NewJob) -> None:
    """Write down what a job is asked to paint, where the operator wants that."""
    _prompts.info("job=%s asks for %s", job.id, list(job.prompts))
