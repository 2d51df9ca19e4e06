"""What `easel doctor` says of one thing that it looked at."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    state: Literal["ok", "note", "bad"]
    subject: str
    found: str
    #: What to do about it; empty where there is nothing to do.
    advice: str = ""
