"""Guilds, members, roles and users, by unmodified discord.py."""

import discord
import pytest

from playground import Playground
from tests.playground.conftest import Bot, refused, request


async def test_a_guild_and_what_is_in_it(playground: Playground, client: Bot) -> None:
    guild, ann = playground.world.guild("Atelier"), playground.person("ann")
    artists = guild.role("artists", permissions=1 << 13)
    ann.join(guild, [artists])
    found = await client.fetch_guild(guild.id, with_counts=False)
    assert found.name == "Atelier" and found.owner_id == playground.world.owner.id
    assert [channel.name for channel in await found.fetch_channels()] == ["general"]
    assert {role.name for role in await found.fetch_roles()} == {"@everyone", "Playground Bot", "artists"}
    member = await found.fetch_member(ann.id)
    assert (member.name, [role.id for role in member.roles[1:]]) == ("ann", [artists.id])
    with refused(404, 10007):
        await found.fetch_member(1)


async def test_guilds_of_others_are_closed(playground: Playground, client: Bot) -> None:
    elsewhere = playground.world.guild("Elsewhere", bot=False)
    with refused(403, 50001):
        await client.fetch_guild(elsewhere.id, with_counts=False)
    with refused(404, 10004):
        await client.fetch_guild(1, with_counts=False)
    with refused(400, 50035):
        await request(client, "GET", "/guilds/abc")


async def test_the_bot_leaves_a_guild(playground: Playground, client: Bot) -> None:
    guild = playground.world.guild("Second")
    assert {each.name async for each in client.fetch_guilds(with_counts=False)} == {"Atelier", "Second"}
    await (await client.fetch_guild(guild.id, with_counts=False)).leave()
    assert [each.name async for each in client.fetch_guilds(with_counts=False)] == ["Atelier"]
    assert guild.bot_member is None


async def test_users(playground: Playground, client: Bot) -> None:
    ann = playground.person("ann")
    found = await client.fetch_user(ann.id)
    assert (found.name, found.bot, found.display_name) == ("ann", False, "ann")
    await found.create_dm()
    with refused(400, 50035):
        await request(client, "POST", "/users/@me/channels", json={"recipient_id": "ann"})
    with refused(400, 50035):
        await request(client, "POST", "/users/@me/channels", json={"recipient_id": playground.world.bot.id})
    assert client.user is not None and client.user.bot
    assert isinstance(client.application, discord.AppInfo) and client.application.owner.name == "owner"


async def test_what_is_there_is_not_made_twice(playground: Playground) -> None:
    guild = playground.world.guild("Atelier")
    assert playground.world.guild("Atelier") is guild
    assert guild.role("artists") is guild.role("artists")
    assert guild.channel("general") is playground.world.find_channel("general")
    guild.invite_bot()
    assert len([role for role in guild.roles.values() if role.bot_id]) == 1
    with pytest.raises(ValueError, match="no overwrites"):
        playground.person("ann").dm.overwrite(guild.everyone)
