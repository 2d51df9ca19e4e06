"""Servers that come and go: whoever added the bot is greeted once; what is kept of a server that is gone is deleted."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bot.app import Easel
from bot.services.greeting import changes_of, known
from bot.texts import Mistake
from inference.protocol.recipe import ContentHash
from playground import Playground
from playground.guilds import Guild
from playground.people import Person
from playground.permissions import EVERYONE, Permission
from storage import audit, jobs, presence
from storage.guilds import Limits, ModelRule, Settings
from tests.bot.stage import answer, answer_to, begun, labels_of, on_stage, painted, text_of

DAY = 86_400.0
SEES_THE_LOG = EVERYONE | Permission.VIEW_AUDIT_LOG


def new_server(playground: Playground, *people: Person) -> Guild:
    """Make a server where the bot is not yet."""
    guild = playground.world.guild("Newtown", bot=False)
    guild.channel("rules").overwrite(guild.everyone, deny=Permission.SEND_MESSAGES)
    guild.channel("lounge")
    for person in people:
        person.join(guild)
    return guild


def boss_of(playground: Playground, guild: Guild) -> Person:
    boss = playground.person("boss")
    boss.join(guild, [guild.role("bosses", EVERYONE | Permission.MANAGE_GUILD)])
    return boss


async def greeted(playground: Playground, person: str = "boss") -> dict[str, Any]:
    """Return the one message that somebody got."""
    await playground.until(lambda: playground.messages_to(person))
    [message] = playground.messages_to(person)
    return message


async def looked(bot: Easel) -> None:
    """Wait until the bot has seen where it is."""
    servers: Any = bot.get_cog("Servers")
    await servers.looked.wait()


# First contact ----------------------------------------------------------------------------------------------------


async def test_whoever_added_the_bot_is_told_once_what_to_set(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        guild = new_server(playground)
        boss = boss_of(playground, guild)
        guild.invite_bot(boss.user, SEES_THE_LOG)
        message = await greeted(playground)
        assert "Hello, and thank you for adding me to Newtown" in text_of(message)
        assert "/admin panel" in text_of(message)
        assert labels_of(message) == ["For everybody", "Careful with strangers"]
        settings = bot.rooms.guilds.settings(guild.id)
        assert settings.models_known
        assert settings.models == {model.name: ModelRule() for model in bot.rooms.dispatcher.models}
    async with on_stage(playground, tmp_path) as bot:
        # The bot comes back, and so does the server: neither is a first contact.
        guild.remove_bot()
        await playground.until(lambda: bot.get_guild(guild.id) is None)
        guild.invite_bot(boss.user, SEES_THE_LOG)
        await painted(playground, boss, channel="lounge")
    assert len(playground.messages_to("boss")) == 1
    assert len(playground.messages("lounge")) == 1


async def test_the_buttons_work_after_a_restart_and_are_noted(playground: Playground, tmp_path: Path) -> None:
    guild = new_server(playground)
    boss = boss_of(playground, guild)
    async with on_stage(playground, tmp_path):
        guild.invite_bot(boss.user, SEES_THE_LOG)
        message = await greeted(playground)
    async with on_stage(playground, tmp_path) as bot:
        told = await answer(playground, await boss.press(message, "Careful with strangers"))
        assert "careful with strangers" in text_of(told)
        chosen = bot.rooms.guilds.settings(guild.id)
        assert chosen.limits == Limits(steps=30, pixels=1024 * 1024, count=4, daily_pictures=60)
        assert (chosen.approve_adapters, chosen.past_budget) == (True, "refuse")
        noted = await audit.page(bot.rooms.database, guild.id, member_id=boss.id)
        assert "limits.steps" in {entry.action for entry in noted}
        ann = playground.person("ann")
        ann.join(guild)
        refused = await answer_to(playground, ann, "imagine", {"prompt": "x", "steps": 31}, channel="lounge")
        assert "30" in refused
        await answer(playground, await boss.press(message, "For everybody"))
        chosen = bot.rooms.guilds.settings(guild.id)
        assert (chosen.limits, chosen.approve_adapters, chosen.past_budget) == (Limits(), False, "relaxed")


async def test_only_who_manages_the_server_now_may_press(playground: Playground, tmp_path: Path) -> None:
    guild = new_server(playground)
    boss = boss_of(playground, guild)
    async with on_stage(playground, tmp_path) as bot:
        guild.invite_bot(boss.user, SEES_THE_LOG)
        message = await greeted(playground)
        before = bot.rooms.guilds.settings(guild.id)
        guild.assign(boss.user)
        refused = await answer(playground, await boss.press(message, "For everybody"))
        assert "Only whoever manages that server" in text_of(refused)
        guild.members.pop(boss.id)
        refused = await answer(playground, await boss.press(message, "Careful with strangers"))
        assert "Only whoever manages that server" in text_of(refused)
        guild.remove_bot()
        await playground.until(lambda: bot.get_guild(guild.id) is None)
        gone = await answer(playground, await boss.press(message, "Careful with strangers"))
        assert "nothing left to do that to" in text_of(gone)
        assert bot.rooms.guilds.settings(guild.id) == before


async def test_where_the_log_is_not_open_the_owner_is_told(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        guild = new_server(playground)
        guild.invite_bot(boss_of(playground, guild).user)
        assert "Newtown" in text_of(await greeted(playground, "owner"))
    assert playground.messages_to("boss") == []


async def test_with_closed_direct_messages_a_channel_is_told(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        guild = new_server(playground)
        boss, ann = boss_of(playground, guild), playground.person("ann")
        ann.join(guild)
        boss.accept_direct_messages(False)
        guild.invite_bot(boss.user, SEES_THE_LOG)
        await playground.until(lambda: playground.messages("lounge"))
        [message] = playground.messages("lounge")
        assert playground.messages("rules") == []
        assert labels_of(message) == ["For everybody", "Careful with strangers", "Only in this channel"]
        refused = await answer(playground, await ann.press(message, "Only in this channel"))
        assert "Only whoever manages that server" in text_of(refused)
        assert bot.rooms.guilds.settings(guild.id).channels == ()
        await answer(playground, await boss.press(message, "Only in this channel"))
        assert bot.rooms.guilds.settings(guild.id).channels == (guild.channel("lounge").id,)


async def test_the_system_channel_comes_first(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        guild = new_server(playground)
        guild.system_channel = guild.channel("welcome")
        guild.owner = boss_of(playground, guild).user
        playground.person("boss").accept_direct_messages(False)
        guild.invite_bot()
        await playground.until(lambda: playground.messages("welcome"))
    assert playground.messages("lounge") == []


async def test_where_nobody_can_be_told_the_bot_works_all_the_same(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        guild = playground.world.guild("Newtown", bot=False)
        guild.channel("rules").overwrite(guild.everyone, deny=Permission.SEND_MESSAGES)
        boss = boss_of(playground, guild)
        boss.accept_direct_messages(False)
        guild.invite_bot(boss.user, SEES_THE_LOG)
        await playground.until(lambda: bot.get_guild(guild.id) is not None)
        assert "Waiting" not in await answer_to(playground, boss, "help", channel="rules")
    assert playground.messages("rules") == []


async def test_when_discord_fails_it_is_tried_at_the_next_start(playground: Playground, tmp_path: Path) -> None:
    guild = new_server(playground)
    boss = boss_of(playground, guild)
    async with on_stage(playground, tmp_path):
        playground.faults.fail("POST", "/users/@me/channels", status=0)
        guild.invite_bot(boss.user, SEES_THE_LOG)
        await playground.until(lambda: not playground.faults.waiting)
    assert playground.messages_to("boss") == []
    async with on_stage(playground, tmp_path):
        await greeted(playground)


async def test_a_server_that_came_while_the_bot_slept_is_greeted(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        await looked(bot)
    guild = new_server(playground)
    guild.invite_bot(boss_of(playground, guild).user, SEES_THE_LOG)
    async with on_stage(playground, tmp_path):
        await greeted(playground)
    # Those that were there before it was noted where the bot is were not.
    assert playground.messages_to("owner") == []


async def test_a_server_that_discord_could_not_reach_is_greeted_later(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        await looked(bot)
    guild = new_server(playground)
    guild.invite_bot(boss_of(playground, guild).user, SEES_THE_LOG)
    guild.fail()
    async with on_stage(playground, tmp_path):
        assert playground.messages_to("boss") == []
        guild.recover()
        await greeted(playground)


async def test_a_server_that_the_operator_has_closed_is_told_nothing(playground: Playground, tmp_path: Path) -> None:
    guild = new_server(playground)
    boss = boss_of(playground, guild)
    async with on_stage(playground, tmp_path) as bot:
        await bot.rooms.guilds.close(guild.id, "no")
        guild.invite_bot(boss.user, SEES_THE_LOG)
        assert "closed" in await answer_to(playground, boss, "imagine", {"prompt": "x"}, channel="lounge")
    assert playground.messages_to("boss") == []
    assert playground.messages("lounge") == []


def test_a_button_for_a_channel_needs_one() -> None:
    with pytest.raises(Mistake):
        changes_of("here", None, Settings())


def test_what_a_press_says_nothing_of_stays() -> None:
    before = Settings(limits=Limits(steps=10, weekly_pictures=100, upscale=2))
    assert changes_of("careful", None, before)["limits"] == Limits(
        steps=30, pixels=1024 * 1024, count=4, daily_pictures=60, weekly_pictures=100, upscale=2
    )
    assert changes_of("everybody", None, before)["limits"] == Limits(weekly_pictures=100, upscale=2)


def test_what_admins_said_of_models_stays() -> None:
    before = Settings(models={"a": ModelRule(allowed=False)})
    assert known(["a", "b"], before) == {
        "models": {"a": ModelRule(allowed=False), "b": ModelRule()},
        "models_known": True,
    }
    assert known(["c"], Settings(models_known=True)) == {}
    # More than there can be rules for: none is new then.
    assert known([str(number) for number in range(201)], before) == {}


async def test_models_that_come_later_wait_for_an_admin(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        await looked(bot)
        ann = playground.person("ann")
        await painted(playground, ann)
        rooms = bot.rooms
        info = rooms.dispatcher.models[0]
        later = msgspec.structs.replace(info, name="later", hash=ContentHash("d" * 64))
        rooms.dispatcher.models = (info, later)
        refused = await answer_to(playground, ann, "imagine", {"prompt": "x", "model": "later"})
        assert "later" in refused
    async with on_stage(playground, tmp_path) as bot:
        # What is known is written down once, not at each start.
        await looked(bot)
        assert set(bot.rooms.guilds.settings(playground.world.guild("Atelier").id).models) == {info.name}


# Leaving ----------------------------------------------------------------------------------------------------------


async def test_what_runs_for_a_server_ends_when_it_is_left(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        guild = playground.world.guild("Second")
        guild.channel("lounge")
        ann = playground.person("ann")
        ann.join(guild)
        await begun(playground, ann, channel="lounge")
        [job] = bot.rooms.dispatcher.jobs()
        guild.remove_bot()
        await playground.until(lambda: bot.rooms.dispatcher.jobs() == [])
        found = await jobs.get(bot.rooms.database, job.id)
        assert found is not None and found.state == "failed"


async def test_a_server_that_is_gone_is_deleted_after_some_time(playground: Playground, tmp_path: Path) -> None:
    guild = playground.world.guild("Second")
    guild.channel("lounge")
    ann = playground.person("ann")
    ann.join(guild)
    boss = boss_of(playground, guild)
    async with on_stage(playground, tmp_path, purge_days=3) as bot:
        await painted(playground, ann, channel="lounge")
        await painted(playground, ann)
        await answer_to(
            playground, boss, "styles add", {"name": "Ink", "prompt": "ink", "for": "server"}, channel="lounge"
        )
    # It goes while the bot sleeps, and Discord cannot reach the other one just then.
    guild.remove_bot()
    atelier = playground.world.guild("Atelier")
    atelier.fail()
    async with on_stage(playground, tmp_path, purge_days=3) as bot:
        await looked(bot)
        known = await presence.all(bot.rooms.database)
        assert known[guild.id].left_at is not None
        assert known[atelier.id].left_at is None
        assert await bot.rooms.leaving.purge_due() == 0
        atelier.recover()
    playground.clock.advance(4 * DAY)
    async with on_stage(playground, tmp_path, purge_days=3) as bot:
        await playground.until(lambda: bot.rooms.styles.listed(ann.id, guild.id) == bot.rooms.styles.listed(ann.id, 1))
        await bot.rooms.leaving.purge_due()
        assert set(await presence.all(bot.rooms.database)) == {atelier.id}
        left = await jobs.history(bot.rooms.database, ann.id)
        assert [job.guild_id for job in left] == [atelier.id]
        assert await asyncio.to_thread(lambda: len(list((tmp_path / "pictures").rglob("*.png")))) == 1


async def test_a_server_that_comes_back_in_time_keeps_everything(playground: Playground, tmp_path: Path) -> None:
    guild = playground.world.guild("Second")
    guild.channel("lounge")
    boss = boss_of(playground, guild)
    async with on_stage(playground, tmp_path, purge_days=3) as bot:
        await painted(playground, boss, channel="lounge")
        guild.remove_bot()
        await playground.until(lambda: bot.get_guild(guild.id) is None)
    playground.clock.advance(2 * DAY)
    guild.invite_bot(boss.user)
    async with on_stage(playground, tmp_path, purge_days=3) as bot:
        await looked(bot)
        assert (await presence.all(bot.rooms.database))[guild.id].left_at is None
        playground.clock.advance(30 * DAY)
        assert await bot.rooms.leaving.purge_due() == 0
        assert len(await jobs.history(bot.rooms.database, boss.id)) == 1


async def test_the_operator_can_delete_a_server_at_once(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        await looked(bot)
        ann = playground.person("ann")
        atelier = playground.world.guild("Atelier")
        await painted(playground, ann)
        await begun(playground, ann)
        assert await bot.rooms.leaving.purge(atelier.id) == 2
        assert bot.rooms.dispatcher.jobs() == []
        assert await jobs.history(bot.rooms.database, ann.id) == []
        await painted(playground, ann)
    async with on_stage(playground, tmp_path) as bot:
        await looked(bot)
        assert (await presence.all(bot.rooms.database))[atelier.id].greeted_at is not None
    assert playground.messages_to("owner") == []
