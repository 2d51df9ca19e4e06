"""/admin members: who may not use the bot here, what members used, and what is done about it."""

import io

import discord
from discord import app_commands
from discord.app_commands import locale_str as _

from bot.interactions.admin import server_of
from bot.interactions.answers import actor_of, show, tell
from bot.services.blocks import MAX_REASON_CHARACTERS
from bot.services.policy import limits_for
from bot.texts import pictures, say
from bot.ui import member_pages
from cogs.admin.part import Interaction, Part


class Members(Part, name="members", description=_("Block members, see what they used, delete what they made")):
    """What is done about members; what is said of them is seen by one alone."""

    @app_commands.command(name="block", description=_("Let a member not use the bot here"))
    @app_commands.describe(member=_("Whom"), reason=_("Why; they are told"))
    async def block(
        self,
        interaction: Interaction,
        member: discord.User,
        reason: app_commands.Range[str, 1, MAX_REASON_CHARACTERS] = "",
    ) -> None:
        """Block a member and cancel what waits for them."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        moderation = self.bot.rooms.moderation
        block, cancelled = await moderation.block(
            actor_of(interaction), member.id, reason, manages=_manages(interaction, member), bot=member.bot
        )
        await show(interaction, member_pages.blocked(block, cancelled, str(interaction.locale)))

    @app_commands.command(name="allow", description=_("Let a blocked member use the bot again"))
    @app_commands.describe(member=_("Whom"))
    async def allow(self, interaction: Interaction, member: discord.User) -> None:
        """Undo a block."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self.bot.rooms.blocks.allow(actor_of(interaction), member.id)
        await tell(interaction, say("members_allowed", str(interaction.locale), member=member_pages.mention(member.id)))

    @app_commands.command(name="show", description=_("Who is blocked here"))
    async def show(self, interaction: Interaction) -> None:
        """Show who is blocked, by whom and why; where they are many, all of them in a file."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        held = self.bot.rooms.blocks.of_guild(server_of(interaction))
        view, text = member_pages.blocks(held, str(interaction.locale))
        files = [] if text is None else [discord.File(io.BytesIO(text.encode()), member_pages.FILE_NAME)]
        await show(interaction, view, files)

    @app_commands.command(name="usage", description=_("What a member used here, or the whole server"))
    @app_commands.describe(member=_("Whose; otherwise the whole server"))
    async def usage(self, interaction: Interaction, member: discord.User | None = None) -> None:
        """Show what was used, and what is left of a member's budgets."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        rooms, guild_id, locale = self.bot.rooms, server_of(interaction), str(interaction.locale)
        if member is None:
            used = await rooms.moderation.usage(guild_id)
            await show(interaction, member_pages.usage(used, None, (), False, locale))
            return
        used = await rooms.moderation.usage(guild_id, member.id)
        roles = frozenset(role.id for role in getattr(member, "roles", ()))
        limits = limits_for(self.settings(interaction), roles)
        left = member_pages.budgets(limits, rooms.budgets.spent(guild_id, member.id, rooms.database.clock()), locale)
        is_blocked = rooms.blocks.reason(guild_id, member.id) is not None
        await show(interaction, member_pages.usage(used, member.id, left, is_blocked, locale))

    @app_commands.command(name="cancel", description=_("Cancel what a member waits for here"))
    @app_commands.describe(member=_("Whose"))
    async def cancel(self, interaction: Interaction, member: discord.User) -> None:
        """Cancel it; nothing of it counts."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        locale = str(interaction.locale)
        count = await self.bot.rooms.moderation.cancel(actor_of(interaction), member.id)
        words = say(
            "members_cancelled", locale, member=member_pages.mention(member.id), pictures=pictures(count, locale)
        )
        await tell(interaction, words)

    @app_commands.command(name="delete", description=_("Delete all pictures that a member made here"))
    @app_commands.describe(member=_("Whose"))
    async def delete(self, interaction: Interaction, member: discord.User) -> None:
        """Ask first; the button does it."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        count = await self.bot.rooms.moderation.kept(server_of(interaction), member.id)
        await show(interaction, member_pages.confirm_delete(member.id, count, str(interaction.locale)))


def _manages(interaction: Interaction, member: discord.User | discord.Member) -> bool:
    """Tell whether somebody manages the server, as Discord says with the command."""
    if interaction.guild is not None and interaction.guild.owner_id == member.id:
        return True
    if not isinstance(member, discord.Member):
        return False
    permissions = member.resolved_permissions or member.guild_permissions
    return permissions.manage_guild or permissions.administrator
