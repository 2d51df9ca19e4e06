"""What people write for a part of a picture: a box in pixels or in percent, words such as "left half", a colour."""

import re
from collections.abc import Mapping, Sequence

from bot.texts import Mistake
from inference.protocol.limits import OutOfRange
from inference.protocol.marks import Box, Colour, Part

_PIXELS = re.compile(r"\d{1,5}")
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,4})?)%")
#: Longer is no name of a place.
_MOST_CHARACTERS = 100
_SHOWN = 80

#: Where the part lies between 0, the left or upper end, and 1.
_ACROSS: Mapping[str, float] = {
    **dict.fromkeys(("left", "links", "linke", "linker", "linkes", "linken"), 0.0),
    **dict.fromkeys(("right", "rechts", "rechte", "rechter", "rechtes", "rechten"), 1.0),
}
_DOWN: Mapping[str, float] = {
    **dict.fromkeys(("top", "upper", "oben", "obere", "oberer", "oberes", "oberen"), 0.0),
    **dict.fromkeys(("bottom", "lower", "unten", "untere", "unterer", "unteres", "unteren"), 1.0),
}
_MIDDLE = frozenset(
    ("middle", "centre", "center", "central", "mitte", "mittig", "mittlere", "mittlerer", "mittleres", "mittleren")
)
_SHARES: Mapping[str, float] = {
    **dict.fromkeys(("half", "hälfte", "haelfte", "1/2"), 1 / 2),
    **dict.fromkeys(("third", "drittel", "1/3"), 1 / 3),
    **dict.fromkeys(("quarter", "viertel", "1/4"), 1 / 4),
    **dict.fromkeys(("two thirds", "zwei drittel", "2/3"), 2 / 3),
    **dict.fromkeys(("three quarters", "drei viertel", "dreiviertel", "3/4"), 3 / 4),
}
#: What says nothing more.
_FILLING = frozenset(
    "the a of in at on side part corner edge picture image die das der den dem im ein eine in des am seite teil ecke "
    "rand bild bildes".split()
)
_WORD = re.compile(r"(?:two|zwei)[\s-]+(?:thirds|drittel)|(?:three|drei)[\s-]+(?:quarters|viertel)|\d/\d|[^\W\d_]+")


def parse_box(text: str) -> Box | Part:
    """Return the box that is meant: left, top, width and height, or a place in words. Raises Mistake.

    "10,20,64,48" is in pixels, "10%,20%,50%,50%" in shares of the sides; "left half", "right third", "top" and
    "bottom left", in English or German, are places.
    """
    words = re.split(r"[,;\s]+", text.strip()) if len(text) <= _MOST_CHARACTERS else []
    try:
        if len(words) == 4 and all(map(_PIXELS.fullmatch, words)):
            left, top, width, height = map(int, words)
            return Box(left=left, top=top, width=width, height=height)
        shares = [float(match[1]) / 100 for match in map(_PERCENT.fullmatch, words) if match]
        if len(words) == len(shares) == 4:
            return Part(left=shares[0], top=shares[1], width=shares[2], height=shares[3])
    except OutOfRange as error:
        raise Mistake("mask_box_outside", box=text[:_SHOWN]) from error
    found = _place(text.casefold()) if words else None
    if found is None:
        raise Mistake("mask_no_box", text=text[:_SHOWN])
    return found


def parse_colour(text: str) -> Colour:
    """Return what "#rrggbb" means, or "#rgb". Raises Mistake."""
    digits = text.strip().removeprefix("#")
    if not re.fullmatch(r"[0-9a-fA-F]{3}|[0-9a-fA-F]{6}", digits):
        raise Mistake("mask_no_colour", text=text[:_SHOWN])
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    red, green, blue = bytes.fromhex(digits)
    return Colour(red=red, green=green, blue=blue)


def _place(text: str) -> Part | None:
    """Return the part of a picture that words name; None where they name none, or two at once.

    A direction alone means half of the picture. With two, and with the middle, the share is one of both sides, but a
    quarter of a picture in a corner is half as wide and half as high.
    """
    words = [_spelled(word) for word in _WORD.findall(text)]
    if re.sub(r"[\s,.-]+", "", _WORD.sub("", text)):
        return None
    words = [word for word in words if word not in _FILLING]
    across = [_ACROSS[word] for word in words if word in _ACROSS]
    down = [_DOWN[word] for word in words if word in _DOWN]
    middle = sum(word in _MIDDLE for word in words)
    sizes = [_SHARES[word] for word in words if word in _SHARES]
    if len(across) + len(down) + middle + len(sizes) != len(words) or max(map(len, (across, down, sizes))) > 1:
        return None
    if middle > 1 or not (across or down or middle):
        return None
    share = sizes[0] if sizes else 1 / 2
    if share == 1 / 4 and across and down:
        share = 1 / 2
    left, width = _span(across, share, whole=not middle)
    top, height = _span(down, share, whole=not middle)
    return Part(left=left, top=top, width=width, height=height)


def _spelled(word: str) -> str:
    """Return a word as the tables have it: "zwei-drittel" in two, and no plural."""
    return re.sub(r"[\s-]+", " ", word)


def _span(where: Sequence[float], share: float, *, whole: bool) -> tuple[float, float]:
    """Return the begin and the length of a part of a side; without a direction, the whole or its middle."""
    if not where:
        return (0.0, 1.0) if whole else ((1 - share) / 2, share)
    return where[0] * (1 - share), share
