"""Members who may not use the bot in a server, in memory."""

import asyncio
import logging

import msgspec

from bot.services.requests import Actor
from bot.texts import Mistake
from storage import Database, audit, blocks
from storage.blocks import MAX_REASON_CHARACTERS, Block
from storage.database import uninterrupted

log = logging.getLogger("easel.blocks")

__all__ = ["MAX_BLOCKS", "MAX_REASON_CHARACTERS", "Block", "Blocks", "Members"]

#: Of one server: more strangers are kept out by a role or by channels.
MAX_BLOCKS = 10_000


class Blocks:
    """Who is blocked where."""

    def __init__(self, *, database: Database) -> None:
        self._database = database
        self._held: dict[int, dict[int, Block]] = {}
        self._changing = asyncio.Lock()

    async def load(self) -> None:
        """Read every block, so that nothing waits for them. Raises StorageError."""
        self._held = {}
        for block in await blocks.all(self._database):
            self._held.setdefault(block.guild_id, {})[block.member_id] = block

    def reason(self, guild_id: int | None, member_id: int) -> str | None:
        """Return why a member is blocked in a server, "" without a reason; None: they are not."""
        found = None if guild_id is None else self._held.get(guild_id, {}).get(member_id)
        return None if found is None else found.reason

    def of_guild(self, guild_id: int) -> list[Block]:
        """Return who is blocked in a server, the newest first."""
        return sorted(self._held.get(guild_id, {}).values(), key=lambda block: -block.blocked_at)

    async def block(
        self, actor: Actor, member_id: int, reason: str = "", *, manages: bool = False, bot: bool = False
    ) -> Block:
        """Block a member where somebody is, or change why.

        Whoever `manages` the server cannot be blocked, nor oneself, nor a bot. Raises Mistake, OutOfRange,
        StorageError.
        """
        guild_id = _server_of(actor)
        if member_id == actor.member_id:
            raise Mistake("members_self")
        if bot:
            raise Mistake("members_bot")
        if manages:
            raise Mistake("members_manager", member=Members((member_id,)))
        reason = " ".join(reason.split())
        if len(reason) > MAX_REASON_CHARACTERS:
            raise Mistake("members_reason_long", length=len(reason), most=MAX_REASON_CHARACTERS)
        held = self._held.get(guild_id, {})
        if member_id not in held and len(held) >= MAX_BLOCKS:
            raise Mistake("members_many", most=MAX_BLOCKS)
        async with self._changing:
            return await uninterrupted(self._block(guild_id, member_id, reason, actor.member_id))

    async def allow(self, actor: Actor, member_id: int) -> Block:
        """Undo a block where somebody is, and return it. Raises Mistake where there is none, StorageError."""
        guild_id = _server_of(actor)
        async with self._changing:
            found = self._held.get(guild_id, {}).get(member_id)
            if found is None:
                raise Mistake("members_not_blocked", member=Members((member_id,)))
            await uninterrupted(self._allow(found, actor.member_id))
        return found

    def forget_member(self, member_id: int) -> None:
        """Hold nothing more of a member whose data is deleted than that they are blocked."""
        for held in self._held.values():
            for block in held.values():
                if member_id in (block.member_id, block.blocked_by):
                    own = block.member_id == member_id
                    held[block.member_id] = msgspec.structs.replace(
                        block,
                        reason="" if own else block.reason,
                        blocked_by=0 if block.blocked_by == member_id else block.blocked_by,
                    )

    def forget_guild(self, guild_id: int) -> None:
        """Hold nothing of a server any more: what was written of it is deleted."""
        self._held.pop(guild_id, None)

    async def _block(self, guild_id: int, member_id: int, reason: str, by: int) -> Block:
        async with self._database.transaction() as write:
            block = await blocks.put(write, guild_id, member_id, reason, by)
            detail = {"member": member_id, "reason": reason}
            await audit.add(write, guild_id, by, "members.block", detail)
        self._held.setdefault(guild_id, {})[member_id] = block
        log.info("member %d is blocked in server %d", member_id, guild_id)
        return block

    async def _allow(self, block: Block, by: int) -> None:
        async with self._database.transaction() as write:
            await blocks.remove(write, block.guild_id, block.member_id)
            await audit.add(write, block.guild_id, by, "members.allow", {"member": block.member_id})
        self._held.get(block.guild_id, {}).pop(block.member_id, None)


class Members(tuple[int, ...]):
    """Members by id; their text shows them as Discord does, and in a private answer pings nobody."""

    __slots__ = ()

    def __str__(self) -> str:
        """Return a mention of each."""
        return ", ".join(f"<@{member}>" for member in self)


def _server_of(actor: Actor) -> int:
    if actor.guild_id is None:
        raise Mistake("members_server")
    return actor.guild_id
