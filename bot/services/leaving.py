"""Where the bot is, and what becomes of what it keeps of a server that it has left."""

import asyncio
import logging
from collections.abc import Collection
from typing import Protocol

from bot.queue.dispatcher import Dispatcher
from bot.texts import Mistake
from storage import ContentFolder, Database, deliveries, disposal, presence, purge

log = logging.getLogger("easel.servers")


class Held(Protocol):
    """What holds something of servers in memory."""

    def forget_guild(self, guild_id: int) -> None:
        """Know nothing more of a server of which everything was deleted."""


class Leaving:
    """Servers that come and go. What is kept of one that is gone is deleted some time after."""

    def __init__(
        self,
        *,
        database: Database,
        pictures: ContentFolder,
        inputs: ContentFolder,
        dispatcher: Dispatcher,
        held: Collection[Held],
        keep_seconds: float,
    ) -> None:
        self._database = database
        self._pictures = pictures
        self._inputs = inputs
        self._dispatcher = dispatcher
        self._held = held
        self._keep_seconds = keep_seconds
        #: A server that comes back waits until it is decided what becomes of what was kept of it.
        self._changing = asyncio.Lock()

    async def look(self, present: Collection[int]) -> list[int]:
        """Compare the servers where the bot is with those where it was, and return those that were not greeted yet.

        `present` must be all of them, those that Discord cannot reach just now too. At the very first look none is
        new: they were there before it was written down. Raises StorageError.
        """
        async with self._changing:
            known = await presence.all(self._database)
            gone = [guild for guild in known if guild not in present]
            back = [guild for guild in present if guild not in known or known[guild].left_at is not None]
            async with self._database.transaction() as write:
                for guild in back:
                    await presence.seen(write, guild)
                left = await presence.left(write, gone)
                if await presence.begin(write):
                    for guild in present:
                        await presence.claim_greeting(write, guild)
                    new = []
                else:
                    new = [guild for guild in present if guild not in known or known[guild].greeted_at is None]
            for guild in left:
                await self._cancel(guild)
        return new

    async def joined(self, guild_id: int) -> None:
        """Note that the bot is in a server, for the first time or again: nothing of it is deleted then."""
        async with self._changing, self._database.transaction() as write:
            await presence.seen(write, guild_id)

    async def left(self, guild_id: int) -> None:
        """Note that the bot is in a server no more, and cancel what is unfinished there. Raises StorageError."""
        async with self._changing:
            async with self._database.transaction() as write:
                await presence.seen(write, guild_id)
                await presence.left(write, [guild_id])
            await self._cancel(guild_id)

    async def purge(self, guild_id: int) -> int:
        """Delete everything that is kept of a server now, and return how many requests that were.

        Where the bot is still there, it begins anew, without a greeting. Raises StorageError.
        """
        async with self._changing:
            before = (await presence.all(self._database)).get(guild_id)
            deleted = await self._purge(guild_id)
            if before is not None and before.left_at is None:
                async with self._database.transaction() as write:
                    await presence.seen(write, guild_id)
                    await presence.claim_greeting(write, guild_id)
        return deleted

    async def purge_due(self) -> int:
        """Delete what is kept of servers that were left long enough ago; return how many servers that were."""
        async with self._changing:
            guilds = await presence.due(self._database, self._keep_seconds, self._database.clock())
            for guild in guilds:
                await self._purge(guild)
        return len(guilds)

    async def _purge(self, guild_id: int) -> int:
        await self._stop(guild_id)
        deleted = await purge.purge(self._database, guild_id)
        for each in self._held:
            each.forget_guild(guild_id)
        await disposal.sweep(self._database, self._pictures, self._inputs)
        log.info("server %d is forgotten, with %d requests", guild_id, deleted)
        return deleted

    async def _cancel(self, guild_id: int) -> None:
        """Cancel what is unfinished in a server; whoever asked is told by whatever way is open still."""
        for job in [job for job in self._dispatcher.jobs() if job.guild_id == guild_id]:
            await self._dispatcher.cancel(job.id, Mistake("ended_left"))

    async def _stop(self, guild_id: int) -> None:
        """End what is unfinished in a server, of which nothing is kept: nobody is told."""
        for job in [job for job in self._dispatcher.jobs() if job.guild_id == guild_id]:
            self._dispatcher.forget(job.id)
            await self._dispatcher.cancel(job.id)
            async with self._database.transaction() as write:
                delivery = await deliveries.get(write, job.id)
                if delivery is not None and delivery.state in ("pending", "progress"):
                    await deliveries.advance(write, job.id, "failed", error="left")
