"""/queue: what waits and runs, and how to cancel it."""

from typing import Any

import discord
from discord import app_commands
from discord.app_commands import locale_str as _
from discord.ext import commands

from bot.app import Easel
from bot.interactions.answers import actor_of, show, tell
from bot.interactions.showing import queue_view
from bot.services.waiting import find_own, own
from bot.texts import pictures, say
from bot.ui.choices import MOST, NAME_CHARACTERS, Choices
from inference.protocol.recipe import prompt_of

Interaction = discord.Interaction[Easel]


@app_commands.allowed_installs(guilds=True, users=True)
@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
class Queue(
    commands.GroupCog,
    group_name="queue",
    group_description=_("What waits and what is being painted"),
):
    """Shows the queue, from memory, and cancels."""

    def __init__(self, bot: Easel) -> None:
        self._bot = bot

    @app_commands.command(name="mine", description=_("Your unfinished requests, with buttons to cancel them"))
    async def mine(self, interaction: Interaction) -> None:
        """Show the member's own requests."""
        await show(interaction, queue_view(self._bot.rooms, "mine", actor_of(interaction)))

    @app_commands.command(name="all", description=_("How busy it is, and where you stand"))
    async def all(self, interaction: Interaction) -> None:
        """Show everybody's requests, without what others wrote."""
        await show(interaction, queue_view(self._bot.rooms, "all", actor_of(interaction)))

    @app_commands.command(name="cancel", description=_("Cancel one of your requests, or all of them"))
    @app_commands.describe(request=_("Which request; all of yours where you choose none"))
    async def cancel(self, interaction: Interaction, request: app_commands.Range[str, 1, 100] | None = None) -> None:
        """Cancel, and say how many pictures that were."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        rooms, actor = self._bot.rooms, actor_of(interaction)
        if request is None:
            chosen = [job.id for job in own(rooms.dispatcher, actor.member_id)]
        else:
            chosen = [find_own(rooms.dispatcher, actor.member_id, request)]
        count = sum([await rooms.generation.cancel(job, actor) for job in chosen])
        text = say("queue_cancelled", actor.locale, count=pictures(count, actor.locale))
        await tell(interaction, text if count else say("queue_mine_empty", actor.locale))

    @cancel.autocomplete("request")
    async def _requests(self, interaction: Interaction, typed: str) -> Choices:
        wanted, locale = typed.casefold().strip(), str(interaction.locale)
        return [
            app_commands.Choice(name=_named(prompt_of(job.recipe), pictures(job.count, locale)), value=job.id)
            for job in own(self._bot.rooms.dispatcher, interaction.user.id)
            if wanted in prompt_of(job.recipe).casefold()
        ][:MOST]


def _named(prompt: str, count: str) -> str:
    """Return a request as a choice is named."""
    room = NAME_CHARACTERS - len(count) - 3
    line = " ".join(prompt.split())
    return f"{line if len(line) <= room else line[: room - 1] + '…'} · {count}"


async def setup(bot: Any) -> None:
    """Add the commands; discord.py calls this."""
    await bot.add_cog(Queue(bot))
