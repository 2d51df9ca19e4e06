"""Which pictures share a pass: a pure decision, without tensors."""

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

P = TypeVar("P")
K = TypeVar("K", bound=Hashable)


def group(
    pictures: Iterable[P], key: Callable[[P], K], rows: Callable[[P], int], cap: Callable[[K], int]
) -> dict[K, list[P]]:
    """Return the pictures of the next passes, one pass a key, in the order given.

    A pass holds at most `cap(key)` rows, except that its first picture always takes part. What does not fit waits:
    finishing the earliest first gives everybody their picture sooner than advancing all of them a little.
    """
    passes: dict[K, list[P]] = {}
    taken: dict[K, int] = {}
    full: set[K] = set()
    for picture in pictures:
        place = key(picture)
        needed = rows(picture)
        if place not in passes:
            passes[place], taken[place] = [picture], needed
        elif place not in full and taken[place] + needed <= cap(place):
            passes[place].append(picture)
            taken[place] += needed
        else:
            full.add(place)
    return passes


def halves(pictures: list[P]) -> list[list[P]]:
    """Return the pictures in two halves, the first the larger."""
    middle = (len(pictures) + 1) // 2
    return [pictures[:middle], pictures[middle:]]
