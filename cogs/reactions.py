"""Reactions of members to their own pictures: ✉️ sends them, ⭐ keeps them, ❌ deletes them."""

import logging
from typing import Any

import discord
from discord import ui
from discord.ext import commands

from bot.app import Easel
from bot.attachments import DEFAULT_LIMIT
from bot.interactions.answers import words_for
from bot.interactions.places import live_place
from bot.interactions.showing import send_pictures, take_away
from bot.services.checks import DIRECTLY
from bot.services.gallery import Posted
from bot.services.requests import PRESS, Actor, Place
from bot.services.spots import Spot
from bot.ui.custom_ids import job_in
from bot.ui.layouts import note
from inference.protocol.messages import JobId

log = logging.getLogger("easel.reactions")

_SEND, _KEEP, _DELETE = "✉", "⭐", "❌"
#: Says that a member's direct messages are closed.
_CLOSED = "📪"
#: Some clients send emoji with it, some without.
_VARIATION_SELECTOR = "\ufe0f"

Payload = discord.RawReactionActionEvent


class Reactions(commands.Cog):
    """Does what a member's reaction to their own pictures says, and nothing for anybody else's."""

    def __init__(self, bot: Easel) -> None:
        self._bot = bot

    @commands.Cog.listener()
    async def on_raw_reaction_add(self, payload: Payload) -> None:
        """Send, keep or delete."""
        await self._answer(payload, _emoji(payload), added=True)

    @commands.Cog.listener()
    async def on_raw_reaction_remove(self, payload: Payload) -> None:
        """Keep no longer."""
        if _emoji(payload) == _KEEP:
            await self._answer(payload, _KEEP, added=False)

    async def _answer(self, payload: Payload, emoji: str, *, added: bool) -> None:
        if emoji not in (_SEND, _KEEP, _DELETE) or (self._bot.user and payload.user_id == self._bot.user.id):
            return
        locale = None
        try:
            posted = await self._posted(payload)
            if posted is None:
                return
            locale = posted.locale
            await self._do(payload, emoji, posted, added)
        except discord.Forbidden as closed:
            log.info("a reaction cannot be answered: %s", closed)
            await self._say_closed(payload)
        except Exception as error:
            await self._explain(payload, error, locale)

    async def _posted(self, payload: Payload) -> Posted | None:
        """Return the member's own job that a message shows, or None."""
        gallery = self._bot.rooms.gallery
        job = await gallery.shown_by(payload.message_id) or await self._named(payload)
        return await gallery.posted(job, payload.user_id) if job is not None else None

    async def _named(self, payload: Payload) -> JobId | None:
        """Return the job that a message of ours names in its buttons: a copy, or one that has only just been sent."""
        if self._bot.user is None or payload.message_author_id != self._bot.user.id:
            return None
        channel = self._bot.get_partial_messageable(payload.channel_id)
        try:
            return job_in((await channel.fetch_message(payload.message_id)).components)
        except discord.HTTPException:
            return None

    async def _do(self, payload: Payload, emoji: str, posted: Posted, added: bool) -> None:
        rooms, job, member = self._bot.rooms, posted.job.id, payload.user_id
        actor = Actor(
            member_id=member,
            guild_id=payload.guild_id,
            locale=posted.locale,
            place=self._place(payload),
            command=PRESS,
        )
        if emoji != _DELETE:
            rooms.gatekeeper.require_entry(actor)
        if emoji == _KEEP:
            await rooms.gallery.mark(job, member, added)
        elif emoji == _SEND:

            async def send(view: ui.LayoutView, files: list[discord.File]) -> None:
                await self._write(member, view, files)

            await send_pictures(rooms, job, actor, DEFAULT_LIMIT, send, where=DIRECTLY)
        else:
            spot = await rooms.gallery.delete(job, actor)
            await take_away(self._bot, spot)
            if spot is None or spot.message_id != payload.message_id:
                await take_away(self._bot, Spot(payload.channel_id, payload.message_id))

    def _place(self, payload: Payload) -> Place:
        if payload.guild_id is None:
            return Place(channel_id=payload.channel_id, direct=True)
        found = live_place(self._bot, payload.guild_id, payload.channel_id)
        return Place(channel_id=payload.channel_id) if found is None else found

    async def _write(self, member: int, view: ui.LayoutView, files: list[discord.File]) -> None:
        channel = await self._bot.create_dm(discord.Object(member))
        await channel.send(view=view, files=files)

    async def _explain(self, payload: Payload, error: Exception, locale: str | None) -> None:
        """Tell the member directly what went wrong; there is no interaction that could be answered."""
        try:
            await self._write(payload.user_id, note(words_for(error, locale)), [])
        except discord.HTTPException as closed:
            log.info("the member cannot be told of %r: %s", error, closed)
            await self._say_closed(payload)

    async def _say_closed(self, payload: Payload) -> None:
        message = self._bot.get_partial_messageable(payload.channel_id).get_partial_message(payload.message_id)
        try:
            await message.add_reaction(_CLOSED)
        except discord.HTTPException as error:
            log.info("the member cannot be told that their direct messages are closed: %s", error)


def _emoji(payload: Payload) -> str:
    """Return the emoji as it is known here; nothing for one of a server's own."""
    return "" if payload.emoji.id is not None else payload.emoji.name.replace(_VARIATION_SELECTOR, "")


async def setup(bot: Any) -> None:
    """Listen; discord.py calls this."""
    await bot.add_cog(Reactions(bot))
