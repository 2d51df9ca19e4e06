"""The buttons under a request: for its member, for others, for moderators, and after a restart."""

import json
from pathlib import Path
from typing import Any

import pytest

from inference.protocol.recipe import painted as diffusion
from playground import Playground
from playground.people import Person
from playground.permissions import EVERYONE, Permission
from tests.bot.stage import (
    answer,
    begun,
    is_private,
    is_result,
    labels_of,
    on_stage,
    painted,
    text_of,
    told,
    urls_of,
    words_of,
)


def moderator(playground: Playground) -> Person:
    """Return somebody who may manage messages."""
    guild = playground.world.guild("Atelier")
    mod = playground.person("mod")
    mod.join(guild, [guild.role("mods", EVERYONE | Permission.MANAGE_MESSAGES)])
    return mod


async def test_every_button_works_after_a_restart(playground: Playground, tmp_path: Path) -> None:
    ann = playground.person("ann")
    async with on_stage(playground, tmp_path):
        message = await painted(playground, ann, "a blue square", seed=5)
    async with on_stage(playground, tmp_path) as bot:
        again = await ann.press(message, "Again")
        await playground.until(lambda: any(map(is_result, again.messages)))
        settings = await answer(playground, await ann.press(message, "Settings"))
        assert "Seed: 5," in text_of(settings)
        await ann.press(message, "Delete")
        await playground.until(lambda: [shown["id"] for shown in playground.messages()] == [again.messages[0]["id"]])
        page = await bot.rooms.gallery.history(ann.id)
        assert [len(made.kept) for made in page.made] == [1, 0]


async def test_a_request_is_cancelled_after_a_restart(playground: Playground, tmp_path: Path) -> None:
    ann = playground.person("ann")
    async with on_stage(playground, tmp_path, stop_seconds=0.0):
        asked = await begun(playground, ann)
    async with on_stage(playground, tmp_path) as bot:
        await ann.press(asked.messages[0], "Cancel")
        await playground.until(lambda: "Cancelled." in words_of(asked))
        assert bot.rooms.dispatcher.jobs() == []


async def test_settings_are_whole_and_harmless(playground: Playground, tmp_path: Path) -> None:
    prompt = "```@everyone``` \u202egpj **bold**"
    async with on_stage(playground, tmp_path):
        ann, bob = playground.person("ann"), playground.person("bob")
        message = await painted(playground, ann, prompt)
        shown = await answer(playground, await bob.press(message, "Settings"))
        assert is_private(shown)
        assert text_of(shown).count("```") == 2
        assert "\u202e" not in text_of(shown)
        (file,) = [part for part in _parts(shown) if part["type"] == 13]
        recipe = json.loads(playground.world.cdn.content(int(file["file"]["attachment_id"])))
    assert recipe["prompt"] == prompt


def _parts(message: dict[str, Any]) -> list[dict[str, Any]]:
    return [part for container in message["components"] for part in container["components"]]


async def test_long_settings_go_into_the_file(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        message = await painted(playground, ann, "word " * 1000, negative="bad " * 1000)
        assert len(text_of(message)) < 1000
        shown = await answer(playground, await ann.press(message, "Settings"))
    assert text_of(shown).endswith("…\n```")


async def test_again_belongs_to_whoever_presses_it(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann, bob = playground.person("ann"), playground.person("bob")
        message = await painted(playground, ann, count=2, seed=9)
        pressed = await bob.press(message, "Again")
        await playground.until(lambda: any(map(is_result, pressed.messages)))
        (made,) = (await bot.rooms.gallery.history(bob.id)).made
    assert not is_private(pressed.messages[0])
    assert bob.mention in words_of(pressed)
    assert (made.job.count, diffusion(made.job.recipe).prompt) == (2, "a red circle")
    assert diffusion(made.job.recipe).seed != 9


async def test_others_cannot_delete_and_moderators_can(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann, bob, mod = playground.person("ann"), playground.person("bob"), moderator(playground)
        message = await painted(playground, ann)
        assert "somebody else" in await told(playground, await bob.press(message, "Delete"))
        assert len(playground.messages()) == 1
        await mod.press(message, "Delete")
        await playground.until(lambda: not playground.messages())
        (made,) = (await bot.rooms.gallery.history(ann.id)).made
    assert made.kept == ()


async def test_a_moderator_elsewhere_is_none_here(playground: Playground, tmp_path: Path) -> None:
    elsewhere = playground.world.guild("Elsewhere")
    elsewhere.channel("lounge")
    async with on_stage(playground, tmp_path):
        ann, mod = playground.person("ann"), playground.person("mod")
        ann.join(elsewhere)
        mod.join(elsewhere, [elsewhere.role("mods", EVERYONE | Permission.MANAGE_MESSAGES)])
        here = await painted(playground, ann)
        assert "somebody else" in await told(playground, await mod.press(here, "Delete"))
        there = await painted(playground, ann, channel="lounge")
        await mod.press(there, "Delete")
        await playground.until(lambda: not playground.messages("lounge"))


async def test_deleting_a_copy_takes_the_message_away_too(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        await painted(playground, ann)
        page = await answer(playground, await ann.command("history"))
        shown = await ann.press(page, "Show")
        copy = await answer(playground, shown)
        await ann.press(copy, "Delete")
        await playground.until(lambda: not playground.messages() and not shown.messages)
        again = await ann.press(page, "Show")
        assert "no longer kept" in text_of(await answer(playground, again))


@pytest.mark.parametrize("label", ["Again", "Settings", "Delete"])
async def test_what_was_forgotten_is_gone_for_its_buttons(playground: Playground, tmp_path: Path, label: str) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann, bob = playground.person("ann"), playground.person("bob")
        message = await painted(playground, ann)
        await bot.rooms.people.forget(ann.id)
        assert "nothing left" in await told(playground, await bob.press(message, label))
        # A public "thinking" went away again.
        assert [shown["id"] for shown in playground.messages()] == [message["id"]]


async def test_too_late_to_cancel(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path, stop_seconds=0.0) as bot:
        ann = playground.person("ann")
        asked = await begun(playground, ann)
        shown = asked.messages[0]
        (job,) = bot.rooms.dispatcher.jobs()
        await bot.rooms.dispatcher.cancel(job.id)
        assert "nothing left" in await told(playground, await ann.press(shown, "Cancel"))


async def test_pictures_too_large_for_discord_are_shown_smaller(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        await painted(playground, ann)
        page = await answer(playground, await ann.command("history"))
        playground.faults.fail("POST", "/webhooks", status=413, code=40005)
        shown = await answer(playground, await ann.press(page, "Show"))
    assert urls_of(shown)[0].split("?")[0].endswith(".webp")
    assert "shown smaller" in text_of(shown)
    assert labels_of(shown) == ["Upscale 2×", "Vary", "More", "Again", "Settings", "Delete"]
