"""Takes the forms under pictures: how one was made is changed, or a part of it is painted anew."""

from typing import Any

import discord
from discord.ext import commands

from bot.app import Easel
from bot.interactions import edit_form, remix
from bot.interactions.answers import guarded

Interaction = discord.Interaction[Easel]


class Remix(commands.Cog):
    """Paints what the forms say."""

    def __init__(self, bot: Easel) -> None:
        self._bot = bot

    @commands.Cog.listener("on_interaction")
    async def _sent(self, interaction: Interaction) -> None:
        """Take a form."""
        rooms = self._bot.rooms
        if (changed := remix.sent(interaction)) is not None:
            await guarded(interaction, lambda: remix.paint(interaction, rooms, changed))
        elif (edited := edit_form.sent(interaction)) is not None:
            await guarded(interaction, lambda: edit_form.paint(interaction, rooms, edited))


async def setup(bot: Any) -> None:
    """Add the listener; discord.py calls this."""
    await bot.add_cog(Remix(bot))
