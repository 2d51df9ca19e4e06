"""Where one stands in the queue, and why."""

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.queue.fairness import FairQueue
from bot.queue.lanes import Policy
from bot.queue.limits import Limits
from bot.queue.reasons import (
    FairShare,
    FasterLanes,
    ModelSwitch,
    Next,
    OverQuota,
    OwnPictures,
    Position,
    Reason,
    Running,
    RunningLimit,
)
from bot.queue.units import Lane
from inference.protocol.messages import JobId
from tests.bot.queue.serving import STRICT, drain, queue_of
from tests.bot.queue.units import A, B, unit, units


def reason(queue: FairQueue, job: str) -> object:
    position = queue.position(JobId(job))
    assert position is not None
    return position.reason


def test_who_is_next_is_told_so() -> None:
    queue = queue_of(unit("job"))
    assert queue.position(JobId("job")) == Position(ahead_units=0, ahead_seconds=0.0, reason=Next())


def test_who_runs_is_told_so() -> None:
    queue = queue_of(unit("job"))
    queue.claim((A,))
    assert reason(queue, "job") == Running()
    assert queue.position(JobId("unknown")) is None


def test_others_go_before_by_fair_share() -> None:
    queue = queue_of(*units("many", 9, member=1), *units("job", 3, member=2), *units("more", 9, member=3))
    assert queue.position(JobId("more")) == Position(ahead_units=2, ahead_seconds=2.0, reason=FairShare(2))


def test_own_pictures_go_before() -> None:
    queue = queue_of(*units("first", 3, seconds=2.0), unit("second"))
    assert queue.position(JobId("second")) == Position(ahead_units=3, ahead_seconds=6.0, reason=OwnPictures(3))


def test_a_model_that_is_used_up_first_is_told_of() -> None:
    queue = queue_of(*units("warm", 9, member=1, model=A), unit("cold", member=2, model=B), policy=Policy())
    queue.claim((A,))
    assert reason(queue, "cold") == ModelSwitch(B)


def test_who_is_over_quota_is_told_so() -> None:
    queue = queue_of(*units("others", 4, member=1), unit("job", member=2, lane=Lane.RELAXED))
    assert queue.position(JobId("job")) == Position(ahead_units=4, ahead_seconds=4.0, reason=OverQuota(4))


def test_of_faster_lanes_only_what_ageing_lets_pass_is_counted() -> None:
    waiting = units("others", 500, member=1, lane=Lane.PRIORITY)
    queue = queue_of(*waiting, unit("job", member=2), policy=Policy(normal_share=0.2))
    position = queue.position(JobId("job"))
    assert position is not None
    assert position.ahead_seconds == pytest.approx(4.0)
    assert (position.ahead_units, position.reason) == (4, FasterLanes(Lane.NORMAL, 4))


def test_a_limit_of_running_is_told_of() -> None:
    queue = queue_of(*units("job", 3), policy=Policy(limits=Limits(member_running=1)))
    queue.claim((A,))
    assert reason(queue, "job") == RunningLimit("member", 1)
    queue = queue_of(*units("job", 3, guild=7), policy=Policy(limits=Limits(guild_running=1)))
    queue.claim((A,))
    assert reason(queue, "job") == RunningLimit("guild", 1)


def test_a_limit_is_told_of_before_anything_else() -> None:
    queue = queue_of(*units("job", 3), *units("others", 3, member=2), policy=Policy(limits=Limits(member_running=1)))
    queue.claim((A,))
    assert reason(queue, "others") == Next()
    assert reason(queue, "job") == RunningLimit("member", 1)


def test_what_is_in_slower_lanes_does_not_go_before() -> None:
    queue = queue_of(*units("slower", 9, member=1, lane=Lane.BACKGROUND), unit("job", member=2, lane=Lane.RELAXED))
    assert reason(queue, "job") == Next()


def test_who_is_over_quota_and_waits_for_others_in_the_same_lane_is_told_of_the_quota_only_while_it_matters() -> None:
    same = units("same", 4, member=1, lane=Lane.RELAXED)
    queue = queue_of(*same, unit("faster", member=3), unit("job", member=2, lane=Lane.RELAXED))
    assert reason(queue, "job") == OverQuota(1)
    queue.remove(JobId("faster"))
    assert reason(queue, "job") == FairShare(1)


def test_after_a_cancel_the_place_is_a_better_one() -> None:
    queue = queue_of(*units("first", 5), *units("second", 2), unit("other", member=2))
    assert queue.position(JobId("second")) == Position(ahead_units=6, ahead_seconds=6.0, reason=FairShare(1))
    queue.remove(JobId("first"))
    assert queue.position(JobId("second")) == Position(ahead_units=0, ahead_seconds=0.0, reason=Next())


def test_every_reason_has_a_key_of_its_own() -> None:
    keys = [kind.key for kind in get_args(Reason)]
    assert len(keys) == len(set(keys)) == 8


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(1, 4)), min_size=1, max_size=20),
    st.integers(0, 19),
    st.integers(0, 10),
)
def test_a_position_comes_true(jobs: list[tuple[int, int]], number: int, claims: int) -> None:
    """In one lane, with one model, pictures of one length a member and nobody else coming, it is exact."""
    queue = FairQueue(STRICT)
    for job, (member, count) in enumerate(jobs):
        for each in units(f"{job}", count, member=member, seconds=1 + 0.137 * member, enqueued_at=float(job)):
            queue.add(each)
    drain(queue, count=claims)
    job_id = JobId(f"{number % len(jobs)}")
    position = queue.position(job_id)
    if position is not None:
        order = [each.job for each in drain(queue)]
        assert order.index(job_id) == position.ahead_units
