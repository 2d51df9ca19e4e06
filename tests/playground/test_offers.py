"""Who is offered a command once a guild's admins have changed that in its settings, as Discord combines it."""

from typing import Any

import discord
import pytest
from discord import app_commands

from playground import Permission, Playground
from playground.guilds import Channel, Guild
from tests.playground.conftest import Bot, note, refused, request, running, slash


@pytest.fixture
def guild(playground: Playground) -> Guild:
    return playground.world.guild("Atelier")


async def commands_synced(client: Bot) -> None:
    """Register one command for everybody, and one for those who manage the guild."""

    @slash(client, "paint")
    async def paint(interaction: discord.Interaction) -> None: ...

    @client.tree.command(name="rules", description="Rules")
    @app_commands.default_permissions(manage_guild=True)
    async def rules(interaction: discord.Interaction) -> None: ...

    await client.tree.sync()


def offered(playground: Playground, name: str, channel: str | Channel = "general") -> list[str]:
    return sorted(command["name"] for command in playground.person(name).commands(channel))


async def test_a_role_or_a_user_gets_a_command_or_loses_it(playground: Playground, client: Bot, guild: Guild) -> None:
    await commands_synced(client)
    ann, bob, keepers, muted = (playground.person("ann"), playground.person("bob"), *map(guild.role, ("k", "m")))
    permit = playground.commands.permit
    assert offered(playground, "ann") == ["paint"]
    permit(guild, "rules", keepers, True)
    assert offered(playground, "ann") == ["paint"], "the role is not hers"
    ann.join(guild, [keepers, muted])
    assert offered(playground, "ann") == ["paint", "rules"], "in place of the default permissions"
    permit(guild, "rules", muted, False)
    assert offered(playground, "ann") == ["paint", "rules"], "one role that allows is enough"
    permit(guild, "rules", ann.user, False)
    assert offered(playground, "ann") == ["paint"], "the user's own goes before the roles'"
    permit(guild, "rules", bob.user, True)
    assert offered(playground, "bob") == ["paint", "rules"]
    permit(guild, "rules", ann.user, None)
    assert offered(playground, "ann") == ["paint", "rules"]
    permit(guild, "paint", guild.everyone, False)
    assert (offered(playground, "ann"), offered(playground, "bob")) == (["rules"], ["rules"])


async def test_who_manages_the_guild_can_lose_its_command(playground: Playground, client: Bot, guild: Guild) -> None:
    await commands_synced(client)
    boss, chief = playground.person("boss"), playground.person("chief")
    boss.join(guild, [guild.role("bosses", Permission.MANAGE_GUILD)])
    chief.join(guild, [guild.role("chiefs", Permission.ADMINISTRATOR)])
    playground.commands.permit(guild, "rules", guild.role("bosses"), False)
    playground.commands.permit(guild, "rules", guild.role("chiefs"), False)
    assert offered(playground, "boss") == ["paint"]
    assert offered(playground, "chief") == ["paint", "rules"], "an administrator has all"
    assert offered(playground, "owner") == ["paint", "rules"]


async def test_channels_and_all_commands(playground: Playground, client: Bot, guild: Guild) -> None:
    await commands_synced(client)
    general, quiet, permit = guild.channel("general"), guild.channel("quiet"), playground.commands.permit
    permit(guild, "paint", quiet, False)
    assert (offered(playground, "ann"), offered(playground, "ann", quiet)) == (["paint"], [])
    permit(guild, "paint", None, False)
    permit(guild, "paint", general, True)
    assert (offered(playground, "ann"), offered(playground, "ann", quiet)) == (["paint"], [])
    permit(guild, "paint", general, None)
    assert offered(playground, "ann") == []
    permit(guild, "paint", None, None)
    permit(guild, None, guild.everyone, False)
    assert offered(playground, "ann") == []
    permit(guild, "paint", guild.everyone, True)
    assert offered(playground, "ann") == ["paint"], "what is set of the command goes before what is set of all"
    permit(guild, None, guild.everyone, True)
    assert offered(playground, "ann") == ["paint"], "to be allowed all is not to have the permissions that one asks for"


async def test_other_guilds_and_direct_messages_stay(playground: Playground, client: Bot, guild: Guild) -> None:
    await commands_synced(client)
    playground.commands.permit(guild, None, guild.everyone, False)
    ann = playground.person("ann")
    lounge = playground.world.guild("Elsewhere").channel("lounge")
    ann.join("Elsewhere")
    assert offered(playground, "ann", lounge) == ["paint"]
    assert offered(playground, "ann", ann.dm) == ["paint", "rules"]


async def test_the_bot_reads_it_is_told_and_cannot_change_it(playground: Playground, bot: Bot, guild: Guild) -> None:
    seen = note(bot, "raw_app_command_permissions_update")

    @slash(bot, "paint")
    async def paint(interaction: discord.Interaction) -> None: ...

    async with running(bot, playground):
        (command,) = await bot.tree.fetch_commands()
        here = discord.Object(guild.id)
        with refused(404, 10066):
            await command.fetch_permissions(here)
        path = f"/applications/{playground.world.bot.id}/guilds/{guild.id}/commands"
        assert await request(bot, "GET", f"{path}/permissions") == []
        playground.commands.permit(guild, "paint", guild.everyone, False)
        found = await command.fetch_permissions(here)
        assert [(each.id, each.permission) for each in found.permissions] == [(guild.id, False)]
        (listed,) = await request(bot, "GET", f"{path}/permissions")
        assert listed["id"] == str(command.id)
        with refused(403, 20001):
            await request(bot, "PUT", f"{path}/{command.id}/permissions", json={"permissions": []})
        await playground.until(lambda: seen)
    payload: Any = seen[0][1]
    assert (payload.guild.id, payload.target_id) == (guild.id, command.id)


async def test_what_cannot_be_set(playground: Playground, client: Bot, guild: Guild) -> None:
    await commands_synced(client)
    with pytest.raises(LookupError, match="no command 'sing'"):
        playground.commands.permit(guild, "sing", guild.everyone, True)
    lounge = playground.world.guild("Elsewhere").channel("lounge")
    with pytest.raises(ValueError, match="no channel of the guild"):
        playground.commands.permit(guild, "paint", lounge, True)
    for number in range(100):
        playground.commands.permit(guild, "paint", guild.role(f"role {number}"), True)
    with pytest.raises(ValueError, match="at most 100"):
        playground.commands.permit(guild, "paint", guild.everyone, True)
