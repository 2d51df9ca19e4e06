"""/styles: members' own looks, the server's and the operator's, from the first word to the picture."""

from pathlib import Path
from typing import Any

import pytest

from playground import Playground
from playground.invocations import Invocation
from playground.people import Person
from tests.bot.stage import (
    answer,
    answer_to,
    is_private,
    labels_of,
    on_stage,
    painted,
    text_of,
    walk,
    words_of,
)
from tests.cogs.company import elsewhere, manager, recipe_of

NOIR = {"name": "noir", "prompt": "{prompt}, film noir", "negative": "colour"}
HOSTILE = {"name": "@everyone **x**", "prompt": "```@here``` \u202egpj {prompt} __x__", "negative": "# <@1>"}


def file_in(playground: Playground, message: dict[str, Any]) -> bytes:
    (file,) = [part["file"] for part in walk(message["components"]) if part["type"] == 13]
    return playground.world.cdn.content(int(file["attachment_id"]))


async def turned(playground: Playground, shown: Invocation, words: str) -> dict[str, Any]:
    """Wait until a list shows these words, and return it."""
    await playground.until(lambda: shown.response.message and words in text_of(shown.response.message))
    assert shown.response.message is not None
    return shown.response.message


# Making and using ----------------------------------------------------------------------------------------------------


async def test_a_style_is_made_and_used_after_a_restart(playground: Playground, tmp_path: Path) -> None:
    ann, bob = playground.person("ann"), playground.person("bob")
    chosen = {"steps": 3, "guidance": 2.5, "sampler": "Euler a", "size": "128x64", "model": "clockwork"}
    async with on_stage(playground, tmp_path):
        saved = await answer_to(playground, ann, "styles add", NOIR | chosen)
        for words in ("### Saved", "**noir** · yours", "{prompt}, film noir", "without: colour"):
            assert words in saved
        assert "3 steps · guidance 2.5 · Euler a · 128x64 · clockwork" in saved
    async with on_stage(playground, tmp_path) as bot:
        assert "**noir** · yours" in await answer_to(playground, ann, "styles list")
        await painted(playground, ann, "a cat", style="NOIR", steps=None)
        recipe = await recipe_of(bot, ann)
        assert (recipe.prompt, recipe.negative_prompt) == ("a cat, film noir", "colour")
        assert (recipe.steps, recipe.guidance_scale, recipe.sampler) == (3, 2.5, "euler_a")
        assert (recipe.width, recipe.height) == (128, 64)
        await painted(playground, ann, "a dog, <style:noir>, <style:ink>", style="photo", steps=2)
        recipe = await recipe_of(bot, ann)
        assert recipe.prompt.startswith("photograph of ink drawing of a dog, film noir, bold lines")
        assert recipe.steps == 2
        assert "noir" not in await answer_to(playground, bob, "styles list")
        unknown = await answer_to(playground, bob, "imagine", {"prompt": "a cat", "style": "noir"})
        assert "no style named “noir”" in unknown


async def test_a_name_that_is_none_in_a_prompt_has_a_caret(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        words = await answer_to(playground, ann, "imagine", {"prompt": "a cat <style:watercolor>"})
        assert words == (
            "There is no style named “watercolor”. Did you mean watercolour?\n"
            "```\na cat <style:watercolor>\n      ^^^^^^^^^^^^^^^^^^\n```"
        )
        ann.user.locale = "de"
        words = await answer_to(playground, ann, "imagine", {"prompt": "a cat <style:watercolor>"})
        assert words.startswith("Einen Stil „watercolor“ gibt es nicht. Meinst du watercolour?\n```")


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"name": "a>b", "prompt": "x"}, "“a\\>b” cannot be the name of a style"),
    ({"name": "x" * 81, "prompt": "x"}, "1 to 80 characters"),
    ({"name": "x"}, "Say what “x” is made of"),
    ({"name": "NOIR", "prompt": "x"}, "You have a style named “NOIR” already"),
    ({"name": "x", "prompt": "x", "sampler": "Euler b"}, "no sampler named “Euler b”"),
    ({"name": "x", "prompt": "x", "size": "huge"}, "“huge” is no size"),
    ({"name": "x", "prompt": "x", "model": "clokwork"}, "Did you mean clockwork?"),
    ({"name": "x", "prompt": "x", "for": "this server"}, "Only those who may manage this server"),
    (
        {"name": "a", "prompt": "y <style:a>"},
        "The style “a” uses itself: a → a. Change one of them.\n```\ny <style:a>\n  ^",
    ),
    ({"name": "x", "prompt": "<style:nior>"}, "uses “nior”, and there is no such style here. Did you mean noir"),
]


async def test_what_cannot_be_a_style(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        await answer_to(playground, ann, "styles add", NOIR)
        for options, words in WRONG:
            assert words in await answer_to(playground, ann, "styles add", options), options
        assert bot.rooms.styles.own_names(ann.id) == ["noir"]
        assert playground.messages() == []


async def test_what_is_shown_of_a_style_is_harmless(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        for words in (
            await answer_to(playground, ann, "styles add", HOSTILE),
            await answer_to(playground, ann, "styles list"),
            await answer_to(playground, ann, "styles add", HOSTILE),
        ):
            assert "@everyone" not in words
            assert "@here" not in words
            assert "```" not in words
            assert "\u202e" not in words
            assert "\\*\\*x\\*\\*" in words


# Changing ------------------------------------------------------------------------------------------------------------


async def test_a_style_is_changed_by_options(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        await answer_to(playground, ann, "styles add", NOIR | {"steps": 5, "guidance": 3.0})
        changed = await answer_to(playground, ann, "styles edit", {"name": "NOIR", "steps": 7, "clear": "guidance"})
        assert "{prompt}, film noir\n-# without: colour\n-# 7 steps" in changed
        renamed = await answer_to(
            playground, ann, "styles edit", {"name": "noir", "rename": "film", "clear": "all settings"}
        )
        assert renamed.endswith("**film** · yours\n{prompt}, film noir\n-# without: colour")
        missing = await answer_to(playground, ann, "styles edit", {"name": "noir", "steps": 7})
        assert "no style named “noir”" in missing


async def test_a_style_is_changed_in_a_form_that_outlives_a_restart(playground: Playground, tmp_path: Path) -> None:
    ann = playground.person("ann")
    async with on_stage(playground, tmp_path):
        await answer_to(playground, ann, "styles add", NOIR)
        opened = await ann.command("styles edit", {"name": "noir"})
        await opened.settled()
        form = opened.response.modal
        assert form is not None
        fields = {part["custom_id"]: part.get("value") for part in walk_form(form) if "custom_id" in part}
        assert fields == {"prompt": "{prompt}, film noir", "negative": "colour"}
    async with on_stage(playground, tmp_path) as bot:
        sent = await ann.submit(form, {"prompt": "noir of {prompt}", "negative": ""})
        saved = await answer(playground, sent)
        assert is_private(saved)
        assert text_of(saved).endswith("**noir** · yours\nnoir of {prompt}")
        await answer_to(playground, ann, "styles remove", {"name": "noir"})
        late = await ann.submit(form, {"prompt": "x"})
        assert "nothing left" in text_of(await answer(playground, late))
        assert bot.rooms.styles.own_names(ann.id) == []


def walk_form(form: dict[str, Any]) -> list[dict[str, Any]]:
    return [part["component"] for part in form["components"]]


async def test_what_is_too_long_for_a_form_is_changed_by_options(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        await answer_to(playground, ann, "styles add", {"name": "long", "prompt": "x" * 4001})
        refused = await answer_to(playground, ann, "styles edit", {"name": "long"})
        assert "“long” is too long for a form" in refused
        await answer_to(playground, ann, "styles edit", {"name": "long", "prompt": "short"})
        opened = await ann.command("styles edit", {"name": "long"})
        await opened.settled()
        assert opened.response.kind == "modal"


# The server's --------------------------------------------------------------------------------------------------------


async def test_a_shared_style_is_everybodys_here_and_nobodys_elsewhere(playground: Playground, tmp_path: Path) -> None:
    ann, bob = playground.person("ann"), playground.person("bob")
    elsewhere(playground, ann, bob)
    async with on_stage(playground, tmp_path) as bot:
        await answer_to(playground, ann, "styles add", NOIR)
        assert "Everybody in this server can use it" in await answer_to(
            playground, ann, "styles share", {"name": "noir"}
        )
        assert "**noir** · this server’s" in await answer_to(playground, bob, "styles list")
        await painted(playground, bob, "a cat", style="noir")
        assert (await recipe_of(bot, bob)).prompt == "a cat, film noir"
        for place in ("lounge", bob.dm):
            assert "noir" not in await answer_to(playground, bob, "styles list", channel=place)
            options = {"prompt": "a cat", "style": "noir"}
            assert "no style named" in await answer_to(playground, bob, "imagine", options, channel=place)
        assert "**noir** · yours" in await answer_to(playground, ann, "styles list", channel="lounge")
        again = await answer_to(playground, ann, "styles share", {"name": "noir"})
        assert "This server has a style named “noir” already" in again
        assert "for servers" in await answer_to(playground, ann, "styles share", {"name": "noir"}, channel=ann.dm)


async def test_the_servers_are_changed_by_givers_and_managers(playground: Playground, tmp_path: Path) -> None:
    ann, bob, boss = playground.person("ann"), playground.person("bob"), manager(playground)
    async with on_stage(playground, tmp_path):
        await answer_to(playground, ann, "styles add", NOIR)
        await answer_to(playground, ann, "styles share", {"name": "noir"})
        for command in ({"name": "noir"}, {"name": "noir", "steps": 5}):
            assert "Only those who gave “noir”" in await answer_to(playground, bob, "styles edit", command)
        assert "Only those who gave “noir”" in await answer_to(playground, bob, "styles remove", {"name": "noir"})
        assert "**noir** · this server’s" in await answer_to(
            playground, boss, "styles edit", {"name": "noir", "steps": 5}
        )
        own = await answer_to(playground, ann, "styles edit", {"name": "noir", "steps": 6, "for": "this server"})
        assert "6 steps" in own
        assert "The style “noir” is gone." in await answer_to(playground, boss, "styles remove", {"name": "noir"})
        assert "**noir** · yours" in await answer_to(playground, ann, "styles list")
        added = await answer_to(playground, boss, "styles add", NOIR | {"for": "this server"})
        assert "**noir** · this server’s" in added
        comes = await answer_to(playground, boss, "styles remove", {"name": "ink"})
        assert "“ink” comes with me" in comes


# The list ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def two_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.ui.style_pages.STYLE_ENTRIES", 2)


@pytest.mark.usefixtures("two_a_page")
async def test_pages_turn_back_and_forth_and_after_a_restart(playground: Playground, tmp_path: Path) -> None:
    ann, bob = playground.person("ann"), playground.person("bob")
    operators = {"easy": {"prompt": "x"}, "fine": {"prompt": "y"}}
    async with on_stage(playground, tmp_path, styles=operators):
        for name in "abc":
            await answer_to(playground, ann, "styles add", NOIR | {"name": name})
        await answer_to(playground, ann, "styles share", {"name": "b"})
        shown = await ann.command("styles list")
        first = await answer(playground, shown)
        assert "-# 1 to 2 of 6" in text_of(first)
        assert labels_of(first) == ["Next"]
        await ann.press(first, "Next")
        second = await turned(playground, shown, "3 to 4 of 6")
        assert labels_of(second) == ["Previous", "Next"]
        assert [line for line in text_of(second).split("\n") if line.startswith("**")] == [
            "**c** · yours",
            "**b** · this server’s",
        ]
    async with on_stage(playground, tmp_path, styles=operators):
        await ann.press(second, "Next")
        last = await turned(playground, shown, "5 to 6 of 6")
        assert labels_of(last) == ["Previous"]
        assert "**fine** · comes with me" in text_of(last)
        for name in "ac":
            await answer_to(playground, ann, "styles remove", {"name": name})
        await ann.press(last, "Previous")
        # There is less than there was; of an own and a server's style of one name both are there.
        third = await turned(playground, shown, "3 to 4 of 4")
        assert labels_of(third) == ["Previous"]
    async with on_stage(playground, tmp_path, styles={}):
        assert "There are none yet" in await answer_to(playground, bob, "styles list", channel=bob.dm)


async def test_choices_come_from_memory_and_are_what_may_be_done(playground: Playground, tmp_path: Path) -> None:
    ann, bob, boss = playground.person("ann"), playground.person("bob"), manager(playground)

    async def offered(person: Person, command: str, option: str, typed: str, **how: Any) -> list[str]:
        choices = await person.autocomplete(command, {option: typed}, option, **how)
        return [choice["value"] for choice in choices]

    async with on_stage(playground, tmp_path):
        for name in ("noir", "north"):
            await answer_to(playground, ann, "styles add", NOIR | {"name": name})
        await answer_to(playground, ann, "styles share", {"name": "noir"})
        for command in ("styles edit", "styles remove"):
            assert await offered(ann, command, "name", "no") == ["noir", "north"]
            assert await offered(bob, command, "name", "no") == []
            assert await offered(boss, command, "name", "no") == ["noir"]
        assert await offered(ann, "styles share", "name", "rth") == ["north"]
        for command in ("styles add", "styles edit"):
            assert await offered(ann, command, "model", "clo") == ["clockwork"]
            assert (await offered(ann, command, "sampler", "euler"))[0] == "Euler"
            assert await offered(ann, command, "size", "16") == ["16:9", "9:16"]
        assert await offered(bob, "imagine", "style", "noi") == ["noir"]
        assert await offered(bob, "imagine", "style", "noi", channel=bob.dm) == []


# Files ---------------------------------------------------------------------------------------------------------------


async def test_what_is_exported_is_imported_by_somebody_else(playground: Playground, tmp_path: Path) -> None:
    ann, bob, boss = playground.person("ann"), playground.person("bob"), manager(playground)
    async with on_stage(playground, tmp_path):
        assert "nothing to export" in await answer_to(playground, ann, "styles export")
        await answer_to(playground, ann, "styles add", NOIR | {"steps": 5})
        await answer_to(playground, ann, "styles add", {"name": "ink 2", "prompt": '<style:noir>, "ink"\nlines'})
        shown = await answer(playground, await ann.command("styles export"))
        assert is_private(shown)
        assert "Styles: 2" in text_of(shown)
        data = file_in(playground, shown)
        assert data.decode("utf-8-sig").split("\r\n")[0].startswith("name,prompt,negative_prompt")
    async with on_stage(playground, tmp_path):
        told_counts = await answer_to(playground, bob, "styles import", {"file": ("styles.csv", data)})
        assert told_counts == "Added: 2 · replaced: 0 · left out: 0"
        told_counts = await answer_to(playground, bob, "styles import", {"file": ("styles.csv", data)})
        assert told_counts == "Added: 0 · replaced: 2 · left out: 0"
        assert file_in(playground, await answer(playground, await bob.command("styles export"))) == data
        server = {"file": ("styles.csv", data), "for": "this server"}
        assert "Only those who may manage" in await answer_to(playground, bob, "styles import", server)
        assert "Added: 2" in await answer_to(playground, boss, "styles import", server)
        exported = await answer(playground, await bob.command("styles export", {"for": "this server"}))
        assert file_in(playground, exported) == data


FILES: list[tuple[bytes, str]] = [
    (b"\xff\xfe\x00", "“styles.csv” is no plain text in UTF-8"),
    (b"", "its first line must name the columns"),
    (b"name,prompt\n" + b"x" * 2**20, "has more than 1 MiB"),
    (b"name,prompt\n" + b"a,b\n" * 301, "has more than 300 styles"),
    (b'name,prompt\na,"' + b"x" * 140_000, "cannot be read at line"),
]


async def test_files_that_are_none_and_styles_that_are_none(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        for data, words in FILES:
            options = {"file": ("styles.csv", data)}
            assert words in await answer_to(playground, ann, "styles import", options), words
        assert bot.rooms.styles.own_names(ann.id) == []
        playground.faults.fail("GET", "/cdn", status=404, times=None)
        gone = await answer_to(playground, ann, "styles import", {"file": ("styles.csv", b"name,prompt\na,b\n")})
        assert "“styles.csv” could not be fetched" in gone
        playground.faults.heal()
        text = "name,prompt,negative_prompt,steps\n--- noir ---,,,\n**a>b** @everyone,x,,\n"
        text += "self,<style:self>,,\nok,x,,\nmany,x,,900\n"
        text += "".join(f"n>{number},{'x' * 100},,\n" for number in range(30))
        words = await answer_to(playground, ann, "styles import", {"file": ("styles.csv", text.encode())})
        assert "Added: 1 · replaced: 0 · left out: 33" in words
        assert "Line 3, “\\*\\*a\\>b\\*\\* @\u200beveryone”: " in words
        assert "Line 4, “self”: The style “self” uses itself: self → self." in words
        assert "Steps is 900, but must be a whole number from 1 to 500." in words
        assert "and 25 more" in words
        assert bot.rooms.styles.own_names(ann.id) == ["ok"]


# Everything about a member -------------------------------------------------------------------------------------------


async def test_a_deleted_member_leaves_only_what_is_the_servers(playground: Playground, tmp_path: Path) -> None:
    ann, bob, boss = playground.person("ann"), playground.person("bob"), manager(playground)
    async with on_stage(playground, tmp_path):
        await answer_to(playground, ann, "styles add", NOIR)
        await answer_to(playground, ann, "styles add", NOIR | {"name": "private"})
        await answer_to(playground, ann, "styles share", {"name": "noir"})
        question = await answer(playground, await ann.command("me delete"))
        pressed = await ann.press(question, "Delete it all")
        await playground.until(lambda: "is gone" in words_of(pressed))
        listed = await answer_to(playground, ann, "styles list")
        assert "yours" not in listed
        assert "**noir** · this server’s" in listed
    async with on_stage(playground, tmp_path):
        listed = await answer_to(playground, ann, "styles list")
        assert "yours" not in listed
        assert "private" not in listed
        assert "Only those who gave" in await answer_to(playground, ann, "styles remove", {"name": "noir"})
        assert "**noir** · this server’s" in await answer_to(playground, bob, "styles list")
        assert "is gone" in await answer_to(playground, boss, "styles remove", {"name": "noir"})


async def test_every_command_in_direct_messages(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        assert "**noir** · yours" in await answer_to(playground, ann, "styles add", NOIR, channel=ann.dm)
        assert "7 steps" in await answer_to(
            playground, ann, "styles edit", {"name": "noir", "steps": 7}, channel=ann.dm
        )
        assert "**noir** · yours" in await answer_to(playground, ann, "styles list", channel=ann.dm)
        assert "Styles: 1" in await answer_to(playground, ann, "styles export", channel=ann.dm)
        data = ("styles.csv", b"name,prompt\na,b\n")
        assert "Added: 1" in await answer_to(playground, ann, "styles import", {"file": data}, channel=ann.dm)
        server = {"name": "x", "prompt": "x", "for": "this server"}
        assert "for servers" in await answer_to(playground, ann, "styles add", server, channel=ann.dm)
        assert "is gone" in await answer_to(playground, ann, "styles remove", {"name": "noir"}, channel=ann.dm)
