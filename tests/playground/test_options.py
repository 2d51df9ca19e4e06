"""Commands as people fill them in: options of every kind, subcommands, autocomplete, menus."""

import asyncio
from typing import Any

import discord
import pytest
from discord import app_commands

from playground import Playground
from tests.playground.conftest import Bot, running
from tests.playground.pictures import png


async def test_every_kind_of_option_arrives(playground: Playground, bot: Bot) -> None:
    given: dict[str, Any] = {}

    @bot.tree.command(description="Takes everything")
    @app_commands.choices(size=[app_commands.Choice(name="Small", value=1), app_commands.Choice(name="Large", value=2)])
    async def everything(
        interaction: discord.Interaction,
        text: app_commands.Range[str, 2, 20],
        number: app_commands.Range[int, 1, 8],
        ratio: float,
        private: bool,
        who: discord.Member,
        role: discord.Role,
        where: discord.TextChannel,
        either: discord.Member | discord.Role,
        picture: discord.Attachment,
        size: int,
        absent: str | None = None,
    ) -> None:
        given.update(locals())
        given["content"] = await picture.read()
        await interaction.response.send_message("thanks")

    ann = playground.person("ann")
    playground.person("bob")
    guild = playground.world.guild("Atelier")
    role = guild.role("artists")
    async with running(bot, playground):
        options: dict[str, Any] = {
            "text": "a cat",
            "number": 4,
            "ratio": 1.5,
            "private": True,
            "who": "bob",
            "role": "artists",
            "where": "general",
            "either": role,
            "picture": ("cat.png", png(3, 2)),
            "size": "Large",
        }
        seen = await ann.command("everything", options)
        await seen.settled()
        for wrong in (
            {"number": 9},
            {"text": "a"},
            {"size": 3},
            {"ratio": "x"},
            {"private": 1},
            {"picture": "cat.png"},
        ):
            with pytest.raises(ValueError, match=next(iter(wrong))):
                await ann.command("everything", options | wrong)
        with pytest.raises(ValueError, match="needs text"):
            await ann.command("everything", {})
        with pytest.raises(LookupError, match="no option"):
            await ann.command("everything", options | {"strange": 1})
    assert (given["text"], given["number"], given["ratio"], given["private"]) == ("a cat", 4, 1.5, True)
    assert (given["who"].name, given["role"].name, given["either"].id) == ("bob", "artists", role.id)
    assert (given["where"].name, given["size"], given["absent"]) == ("general", 2, None)
    assert (given["picture"].width, given["picture"].height, given["content"]) == (3, 2, png(3, 2))
    assert given["who"].roles == [bot.guilds[0].default_role] if bot.guilds else True


async def test_a_stale_client_sends_what_it_likes(playground: Playground, bot: Bot) -> None:
    failures: list[Exception] = []

    @bot.tree.command(description="Make a picture")
    async def imagine(interaction: discord.Interaction, prompt: str) -> None:
        await interaction.response.send_message(prompt)

    @bot.tree.error
    async def on_error(interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
        failures.append(error)
        await interaction.response.send_message("try again", ephemeral=True)

    async with running(bot, playground):
        seen = await playground.person("ann").command(
            "imagine", {"old": "x", "older": 1, "oldest": True}, checked=False
        )
        response = await seen.settled()
    assert isinstance(failures[0], app_commands.CommandSignatureMismatch)
    assert response.message is not None and response.message["content"] == "try again"


async def test_subcommands_and_groups(playground: Playground, bot: Bot) -> None:
    style = app_commands.Group(name="style", description="Styles")
    inner = app_commands.Group(name="shared", description="Shared styles", parent=style)

    @style.command(description="Makes one")
    async def create(interaction: discord.Interaction, name: str) -> None:
        await interaction.response.send_message(f"create {name}")

    @inner.command(description="Lists them")
    async def listing(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("listing")

    bot.tree.add_command(style)
    ann = playground.person("ann")
    async with running(bot, playground):
        for name, options, text in (
            ("style create", {"name": "x"}, "create x"),
            ("style shared listing", {}, "listing"),
        ):
            response = await (await ann.command(name, options)).settled()
            assert response.message is not None and response.message["content"] == text
        with pytest.raises(LookupError, match="subcommand"):
            await ann.command("style nothing")
        with pytest.raises(LookupError, match="needs one of"):
            await ann.command("style")


async def test_autocomplete_offers_choices(playground: Playground, bot: Bot) -> None:
    asked: list[Any] = []

    @bot.tree.command(description="Make a picture")
    async def imagine(interaction: discord.Interaction, prompt: str, model: str) -> None: ...

    @imagine.autocomplete("model")
    async def models(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        asked.append((current, interaction.namespace.prompt))
        return [app_commands.Choice(name=name.title(), value=name) for name in ("tiny", "large") if current in name]

    ann = playground.person("ann")
    async with running(bot, playground):
        assert [each["value"] for each in await ann.autocomplete("imagine", {"prompt": "x"}, "model")] == [
            "tiny",
            "large",
        ]
        choices = await ann.autocomplete("imagine", {"prompt": "x", "model": "ti"}, "model")
    assert choices == [{"name": "Tiny", "value": "tiny"}]
    assert asked == [("", "x"), ("ti", "x")]


async def test_autocomplete_that_fails(playground: Playground, bot: Bot) -> None:
    @bot.tree.command(description="Make a picture")
    async def imagine(interaction: discord.Interaction, model: str) -> None: ...

    @imagine.autocomplete("model")
    async def models(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        await asyncio.sleep(5)
        return []

    async with running(bot, playground):
        asking = asyncio.create_task(playground.person("ann").autocomplete("imagine", {}, "model"))
        await asyncio.sleep(0.05)
        playground.clock.advance(3)
        with pytest.raises(TimeoutError, match="Loading options failed"):
            await asking


async def test_context_menus(playground: Playground, bot: Bot) -> None:
    @bot.tree.context_menu(name="Describe")
    async def describe(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"{len(message.attachments)} by {message.author.name}")

    @bot.tree.context_menu(name="Portrait")
    async def portrait(interaction: discord.Interaction, user: discord.Member) -> None:
        await interaction.response.send_message(user.name)

    ann, bob = playground.person("ann"), playground.person("bob")
    async with running(bot, playground):
        said = await bob.send("general", "look", files=[("cat.png", png())])
        on_message = await (await ann.command("Describe", target=said)).settled()
        on_user = await (await ann.command("Portrait", target=bob)).settled()
    assert on_message.message is not None and on_message.message["content"] == "1 by bob"
    assert on_user.message is not None and on_user.message["content"] == "bob"
    assert on_message.message["type"] == 23


async def test_options_that_make_no_sense(playground: Playground, bot: Bot) -> None:
    @bot.tree.command(description="Takes a few")
    async def take(
        interaction: discord.Interaction,
        text: str | None = None,
        picture: discord.Attachment | None = None,
        role: discord.Role | None = None,
        who: discord.User | None = None,
    ) -> None: ...

    ann = playground.person("ann")
    async with running(bot, playground):
        for options, words in (
            ({"text": "x" * 6001}, "text is too long"),
            ({"picture": ("a.bin", bytes(10 * 1024 * 1024 + 1))}, "too large to upload"),
        ):
            with pytest.raises(ValueError, match=words):
                await ann.command("take", options)
        with pytest.raises(LookupError, match="nobody called 'zoe'"):
            await ann.command("take", {"who": "zoe"})
        with pytest.raises(LookupError, match="no roles"):
            await ann.command("take", {"role": "artists"}, channel=ann.dm)
