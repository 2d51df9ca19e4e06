"""Presses that make new pictures: who may, how late, and what is told when there is nothing to make them of."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from bot.app import Easel
from bot.services.requests import Actor
from inference.protocol.recipe import ContentHash
from playground import Playground
from playground.invocations import Invocation
from playground.people import Person
from playground.permissions import EVERYONE, Permission
from storage import jobs
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
)

#: As the menu of /admin buttons shows them.
AUTHOR, ROLES, ANYBODY = "nobody else", "members with a role", "everyone"
REFUSED = "In this server only "
A_DAY = 24 * 60 * 60


def cast(playground: Playground) -> dict[str, Person]:
    """Return Ann, whose picture it is; Bob, who is anybody; Roy, who has the role; and a moderator."""
    guild = playground.world.guild("Atelier")
    people = {name: playground.person(name) for name in ("ann", "bob", "roy", "mod")}
    people["roy"].join(guild, [guild.role("makers")])
    people["mod"].join(guild, [guild.role("mods", EVERYONE | Permission.MANAGE_MESSAGES)])
    return people


async def let_press(playground: Playground, who: str, **roles: str) -> str:
    return await answer_to(playground, playground.person("owner"), "admin roles buttons", {"who": who} | roles)


async def made(playground: Playground, pressed: Invocation) -> dict[str, Any]:
    """Return the message of what came of a press, once the pictures are there."""
    await playground.until(lambda: any(is_result(message) for message in pressed.messages))
    return next(message for message in pressed.messages if is_result(message))


async def count_of(bot: Easel, person: Person) -> int:
    return len(await jobs.history(bot.rooms.database, person.id))


# Who may ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "roles", "allowed"),
    [
        (ANYBODY, {}, {"ann", "bob", "roy", "mod"}),
        (AUTHOR, {}, {"ann", "mod"}),
        (ROLES, {"role": "makers"}, {"ann", "roy", "mod"}),
        (ROLES, {"role2": "@everyone"}, {"ann", "bob", "roy", "mod"}),
    ],
)
async def test_who_may_press(
    playground: Playground, tmp_path: Path, who: str, roles: dict[str, str], allowed: set[str]
) -> None:
    people = cast(playground)
    async with on_stage(playground, tmp_path) as bot:
        message = await painted(playground, people["ann"])
        await let_press(playground, who, **roles)
        for name, person in people.items():
            before = await count_of(bot, person)
            pressed = await person.press(message, "Vary")
            if name in allowed:
                assert person.mention in text_of(await made(playground, pressed))
            else:
                assert (await told(playground, pressed)).startswith(REFUSED)
            assert await count_of(bot, person) - before == (name in allowed)


async def test_every_button_that_makes_a_picture_asks(playground: Playground, tmp_path: Path) -> None:
    people = cast(playground)
    bob, role = people["bob"], playground.world.guild("Atelier").role("makers")
    async with on_stage(playground, tmp_path) as bot:
        message = await painted(playground, people["ann"])
        card = await answer(playground, await bob.press(message, "More"))
        tree = await answer(playground, await bob.press(card, "Where it comes from"))
        form = (await (await bob.press(card, "Remix")).settled()).modal
        assert form is not None
        await let_press(playground, ROLES, role="makers")
        for shown, label in (
            (message, "Again"),
            (message, "Vary"),
            (card, "Vary strongly"),
            (card, "New seed"),
            (card, "Zoom out 2×"),
            (card, "Extend up"),
            (card, "Upscale 2×"),
            (card, "Edit or inpaint"),
            (card, "Remix"),
            (tree, "Paint it again exactly"),
        ):
            refused = await told(playground, await bob.press(shown, label))
            assert refused.startswith(REFUSED), label
            assert refused.endswith(f"<@&{role.id}>"), "a role is named as Discord shows it"
        sent = await answer(playground, await bob.submit(form, {}))
        assert text_of(sent).startswith(REFUSED), "the form is older than the setting"
        assert is_private(sent)
        assert await count_of(bot, bob) == 0
        assert [each["id"] for each in playground.messages()] == [message["id"]], "no public thinking stays behind"
        assert "Seed:" in text_of(await answer(playground, await bob.press(message, "Settings")))
        assert is_private(await answer(playground, await bob.press(message, "More")))


async def test_the_setting_of_the_moment_counts_for_old_buttons(playground: Playground, tmp_path: Path) -> None:
    people = cast(playground)
    bob = people["bob"]
    async with on_stage(playground, tmp_path):
        await let_press(playground, AUTHOR)
        message = await painted(playground, people["ann"])
        assert (await told(playground, await bob.press(message, "Again"))).startswith(REFUSED)
    async with on_stage(playground, tmp_path):
        assert (await told(playground, await bob.press(message, "Again"))).startswith(REFUSED)
        await let_press(playground, ANYBODY)
        assert bob.mention in text_of(await made(playground, await bob.press(message, "Again")))


async def test_a_role_counts_while_somebody_has_it(playground: Playground, tmp_path: Path) -> None:
    people, guild = cast(playground), playground.world.guild("Atelier")
    async with on_stage(playground, tmp_path):
        message = await painted(playground, people["ann"])
        await let_press(playground, ROLES, role="makers")
        guild.assign(people["roy"].user)
        guild.assign(people["bob"].user, guild.role("makers"))
        assert (await told(playground, await people["roy"].press(message, "Vary"))).startswith(REFUSED)
        await made(playground, await people["bob"].press(message, "Vary"))


async def test_a_servers_setting_is_its_own(playground: Playground, tmp_path: Path) -> None:
    people = cast(playground)
    ann, bob = people["ann"], people["bob"]
    elsewhere = playground.world.guild("Elsewhere")
    elsewhere.channel("lounge")
    ann.join(elsewhere)
    bob.join(elsewhere)
    ann.install()
    async with on_stage(playground, tmp_path):
        await let_press(playground, AUTHOR)
        await made(playground, await ann.press(await painted(playground, ann, channel=ann.dm), "Vary"))
        for place in ("lounge", ann.private_channel(bob)):
            shown = await painted(playground, ann, channel=place)
            assert bob.mention in text_of(await made(playground, await bob.press(shown, "Vary")))


async def test_what_others_make_of_a_picture_is_theirs(playground: Playground, tmp_path: Path) -> None:
    people = cast(playground)
    ann, roy = people["ann"], people["roy"]
    async with on_stage(playground, tmp_path) as bot:
        message = await painted(playground, ann)
        await let_press(playground, ROLES, role="makers")
        child = await made(playground, await roy.press(message, "Vary"))
        assert child["id"] != message["id"]
        assert (await count_of(bot, ann), await count_of(bot, roy)) == (1, 1)
        await let_press(playground, AUTHOR)
        assert (await told(playground, await ann.press(child, "Vary"))).startswith(REFUSED)
        await made(playground, await roy.press(child, "Vary"))
        assert await count_of(bot, roy) == 2


# How large ----------------------------------------------------------------------------------------------------------


async def test_how_large_pictures_become_by_buttons(playground: Playground, tmp_path: Path) -> None:
    people = cast(playground)
    ann, owner = people["ann"], playground.person("owner")
    async with on_stage(playground, tmp_path) as bot:
        message = await painted(playground, ann, size="512x1024")
        card = await answer(playground, await ann.press(message, "More"))

        async def refused(label: str) -> str:
            return await told(playground, await ann.press(card, label))

        await answer_to(playground, owner, "admin limits upscale", {"most": "not at all"})
        for label in ("Upscale 2×", "Upscale 4×", "Hires 2×"):
            assert await refused(label) == "In this server pictures are not made larger."
        assert "Upscale 2×" not in labels_of(await answer(playground, await ann.press(message, "More")))
        assert "Upscale 2×" not in labels_of(await painted(playground, ann))
        await answer_to(playground, owner, "admin limits upscale", {"most": "up to 2×", "megapixels": 2})
        assert "at most 2 times as wide and as high; you asked for 4 times" in await refused("Upscale 4×")
        for label in ("Upscale 2×", "Hires 2×"):
            assert "may have 2 million pixels; this one would have 2.1" in await refused(label)
        assert await count_of(bot, ann) == 2
        await answer_to(playground, owner, "admin limits upscale", {"megapixels": 3})
        assert is_result(await made(playground, await ann.press(card, "Hires 2×")))
        assert (await jobs.history(bot.rooms.database, ann.id))[0].kind == "hires_2"


# How late -----------------------------------------------------------------------------------------------------------


async def test_a_day_later_after_a_restart_somebody_else_presses(playground: Playground, tmp_path: Path) -> None:
    people = cast(playground)
    ann, bob = people["ann"], people["bob"]
    async with on_stage(playground, tmp_path):
        message = await painted(playground, ann)
        card = await answer(playground, await bob.press(message, "More"))
    playground.clock.advance(A_DAY)
    async with on_stage(playground, tmp_path) as bot:
        for shown, label in ((message, "Vary"), (message, "Again"), (card, "Zoom out 2×")):
            child = await made(playground, await bob.press(shown, label))
            assert bob.mention in text_of(child)
            assert not is_private(child)
        await made(playground, await ann.press(message, "Vary"))
        form = (await (await bob.press(card, "Remix")).settled()).modal
        assert form is not None
        sent = await bob.submit(form, {})
        await made(playground, sent)
        assert (await count_of(bot, bob), await count_of(bot, ann)) == (4, 2)
        assert len([each for each in playground.messages() if is_result(each)]) == 6


# Nothing to make it of ----------------------------------------------------------------------------------------------


async def test_a_picture_that_was_deleted(playground: Playground, tmp_path: Path) -> None:
    people = cast(playground)
    ann, bob = people["ann"], people["bob"]
    async with on_stage(playground, tmp_path) as bot:
        message = await painted(playground, ann)
        card = await answer(playground, await bob.press(message, "More"))
        (job,) = await jobs.history(bot.rooms.database, ann.id)
        await bot.rooms.gallery.delete(job.id, Actor(member_id=ann.id, guild_id=None))
        for shown, label in ((message, "Vary"), (message, "More"), (card, "New seed"), (card, "Remix")):
            assert "no longer kept" in await told(playground, await bob.press(shown, label))
        assert await count_of(bot, bob) == 0


async def test_a_model_that_is_no_longer_installed(playground: Playground, tmp_path: Path) -> None:
    people = cast(playground)
    ann, bob = people["ann"], people["bob"]
    async with on_stage(playground, tmp_path) as bot:
        message = await painted(playground, ann)
        card = await answer(playground, await bob.press(message, "More"))
        another = ContentHash("d" * 64)
        models = bot.rooms.dispatcher.models
        bot.rooms.dispatcher.models = tuple(msgspec.structs.replace(info, hash=another) for info in models)
        for shown, label in ((message, "Vary"), (message, "Again"), (card, "Zoom out 2×")):
            assert "no longer installed" in await told(playground, await bob.press(shown, label))
        assert await count_of(bot, bob) == 0


@pytest.mark.parametrize(
    "recipe",
    ['{"type":"kaleidoscope","mirrors":6}', '{"type":"text_to_image","prompt":5}', "{}", "not JSON at all"],
)
async def test_a_recipe_of_another_version(playground: Playground, tmp_path: Path, recipe: str) -> None:
    people = cast(playground)
    ann, bob = people["ann"], people["bob"]
    async with on_stage(playground, tmp_path) as bot:
        message = await painted(playground, ann, "the old one")
        card = await answer(playground, await bob.press(message, "More"))
        async with bot.rooms.database.transaction() as write:
            await write.execute("UPDATE images SET recipe = ?", (recipe,))
            await write.execute("UPDATE jobs SET recipe = ?", (recipe,))
        await painted(playground, ann, "the new one")
    async with on_stage(playground, tmp_path) as bot:
        for shown, label in (
            (message, "Vary"),
            (message, "More"),
            (message, "Again"),
            (message, "Settings"),
            (card, "New seed"),
            (card, "Remix"),
        ):
            assert "Another version of me made this" in await told(playground, await bob.press(shown, label)), label
        assert await count_of(bot, bob) == 0
        page = text_of(await answer(playground, await ann.command("history")))
        assert "the new one" in page, "a list shows what can be read"
        assert "the old one" not in page


async def test_a_picture_whose_recipe_alone_cannot_be_read(playground: Playground, tmp_path: Path) -> None:
    people = cast(playground)
    ann = people["ann"]
    async with on_stage(playground, tmp_path) as bot:
        message = await painted(playground, ann)
        async with bot.rooms.database.transaction() as write:
            await write.execute("UPDATE images SET recipe = '{}'")
        assert "Another version of me made this" in await told(playground, await ann.press(message, "Vary"))
        assert is_result(await made(playground, await ann.press(message, "Again")))
        page = await answer(playground, await ann.command("history"))
        assert "a red circle" in text_of(page)


async def test_a_waiting_request_of_another_version_holds_nothing_up(playground: Playground, tmp_path: Path) -> None:
    ann = playground.person("ann")
    async with on_stage(playground, tmp_path, stop_seconds=0.0) as bot:
        asked = await begun(playground, ann)
        async with bot.rooms.database.transaction() as write:
            await write.execute("UPDATE jobs SET recipe = '{}'")
    async with on_stage(playground, tmp_path) as bot:
        assert is_result(await painted(playground, ann)), "what else is asked for is painted"
        assert bot.rooms.dispatcher.jobs() == []
        pressed = await ann.press(asked.messages[0], "Cancel")
        assert "Another version of me made this" in await told(playground, pressed)


async def test_data_with_what_cannot_be_read_is_handed_out_and_deleted(playground: Playground, tmp_path: Path) -> None:
    ann = playground.person("ann")
    async with on_stage(playground, tmp_path) as bot:
        message = await painted(playground, ann)
        async with bot.rooms.database.transaction() as write:
            await write.execute("UPDATE images SET recipe = '{}'")
            await write.execute("UPDATE jobs SET recipe = '{}'")
        assert "Your data is in your direct messages" in await answer_to(playground, ann, "me export")
        asked = await answer(playground, await ann.command("me delete"))
        gone = await answer(playground, await ann.press(asked, "Delete it all"))
        assert is_private(gone)
        await playground.until(lambda: "Delete it all" not in labels_of(ann.messages()[-1]))
        assert await bot.rooms.database.fetch_all("SELECT id FROM jobs") == []
        assert "nothing left" in await told(playground, await ann.press(message, "Vary"))
