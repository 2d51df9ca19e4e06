"""Where people are offered which commands: guilds, direct messages, everywhere."""

from pathlib import Path
from typing import Any

import discord
import pytest
from discord import app_commands

from playground import Playground, Upload
from tests.playground.conftest import Bot, running, slash
from tests.playground.pictures import png


async def test_commands_in_direct_messages(playground: Playground, bot: Bot) -> None:
    where: list[Any] = []

    @bot.tree.command(description="Works here")
    async def go(interaction: discord.Interaction) -> None:
        where.append((interaction.guild, interaction.context.dm_channel, interaction.user.name))
        await interaction.response.send_message("hello")

    @bot.tree.command(description="Works there")
    @app_commands.guild_only
    async def there(interaction: discord.Interaction) -> None: ...

    ann = playground.person("ann")
    async with running(bot, playground):
        await (await ann.command("go", channel=ann.dm)).settled()
        with pytest.raises(LookupError, match="offered no command"):
            await ann.command("there", channel=ann.dm)
    assert where == [(None, True, "ann")]
    assert [message["content"] for message in playground.messages_to("ann")] == ["hello"]


async def test_an_app_that_a_person_installed_works_everywhere(playground: Playground, bot: Bot) -> None:
    failures: list[discord.HTTPException] = []
    facts: list[Any] = []

    @bot.tree.command(description="Works everywhere")
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def go(interaction: discord.Interaction) -> None:
        facts.append((interaction.is_user_integration(), interaction.is_guild_integration()))
        await interaction.response.send_message("hello")
        try:
            for _ in range(6):
                await interaction.followup.send("more")
        except discord.HTTPException as error:
            failures.append(error)

    elsewhere = playground.world.guild("Elsewhere", bot=False).channel("lounge")
    ann, bob = playground.person("ann"), playground.person("bob")
    ann.join("Elsewhere")
    async with running(bot, playground):
        assert [guild.name for guild in bot.guilds] == ["Atelier"]
        with pytest.raises(LookupError, match="offered no command"):
            await ann.command("go", channel=elsewhere)
        ann.install()
        await (await ann.command("go", channel=elsewhere)).settled()
        await (await ann.command("go", channel=ann.private_channel(bob))).settled()
        await playground.until(lambda: len(failures) == 2)
        with pytest.raises(LookupError, match="does not see"):
            await bob.command("go", channel=elsewhere)
        with pytest.raises(discord.Forbidden) as refused:
            await bot.http.send_message(elsewhere.id, params=discord.http.handle_message_parameters("from outside"))
    assert refused.value.code == 50001
    assert facts == [(True, False), (True, False)]
    assert [each.code for each in failures] == [40094, 40094]
    assert len(playground.messages("lounge")) == 6


async def test_commands_for_admins_are_not_offered_to_all(playground: Playground, bot: Bot) -> None:
    @bot.tree.command(description="For admins")
    @app_commands.default_permissions(manage_guild=True)
    async def admin(interaction: discord.Interaction) -> None:
        await interaction.response.send_message(str(interaction.permissions.manage_guild))

    guild = playground.world.guild("Atelier")
    ann, bob = playground.person("ann"), playground.person("bob")
    ann.join(guild, [guild.role("admins", permissions=1 << 5)])
    async with running(bot, playground):
        response = await (await ann.command("admin")).settled()
        with pytest.raises(LookupError):
            await bob.command("admin")
    assert response.message is not None and response.message["content"] == "True"


async def test_an_installed_app_works_in_every_place(playground: Playground, bot: Bot) -> None:
    facts: list[tuple[Any, ...]] = []

    @bot.tree.command(description="Works everywhere")
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def go(interaction: discord.Interaction) -> None:
        context = interaction.context
        facts.append((context.guild, context.dm_channel, context.private_channel, interaction.is_user_integration()))
        await interaction.response.defer()
        await interaction.followup.send(interaction.user.name)

    ann, bob, carol = (playground.person(name) for name in ("ann", "bob", "carol"))
    ann.install()
    elsewhere = playground.world.guild("Elsewhere", bot=False).channel("lounge")
    ann.join("Elsewhere")
    places = [elsewhere, ann.private_channel(bob), ann.private_channel(bob, carol), ann.dm]
    async with running(bot, playground):
        for place in places:
            seen = await ann.command("go", channel=place)
            await playground.until(lambda seen=seen: seen.response.kind == "message")  # type: ignore[misc]
            assert [message["content"] for message in playground.messages(place)] == ["ann"]
        with pytest.raises(LookupError, match="offered no command"):
            await bob.command("go", channel=places[1])
        assert {channel.id for channel in ann.channels} >= {place.id for place in places}
    assert facts == [
        (True, False, False, True),
        (False, False, True, True),
        (False, False, True, True),
        (False, True, False, True),
    ]


async def test_menus_in_direct_messages(playground: Playground, bot: Bot) -> None:
    @bot.tree.context_menu(name="Describe")
    async def describe(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"{message.content} by {message.author.name}")

    ann = playground.person("ann")
    async with running(bot, playground):
        said = await ann.send(ann.dm, "look")
        response = await (await ann.command("Describe", target=said, channel=ann.dm)).settled()
        with pytest.raises(LookupError, match="gone"):
            await ann.command("Describe", target=1, channel=ann.dm)
    assert response.message is not None and response.message["content"] == "look by ann"


async def test_what_a_person_did_is_remembered(playground: Playground, bot: Bot) -> None:
    @slash(bot)
    async def go(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("hello")

    ann, bob = playground.person("ann"), playground.person("bob")
    async with running(bot, playground):
        seen = await ann.command("go")
        await seen.settled()
    assert [each.response for each in ann.invocations] == [seen.response] and bob.invocations == []
    assert seen.acknowledged_after is not None and 0 <= seen.acknowledged_after < 3
    with pytest.raises(LookupError, match="did nothing"):
        bob.invocation(seen.interaction.id)
    with pytest.raises(ValueError, match="only an autocomplete"):
        await seen.choices()


async def test_files_are_given_by_path_too(playground: Playground, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(4, 3))
    sent = await playground.person("ann").send("general", files=[tmp_path / "a.png", Upload("b.txt", b"x")])
    assert [(each["filename"], each.get("width")) for each in sent["attachments"]] == [("a.png", 4), ("b.txt", None)]


async def test_what_a_client_would_not_send(playground: Playground) -> None:
    ann = playground.person("ann")
    for content, files in (("", []), ("x" * 2001, []), ("x", [("a", bytes(10 * 1024 * 1024 + 1))])):
        with pytest.raises(ValueError, match=r"characters|too large"):
            await ann.send("general", content, files=files)
    await ann.send("general", files=[("a", b"x")])
    assert len(playground.messages()) == 1


async def test_commands_of_a_guild_are_used_as_such(playground: Playground, bot: Bot) -> None:
    guild = discord.Object(playground.world.guild("Atelier").id)
    seen: list[Any] = []

    @bot.tree.command(description="Only here", guild=guild)
    async def here(interaction: discord.Interaction, where: discord.TextChannel | None = None) -> None:
        seen.append(dict(interaction.data or {})["guild_id"])
        await interaction.response.send_message("hello")

    async with running(bot, playground):
        await bot.tree.sync(guild=guild)
        await (await playground.person("ann").command("here")).settled()
        with pytest.raises(LookupError, match="no channel 'nowhere'"):
            await playground.person("ann").command("here", {"where": "nowhere"})
    assert seen == [str(guild.id)]


async def test_admins_are_offered_everything(playground: Playground, bot: Bot) -> None:
    @bot.tree.command(description="For nobody but admins")
    @app_commands.default_permissions()
    async def admin(interaction: discord.Interaction) -> None: ...

    async with running(bot, playground):
        assert [command["name"] for command in playground.person("owner").commands()] == ["admin"]
        assert playground.person("ann").commands() == []
        assert playground.person("ann").commands(playground.person("ann").dm) != []
