"""Pictures that members send: fetched here, looked at by the engine's worker."""

import asyncio
from typing import Any

import discord

from bot.errors import EngineDead
from bot.interactions.answers import actor_of
from bot.interactions.files import Sent, fetched
from bot.services.areas import parse_box, parse_colour
from bot.services.edits import Source
from bot.services.pasting import read_settings
from bot.services.uploads import Looked, look, require_bytes
from bot.texts import Mistake
from inference.protocol.marks import Drawn, Mark
from storage.images import Image

Interaction = discord.Interaction[Any]


def mark_of(area: str | None, colour: str | None, file: Sent | None) -> Mark | Sent | None:
    """Return which part of a picture is meant: a place in words or numbers, a colour, or what a mask shows.

    None where nothing was said. Raises Mistake for more than one of them, and for what cannot be understood.
    """
    said = [each for each in (area, colour, file) if each]
    if len(said) > 1:
        raise Mistake("mask_one")
    if area:
        return parse_box(area)
    return parse_colour(colour) if colour else file


async def read_picture(interaction: Interaction, file: Sent, mark: Mark | Sent | None = None) -> tuple[bytes, Looked]:
    """Return a picture's bytes, and what it is; a mask may be another picture.

    Acknowledge first: this fetches, and may wait for a step or a load. Raises Mistake for what cannot be fetched or
    painted from, EngineDead.
    """
    for each in (file, mark):
        if isinstance(each, Sent):
            require_bytes(each.name, each.size)
    data = await fetched(interaction, file)
    return data, await looked_at(interaction, file.name, data, mark)


async def source_of(
    interaction: Interaction, file: Sent, mark: Mark | Sent | None = None
) -> tuple[Source, bytes, Looked]:
    """Return a picture that somebody sends as a source, with what is known of it. Raises as `read_picture` does."""
    data, looked = await read_picture(interaction, file, mark)
    rooms = interaction.client.rooms
    known = await rooms.lineage.recognise(data, actor_of(interaction))
    if known is None:
        known = await asyncio.to_thread(read_settings, data)
    place = None
    if isinstance(known, Image) and (job := await rooms.gallery.job_of(known)) is not None:
        place = await rooms.originals.place(job)
    return rooms.edits.of_upload(data, looked.width, looked.height, known, place), data, looked


async def looked_at(interaction: Interaction, name: str, data: bytes, mark: Mark | Sent | None = None) -> Looked:
    """Return what a picture is. Raises as `read_picture` does."""
    mask_name = None
    if isinstance(mark, Sent):
        require_bytes(mark.name, mark.size)
        mask_name, mark = mark.name, Drawn(data=await fetched(interaction, mark))
    dispatcher = interaction.client.rooms.dispatcher
    if dispatcher.trouble is not None:
        raise EngineDead(dispatcher.trouble)
    try:
        return await look(dispatcher.examine, name, data, mark, mask_name)
    except EngineDead as error:
        if dispatcher.trouble is not None:
            raise
        # It comes back by itself: this picture alone was not answered.
        raise Mistake("prompt_lost") from error
