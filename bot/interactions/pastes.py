"""The form that takes settings or a picture, and what comes of it. Nothing of it is kept but its custom id."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import aiohttp
import discord
from discord import ui

from bot.interactions.answers import acknowledging, actor_of, target_of
from bot.interactions.forms import MOST_CHARACTERS
from bot.rooms import Rooms
from bot.services.generation import Acknowledge, acknowledged
from bot.services.pasting import Pasted, Told, pasted, read_told, told_of
from bot.services.sources import require_bytes
from bot.texts import Mistake, say
from bot.ui.custom_ids import PASTE_ID
from bot.ui.plain import harmless

Interaction = discord.Interaction[Any]

_TEXT, _PICTURE = "text", "picture"
#: Of what is left out: so many are named, with so many characters each.
_MOST_NAMED = 20
_NAMED_CHARACTERS = 100


@dataclass(frozen=True)
class Upload:
    """A file that somebody sent: known before it is fetched."""

    name: str
    size: int
    url: str

    @classmethod
    def of(cls, attachment: discord.Attachment) -> Self:
        """Return an option's file."""
        return cls(attachment.filename, attachment.size, attachment.url)


async def ask_for_settings(interaction: Interaction) -> None:
    """Open the form."""
    locale = str(interaction.locale)
    text = ui.TextInput[Any](custom_id=_TEXT, style=discord.TextStyle.long, max_length=MOST_CHARACTERS, required=False)
    picture = ui.FileUpload[Any](custom_id=_PICTURE, min_values=0, max_values=1, required=False)
    form = ui.Modal(title=say("paste_title", locale), custom_id=PASTE_ID)
    for part, label, hint in (
        (text, "paste_text", "paste_text_hint"),
        (picture, "paste_picture", "paste_picture_hint"),
    ):
        form.add_item(ui.Label(text=say(label, locale), description=say(hint, locale), component=part))
    # discord.py keeps none that was stopped; `sent_settings` finds what comes back, after any restart.
    form.stop()
    await interaction.response.send_modal(form)


def sent_settings(interaction: Interaction) -> tuple[str, Upload | None] | None:
    """Return the text and the file, if this is the form that was sent in."""
    data: Any = interaction.data
    if interaction.type is not discord.InteractionType.modal_submit or data["custom_id"] != PASTE_ID:
        return None
    text, upload = "", None
    for part in (component.get("component", {}) for component in data["components"]):
        if part.get("custom_id") == _TEXT:
            text = str(part["value"])
        elif part.get("custom_id") == _PICTURE and part.get("values"):
            file = data["resolved"]["attachments"][part["values"][0]]
            upload = Upload(file["filename"], file["size"], file["url"])
    return text, upload


async def paint_settings(interaction: Interaction, rooms: Rooms, text: str, upload: Upload | None) -> None:
    """Paint what a text or a file says; what is left out is told to the member alone.

    Raises Mistake for neither or both of them, and for a file without settings; and as `Generation.submit` does.
    """
    if upload is not None and text.strip():
        raise Mistake("paste_both")
    private = bool(rooms.people.defaults(interaction.user.id).private)
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


async def read_upload(interaction: Interaction, upload: Upload) -> Told:
    """Return what a file says. Raises Mistake for one that cannot be fetched or says nothing."""
    try:
        data = await interaction.client.http.get_from_cdn(upload.url)
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        raise Mistake("image_unread", name=upload.name) from error
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
