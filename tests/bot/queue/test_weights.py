"""Requests have weights of their own, which a server chooses: they make shares larger and let nobody starve."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.queue.units import Lane, MemberId
from tests.bot.queue.serving import drain, members, queue_of
from tests.bot.queue.units import unit, units

#: What the operator lets servers choose from, as it is set at first.
LEAST, MOST = 0.25, 4.0


def test_a_request_of_weight_3_has_three_turns_for_one() -> None:
    queue = queue_of(*units("heavy", 9, member=1, weight=3.0), *units("plain", 3, member=2))
    assert Counter(members(drain(queue, count=8))) == {1: 6, 2: 2}


def test_each_request_of_a_member_has_its_own_weight() -> None:
    """What one server gives a member is not theirs in another."""
    here, there = units("here", 20, member=1, weight=4.0), units("there", 20, member=1, enqueued_at=1.0)
    queue = queue_of(*here, *there, *units("other", 100, member=2, enqueued_at=1.0))
    served = drain(queue, count=65)
    at = served.index(here[-1]) + 1
    assert Counter(members(served[:at]))[MemberId(2)] == pytest.approx(5, abs=1)
    assert Counter(members(served[at:]))[MemberId(2)] == pytest.approx(20, abs=2)


def test_it_is_multiplied_by_the_members_own() -> None:
    queue = queue_of(*units("one", 60, member=1, weight=2.0), *units("two", 60, member=2))
    queue.set_weight(MemberId(1), 3.0)
    assert Counter(members(drain(queue, count=70)))[MemberId(1)] == pytest.approx(60, abs=1)


def test_what_is_corrected_counts_by_its_own_weight() -> None:
    """The next of the member's requests has another weight; what was claimed is given back as it was charged."""
    queue = queue_of(
        unit("first", member=1, weight=4.0, seconds=8.0),
        *units("next", 9, member=1, weight=0.25),
        *units("other", 9, member=2),
    )
    before = queue.lane(Lane.NORMAL).flow(MemberId(1)).tag
    claimed = queue.claim(())
    assert claimed is not None
    flow = queue.lane(Lane.NORMAL).flow(MemberId(1))
    assert (flow.tag - before, flow.weight) == (2.0, 0.25)
    queue.charge(claimed, 4.0)
    assert flow.tag - before == 1.0


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from([LEAST, 1.0, 2.0, MOST]), min_size=1, max_size=6), min_size=1, max_size=7),
    st.integers(1, 250),
)
def test_whatever_others_are_given_everybody_has_their_share(others: list[list[float]], claims: int) -> None:
    """A member of weight 1 gets one part in 1 + 4 n, whatever weights n others have from one request to the next."""
    queue = queue_of(*units("plain", claims + 1, member=0))
    for member, weights in enumerate(others, start=1):
        for index in range(claims + 1):
            queue.add(unit(f"of {member}", member, index, weight=weights[index % len(weights)]))
    served = Counter(members(drain(queue, count=claims)))[MemberId(0)]
    assert served >= claims / (1 + MOST * len(others)) - len(others) - 1


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from([LEAST, 1.0, MOST]), min_size=2, max_size=8))
def test_a_claim_that_is_put_back_leaves_no_trace(weights: list[float]) -> None:
    queue = queue_of(*(unit("mine", 1, index, weight=weight) for index, weight in enumerate(weights)))
    for each in units("other", 8, member=2):
        queue.add(each)
    before = queue.lane(Lane.NORMAL).flow(MemberId(1)).tag
    order = []
    for _ in range(2):
        claimed = queue.claim(())
        assert claimed is not None
        queue.put_back(claimed)
        order.append(claimed)
    assert order[0] == order[1]
    assert queue.lane(Lane.NORMAL).flow(MemberId(1)).tag == pytest.approx(before)


@pytest.mark.parametrize("weight", [0.0, -1.0, float("inf"), float("nan")])
def test_a_weight_is_above_0_and_finite(weight: float) -> None:
    with pytest.raises(ValueError, match="weight"):
        unit("a", weight=weight)
