"""What an engine is given when it asks for a network."""

from typing import Protocol, TypeVar

from inference.protocol.recipe import ContentHash

N_co = TypeVar("N_co", covariant=True)


class Acquired(Protocol[N_co]):
    """A resident network, and what it cost to have it."""

    @property
    def model(self) -> N_co:
        """The network itself."""

    @property
    def load_seconds(self) -> float:
        """How long loading took; 0 if it was resident."""

    @property
    def bytes(self) -> int:
        """How much memory its weights take."""

    @property
    def evicted(self) -> tuple[ContentHash, ...]:
        """The models that had to leave."""
