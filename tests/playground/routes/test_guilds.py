"""Guilds, members, roles and users, by unmodified discord.py."""

import discord
import pytest

from playground import Playground
from playground.permissions import Permission
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


async def test_who_added_the_bot_stands_in_the_audit_log(playground: Playground, client: Bot) -> None:
    guild, boss = playground.world.guild("Newtown", bot=False), playground.person("boss")
    guild.invite_bot(boss.user)
    with refused(403, 50013):
        await request(client, "GET", f"/guilds/{guild.id}/audit-logs")
    guild.remove_bot()
    guild.invite_bot(permissions=Permission.VIEW_AUDIT_LOG)
    found = await client.fetch_guild(guild.id, with_counts=False)
    entries = [entry async for entry in found.audit_logs(action=discord.AuditLogAction.bot_add)]
    assert [entry.user_id for entry in entries] == [guild.owner.id, boss.id]
    assert client.user is not None
    assert {entry.target.id for entry in entries if entry.target} == {client.user.id}
    assert [entry.user_id async for entry in found.audit_logs(limit=1)] == [guild.owner.id]
    assert [entry.user_id async for entry in found.audit_logs(user=discord.Object(boss.id))] == [boss.id]
    assert [entry async for entry in found.audit_logs(action=discord.AuditLogAction.ban)] == []
    with refused(400, 50035):
        await request(client, "GET", f"/guilds/{guild.id}/audit-logs?limit=101")


async def test_the_system_channel(playground: Playground, client: Bot) -> None:
    guild = playground.world.guild("Atelier")
    assert (await client.fetch_guild(guild.id, with_counts=False)).system_channel is None
    guild.system_channel = guild.channel("general")
    found = await client.fetch_guild(guild.id, with_counts=False)
    assert found._system_channel_id == guild.channel("general").id
