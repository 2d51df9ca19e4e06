"""Discord's ids: milliseconds since 2015, and a number that tells equals apart."""

from playground.clock import Clock, stamp

EPOCH_MILLISECONDS = 1_420_070_400_000


class Snowflakes:
    """Draws ids that grow and never repeat."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def draw(self) -> int:
        """Return a new id."""
        wanted = (int(self._clock.now() * 1000) - EPOCH_MILLISECONDS) << 22
        self._last = max(wanted, self._last + 1)
        return self._last


def created_at(snowflake: int) -> str:
    """Return when an id was drawn, as Discord writes a time."""
    return stamp(((snowflake >> 22) + EPOCH_MILLISECONDS) / 1000)
