"""/lineage: where a picture comes from, and what came of it."""

from typing import Any

import discord
from discord import app_commands
from discord.app_commands import locale_str as _
from discord.ext import commands

from bot.app import Easel
from bot.interactions.files import Sent
from bot.interactions.lineage import show_linked, show_newest, show_sent
from bot.services.uploads import require_bytes
from bot.texts import Mistake

Interaction = discord.Interaction[Easel]


class Lineage(commands.Cog):
    """Shows the tree around a picture."""

    def __init__(self, bot: Easel) -> None:
        self._bot = bot

    @app_commands.command(name="lineage", description=_("Where a picture comes from, and what was made of it"))
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    @app_commands.describe(
        picture=_("A picture that was painted here, as it was saved; without options it is your newest"),
        link=_("The link of a message with pictures that were painted here"),
        number=_("Which picture of that message; otherwise the first"),
    )
    async def lineage(
        self,
        interaction: Interaction,
        picture: discord.Attachment | None = None,
        link: str | None = None,
        number: app_commands.Range[int, 1, 99] = 1,
    ) -> None:
        """Show it to this member alone."""
        if picture is not None and link is not None:
            raise Mistake("lineage_both")
        if picture is not None:
            require_bytes(picture.filename, picture.size)
        await interaction.response.defer(ephemeral=True, thinking=True)
        rooms = self._bot.rooms
        if picture is not None:
            await show_sent(interaction, rooms, Sent.of(picture))
        elif link is not None:
            await show_linked(interaction, rooms, link, number)
        else:
            await show_newest(interaction, rooms)


async def setup(bot: Any) -> None:
    """Add the command; discord.py calls this."""
    await bot.add_cog(Lineage(bot))
