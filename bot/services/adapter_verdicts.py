"""What those who manage a server decide about adapters there: approve, take away, ban; the audit tells of each."""

from typing import Any

from bot.services.adapter_keeping import AdapterKeeping
from bot.services.adapter_shelves import Seen
from bot.services.requests import Actor
from bot.texts import Mistake
from storage import adapters, audit


class AdapterVerdicts(AdapterKeeping):
    """All adapters, and what is decided about them."""

    async def approve(self, actor: Actor, adapter_id: int) -> Seen:
        """Let what was brought to the server, or was taken away there, be used there.

        Raises Mistake for who may not, and where there is none such; StorageError.
        """
        guild_id = _require_manager(actor)
        async with self._changing:
            found = self._rows.get(adapters.AdapterId(adapter_id))
            if found is None or (found.guild_id != guild_id and (guild_id, found.hash) not in self._taken_away):
                raise Mistake("gone")
            if found.guild_id == guild_id:
                found = await self._change(found, state="approved")
            async with self._database.transaction() as write:
                await adapters.give_back(write, guild_id, found.hash)
                await audit.add(write, guild_id, actor.member_id, "adapters.approve", _named(found))
            self._taken_away.discard((guild_id, found.hash))
            return found

    async def take_away(self, actor: Actor, adapter_id: int) -> Seen:
        """Let an adapter, and whatever has its content, not be used in the server any more; reject one that waits.

        Its owner keeps it. Raises Mistake for who may not, and where there is none such; StorageError.
        """
        guild_id = _require_manager(actor)
        async with self._changing:
            before = self._rows.get(adapters.AdapterId(adapter_id))
            if before is None or (before.guild_id != guild_id and self.bar(before, actor) == "adapters_unseen"):
                raise Mistake("gone")
            async with self._database.transaction() as write:
                await adapters.take_away(write, guild_id, before.hash, actor.member_id)
                await audit.add(write, guild_id, actor.member_id, "adapters.take_away", _named(before))
            self._taken_away.add((guild_id, before.hash))
            return await self._change(before, state="removed") if before.guild_id == guild_id else before

    async def ban(self, actor: Actor, member_id: int) -> None:
        """Let a member bring nothing to the server, nor anybody use there what is theirs.

        Raises Mistake for who may not, themselves, and who is banned already; StorageError.
        """
        guild_id = _require_manager(actor)
        if member_id == actor.member_id:
            raise Mistake("adapters_ban_self")
        async with self._changing:
            async with self._database.transaction() as write:
                if not await adapters.ban(write, guild_id, member_id, actor.member_id):
                    raise Mistake("adapters_banned_already")
                await audit.add(write, guild_id, actor.member_id, "adapters.ban", {"member": member_id})
            self._bans.add((guild_id, member_id))

    async def unban(self, actor: Actor, member_id: int) -> None:
        """Undo `ban`. Raises Mistake for who may not, and for who is not banned; StorageError."""
        guild_id = _require_manager(actor)
        async with self._changing:
            async with self._database.transaction() as write:
                if not await adapters.unban(write, guild_id, member_id):
                    raise Mistake("adapters_not_banned")
                await audit.add(write, guild_id, actor.member_id, "adapters.unban", {"member": member_id})
            self._bans.discard((guild_id, member_id))


def _named(one: Seen) -> dict[str, Any]:
    """Return what the audit says of an adapter."""
    return {"member": one.owner_id, "adapter": one.name, "hash": one.hash[:12]}


def _require_manager(actor: Actor) -> int:
    if actor.guild_id is None:
        raise Mistake("adapters_server")
    if not actor.manager:
        raise Mistake("adapters_manager")
    return actor.guild_id
