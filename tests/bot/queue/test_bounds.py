"""The bounds that `bot.queue.fairness` states, against whatever hypothesis can think of."""

from typing import Any

import pytest
from hypothesis import given, settings, target
from hypothesis import strategies as st

from bot.queue.fairness import FairQueue
from bot.queue.lanes import Policy
from bot.queue.limits import Limits
from bot.queue.units import Lane, MemberId, Unit
from inference.protocol.messages import JobId
from inference.protocol.recipe import ContentHash
from tests.bot.queue.serving import drain
from tests.bot.queue.units import unit
from tests.bot.queue.watching import IN_ALL_LANES, IN_LANE, OF_ANOTHER, Engine, Loads, Watched

MODELS = [ContentHash(letter * 64) for letter in "abcd"]
SECONDS = st.integers(1, 40).map(lambda quarters: quarters / 4)
WEIGHTS = st.lists(st.sampled_from([0.5, 1.0, 1.0, 2.0, 5.0]), min_size=8, max_size=8)
#: How many jobs of one picture; member, seconds, model, lane, server.
ADDED = st.tuples(
    st.just("add"),
    st.sampled_from([1, 1, 20]),
    st.integers(0, 7),
    SECONDS,
    st.integers(0, 3),
    st.integers(0, 3),
    st.integers(0, 2),
)
#: Room, and real seconds over predicted ones.
CLAIMED = st.tuples(st.just("claim"), st.integers(1, 4), st.sampled_from([1.0, 1.0, 0.5, 1.3]))
ENDED = st.tuples(st.just("end"), st.integers(0, 1000), st.sampled_from([1.0, 1.0, 0.5, 1.3]))
PUT_BACK = st.tuples(st.just("put_back"), st.integers(0, 1000))
REMOVED = st.tuples(st.just("remove"), st.integers(0, 1000))
POLICIES = st.fixed_dictionaries(
    {
        "lookahead_seconds": st.sampled_from([0.0, 5.0, 60.0]),
        "lookahead_seconds_each": st.sampled_from([0.0, 2.0, 10.0]),
        "normal_share": st.sampled_from([0.1, 0.4]),
        "relaxed_share": st.sampled_from([0.05, 0.3]),
        "background_share": st.sampled_from([0.02, 0.2]),
    }
)
LIMITS = st.builds(Limits, member_running=st.sampled_from([None, 1, 3]), guild_running=st.sampled_from([None, 1, 3]))


def queue_of(policy: Policy, weights: list[float]) -> FairQueue:
    queue = FairQueue(policy)
    for member, weight in enumerate(weights):
        queue.set_weight(MemberId(member), weight)
    return queue


# Waits --------------------------------------------------------------------------------------------------------------


class Script:
    """Does to a watched queue what hypothesis says, and then serves what is left."""

    def __init__(self, watched: Watched, lanes: tuple[Lane, ...], surprises: bool, at_once: bool) -> None:
        self.watched = watched
        self.lanes = lanes
        self.surprises = surprises
        #: Whether what is claimed has ended before anything else happens.
        self.at_once = at_once
        self.running: list[Unit] = []
        self.resident = [MODELS[0]]
        self.jobs = 0

    def play(self, steps: list[tuple[Any, ...]]) -> None:
        for step, *words in steps:
            getattr(self, step)(*words)
        while self.watched.waiting:
            self.claim(1, 1.0)
            self.end(0, 1.0)

    def add(self, count: int, member: int, seconds: float, model: int, lane: int, guild: int) -> None:
        for _ in range(count):
            self.jobs += 1
            where = self.lanes[lane % len(self.lanes)]
            more: dict[str, Any] = {"lane": where, "enqueued_at": self.jobs, "guild": guild or None}
            self.watched.add(unit(f"{self.jobs}", member, seconds=seconds, model=MODELS[model], **more))

    def claim(self, room: int, surprise: float) -> None:
        for claimed in self.watched.claim(self.resident, room):
            self.resident = [claimed.model]
            self.running.append(claimed)
            if self.at_once:
                self.end(0, surprise)

    def end(self, which: int, surprise: float) -> None:
        if self.running:
            ended = self.running.pop(which % len(self.running))
            self.watched.charge(ended, ended.seconds * (surprise if self.surprises else 1.0))

    def put_back(self, which: int) -> None:
        if self.running:
            self.watched.put_back(self.running.pop(which % len(self.running)))

    def remove(self, which: int) -> None:
        if self.watched.waiting:
            self.watched.remove(list(self.watched.waiting.values())[which % len(self.watched.waiting)])


def assert_bounds(watched: Watched) -> None:
    verdicts = list(watched.verdicts())
    assert [verdict for verdict in verdicts if not verdict.holds] == []
    for name in (IN_LANE, OF_ANOTHER, IN_ALL_LANES):
        target(max((verdict.closeness(name) for verdict in verdicts), default=0.0), label=name)


@pytest.mark.parametrize("surprises", [False, True], ids=["as predicted", "with surprises"])
@pytest.mark.parametrize("lanes", [(Lane.NORMAL,), tuple(Lane)], ids=["one lane", "all lanes"])
@settings(max_examples=100, deadline=None)
@given(policy=POLICIES, weights=WEIGHTS, steps=st.lists(st.one_of(ADDED, CLAIMED, CLAIMED, REMOVED), max_size=100))
def test_no_unit_waits_longer_than_its_bound(
    lanes: tuple[Lane, ...], surprises: bool, policy: dict[str, float], weights: list[float], steps: list[Any]
) -> None:
    watched = Watched(queue_of(Policy(**policy), weights))  # type: ignore[arg-type]
    Script(watched, lanes, surprises, at_once=True).play(steps)
    assert_bounds(watched)


@pytest.mark.parametrize("surprises", [False, True], ids=["as predicted", "with surprises"])
@settings(max_examples=100, deadline=None)
@given(
    policy=POLICIES,
    limits=LIMITS,
    weights=WEIGHTS,
    steps=st.lists(st.one_of(ADDED, CLAIMED, ENDED, PUT_BACK, REMOVED), max_size=100),
)
def test_limits_of_others_move_the_bound_as_stated(
    surprises: bool, policy: dict[str, float], limits: Limits, weights: list[float], steps: list[Any]
) -> None:
    watched = Watched(queue_of(Policy(limits=limits, **policy), weights))
    Script(watched, (Lane.NORMAL,), surprises, at_once=False).play(steps)
    assert_bounds(watched)


def test_what_few_went_ahead_by_is_in_the_bound_of_those_who_come_later() -> None:
    """The bound's s: of two, one may go ahead by s / 2; that still stands when there are many and h is s / 100."""
    policy = Policy(lookahead_seconds=60.0, lookahead_seconds_each=0.0)
    watched = Watched(FairQueue(policy))
    script = Script(watched, (Lane.NORMAL,), surprises=False, at_once=True)
    warm, cold, few = 0, 1, 0.05
    script.add(2000, 0, few, warm, 0, 0)
    script.add(2000, 1, few, cold, 0, 0)
    for _ in range(590):
        script.claim(1, 1.0)
    for member in range(2, 99):
        script.add(50, member, few, cold, 0, 0)
    script.add(1, 99, few, warm, 0, 0)
    while any(waiting.member == 99 for waiting in watched.waiting.values()):
        script.claim(1, 1.0)
    (last,) = (verdict for verdict in watched.verdicts() if verdict.unit.member == 99)
    seconds, most = last.found[IN_LANE]
    assert most - 60.0 < seconds <= most


def test_how_much_a_heavy_member_has_asked_for_makes_no_difference_to_the_others() -> None:
    def order(heavy: int) -> list[str]:
        queue = queue_of(Policy(), [])
        for number in range(heavy):
            queue.add(unit(f"heavy {number}", member=0, model=MODELS[0], seconds=3.0))
        drain(queue, count=50)
        for number in range(60):
            queue.add(unit(f"{number}", member=1 + number % 20, model=MODELS[number % 3], seconds=2.0))
        served = drain(queue, count=200)
        return [each.job if each.member else "heavy" for each in served]

    assert order(300) == order(10_000)


# Loads of models ----------------------------------------------------------------------------------------------------


#: Whether the member asks for the model they prefer; how many jobs; member, seconds, model.
WISHED = st.tuples(
    st.just("add"),
    st.booleans(),
    st.sampled_from([1, 1, 20]),
    st.integers(0, 7),
    SECONDS,
    st.integers(0, 3),
)
PAINTED = st.tuples(st.just("paint"), st.integers(1, 4))


@settings(max_examples=150, deadline=None)
@given(
    policy=POLICIES,
    weights=WEIGHTS,
    room=st.integers(1, 2),
    steps=st.lists(st.one_of(WISHED, WISHED, PAINTED, PAINTED, REMOVED), max_size=120),
)
def test_a_model_comes_back_only_after_the_turn_of_all_who_waited_when_it_was_left(
    policy: dict[str, float], weights: list[float], room: int, steps: list[Any]
) -> None:
    fair = queue_of(Policy(**policy), weights)  # type: ignore[arg-type]
    queue = Loads(fair)
    engine, added = Engine(queue, room), 0
    for step, *words in steps:
        if step == "add":
            prefers, count, member, seconds, model = words
            for _ in range(count):
                added += 1
                chosen = MODELS[(member if prefers else model) % len(MODELS)]
                queue.add(unit(f"{added}", member, seconds=seconds, model=chosen, enqueued_at=added))
        elif step == "remove":
            fair.remove(JobId(f"{words[0] % max(1, added)}"))
        else:
            engine.paint(*words)
    while engine.paint(1):
        pass
    assert queue.broken == []
    target(float(len(queue.returns)))


@settings(max_examples=60, deadline=None)
@given(
    policy=POLICIES,
    kinds=st.lists(st.tuples(st.integers(0, 3), SECONDS, st.sampled_from([0.5, 1.0, 2.0])), min_size=2, max_size=8),
    claims=st.integers(1, 400),
)
def test_while_nobody_comes_or_goes_loads_are_bounded_by_work(
    policy: dict[str, float], kinds: list[tuple[int, float, float]], claims: int
) -> None:
    rules = Policy(**policy)  # type: ignore[arg-type]
    queue = Loads(queue_of(rules, [weight for _, _, weight in kinds]))
    for member, (model, seconds, _) in enumerate(kinds):
        for number in range(claims + 1):
            queue.add(unit(f"{member} {number}", member, seconds=seconds, model=MODELS[model]))
    engine = Engine(queue, 1)
    work = sum(painted.seconds for _ in range(claims) for painted in engine.paint(1))
    models, longest = len({model for model, _, _ in kinds}), max(seconds for _, seconds, _ in kinds)
    run = rules.lookahead_seconds + rules.lookahead_seconds_each * sum(weight for _, _, weight in kinds)
    if run:
        most = models * (2 + (work + len(kinds) * longest) / run)
        assert queue.loads <= most
        target(queue.loads / most)
