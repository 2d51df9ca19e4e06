"""What is known at the moment decides: who is blocked, where a channel is now, and which words are looked for again."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.services import gatekeeping
from bot.services.audit import Audit
from bot.services.blocks import Blocks
from bot.services.budgets import Budgets
from bot.services.content import Found
from bot.services.gatekeeping import Gatekeeper
from bot.services.guilds import Guilds
from bot.services.policy import Standing
from bot.services.requests import Actor, Place
from bot.services.shares import Shares
from bot.texts import Mistake
from storage.guilds import Limits
from storage.jobs import AskedAs, NewJob
from tests.bot.queue.scripted import House, a_house, new_job

GUILD, CHANNEL, CATEGORY, ANN = 9, 1, 10, 5
ASKED = AskedAs(command="imagine", above=(CATEGORY,))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as opened:
        yield opened


@pytest.fixture
def places() -> dict[int, Place]:
    """Where channels are, as Discord tells it."""
    return {}


@pytest.fixture
def guilds(house: House) -> Guilds:
    return Guilds(database=house.database)


@pytest.fixture
def gatekeeper(house: House, guilds: Guilds, places: dict[int, Place]) -> Gatekeeper:
    return Gatekeeper(
        guilds=guilds,
        blocks=Blocks(database=house.database),
        budgets=Budgets(database=house.database),
        audit=Audit(database=house.database),
        shares=Shares(best_lane="normal"),
        dispatcher=house.dispatcher,
        live_place=lambda guild_id, channel_id: places.get(channel_id),
    )


def a_job(**changes: Any) -> NewJob:
    usual: dict[str, Any] = {"member_id": ANN, "guild_id": GUILD, "channel_id": CHANNEL, "asked_as": ASKED}
    return new_job(**(usual | changes))


def why(gatekeeper: Gatekeeper, job: NewJob) -> str | None:
    refusal = gatekeeper.may_run(job)
    return None if refusal is None else refusal.key


async def test_a_channel_is_where_discord_says_it_is_now_or_else_where_it_was(
    gatekeeper: Gatekeeper, guilds: Guilds, places: dict[int, Place]
) -> None:
    job = a_job()
    await guilds.change(GUILD, channels=(CATEGORY,), age_restricted="never")
    assert why(gatekeeper, job) is None, "nothing is known of the channel but what it was"
    places[CHANNEL] = Place(channel_id=CHANNEL, above=(CATEGORY,), age_restricted=True)
    assert why(gatekeeper, job) == "policy_age_never"
    places[CHANNEL] = Place(channel_id=CHANNEL)
    assert why(gatekeeper, job) == "policy_channel_elsewhere", "it was moved"


async def test_whoever_was_in_the_role_when_they_asked_still_is(gatekeeper: Gatekeeper, guilds: Guilds) -> None:
    await guilds.change(GUILD, limits=Limits(steps=1), role_limits={20: Limits(steps=50)})
    assert why(gatekeeper, a_job()) == "policy_steps"
    assert why(gatekeeper, a_job(asked_as=AskedAs(command="imagine", roles=(20,)))) is None


async def test_what_was_settled_when_it_was_asked_for_is_not_asked_again(
    gatekeeper: Gatekeeper, guilds: Guilds
) -> None:
    rules: dict[str, Any] = {"limits": Limits(waiting=0, daily_pictures=0), "past_budget": "refuse", "waiting": 0}
    await guilds.change(GUILD, allow_private=False, **rules)
    guilds.draining = "new disk"
    assert why(gatekeeper, a_job(private=True)) is None


async def test_words_are_looked_for_again_only_when_the_lists_have_changed(
    gatekeeper: Gatekeeper, guilds: Guilds, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[tuple[str, ...]] = []

    def look(settings: Any, texts: Any, seconds: float) -> Found:
        looked.append(settings.blocked_words)
        return Found(blocked="red" if "red" in settings.blocked_words else None)

    monkeypatch.setattr(gatekeeping, "found", look)
    job = a_job()
    assert why(gatekeeper, job) is None
    await guilds.change(GUILD, blocked_words=("cat",))
    assert [why(gatekeeper, job) for _ in range(3)] == [None] * 3
    await guilds.change(GUILD, blocked_words=("cat", "red"))
    assert [why(gatekeeper, job) for _ in range(2)] == ["content_blocked"] * 2
    assert looked == [("cat",), ("cat", "red"), ("cat", "red")]


async def test_whoever_lost_the_right_to_train_has_nothing_trained(gatekeeper: Gatekeeper, guilds: Guilds) -> None:
    job = a_job(kind="train")
    actor = Actor.of(job)
    assert why(gatekeeper, job) == "training_nobody"
    await guilds.change(GUILD, train="everyone")
    assert why(gatekeeper, job) is None
    assert gatekeeper.decide(job, actor, Standing(), Found()).refusal is None
    await guilds.change(GUILD, train="roles", train_roles=(20,))
    refusal = gatekeeper.decide(job, actor, Standing(), Found()).refusal
    assert refusal is not None
    assert refusal.key == why(gatekeeper, job) == "training_roles"
    assert why(gatekeeper, a_job(kind="train", asked_as=AskedAs(command="adapters", roles=(20,)))) is None


async def test_one_call_tells_at_the_door_whether_somebody_may_train(gatekeeper: Gatekeeper, guilds: Guilds) -> None:
    actor = Actor(member_id=ANN, guild_id=GUILD, place=Place(channel_id=CHANNEL), command="me")
    with pytest.raises(Mistake, match="only those who manage it may train"):
        gatekeeper.require_trainer(actor)
    await guilds.change(GUILD, train="everyone")
    gatekeeper.require_trainer(actor)
    await guilds.change(GUILD, command_channels={"train": (CHANNEL + 1,)})
    with pytest.raises(Mistake, match="/train"):
        gatekeeper.require_trainer(actor)
    await guilds.change(GUILD, command_channels={})
    guilds.draining = "new disk"
    with pytest.raises(Mistake, match="new disk"):
        gatekeeper.require_trainer(actor)


async def test_the_operators_bounds_hold_for_lanes(gatekeeper: Gatekeeper, guilds: Guilds) -> None:
    await guilds.change(GUILD, role_lanes={20: "priority"})
    actor = Actor(member_id=ANN, guild_id=GUILD, roles=frozenset({20}), place=Place(channel_id=CHANNEL))
    assert gatekeeper.decide(a_job(), actor, Standing(), Found()).lane == "normal"
