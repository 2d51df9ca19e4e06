"""The worker's log: one line a record on stderr, first the level, then `key=value` pairs. Prompts never enter it."""

import logging
import sys

from inference.protocol.messages import LaunchId


class _LaunchFormatter(logging.Formatter):
    """Formats `LEVEL logger launch=... message`; the time is the reader's business."""

    def __init__(self, launch: LaunchId | None) -> None:
        launched = f" launch={launch}" if launch else ""
        super().__init__(f"%(levelname)s %(name)s{launched} %(message)s")


def log_to_stderr(launch: LaunchId | None = None) -> None:
    """Send every record from INFO up to stderr, marked with the launch once it is known."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_LaunchFormatter(launch))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
