"""Which units go to the engine together. Pure: it asks the queue, and waits for nothing."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from bot.queue.fairness import FairQueue
from bot.queue.units import Lane, Unit
from inference.protocol.recipe import ContentHash

#: Batches at the engine at a time. One more than one: what does not match starts before the last of a batch has
#: ended, so that nobody waits for the longest picture and the GPU for nobody. Many more would each be slow.
MOST_BATCHES = 2


def choose(queue: FairQueue, flying: Sequence[Unit], resident: Collection[ContentHash], most: int) -> list[Unit]:
    """Claim what may go to the engine now, beside what is there: at most `most` units in all.

    The fairest unit goes first, with companions that share its batch. While others run, units that share their batch
    go before a fairest that does not, as far as the queue's lookahead lets them; then that one begins a batch of its
    own, if its model is loaded. Otherwise the engine is let run empty for it.
    """
    room = most - len(flying)
    if room < 1 or any(map(is_alone, flying)):
        return []
    fairest = queue.peek(resident)
    if fairest is None:
        return []
    batches = {(unit.model, unit.batch): unit for unit in flying}
    if batches and (fairest.model, fairest.batch) not in batches:
        companions = _companions(queue, list(batches.values()), fairest.lane, room)
        if companions or not _may_join(fairest, batches, resident):
            return companions
    unit = queue.claim(resident)
    if unit is None:
        return []
    return [unit] if is_alone(unit) else [unit, *queue.companions(unit, room - 1)]


def is_alone(unit: Unit) -> bool:
    """Tell whether a unit is to be painted with nothing beside it: the engine died with it before."""
    return unit.batch == (unit.job, unit.index)


def _companions(queue: FairQueue, running: Sequence[Unit], lane: Lane, room: int) -> list[Unit]:
    """Claim units of a lane that share a batch with any that runs."""
    found: list[Unit] = []
    for unit in running:
        found += queue.companions(replace(unit, lane=lane), room - len(found))
    return found


def _may_join(unit: Unit, batches: Collection[object], resident: Collection[ContentHash]) -> bool:
    return not is_alone(unit) and unit.model in resident and len(batches) < MOST_BATCHES
