"""The newest of what went over the wire."""

from collections import deque
from collections.abc import Iterator
from typing import TypeVar

T = TypeVar("T")


class Log(deque[T]):
    """The last entries, oldest first; each has a number that stays its own, beginning with 1."""

    def __init__(self, kept: int) -> None:
        super().__init__(maxlen=kept)
        self.total = 0

    def append(self, entry: T, /) -> None:
        """Add an entry, and lose the oldest where there are too many."""
        self.total += 1
        super().append(entry)

    def numbered(self, after: int = 0) -> Iterator[tuple[int, T]]:
        """Yield the entries that are left, with numbers above `after`."""
        for number, entry in enumerate(self, self.total - len(self) + 1):
            if number > after:
                yield number, entry
