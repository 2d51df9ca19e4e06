"""Where the tiles lie in which a large picture is painted."""

from inference.protocol.limits import SIDE_MULTIPLE


def padded(length: int) -> int:
    """Return a length rounded up to a multiple of 8."""
    return -(-length // SIDE_MULTIPLE) * SIDE_MULTIPLE


def starts(length: int, side: int, overlap: int) -> tuple[int, ...]:
    """Return where the tiles of one axis begin: as few as cover it, evenly spread, at multiples of 8.

    Neighbours have `overlap` or more in common; the last ends at the length rounded up to a multiple of 8. `side` and
    `overlap` are multiples of 8, the one larger than the other.
    """
    room = padded(length) - side
    if room <= 0:
        return (0,)
    gaps = -(-room // (side - overlap))
    cells = room // SIDE_MULTIPLE
    return tuple((cells * index + gaps // 2) // gaps * SIDE_MULTIPLE for index in range(gaps + 1))
