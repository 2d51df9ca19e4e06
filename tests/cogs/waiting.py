"""Waiting for what has no answer in Discord: reactions."""

import asyncio

from bot.app import Easel
from storage import images


async def marked(bot: Easel, member_id: int, count: int) -> None:
    """Return when a member has so many favourites."""
    async with asyncio.timeout(60):
        while len(await images.favourites(bot.rooms.database, member_id)) != count:  # noqa: ASYNC110 - a reaction has no answer
            await asyncio.sleep(0.01)
