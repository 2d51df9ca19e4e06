"""Channels and the messages in them, by unmodified discord.py."""

import io
from typing import Any

import discord
import pytest

from playground import Playground
from playground.guilds import Channel
from tests.playground.conftest import Bot, note, refused, request, running
from tests.playground.pictures import png


@pytest.fixture
def channel(playground: Playground) -> Channel:
    return playground.world.find_channel("general")


@pytest.fixture
def place(client: Bot, channel: Channel) -> discord.PartialMessageable:
    return client.get_partial_messageable(channel.id)


async def test_a_message_from_writing_to_deleting(playground: Playground, place: discord.PartialMessageable) -> None:
    sent = await place.send("first", file=discord.File(io.BytesIO(png(3, 2)), "a b.png", description="grey"))
    (picture,) = sent.attachments
    assert (picture.filename, picture.width, picture.height, picture.description) == ("a_b.png", 3, 2, "grey")
    assert await picture.read() == png(3, 2)
    kept = await sent.edit(content="second")
    assert [each.id for each in kept.attachments] == [picture.id] and kept.edited_at is not None
    both = await sent.edit(attachments=[picture, discord.File(io.BytesIO(b"x"), "b.txt")])
    assert [each.filename for each in both.attachments] == ["a_b.png", "b.txt"]
    assert (await sent.edit(attachments=[])).attachments == []
    with pytest.raises(discord.NotFound):
        await picture.read()
    await sent.delete()
    with refused(404, 10008):
        await place.fetch_message(sent.id)
    assert playground.messages() == []


async def test_everything_about_a_message_arrives_at_clients(playground: Playground, bot: Bot) -> None:
    seen = note(bot, "message", "message_edit", "message_delete", "raw_bulk_message_delete")
    async with running(bot, playground):
        channel = bot.guilds[0].text_channels[0]
        sent = await channel.send("one")
        await sent.edit(content="two")
        await sent.delete()
        await playground.until(lambda: len(seen) == 3)
    assert [each[0] for each in seen] == ["message", "message_edit", "message_delete"]
    assert seen[1][2].content == "two"


async def test_history_is_read_in_pages(playground: Playground, place: discord.PartialMessageable) -> None:
    ann = playground.person("ann")
    ids = [int((await ann.send("general", str(number)))["id"]) for number in range(150)]
    assert [message.id async for message in place.history(limit=None)] == ids[::-1]
    assert [message.id async for message in place.history(limit=3)] == ids[:-4:-1]
    after = [each.id async for each in place.history(limit=120, after=discord.Object(ids[9]), oldest_first=True)]
    assert after == ids[10:130]
    before = [each.id async for each in place.history(limit=5, before=discord.Object(ids[9]))]
    assert before == ids[8:3:-1]


async def test_history_has_a_longest_page(client: Bot, channel: Channel) -> None:
    with refused(400, 50035):
        await request(client, "GET", f"/channels/{channel.id}/messages", params={"limit": 101})


async def test_replies(playground: Playground, place: discord.PartialMessageable, client: Bot) -> None:
    said = await playground.person("ann").send("general", "hello")
    answer = await place.send("hi", reference=place.get_partial_message(int(said["id"])))
    assert answer.reference is not None and answer.reference.message_id == int(said["id"])
    assert playground.messages()[1]["type"] == 19
    assert [each["username"] for each in playground.messages()[1]["mentions"]] == ["ann"]
    quiet = await place.send(
        "hi", reference=place.get_partial_message(int(said["id"])), allowed_mentions=discord.AllowedMentions.none()
    )
    assert quiet.mentions == []
    with refused(400, 50035):
        await place.send("hi", reference=discord.MessageReference(message_id=1, channel_id=place.id))
    gone = discord.MessageReference(message_id=1, channel_id=place.id, fail_if_not_exists=False)
    assert (await place.send("hi", reference=gone)).reference is None
    await playground.person("ann").delete(said)
    assert playground.messages()[0]["referenced_message"] is None


async def test_an_enforced_nonce_makes_one_message(client: Bot, playground: Playground, channel: Channel) -> None:
    body = {"content": "once", "nonce": "n-1", "enforce_nonce": True}
    first, second = [await request(client, "POST", f"/channels/{channel.id}/messages", json=body) for _ in range(2)]
    third = await request(client, "POST", f"/channels/{channel.id}/messages", json=body | {"enforce_nonce": False})
    assert first["id"] == second["id"] != third["id"]
    assert len(playground.messages()) == 2


async def test_who_is_mentioned(playground: Playground, place: discord.PartialMessageable) -> None:
    guild, ann = playground.world.guild("Atelier"), playground.person("ann")
    artists, others = guild.role("artists", mentionable=True), guild.role("others")
    text = f"{ann.mention} <@&{artists.id}> <@&{others.id}> @everyone"

    def named(message: discord.Message) -> tuple[Any, ...]:
        roles = {role_id for role_id in message.raw_role_mentions if str(role_id) in found["mention_roles"]}
        return len(message.mentions), roles, message.mention_everyone

    sent = await place.send(text)
    found = playground.messages()[-1]
    assert named(sent) == (1, {artists.id}, False), "the bot may not mention every role, nor everyone"
    assert guild.bot_member is not None
    guild.permit(guild.bot_member.roles[0], 1 << 17)
    sent = await place.send(text)
    found = playground.messages()[-1]
    assert named(sent) == (1, {artists.id, others.id}, True)
    sent = await place.send(text, allowed_mentions=discord.AllowedMentions.none())
    found = playground.messages()[-1]
    assert named(sent) == (0, set(), False)
    only = discord.AllowedMentions(users=[discord.Object(ann.id)], roles=False, everyone=False)
    sent = await place.send(text, allowed_mentions=only)
    found = playground.messages()[-1]
    assert named(sent) == (1, set(), False)


async def test_files_shown_by_components_are_no_attachments(
    playground: Playground, place: discord.PartialMessageable
) -> None:
    file = discord.File(io.BytesIO(png(3, 2)), "a.png")
    view = discord.ui.LayoutView()
    gallery: discord.ui.MediaGallery[Any] = discord.ui.MediaGallery(discord.MediaGalleryItem("attachment://a.png"))
    other: discord.ui.File[Any] = discord.ui.File("attachment://b.txt")
    thumbnail: discord.ui.Thumbnail[Any] = discord.ui.Thumbnail("attachment://a.png")
    section: discord.ui.Section[Any] = discord.ui.Section("beside", accessory=thumbnail)
    container: discord.ui.Container[Any] = discord.ui.Container(discord.ui.TextDisplay("x"), gallery, other, section)
    view.add_item(container)
    sent = await place.send(view=view, files=[file, discord.File(io.BytesIO(b"text"), "b.txt")])
    assert sent.attachments == []
    (shown,) = playground.messages()[0]["components"]
    _, pictures, document, beside = shown["components"]
    media = pictures["items"][0]["media"]
    assert (media["width"], media["height"], media["content_type"]) == (3, 2, "image/png")
    assert beside["accessory"]["media"]["url"] == media["url"]
    assert (document["name"], document["size"]) == ("b.txt", 4)
    assert playground.world.cdn.content(int(media["id"])) == png(3, 2)
    edited = await sent.edit(view=view)
    assert edited.attachments == [] and playground.world.cdn.content(int(media["id"])) == png(3, 2)


async def test_embeds_show_files_and_addresses(playground: Playground, place: discord.PartialMessageable) -> None:
    embed = discord.Embed(title="x").set_image(url="attachment://a.png").set_thumbnail(url="https://x.org/b.png")
    sent = await place.send(embed=embed, file=discord.File(io.BytesIO(png(3, 2)), "a.png"))
    shown = sent.embeds[0]
    assert (shown.image.width, shown.image.height, shown.thumbnail.url) == (3, 2, "https://x.org/b.png")
    assert sent.attachments == []
    kept = await sent.edit(content="with text", embed=shown)
    assert kept.embeds[0].image.url == shown.image.url and kept.attachments == []


async def test_many_messages_are_deleted_at_once(
    playground: Playground, place: discord.PartialMessageable, client: Bot, channel: Channel
) -> None:
    assert channel.guild is not None
    said = [await playground.person("ann").send("general", str(number)) for number in range(3)]
    body = {"messages": [each["id"] for each in said[:2]]}
    with refused(403, 50013):
        await request(client, "POST", f"/channels/{channel.id}/messages/bulk-delete", json=body)
    channel.overwrite(playground.world.bot, allow=1 << 13)
    await request(client, "POST", f"/channels/{channel.id}/messages/bulk-delete", json=body)
    assert [each["id"] for each in playground.messages()] == [said[2]["id"]]
    await place.get_partial_message(int(said[2]["id"])).delete()
    assert playground.messages() == []


async def test_channels_are_fetched_and_deleted(playground: Playground, bot: Bot) -> None:
    guild = playground.world.guild("Atelier")
    spare = guild.channel("spare")
    async with running(bot, playground):
        found = await bot.fetch_channel(spare.id)
        assert isinstance(found, discord.TextChannel) and found.name == "spare"
        with refused(403, 50013):
            await found.delete()
        spare.overwrite(playground.world.bot, allow=1 << 4)
        await found.delete()
        with refused(404, 10003):
            await bot.fetch_channel(spare.id)
        async with bot.guilds[0].text_channels[0].typing():
            pass
    assert [channel.name for channel in guild.channels.values()] == ["general"]


async def test_direct_messages(playground: Playground, bot: Bot) -> None:
    seen = note(bot, "message")
    ann, bob = playground.person("ann"), playground.person("bob")
    async with running(bot, playground):
        user = await bot.fetch_user(ann.id)
        sent = await user.send("hello")
        await ann.send(ann.dm, "hello yourself", reply_to=sent.id)
        await playground.until(lambda: len(seen) == 2)
        assert isinstance(seen[1][1].channel, discord.DMChannel)
        bob.accept_direct_messages(False)
        with refused(403, 50007):
            await (await bot.fetch_user(bob.id)).send("hello")
        with refused(404, 10013):
            await bot.fetch_user(1)
    assert [message["content"] for message in playground.messages_to("ann")] == ["hello", "hello yourself"]
    assert playground.messages_to("bob") == []


async def test_nobody_reads_along(playground: Playground, client: Bot) -> None:
    ann, bob = playground.person("ann"), playground.person("bob")
    between = ann.private_channel(bob)
    await ann.send(between, "psst")
    with refused(403, 50001):
        await request(client, "GET", f"/channels/{between.id}/messages")
    with pytest.raises(LookupError):
        playground.person("carol").messages(between)
    assert [message["content"] for message in bob.messages(between)] == ["psst"]
