"""/history: what a member asked for."""

from typing import Any

import discord
from discord import app_commands
from discord.app_commands import locale_str as _
from discord.ext import commands

from bot.app import Easel
from bot.interactions.answers import actor_of, show
from bot.interactions.showing import shelf_view
from bot.texts import Mistake
from bot.ui.custom_ids import Shelf

Interaction = discord.Interaction[Easel]


class History(commands.Cog):
    """Shows the newest page; its buttons show the others."""

    def __init__(self, bot: Easel) -> None:
        self._bot = bot

    @app_commands.command(name="history", description=_("What you asked for, newest first"))
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    @app_commands.describe(
        favourites=_("Only what you marked with ⭐"),
        member=_("What somebody else asked for in this server, where the admins let you see it"),
    )
    async def history(
        self, interaction: Interaction, favourites: bool = False, member: discord.User | None = None
    ) -> None:
        """Show the newest requests, or the newest favourites; or what another member asked for."""
        if favourites and member is not None and member.id != interaction.user.id:
            raise Mistake("history_of_favourites")
        await interaction.response.defer(ephemeral=True, thinking=True)
        shelf: Shelf = "favourites" if favourites else "history"
        of = None if member is None else member.id
        view, files = await shelf_view(self._bot.rooms, shelf, None, actor_of(interaction), of)
        await show(interaction, view, files)


async def setup(bot: Any) -> None:
    """Add the command; discord.py calls this."""
    await bot.add_cog(History(bot))
