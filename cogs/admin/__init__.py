"""/admin: what the admins of a server choose for it. Each module is a group of its commands."""

from functools import partial
from typing import Any

import discord
from discord import app_commands
from discord.app_commands import locale_str as _
from discord.ext import commands

from bot.app import Easel
from bot.interactions import admin_forms
from bot.interactions.admin import around_of, change
from bot.interactions.admin_panel import show_panel, turn_to
from bot.interactions.answers import guarded, tell
from bot.interactions.forms import Filled
from bot.services.guilds import MAX_KEEP_DAYS
from bot.texts import Mistake
from bot.ui import admin_rules
from cogs.admin.audit import Audit
from cogs.admin.channels import Channels
from cogs.admin.content import Content
from cogs.admin.limits import Limits
from cogs.admin.members import Members
from cogs.admin.models import Models
from cogs.admin.part import Part
from cogs.admin.roles import Roles

Interaction = discord.Interaction[Easel]

PARTS: tuple[type[Part], ...] = (Models, Limits, Channels, Roles, Content, Members, Audit)


@app_commands.allowed_installs(guilds=True, users=False)
@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
@app_commands.default_permissions(manage_guild=True)
class Admin(commands.GroupCog, group_name="admin", group_description=_("Settings of this server")):
    """Shows and changes a server's settings. Discord offers this to those who may manage it, if it is not told else."""

    def __init__(self, bot: Easel) -> None:
        self._parts = [part(bot) for part in PARTS]
        group = self.app_command
        assert group is not None
        for part in self._parts:
            group.add_command(part)

    @app_commands.command(name="panel", description=_("All that is set here, with menus and buttons that change it"))
    async def panel(self, interaction: Interaction) -> None:
        """Show the panel."""
        await show_panel(interaction)

    @app_commands.command(name="kept", description=_("How long pictures of this server are kept"))
    @app_commands.describe(
        days=_("So many days, favourites longer; never longer than the operator keeps them"),
        clear=_("Take this rule away"),
    )
    async def kept(
        self,
        interaction: Interaction,
        days: app_commands.Range[int, 1, MAX_KEEP_DAYS] | None = None,
        clear: bool = False,
    ) -> None:
        """Set how long pictures are kept, or show it."""
        if days is not None and clear:
            raise Mistake("admin_clear_alone")
        await interaction.response.defer(ephemeral=True, thinking=True)
        said = days is not None or clear
        settings = await change(interaction, lambda _now: {"keep_days": days} if said else {})
        await tell(interaction, admin_rules.kept(settings, around_of(interaction)))

    @commands.Cog.listener("on_interaction")
    async def _sent(self, interaction: Interaction) -> None:
        """Take the forms."""
        if interaction.type is not discord.InteractionType.modal_submit:
            return
        if (form := admin_forms.sent(interaction)) is not None:
            await guarded(interaction, partial(self._take, interaction, form), "admin")
            return
        for part in self._parts:
            await part.sent(interaction)

    async def _take(self, interaction: Interaction, form: Filled) -> None:
        page, of, settings = await admin_forms.take(interaction, form)
        await turn_to(interaction, page, of, settings)


async def setup(bot: Any) -> None:
    """Add the commands; discord.py calls this."""
    await bot.add_cog(Admin(bot))
