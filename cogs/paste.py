"""/paste: pictures from settings that were made elsewhere."""

from typing import Any

import discord
from discord import app_commands
from discord.app_commands import locale_str as _
from discord.ext import commands

from bot.app import Easel
from bot.interactions.answers import guarded
from bot.interactions.files import Sent
from bot.interactions.pastes import ask_for_settings, paint_settings, sent_settings

Interaction = discord.Interaction[Easel]


class Paste(commands.Cog):
    """Paints what a picture or a text says of how it was made."""

    def __init__(self, bot: Easel) -> None:
        self._bot = bot

    @app_commands.command(name="paste", description=_("Paint from the settings of another program, or of a picture"))
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    @app_commands.describe(picture=_("A picture that says how it was made; without it you get a form for settings"))
    async def paste(self, interaction: Interaction, picture: discord.Attachment | None = None) -> None:
        """Paint what the picture says, or open a form."""
        if picture is None:
            await ask_for_settings(interaction)
        else:
            await paint_settings(interaction, self._bot.rooms, "", Sent.of(picture))

    @commands.Cog.listener("on_interaction")
    async def _sent(self, interaction: Interaction) -> None:
        """Take the form."""
        if (form := sent_settings(interaction)) is not None:
            text, upload = form
            await guarded(interaction, lambda: paint_settings(interaction, self._bot.rooms, text, upload))


async def setup(bot: Any) -> None:
    """Add the command; discord.py calls this."""
    await bot.add_cog(Paste(bot))
