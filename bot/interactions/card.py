"""What the buttons of one picture's card do that make nothing new of it: keep it, send it, tell of it, delete it."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import discord
from discord import ui

from bot.attachments import DEFAULT_LIMIT
from bot.interactions.answers import actor_of, show
from bot.interactions.edit_form import open_form
from bot.interactions.showing import picture_view, send_pictures, settings_view, show_again, take_away
from bot.services.checks import DIRECTLY
from bot.texts import Mistake, say
from bot.ui.custom_ids import CardVerb
from bot.ui.layouts import note
from inference.protocol.messages import JobId

log = logging.getLogger("easel.ui")

Interaction = discord.Interaction[Any]


async def press(interaction: Interaction, verb: CardVerb, job: JobId, index: int) -> None:
    """Do what a button says to one of a job's pictures. Raises Mistake for what is gone or not theirs."""
    await _VERBS[verb](interaction, job, index)


async def _favourite(interaction: Interaction, job: JobId, index: int) -> None:
    await _mark(interaction, job, index, True)


async def _unfavourite(interaction: Interaction, job: JobId, index: int) -> None:
    await _mark(interaction, job, index, False)


async def _mark(interaction: Interaction, job: JobId, index: int, marked: bool) -> None:
    """Keep a picture or do so no longer, and show its card as it is then."""
    await interaction.response.defer()
    rooms, actor = interaction.client.rooms, actor_of(interaction)
    _, image = await rooms.originals.picture(job, index, actor)
    await rooms.gallery.mark_one(image, actor, marked)
    view, files = await picture_view(rooms, job, index, actor)
    await interaction.edit_original_response(view=view, attachments=files)


async def _send(interaction: Interaction, job: JobId, index: int) -> None:
    """Send one picture to the member directly."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    locale = str(interaction.locale)

    async def send(view: ui.LayoutView, files: list[discord.File]) -> None:
        await interaction.user.send(view=view, files=files, allowed_mentions=discord.AllowedMentions.none())

    try:
        actor = actor_of(interaction)
        await send_pictures(interaction.client.rooms, job, actor, DEFAULT_LIMIT, send, only=index, where=DIRECTLY)
    except discord.Forbidden as closed:
        raise Mistake("dm_closed") from closed
    await show(interaction, note(say("card_sent", locale)))


async def _settings(interaction: Interaction, job: JobId, index: int) -> None:
    await interaction.response.defer(ephemeral=True, thinking=True)
    await show(interaction, *await settings_view(interaction.client.rooms, job, actor_of(interaction), index))


async def _delete(interaction: Interaction, job: JobId, index: int) -> None:
    """Delete one picture, and take it out of the message that shows it."""
    await interaction.response.defer()
    rooms, actor, locale = interaction.client.rooms, actor_of(interaction), str(interaction.locale)
    spot, left = await rooms.gallery.delete_one(job, index, actor)
    await interaction.edit_original_response(view=note(say("card_deleted", locale)), attachments=[])
    if not left:
        await take_away(interaction.client, spot)
    else:
        await show_again(interaction.client, rooms, job, actor, spot)


_VERBS: Mapping[CardVerb, Callable[[Interaction, JobId, int], Awaitable[None]]] = {
    "favourite": _favourite,
    "unfavourite": _unfavourite,
    "send": _send,
    "settings": _settings,
    "delete": _delete,
    "edit": open_form,
}
