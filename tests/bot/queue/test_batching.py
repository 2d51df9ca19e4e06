"""Which units go to the engine beside those that are there."""

from bot.queue.batching import choose
from bot.queue.fairness import FairQueue
from bot.queue.lanes import Policy
from bot.queue.limits import Limits
from bot.queue.units import Lane, Unit
from inference.protocol.messages import JobId
from tests.bot.queue.units import A, B, unit

STRICT = Policy(lookahead_seconds=0.0, lookahead_seconds_each=0.0)
SMALL, LARGE, WIDE = (512, 512), (1024, 1024), (1024, 512)


def queue_of(*waiting: Unit, policy: Policy | None = None) -> FairQueue:
    queue = FairQueue(policy)
    for each in waiting:
        queue.add(each)
    return queue


def alone(job: str, member: int = 1) -> Unit:
    """A unit that was at the engine when that died."""
    return unit(job, member, batch=(JobId(job), 0))


def names(units: list[Unit]) -> str:
    return " ".join(each.job for each in units)


def flown(queue: FairQueue, most: int = 8) -> list[Unit]:
    """Claim for an empty engine that holds model A."""
    return choose(queue, [], {A}, most)


def test_an_empty_engine_gets_the_fairest_with_companions_of_its_batch() -> None:
    queue = queue_of(unit("a", 1, batch=SMALL), unit("b", 2, batch=LARGE), unit("c", 3, batch=SMALL))
    assert names(flown(queue)) == "a c"


def test_the_room_is_never_exceeded() -> None:
    queue = queue_of(*(unit(f"j{number}", number, batch=SMALL) for number in range(9)))
    flying = flown(queue, most=4)
    assert len(flying) == 4
    assert choose(queue, flying, {A}, 4) == []
    assert len(choose(queue, flying[1:], {A}, 4)) == 1


def test_companions_join_what_runs_before_another_batch_is_begun() -> None:
    queue = queue_of(unit("a", 1, batch=SMALL))
    flying = flown(queue)
    queue.add(unit("b", 2, batch=LARGE))
    queue.add(unit("c", 3, batch=SMALL))
    assert names(choose(queue, flying, {A}, 8)) == "c"


def test_a_second_batch_of_a_loaded_model_fills_what_room_is_left() -> None:
    queue = queue_of(unit("a", 1, batch=SMALL))
    flying = flown(queue)
    queue.add(unit("b", 2, batch=LARGE))
    queue.add(unit("c", 3, batch=LARGE))
    assert names(choose(queue, flying, {A}, 8)) == "b c"


def test_a_third_batch_waits() -> None:
    queue = queue_of(unit("a", 1, batch=SMALL))
    flying = flown(queue)
    queue.add(unit("b", 2, batch=LARGE))
    flying += choose(queue, flying, {A}, 8)
    queue.add(unit("c", 3, batch=WIDE))
    assert choose(queue, flying, {A}, 8) == []
    assert names(choose(queue, flying[1:], {A}, 8)) == "c"


def test_another_model_waits_until_the_engine_is_empty_and_is_not_overtaken_for_ever() -> None:
    queue = queue_of(unit("first", 1, batch=SMALL), policy=STRICT)
    flying = flown(queue)
    queue.add(unit("other", 2, model=B, batch=SMALL))
    for number in range(50):
        queue.add(unit(f"more{number}", 1, batch=SMALL))
    overtaken = 0
    while more := choose(queue, flying, {A}, 2):
        flying = [*flying[len(more) :], *more]
        overtaken += len(more)
    assert overtaken <= 2
    assert names(choose(queue, [], {A}, 2)) == "other"


def test_an_urgent_unit_joins_what_runs() -> None:
    queue = queue_of(unit("slow", 1, batch=SMALL, lane=Lane.RELAXED))
    flying = flown(queue)
    queue.add(unit("later", 1, batch=SMALL, lane=Lane.RELAXED))
    queue.add(unit("urgent", 2, batch=LARGE, lane=Lane.PRIORITY))
    assert names(choose(queue, flying, {A}, 8)) == "urgent"


def test_for_an_urgent_unit_of_another_model_the_engine_runs_empty() -> None:
    queue = queue_of(unit("slow", 1, batch=SMALL, lane=Lane.RELAXED))
    flying = flown(queue)
    queue.add(unit("later", 1, batch=SMALL, lane=Lane.RELAXED))
    queue.add(unit("urgent", 2, model=B, batch=SMALL, lane=Lane.PRIORITY))
    assert choose(queue, flying, {A}, 8) == []
    assert names(choose(queue, [], {A}, 8)) == "urgent"


def test_what_the_engine_died_with_is_painted_with_nothing_beside_it() -> None:
    queue = queue_of(alone("a"), alone("b"), unit("c", 2, batch=SMALL))
    flying = flown(queue)
    assert names(flying) == "a"
    assert choose(queue, flying, {A}, 8) == []
    queue.charge(flying[0], 1.0)
    after = [names(choose(queue, [], {A}, 8)), names(choose(queue, [], {A}, 8))]
    assert sorted(after) == ["b", "c"]


def test_what_is_looked_at_and_left_changes_nothing() -> None:
    queue = queue_of(unit("a", 1, batch=SMALL), unit("slow", 2, lane=Lane.BACKGROUND, batch=SMALL))
    flying = flown(queue)
    queue.add(unit("other", 3, model=B, batch=SMALL))
    before = [(queue.lane(lane).credit, queue.lane(lane).count) for lane in Lane]
    for _ in range(100):
        assert choose(queue, flying, {A}, 8) == []
    assert [(queue.lane(lane).credit, queue.lane(lane).count) for lane in Lane] == before


def test_a_limit_of_running_pictures_holds_for_companions_too() -> None:
    queue = queue_of(policy=Policy(limits=Limits(member_running=2)))
    for number in range(4):
        queue.add(unit("a", 1, number, batch=SMALL))
    flying = flown(queue)
    assert len(flying) == 2
    assert choose(queue, flying, {A}, 8) == []
    queue.charge(flying[0], 1.0)
    assert len(choose(queue, flying[1:], {A}, 8)) == 1
