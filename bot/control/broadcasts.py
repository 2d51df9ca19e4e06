"""Words of the operator to every server: first a draft, then, once, a message to each."""

import asyncio
import logging
from collections.abc import Callable
from uuid import uuid4

import aiohttp
import discord

from bot.services.broadcasting import MOST_TEXT, BroadcastState, Targets
from bot.texts import Mistake, say
from bot.ui.layouts import layout
from storage import Database, StorageError, notes

log = logging.getLogger("easel.broadcast")

#: Drafts are notes of this name and a number of their own.
_DRAFT = "broadcast:"
_DRAFT_SECONDS = 86_400.0
_NOBODY = discord.AllowedMentions.none()


class Broadcasts:
    """Sends broadcasts, one at a time and gently: a message each `pause_seconds`."""

    def __init__(
        self,
        *,
        client: discord.Client,
        database: Database,
        is_open: Callable[[int], bool],
        pause_seconds: float = 1.0,
    ) -> None:
        self._client = client
        self._database = database
        self._is_open = is_open
        self._pause_seconds = pause_seconds
        self._task: asyncio.Task[BroadcastState] | None = None
        self.state = BroadcastState()

    async def draft(self, text: str) -> Targets:
        """Keep a text for a day, and return whom it would reach. Raises Mistake, StorageError."""
        text = text.strip()
        if not text:
            raise Mistake("operator_broadcast_empty")
        if len(text) > MOST_TEXT:
            raise Mistake("operator_long", most=MOST_TEXT)
        number = uuid4().hex
        async with self._database.transaction() as write:
            await notes.forget(write, _DRAFT, write.now - _DRAFT_SECONDS)
            await notes.put(write, _DRAFT + number, text)
        served = [guild for guild in self._client.guilds if self._is_open(guild.id)]
        without = tuple(guild.name for guild in served if updates_channel(guild) is None)
        return Targets(
            draft=number,
            text=text,
            servers=len(served) - len(without),
            without=without,
            closed=len(self._client.guilds) - len(served),
        )

    async def send(self, draft: str) -> None:
        """Begin to send a draft, which is gone then: nothing is sent twice. Raises Mistake, StorageError."""
        if self.state.going:
            raise Mistake("operator_broadcast_running")
        # Nobody else begins while the draft is read.
        self.state = BroadcastState(going=True)
        try:
            async with self._database.transaction() as write:
                await notes.forget(write, _DRAFT, write.now - _DRAFT_SECONDS)
                text = await notes.take(write, _DRAFT + draft)
        except BaseException:
            self.state = BroadcastState()
            raise
        if text is None:
            self.state = BroadcastState()
            raise Mistake("operator_broadcast_gone")
        self._task = asyncio.create_task(self._send_all(text), name="broadcast")

    async def ended(self) -> BroadcastState:
        """Wait for the broadcast that runs, and return how it ended."""
        return self.state if self._task is None else await asyncio.shield(self._task)

    async def stop(self) -> None:
        """Send nothing more; what was not sent never is."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _send_all(self, text: str) -> BroadcastState:
        sent, failed = 0, list[str]()
        left = [guild for guild in self._client.guilds if self._is_open(guild.id)]
        try:
            while left:
                guild = left.pop(0)
                if await self._sent(guild, text):
                    sent += 1
                else:
                    failed.append(guild.name)
                self.state = BroadcastState(going=True, sent=sent, failed=tuple(failed), left=len(left))
                if left:
                    await asyncio.sleep(self._pause_seconds)
        finally:
            if left:
                log.warning("a broadcast was cut off: %d servers were told, %d were not", sent, len(left))
            self.state = BroadcastState(sent=sent, failed=tuple(failed), left=len(left))
        log.info("a broadcast was sent to %d servers, and to %d it could not be", sent, len(failed))
        return self.state

    async def _sent(self, guild: discord.Guild, text: str) -> bool:
        """Send to a server, and return whether that went well."""
        channel = updates_channel(guild)
        if channel is None or not self._is_open(guild.id):
            return False
        heading = say("operator_broadcast_heading", str(guild.preferred_locale))
        try:
            await channel.send(
                view=layout(discord.ui.TextDisplay(f"-# {heading}"), discord.ui.TextDisplay(text)),
                allowed_mentions=_NOBODY,
            )
        except (discord.HTTPException, aiohttp.ClientError, OSError, StorageError) as error:
            log.info("server %d could not be told: %s", guild.id, error)
            return False
        return True


def updates_channel(guild: discord.Guild) -> discord.TextChannel | None:
    """Return where a server wants news about what it uses, if the bot may write there; None where it may nowhere."""
    for channel in (guild.public_updates_channel, guild.system_channel):
        if channel is None:
            continue
        permissions = channel.permissions_for(guild.me)
        if permissions.view_channel and permissions.send_messages:
            return channel
    return None
