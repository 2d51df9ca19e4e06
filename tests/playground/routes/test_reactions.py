"""Reactions, of the bot and of people."""

import discord

from playground import Playground
from tests.playground.conftest import Bot, note, refused, running


async def test_reactions_of_people_and_bot(playground: Playground, bot: Bot) -> None:
    seen = note(bot, "raw_reaction_add", "raw_reaction_remove", "raw_reaction_clear_emoji", "raw_reaction_clear")
    ann, bob = playground.person("ann"), playground.person("bob")
    guild = playground.world.guild("Atelier")
    guild.channel("general").overwrite(playground.world.bot, allow=1 << 13)
    async with running(bot, playground):
        message = await bot.guilds[0].text_channels[0].send("vote")
        await message.add_reaction("⭐")
        await ann.react(playground.messages()[0], "⭐")
        await ann.react(playground.messages()[0], "⭐")
        await bob.react(playground.messages()[0], "✉️")
        await playground.until(lambda: len(seen) == 3)
        found = await message.channel.fetch_message(message.id)
        assert [(str(each.emoji), each.count, each.me) for each in found.reactions] == [
            ("⭐", 2, True),
            ("✉️", 1, False),
        ]
        assert {user.name async for user in found.reactions[0].users()} == {"Playground Bot", "ann"}
        bot_id = discord.Object(playground.world.bot.id)
        assert [user.name async for user in found.reactions[0].users(after=bot_id)] == ["ann"]
        mine = [message["reactions"][0]["me"] for message in ann.messages()]
        assert mine == [True]
        await message.remove_reaction("⭐", discord.Object(playground.world.bot.id))
        await message.remove_reaction("⭐", discord.Object(ann.id))
        await bob.unreact(playground.messages()[0], "✉️")
        await bob.unreact(playground.messages()[0], "✉️")
        await playground.until(lambda: len(seen) == 6)
        await bob.react(playground.messages()[0], "⭐")
        await message.clear_reaction("⭐")
        await bob.react(playground.messages()[0], "✉️")
        await message.clear_reactions()
        await playground.until(lambda: len(seen) == 10)
    assert "reactions" not in playground.messages()[0]
    kinds = [kind.removeprefix("raw_reaction_") for kind, _ in seen]
    assert kinds == ["add"] * 3 + ["remove"] * 3 + ["add", "clear_emoji", "add", "clear"]
    first = seen[1][1]
    assert (first.member.name, str(first.emoji), first.message_author_id) == ("ann", "⭐", playground.world.bot.id)


async def test_reactions_in_direct_messages(playground: Playground, bot: Bot) -> None:
    seen = note(bot, "raw_reaction_add")
    ann = playground.person("ann")
    async with running(bot, playground):
        await (await bot.fetch_user(ann.id)).send("well?")
        await ann.react(playground.messages_to("ann")[0], "✉️")
        await playground.until(lambda: seen)
    assert (seen[0][1].guild_id, seen[0][1].user_id) == (None, ann.id)


async def test_what_is_no_emoji(playground: Playground, client: Bot) -> None:
    said = await playground.person("ann").send("general", "hello")
    channel = client.get_partial_messageable(playground.world.find_channel("general").id)
    message = channel.get_partial_message(int(said["id"]))
    with refused(400, 10014):
        await message.add_reaction("star")
    await message.add_reaction("easel:1234")
    assert playground.messages()[0]["reactions"][0]["emoji"] == {"id": "1234", "name": "easel"}
    with refused(404, 10008):
        await channel.get_partial_message(1).add_reaction("⭐")


async def test_twenty_different_reactions_and_no_more(playground: Playground, client: Bot) -> None:
    said = await playground.person("ann").send("general", "hello")
    channel = client.get_partial_messageable(playground.world.find_channel("general").id)
    message = channel.get_partial_message(int(said["id"]))
    for number in range(20):
        await message.add_reaction(chr(0x1F600 + number))
    with refused(400, 30010):
        await message.add_reaction("⭐")
    await message.add_reaction(chr(0x1F600))
