"""/queue mine, all and cancel."""

from pathlib import Path
from typing import Any

from inference.protocol.recipe import painted as diffusion
from playground import Playground
from playground.people import Person
from playground.permissions import EVERYONE, Permission
from tests.bot.stage import answer, answer_to, begun, is_private, labels_of, on_stage, text_of, told, words_of

#: Pictures run one at a time, and nobody waits for them at the end.
ONE_BY_ONE: dict[str, Any] = {"max_rows": 2, "stop_seconds": 0.0}


async def queue_of(playground: Playground, person: Person, whose: str = "mine") -> dict[str, Any]:
    return await answer(playground, await person.command(f"queue {whose}"))


async def test_nothing_waits(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        assert "You have nothing waiting" in await answer_to(playground, ann, "queue mine")
        assert "Nothing is waiting" in await answer_to(playground, ann, "queue all")
        assert "You have nothing waiting" in await answer_to(playground, ann, "queue cancel")


async def test_others_prompts_are_not_shown(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path, **ONE_BY_ONE):
        ann, bob = playground.person("ann"), playground.person("bob")
        await begun(playground, ann, "slow secret garden", count=2)
        await begun(playground, bob, "slow lighthouse")
        mine, all_ = await queue_of(playground, bob), await queue_of(playground, bob, "all")
    assert "slow lighthouse" in text_of(mine)
    assert "secret" not in text_of(mine) + text_of(all_)
    assert "▶ somebody’s · 2 pictures" in text_of(all_)
    assert "2\\. **slow lighthouse** · 1 picture" in text_of(all_)
    assert is_private(all_)
    assert labels_of(mine) == ["Cancel", "Refresh"]
    assert labels_of(all_) == ["Refresh"]


async def test_the_list_shows_what_is_left_after_a_cancel(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path, **ONE_BY_ONE) as bot:
        ann = playground.person("ann")
        first = await begun(playground, ann, "slow one")
        await begun(playground, ann, "slow two")
        shown = await ann.command("queue mine")
        message = await answer(playground, shown)
        await ann.press(message, "Cancel")
        await playground.until(lambda: "slow one" not in words_of(shown))
        assert "slow two" in words_of(shown)
        await playground.until(lambda: "Cancelled." in words_of(first))
        assert [diffusion(job.recipe).prompt for job in bot.rooms.dispatcher.jobs()] == ["slow two"]
        await ann.press(message, "Cancel")
        await playground.until(lambda: "You have nothing waiting" in words_of(shown))


async def test_refresh_looks_again(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path, **ONE_BY_ONE):
        ann, bob = playground.person("ann"), playground.person("bob")
        shown = await ann.command("queue all")
        message = await answer(playground, shown)
        await begun(playground, bob)
        await ann.press(message, "Refresh")
        await playground.until(lambda: "somebody’s" in words_of(shown))


async def test_a_long_queue_is_cut_short(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path, member_waiting=100, **ONE_BY_ONE):
        ann = playground.person("ann")
        for number in range(11):
            await begun(playground, ann, f"slow *number* {number} " + "@everyone " * 30)
        mine = await queue_of(playground, ann)
        assert labels_of(mine) == ["Cancel"] * 8 + ["Refresh"]
        assert "and 3 more requests" in text_of(mine)
        assert "slow \\*number\\* 0 @\u200beveryone" in text_of(mine)
        assert not mine["mention_everyone"]
        assert "Cancelled: 11 pictures." in await answer_to(playground, ann, "queue cancel")
        assert "nothing" in await answer_to(playground, ann, "queue mine")


async def test_cancel_takes_a_choice_or_a_part_of_the_prompt(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path, **ONE_BY_ONE) as bot:
        ann = playground.person("ann")
        for prompt in ("slow red house", "slow red ship", "slow blue ship"):
            await begun(playground, ann, prompt)
        offered = await ann.autocomplete("queue cancel", {"request": "RED"}, "request")
        assert [choice["name"] for choice in offered] == ["slow red house · 1 picture", "slow red ship · 1 picture"]
        chosen = {"request": offered[0]["value"]}
        assert await answer_to(playground, ann, "queue cancel", chosen) == "Cancelled: 1 picture."
        assert "Several" in await answer_to(playground, ann, "queue cancel", {"request": "ship"})
        no_such = await answer_to(playground, ann, "queue cancel", {"request": "**castle** @here"})
        assert "no unfinished request like “\\*\\*castle\\*\\* @\u200bhere”" in no_such
        assert await answer_to(playground, ann, "queue cancel", {"request": "Blue"}) == "Cancelled: 1 picture."
        assert [diffusion(job.recipe).prompt for job in bot.rooms.dispatcher.jobs()] == ["slow red ship"]


async def test_choices_fit_discord(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path, member_waiting=100, **ONE_BY_ONE):
        ann = playground.person("ann")
        await begun(playground, ann, "slow " + "very " * 100 + "long")
        (choice,) = await ann.autocomplete("queue cancel", {}, "request")
    assert len(choice["name"]) == 100
    assert choice["name"].endswith("… · 1 picture")


async def test_only_the_member_and_moderators_cancel(playground: Playground, tmp_path: Path) -> None:
    guild = playground.world.guild("Atelier")
    async with on_stage(playground, tmp_path, **ONE_BY_ONE) as bot:
        ann, bob, mod = (playground.person(name) for name in ("ann", "bob", "mod"))
        mod.join(guild, [guild.role("mods", EVERYONE | Permission.MANAGE_MESSAGES)])
        asked = await begun(playground, ann)
        message = asked.messages[0]
        (job,) = bot.rooms.dispatcher.jobs()
        assert "somebody else" in await told(playground, await bob.press(message, "Cancel"))
        assert "somebody else" in await answer_to(playground, bob, "queue cancel", {"request": job.id})
        assert await bob.autocomplete("queue cancel", {}, "request") == []
        await mod.press(message, "Cancel")
        await playground.until(lambda: "Cancelled." in words_of(asked))
        assert bot.rooms.dispatcher.jobs() == []


async def test_the_list_works_after_a_restart(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path, **ONE_BY_ONE):
        ann = playground.person("ann")
        await begun(playground, ann)
        shown = await ann.command("queue mine")
        message = await answer(playground, shown)
    async with on_stage(playground, tmp_path, **ONE_BY_ONE) as bot:
        await ann.press(message, "Cancel")
        await playground.until(lambda: "You have nothing waiting" in words_of(shown))
        assert bot.rooms.dispatcher.jobs() == []
