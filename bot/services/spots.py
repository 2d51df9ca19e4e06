"""Where a message is."""

from dataclasses import dataclass

from storage.deliveries import Delivery


@dataclass(frozen=True)
class Spot:
    """A message."""

    channel_id: int
    message_id: int


def spot_of(delivery: Delivery | None) -> Spot | None:
    """Return the message that shows a request, or None where there is none."""
    if delivery is None or delivery.message_id is None:
        return None
    return Spot(delivery.channel_id, delivery.message_id)
