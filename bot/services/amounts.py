"""Numbers as admins write them into forms: whole ones, lengths of time, pixels. Nothing written means no rule."""

import re

from bot.texts import Mistake

LEAST_WEIGHT, MOST_WEIGHT = 0.01, 100.0
_SECONDS = {"": 1, "s": 1, "sec": 1, "min": 60, "m": 60, "h": 3600, "std": 3600}
_MEGA = ("mp", "megapixel", "megapixels", "million", "millionen", "mio")
#: Between the digits of large numbers.
_SPACES = re.compile(r"(?<=\d)[ _'\u2019\u00a0\u202f](?=\d)")
_PARTS = re.compile(r"(\d{1,12}(?:[.,]\d{1,6})?)\s*([a-z]*)")


def whole(text: str, least: int, most: int) -> int | None:
    """Return a whole number. Raises Mistake for anything else."""
    written = _SPACES.sub("", text.strip())
    if not written:
        return None
    if not re.fullmatch(r"\d{1,12}", written) or not least <= int(written) <= most:
        raise Mistake("admin_no_number", text=text, least=least, most=most)
    return int(written)


def weight(text: str) -> float | None:
    """Return a weight in the queue. Raises Mistake for anything else."""
    written = text.strip().replace(",", ".")
    if not written:
        return None
    if not re.fullmatch(r"\d{1,4}(\.\d{1,6})?", written) or not LEAST_WEIGHT <= float(written) <= MOST_WEIGHT:
        raise Mistake("admin_no_weight", text=text)
    return float(written)


def factor(text: str) -> int | None:
    """Return how many times as wide and as high pictures may be made. Raises Mistake for anything else."""
    written = text.strip().rstrip("x×")
    if not written:
        return None
    if written not in ("1", "2", "4"):
        raise Mistake("admin_no_factor", text=text)
    return int(written)


def seconds(text: str, most: int) -> float | None:
    """Return the seconds that "90", "1.5 min" or "2 h" means. Raises Mistake for anything else."""
    if not text.strip():
        return None
    match = _PARTS.fullmatch(_SPACES.sub("", text.strip().lower()))
    if match is None or match[2] not in _SECONDS:
        raise Mistake("admin_no_seconds", text=text)
    value = float(match[1].replace(",", ".")) * _SECONDS[match[2]]
    if value > most:
        raise Mistake("admin_no_number", text=text, least=0, most=most)
    return value


def pixels(text: str, least: int, most: int) -> int | None:
    """Return the pixels that "1024x1024", "1.5 MP" or "1048576" means. Raises Mistake for anything else."""
    written = _SPACES.sub("", text.strip().lower())
    if not written:
        return None
    if match := re.fullmatch(r"(\d{1,5})\s*[x×*]\s*(\d{1,5})", written):
        value = int(match[1]) * int(match[2])
    elif (match := _PARTS.fullmatch(written)) and match[2] in _MEGA:
        value = round(float(match[1].replace(",", ".")) * 1_000_000)
    elif re.fullmatch(r"\d{1,12}", written):
        value = int(written)
    else:
        raise Mistake("admin_no_pixels", text=text)
    if not least <= value <= most:
        raise Mistake("admin_pixels_range", text=text, least=least, most=most)
    return value
