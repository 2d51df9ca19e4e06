"""Weights as they are written, and kept finite."""

import re

#: Beyond this a weight is meaningless in any model; weights that are multiplied stay within, and so stay finite.
MAX_WEIGHT = 10_000.0

#: A number as it may stand in `(x:1.2)`: AUTOMATIC1111 takes digits and points there, and nothing like 1e3.
DECIMAL = r"[+-]?(?:\d+\.?\d*|\.\d+)"
#: A number as it may stand in `[a:b:0.5]`: with an exponent too, in ASCII digits.
SIGNED_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
#: What somebody wrote who meant a number, though it is none here.
NUMBER_LIKE = re.compile(r"[+-]?(?:nan|inf(?:inity)?|[\d.,]*\d[\d.,]*(?:e[+-]?\d*)?%?)", re.IGNORECASE)


def bounded(weight: float) -> float:
    """Return the nearest weight that is allowed."""
    return min(max(weight, -MAX_WEIGHT), MAX_WEIGHT)


def short(number: float) -> str:
    """Return a number as people write it: 1.1, not 1.1000000000000003."""
    return f"{number:.6g}"
