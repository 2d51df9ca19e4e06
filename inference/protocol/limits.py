"""The hard limits of a recipe, and the error that names a field, its value and its range.

These are the engine's own limits. A server's policy may be stricter; nothing may be laxer.
"""

import math
from collections.abc import Collection

MIN_SIDE = 64
MAX_SIDE = 4096
SIDE_MULTIPLE = 8
MAX_PIXELS = 2048 * 2048
#: Pixels that a picture may be continued by on one side.
MAX_MARGIN = 1024
MAX_STEPS = 500
MAX_COUNT = 64
MAX_GUIDANCE_SCALE = 100.0
MAX_SEED = 2**63 - 1
MAX_PROMPT_CHARACTERS = 20_000
MAX_CLIP_SKIP = 12
#: Texts that AND may join: each is a row of every pass.
MAX_TEXTS = 8
#: Different texts of one pass: each is read by the text encoder before the first step.
MAX_CHANGES = 128
#: Columns or rows with a prompt of their own: one fewer than texts, since one may hold everywhere.
MAX_REGIONS = 7
#: Texts, and their characters in all, that are cut into tokens for one who asks: it happens between steps.
MAX_TOKENIZED_TEXTS = 128
MAX_TOKENIZED_CHARACTERS = 50_000
#: Bytes of one picture that a request carries.
MAX_IMAGE_BYTES = 64 * 1024 * 1024
#: Bytes of one finished picture that is checked: a PNG of as many pixels as there may be.
MAX_CHECKED_BYTES = 256 * 1024 * 1024
#: Pixels of one picture that a request carries, and of one made larger; more is refused before it is decoded.
MAX_IMAGE_PIXELS = 64 * 1024 * 1024
#: Longest side of such a picture; one of 1 x 50,000 pixels is no picture.
MAX_IMAGE_SIDE = 16 * 1024
#: Tiles that one picture may be painted in, one after another.
MAX_TILES = 1024
#: Pictures that may be blended into one.
MAX_BLENDED = 4
#: Adapters that one picture may be made with.
MAX_ADAPTERS = 32
#: Characters of the word that an embedding is read for.
MAX_ADAPTER_WORD = 100


class OutOfRange(ValueError):
    """A field whose value is not allowed; says which field, what it was and what is allowed."""

    def __init__(self, field: str, value: object, allowed: str) -> None:
        self.field = field
        self.value = value
        self.allowed = allowed
        super().__init__(f"{field} is {_brief(value)}, but must be {allowed}")


def require_int(field: str, value: int, low: int, high: int) -> None:
    """Raise OutOfRange unless `value` is an int within low..high."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise OutOfRange(field, value, f"a whole number from {low} to {high}")


def require_float(field: str, value: float, low: float, high: float) -> None:
    """Raise OutOfRange unless `value` is finite and within low..high."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise OutOfRange(field, value, f"a finite number from {low:g} to {high:g}")
    if not low <= value <= high:
        raise OutOfRange(field, value, f"from {low:g} to {high:g}")


def require_choice(field: str, value: str, choices: Collection[str]) -> None:
    """Raise OutOfRange unless `value` is one of `choices`."""
    if value not in choices:
        raise OutOfRange(field, value, f"one of {', '.join(choices)}")


def require_text(field: str, value: str, most: int = MAX_PROMPT_CHARACTERS) -> None:
    """Raise OutOfRange unless `value` has at most `most` characters, all of them encodable as UTF-8."""
    if len(value) > most:
        raise OutOfRange(field, f"{len(value):,} characters long", f"at most {most:,} characters")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise OutOfRange(field, value[error.start : error.end], "valid Unicode text (no lone surrogates)") from None


def require_size(width: int, height: int, of: str = "", multiple: int = SIDE_MULTIPLE) -> None:
    """Raise OutOfRange unless both sides are multiples of `multiple` in range and the picture is not too large.

    `of` says whose size it is when a recipe has several: "hires".
    """
    prefix = f"{of} " if of else ""
    for field, value in ((f"{prefix}width", width), (f"{prefix}height", height)):
        require_int(field, value, MIN_SIDE, MAX_SIDE)
        if value % multiple:
            low = value - value % multiple
            raise OutOfRange(field, value, f"a multiple of {multiple}, such as {low} or {low + multiple}")
    if width * height > MAX_PIXELS:
        raise OutOfRange(f"{prefix}size", f"{width}x{height}", f"at most {MAX_PIXELS:,} pixels")


def _brief(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
