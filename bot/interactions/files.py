"""Files that members send, with a command or in a form."""

from dataclasses import dataclass
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


async def fetched(interaction: discord.Interaction[Any], file: Sent) -> bytes:
    """Return a file's bytes; whether they are too many is to be looked at before. Raises Mistake."""
    try:
        data: bytes = await interaction.client.http.get_from_cdn(file.url)
        return data
    except (TimeoutError, discord.HTTPException, aiohttp.ClientError, OSError) as error:
        raise Mistake("image_unread", name=file.name) from error
