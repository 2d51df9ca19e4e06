"""What the queue hands out, and in which order."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot.queue.fairness import FairQueue
from bot.queue.lanes import Policy
from bot.queue.limits import Limits
from bot.queue.units import Lane, MemberId, Unit
from inference.protocol.messages import JobId
from tests.bot.queue.serving import STRICT, drain, members, queue_of
from tests.bot.queue.units import A, B, unit, units

# Between members ------------------------------------------------------------------------------------------------------


def test_members_take_turns_however_much_each_has_asked_for() -> None:
    queue = queue_of(*units("many", 6, member=1), *units("few", 2, member=2))
    assert members(drain(queue)) == [1, 2, 1, 2, 1, 1, 1, 1]


def test_turns_are_of_seconds_and_not_of_pictures() -> None:
    queue = queue_of(*units("large", 3, member=1, seconds=4.0), *units("small", 8, member=2, seconds=1.0))
    assert members(drain(queue, count=6)) == [1, 2, 2, 2, 2, 1]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([0.25, 0.5, 1.0, 2.0, 3.0, 7.0]), st.floats(0.1, 20.0)), min_size=2, max_size=8),
    st.integers(1, 300),
)
def test_shares_converge_to_weights(kinds: list[tuple[float, float]], claims: int) -> None:
    """Goyal, Vin and Cheng (1996), theorem 1: the difference does not grow with the time that two members wait."""
    queue = FairQueue(STRICT)
    served: Counter[int] = Counter()
    for member, (weight, seconds) in enumerate(kinds):
        queue.set_weight(MemberId(member), weight)
        for each in units(f"{member}", claims + 1, member=member, seconds=seconds):
            queue.add(each)
    for each in drain(queue, count=claims):
        served[each.member] += 1
    shares = [(served[member] * seconds / weight, seconds / weight) for member, (weight, seconds) in enumerate(kinds)]
    for one, most in shares:
        assert all(abs(one - other) <= most + others_most + 1e-6 for other, others_most in shares)


def test_absence_gives_no_credit() -> None:
    queue = queue_of(*units("always", 40, member=1), unit("once", member=2))
    drain(queue, count=21)
    for each in units("back", 20, member=2):
        queue.add(each)
    assert Counter(members(drain(queue, count=8))) == {1: 4, 2: 4}


def test_an_idle_gpu_is_used_without_debt() -> None:
    queue = queue_of(*units("alone", 40, member=1))
    drain(queue, count=20)
    for each in units("late", 20, member=2):
        queue.add(each)
    assert Counter(members(drain(queue, count=8))) == {1: 4, 2: 4}


def test_when_nobody_waits_all_accounts_are_settled() -> None:
    queue = queue_of(unit("long", member=1, seconds=10.0), unit("short", member=2))
    drain(queue)
    for each in (*units("long before", 5), *units("short before", 5, member=2)):
        queue.add(each)
    assert members(drain(queue, count=4)) == [1, 2, 1, 2]


def test_predictions_that_are_far_too_high_do_not_make_newcomers_wait() -> None:
    queue = queue_of(*units("one", 200, member=1, seconds=4.0), *units("two", 200, member=2, seconds=4.0))
    for _ in range(200):
        claimed = queue.claim((A,))
        assert claimed is not None
        queue.charge(claimed, 1.0)
    queue.add(unit("new", member=3, seconds=4.0))
    assert 3 in members(drain(queue, count=4))


def test_a_stream_of_newcomers_starves_nobody() -> None:
    queue = queue_of(*units("first", 10, member=0))
    first = [queue.claim((A,)) for _ in range(8)]
    assert all(first)
    turns = []
    for newcomer in range(1, 200):
        queue.add(unit(f"new {newcomer}", member=newcomer))
        queue.add(unit(f"newer {newcomer}", member=1000 + newcomer))
        claimed = queue.claim((A,))
        assert claimed is not None
        turns.append(claimed.member)
    assert turns.count(MemberId(0)) == 2


def test_of_two_with_equal_accounts_the_older_goes_first() -> None:
    queue = queue_of(unit("late", member=1, enqueued_at=5.0), unit("early", member=2, enqueued_at=3.0))
    assert members(drain(queue)) == [2, 1]


def test_what_a_picture_really_took_is_charged() -> None:
    queue = queue_of(*units("slow", 9, member=1), *units("quick", 9, member=2))
    slow = queue.claim((A,))
    assert slow is not None
    queue.charge(slow, 4.0)
    assert members(drain(queue, count=5)) == [2, 2, 2, 2, 1]


def test_what_a_picture_did_not_take_is_given_back() -> None:
    queue = queue_of(*units("quick", 9, member=1, seconds=4.0), *units("usual", 30, member=2))
    quick = queue.claim((A,))
    assert quick is not None
    queue.charge(quick, 1.0)
    assert members(drain(queue, count=2)) == [2, 1]


def test_a_charge_after_the_member_has_left_is_remembered() -> None:
    queue = queue_of(unit("slow", member=1), *units("other", 40, member=2))
    slow = next(each for each in (queue.claim((A,)), queue.claim((A,))) if each and each.member == 1)
    drain(queue, count=3)
    queue.charge(slow, 9.0)
    for each in units("again", 5, member=1):
        queue.add(each)
    assert members(drain(queue, count=6)) == [2] * 6


def test_more_weight_is_more_share_from_now_on() -> None:
    queue = queue_of(*units("one", 40, member=1), *units("two", 40, member=2))
    drain(queue, count=10)
    queue.set_weight(MemberId(2), 3.0)
    served = Counter(members(drain(queue, count=20)))
    assert served[MemberId(2)] == 15


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan"), float("inf")])
def test_a_weight_is_above_0(weight: float) -> None:
    with pytest.raises(ValueError, match="weight is"):
        FairQueue().set_weight(MemberId(1), weight)


def test_members_who_are_gone_and_settled_are_forgotten() -> None:
    queue = queue_of(*units("always", 2000, member=0))
    for newcomer in range(1, 300):
        queue.add(unit(f"{newcomer}", member=newcomer))
        drain(queue, count=4)
    assert len(queue.lane(Lane.NORMAL)._flows) < 10


# What comes and goes --------------------------------------------------------------------------------------------------


def test_a_unit_waits_once() -> None:
    queue = queue_of(unit("job"))
    with pytest.raises(ValueError, match="in the queue already"):
        queue.add(unit("job"))
    claimed = queue.claim((A,))
    assert claimed == unit("job")
    with pytest.raises(ValueError, match="in the queue already"):
        queue.add(unit("job"))


def test_cancelling_takes_out_what_waits_and_leaves_what_runs() -> None:
    queue = queue_of(*units("job", 4), unit("other", member=2))
    running = queue.claim((A,))
    assert running is not None
    assert {each.index for each in queue.remove(JobId("job"))} == {1, 2, 3}
    assert (len(queue), queue.running) == (1, 1)
    queue.charge(running, 0.5)
    assert members(drain(queue)) == [2]
    assert queue.remove(JobId("job")) == ()


def test_a_unit_put_back_keeps_its_place() -> None:
    queue = queue_of(*units("job", 3), *units("later", 2), *units("other", 5, member=2))
    first = queue.claim((A,))
    assert first is not None
    queue.put_back(first)
    assert (len(queue), queue.running) == (10, 0)
    served = drain(queue)
    assert [each.key for each in served if each.member == 1] == [
        ("job", 0), ("job", 1), ("job", 2), ("later", 0), ("later", 1),
    ]  # fmt: skip
    assert members(served[:2]) == [1, 2]


def test_what_does_not_run_cannot_end() -> None:
    queue = queue_of(unit("job"))
    with pytest.raises(KeyError):
        queue.charge(unit("job"), 1.0)
    with pytest.raises(KeyError):
        queue.put_back(unit("job"))


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
def test_a_charge_makes_sense_or_changes_nothing(seconds: float) -> None:
    queue = queue_of(unit("job"))
    claimed = queue.claim((A,))
    assert claimed is not None
    with pytest.raises(ValueError, match="seconds is"):
        queue.charge(claimed, seconds)
    assert queue.running == 1


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf")])
def test_a_unit_takes_some_seconds(seconds: float) -> None:
    with pytest.raises(ValueError, match="seconds is"):
        unit("job", seconds=seconds)


def test_without_room_nothing_is_claimed() -> None:
    queue = queue_of(*units("job", 3))
    assert queue.claim((A,), room=0) is None
    claimed = queue.claim((A,), room=1)
    assert claimed is not None
    assert queue.companions(claimed, room=0) == []


# Whatever happens -----------------------------------------------------------------------------------------------------


class Anything(RuleBasedStateMachine):
    """Any order of operations loses no unit, serves none twice, keeps each member's order and all limits."""

    def __init__(self) -> None:
        super().__init__()
        self.policy = Policy(limits=Limits(member_running=3, guild_running=5))
        self.queue = FairQueue(self.policy)
        self.waiting: dict[tuple[str, int], Unit] = {}
        self.running: dict[tuple[str, int], Unit] = {}
        self.ended: set[tuple[str, int]] = set()
        self.jobs = 0

    @rule(
        member=st.integers(0, 4),
        guild=st.sampled_from([None, 1, 2]),
        lane=st.sampled_from(Lane),
        count=st.integers(1, 5),
        seconds=st.sampled_from([0.5, 1.0, 3.0]),
        weight=st.sampled_from([0.25, 1.0, 4.0]),
        model=st.sampled_from([A, B]),
        batch=st.integers(0, 1),
    )
    def add(self, count: int, **what: object) -> None:
        self.jobs += 1
        for each in units(f"{self.jobs}", count, enqueued_at=float(self.jobs), **what):
            self.queue.add(each)
            self.waiting[each.key] = each

    @rule(resident=st.sampled_from([(), (A,), (B,), (A, B)]), room=st.integers(1, 4))
    def claim(self, resident: tuple, room: int) -> None:
        first = self.queue.claim(resident, room)
        if first is None:
            assert not [each for each in self.waiting.values() if self.may_run(each) and self.is_first(each)]
            return
        self.begin(first)
        for companion in self.queue.companions(first, room - 1):
            assert (companion.model, companion.batch, companion.lane) == (first.model, first.batch, first.lane)
            self.begin(companion)

    def begin(self, claimed: Unit) -> None:
        assert self.is_first(claimed)
        assert self.may_run(claimed)
        self.running[claimed.key] = self.waiting.pop(claimed.key)
        assert self.running[claimed.key] == claimed

    def is_first(self, each: Unit) -> bool:
        own = [other for other in self.waiting.values() if (other.member, other.lane) == (each.member, each.lane)]
        return each == min(own, key=lambda other: (other.enqueued_at, other.index))

    def may_run(self, each: Unit) -> bool:
        of_member = [other for other in self.running.values() if other.member == each.member]
        of_guild = [other for other in self.running.values() if each.guild and other.guild == each.guild]
        return len(of_member) < 3 and len(of_guild) < 5

    @precondition(lambda self: self.running)
    @rule(which=st.integers(0, 99), seconds=st.sampled_from([0.0, 0.5, 1.0, 20.0]))
    def charge(self, which: int, seconds: float) -> None:
        ended = self.running.pop(list(self.running)[which % len(self.running)])
        self.queue.charge(ended, seconds)
        self.ended.add(ended.key)

    @precondition(lambda self: self.running)
    @rule(which=st.integers(0, 99))
    def put_back(self, which: int) -> None:
        back = self.running.pop(list(self.running)[which % len(self.running)])
        self.queue.put_back(back)
        self.waiting[back.key] = back

    @rule(which=st.integers(0, 99))
    def remove(self, which: int) -> None:
        job = JobId(f"{1 + which % max(1, self.jobs)}")
        expected = {key for key in self.waiting if key[0] == job}
        assert {each.key for each in self.queue.remove(job)} == expected
        for key in expected:
            del self.waiting[key]

    @rule(member=st.integers(0, 4), weight=st.sampled_from([0.5, 1.0, 4.0]))
    def weigh(self, member: int, weight: float) -> None:
        self.queue.set_weight(MemberId(member), weight)

    @rule(which=st.integers(0, 99))
    def look(self, which: int) -> None:
        job = JobId(f"{1 + which % max(1, self.jobs)}")
        position = self.queue.position(job)
        assert (position is None) == all(key[0] != job for key in (*self.waiting, *self.running))
        if position is not None:
            assert 0 <= position.ahead_units < max(1, len(self.waiting))

    @invariant()
    def counts_agree(self) -> None:
        assert (len(self.queue), self.queue.running) == (len(self.waiting), len(self.running))
        for member in range(5):
            load = self.queue.load(MemberId(member))
            assert load.member_waiting == sum(each.member == member for each in self.waiting.values())
            assert load.member_running == sum(each.member == member for each in self.running.values())

    @invariant()
    def clocks_are_sound(self) -> None:
        for lane in Lane:
            clock = self.queue.lane(lane).clock
            counted = [
                flow
                for flow in self.queue.lane(lane)._flows.values()
                if flow.counted and not (flow.server and flow.server.held)
            ]
            assert clock.owed >= 0
            assert clock.count == len(counted)
            assert clock.weight == pytest.approx(sum(flow.weight for flow in counted))
            assert all(flow.tag >= clock.now for flow in counted if not flow.waiting)

    def teardown(self) -> None:
        for running in self.running.values():
            self.queue.charge(running, running.seconds)
        assert {each.key for each in drain(self.queue)} == set(self.waiting)
        assert not len(self.queue)


TestAnything = Anything.TestCase
TestAnything.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
