"""How many pictures may wait and run."""

from collections import Counter

import pytest

from bot.queue.lanes import Policy
from bot.queue.limits import Limits, Load, Refusal, pictures, refusal
from bot.queue.units import GuildId, MemberId
from tests.bot.queue.serving import drain, members, queue_of
from tests.bot.queue.units import A, unit, units

LIMITS = Limits(member_waiting=4, guild_waiting=10)

# Waiting ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("load", "asked", "refused"),
    [
        (Load(), 4, None),
        (Load(), 5, "member_waiting"),
        (Load(member_waiting=3, member_running=9), 1, None),
        (Load(member_waiting=3), 2, "member_waiting"),
        (Load(guild_waiting=8, guild_running=9), 2, None),
        (Load(guild_waiting=8), 3, "guild_waiting"),
        (Load(member_waiting=4, guild_waiting=10), 1, "member_waiting"),
    ],
)
def test_more_than_may_wait_is_refused_by_the_members_own_limit_first(
    load: Load, asked: int, refused: str | None
) -> None:
    found = refusal(LIMITS, load, asked)
    assert (found.key if found else None) == refused


def test_no_servers_limit_concerns_direct_messages() -> None:
    assert refusal(LIMITS, Load(guild_waiting=10), 1, in_guild=False) is None


def test_without_limits_nothing_is_refused() -> None:
    assert refusal(Limits(), Load(member_waiting=10**6, guild_waiting=10**6), 10**6) is None


@pytest.mark.parametrize(
    ("refused", "words"),
    [
        (
            Refusal(whose="member", asked=4, waiting=3, most=4),
            "You have 3 pictures waiting and may have 4. Ask for 1 or fewer.",
        ),
        (
            Refusal(whose="member", asked=1, waiting=4, most=4),
            "You have 4 pictures waiting and may have 4. Wait until one is done, or cancel some.",
        ),
        (
            Refusal(whose="guild", asked=1, waiting=1, most=1),
            "This server has 1 picture waiting and may have 1. Try again in a few minutes.",
        ),
        (
            Refusal(whose="member", asked=9, waiting=0, most=4),
            "9 pictures are more than the 4 that may wait. Ask for 4 or fewer.",
        ),
        (
            # The limit was lowered meanwhile.
            Refusal(whose="member", asked=1, waiting=9, most=4),
            "You have 9 pictures waiting and may have 4. Wait until one is done, or cancel some.",
        ),
    ],
)
def test_a_refusal_tells_the_numbers_and_what_to_do(refused: Refusal, words: str) -> None:
    assert refused.words == words


def test_pictures_are_counted_in_words() -> None:
    assert [pictures(count) for count in (0, 1, 2)] == ["0 pictures", "1 picture", "2 pictures"]


@pytest.mark.parametrize("name", ["member_waiting", "member_running", "guild_waiting", "guild_running"])
def test_a_limit_is_at_least_1(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is 0"):
        Limits(**{name: 0})


# Running ------------------------------------------------------------------------------------------------------------


def test_no_member_runs_more_than_allowed() -> None:
    policy = Policy(limits=Limits(member_running=2))
    queue = queue_of(*units("job", 5), *units("other", 1, member=2), policy=policy)
    running = [claimed for _ in range(4) if (claimed := queue.claim((A,)))]
    assert sorted(members(running)) == [1, 1, 2]
    assert queue.claim((A,)) is None
    queue.charge(next(each for each in running if each.member == 1), 1.0)
    again = queue.claim((A,))
    assert again is not None
    assert again.member == 1


def test_no_server_runs_more_than_allowed() -> None:
    policy = Policy(limits=Limits(guild_running=2))
    full = [unit(f"{member}", member=member, guild=7) for member in range(5)]
    queue = queue_of(*full, unit("elsewhere", member=9, guild=8), unit("direct", member=10), policy=policy)
    running = [claimed for _ in range(7) if (claimed := queue.claim((A,)))]
    assert Counter(each.guild for each in running) == {7: 2, 8: 1, None: 1}
    assert queue.load(MemberId(0), GuildId(7)).guild_running == 2
    queue.charge(next(each for each in running if each.guild == 7), 1.0)
    assert queue.claim((A,)) is not None


def test_companions_keep_the_limits_too() -> None:
    policy = Policy(limits=Limits(member_running=2, guild_running=3))
    queue = queue_of(*units("one", 5, guild=7), *units("two", 5, member=2, guild=7), policy=policy)
    first = queue.claim((A,))
    assert first is not None
    assert len(queue.companions(first, room=9)) == 2


def test_a_newcomer_does_not_wait_for_what_a_limit_kept_from_the_others_of_the_server() -> None:
    """While a server is held its members get no credit towards those who ask later."""
    policy = Policy(limits=Limits(guild_running=1), lookahead_seconds=0.0, lookahead_seconds_each=0.0)
    queue = queue_of(*units("first", 50, member=1, guild=7), *units("else", 500, member=2), policy=policy)
    running = next(each for each in (queue.claim((A,)), queue.claim((A,))) if each and each.guild == 7)
    assert members(drain(queue, count=300)) == [2] * 300
    for each in units("late", 50, member=3, guild=7):
        queue.add(each)
    queue.charge(running, running.seconds)
    assert Counter(members(drain(queue, count=9))) == {1: 3, 2: 3, 3: 3}


def test_a_server_that_was_held_takes_nothing_from_the_others_afterwards() -> None:
    policy = Policy(limits=Limits(guild_running=1), lookahead_seconds=0.0, lookahead_seconds_each=0.0)
    held = [each for member in range(10, 30) for each in units(f"{member}", 50, member=member, guild=7)]
    queue = queue_of(*held, *units("else", 500, member=2), policy=policy)
    claimed = [queue.claim((A,)) for _ in range(2)]
    running = next(each for each in claimed if each and each.guild == 7)
    drain(queue, count=300)
    for each in units("new", 50, member=3):
        queue.add(each)
    assert Counter(members(drain(queue, count=20))) == {2: 10, 3: 10}
    queue.charge(running, running.seconds)
    assert max(Counter(members(drain(queue, count=88))).values()) <= 5


def test_a_member_may_be_held_in_one_server_and_not_in_another() -> None:
    policy = Policy(limits=Limits(guild_running=1))
    queue = queue_of(unit("runs", member=9, guild=7), policy=policy)
    running = queue.claim((A,))
    assert running is not None
    for each in (unit("held", guild=7), unit("behind it", guild=8, enqueued_at=1.0), unit("free", member=2, guild=8)):
        queue.add(each)
    assert [each.job for each in drain(queue)] == ["free"]
    queue.charge(running, 1.0)
    assert [each.job for each in drain(queue)] == ["held", "behind it"]


def test_load_counts_what_waits_and_runs() -> None:
    queue = queue_of(*units("job", 3, guild=7), unit("other", member=2, guild=7), unit("direct"))
    queue.claim((A,))
    assert queue.load(MemberId(1), GuildId(7)) == Load(
        member_waiting=3, member_running=1, guild_waiting=3, guild_running=1
    )
    assert queue.load(MemberId(1)) == Load(member_waiting=3, member_running=1)
    assert queue.load(MemberId(99), GuildId(99)) == Load()
