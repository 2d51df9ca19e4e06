"""Discord and the network fail for a while: what is under way waits, and comes out once."""

from pathlib import Path

import pytest

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
)
from tests.bot.stage import on_stage, urls_of

#: 0 cuts the wire. Of an answer, discord.py itself tries again after any 5xx.
STATUSES = [0, 429, 500, 503]


def tries(playground: Playground, method: str, path: str) -> int:
    """Return how often something with pictures was sent."""
    return sum(
        each.method == method and each.path.startswith(path) and bool(each.files) for each in playground.exchanges
    )


@pytest.mark.parametrize("after", [False, True], ids=["refused", "done"])
@pytest.mark.parametrize("status", STATUSES[:3])
async def test_the_answer_is_tried_again(playground: Playground, tmp_path: Path, status: int, after: bool) -> None:
    engine = HeldEngine()
    async with on_stage(playground, tmp_path, engine) as bot:
        _, job = await ask(playground, bot)
        fault = playground.faults.fail("PATCH", "/webhooks", status=status, after=after)
        engine.gate.set()
        assert (await ended(bot, job)).state == "sent"
        assert fault not in playground.faults.waiting
        assert tries(playground, "PATCH", "/webhooks") == 2
        [message] = playground.messages()
        assert len(urls_of(message)) == 1
        assert results_to(playground) == []
    assert await left_behind(tmp_path) == NOTHING


@pytest.mark.parametrize("after", [False, True], ids=["refused", "done"])
@pytest.mark.parametrize("status", STATUSES)
async def test_the_channel_is_tried_again(playground: Playground, tmp_path: Path, status: int, after: bool) -> None:
    engine = HeldEngine()
    async with on_stage(playground, tmp_path, engine) as bot:
        _, job = await ask(playground, bot)
        playground.clock.advance(FOURTEEN_MINUTES)
        fault = playground.faults.fail("POST", "/channels", status=status, after=after)
        engine.gate.set()
        delivery = await ended(bot, job)
        assert fault not in playground.faults.waiting
        [message] = playground.messages()
        assert (delivery.state, delivery.message_id) == ("sent", int(message["id"]))
        assert len(results(playground)) == 1
        assert results_to(playground) == []
    assert await left_behind(tmp_path) == NOTHING


async def test_where_the_bot_cannot_look_back_discord_refuses_the_repetition(
    playground: Playground, tmp_path: Path
) -> None:
    engine = HeldEngine()
    async with on_stage(playground, tmp_path, engine) as bot:
        _, job = await ask(playground, bot)
        channel = playground.world.find_channel("general")
        assert channel.guild is not None
        assert channel.guild.bot_member is not None
        channel.overwrite(channel.guild.bot_member, deny=Permission.READ_MESSAGE_HISTORY)
        playground.clock.advance(FOURTEEN_MINUTES)
        playground.faults.fail("POST", "/channels", status=0, after=True)
        engine.gate.set()
        assert (await ended(bot, job)).state == "sent"
        assert tries(playground, "POST", "/channels") == 2
        assert len(results(playground)) == 1
    assert await left_behind(tmp_path) == NOTHING


@pytest.mark.parametrize("after", [False, True], ids=["refused", "done"])
async def test_a_direct_message_is_tried_again(playground: Playground, tmp_path: Path, after: bool) -> None:
    engine = HeldEngine()
    async with on_stage(playground, tmp_path, engine) as bot:
        _, job = await ask(playground, bot, {"private": True})
        playground.clock.advance(FOURTEEN_MINUTES)
        playground.faults.fail("POST", "/users/@me/channels", status=503, after=after)
        playground.faults.fail("POST", "/channels", status=503, after=after)
        engine.gate.set()
        assert (await ended(bot, job)).state == "sent"
        assert len(results_to(playground)) == 1
        assert playground.messages() == []
    assert await left_behind(tmp_path) == NOTHING


async def test_the_token_lapses_while_the_answers_outcome_is_unknown(playground: Playground, tmp_path: Path) -> None:
    """The answer was changed, the reply was lost, and the next try comes too late: it is found, not sent again."""
    engine = HeldEngine()
    async with on_stage(playground, tmp_path, engine) as bot:
        invocation, job = await ask(playground, bot)
        bot.rooms.publisher._outbox._pause_seconds = 0.5
        playground.faults.fail("PATCH", "/webhooks", status=0, after=True)
        engine.gate.set()
        await playground.until(lambda: len(results(playground)) == 1)
        playground.clock.advance(FOURTEEN_MINUTES)
        delivery = await ended(bot, job)
        [message] = playground.messages()
        assert [message] == invocation.messages
        assert (delivery.state, delivery.message_id) == ("sent", int(message["id"]))
    assert await left_behind(tmp_path) == NOTHING


async def test_a_failed_looking_back_is_no_reason_to_send_again(playground: Playground, tmp_path: Path) -> None:
    engine = HeldEngine()
    async with on_stage(playground, tmp_path, engine) as bot:
        _, job = await ask(playground, bot)
        playground.clock.advance(FOURTEEN_MINUTES)
        playground.faults.fail("POST", "/channels", status=0, after=True)
        playground.faults.fail("GET", "/channels", status=503, times=3)
        engine.gate.set()
        await ended(bot, job)
        assert tries(playground, "POST", "/channels") == 1
        assert len(results(playground)) == 1
    assert await left_behind(tmp_path) == NOTHING


async def test_trouble_without_end_keeps_the_pictures(
    playground: Playground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.delivery.outbox.MOST_TRIES", 5)
    engine = HeldEngine()
    async with on_stage(playground, tmp_path, engine) as bot:
        _, job = await ask(playground, bot)
        playground.clock.advance(FOURTEEN_MINUTES)
        playground.faults.fail("POST", "/channels", status=503, times=None)
        engine.gate.set()
        delivery = await ended(bot, job)
        assert (delivery.state, delivery.attempts) == ("kept", 5)
        assert tries(playground, "POST", "/channels") == 5
        assert bot.rooms.publisher.kept == {playground.person("ann").id: 1}
        playground.faults.heal()
    assert await left_behind(tmp_path) == NOTHING


async def test_one_result_in_trouble_holds_up_no_other(playground: Playground, tmp_path: Path) -> None:
    engine = HeldEngine()
    async with on_stage(playground, tmp_path, engine) as bot:
        stuck = []
        for number in range(9):
            invocation, job = await ask(playground, bot, who=f"member {number}")
            stuck.append(job)
            playground.faults.fail(
                "PATCH", f"/webhooks/{playground.world.bot.id}/{invocation.interaction.token}", status=0, times=None
            )
        bot.rooms.publisher._outbox._pause_seconds = 3600.0
        _, job = await ask(playground, bot, who="ann")
        bot.rooms.publisher._outbox._pause_seconds = 3600.0
        engine.gate.set()
        await playground.until(lambda: len(results(playground)) == 1)
        assert set(bot.rooms.publisher._posts) >= set(stuck)
        playground.faults.heal()
    # What was stuck comes out after the restart.
    async with on_stage(playground, tmp_path):
        await playground.until(lambda: len(results(playground)) == 10)
    assert await left_behind(tmp_path) == NOTHING


async def test_a_failed_edit_does_no_harm(playground: Playground, tmp_path: Path) -> None:
    engine = HeldEngine()
    async with on_stage(playground, tmp_path, engine) as bot:
        _, job = await ask(playground, bot)
        bot.rooms.publisher._edit_seconds = 0.0
        bot.rooms.publisher._posts[job].next_edit_at = 0.0
        bot.rooms.publisher._posts[job].dirty = True
        fault = playground.faults.fail("PATCH", "/webhooks", status=0, times=3)
        await playground.until(lambda: fault not in playground.faults.waiting)
        engine.gate.set()
        await ended(bot, job)
        assert len(results(playground)) == 1
    assert await left_behind(tmp_path) == NOTHING
