"""A prompt that somebody wants to be looked through: read, counted by the engine, and made a page."""

import asyncio
import io
import logging
from dataclasses import replace

import discord
from discord import ui

from bot.errors import EngineDead
from bot.rooms import Rooms
from bot.services.readings import Chunks, chunks_of
from bot.services.requests import Actor
from bot.texts import say
from bot.ui import readings
from inference.prompt.editing import Timeline
from inference.prompt.reading import Reading, read
from inference.protocol.messages import ModelInfo

log = logging.getLogger("easel.ui")


async def reading_view(
    rooms: Rooms, written: str, model: ModelInfo, steps: int, actor: Actor, *, negative: bool = False
) -> tuple[ui.LayoutView, list[discord.File]]:
    """Return the page of a prompt, and the file that goes with it. An engine that does not answer takes only tokens.

    Raises Mistake and PromptError for styles and choices that cannot be made.
    """
    locale = actor.locale
    text, ways = await asyncio.to_thread(rooms.orders.drawn, written, actor)
    reading = await asyncio.to_thread(read, text, Timeline(steps), negative=negative)
    networks = rooms.orders.networks(model.hash, actor)
    errors, hints = networks.errors(reading, text), networks.hints(reading, text)
    reading = replace(reading, errors=(*reading.errors, *errors), hints=(*reading.hints, *hints))
    chunks, trouble = await _counted(rooms, reading, model, locale)
    shown = readings.Shown(
        text=text,
        reading=reading,
        steps=steps,
        model=model.name,
        negative=negative,
        chunks=chunks,
        ways=None if text == written else ways,
        trouble=trouble,
        networks=networks,
        member_id=actor.member_id,
    )
    view, whole = await asyncio.to_thread(readings.page, shown, locale)
    return view, [discord.File(io.BytesIO(whole.encode()), readings.FILE_NAME)] if whole is not None else []


async def _counted(rooms: Rooms, reading: Reading, model: ModelInfo, locale: str | None) -> tuple[Chunks, str | None]:
    """Return a prompt's chunks, or none and a sentence that says why."""
    if rooms.dispatcher.trouble is not None:
        return {}, say("engine_dead", locale)
    try:
        return await chunks_of(reading, model.hash, rooms.dispatcher.tokenize)
    except TimeoutError:
        return {}, say("prompt_busy", locale)
    except EngineDead as dead:
        log.warning("a prompt is shown without its tokens: %s", dead.message)
        return {}, say("prompt_lost", locale)
