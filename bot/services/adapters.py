"""Adapters: LoRAs and embeddings that members bring; kept, named, shared, looked at by admins, taken away.

A file comes in like this; nothing of it is left where anything goes wrong::

    async with adapters.intake(actor) as intake:                  # one at a time a member; raises Mistake for no room
        fetched = await fetch(link, intake.folder, limit_bytes=intake.most_bytes, ...)
        report = await inspect(fetched.path, intake.target)       # in a process of its own
        seen = await adapters.add(actor, report, intake.target, name=...)
"""

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from bot.services.adapter_shelves import AdapterShelves, Bar, Seen, State, Visibility, Whose
from bot.services.adapter_values import (
    MIB,
    AdapterLimits,
    Room,
    checked_description,
    checked_name,
    checked_triggers,
    checked_weight,
    fits,
    numbered,
    room_of,
    triggers_of,
    usable_name,
)
from bot.services.guilds import Guilds
from bot.services.names import unknown
from bot.services.pressing import Roles
from bot.services.requests import Actor
from bot.texts import Mistake
from inference.protocol.adapters import Report
from inference.protocol.limits import MAX_IMAGE_BYTES
from inference.protocol.recipe import ContentHash
from storage import ContentFolder, Database, FlatFolder, StorageError, adapters, audit, disposal
from storage.adapters import OPERATOR, FormerAdapter, NewAdapter, OwnedAlready, StoredAdapter, new_adapter
from storage.database import uninterrupted
from storage.styles import NameTaken, folded

log = logging.getLogger("easel.adapters")

#: Members' files that are fetched and looked at, at a time.
_AT_ONCE = 3
_STAGING = "staging"
_SUFFIX = ".safetensors"


@dataclass(frozen=True)
class Intake:
    """Where a file may be put while it is fetched and looked at, and how large it may be."""

    folder: Path
    #: Of the file.
    most_bytes: int

    @property
    def target(self) -> Path:
        """Return where the inspected file is to be written."""
        return self.folder / f"inspected{_SUFFIX}"


class Adapters(AdapterShelves):
    """All adapters, in memory, and written down wherever they change."""

    def __init__(
        self,
        *,
        database: Database,
        files: FlatFolder,
        previews: ContentFolder,
        guilds: Guilds,
        limits: AdapterLimits | None = None,
    ) -> None:
        super().__init__(guilds=guilds, limits=limits or AdapterLimits())
        self._database = database
        self._files = files
        self._previews = previews
        self._staging = files.root / _STAGING
        self._changing = asyncio.Lock()
        #: Members who are bringing something just now.
        self._bringing: set[int] = set()
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def load(self) -> None:
        """Read everything, so that nothing waits for it, and clear away what was half brought. Raises StorageError."""
        await asyncio.to_thread(shutil.rmtree, self._staging, ignore_errors=True)
        self._clear()
        for stored in await adapters.all(self._database):
            self._hold(stored)
        for gone in await adapters.former(self._database):
            self._former.setdefault(gone.hash, []).append(gone)
        self._bans = {(one.guild_id, one.member_id) for one in await adapters.bans(self._database)}
        self._taken_away = set(await adapters.removals(self._database))
        self._missing = await asyncio.to_thread(self._find_missing, dict.fromkeys(self._by_hash))
        for name in self._missing:
            log.warning("the file of the adapter %s is gone; bringing the same file again mends it", name)

    def path(self, one: Seen) -> Path:
        """Return where an adapter's file is."""
        return self._files.path(one.hash)

    # Bringing -------------------------------------------------------------------------------------------------------

    def room(self, actor: Actor) -> Room:
        """Return what somebody may bring where they are. Raises Mistake for who may not, and where there is no room."""
        self._require_may_add(actor)
        settings = self._guilds.settings(actor.guild_id)
        return room_of(actor, settings, self.limits, self.owned(actor.member_id), self._used_bytes())

    @asynccontextmanager
    async def intake(self, actor: Actor) -> AsyncIterator[Intake]:
        """Give a folder, for the length of the block, for a file that somebody brings.

        Raises Mistake as `room` does, and while something else of theirs is on its way; StorageError.
        """
        room = self.room(actor)
        if actor.member_id in self._bringing:
            raise Mistake("adapters_busy")
        self._bringing.add(actor.member_id)
        try:
            async with self._places, self.staged() as folder:
                yield Intake(folder, room.bytes)
        finally:
            self._bringing.discard(actor.member_id)

    @asynccontextmanager
    async def staged(self) -> AsyncIterator[Path]:
        """Give an empty folder on the disk of the adapters, for the length of the block."""
        folder = self._staging / uuid4().hex
        try:
            await asyncio.to_thread(folder.mkdir, parents=True)
        except OSError as error:
            raise StorageError(f"{folder} cannot be made ({error.strerror}).") from error
        try:
            yield folder
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def add(
        self,
        actor: Actor,
        report: Report,
        path: Path,
        *,
        name: str | None = None,
        file_name: str = "",
        triggers: Iterable[str] | None = None,
        weight: float = 1.0,
        description: str = "",
        visibility: Visibility = "private",
    ) -> Seen:
        """Keep a file that was inspected; it is moved away from `path`.

        Without a name it gets the one that it proposes, or its file's, with a number where that is taken; trigger words
        that are not given are the report's. Raises Mistake for what cannot be, a name that is taken, a file that they
        have already, no room; OutOfRange, StorageError.
        """
        async with self._changing:
            room = self.room(actor)
            if report.bytes > room.bytes:
                raise Mistake("adapters_large", size=_mib(report.bytes), most=room.bytes // MIB)
            if visibility == "server" and actor.guild_id is None:
                raise Mistake("adapters_server")
            if visibility == "public":
                self._require_public()
            taken = {**self.visible(actor), **{folded(one.name): one for one in self.owned(actor.member_id)}}
            fields: dict[str, Any] = {
                "guild_id": actor.guild_id,
                "visibility": visibility,
                "state": self._first_state(actor.guild_id),
                "description": checked_description(description),
                "weight": checked_weight(weight),
                "triggers": checked_triggers(report.triggers if triggers is None else triggers),
            }
            if name is None:
                title = numbered(usable_name(report.suggested_name, Path(file_name).stem), taken)
            elif folded(title := checked_name(name)) in taken:
                raise Mistake("adapters_taken", name=title)
            return await uninterrupted(self._keep(report, path, actor.member_id, title, fields))

    async def add_own(
        self,
        report: Report,
        path: Path,
        *,
        name: str | None = None,
        file_name: str = "",
        triggers: Iterable[str] | None = None,
        weight: float = 1.0,
        description: str = "",
    ) -> Seen:
        """Keep a file of the operator's, for everybody, as `add` does."""
        async with self._changing:
            taken = {folded(one.name) for one in self._public.values()}
            if name is None:
                title = numbered(usable_name(report.suggested_name, Path(file_name).stem), taken)
            elif folded(title := checked_name(name)) in taken:
                raise Mistake("adapters_taken", name=title)
            fields: dict[str, Any] = {
                "visibility": "public",
                "description": checked_description(description),
                "weight": checked_weight(weight),
                "triggers": checked_triggers(report.triggers if triggers is None else triggers),
            }
            return await uninterrupted(self._keep(report, path, OPERATOR, title, fields))

    # Changing -------------------------------------------------------------------------------------------------------

    def editable(self, actor: Actor, name: str) -> Seen:
        """Return an adapter that somebody may change: their own. Raises Mistake for another's and an unknown name."""
        own = self._own(actor.member_id, folded(name))
        if own is not None:
            return own
        seen = self.visible(actor).get(folded(name))
        if seen is not None:
            raise Mistake("adapters_operators" if seen.owner_id == OPERATOR else "adapters_not_yours", name=seen.name)
        raise unknown("adapter", name, [one.name for one in self.owned(actor.member_id)])

    def editable_by_id(self, actor: Actor, adapter_id: int) -> Seen:
        """Return an adapter that somebody may change. Raises Mistake for another's, and where it is gone."""
        found = self.get(adapter_id)
        if found is None or found.owner_id != actor.member_id:
            raise Mistake("gone")
        return found

    async def edit(
        self,
        actor: Actor,
        adapter_id: int,
        *,
        name: str | None = None,
        description: str | None = None,
        triggers: Iterable[str] | None = None,
        weight: float | None = None,
    ) -> Seen:
        """Change what is given of somebody's own. Raises Mistake for what cannot be and where nothing is given."""
        changes: dict[str, Any] = {}
        if name is not None:
            changes["name"] = checked_name(name)
        if description is not None:
            changes["description"] = checked_description(description)
        if triggers is not None:
            changes["triggers"] = checked_triggers(triggers)
        if weight is not None:
            changes["weight"] = checked_weight(weight)
        if not changes:
            raise Mistake("adapters_nothing")
        async with self._changing:
            before = self.editable_by_id(actor, adapter_id)
            title = folded(changes.get("name", before.name))
            if any(key == title and one.id != before.id for key, one in self.visible(actor).items()):
                raise Mistake("adapters_taken", name=changes.get("name", before.name))
            return await self._change(before, **changes)

    async def share(self, actor: Actor, adapter_id: int, visibility: Visibility = "server") -> Seen:
        """Show somebody's own to the server where they are, or to everybody; "private" withdraws it.

        Raises Mistake where that may not be; StorageError.
        """
        if visibility == "private":
            return await self.withdraw(actor, adapter_id)
        async with self._changing:
            before = self.editable_by_id(actor, adapter_id)
            self._require_may_add(actor)
            if actor.guild_id is not None and (actor.guild_id, before.hash) in self._taken_away:
                raise Mistake("adapters_taken_away", name=before.name)
            if visibility == "public":
                self._require_public()
                if before.state == "removed":
                    raise Mistake("adapters_taken_away", name=before.name)
                return await self._change(before, visibility="public")
            if actor.guild_id is None:
                raise Mistake("adapters_server")
            if before.visibility == "server" and before.guild_id != actor.guild_id:
                raise Mistake("adapters_elsewhere", name=before.name)
            changes: dict[str, Any] = {"visibility": "server"}
            if before.guild_id != actor.guild_id:
                settings = self._guilds.settings(actor.guild_id)
                others = [one for one in self.owned(actor.member_id) if one.id != before.id]
                room = room_of(actor, settings, self.limits, others, self._used_bytes() - before.bytes)
                if before.bytes > room.bytes:
                    raise Mistake("adapters_large", size=_mib(before.bytes), most=room.bytes // MIB)
                changes |= {"guild_id": actor.guild_id, "state": self._first_state(actor.guild_id)}
            return await self._change(before, **changes)

    async def withdraw(self, actor: Actor, adapter_id: int) -> Seen:
        """Keep somebody's own for themselves again. Raises Mistake where it is gone; StorageError."""
        async with self._changing:
            return await self._change(self.editable_by_id(actor, adapter_id), visibility="private")

    async def remove(self, actor: Actor, adapter_id: int) -> Seen:
        """Delete somebody's own, its file and its preview, and return what it was. Raises Mistake; StorageError."""
        async with self._changing:
            found = self.editable_by_id(actor, adapter_id)
            await self._remove(found)
        return found

    async def remove_own(self, name: str) -> Seen:
        """Delete one of the operator's. Raises Mistake where there is none of that name; StorageError."""
        async with self._changing:
            found = self._own(OPERATOR, folded(name))
            if found is None:
                raise unknown("adapter", name, [one.name for one in self.owned(OPERATOR)])
            await self._remove(found)
        return found

    # Previews -------------------------------------------------------------------------------------------------------

    async def set_preview(self, adapter_id: int, png: bytes) -> Seen:
        """Keep a picture that shows what an adapter does. Raises Mistake where it is gone; StorageError."""
        if len(png) > MAX_IMAGE_BYTES:
            raise ValueError("a preview is no picture of this size")
        async with self._changing:
            before = self.get(adapter_id)
            if before is None:
                raise Mistake("gone")
            async with self._previews.keep(png) as (name,):
                changed = await self._change(before, preview=name)
        await self._sweep_soon()
        return changed

    async def preview(self, one: Seen) -> bytes | None:
        """Return the PNG that shows what an adapter does, or None. Raises StorageError."""
        return None if one.preview is None else await self._previews.read(one.preview)

    # Admins ---------------------------------------------------------------------------------------------------------

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

    # Everything -----------------------------------------------------------------------------------------------------

    def files_of(self, member_id: int) -> Iterator[tuple[str, Path]]:
        """Return the files that somebody brought and their previews, with names for an archive."""
        for one in self.owned(member_id):
            yield f"adapters/{one.hash}{_SUFFIX}", self.path(one)
            if one.preview is not None:
                yield f"adapters/{one.hash}.png", self._previews.path(one.preview)

    async def forget(self, member_id: int) -> None:
        """Know nothing more of a member of whom everything was deleted."""
        for one in self.owned(member_id):
            self._drop(one)
        self._owned.pop(member_id, None)
        for name, left in list(self._former.items()):
            self._former[name] = [one for one in left if one.owner_id != member_id]
        await self._sweep_soon()

    def forget_guild(self, guild_id: int) -> None:
        """Know nothing more of a server of which everything was deleted; what was shared there is its owners' alone."""
        alone: dict[str, Any] = {"visibility": "private", "state": "approved"}
        for one in [one for one in self._rows.values() if one.guild_id == guild_id]:
            changes = {} if one.visibility == "public" else alone
            self._hold(msgspec.structs.replace(one, guild_id=None, **changes))
        for name, left in self._former.items():
            self._former[name] = [_hidden(one) if one.guild_id == guild_id else one for one in left]
        self._bans = {ban for ban in self._bans if ban[0] != guild_id}
        self._taken_away = {away for away in self._taken_away if away[0] != guild_id}

    async def sweep(self) -> None:
        """Delete files and previews that nobody has any more. Raises StorageError."""
        await disposal.sweep_adapters(self._database, self._files, self._previews)

    # Inside ---------------------------------------------------------------------------------------------------------

    async def _sweep_soon(self) -> None:
        """Sweep, or leave it to the next time: what was asked for is done already."""
        try:
            await self.sweep()
        except StorageError as error:
            log.warning("files of adapters are left for the next sweep: %s", error)

    async def _keep(self, report: Report, path: Path, owner_id: int, title: str, fields: dict[str, Any]) -> Seen:
        """Move a file in and write its row. Nothing of it is left where that fails."""
        name: ContentHash | None = None
        try:
            async with self._files.take(path) as name:
                new = new_adapter(report, name, owner_id, title, **fields)
                if new.guild_id is not None and (new.guild_id, name) in self._taken_away:
                    raise Mistake("adapters_taken_away", name=title)
                async with self._database.transaction() as write:
                    stored = await adapters.add(write, new)
        except BaseException as error:
            if name is not None:
                await self._let_go(name)
                if isinstance(error, OwnedAlready):
                    return self._owned_already(owner_id, name)
            if isinstance(error, NameTaken):
                raise _taken(title, fields["visibility"]) from error
            raise
        self._missing.discard(stored.hash)
        self._former[stored.hash] = [one for one in self._former.get(stored.hash, []) if one.owner_id != owner_id]
        log.info("adapter %s (%s, %s) brought by %d", stored.hash[:12], stored.form, stored.family, owner_id)
        return self._hold(stored)

    async def _let_go(self, name: ContentHash) -> None:
        """Delete a file that was moved in, where no row needs it."""
        async with self._database.transaction() as write:
            await disposal.doom(write, "adapters", [name])
        await self._sweep_soon()

    def _owned_already(self, owner_id: int, name: ContentHash) -> Seen:
        """Return somebody's adapter whose file was gone and is there again. Raises Mistake where it was there."""
        known = next(one for one in self.owned(owner_id) if one.hash == name)
        if name not in self._missing:
            raise Mistake("adapters_owned", name=known.name)
        self._missing.discard(name)
        return known

    async def _change(self, before: StoredAdapter, **changes: Any) -> Seen:
        # Replacing a struct's fields does not check them; making it anew does.
        after = StoredAdapter(**{**msgspec.structs.asdict(before), **changes})
        return await uninterrupted(self._write(after))

    async def _write(self, after: StoredAdapter) -> Seen:
        try:
            async with self._database.transaction() as write:
                if not await adapters.change(write, after):
                    raise Mistake("gone")
        except NameTaken as error:
            raise _taken(after.name, after.visibility) from error
        return self._hold(after)

    async def _remove(self, found: StoredAdapter) -> None:
        await uninterrupted(self._delete(found))
        await self._sweep_soon()

    async def _delete(self, found: StoredAdapter) -> None:
        async with self._database.transaction() as write:
            await adapters.remove(write, found.id)
            former = await adapters.former(write)
        self._drop(found)
        self._former[found.hash] = [one for one in former if one.hash == found.hash]

    def _first_state(self, guild_id: int | None) -> State:
        return "pending" if self._guilds.settings(guild_id).approve_adapters else "approved"

    def _require_may_add(self, actor: Actor) -> None:
        """Raise Mistake where somebody may bring nothing to the server where they are."""
        if actor.guild_id is None:
            return
        if (actor.guild_id, actor.member_id) in self._bans:
            raise Mistake("adapters_banned")
        settings = self._guilds.settings(actor.guild_id)
        if settings.add_adapters == "everyone" or actor.manager:
            return
        if settings.add_adapters == "nobody":
            raise Mistake("adapters_add_nobody")
        if actor.roles.isdisjoint(settings.adapter_roles):
            raise Mistake("adapters_add_roles", roles=Roles(settings.adapter_roles))

    def _require_public(self) -> None:
        if not self.limits.public:
            raise Mistake("adapters_public_off")

    def _find_missing(self, names: Iterable[ContentHash]) -> set[ContentHash]:
        return {name for name in names if not self._files.path(name).is_file()}


def _named(one: Seen) -> dict[str, Any]:
    """Return what the audit says of an adapter."""
    return {"member": one.owner_id, "adapter": one.name, "hash": one.hash[:12]}


def _require_manager(actor: Actor) -> int:
    if actor.guild_id is None:
        raise Mistake("adapters_server")
    if not actor.manager:
        raise Mistake("adapters_manager")
    return actor.guild_id


def _taken(name: str, visibility: Visibility) -> Mistake:
    return Mistake("adapters_taken" if visibility == "private" else "adapters_taken_there", name=name)


def _hidden(one: FormerAdapter) -> FormerAdapter:
    """Return what is left of an adapter of a server that is forgotten."""
    visibility: Visibility = "private" if one.visibility == "server" else one.visibility
    return msgspec.structs.replace(one, guild_id=None, visibility=visibility)


def _mib(size: int) -> int:
    return -(-size // MIB)


__all__ = [
    "AdapterLimits",
    "Adapters",
    "Bar",
    "Intake",
    "NewAdapter",
    "Room",
    "Seen",
    "Whose",
    "fits",
    "triggers_of",
]
