"""The form that takes settings or a picture, and what comes of it. Nothing of it is kept but its custom id."""

import asyncio
from collections.abc import Sequence
from typing import Any

import discord

from bot.interactions.answers import acknowledging, actor_of, target_of
from bot.interactions.files import Sent, fetched
from bot.interactions.forms import file_part, filled, open_form, text_part
from bot.interactions.gate import private_for
from bot.rooms import Rooms
from bot.services.pasting import Pasted, Told, pasted, read_told, told_of
from bot.services.requests import Acknowledge, acknowledged
from bot.services.uploads import require_bytes
from bot.texts import Mistake, say
from bot.ui.custom_ids import PASTE, PASTE_ID
from bot.ui.plain import harmless

Interaction = discord.Interaction[Any]

_TEXT, _PICTURE = "text", "picture"
#: Of what is left out: so many are named, with so many characters each.
_MOST_NAMED = 20
_NAMED_CHARACTERS = 100


async def ask_for_settings(interaction: Interaction) -> None:
    """Open the form."""
    locale = str(interaction.locale)
    parts = [
        text_part(_TEXT, say("paste_text", locale), description=say("paste_text_hint", locale)),
        file_part(_PICTURE, say("paste_picture", locale), say("paste_picture_hint", locale)),
    ]
    await open_form(interaction, PASTE_ID, say("paste_title", locale), parts)


def sent_settings(interaction: Interaction) -> tuple[str, Sent | None] | None:
    """Return the text and the file, if this is the form that was sent in."""
    form = filled(interaction, PASTE)
    return None if form is None else (form.texts.get(_TEXT, ""), form.files.get(_PICTURE))


async def paint_settings(interaction: Interaction, rooms: Rooms, text: str, upload: Sent | None) -> None:
    """Paint what a text or a file says; what is left out is told to the member alone.

    Raises Mistake for neither or both of them, and for a file without settings; and as `Generation.submit` does.
    """
    if upload is not None and text.strip():
        raise Mistake("paste_both")
    private = private_for(interaction)
    acknowledge: Acknowledge = acknowledging(interaction, private)
    if upload is not None:
        require_bytes(upload.name, upload.size)
        await acknowledge()
        acknowledge = acknowledged
        told = await read_upload(interaction, upload)
    elif text.strip():
        told = told_of(text)
    else:
        raise Mistake("paste_nothing")
    await paint(interaction, rooms, pasted(told, rooms.dispatcher.models), private, acknowledge)


async def paint(interaction: Interaction, rooms: Rooms, meant: Pasted, private: bool, acknowledge: Acknowledge) -> None:
    """Paint a wish, and tell the member alone what was left out of it. Raises as `Generation.submit` does."""
    job = await rooms.generation.submit(meant.wish, actor_of(interaction), target_of(interaction, private), acknowledge)
    if meant.ignored:
        rooms.publisher.whisper(job.id, left_out(meant.ignored, str(interaction.locale)))


async def read_upload(interaction: Interaction, upload: Sent) -> Told:
    """Return what a file says. Raises Mistake for one that cannot be fetched or says nothing."""
    data = await fetched(interaction, upload)
    told = await asyncio.to_thread(read_told, data)
    if told is None:
        raise Mistake("paste_none", name=upload.name)
    return told


def left_out(ignored: Sequence[str], locale: str | None) -> str:
    """Return the words for what was said and is not followed."""
    what = " · ".join(harmless(each, _NAMED_CHARACTERS) for each in ignored[:_MOST_NAMED])
    if len(ignored) > _MOST_NAMED:
        return say("paste_left_out_more", locale, what=what, count=len(ignored) - _MOST_NAMED)
    return say("paste_left_out", locale, what=what)
