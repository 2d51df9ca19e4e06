"""/operator: what whoever runs the bot sees and decides, and nobody else."""

import asyncio
import logging
import re
from pathlib import Path

import pytest
from discord import app_commands

from bot.texts import say
from playground import Playground
from playground.people import Person
from storage import notes
from storage.backup import archives
from tests.bot.delivery.acting import until_idle
from tests.bot.stage import (
    answer,
    answer_to,
    begun,
    is_private,
    is_result,
    labels_of,
    on_stage,
    painted,
    text_of,
    told,
    walk,
    words_of,
)
from tests.cogs.company import elsewhere, manager

COMMANDS = {
    "status": {},
    "servers": {},
    "close": {"server": "Atelier"},
    "open": {"server": "Atelier"},
    "broadcast": {"text": "hello"},
    "drain": {},
    "resume": {},
    "backup": {},
    "keep": {},
}


async def test_it_is_the_operators_alone(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        group = bot.tree.get_command("operator")
        assert isinstance(group, app_commands.Group)
        assert {command.name for command in group.commands} == set(COMMANDS)
        for person in (playground.person("ann"), manager(playground)):
            for name, options in COMMANDS.items():
                words = await answer_to(playground, person, f"operator {name}", options, channel=person.dm)
                assert words == say("operator_only")
            with pytest.raises(LookupError, match="offered no command 'operator'"):
                await person.command("operator status")
        assert bot.rooms.guilds.draining is None
        assert bot.rooms.guilds.closed == {}
        assert not await asyncio.to_thread(archives, tmp_path / "backups")


async def test_servers_are_not_offered_to_strangers(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann, owner = playground.person("ann"), playground.person("owner")
        for person, names in ((ann, []), (owner, ["Atelier"])):
            choices = await person.autocomplete("operator close", {"server": "ate"}, "server", channel=person.dm)
            assert [choice["name"].partition(" (")[0] for choice in choices] == names


async def test_where_discord_does_not_tell_nobody_is_the_operator(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        owner = playground.person("owner")
        bot.owners = type(bot.owners)(bot)
        playground.faults.fail("GET", "/oauth2/applications/@me", status=503, times=5)
        assert await answer_to(playground, owner, "operator drain", channel=owner.dm) == say("operator_unknown")
        assert bot.rooms.guilds.draining is None


async def test_status(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        owner = playground.person("owner")
        await painted(playground, playground.person("ann"))
        logging.getLogger("easel.answers").error("error %s in %s", "0123abcd", "an interaction", exc_info=KeyError("x"))
        words = await answer_to(playground, owner, "operator status", channel=owner.dm)
        for part in ("**Device** clockwork", "1 pictures", "1 open, 0 closed", "launched 1×, died 0×"):
            assert part in words
        assert re.search(r"Errors of the last day: 1\n<t:\d+:R> KeyError: error 0123abcd in an interaction", words)


async def test_a_server_is_closed_and_opened(playground: Playground, tmp_path: Path) -> None:
    guild, ann, owner = playground.world.guild("Atelier"), playground.person("ann"), playground.person("owner")
    elsewhere(playground, ann)
    async with on_stage(playground, tmp_path):
        closing = {"server": "atelier", "why": "unpaid *bills*"}
        await answer_to(playground, owner, "operator close", closing, channel=owner.dm)
        assert "unpaid" in await answer_to(playground, ann, "imagine", {"prompt": "x"})
    async with on_stage(playground, tmp_path):
        assert "unpaid" in await answer_to(playground, ann, "imagine", {"prompt": "x"})
        await painted(playground, ann, channel="lounge")
        listed = await answer_to(playground, owner, "operator servers", channel=owner.dm)
        assert f"**Atelier** `{guild.id}`" in listed
        assert r"closed: unpaid \*bills\*" in listed
        assert "1 pictures" in listed.partition("Elsewhere")[2]
        opening = {"server": str(guild.id)}
        words = await answer_to(playground, owner, "operator open", opening, channel=owner.dm)
        assert words == say("operator_opened", name="Atelier")
        words = await answer_to(playground, owner, "operator open", opening, channel=owner.dm)
        assert words == say("operator_was_open", name="Atelier")
        await painted(playground, ann)
        words = await answer_to(playground, owner, "operator close", {"server": "Nowhere"}, channel=owner.dm)
        assert words == say("operator_no_server", name="Nowhere")


async def test_while_it_drains_nothing_new_is_taken_on(playground: Playground, tmp_path: Path) -> None:
    ann, owner = playground.person("ann"), playground.person("owner")
    async with on_stage(playground, tmp_path, stop_seconds=0.0) as bot:
        slow = await begun(playground, ann, steps=80)
        words = await answer_to(playground, owner, "operator drain", {"words": "new disks, back at 8"})
        assert words == say("operator_drained")
        assert "new disks, back at 8" in await answer_to(playground, ann, "imagine", {"prompt": "x"})
        assert "new disks" in await answer_to(playground, owner, "operator status")
        assert bot.rooms.dispatcher.running + bot.rooms.dispatcher.waiting == 1, "what was asked before goes on"
    async with on_stage(playground, tmp_path):
        await playground.until(lambda: any(map(is_result, slow.messages)), 60)
        assert "new disks" in await answer_to(playground, ann, "imagine", {"prompt": "x"})
        assert await answer_to(playground, owner, "operator resume") == say("operator_resumed")
        assert await answer_to(playground, owner, "operator resume") == say("operator_not_draining")
        await painted(playground, ann)


# Broadcast


async def test_a_broadcast_is_seen_first_and_sent_once(playground: Playground, tmp_path: Path) -> None:
    atelier, owner = playground.world.guild("Atelier"), playground.person("owner")
    silent, closed = playground.world.guild("Silent"), playground.world.guild("Closed")
    atelier.system_channel = atelier.channel("news")
    closed.system_channel = closed.channel("lobby")
    broken = playground.world.guild("Broken")
    broken.system_channel = broken.channel("dead")
    path = f"/channels/{broken.system_channel.id}/messages"
    playground.faults.fail("POST", path, status=403, code=50013, times=None)
    assert silent.system_channel is None
    async with on_stage(playground, tmp_path):
        await answer_to(playground, owner, "operator close", {"server": "Closed"}, channel=owner.dm)
        asked = await owner.command("operator broadcast", {"text": "**Back** soon, @everyone"}, channel=owner.dm)
        shown = await answer(playground, asked)
        assert is_private(shown) and labels_of(shown) == ["Send it"]
        assert "This goes to 2 servers" in text_of(shown) and "left out: 1." in text_of(shown)
        assert text_of(shown).endswith("may write: Silent")
        assert not owner.messages("news")
    async with on_stage(playground, tmp_path):
        pressed = await owner.press(shown, "Send it")
        assert await told(playground, pressed) == say(
            "operator_broadcast_failed", sent=1, failed=2, names="Silent, Broken"
        )
        (sent,) = owner.messages("news")
        assert text_of(sent) == f"-# {say('operator_broadcast_heading')}\n**Back** soon, @everyone"
        assert not sent["mention_everyone"]
        await _again(playground, owner, shown)
        assert len(owner.messages("news")) == 1


async def _again(playground: Playground, owner: Person, shown: dict[str, object]) -> None:
    """Press the button of a message as it was before."""
    playground.world.find_message(int(str(shown["id"]))).components = shown["components"]  # type: ignore[assignment]
    pressed = await owner.press(shown, "Send it")
    assert await told(playground, pressed) == say("operator_broadcast_gone")


async def test_a_forged_button_sends_nothing(playground: Playground, tmp_path: Path) -> None:
    atelier, ann = playground.world.guild("Atelier"), playground.person("ann")
    atelier.system_channel = atelier.channel("news")
    async with on_stage(playground, tmp_path) as bot:
        targets = await bot.rooms.broadcasts.draft("hello")
        message = await painted(playground, ann)
        button = next(part for part in walk(message["components"]) if part.get("label") == "Settings")
        button["custom_id"] = f"easel:broadcast:{targets.draft}"
        found = playground.world.find_message(int(message["id"]))
        found.components = message["components"]
        pressed = await ann.press(message, "Settings")
        assert await told(playground, pressed) == say("operator_only")
        assert not ann.messages("news")
        assert await notes.get(bot.rooms.database, f"broadcast:{targets.draft}") == "hello"


# Backup and retention


async def test_a_backup_is_made(playground: Playground, tmp_path: Path) -> None:
    owner = playground.person("owner")
    async with on_stage(playground, tmp_path):
        await painted(playground, playground.person("ann"))
        asked = await owner.command("operator backup", {"keep": 2}, channel=owner.dm)
        await playground.until(lambda: "The backup is whole" in words_of(asked))
        (archive,) = await asyncio.to_thread(archives, tmp_path / "backups")
        assert f"`{archive}`" in words_of(asked)
        assert "Last backup** <t:" in await answer_to(playground, owner, "operator status", channel=owner.dm)


async def test_what_would_go(playground: Playground, tmp_path: Path) -> None:
    owner = playground.person("owner")
    async with on_stage(playground, tmp_path) as bot:
        await painted(playground, playground.person("ann"))
        # What is still on its way goes with no age.
        await until_idle(bot)
        playground.clock.advance(3 * 86_400)
        words = await answer_to(playground, owner, "operator keep", {"days": 2}, channel=owner.dm)
        assert "deleted after 30 days" in words and "2 days, 1 pictures would go" in words
        words = await answer_to(playground, owner, "operator keep", {"days": 4}, channel=owner.dm)
        assert "4 days, 0 pictures would go" in words
