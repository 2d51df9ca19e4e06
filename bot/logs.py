"""The log: lines for people, or JSON for programs. A job's id stands in a line as job=…"""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Literal

#: What a line says of itself.
_FIELD = re.compile(r"\b(job|launch|member)=([0-9a-f]{1,32})\b")


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and the ids that the message names."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as a line."""
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
        return json.dumps(fields, ensure_ascii=False)


def set_up_logs(level: str, form: Literal["text", "json"]) -> None:
    """Write the log to stderr from now on."""
    handler = logging.StreamHandler(sys.stderr)
    text = logging.Formatter("%(asctime)s %(levelname)-8s %(name)s: %(message)s")
    handler.setFormatter(JsonFormatter() if form == "json" else text)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # It tells of every reconnect, and of every shard.
    logging.getLogger("discord").setLevel(logging.DEBUG if level == "debug" else logging.WARNING)
