"""Queues for tests, and serving what waits in them."""

from collections.abc import Collection, Iterable

from bot.queue.fairness import FairQueue
from bot.queue.lanes import Policy
from bot.queue.units import MemberId, Unit
from inference.protocol.recipe import ContentHash
from tests.bot.queue.units import A

#: Without any lookahead.
STRICT = Policy(lookahead_seconds=0.0, lookahead_seconds_each=0.0)


def queue_of(*waiting: Unit, policy: Policy = STRICT) -> FairQueue:
    queue = FairQueue(policy)
    for each in waiting:
        queue.add(each)
    return queue


def drain(queue: FairQueue, resident: Collection[ContentHash] = (A,), count: int = 10**9) -> list[Unit]:
    """Claim one unit after another, each ending as predicted before the next."""
    served: list[Unit] = []
    while len(served) < count and (claimed := queue.claim(resident)) is not None:
        queue.charge(claimed, claimed.seconds)
        resident = (claimed.model,)
        served.append(claimed)
    return served


def members(served: Iterable[Unit]) -> list[MemberId]:
    return [each.member for each in served]
