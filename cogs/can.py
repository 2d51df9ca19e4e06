"""/can: what a member may do where they are."""

from typing import Any

import discord
from discord import app_commands
from discord.app_commands import locale_str as _
from discord.ext import commands

from bot.app import Easel
from bot.interactions.answers import actor_of, show
from bot.ui.can_pages import Can, can

Interaction = discord.Interaction[Easel]


class Allowed(commands.Cog):
    """Tells members what they may do, also those who may do nothing."""

    def __init__(self, bot: Easel) -> None:
        self._bot = bot

    @app_commands.command(name="can", description=_("What you may do here, and what is left of your budgets"))
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def can(self, interaction: Interaction) -> None:
        """Show models, limits, budgets, rights and places, from memory."""
        rooms, settings, actor = self._bot.rooms, self._bot.settings, actor_of(interaction)
        usable = rooms.gatekeeper.models(actor)
        painting = [info for info in rooms.dispatcher.models if info.kind == "checkpoint"]
        known = Can(
            policy=rooms.guilds.policy(actor.guild_id),
            actor=actor,
            standing=rooms.gatekeeper.standing(actor, rooms.database.clock()),
            refusal=rooms.gatekeeper.bar(actor),
            models=[info.name for info in painting if info in usable],
            denied=[info.name for info in painting if info not in usable],
            default_model=rooms.gatekeeper.default_model(actor),
            most_pictures=settings.most_pictures,
            most_waiting=settings.member_waiting,
        )
        await show(interaction, can(known, actor.locale))


async def setup(bot: Any) -> None:
    """Add the command; discord.py calls this."""
    await bot.add_cog(Allowed(bot))
