"""Guilds, channels and people over HTTP."""

import discord

from playground import Permission, Playground
from tests.playground.conftest import Bot, note, running, slash
from tests.playground.control.conftest import Remote


async def test_guilds_and_what_is_in_them(playground: Playground, remote: Remote) -> None:
    await remote.put("/people/ann", {})
    made = await remote.post("/guilds", {"name": "Second", "has_bot": False})
    assert (made["name"], made["has_bot"], made["channels"]) == ("Second", False, [])
    channel = await remote.post("/guilds/Second/channels", {"name": "lounge"})
    assert channel == {"id": channel["id"], "name": "lounge", "guild": "Second", "people": []}
    role = await remote.put("/guilds/Second/roles/artists", {"permissions": int(Permission.MANAGE_GUILD)})
    assert role["permissions"] == int(Permission.MANAGE_GUILD)
    await remote.put("/guilds/Second/members/ann", {"roles": ["artists"]})
    first, second = await remote.get("/guilds")
    assert first["name"] == "Atelier" and first["has_bot"]
    assert second["channels"] == [channel]
    assert {"name": "ann", "bot": False, "roles": ["artists"]} in second["members"]
    assert Permission.MANAGE_GUILD in playground.world.guild("Second").member(playground.person("ann").id).permissions
    await remote.put(f"/guilds/{second['id']}/members/ann", {})
    assert {"name": "ann", "bot": False, "roles": []} in (await remote.get("/guilds"))[1]["members"]
    assert "no role" in await remote.error("PUT", "/guilds/Second/members/ann", 404, {"roles": ["x"]})


async def test_the_bot_comes_and_goes(playground: Playground, bot: Bot, remote: Remote) -> None:
    seen = note(bot, "guild_join", "guild_remove")
    await remote.post("/guilds", {"name": "Second", "has_bot": False})
    async with running(bot, playground):
        assert (await remote.put("/guilds/Second/bot"))["has_bot"]
        await playground.until(lambda: len(seen) == 1)
        assert not (await remote.delete("/guilds/Second/bot", 200))["has_bot"]
        await playground.until(lambda: len(seen) == 2)
        boss = playground.person("boss")
        await remote.put("/guilds/Second/bot", {"by": "boss"})
    assert [(kind, guild.name) for kind, guild in seen[:2]] == [("guild_join", "Second"), ("guild_remove", "Second")]
    assert [entry.user for entry in playground.world.guild("Second").audit] == [playground.world.owner, boss.user]
    await remote.delete("/guilds/Second/bot", 200)
    assert "nobody called 'carl'" in await remote.error("PUT", "/guilds/Second/bot", 404, {"by": "carl"})
    assert "not in Second" in await remote.error("DELETE", "/guilds/Second/bot", 404)


async def test_people_and_what_they_see(playground: Playground, bot: Bot, remote: Remote) -> None:
    @slash(bot)
    async def go(interaction: discord.Interaction) -> None: ...

    assert [person["name"] for person in await remote.get("/people")] == ["owner"]
    ann = await remote.put("/people/ann", {"installed": True})
    assert (ann["name"], ann["installed"], ann["accepts_direct_messages"]) == ("ann", True, True)
    changed = await remote.put("/people/ann", {"installed": False, "accepts_direct_messages": False})
    assert (changed["id"], changed["installed"], changed["accepts_direct_messages"]) == (ann["id"], False, False)
    await remote.put("/people/bob smith", {})
    between = await remote.post("/people/ann/conversations", {"with": ["bob smith"]})
    assert between["people"] == ["ann", "bob smith"] and between["guild"] is None
    channels = await remote.get("/people/ann/channels")
    assert [channel["name"] for channel in channels] == ["general", "", ""]
    async with running(bot, playground):
        assert [command["name"] for command in await remote.get("/people/ann/channels/general/commands")] == ["go"]
        assert await remote.get(f"/people/bob smith/channels/{between['id']}/commands") == []
        assert [command["name"] for command in await remote.get("/people/ann/channels/@me/commands")] == ["go"]


async def test_overwrites_hide_channels(playground: Playground, remote: Remote) -> None:
    await remote.put("/people/ann", {})
    await remote.post("/guilds/Atelier/channels", {"name": "secret"})
    await remote.put("/channels/secret/overwrites", {"role": "@everyone", "deny": int(Permission.VIEW_CHANNEL)})
    assert "does not see #secret" in await remote.error("GET", "/people/ann/channels/secret/messages", 404)
    await remote.put("/channels/secret/overwrites", {"person": "ann", "allow": int(Permission.VIEW_CHANNEL)})
    assert await remote.get("/people/ann/channels/secret/messages") == []
    dm = playground.person("ann").dm
    body = {"person": "ann", "allow": 1}
    assert "no overwrites" in await remote.error("PUT", f"/channels/{dm.id}/overwrites", 400, body)


async def test_a_channel_is_deleted(playground: Playground, remote: Remote) -> None:
    await remote.delete("/channels/general", 200)
    assert "no channel" in await remote.error("DELETE", "/channels/general", 404)
    assert (await remote.get("/guilds"))[0]["channels"] == []
    dm = playground.person("ann").dm
    assert "a conversation cannot be deleted" in await remote.error("DELETE", f"/channels/{dm.id}", 400)


async def test_messages_as_everyone_and_as_one_sees_them(playground: Playground, bot: Bot, remote: Remote) -> None:
    @slash(bot)
    async def go(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("psst", ephemeral=True)

    for name in ("ann", "bob"):
        await remote.put(f"/people/{name}", {})
    async with running(bot, playground):
        await remote.post("/people/ann/channels/general/messages", {"content": "hello"})
        path = "/people/ann/channels/general/commands?until=finished"
        assert (await remote.post(path, {"name": "go"}))["response"]["ephemeral"]
    for path, expected in (
        ("/people/ann/channels/general/messages", ["hello", "psst"]),
        ("/people/bob/channels/general/messages", ["hello"]),
        ("/channels/general/messages", ["hello"]),
    ):
        assert [message["content"] for message in await remote.get(path)] == expected


async def test_admins_change_who_has_a_command(playground: Playground, bot: Bot, remote: Remote) -> None:
    @slash(bot, "paint")
    async def paint(interaction: discord.Interaction) -> None: ...

    async def offered() -> list[str]:
        return [each["name"] for each in await remote.get("/people/ann/channels/general/commands")]

    await remote.put("/people/ann", {})
    async with running(bot, playground):
        assert await offered() == ["paint"]
        for target in ({"role": "@everyone"}, {"person": "ann"}, {"channel": "general"}, {}):
            changed = await remote.put("/guilds/Atelier/commands/paint", target | {"allowed": False})
            assert [each["permission"] for each in changed["permissions"]] == [False]
            assert await offered() == []
            changed = await remote.put("/guilds/Atelier/commands/paint", target)
            assert changed["permissions"] == []
        await remote.put("/guilds/Atelier/commands/@all", {"role": "@everyone", "allowed": False})
        assert await offered() == []
        assert "no command" in await remote.error("PUT", "/guilds/Atelier/commands/sing", 404, {"allowed": False})
        assert "no channel" in await remote.error("PUT", "/guilds/Atelier/commands/paint", 404, {"channel": "x"})
