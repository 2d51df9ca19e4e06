"""Takes the forms that change how a picture was made."""

from typing import Any

import discord
from discord.ext import commands

from bot.app import Easel
from bot.interactions import remix
from bot.interactions.answers import guarded

Interaction = discord.Interaction[Easel]


class Remix(commands.Cog):
    """Paints a picture with what was changed."""

    def __init__(self, bot: Easel) -> None:
        self._bot = bot

    @commands.Cog.listener("on_interaction")
    async def _sent(self, interaction: Interaction) -> None:
        """Take the form."""
        if (form := remix.sent(interaction)) is not None:
            job, index, fields = form
            await guarded(interaction, lambda: remix.paint(interaction, self._bot.rooms, job, index, fields))


async def setup(bot: Any) -> None:
    """Add the listener; discord.py calls this."""
    await bot.add_cog(Remix(bot))
