"""What waits in the queue: one unit is one picture, so a job of four is four units."""

import math
from collections.abc import Hashable
from dataclasses import dataclass
from enum import IntEnum
from typing import NewType

from inference.protocol.messages import JobId
from inference.protocol.recipe import ContentHash

#: Discord's ids of a member and of a server.
MemberId = NewType("MemberId", int)
GuildId = NewType("GuildId", int)
#: A job and the number of a picture in it, from 0.
UnitKey = tuple[JobId, int]


class Lane(IntEnum):
    """Lanes in the order in which they are served."""

    PRIORITY = 0
    NORMAL = 1
    #: For members who are over their quota.
    RELAXED = 2
    BACKGROUND = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One picture that somebody waits for. Raises ValueError unless its seconds and weight are finite and above 0."""

    job: JobId
    #: Number of the picture in its job, from 0.
    index: int
    member: MemberId
    #: None in direct messages.
    guild: GuildId | None = None
    lane: Lane = Lane.NORMAL
    model: ContentHash
    #: Units of one model that are equal here may share a batch.
    batch: Hashable = None
    #: Predicted GPU-seconds.
    seconds: float
    #: Times that of its member, while it is the first that they wait for.
    weight: float = 1.0
    #: Seconds on the caller's clock, any clock that never goes back; the older of two goes first where all else ties.
    enqueued_at: float

    def __post_init__(self) -> None:
        if not (self.seconds > 0 and math.isfinite(self.seconds)):
            raise ValueError(f"seconds is {self.seconds}, but must be finite and above 0")
        if not (self.weight > 0 and math.isfinite(self.weight)):
            raise ValueError(f"weight is {self.weight}, but must be finite and above 0")

    @property
    def key(self) -> UnitKey:
        """Return what names the unit among all."""
        return (self.job, self.index)
