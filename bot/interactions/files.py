"""Files that members send, with a command or in a form."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import aiohttp
import discord

from bot.texts import Mistake


@dataclass(frozen=True)
class Sent:
    """A file that somebody sent: known before it is fetched."""

    name: str
    #: Bytes, as Discord says.
    size: int
    url: str

    @classmethod
    def of(cls, attachment: discord.Attachment) -> Self:
        """Return an option's file, or a message's."""
        return cls(attachment.filename, attachment.size, attachment.url)


_CHUNK = 2**20
#: Of a whole file, and of the next piece of it.
_TIMEOUT = aiohttp.ClientTimeout(total=600, connect=30, sock_read=60)


async def saved(file: Sent, path: Path, most_bytes: int, on_progress: Callable[[int, int], None]) -> None:
    """Write a file of any size to a path, as it comes. Raises Mistake for one that does not come, or is too large."""
    if file.size > most_bytes:
        raise Mistake("link_bytes", most=most_bytes // 2**20)
    there = 0
    try:
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as session, session.get(file.url) as response:
            if response.status != 200:
                raise Mistake("image_unread", name=file.name)
            with await asyncio.to_thread(path.open, "xb") as part:
                async for chunk in response.content.iter_chunked(_CHUNK):
                    there += len(chunk)
                    if there > most_bytes:
                        raise Mistake("link_bytes", most=most_bytes // 2**20)
                    await asyncio.to_thread(part.write, chunk)
                    on_progress(there, file.size)
                await asyncio.to_thread(part.flush)
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        raise Mistake("image_unread", name=file.name) from error
    if there != file.size:
        raise Mistake("image_unread", name=file.name)


async def fetched(interaction: discord.Interaction[Any], file: Sent) -> bytes:
    """Return a file's bytes; whether they are too many is to be looked at before. Raises Mistake."""
    try:
        data: bytes = await interaction.client.http.get_from_cdn(file.url)
        return data
    except (TimeoutError, discord.HTTPException, aiohttp.ClientError, OSError) as error:
        raise Mistake("image_unread", name=file.name) from error
