"""JSON that other programs leave in pictures: whatever it is, it is read or it is nothing."""

import json
import math
from typing import Any

from inference.protocol.infotext import mended

#: Longer is not read at all.
MAX_CHARACTERS = 4 * 1024 * 1024


def read_object(text: str) -> dict[str, Any] | None:
    """Return a JSON object; None for everything else. "NaN", which ComfyUI writes, is taken."""
    if len(text) > MAX_CHARACTERS:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def text_in(value: object) -> str | None:
    """Return a text that can be written as UTF-8; None for what is no text."""
    return mended(value) if isinstance(value, str) else None


def whole_in(value: object) -> int | None:
    """Return a whole number of 19 digits at most, also one written as text or with ".0"; None for anything else."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 19:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if -(2**63) < value < 2**63 else None


def number_in(value: object) -> float | None:
    """Return a finite number, also one written as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value) if not isinstance(value, str) or len(value) <= 40 else math.nan
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
