"""Budgets, and rules that change while a request waits, as members see them."""

import re
from pathlib import Path
from typing import Any

import pytest

from bot.app import Easel
from bot.housekeeping import DAY_SECONDS
from bot.texts import say
from playground import Playground
from storage import jobs, usage
from storage.guilds import Limits, ModelRule
from tests.bot.stage import answer_to, begun, is_result, on_stage, painted, text_of, urls_of, words_of


@pytest.fixture(autouse=True)
def noon(playground: Playground) -> None:
    """Let it be noon, so that no day ends during a test."""
    playground.clock.advance((DAY_SECONDS * 1.5 - playground.clock.now() % DAY_SECONDS) % DAY_SECONDS)


async def set_rules(bot: Easel, playground: Playground, **rules: Any) -> int:
    guild_id = playground.world.guild("Atelier").id
    await bot.rooms.guilds.change(guild_id, **rules)
    return guild_id


async def test_past_a_budget_a_request_is_refused_and_the_member_told_what_is_left(
    playground: Playground, tmp_path: Path
) -> None:
    async with on_stage(playground, tmp_path) as bot:
        guild_id = await set_rules(bot, playground, limits=Limits(daily_pictures=3), past_budget="refuse")
        ann, bob = playground.person("ann"), playground.person("bob")
        await painted(playground, ann, count=2)
        words = await answer_to(playground, ann, "imagine", {"prompt": "x", "count": 2})
        assert "3 pictures a day" in words
        assert re.search(r" <t:\d+:R>\.$", words), "Discord shows how far away that is"
        assert "1 are left" in words
        await painted(playground, ann)
        assert "0 are left" in await answer_to(playground, ann, "imagine", {"prompt": "x"})
        await painted(playground, bob, count=3)
        # Elsewhere is another budget.
        await painted(playground, ann, channel=ann.dm)
        rows = await usage.of_guild(bot.rooms.database, guild_id)
        assert {row.member_id: row.pictures for row in rows} == {ann.id: 3, bob.id: 3}


async def test_what_fails_or_is_cancelled_is_given_back(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        await set_rules(bot, playground, limits=Limits(daily_pictures=2), past_budget="refuse")
        ann = playground.person("ann")
        failing = await ann.command("imagine", {"prompt": "fail@1", "steps": 2, "count": 2})
        await playground.until(lambda: "The model gave no picture" in words_of(failing))
        lasting = await begun(playground, ann, count=2)
        assert "0 are left" in await answer_to(playground, ann, "imagine", {"prompt": "x"})
        await ann.press(lasting.messages[-1], "Cancel")
        await playground.until(lambda: "Cancelled" in words_of(lasting))
        await painted(playground, ann, count=2)
        assert "0 are left" in await answer_to(playground, ann, "imagine", {"prompt": "x"})


async def test_a_budget_outlives_a_restart_and_a_deleted_account(playground: Playground, tmp_path: Path) -> None:
    ann = playground.person("ann")
    async with on_stage(playground, tmp_path) as bot:
        await set_rules(bot, playground, limits=Limits(weekly_pictures=1), past_budget="refuse")
        await painted(playground, ann)
        await bot.rooms.people.forget(ann.id)
        assert "0 are left" in await answer_to(playground, ann, "imagine", {"prompt": "x"})
        await painted(playground, playground.person("bob"))
    async with on_stage(playground, tmp_path):
        bob = playground.person("bob")
        assert "0 are left" in await answer_to(playground, bob, "imagine", {"prompt": "x"})


async def test_past_a_budget_a_request_may_wait_behind_all_others(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        await set_rules(bot, playground, limits=Limits(daily_pictures=1), past_budget="relaxed")
        ann = playground.person("ann")
        await painted(playground, ann)
        await painted(playground, ann)
        lanes = [job.lane for job in await jobs.history(bot.rooms.database, ann.id)]
        assert lanes == ["relaxed", "normal"]


async def test_a_role_has_its_lane_and_weight_within_what_the_operator_allows(
    playground: Playground, tmp_path: Path
) -> None:
    ann = playground.person("ann")
    guild = playground.world.guild("Atelier")
    role = guild.role("patrons", 0)
    ann.join(guild, [role])
    rules = {"role_lanes": {role.id: "priority"}, "role_weights": {role.id: 50.0}}
    for lanes, lane in (("priority", "priority"), ("normal", "normal")):
        async with on_stage(playground, tmp_path, role_lanes=lanes, most_weight=8.0) as bot:
            await set_rules(bot, playground, **rules)
            asked = await begun(playground, ann)
            [unfinished] = bot.rooms.dispatcher.jobs()
            assert unfinished.lane == lane
            flights = bot.rooms.dispatcher.board.flights
            await playground.until(lambda: flights)  # noqa: B023
            [flight] = flights.values()
            assert flight.unit.weight == 8.0
            await ann.press(asked.messages[-1], "Cancel")
            await playground.until(lambda: "Cancelled" in words_of(asked))  # noqa: B023


async def test_rules_are_asked_again_when_it_is_a_pictures_turn(playground: Playground, tmp_path: Path) -> None:
    """Of three pictures two are painted when the model is denied: they come, with the reason for the third."""
    async with on_stage(playground, tmp_path, max_rows=4) as bot:
        ann = playground.person("ann")
        ann.user.locale = "de"
        asked = await ann.command("imagine", {"prompt": "slow", "steps": 15, "count": 3})
        await playground.until(lambda: bot.rooms.dispatcher.running == 2)
        await set_rules(bot, playground, models={"clockwork": ModelRule(allowed=False)})
        await playground.until(lambda: any(map(is_result, asked.messages)))
        result = asked.messages[-1]
        assert len(urls_of(result)) == 2
        assert "Nicht alle ließen sich malen" in text_of(result)
        assert say("policy_model_denied", "de", name="clockwork") in text_of(result)
        assert (await usage.of_member(bot.rooms.database, ann.id))[0].pictures == 2
        assert bot.rooms.budgets.reserved_pictures == 0
