"""/admin audit: who changed what, and when."""

import io
from typing import cast

import discord
from discord import app_commands
from discord.app_commands import locale_str as _

from bot.interactions.admin import server_of
from bot.interactions.answers import show
from bot.interactions.moderation import audit_view
from bot.services.audit import Area, Format
from bot.texts import Mistake, say
from bot.ui.layouts import layout
from cogs.admin.part import Interaction, Part

_AREAS = [
    app_commands.Choice(name=_("models"), value="models"),
    app_commands.Choice(name=_("limits"), value="limits"),
    app_commands.Choice(name=_("channels"), value="channels"),
    app_commands.Choice(name=_("roles"), value="roles"),
    app_commands.Choice(name=_("content"), value="content"),
    app_commands.Choice(name=_("what is kept"), value="kept"),
    app_commands.Choice(name=_("members"), value="members"),
    app_commands.Choice(name=_("LoRAs and embeddings"), value="adapters"),
    app_commands.Choice(name=_("the server"), value="server"),
]


class Audit(Part, name="audit", description=_("Who changed what, and when")):
    """Who changed what."""

    @app_commands.command(name="show", description=_("The newest changes, page by page"))
    @app_commands.describe(member=_("Only what they did, or what was done to them"), area=_("Only what is about this"))
    @app_commands.choices(area=_AREAS)
    async def show(
        self,
        interaction: Interaction,
        member: discord.User | None = None,
        area: app_commands.Choice[str] | None = None,
    ) -> None:
        """Show the first page; its buttons show the others."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        who, about = _chosen(member, area)
        await show(interaction, await audit_view(interaction, None, who, about))

    @app_commands.command(name="export", description=_("All changes as a file"))
    @app_commands.describe(
        form=_("For spreadsheets, or for programs"),
        member=_("Only what they did, or what was done to them"),
        area=_("Only what is about this"),
    )
    @app_commands.rename(form="as")
    @app_commands.choices(
        form=[app_commands.Choice(name=_("CSV"), value="csv"), app_commands.Choice(name=_("JSON"), value="json")],
        area=_AREAS,
    )
    async def export(
        self,
        interaction: Interaction,
        form: app_commands.Choice[str] | None = None,
        member: discord.User | None = None,
        area: app_commands.Choice[str] | None = None,
    ) -> None:
        """Send all of it, seen by one alone."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        kind = cast(Format, form.value) if form is not None else "csv"
        data, count = await self.bot.rooms.audit.file(server_of(interaction), kind, *_chosen(member, area))
        if not count:
            raise Mistake("audit_empty")
        if len(data) > interaction.filesize_limit:
            raise Mistake("audit_file_large", count=count)
        name = f"audit.{kind}"
        text = discord.ui.TextDisplay[discord.ui.LayoutView](say("audit_file", str(interaction.locale), count=count))
        view = layout(text, discord.ui.File(f"attachment://{name}"))
        await show(interaction, view, [discord.File(io.BytesIO(data), name)])


def _chosen(member: discord.User | None, area: app_commands.Choice[str] | None) -> tuple[int | None, Area | None]:
    return None if member is None else member.id, None if area is None else cast(Area, area.value)
