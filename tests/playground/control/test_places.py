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
    assert channel == {
        "id": channel["id"],
        "name": "lounge",
        "guild": "Second",
        "people": [],
        "parent": None,
        "age_restricted": False,
    }
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


async def test_threads(playground: Playground, bot: Bot, remote: Remote) -> None:
    seen = note(bot, "thread_create", "thread_delete", "message")

    @slash(bot)
    async def go(interaction: discord.Interaction) -> None:
        here = interaction.channel
        assert isinstance(here, discord.Thread)
        assert here.parent is not None
        await interaction.response.send_message(f"{here.name} in {here.parent.name}, {here.is_nsfw()}")

    await remote.put("/people/ann", {})
    await remote.put("/people/bob", {})
    async with running(bot, playground):
        await remote.put("/channels/general", {"age_restricted": True})
        thread = await remote.post("/people/ann/channels/general/threads", {"name": " Cats "})
        general = next(each for each in (await remote.get("/guilds"))[0]["channels"] if each["name"] == "general")
        assert (thread["name"], thread["parent"], thread["age_restricted"]) == ("Cats", general["id"], True)
        await playground.until(lambda: len(seen) == 1)
        here = f"/people/bob/channels/{thread['id']}"
        asked = await remote.post(f"{here}/commands?until=finished", {"name": "go"})
        assert asked["response"]["message"]["content"] == "Cats in general, True"
        await remote.post(f"{here}/messages", {"content": "meow"})
        await playground.until(lambda: len(seen) == 3)
        assert bot.guilds[0].threads[0].owner_id == playground.person("ann").id
        channel = bot.guilds[0].threads[0]
        await channel.send("purr")
        assert [each["content"] for each in await remote.get(f"/channels/{thread['id']}/messages")][1:] == [
            "meow",
            "purr",
        ]
        await remote.delete(f"/channels/{thread['id']}", 200)
        await playground.until(lambda: seen[-1][0] == "thread_delete")
    assert "no channel 'Cats'" in await remote.error("GET", "/channels/Cats/messages", 404)


async def test_a_bot_that_comes_later_knows_the_threads(playground: Playground, bot: Bot, remote: Remote) -> None:
    await remote.put("/people/ann", {})
    thread = await remote.post("/people/ann/channels/general/threads", {"name": "Cats"})
    async with running(bot, playground):
        assert [each.id for each in bot.guilds[0].threads] == [int(thread["id"])]
        await remote.delete("/channels/general", 200)
    assert (await remote.get("/guilds"))[0]["channels"] == []


async def test_threads_have_their_own_permissions(playground: Playground, remote: Remote) -> None:
    await remote.put("/people/ann", {})
    thread = await remote.post("/people/ann/channels/general/threads", {"name": "Cats"})
    allowed = [Permission.VIEW_CHANNEL | Permission.SEND_MESSAGES]
    await remote.put("/guilds/Atelier/roles/@everyone", {"permissions": int(allowed[0])})
    here, body = f"/people/ann/channels/{thread['id']}/messages", {"content": "meow"}
    assert "may not write in #Cats" in await remote.error("POST", here, 400, body)
    await remote.post("/people/ann/channels/general/messages", body)
    again = await remote.error("POST", "/people/ann/channels/general/threads", 400, {"name": "Dogs"})
    assert "may not begin threads in #general" in again
    in_threads = Permission.VIEW_CHANNEL | Permission.SEND_MESSAGES_IN_THREADS
    await remote.put("/guilds/Atelier/roles/@everyone", {"permissions": int(in_threads)})
    await remote.post(here, body)
    await remote.put("/channels/general/overwrites", {"role": "@everyone", "deny": int(Permission.VIEW_CHANNEL)})
    assert "does not see #Cats" in await remote.error("POST", here, 404, body)


async def test_what_cannot_be_of_a_thread_is_told(playground: Playground, remote: Remote) -> None:
    await remote.put("/people/ann", {})
    thread = await remote.post("/people/ann/channels/general/threads", {"name": "Cats"})
    path = f"/channels/{thread['id']}"
    for method, where, body, words in [
        ("POST", f"/people/ann{path}/threads", {"name": "Kittens"}, "threads are begun in the channels of a guild"),
        ("POST", "/people/ann/channels/@me/threads", {"name": "Kittens"}, "a conversation has no threads"),
        ("POST", "/people/ann/channels/general/threads", {"name": " "}, "has 1 to 100 characters"),
        ("POST", "/people/ann/channels/general/threads", {"name": "x" * 101}, "has 1 to 100 characters"),
        ("POST", "/people/ann/channels/general/threads", {}, "'name' is needed"),
        ("PUT", path, {"age_restricted": True}, "as age-restricted as its channel"),
        ("PUT", f"{path}/overwrites", {"role": "@everyone", "deny": 1}, "has the overwrites of its channel"),
        ("PUT", "/channels/general", {}, "'age_restricted' is needed"),
        ("PUT", f"/channels/{playground.person('ann').dm.id}", {"age_restricted": True}, "is not age-restricted"),
    ]:
        assert words in await remote.error(method, where, 400, body)


async def test_what_admins_set_of_commands_is_shown(playground: Playground, bot: Bot, remote: Remote) -> None:
    @slash(bot, "paint")
    async def paint(interaction: discord.Interaction) -> None: ...

    await remote.put("/people/ann", {})
    async with running(bot, playground):
        for target in ({"role": "@everyone"}, {"person": "ann"}, {"channel": "general"}, {}):
            await remote.put("/guilds/Atelier/commands/paint", target | {"allowed": False})
        await remote.put("/guilds/Atelier/commands/@all", {"person": "ann", "allowed": True})
        assert await remote.get("/guilds/Atelier/commands") == [
            {"name": "@all", "permissions": [{"person": "ann", "allowed": True}]},
            {
                "name": "paint",
                "permissions": [
                    {"role": "@everyone", "allowed": False},
                    {"person": "ann", "allowed": False},
                    {"channel": "general", "allowed": False},
                    {"channel": None, "allowed": False},
                ],
            },
        ]
        # In a thread, what is said of its channel counts.
        thread = await remote.post("/people/ann/channels/general/threads", {"name": "Cats"})
        path = f"/people/ann/channels/{thread['id']}/commands"
        for target in ({"role": "@everyone"}, {"person": "ann"}, {}):
            await remote.put("/guilds/Atelier/commands/paint", target)
        assert await remote.get(path) == []
        await remote.put("/guilds/Atelier/commands/paint", {"channel": "general"})
        assert [each["name"] for each in await remote.get(path)] == ["paint"]
