"""Who may do what where: for the bot by Discord's codes, for people by what they are offered."""

import io
from typing import Any

import discord
import pytest

from playground import Permission, Playground
from playground.guilds import Channel
from tests.playground.conftest import Bot, note, refused, request, running, slash
from tests.playground.pictures import png


@pytest.fixture
def channel(playground: Playground) -> Channel:
    return playground.world.find_channel("general")


def _deny(playground: Playground, channel: Channel, permissions: int) -> None:
    assert channel.guild is not None
    channel.overwrite(playground.world.bot, deny=permissions)


async def test_a_channel_that_the_bot_does_not_see(playground: Playground, client: Bot, channel: Channel) -> None:
    said = await playground.person("ann").send("general", "hello")
    _deny(playground, channel, Permission.VIEW_CHANNEL)
    messages = f"/channels/{channel.id}/messages"
    for method, path in (
        ("GET", f"/channels/{channel.id}"),
        ("GET", messages),
        ("GET", f"{messages}/{said['id']}"),
        ("DELETE", f"{messages}/{said['id']}"),
        ("PUT", f"{messages}/{said['id']}/reactions/%E2%AD%90/@me"),
        ("POST", f"/channels/{channel.id}/typing"),
    ):
        with refused(403, 50001):
            await request(client, method, path)
    with refused(403, 50001):
        await request(client, "POST", messages, json={"content": "x"})


async def test_what_the_bot_may_not_do(playground: Playground, client: Bot, channel: Channel) -> None:
    place = client.get_partial_messageable(channel.id, guild_id=None)
    said = await playground.person("ann").send("general", "hello")
    message = place.get_partial_message(int(said["id"]))
    _deny(playground, channel, Permission.ATTACH_FILES)
    with refused(403, 50013):
        await place.send(file=discord.File(io.BytesIO(png()), "a.png"))
    await place.send("text is fine")
    _deny(playground, channel, Permission.SEND_MESSAGES)
    with refused(403, 50013):
        await place.send("x")
    _deny(playground, channel, Permission.ADD_REACTIONS)
    with refused(403, 50013):
        await message.add_reaction("⭐")
    _deny(playground, channel, 0)
    with refused(403, 50013):
        await message.delete()
    with refused(403, 50013):
        await message.remove_reaction("⭐", discord.Object(playground.person("ann").id))
    with refused(403, 50005):
        await message.edit(content="mine now")
    assert [each["content"] for each in playground.messages()] == ["hello", "text is fine"]


async def test_a_reaction_that_is_there_needs_no_permission(
    playground: Playground, client: Bot, channel: Channel
) -> None:
    ann = playground.person("ann")
    said = await ann.send("general", "hello")
    await ann.react(said, "⭐")
    _deny(playground, channel, Permission.ADD_REACTIONS)
    await client.get_partial_messageable(channel.id).get_partial_message(int(said["id"])).add_reaction("⭐")
    assert playground.messages()[0]["reactions"][0]["count"] == 2


async def test_without_embed_links_embeds_are_left_out(playground: Playground, client: Bot, channel: Channel) -> None:
    _deny(playground, channel, Permission.EMBED_LINKS)
    place = client.get_partial_messageable(channel.id)
    sent = await place.send("text", embed=discord.Embed(title="x"))
    assert (sent.content, sent.embeds) == ("text", [])
    with refused(400, 50006):
        await place.send(embed=discord.Embed(title="x"))


async def test_without_history_nothing_old_is_read(playground: Playground, client: Bot, channel: Channel) -> None:
    said = await playground.person("ann").send("general", "hello")
    _deny(playground, channel, Permission.READ_MESSAGE_HISTORY)
    place = client.get_partial_messageable(channel.id)
    assert [message async for message in place.history()] == []
    with refused(403, 50013):
        await place.fetch_message(int(said["id"]))
    with refused(403, 160002):
        await place.send("a reply", reference=place.get_partial_message(int(said["id"])))


async def test_an_interaction_is_answered_where_the_bot_may_not_write(
    playground: Playground, bot: Bot, channel: Channel
) -> None:
    facts: list[Any] = []

    @slash(bot)
    async def go(interaction: discord.Interaction) -> None:
        facts.append((interaction.app_permissions.send_messages, interaction.app_permissions.attach_files))
        await interaction.response.send_message("all the same")

    _deny(playground, channel, Permission.SEND_MESSAGES)
    async with running(bot, playground):
        await (await playground.person("ann").command("go")).settled()
    assert facts == [(False, True)]
    assert [message["content"] for message in playground.messages()] == ["all the same"]


async def test_overwrites_combine_as_discord_says(playground: Playground) -> None:
    guild = playground.world.guild("Atelier")
    channel, ann = guild.channel("general"), playground.person("ann")
    muted, artists = guild.role("muted"), guild.role("artists")
    send = Permission.SEND_MESSAGES

    def may() -> bool:
        return send in channel.permissions_of(ann.user)

    assert may()
    channel.overwrite(guild.everyone, deny=send)
    assert not may()
    ann.join(guild, [muted, artists])
    channel.overwrite(muted, deny=send)
    channel.overwrite(artists, allow=send)
    assert may(), "one role's permission weighs more than another's denial"
    channel.overwrite(ann.user, deny=send)
    assert not may(), "the member's own comes last"
    guild.permit(artists, Permission.ADMINISTRATOR)
    assert may(), "an administrator may everything"
    guild.permit(artists, 0)
    channel.overwrite(ann.user, deny=Permission.VIEW_CHANNEL)
    assert not channel.permissions_of(ann.user), "who does not see a channel may nothing in it"
    assert channel.permissions_of(playground.person("owner").user) == Permission.all()


async def test_people_are_held_to_permissions_too(playground: Playground, bot: Bot, channel: Channel) -> None:
    @slash(bot)
    async def go(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("hello")

    ann, bob, owner = playground.person("ann"), playground.person("bob"), playground.person("owner")
    async with running(bot, playground):
        said = await bob.send("general", "hello")
        with pytest.raises(ValueError, match="another's"):
            await ann.delete(said)
        await owner.delete(said)
        said = await bob.send("general", "hello again")
        channel.overwrite(ann.user, deny=Permission.SEND_MESSAGES | Permission.ADD_REACTIONS)
        with pytest.raises(ValueError, match="ann may not write in #general"):
            await ann.send("general", "x")
        with pytest.raises(ValueError, match="ann may not react in #general"):
            await ann.react(said, "⭐")
        await bob.react(said, "⭐")
        await ann.react(said, "⭐")
        await owner.delete(said)
        channel.overwrite(ann.user, deny=Permission.USE_APPLICATION_COMMANDS)
        assert ann.commands() == [] and len(bob.commands()) == 1
        channel.overwrite(ann.user, deny=Permission.VIEW_CHANNEL)
        for attempt in (ann.send("general", "x"), ann.command("go")):
            with pytest.raises(LookupError, match="does not see"):
                await attempt
        assert channel not in ann.channels and channel in bob.channels
    assert playground.messages() == []


async def test_the_bot_hears_nothing_from_where_it_does_not_see(playground: Playground, bot: Bot) -> None:
    seen = note(bot, "message", "raw_message_delete", "raw_reaction_add")
    guild, ann = playground.world.guild("Atelier"), playground.person("ann")
    hidden = guild.channel("hidden")
    hidden.overwrite(playground.world.bot, deny=Permission.VIEW_CHANNEL)
    async with running(bot, playground):
        said = await ann.send(hidden, "secret")
        await ann.react(said, "⭐")
        await ann.delete(said)
        await ann.send("general", "open")
        await playground.until(lambda: seen)
    assert [(kind, message.channel.name) for kind, message in seen] == [("message", "general")]


async def test_apps_of_a_person_may_be_forced_to_whisper(playground: Playground, bot: Bot) -> None:
    @bot.tree.command(description="Works everywhere")
    @discord.app_commands.user_install()
    async def go(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("for your eyes only")

    elsewhere = playground.world.guild("Elsewhere", bot=False)
    elsewhere.permit(elsewhere.everyone, elsewhere.everyone.permissions & ~Permission.USE_EXTERNAL_APPS)
    ann = playground.person("ann")
    ann.install()
    ann.join(elsewhere)
    async with running(bot, playground):
        response = await (await ann.command("go", channel=elsewhere.channel("lounge"))).settled()
    assert response.ephemeral and playground.messages("lounge") == []
