"""Adapters: LoRAs and embeddings that members bring; kept, named, shared, looked at by admins, taken away.

A file comes in like this; nothing of it is left where anything goes wrong::

    async with adapters.intake(actor) as intake:                  # one at a time a member; raises Mistake for no room
        fetched = await fetch(link, intake.folder, limit_bytes=intake.most_bytes, ...)
        report = await inspect(fetched.path, intake.target)       # in a process of its own
        seen = await adapters.add(actor, report, intake.target, name=...)
"""

from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.services.adapter_keeping import SUFFIX
from bot.services.adapter_shelves import Seen, State, Visibility
from bot.services.adapter_values import (
    MIB,
    Room,
    checked_description,
    checked_name,
    checked_triggers,
    checked_weight,
    numbered,
    room_of,
    usable_name,
)
from bot.services.adapter_verdicts import AdapterVerdicts
from bot.services.names import unknown
from bot.services.requests import Actor
from bot.services.rights import require_bringing
from bot.texts import Mistake
from inference.protocol.adapters import Report
from storage.adapters import OPERATOR
from storage.database import uninterrupted
from storage.styles import folded


@dataclass(frozen=True)
class Intake:
    """Where a file may be put while it is fetched and looked at, and how large it may be."""

    folder: Path
    #: Of the file.
    most_bytes: int

    @property
    def target(self) -> Path:
        """Return where the inspected file is to be written."""
        return self.folder / f"inspected{SUFFIX}"


class Adapters(AdapterVerdicts):
    """All adapters, and what their owners do with them."""

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
        async with self.arriving(actor.member_id) as folder:
            yield Intake(folder, room.bytes)

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
                **_told(report, triggers, weight, description),
            }
            title = _title(report, name, file_name, taken)
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
            title = _title(report, name, file_name, taken)
            fields = {"visibility": "public", **_told(report, triggers, weight, description)}
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

    # What may be -----------------------------------------------------------------------------------------------------

    def _first_state(self, guild_id: int | None) -> State:
        return "pending" if self._guilds.settings(guild_id).approve_adapters else "approved"

    def _require_may_add(self, actor: Actor) -> None:
        """Raise Mistake where somebody may bring nothing to the server where they are."""
        if actor.guild_id is None:
            return
        if (actor.guild_id, actor.member_id) in self._bans:
            raise Mistake("adapters_banned")
        require_bringing(self._guilds.settings(actor.guild_id), actor)

    def _require_public(self) -> None:
        if not self.limits.public:
            raise Mistake("adapters_public_off")


def _title(report: Report, name: str | None, file_name: str, taken: Collection[str]) -> str:
    """Return what an adapter is called among those names. Raises Mistake for a name that cannot be or is taken."""
    if name is None:
        return numbered(usable_name(report.suggested_name, Path(file_name).stem), taken)
    title = checked_name(name)
    if folded(title) in taken:
        raise Mistake("adapters_taken", name=title)
    return title


def _told(report: Report, triggers: Iterable[str] | None, weight: float, description: str) -> dict[str, Any]:
    """Return what is said of an adapter. Raises Mistake for what cannot be."""
    return {
        "description": checked_description(description),
        "weight": checked_weight(weight),
        "triggers": checked_triggers(report.triggers if triggers is None else triggers),
    }


def _mib(size: int) -> int:
    return -(-size // MIB)
