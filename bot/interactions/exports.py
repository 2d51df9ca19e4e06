"""A member's data on its way to them."""

import asyncio
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import discord
from discord import ui

from bot.attachments import DEFAULT_LIMIT
from bot.interactions.answers import show, tell
from bot.services.people import People
from bot.texts import Mistake, say
from bot.ui import layouts

#: Discord takes five more answers where the bot was installed by the member alone; beyond, files go by message.
_MOST_ANSWERS = 5
#: Below this nothing useful fits.
_LEAST_BYTES = 1024 * 1024


async def send_export(interaction: discord.Interaction[Any], people: People) -> None:
    """Send a member everything that is kept about them; smaller files where Discord does not take large ones.

    Raises Mistake, StorageError, OSError, discord.HTTPException.
    """
    # Direct messages take no more, whatever the server does.
    most_bytes = min(interaction.filesize_limit, DEFAULT_LIMIT)
    while True:
        async with people.packed(interaction.user.id, most_bytes) as archives:
            try:
                return await _send(interaction, archives)
            except discord.HTTPException as error:
                if error.status != 413:
                    raise
        most_bytes //= 2
        if most_bytes < _LEAST_BYTES:
            raise Mistake("me_export_too_large")


async def _send(interaction: discord.Interaction[Any], archives: Sequence[Path]) -> None:
    """Send the archives by direct message, and as answers seen by the member alone where they take none."""
    locale, count = str(interaction.locale), len(archives)
    try:
        for number, path in enumerate(archives, 1):
            view, file = await _part(path, number, count, locale)
            await interaction.user.send(view=view, file=file)
    except discord.Forbidden as closed:
        if count > _MOST_ANSWERS:
            raise Mistake("me_export_closed", count=count) from closed
        for number, path in enumerate(archives, 1):
            view, file = await _part(path, number, count, locale)
            await show(interaction, view, [file])
    else:
        await tell(interaction, say("me_export_dm", locale, count=count))


async def _part(path: Path, number: int, count: int, locale: str) -> tuple[ui.LayoutView, discord.File]:
    data = await asyncio.to_thread(path.read_bytes)
    text = ui.TextDisplay[ui.LayoutView](say("me_exported", locale, number=number, count=count))
    return layouts.layout(text, ui.File(f"attachment://{path.name}")), discord.File(io.BytesIO(data), path.name)
