"""/help and /about."""

from typing import Any

import discord
from discord import app_commands
from discord.app_commands import locale_str as _
from discord.ext import commands

from bot.app import Easel
from bot.interactions.answers import show
from bot.ui.pages import State, about, guide
from inference.protocol.parameters import VERSION

Interaction = discord.Interaction[Easel]


class Guide(commands.Cog):
    """Says how to use the bot, and what it is."""

    def __init__(self, bot: Easel) -> None:
        self._bot = bot

    @app_commands.command(name="help", description=_("How to use this bot"))
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def help(self, interaction: Interaction) -> None:
        """Show how to make pictures."""
        await show(interaction, guide(str(interaction.locale)))

    @app_commands.command(name="about", description=_("What this bot is, and which models it has"))
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def about(self, interaction: Interaction) -> None:
        """Show the version, the device, the models and how busy it is."""
        dispatcher, user = self._bot.rooms.dispatcher, self._bot.user
        state = State(
            name=user.name if user else "Easel",
            version=VERSION,
            device=dispatcher.ready.device.name if dispatcher.ready else None,
            models=dispatcher.models,
            running=dispatcher.running,
            waiting=dispatcher.waiting,
            trouble=dispatcher.trouble is not None,
        )
        await show(interaction, about(state, str(interaction.locale)))


async def setup(bot: Any) -> None:
    """Add the commands; discord.py calls this."""
    await bot.add_cog(Guide(bot))
