"""The worker's log: one line a record on stderr, first the level, then `key=value` pairs.

What people typed never enters it, unless the operator wants that: see `inference.protocol.log_words`.
"""

import logging
import sys

from inference.protocol.log_words import DiscreetFormatter, log_uncaught
from inference.protocol.messages import LaunchId


class _LaunchFormatter(DiscreetFormatter):
    """Formats `LEVEL logger launch=... message`; the time is the reader's business."""

    def __init__(self, launch: LaunchId | None, prompts: bool) -> None:
        launched = f" launch={launch}" if launch else ""
        super().__init__(f"%(levelname)s %(name)s{launched} %(message)s", prompts=prompts)


def log_to_stderr(launch: LaunchId | None = None, *, prompts: bool = False) -> None:
    """Send every record from INFO up to stderr, marked with the launch once it is known."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_LaunchFormatter(launch, prompts))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    log_uncaught(logging.getLogger("inference"))
