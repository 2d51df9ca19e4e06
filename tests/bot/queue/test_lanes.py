"""Shares of lanes, models that are loaded a bounded stretch ahead, and batches."""

from collections import Counter

import pytest

from bot.queue.lanes import Policy
from bot.queue.units import Lane
from tests.bot.queue.serving import drain, members, queue_of
from tests.bot.queue.units import A, B, unit, units

# Lanes ----------------------------------------------------------------------------------------------------------------


def test_lanes_are_served_in_order() -> None:
    queue = queue_of(*(unit(lane.name, member=lane, lane=lane) for lane in reversed(Lane)))
    assert [each.lane for each in drain(queue)] == list(Lane)


def test_a_lane_that_is_passed_over_gets_its_share() -> None:
    queue = queue_of(*(each for lane in Lane for each in units(lane.name, 1000, member=lane, lane=lane)))
    served = Counter(each.lane for each in drain(queue, count=1000))
    for lane in Lane:
        assert served[lane] == pytest.approx(queue.policy.share(lane) * 1000, abs=1 if lane else 3)


def test_a_lane_gets_no_credit_while_it_is_empty() -> None:
    queue = queue_of(*units("first", 400, member=1, lane=Lane.PRIORITY))
    drain(queue, count=300)
    for each in units("late", 50, member=2):
        queue.add(each)
    assert members(drain(queue, count=6)) == [1, 1, 1, 1, 1, 2]


def test_a_lane_that_was_served_as_the_first_is_not_due_for_the_time_before() -> None:
    queue = queue_of(*units("first", 4, member=1, lane=Lane.PRIORITY), *units("normal", 9, member=2))
    assert members(drain(queue, count=5)) == [1, 1, 1, 1, 2]
    for each in units("again", 9, member=1, lane=Lane.PRIORITY):
        queue.add(each)
    assert members(drain(queue, count=6)) == [1, 1, 1, 1, 1, 2]


@pytest.mark.parametrize("shares", [(0.0, 0.1, 0.1), (0.1, 0.9, 0.1), (0.1, 0.1, -0.1)])
def test_shares_of_lanes_leave_some_to_the_first(shares: tuple[float, float, float]) -> None:
    normal, relaxed, background = shares
    with pytest.raises(ValueError, match="shares of the lanes"):
        Policy(normal_share=normal, relaxed_share=relaxed, background_share=background)


@pytest.mark.parametrize("seconds", [-1.0, float("nan")])
def test_a_lookahead_is_0_or_more(seconds: float) -> None:
    with pytest.raises(ValueError, match="lookahead"):
        Policy(lookahead_seconds=seconds)
    with pytest.raises(ValueError, match="lookahead"):
        Policy(lookahead_seconds_each=seconds)


# Models ---------------------------------------------------------------------------------------------------------------


def test_a_resident_model_goes_first_within_the_lookahead() -> None:
    mixed = [*units("a", 9, member=1, model=A), *units("b", 9, member=2, model=B)]
    queue = queue_of(*mixed, policy=Policy(lookahead_seconds=6.0, lookahead_seconds_each=0.0))
    assert members(drain(queue)) == [1] * 4 + [2] * 8 + [1] * 5 + [2]


def test_without_a_lookahead_a_resident_model_decides_only_between_equal_accounts() -> None:
    queue = queue_of(*units("a", 3, member=1, model=A), *units("b", 3, member=2, model=B))
    assert members(drain(queue)) == [1, 2, 2, 1, 1, 2]
    queue = queue_of(*units("a", 3, member=1, model=A, seconds=1.1), *units("b", 4, member=2, model=B))
    assert members(drain(queue)) == [1, 2, 2, 1, 2, 1, 2]


def test_order_within_a_member_is_kept_though_the_model_is_not_resident() -> None:
    queue = queue_of(unit("cold", model=B), unit("warm", model=A), policy=Policy())
    assert [each.job for each in drain(queue, resident=(A,))] == ["cold", "warm"]


def test_companions_share_the_batch_and_the_fairest_of_them_go_first() -> None:
    queue = queue_of(
        unit("first", member=1, batch="512"),
        unit("other size", member=2, batch="1024"),
        unit("other model", member=3, batch="512", model=B),
        *units("heavy", 9, member=4, batch="512"),
        unit("light", member=5, batch="512"),
        policy=Policy(),
    )
    claimed = queue.claim((A,))
    assert claimed is not None
    assert claimed.job == "first"
    assert members(queue.companions(claimed, room=3)) == [4, 5, 4]
    assert queue.running == 4


def test_companions_stay_within_the_lookahead() -> None:
    waiting = [*units("heavy", 99, member=1, batch=1), unit("light", member=2, batch=2)]
    queue = queue_of(*waiting, policy=Policy(lookahead_seconds=0.0, lookahead_seconds_each=5.0))
    claimed = queue.claim((A,))
    assert claimed is not None
    assert len(queue.companions(claimed, room=50)) == 5
