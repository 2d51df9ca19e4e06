"""The ways a result can go: the answer to the interaction, the channel, a direct message. What each of them refuses."""

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import aiohttp
import discord
from discord import ui

from bot.attachments import DEFAULT_LIMIT, LADDER, files_of, fit
from bot.ui.custom_ids import custom_id
from inference.protocol.messages import JobId
from storage.deliveries import Delivery
from storage.jobs import Job

log = logging.getLogger("easel.delivery")

#: What is kept of a token's 15 minutes for the sending itself.
TOKEN_MARGIN_SECONDS = 60.0
#: Discord's codes for "too large".
_TOO_LARGE = {40005}
#: Messages of a channel that are looked through for a result that may have been sent before.
_LOOKED_THROUGH = 300
#: By which this machine's clock and Discord's may differ.
_CLOCK_SECONDS = 120.0

#: A message for pictures in some form: (names of the attached files, whether they were made smaller) -> layout.
Layout = Callable[[Sequence[str], bool], ui.LayoutView]


@dataclass(frozen=True)
class Result:
    """What is to be sent: pictures as PNG bytes, or none, and the layout around them."""

    stem: str
    pictures: Sequence[bytes]
    layout: Layout
    #: The places of those that stand behind a spoiler.
    hidden: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Sent:
    """Where a result is now."""

    channel_id: int
    message_id: int
    #: In the answer to the interaction, whose token is good therefore.
    by_answer: bool = False


class NoWay(Exception):
    """This way is closed for good; another may be open."""


def token_lives(delivery: Delivery, now: float) -> bool:
    """Tell whether the answer to the interaction can still be changed, with some time to spare."""
    expires_at = delivery.token_expires_at or 0.0
    return delivery.token is not None and now < expires_at - TOKEN_MARGIN_SECONDS


class Courier:
    """Sends one result by the way it is told."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    def original(self, delivery: Delivery) -> discord.Webhook:
        """Return the webhook that edits the answer to the interaction. Raises NoWay without a token."""
        if delivery.application_id is None or delivery.token is None:
            raise NoWay("the interaction's token is gone")
        # As discord.py makes it for an interaction's followups: one of the application's own, type 3.
        payload: Any = {"id": delivery.application_id, "type": 3, "token": delivery.token}
        return discord.Webhook.from_state(data=payload, state=self._client._connection)

    async def edit_original(self, delivery: Delivery, view: ui.LayoutView, files: Sequence[discord.File]) -> Sent:
        """Make the answer to the interaction look like this. Doing it twice is doing it once.

        Raises discord.HTTPException, NoWay, aiohttp.ClientError.
        """
        # Discord knows the first answer under this name; discord.py types an id.
        message = await self.original(delivery).edit_message(
            cast(int, "@original"), view=view, attachments=files, allowed_mentions=discord.AllowedMentions.none()
        )
        channel_id = message.channel.id if message.channel else delivery.channel_id
        return Sent(channel_id, message.id, by_answer=True)

    async def show(self, delivery: Delivery, view: ui.LayoutView, files: Sequence[discord.File]) -> Sent:
        """Make the answer to the interaction look like this. Raises NoWay when that will never work again."""
        try:
            return await self.edit_original(delivery, view, files)
        except discord.HTTPException as error:
            raise _closed(error) from error

    async def whisper(self, delivery: Delivery, view: ui.LayoutView) -> None:
        """Say something to this member alone, after the answer. Raises as `edit_original` does."""
        nobody = discord.AllowedMentions.none()
        await self.original(delivery).send(view=view, ephemeral=True, allowed_mentions=nobody, wait=True)

    async def by_answer(self, delivery: Delivery, result: Result) -> Sent:
        """Send a result as the answer to the interaction."""

        async def send(view: ui.LayoutView, files: list[discord.File]) -> Sent:
            return await self.edit_original(delivery, view, files)

        return await self._climb_down(result, self._limit(delivery.channel_id), send)

    async def by_channel(self, job: Job, delivery: Delivery, result: Result, look_first: bool) -> Sent:
        """Send a result to the channel where it was asked for, with a mention of who asked."""
        channel = self._client.get_partial_messageable(delivery.channel_id, guild_id=job.guild_id)
        if look_first and (found := await self._find(channel, job, delivery.message_id)) is not None:
            return found
        return await self._post(channel, self._limit(delivery.channel_id), job, delivery, result)

    async def by_dm(self, job: Job, delivery: Delivery, result: Result, look_first: bool) -> Sent:
        """Send a result to the member directly."""
        try:
            channel = await self._client.create_dm(discord.Object(job.member_id))
        except discord.HTTPException as error:
            raise _closed(error) from error
        if look_first and (found := await self._find(channel, job)) is not None:
            return found
        return await self._post(channel, DEFAULT_LIMIT, job, delivery, result)

    async def withdraw(self, delivery: Delivery) -> None:
        """Delete the answer to the interaction, if that is still possible. Raises nothing."""
        try:
            await self.original(delivery).delete_message(cast(int, "@original"))
        except (NoWay, discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.debug("the answer of job %s stays: %s", delivery.job_id, error)

    async def discard(self, delivery: Delivery) -> None:
        """Delete the message that showed how it went, if that is still possible. Raises nothing."""
        if delivery.message_id is None:
            return
        channel = self._client.get_partial_messageable(delivery.channel_id)
        try:
            await channel.get_partial_message(delivery.message_id).delete()
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.debug("the message of job %s stays: %s", delivery.job_id, error)

    async def _post(
        self, channel: discord.abc.Messageable, limit: int, job: Job, delivery: Delivery, result: Result
    ) -> Sent:
        """Send a message, once: Discord refuses to repeat a nonce for some minutes, and after that we look."""
        mentions = discord.AllowedMentions(everyone=False, roles=False, users=[discord.Object(job.member_id)])

        async def send(view: ui.LayoutView, files: list[discord.File]) -> Sent:
            message = await channel.send(view=view, files=files, nonce=delivery.nonce, allowed_mentions=mentions)
            return Sent(message.channel.id, message.id)

        return await self._climb_down(result, limit, send)

    async def _find(self, channel: discord.abc.Messageable, job: Job, answer: int | None = None) -> Sent | None:
        """Return a message of ours that shows a job's result already: the answer, or one since the job's end.

        Raises what may pass. Where nothing can be read, nothing is found.
        """
        since = datetime.fromtimestamp((job.ended_at or job.created_at) - _CLOCK_SECONDS, UTC)
        try:
            if answer is not None and self._is_result(message := await channel.fetch_message(answer), job.id):
                return Sent(message.channel.id, message.id)
        except discord.HTTPException as error:
            _raise_passing(error)
        try:
            async for message in channel.history(limit=_LOOKED_THROUGH, after=since, oldest_first=True):
                if self._is_result(message, job.id):
                    return Sent(message.channel.id, message.id)
        except discord.HTTPException as error:
            _raise_passing(error)
        return None

    def _is_result(self, message: discord.Message, job: JobId) -> bool:
        """Tell a result by its buttons. The message that showed how it went has another."""
        wanted = {custom_id("again", job), custom_id("settings", job)}
        return message.author == self._client.user and _has(message.components, wanted)

    async def _climb_down(self, result: Result, limit: int, send: Callable[..., Any]) -> Sent:
        """Send pictures in the best form that Discord takes. Raises NoWay when it takes none, or nothing at all."""
        rung = 0
        while rung <= len(LADDER):
            fitted = await asyncio.to_thread(
                fit, result.pictures, result.stem, limit, rung, together=rung > 0, hidden=result.hidden
            )
            view = result.layout([name for name, _ in fitted.files], fitted.reduced)
            try:
                return cast(Sent, await send(view, files_of(fitted)))
            except discord.HTTPException as error:
                if error.status != 413 and error.code not in _TOO_LARGE:
                    raise _closed(error) from error
                rung = fitted.rung + 1
                if not result.pictures:
                    raise NoWay(str(error)) from error
        raise NoWay("the pictures are too large in every form")

    def _limit(self, channel_id: int) -> int:
        channel = self._client.get_channel(channel_id)
        guild = getattr(channel, "guild", None)
        return int(guild.filesize_limit) if guild is not None else DEFAULT_LIMIT


def _closed(error: discord.HTTPException) -> Exception:
    """Return NoWay for what will be refused again, and the error itself for what may pass."""
    return error if _passes(error) else NoWay(f"{error.status} ({error.code}): {error.text}")


def _passes(error: discord.HTTPException) -> bool:
    return error.status >= 500 or error.status in (408, 429)


def _raise_passing(error: discord.HTTPException) -> None:
    if _passes(error):
        raise error


def _has(components: Sequence[Any], wanted: Collection[str]) -> bool:
    """Tell whether any component has one of these custom ids."""
    return any(
        getattr(component, "custom_id", None) in wanted or _has(getattr(component, "children", ()), wanted)
        for component in components
    )
