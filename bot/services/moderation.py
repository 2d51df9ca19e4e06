"""What those who run a server do about a member: see what they used, cancel what waits, delete what was made."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.queue.dispatcher import Dispatcher
from bot.services.audit import Audit
from bot.services.blocks import Block, Blocks
from bot.services.policy import why_blocked
from bot.services.requests import Actor
from bot.texts import Mistake
from inference.protocol.messages import JobId
from storage import ContentFolder, Database, deliveries, disposal, taking_down, usage
from storage.jobs import NewJob
from storage.taking_down import Message

log = logging.getLogger("easel.moderation")

__all__ = ["DAYS", "Moderation", "Removed", "Usage", "Used"]

#: Days of which the use is told: today and those before.
DAYS = 30
_WEEK_DAYS = 7
#: Messages that are taken away at once; Discord lets a few a second.
_MESSAGES = 300


@dataclass(frozen=True)
class Used:
    """What was used in a time."""

    seconds: float = 0.0
    pictures: int = 0

    def __add__(self, other: "Used") -> "Used":
        return Used(self.seconds + other.seconds, self.pictures + other.pictures)


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a member, or a whole server, used; days begin at midnight UTC."""

    today: Used = Used()
    week: Used = Used()
    month: Used = Used()
    #: Pictures that wait or are being painted.
    waiting: int = 0
    #: Of a server: who used most in the week, the most first.
    most: tuple[tuple[int, Used], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Removed:
    """What was deleted of a member."""

    pictures: int
    #: Those that waited or were being painted.
    cancelled: int
    #: Those that show them, the newest first.
    messages: tuple[Message, ...]
    #: There are others, for the next time.
    more: bool = False


class Moderation:
    """Does it, and writes down who did."""

    def __init__(
        self,
        *,
        database: Database,
        pictures: ContentFolder,
        inputs: ContentFolder,
        dispatcher: Dispatcher,
        blocks: Blocks,
        audit: Audit,
    ) -> None:
        self._database = database
        self._pictures = pictures
        self._inputs = inputs
        self._dispatcher = dispatcher
        self._blocks = blocks
        self._audit = audit

    async def block(
        self, actor: Actor, member_id: int, reason: str, *, manages: bool = False, bot: bool = False
    ) -> tuple[Block, int]:
        """Block a member and cancel what waits for them; return the block and how many pictures that were.

        Raises as `Blocks.block` does.
        """
        block = await self._blocks.block(actor, member_id, reason, manages=manages, bot=bot)
        return block, await self._cancelled(block.guild_id, member_id, why_blocked(block.reason))

    async def cancel(self, actor: Actor, member_id: int) -> int:
        """Cancel what a member waits for in the server, and return how many pictures that were.

        Raises Mistake where nothing waits, StorageError.
        """
        guild_id = _server_of(actor)
        if not (count := await self._cancelled(guild_id, member_id, Mistake("ended_by_admin"))):
            raise Mistake("members_nothing_waits")
        await self._audit.note(guild_id, actor.member_id, "members.cancel", {"member": member_id, "pictures": count})
        return count

    async def usage(self, guild_id: int, member_id: int | None = None) -> Usage:
        """Return what a member used in a server, or all of them. Raises StorageError."""
        today = datetime.fromtimestamp(self._database.clock(), UTC).date()
        month, week = (str(today - timedelta(days=days - 1)) for days in (DAYS, _WEEK_DAYS))
        if member_id is None:
            rows = await usage.of_guild(self._database, guild_id, month)
        else:
            rows = [row for row in await usage.of_member(self._database, member_id, month) if row.guild_id == guild_id]
        total, members = {name: Used() for name in ("today", "week", "month")}, dict[int, Used]()
        for row in rows:
            used = Used(row.gpu_seconds, row.pictures)
            total["month"] += used
            if row.day >= week:
                total["week"] += used
                members[row.member_id] = members.get(row.member_id, Used()) + used
            if row.day >= str(today):
                total["today"] += used
        most = sorted(members.items(), key=lambda each: (-each[1].seconds, each[0]))
        return Usage(
            **total,
            waiting=sum(job.count for job in self._dispatcher.jobs() if _is_of(job, guild_id, member_id)),
            most=tuple(most) if member_id is None else (),
        )

    async def kept(self, guild_id: int, member_id: int) -> int:
        """Return how many pictures are kept that a member made in a server. Raises StorageError."""
        return await taking_down.count(self._database, guild_id, member_id)

    async def delete(self, actor: Actor, member_id: int) -> Removed:
        """Delete every picture that a member made in the server, and stop what is still to be painted.

        Returns the messages that show them, which are to be taken away: the newest first, and not all at once. What is
        theirs elsewhere, and what they brought, stays. Raises Mistake, StorageError.
        """
        guild_id = _server_of(actor)
        cancelled, unfinished = await self._dropped(guild_id, member_id)
        pictures = 0
        after: int | None = 0
        while after is not None:
            async with self._database.transaction() as write:
                count, after = await taking_down.take_down(write, guild_id, member_id, after)
            pictures += count
        await disposal.sweep(self._database, self._pictures, self._inputs)
        messages = await taking_down.messages(self._database, guild_id, member_id, _MESSAGES + 1)
        if pictures or cancelled:
            detail = {"member": member_id, "pictures": pictures, "cancelled": cancelled}
            await self._audit.note(guild_id, actor.member_id, "members.delete", detail)
        shown = (*unfinished, *messages[:_MESSAGES])
        return Removed(pictures=pictures, cancelled=cancelled, messages=shown, more=len(messages) > _MESSAGES)

    async def note_gone(self, job_id: JobId) -> None:
        """Note that the message of a request was taken away. Raises StorageError."""
        async with self._database.transaction() as write:
            await taking_down.note_gone(write, job_id)

    async def _dropped(self, guild_id: int, member_id: int) -> tuple[int, list[Message]]:
        """Cancel what a member waits for without telling anybody; return how many pictures, and their messages."""
        count, messages = 0, []
        for job in [job.id for job in self._dispatcher.jobs() if _is_of(job, guild_id, member_id)]:
            self._dispatcher.forget(job)
            count += await self._dispatcher.cancel(job)
            async with self._database.transaction() as write:
                delivery = await deliveries.get(write, job)
                await deliveries.advance(write, job, "failed", error="deleted")
            if delivery is not None and delivery.message_id is not None:
                messages.append(Message(job, delivery.channel_id, delivery.message_id))
        return count, messages

    async def _cancelled(self, guild_id: int, member_id: int, why: Mistake) -> int:
        """End what a member waits for, and have them told why; return how many pictures that were."""
        found = [job.id for job in self._dispatcher.jobs() if _is_of(job, guild_id, member_id)]
        count = sum([await self._dispatcher.cancel(job, why) for job in found])
        if count:
            log.info("%d pictures of member %d are cancelled in server %d", count, member_id, guild_id)
        return count


def _is_of(job: NewJob, guild_id: int, member_id: int | None) -> bool:
    """Tell whether a request is of a server, and of a member where one is named."""
    return job.guild_id == guild_id and member_id in (None, job.member_id)


def _server_of(actor: Actor) -> int:
    if actor.guild_id is None:
        raise Mistake("members_server")
    return actor.guild_id
