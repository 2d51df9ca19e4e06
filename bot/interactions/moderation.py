"""Buttons of those who run a server: a member's pictures are deleted, and the pages of the audit turned."""

from typing import Any, cast

import discord
from discord import ui

from bot.interactions.admin import require_admin, server_of
from bot.interactions.answers import actor_of, tell
from bot.interactions.buttons import Button
from bot.interactions.showing import take_away
from bot.services.audit import AREAS, Area
from bot.services.moderation import Removed
from bot.services.spots import Spot
from bot.texts import pictures, say
from bot.ui import audit_pages, custom_ids, layouts, member_pages

Interaction = discord.Interaction[Any]


async def audit_view(
    interaction: Interaction, before: int | None, member_id: int | None, area: Area | None
) -> ui.LayoutView:
    """Return a page of the server's audit. Raises StorageError."""
    found = await interaction.client.rooms.audit.page(server_of(interaction), before, member_id, area)
    return audit_pages.page(found, before is None, member_id, area, str(interaction.locale))


class AuditButton(Button, template=custom_ids.AUDIT):
    """Turns the page of the audit."""

    command = "admin"

    async def work(self, interaction: Interaction) -> None:
        """Show the page in the place of the one before."""
        require_admin(interaction)
        await interaction.response.defer()
        before, member, area = (self.found[name] for name in ("before", "member", "area"))
        view = await audit_view(
            interaction,
            int(before) if before else None,
            int(member) if member else None,
            cast(Area, area) if area in AREAS else None,
        )
        await interaction.edit_original_response(view=view)


class MemberDeleteButton(Button, template=custom_ids.MEMBER_DELETE):
    """Deletes what a member made in the server."""

    command = "admin"

    async def work(self, interaction: Interaction) -> None:
        """Delete the pictures at once, then take the messages away; that takes its time."""
        require_admin(interaction)
        await interaction.response.defer()
        rooms, locale, member = interaction.client.rooms, str(interaction.locale), int(self.found["member"])
        removed: Removed = await rooms.moderation.delete(actor_of(interaction), member)
        count = pictures(removed.pictures, locale)
        if removed.messages:
            shown = layouts.note(say("members_deleting", locale, pictures=count))
            await interaction.edit_original_response(view=shown)
        gone = 0
        for message in removed.messages:
            if await take_away(interaction.client, Spot(message.channel_id, message.message_id)):
                await rooms.moderation.note_gone(message.job_id)
                gone += 1
        words = say(
            "members_deleted",
            locale,
            member=member_pages.mention(member),
            pictures=count,
            cancelled=removed.cancelled,
            messages=gone,
        )
        if removed.more or gone < len(removed.messages):
            words += f"\n{say('members_deleted_more', locale)}"
        await _told(interaction, words)


async def _told(interaction: Interaction, words: str) -> None:
    """Say something in the place of the question; that takes its time, and then it may be too late for the place."""
    try:
        await interaction.edit_original_response(view=layouts.note(words))
    except discord.NotFound:
        await tell(interaction, words)


BUTTONS = (AuditButton, MemberDeleteButton)
