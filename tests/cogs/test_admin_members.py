"""/admin members: blocked and allowed, what they used, what they wait for, and what they made."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from playground import Playground
from playground.people import Person
from playground.permissions import EVERYONE, Permission
from storage import images
from storage.guilds import Limits
from storage.members import Defaults
from tests.bot.stage import (
    answer,
    answer_to,
    begun,
    is_private,
    on_stage,
    painted,
    text_of,
    told,
    walk,
    words_of,
)
from tests.cogs.company import elsewhere, manager

BLOCKED = "The admins of this server have blocked you from using me here"
ONE_BY_ONE: dict[str, Any] = {"max_rows": 2, "stop_seconds": 0.0}


async def admin(playground: Playground, person: Person, name: str, **options: Any) -> str:
    return await answer_to(playground, person, f"admin members {name}", options)


def messages_in(playground: Playground, channel: str = "general") -> list[int]:
    return list(playground.world.guild("Atelier").channel(channel).messages)


# Blocks -------------------------------------------------------------------------------------------------------------


async def test_a_blocked_member_is_refused_everything_and_told_why(playground: Playground, tmp_path: Path) -> None:
    owner, ann = playground.person("owner"), playground.person("ann")
    async with on_stage(playground, tmp_path) as bot:
        message = await painted(playground, ann)
        words = await admin(playground, owner, "block", member="ann", reason="too many  *cats*")
        assert words.endswith("Whenever they try, they are told: too many \\*cats\\*")
    async with on_stage(playground, tmp_path) as bot:
        guild = playground.world.guild("Atelier").id
        assert bot.rooms.blocks.reason(guild, ann.id) == "too many *cats*"
        for name, options in (("imagine", {"prompt": "a cat"}), ("history", {}), ("queue mine", {})):
            assert await answer_to(playground, ann, name, options) == f"{BLOCKED}: too many \\*cats\\*"
        assert (await told(playground, await ann.press(message, "Again"))).startswith(BLOCKED)
        await answer_to(playground, ann, "me show")
        await ann.press(message, "Delete")
        await playground.until(lambda: message["id"] not in [each["id"] for each in playground.messages()])
        await painted(playground, ann, channel=ann.dm)
        await painted(playground, playground.person("bob"))
        assert "may use me in this server again" in await admin(playground, owner, "allow", member="ann")
        assert "is not blocked here" in await admin(playground, owner, "allow", member="ann")
        await painted(playground, ann)


async def test_a_block_holds_in_one_server(playground: Playground, tmp_path: Path) -> None:
    owner, ann = playground.person("owner"), playground.person("ann")
    elsewhere(playground, owner, ann)
    async with on_stage(playground, tmp_path):
        await admin(playground, owner, "block", member="ann")
        await painted(playground, ann, channel="lounge")
        assert await answer_to(playground, ann, "history") == f"{BLOCKED}."


async def test_who_cannot_be_blocked(playground: Playground, tmp_path: Path) -> None:
    owner, boss = playground.person("owner"), manager(playground)
    playground.person("ann")
    async with on_stage(playground, tmp_path) as bot:
        assert await admin(playground, owner, "block", member="owner") == "You cannot block yourself."
        assert "manages this server" in await admin(playground, owner, "block", member="boss")
        assert "manages this server" in await admin(playground, boss, "block", member="owner")
        robot = playground.world.bot
        assert "Bots ask for nothing" in await admin(playground, owner, "block", member=robot)
        told_long = await answer_to(
            playground, owner, "admin members block", {"member": "ann", "reason": "x" * 301}, checked=False
        )
        assert "at most 300 characters" in told_long
        assert bot.rooms.blocks.of_guild(playground.world.guild("Atelier").id) == []


async def test_blocking_cancels_what_waits(playground: Playground, tmp_path: Path) -> None:
    owner, ann, bob = (playground.person(name) for name in ("owner", "ann", "bob"))
    elsewhere(playground, owner, ann)
    async with on_stage(playground, tmp_path, **ONE_BY_ONE) as bot:
        running = await begun(playground, ann, count=2)
        await begun(playground, ann, channel="lounge")
        await begun(playground, bob)
        assert "What waited for them was cancelled: 2 pictures." in await admin(
            playground, owner, "block", member="ann"
        )
        await playground.until(lambda: BLOCKED in words_of(running))
        left = [(job.member_id, job.guild_id) for job in bot.rooms.dispatcher.jobs()]
        assert left == [(ann.id, playground.world.guild("Elsewhere").id), (bob.id, bob_guild(playground))]


def bob_guild(playground: Playground) -> int:
    return playground.world.guild("Atelier").id


async def test_who_is_blocked_is_shown(playground: Playground, tmp_path: Path) -> None:
    owner = playground.person("owner")
    async with on_stage(playground, tmp_path):
        assert "Nobody is blocked" in await admin(playground, owner, "show")
        for number in range(16):
            person = playground.person(f"stranger{number}")
            person.join(playground.world.guild("Atelier"))
            await admin(playground, owner, "block", member=person, reason=f"reason {number}")
        message = await answer(playground, await owner.command("admin members show"))
        words = text_of(message)
        assert "## Blocked in this server: 16" in words
        assert f"by <@{owner.id}>: reason 15" in words
        assert "… and 1 more" in words
        file = next(part["file"] for part in walk(message["components"]) if part["type"] == 13)
        data = playground.world.cdn.content(int(file["attachment_id"])).decode()
        assert len(data.splitlines()) == 16
        assert data.splitlines()[-1].endswith("\treason 0")


async def test_a_block_outlives_the_members_data(playground: Playground, tmp_path: Path) -> None:
    owner, ann = playground.person("owner"), playground.person("ann")
    async with on_stage(playground, tmp_path):
        await admin(playground, owner, "block", member="ann", reason="x")
        asked = await ann.command("me delete")
        await ann.press(await answer(playground, asked), "Delete it all")
        await playground.until(lambda: "Everything kept about you is gone" in words_of(asked))
    async with on_stage(playground, tmp_path):
        assert (await answer_to(playground, ann, "history")).startswith(BLOCKED)


# Usage --------------------------------------------------------------------------------------------------------------


async def test_what_was_used_is_shown(playground: Playground, tmp_path: Path) -> None:
    owner, ann, bob = (playground.person(name) for name in ("owner", "ann", "bob"))
    elsewhere(playground, ann)
    async with on_stage(playground, tmp_path) as bot:
        guild = playground.world.guild("Atelier").id
        await painted(playground, ann, count=3)
        await painted(playground, bob)
        await painted(playground, ann, channel="lounge", count=2)
        shown = await admin(playground, owner, "usage", member="ann")
        assert f"What <@{ann.id}> used" in shown
        assert "**Today**: 3 pictures," in shown, "what they used elsewhere does not count"
        assert "budget" not in shown
        shown = await admin(playground, owner, "usage")
        assert "**Today**: 4 pictures," in shown
        assert shown.index(f"<@{ann.id}>: 3 pictures") < shown.index(f"<@{bob.id}>: 1 picture")
        await bot.rooms.guilds.change(guild, limits=Limits(daily_pictures=5, weekly_seconds=3600.0))
        shown = await admin(playground, owner, "usage", member="ann")
        assert "today: 2 of 5 pictures" in shown
        assert "this week: 60 min of 60 min of the machine" in shown
        playground.clock.advance(86_400 * 2)
        shown = await admin(playground, owner, "usage", member="ann")
        assert "**Today**: 0 pictures" in shown
        assert "**Last 7 days**: 3 pictures" in shown
        assert "today: 5 of 5 pictures" in shown


# What waits ---------------------------------------------------------------------------------------------------------


async def test_what_waits_is_cancelled_and_costs_nothing(playground: Playground, tmp_path: Path) -> None:
    owner, ann = playground.person("owner"), playground.person("ann")
    async with on_stage(playground, tmp_path, **ONE_BY_ONE) as bot:
        assert await admin(playground, owner, "cancel", member="ann") == "They wait for nothing here."
        asked = await begun(playground, ann, count=3)
        shown = await admin(playground, owner, "cancel", member="ann")
        assert shown == f"Cancelled for <@{ann.id}>: 3 pictures. Nothing of it counts against their budget."
        await playground.until(lambda: "Those who run this server cancelled it." in words_of(asked))
        assert bot.rooms.dispatcher.jobs() == []
        assert bot.rooms.budgets.reserved_pictures == 0
        await painted(playground, ann)


# What they made -----------------------------------------------------------------------------------------------------


async def test_all_of_a_members_pictures_are_deleted(playground: Playground, tmp_path: Path) -> None:
    owner, ann, bob = (playground.person(name) for name in ("owner", "ann", "bob"))
    elsewhere(playground, owner, ann)
    async with on_stage(playground, tmp_path, stop_seconds=0.0) as bot:
        public = await painted(playground, ann, "one", count=2)
        await painted(playground, ann, "two", private=True)
        others = await painted(playground, bob, "three")
        await painted(playground, ann, "four", channel="lounge")
        running = await begun(playground, ann, "slow")
        await bot.rooms.people.change(ann.id, count=2, most_pictures=8)
        progress = running.messages[-1]
        question = await answer(playground, await owner.command("admin members delete", {"member": "ann"}))
        assert "**3 pictures** would be gone" in text_of(question)
    async with on_stage(playground, tmp_path, stop_seconds=0.0) as bot:
        assert int(public["id"]) in messages_in(playground), "it was only asked"
        await playground.until(lambda: bot.rooms.dispatcher.running == 1)
        pressed = await owner.press(question, "Delete them all")
        await playground.until(lambda: f"Deleted of <@{ann.id}>: 3 pictures, 1 that waited" in words_of(pressed))
        shown = messages_in(playground)
        assert int(public["id"]) not in shown
        assert int(progress["id"]) not in shown
        assert int(others["id"]) in shown
        found = await images.of_member(bot.rooms.database, ann.id)
        assert [image.deleted_at is None for image in found] == [True, False, False, False]
        kept = await asyncio.to_thread(lambda: list((tmp_path / "pictures").rglob("*.png")))
        assert len(kept) == 2, "bob's, and what ann made elsewhere"
        assert bot.rooms.people.defaults(ann.id) == Defaults(count=2)
        assert bot.rooms.dispatcher.jobs() == []
        await painted(playground, ann, "five")


async def test_a_message_that_cannot_be_taken_away_is_left_for_the_next_time(
    playground: Playground, tmp_path: Path
) -> None:
    owner, ann = playground.person("owner"), playground.person("ann")
    async with on_stage(playground, tmp_path):
        message = await painted(playground, ann)
        route = f"/channels/{message['channel_id']}/messages/{message['id']}"
        playground.faults.fail("DELETE", route, status=403)

        async def delete() -> str:
            question = await answer(playground, await owner.command("admin members delete", {"member": "ann"}))
            pressed = await owner.press(question, "Delete them all")
            await playground.until(lambda: "Deleted of" in words_of(pressed))
            return words_of(pressed)

        assert "1 picture, 0 that waited, and 0 messages.\nSome messages could not be taken away" in await delete()
        assert int(message["id"]) in messages_in(playground)
        assert "0 pictures, 0 that waited, and 1 messages." in await delete()
        assert int(message["id"]) not in messages_in(playground)


async def test_the_button_is_for_those_who_manage_the_server(playground: Playground, tmp_path: Path) -> None:
    guild, mia, ann = playground.world.guild("Atelier"), playground.person("mia"), playground.person("ann")
    role = guild.role("keepers", EVERYONE | Permission.MANAGE_GUILD)
    mia.join(guild, [role])
    async with on_stage(playground, tmp_path) as bot:
        await painted(playground, ann)
        question = await answer(playground, await mia.command("admin members delete", {"member": "ann"}))
        assert is_private(question)
        with pytest.raises(LookupError):
            await ann.press(question, "Delete them all")
        assert (await images.of_member(bot.rooms.database, ann.id))[0].deleted_at is None


async def test_who_is_offered_it(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        with pytest.raises(LookupError, match="offered no command 'admin'"):
            await playground.person("ann").command("admin members block", {"member": "bob"})
