"""How much of the queue servers' admins may give to their roles: what one server chooses, all others feel."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from bot.services.policy import weight_for
from storage.guilds import RoleLane, Settings

#: The first lane that a server may give.
BestLane = Literal["priority", "normal"]


@dataclass(frozen=True, kw_only=True)
class Shares:
    """The operator's bounds of weights and lanes."""

    #: From 1 up: weights are at most this, and at least one divided by it, so that a member who is given little in one
    #: server is not kept waiting in the others.
    most_weight: float = 4.0
    best_lane: BestLane = "priority"

    def weight(self, settings: Settings, roles: Collection[int]) -> float:
        """Return the weight in the queue of a request in a server, by a member with these roles."""
        return min(max(weight_for(settings, roles), 1 / self.most_weight), self.most_weight)

    def lane(self, chosen: RoleLane) -> RoleLane:
        """Return the lane that a request waits in, for which a server chose one."""
        return "normal" if chosen == "priority" and self.best_lane == "normal" else chosen
