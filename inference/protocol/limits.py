"""The hard limits of a recipe, and the error that names a field, its value and its range.

These are the engine's own limits. A server's policy may be stricter; nothing may be laxer.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

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


#: What is allowed, and values of which more is to be said than what they are; the bot has them in other languages.
PHRASES: Mapping[str, str] = MappingProxyType(
    {
        "whole": "a whole number from {low} to {high}",
        "finite": "a finite number from {low:g} to {high:g}",
        "between": "from {low:g} to {high:g}",
        "one_of": "one of {choices}",
        "multiple": "a multiple of {multiple}",
        "near_multiple": "a multiple of {multiple}, such as {low} or {high}",
        "characters": "{count:,} characters long",
        "most_characters": "at most {most:,} characters",
        "most_pixels": "at most {most:,} pixels",
        "unicode": "valid Unicode text (no lone surrogates)",
        "first_pass": "at least the first pass's {width}x{height}",
        "one_above_0": "more than 0 in one of them",
        "most_tiles": "at most {most:,}: make them larger, or the picture smaller",
        "pictures": "from {low} to {high} pictures",
        "each_picture": "one for each of the {count} pictures, or none",
    }
)


@dataclass(frozen=True)
class Phrase:
    """One of `PHRASES` with its values; its text is in English."""

    key: str
    values: tuple[tuple[str, object], ...]

    def said(self, texts: Mapping[str, str]) -> str:
        """Return it in the language of these texts. Raises KeyError where they do not have it."""
        return texts[self.key].format(**dict(self.values))

    def __str__(self) -> str:
        """Return it in English."""
        return self.said(PHRASES)


def phrase(key: str, /, **values: object) -> Phrase:
    """Return one of `PHRASES` with its values."""
    return Phrase(key, tuple(values.items()))


class OutOfRange(ValueError):
    """A field whose value is not allowed; says which field, what it was and what is allowed."""

    def __init__(self, field: str, value: object, allowed: str | Phrase) -> None:
        self.field = field
        self.value = value
        self.allowed = allowed
        super().__init__(f"{field} is {brief(value)}, but must be {allowed}")


def require_int(field: str, value: int, low: int, high: int) -> None:
    """Raise OutOfRange unless `value` is an int within low..high."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise OutOfRange(field, value, phrase("whole", low=low, high=high))


def require_float(field: str, value: float, low: float, high: float) -> None:
    """Raise OutOfRange unless `value` is finite and within low..high."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise OutOfRange(field, value, phrase("finite", low=low, high=high))
    if not low <= value <= high:
        raise OutOfRange(field, value, phrase("between", low=low, high=high))


def require_choice(field: str, value: str, choices: Collection[str]) -> None:
    """Raise OutOfRange unless `value` is one of `choices`."""
    if value not in choices:
        raise OutOfRange(field, value, phrase("one_of", choices=", ".join(choices)))


def require_text(field: str, value: str, most: int = MAX_PROMPT_CHARACTERS) -> None:
    """Raise OutOfRange unless `value` has at most `most` characters, all of them encodable as UTF-8."""
    if len(value) > most:
        raise OutOfRange(field, phrase("characters", count=len(value)), phrase("most_characters", most=most))
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise OutOfRange(field, value[error.start : error.end], phrase("unicode")) from None


def require_size(width: int, height: int, of: str = "", multiple: int = SIDE_MULTIPLE) -> None:
    """Raise OutOfRange unless both sides are multiples of `multiple` in range and the picture is not too large.

    `of` says whose size it is when a recipe has several: "hires".
    """
    prefix = f"{of} " if of else ""
    for field, value in ((f"{prefix}width", width), (f"{prefix}height", height)):
        require_int(field, value, MIN_SIDE, MAX_SIDE)
        if value % multiple:
            low = value - value % multiple
            raise OutOfRange(field, value, phrase("near_multiple", multiple=multiple, low=low, high=low + multiple))
    if width * height > MAX_PIXELS:
        raise OutOfRange(f"{prefix}size", f"{width}x{height}", phrase("most_pixels", most=MAX_PIXELS))


def brief(value: object) -> str:
    """Return a value as an error shows it: not all of a long one."""
    text = str(value) if isinstance(value, str | Phrase) else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
