"""Members' units in order, the virtual clock, servers for which it stands still, and rankings."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.queue.flows import Flow, Ranking, Server, Ticket, VirtualClock
from bot.queue.units import MemberId
from tests.bot.queue.units import unit


def ticket(number: int, at: float = 0.0) -> Ticket:
    return (at, number, unit(f"{number}", enqueued_at=at))


def flow(member: int = 1, tag: float = 0.0, weight: float = 1.0, waits: bool = True) -> Flow:
    made = Flow(MemberId(member), tag, weight)
    if waits:
        made.add(ticket(member))
    return made


# A member's units ---------------------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 10), min_size=1, max_size=60), st.lists(st.integers(0, 59), min_size=1, max_size=90))
def test_units_come_out_as_they_came_whatever_is_taken_out_between(times: list[float], taken: list[int]) -> None:
    own = flow(waits=False)
    left = [ticket(number, at) for number, at in enumerate(times)]
    for each in left:
        own.add(each)
    for number in (*taken, *[0] * len(left)):
        if not left:
            break
        assert own.first == min(left)
        assert own.seconds == pytest.approx(sum(each.seconds for _, _, each in left))
        out = sorted(left)[number % len(left)]
        assert own.remove(out[2].key) == out
        left.remove(out)
        if number % 7 == 1:
            own.add(out)
            left.append(out)
    assert own.first is None
    assert own.seconds == 0


def test_units_keep_their_order_when_most_of_the_later_ones_are_taken_out() -> None:
    own = flow(waits=False)
    for number in (*range(30, 60), *range(30)):
        own.add(ticket(number, float(number)))
    for number in range(5, 60):
        own.remove(unit(f"{number}").key)
    for number in range(5):
        assert own.first == ticket(number, float(number))
        own.remove(unit(f"{number}").key)


def test_only_what_waits_can_be_taken_out() -> None:
    with pytest.raises(KeyError):
        flow().remove(unit("unknown").key)


# The clock ----------------------------------------------------------------------------------------------------------


def test_work_moves_the_clock_by_its_seconds_over_the_weight_of_all_who_are_counted() -> None:
    clock = VirtualClock()
    clock.join(flow(1, weight=1.0))
    clock.join(flow(2, weight=3.0))
    clock.advance(8.0)
    assert (clock.now, clock.weight, clock.count) == (2.0, 4.0, 2)


def test_who_is_ahead_and_has_nothing_waiting_is_counted_until_the_clock_is_there() -> None:
    clock, staying, ahead = VirtualClock(), flow(1), flow(2, tag=3.0, weight=2.0, waits=False)
    clock.join(staying)
    clock.join(ahead)
    assert not clock.leave(ahead)
    assert clock.advance(8.9) == []
    assert clock.advance(2.1) == [ahead]
    # 9 of the 11 seconds took the clock to 3, with a weight of 3; 2 moved it on with a weight of 1.
    assert clock.now == pytest.approx(5.0)
    assert (clock.weight, clock.count) == (1.0, 1)


def test_who_comes_back_before_does_not_leave() -> None:
    clock, staying, ahead = VirtualClock(), flow(1), flow(2, tag=3.0, waits=False)
    for each in (staying, ahead):
        clock.join(each)
    clock.leave(ahead)
    ahead.add(ticket(9))
    clock.join(ahead)
    assert clock.advance(20.0) == []
    assert (clock.count, ahead.tag) == (2, 3.0)


def test_who_came_back_and_went_again_is_counted_until_the_clock_is_where_their_account_is_now() -> None:
    clock, staying, ahead = VirtualClock(), flow(1), flow(2, tag=3.0, waits=False)
    for each in (staying, ahead):
        clock.join(each)
    clock.leave(ahead)
    clock.join(ahead)
    ahead.tag = 8.0
    clock.leave(ahead)
    assert clock.advance(10.0) == []
    assert clock.advance(6.0) == [ahead]


def test_who_may_not_run_more_leaves_too() -> None:
    clock, staying, held = VirtualClock(), flow(1), flow(2, tag=3.0)
    for each in (staying, held):
        clock.join(each)
    held.blocked = True
    clock.leave(held)
    assert clock.advance(6.0) == [held]
    assert clock.count == 1


def test_who_is_behind_leaves_at_once_and_comes_back_at_the_clock() -> None:
    clock, staying, behind = VirtualClock(), flow(1), flow(2)
    for each in (staying, behind):
        clock.join(each)
    clock.advance(10.0)
    assert clock.leave(behind)
    clock.join(behind)
    assert behind.tag == clock.now == 5.0


def test_seconds_that_were_given_back_are_made_up_for_before_the_clock_moves() -> None:
    clock = VirtualClock()
    clock.join(flow())
    clock.owed = 5.0
    clock.advance(3.0)
    assert (clock.now, clock.owed) == (0.0, 2.0)
    clock.advance(3.0)
    assert (clock.now, clock.owed) == (1.0, 0.0)


def test_the_clock_never_goes_back() -> None:
    clock = VirtualClock()
    clock.join(flow())
    clock.advance(4.0)
    clock.reach(2.0)
    assert clock.now == 4.0
    clock.reach(6.0)
    assert clock.now == 6.0


def test_another_weight_counts_from_now_on() -> None:
    clock, own = VirtualClock(), flow()
    clock.join(own)
    clock.enter(own, Server(clock))
    clock.weigh(own, 4.0)
    clock.advance(8.0)
    assert (clock.now, own.weight) == (2.0, 4.0)


# Servers ------------------------------------------------------------------------------------------------------------


def test_time_stands_still_for_those_of_a_server_that_is_held() -> None:
    clock, held, free = VirtualClock(), flow(1, tag=-1.0, weight=2.0), flow(2)
    server, elsewhere = Server(clock), Server(clock)
    clock.now = -1.0
    clock.join(held)
    clock.now = 0.0
    clock.join(free)
    clock.enter(held, server)
    clock.enter(free, elsewhere)
    clock.hold(server, True)
    assert (clock.weight, clock.count) == (1.0, 1)
    clock.advance(7.0)
    assert clock.now == 7.0
    assert held.tag == 6.0
    clock.hold(server, False)
    clock.advance(3.0)
    assert (clock.now, clock.weight) == (8.0, 3.0)
    assert held.tag == 6.0


def test_who_leaves_a_held_server_is_counted_again() -> None:
    clock, held, server = VirtualClock(), flow(tag=2.0), None
    server = Server(clock)
    clock.join(held)
    clock.enter(held, server)
    clock.hold(server, True)
    assert clock.count == 0
    assert clock.quit(held) is server
    assert (clock.count, clock.weight, held.tag) == (1, 1.0, 2.0)
    assert (server.count, server.weight) == (0, 0.0)


# Rankings -----------------------------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2), st.integers(0, 20)), max_size=80))
def test_the_first_of_a_ranking_has_the_lowest_account_outside_held_servers(
    steps: list[tuple[int, int, int]],
) -> None:
    """Flows are ranked, ranked anew and dropped, servers held and let go; each time the first is looked for."""
    clock = VirtualClock()
    ranking, servers = Ranking(), [Server(clock) for _ in range(3)]
    flows = [flow(member) for member in range(5)]
    for each in flows:
        clock.join(each)
    for number, (member, where, tag) in enumerate(steps):
        if member == 5:
            clock.hold(servers[where], not servers[where].held)
            clock.now += tag
        else:
            moved = flows[member]
            if (server := clock.quit(moved)) is not None:
                moved.entry = None
                ranking.drop(server)
            if tag:
                moved.tag = float(tag)
                clock.enter(moved, servers[where])
                moved.entry = (moved.tag - servers[where].late, 0.0, 0, number, moved)
                ranking.put(servers[where], moved.entry)
        ranked = [each for each in flows if each.server is not None and not each.server.held]
        first = ranking.first()
        assert (first is None) == (not ranked)
        if first is not None:
            assert first[0] == first[-1].tag == pytest.approx(min(each.tag for each in ranked))


def test_a_ranking_does_not_grow_with_what_is_no_longer_valid() -> None:
    clock, ranking = VirtualClock(), Ranking()
    server, flows = Server(clock), [flow(member) for member in range(3)]
    for each in flows:
        clock.join(each)
    for number in range(300):
        moved = flows[number % 3]
        if clock.quit(moved) is not None:
            moved.entry = None
            ranking.drop(server)
        moved.tag = 1000.0 - number
        clock.enter(moved, server)
        moved.entry = (moved.tag, 0.0, 0, number, moved)
        ranking.put(server, moved.entry)
    (entries,) = ranking._heaps.values()
    assert len(entries) < 30
    for each in (flows[299 % 3], flows[298 % 3], flows[297 % 3]):
        first = ranking.first()
        assert first is not None
        assert first[-1] is each
        clock.quit(each)
        each.entry = None
        assert ranking.drop(server) == (each is flows[297 % 3])
