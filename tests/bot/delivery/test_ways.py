"""Every way that a result can go, and what closes it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.app import Easel
from playground import Playground
from playground.permissions import Permission
from tests.bot.delivery.acting import (
    FOURTEEN_MINUTES,
    NOTHING,
    HeldEngine,
    ask,
    ended,
    left_behind,
    results,
    results_to,
    says,
    until_idle,
)
from tests.bot.stage import is_result, labels_of, on_stage, text_of, urls_of


@asynccontextmanager
async def held(playground: Playground, folder: Path) -> AsyncIterator[tuple[Easel, HeldEngine]]:
    """Run a bot whose engine waits for the gate; assert at the end that nothing is left behind."""
    engine = HeldEngine()
    async with on_stage(playground, folder, engine) as bot:
        yield bot, engine
        engine.gate.set()
    assert await left_behind(folder) == NOTHING


def mentions(message: dict[str, object]) -> list[str]:
    found = message["mentions"]
    assert isinstance(found, list)
    return [user["username"] for user in found]


# Public -------------------------------------------------------------------------------------------------------------


async def test_the_answer_becomes_the_result(playground: Playground, tmp_path: Path) -> None:
    async with held(playground, tmp_path) as (bot, engine):
        invocation, job = await ask(playground, bot, {"count": 3})
        assert labels_of(invocation.messages[0]) == ["Cancel"]
        engine.gate.set()
        assert (await ended(bot, job)).state == "sent"
        [message] = playground.messages()
        assert len(urls_of(message)) == 3
        assert invocation.messages == [message]
        assert mentions(message) == []


async def test_past_14_minutes_a_message_in_the_channel_mentions_the_member(
    playground: Playground, tmp_path: Path
) -> None:
    async with held(playground, tmp_path) as (bot, engine):
        playground.person("bob")
        _, job = await ask(playground, bot, {"prompt": f"@everyone and {playground.person('bob').mention}"})
        playground.clock.advance(FOURTEEN_MINUTES)
        engine.gate.set()
        assert (await ended(bot, job)).state == "sent"
        # What showed how it went is gone.
        [message] = playground.messages()
        assert is_result(message)
        assert says(message, "moved")
        assert mentions(message) == ["ann"]
        assert not message["mention_everyone"]
        answers = [each for each in playground.exchanges if each.method == "PATCH" and each.files]
        assert answers == [], "the token was not used in its last minute"
        [sent] = [each for each in playground.exchanges if each.method == "POST" and each.files]
        allowed = {"parse": [], "users": [playground.person("ann").id]}
        assert {key: sent.request["allowed_mentions"].get(key) for key in allowed} == allowed


async def test_a_token_that_lapsed_unexpectedly(playground: Playground, tmp_path: Path) -> None:
    async with held(playground, tmp_path) as (bot, engine):
        _, job = await ask(playground, bot)
        playground.faults.lapse_tokens()
        engine.gate.set()
        await ended(bot, job)
        [message] = playground.messages()
        assert is_result(message)
        assert mentions(message) == ["ann"]


async def test_a_message_that_somebody_deleted(playground: Playground, tmp_path: Path) -> None:
    async with held(playground, tmp_path) as (bot, engine):
        invocation, job = await ask(playground, bot)
        await playground.person("owner").delete(invocation.messages[0])
        engine.gate.set()
        await ended(bot, job)
        [message] = playground.messages()
        assert is_result(message)
        assert mentions(message) == ["ann"]


async def test_a_message_deleted_while_it_grows_is_not_edited_again(playground: Playground, tmp_path: Path) -> None:
    async with held(playground, tmp_path) as (bot, engine):
        invocation, job = await ask(playground, bot)
        bot.rooms.publisher._edit_seconds = 0.0
        bot.rooms.publisher._posts[job].next_edit_at = 0.0
        await playground.person("owner").delete(invocation.messages[0])
        engine.gate.set()
        await ended(bot, job)
        assert len(results(playground)) == 1
        refused = [each for each in playground.exchanges if each.method == "PATCH" and each.status == 404]
        assert len(refused) <= 2, "one edit, and the result"


async def test_a_deleted_channel(playground: Playground, tmp_path: Path) -> None:
    async with held(playground, tmp_path) as (bot, engine):
        _, job = await ask(playground, bot)
        playground.faults.delete_channel("general")
        engine.gate.set()
        assert (await ended(bot, job)).state == "sent"
        [message] = playground.messages_to("ann")
        assert is_result(message)
        assert says(message, "by_dm")


@pytest.mark.parametrize("missing", [Permission.SEND_MESSAGES, Permission.VIEW_CHANNEL, Permission.ATTACH_FILES])
async def test_a_channel_where_the_bot_may_not_write(
    playground: Playground, tmp_path: Path, missing: Permission
) -> None:
    async with held(playground, tmp_path) as (bot, engine):
        _, job = await ask(playground, bot)
        channel = playground.world.find_channel("general")
        assert channel.guild is not None
        assert channel.guild.bot_member is not None
        channel.overwrite(channel.guild.bot_member, deny=missing)
        playground.faults.lapse_tokens()
        engine.gate.set()
        delivery = await ended(bot, job)
        [message] = playground.messages_to("ann")
        assert is_result(message)
        assert (delivery.channel_id, delivery.message_id) == (playground.person("ann").dm.id, int(message["id"]))
        assert results(playground) == []


async def test_without_any_way_the_pictures_are_kept_and_the_member_is_told_once(
    playground: Playground, tmp_path: Path
) -> None:
    async with held(playground, tmp_path) as (bot, engine):
        ann = playground.person("ann")
        ann.accept_direct_messages(False)
        _, job = await ask(playground, bot)
        playground.faults.delete_channel("general")
        engine.gate.set()
        delivery = await ended(bot, job)
        assert delivery.state == "kept"
        assert "50007" in (delivery.error or "")
        assert bot.rooms.publisher.kept == {ann.id: 1}
        assert playground.messages_to("ann") == []

        next(iter(playground.world.guilds.values())).channel("other")
        told = []
        for _ in range(2):
            invocation = await ann.command("imagine", {"prompt": "again"}, channel="other")
            await playground.until(lambda: any(map(is_result, invocation.messages)))  # noqa: B023
            await until_idle(bot)
            told += [message for message in invocation.followups if says(message, "kept")]
        [message] = told
        assert message not in playground.messages("other"), "seen by the member alone"
        assert len(results(playground, "other")) == 2


async def test_what_is_kept_is_remembered_over_a_restart(playground: Playground, tmp_path: Path) -> None:
    async with held(playground, tmp_path) as (bot, engine):
        playground.person("ann").accept_direct_messages(False)
        _, job = await ask(playground, bot)
        playground.faults.delete_channel("general")
        engine.gate.set()
        await ended(bot, job)
    async with on_stage(playground, tmp_path) as bot:
        assert bot.rooms.publisher.kept == {playground.person("ann").id: 1}


async def test_a_failure_takes_the_same_ways(playground: Playground, tmp_path: Path) -> None:
    async with held(playground, tmp_path) as (bot, engine):
        _, job = await ask(playground, bot, {"prompt": "fail@1"})
        playground.clock.advance(FOURTEEN_MINUTES)
        engine.gate.set()
        await ended(bot, job)
        [message] = playground.messages()
        assert says(message, "failed")
        assert "The model gave no picture." in text_of(message)
        assert mentions(message) == ["ann"]


async def test_what_was_cancelled_late_is_taken_away_and_nobody_is_told(playground: Playground, tmp_path: Path) -> None:
    async with held(playground, tmp_path) as (bot, _):
        _, job = await ask(playground, bot)
        playground.clock.advance(FOURTEEN_MINUTES)
        assert await bot.rooms.dispatcher.cancel(job) == 1
        assert (await ended(bot, job)).state == "failed"
        assert playground.messages() == []
        assert playground.messages_to("ann") == []


async def test_a_cancelled_request_says_so(playground: Playground, tmp_path: Path) -> None:
    async with held(playground, tmp_path) as (bot, _):
        invocation, job = await ask(playground, bot)
        await playground.person("ann").press(invocation.messages[0], "Cancel")
        assert (await ended(bot, job)).state == "sent"
        [message] = playground.messages()
        assert says(message, "cancelled")


# Private ------------------------------------------------------------------------------------------------------------


async def test_a_private_result_is_seen_by_the_member_alone(playground: Playground, tmp_path: Path) -> None:
    async with held(playground, tmp_path) as (bot, engine):
        invocation, job = await ask(playground, bot, {"private": True})
        engine.gate.set()
        await ended(bot, job)
        assert is_result(invocation.messages[0])
        assert invocation.response.ephemeral
        assert playground.messages() == []


@pytest.mark.parametrize("dm_open", [True, False])
@pytest.mark.parametrize("lapsed", [True, False], ids=["lapsed", "late"])
async def test_a_private_result_is_never_public(
    playground: Playground, tmp_path: Path, dm_open: bool, lapsed: bool
) -> None:
    async with held(playground, tmp_path) as (bot, engine):
        playground.person("ann").accept_direct_messages(dm_open)
        _, job = await ask(playground, bot, {"private": True})
        if lapsed:
            playground.faults.lapse_tokens()
        else:
            playground.clock.advance(FOURTEEN_MINUTES)
        engine.gate.set()
        assert (await ended(bot, job)).state == ("sent" if dm_open else "kept")
        assert playground.messages() == []
        assert len(results_to(playground)) == int(dm_open)
        posted = [each for each in playground.exchanges if each.method == "POST" and each.path.endswith("/messages")]
        channels = {each.path for each in posted}
        assert channels == {f"/channels/{playground.person('ann').dm.id}/messages"}


async def test_a_private_failure_is_never_public(playground: Playground, tmp_path: Path) -> None:
    async with held(playground, tmp_path) as (bot, engine):
        _, job = await ask(playground, bot, {"prompt": "fail@1", "private": True})
        playground.faults.lapse_tokens()
        engine.gate.set()
        await ended(bot, job)
        assert playground.messages() == []
        [message] = playground.messages_to("ann")
        assert says(message, "failed")


# Elsewhere ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("late", [False, True])
async def test_in_direct_messages(playground: Playground, tmp_path: Path, late: bool) -> None:
    async with held(playground, tmp_path) as (bot, engine):
        _, job = await ask(playground, bot, channel=playground.person("ann").dm)
        if late:
            playground.clock.advance(FOURTEEN_MINUTES)
        engine.gate.set()
        assert (await ended(bot, job)).state == "sent"
        [message] = playground.messages_to("ann")
        assert is_result(message)
        assert playground.messages() == []


@pytest.mark.parametrize("late", [False, True])
async def test_where_the_bot_is_not(playground: Playground, tmp_path: Path, late: bool) -> None:
    elsewhere = playground.world.guild("Elsewhere", bot=False)
    channel = elsewhere.channel("lounge")
    ann = playground.person("ann")
    ann.join(elsewhere)
    ann.install()
    async with held(playground, tmp_path) as (bot, engine):
        _, job = await ask(playground, bot, channel=channel)
        if late:
            playground.clock.advance(FOURTEEN_MINUTES)
        engine.gate.set()
        assert (await ended(bot, job)).state == "sent"
        assert len(results(playground, channel)) == int(not late)
        assert len(results_to(playground)) == int(late)


async def test_a_guild_that_the_bot_was_taken_out_of(playground: Playground, tmp_path: Path) -> None:
    async with held(playground, tmp_path) as (bot, _engine):
        _, job = await ask(playground, bot)
        playground.faults.lapse_tokens()
        playground.world.find_channel("general").guild.remove_bot()  # type: ignore[union-attr]
        assert (await ended(bot, job)).state == "sent"
        [message] = playground.messages_to("ann")
        assert says(message, "ended_left")
        assert results(playground) == results_to(playground) == []
