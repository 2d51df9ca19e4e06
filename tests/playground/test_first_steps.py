"""The shortest way through: log in, see the guild, register a command, answer it."""

import discord

from playground import Playground
from tests.playground.conftest import Bot, running, slash


async def test_a_command_is_deferred_and_followed_up(playground: Playground, bot: Bot) -> None:
    @bot.tree.command(description="Make a picture")
    async def imagine(interaction: discord.Interaction, prompt: str) -> None:
        await interaction.response.defer(thinking=True)
        await interaction.followup.send(f"Painting {prompt}", wait=True)

    ann = playground.person("ann")
    async with running(bot, playground):
        assert [guild.name for guild in bot.guilds] == ["Atelier"]
        assert [channel.name for channel in bot.guilds[0].text_channels] == ["general"]
        seen = await ann.command("imagine", {"prompt": "a cat"})
        assert (await seen.settled()).kind in ("thinking", "message")
        await playground.until(lambda: seen.response.kind == "message")
    assert seen.response.message is not None
    assert seen.response.message["content"] == "Painting a cat"
    assert seen.response.message["edited_timestamp"] is None, "filling is no editing"
    assert not seen.response.ephemeral
    assert [message["content"] for message in playground.messages("general")] == ["Painting a cat"]


async def test_a_direct_answer_is_one_message(playground: Playground, bot: Bot) -> None:
    @slash(bot)
    async def go(interaction: discord.Interaction) -> None:
        answer = await interaction.response.send_message("hello", ephemeral=True)
        await interaction.followup.send(f"that was {answer.message_id}", ephemeral=True)

    ann = playground.person("ann")
    async with running(bot, playground):
        seen = await ann.command("go")
        response = await seen.settled()
        await playground.until(lambda: len(seen.followups) == 1)
    assert response.kind == "message" and response.ephemeral
    assert response.message is not None
    assert seen.followups[0]["content"] == f"that was {response.message['id']}"
    assert playground.messages("general") == []
    assert len(ann.messages("general")) == 2
    assert playground.person("bob").messages("general") == []
