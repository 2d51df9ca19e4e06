"""/admin: what the admins of a server choose for it."""

from typing import Any

import discord
from discord import app_commands
from discord.app_commands import locale_str as _
from discord.ext import commands

from bot.app import Easel
from bot.interactions.answers import guarded, tell
from bot.interactions.forms import ask, sent
from bot.services.guilds import MAX_NEGATIVE_CHARACTERS
from bot.texts import say
from bot.ui.custom_ids import NEGATIVE, NEGATIVE_ID
from bot.ui.plain import block

Interaction = discord.Interaction[Easel]


@app_commands.allowed_installs(guilds=True, users=False)
@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
@app_commands.default_permissions(manage_guild=True)
class Admin(commands.GroupCog, group_name="admin", group_description=_("Settings of this server")):
    """Shows and changes a server's settings. Discord offers this to those who may manage it, if it is not told else."""

    def __init__(self, bot: Easel) -> None:
        self._bot = bot

    @app_commands.command(name="negative", description=_("What to keep out of every picture made in this server"))
    @app_commands.describe(text=_("The words; without them you see and change what is set"))
    async def negative(
        self, interaction: Interaction, text: app_commands.Range[str, 1, MAX_NEGATIVE_CHARACTERS] | None = None
    ) -> None:
        """Set the server's negative prompt, or open a form with the present one."""
        if text is not None:
            await self._set_negative(interaction, text)
            return
        locale = str(interaction.locale)
        await ask(
            interaction,
            NEGATIVE_ID,
            title=say("admin_negative_title", locale),
            label=say("admin_negative_label", locale),
            text=self._bot.rooms.guilds.settings(interaction.guild_id).negative_prompt,
            most=MAX_NEGATIVE_CHARACTERS,
            required=False,
        )

    @commands.Cog.listener("on_interaction")
    async def _sent(self, interaction: Interaction) -> None:
        """Take the form."""
        if (form := sent(interaction, NEGATIVE)) is not None:
            _found, text = form
            await guarded(interaction, lambda: self._set_negative(interaction, text))

    async def _set_negative(self, interaction: Interaction, text: str) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        if interaction.guild_id is None:
            raise app_commands.NoPrivateMessage
        locale = str(interaction.locale)
        chosen = await self._bot.rooms.guilds.change(interaction.guild_id, negative_prompt=text.strip())
        if not chosen.negative_prompt:
            await tell(interaction, say("admin_negative_none", locale))
            return
        text = block(chosen.negative_prompt, MAX_NEGATIVE_CHARACTERS)
        await tell(interaction, say("admin_negative", locale, text=text))


async def setup(bot: Any) -> None:
    """Add the commands; discord.py calls this."""
    await bot.add_cog(Admin(bot))
