"""Adapters: LoRAs and embeddings that members and the operator brought, who may see them, and who may bring none.

Their files lie in a `FlatFolder` under the SHA-256 of their bytes: several rows may need one file.
"""

from collections.abc import Sequence
from typing import Any, Literal, NewType

import msgspec

from inference.protocol.adapters import AdapterForm, AdapterKind, Report
from inference.protocol.limits import require_float, require_text
from inference.protocol.recipe import ContentHash, require_hash
from storage import disposal
from storage.database import Reader, Row, Transaction, Value
from storage.styles import NameTaken, folded

AdapterId = NewType("AdapterId", int)
#: Who sees it: its owner, everybody in its server, or everybody.
Visibility = Literal["private", "server", "public"]
#: Of an adapter in its server: it waits for somebody to look at it, it may be used, a moderator took it away.
State = Literal["pending", "approved", "removed"]

#: The owner of what belongs to whoever runs the bot.
OPERATOR = 0
#: Characters of a name, of a description, of one trigger word; trigger words of one adapter.
MAX_NAME, MAX_DESCRIPTION, MAX_TRIGGER, MAX_TRIGGERS = 64, 1000, 100, 20
#: As far from 0 as the weight that one is used with may be where nobody says another.
MAX_WEIGHT = 2.0

SELECT_ALL = "SELECT * FROM adapters ORDER BY id"
SELECT = "SELECT * FROM adapters WHERE id = :id"
SELECT_OF_OWNER = "SELECT * FROM adapters WHERE owner_id = :owner_id ORDER BY folded"
ADD = """
    INSERT INTO adapters (
        hash, owner_id, guild_id, name, folded, kind, form, family, rank, vectors, bytes, base_model, visibility,
        state, description, triggers, weight, preview, created_at, updated_at
    ) VALUES (
        :hash, :owner_id, :guild_id, :name, :folded, :kind, :form, :family, :rank, :vectors, :bytes, :base_model,
        :visibility, :state, :description, :triggers, :weight, NULL, :now, :now
    ) ON CONFLICT DO NOTHING RETURNING *
"""
CHANGE = """
    UPDATE OR IGNORE adapters
    SET guild_id = :guild_id, name = :name, folded = :folded, visibility = :visibility, state = :state,
        description = :description, triggers = :triggers, weight = :weight, preview = :preview, updated_at = :now
    WHERE id = :id
"""
REMOVE = "DELETE FROM adapters WHERE id = :id RETURNING *"
REMOVE_OF_OWNER = "DELETE FROM adapters WHERE owner_id = :owner_id RETURNING *"
TOTAL_BYTES = """
    SELECT coalesce(sum(bytes), 0) AS bytes FROM (SELECT max(bytes) AS bytes FROM adapters GROUP BY hash)
"""
SELECT_FORMER = "SELECT * FROM former_adapters ORDER BY removed_at, hash"
SELECT_FORMER_OF_OWNER = "SELECT * FROM former_adapters WHERE owner_id = :owner_id ORDER BY removed_at, hash"
NOTE_FORMER = """
    INSERT OR REPLACE INTO former_adapters (hash, owner_id, guild_id, visibility, name, removed_at)
    VALUES (:hash, :owner_id, :guild_id, :visibility, :name, :now)
"""
FORGET_FORMER = "DELETE FROM former_adapters WHERE owner_id = :owner_id"
FORGET_FORMER_ONE = "DELETE FROM former_adapters WHERE hash = :hash AND owner_id = :owner_id"
SELECT_BANS = "SELECT * FROM adapter_bans ORDER BY guild_id, member_id"
SELECT_BANS_OF = "SELECT guild_id, banned_at FROM adapter_bans WHERE member_id = :member_id ORDER BY guild_id"
BAN = """
    INSERT INTO adapter_bans (guild_id, member_id, banned_by, banned_at)
    VALUES (:guild_id, :member_id, :banned_by, :now) ON CONFLICT DO NOTHING
"""
UNBAN = "DELETE FROM adapter_bans WHERE guild_id = :guild_id AND member_id = :member_id"
SELECT_REMOVALS = "SELECT guild_id, hash FROM adapter_removals"
TAKE_AWAY = """
    INSERT INTO adapter_removals (guild_id, hash, removed_by, removed_at)
    VALUES (:guild_id, :hash, :removed_by, :now) ON CONFLICT DO NOTHING
"""
GIVE_BACK = "DELETE FROM adapter_removals WHERE guild_id = :guild_id AND hash = :hash"
FORGET_REMOVER = "UPDATE adapter_removals SET removed_by = 0 WHERE removed_by = :member_id"
FORGET_BANNER = "UPDATE adapter_bans SET banned_by = 0 WHERE banned_by = :member_id"


class OwnedAlready(Exception):
    """The owner has an adapter with the very same content already."""


class NewAdapter(msgspec.Struct, frozen=True, kw_only=True):
    """An adapter as it comes in."""

    hash: ContentHash
    #: `OPERATOR`, or the member who brought it.
    owner_id: int
    #: Where it was brought; None in a direct message.
    guild_id: int | None = None
    #: At most `MAX_NAME` characters; equal but for case is the same name.
    name: str
    kind: AdapterKind
    form: AdapterForm
    family: str
    rank: int = 0
    vectors: int = 0
    #: Of the file.
    bytes: int
    base_model: str = ""
    visibility: Visibility = "private"
    state: State = "approved"
    description: str = ""
    triggers: tuple[str, ...] = ()
    #: What it is used with where nobody says another weight.
    weight: float = 1.0

    def __post_init__(self) -> None:
        require_hash("adapter", self.hash)
        require_text("name", self.name, MAX_NAME)
        require_text("description", self.description, MAX_DESCRIPTION)
        for word in self.triggers:
            require_text("trigger word", word, MAX_TRIGGER)
        require_float("weight", self.weight, -MAX_WEIGHT, MAX_WEIGHT)


class StoredAdapter(NewAdapter, frozen=True, kw_only=True):
    """An adapter as it stands."""

    id: AdapterId
    #: A PNG among the previews.
    preview: ContentHash | None = None
    #: Seconds since 1970.
    created_at: float


class FormerAdapter(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of an adapter that was deleted: its name, for the pictures made with it."""

    hash: ContentHash
    owner_id: int
    guild_id: int | None
    visibility: Visibility
    name: str
    removed_at: float


class Ban(msgspec.Struct, frozen=True, kw_only=True):
    """A member who may bring nothing to a server."""

    guild_id: int
    member_id: int
    #: The moderator; 0 for somebody who had their data deleted.
    banned_by: int
    banned_at: float


_triggers = msgspec.json.Decoder(tuple[str, ...])


def new_adapter(report: Report, name: ContentHash, owner_id: int, title: str, **fields: Any) -> NewAdapter:
    """Return the adapter that a file of this content is, as its inspection found. Raises OutOfRange."""
    chosen: dict[str, Any] = {
        "hash": name,
        "owner_id": owner_id,
        "name": title,
        "kind": report.kind,
        "form": report.form,
        "family": report.family,
        "rank": report.rank,
        "vectors": report.vectors,
        "bytes": report.bytes,
        "base_model": report.base_model,
        "triggers": report.triggers,
    }
    return NewAdapter(**{**chosen, **fields})


async def all(reader: Reader) -> list[StoredAdapter]:
    """Return every adapter of everybody, the oldest first."""
    return [_adapter(row) for row in await reader.fetch_all(SELECT_ALL)]


async def get(reader: Reader, adapter_id: AdapterId) -> StoredAdapter | None:
    """Return an adapter, or None."""
    row = await reader.fetch_one(SELECT, {"id": adapter_id})
    return _adapter(row) if row else None


async def of_owner(reader: Reader, owner_id: int) -> list[StoredAdapter]:
    """Return what somebody brought, by name."""
    return [_adapter(row) for row in await reader.fetch_all(SELECT_OF_OWNER, {"owner_id": owner_id})]


async def total_bytes(reader: Reader) -> int:
    """Return the bytes of all files; one that several need counts once."""
    row = await reader.fetch_one(TOTAL_BYTES)
    return int(row["bytes"]) if row else 0


async def add(write: Transaction, adapter: NewAdapter) -> StoredAdapter:
    """Write an adapter down while `ContentFolder.take` holds its file. Raises NameTaken and OwnedAlready."""
    row = await write.fetch_one(ADD, {**_owned(adapter), **_changing(adapter), "now": write.now})
    if row is None:
        same = "SELECT 1 FROM adapters WHERE owner_id = :owner_id AND hash = :hash"
        if await write.fetch_one(same, {"owner_id": adapter.owner_id, "hash": adapter.hash}):
            raise OwnedAlready
        raise NameTaken
    await write.execute(FORGET_FORMER_ONE, {"hash": adapter.hash, "owner_id": adapter.owner_id})
    return _adapter(row)


async def change(write: Transaction, adapter: StoredAdapter) -> bool:
    """Write anew what may change of an adapter. Returns False where it is gone. Raises NameTaken."""
    before = await get(write, adapter.id)
    if before is None:
        return False
    columns: dict[str, Value] = {"preview": adapter.preview, "id": adapter.id, "now": write.now}
    if not await write.execute(CHANGE, {**_changing(adapter), **columns}):
        raise NameTaken
    if before.preview is not None and before.preview != adapter.preview:
        await disposal.doom(write, "previews", [before.preview])
    return True


async def remove(write: Transaction, adapter_id: AdapterId) -> bool:
    """Delete an adapter, and tell whether it was there; its name stays for the pictures made with it.

    The next `disposal.sweep_adapters` deletes its file, where no other needs it, and its preview.
    """
    rows = await write.fetch_all(REMOVE, {"id": adapter_id})
    for row in rows:
        adapter = _adapter(row)
        former: dict[str, Value] = {
            "hash": adapter.hash,
            "owner_id": adapter.owner_id,
            "guild_id": adapter.guild_id,
            "visibility": adapter.visibility,
            "name": adapter.name,
            "now": write.now,
        }
        await write.execute(NOTE_FORMER, former)
    await _doom(write, rows)
    return bool(rows)


async def former(reader: Reader) -> list[FormerAdapter]:
    """Return what is left of the adapters that were deleted, the oldest first."""
    return [FormerAdapter(**dict(row)) for row in await reader.fetch_all(SELECT_FORMER)]


async def bans(reader: Reader) -> list[Ban]:
    """Return everybody who may bring nothing to a server."""
    return [Ban(**dict(row)) for row in await reader.fetch_all(SELECT_BANS)]


async def ban(write: Transaction, guild_id: int, member_id: int, banned_by: int) -> bool:
    """Let a member bring nothing to a server any more; returns False where that was so."""
    columns = {"guild_id": guild_id, "member_id": member_id, "banned_by": banned_by, "now": write.now}
    return await write.execute(BAN, columns) > 0


async def unban(write: Transaction, guild_id: int, member_id: int) -> bool:
    """Let a member bring adapters to a server again; returns False where they might already."""
    return await write.execute(UNBAN, {"guild_id": guild_id, "member_id": member_id}) > 0


async def removals(reader: Reader) -> list[tuple[int, ContentHash]]:
    """Return the servers and the hashes of files that were taken away there."""
    return [(row["guild_id"], row["hash"]) for row in await reader.fetch_all(SELECT_REMOVALS)]


async def take_away(write: Transaction, guild_id: int, name: ContentHash, removed_by: int) -> None:
    """Let nothing with that content be used in a server any more."""
    columns: dict[str, Value] = {"guild_id": guild_id, "hash": name, "removed_by": removed_by, "now": write.now}
    await write.execute(TAKE_AWAY, columns)


async def give_back(write: Transaction, guild_id: int, name: ContentHash) -> bool:
    """Undo `take_away`; returns False where that was not so."""
    return await write.execute(GIVE_BACK, {"guild_id": guild_id, "hash": name}) > 0


async def export(reader: Reader, member_id: int) -> dict[str, object]:
    """Return everything of these tables that is about a member, as plain values."""
    owner = {"owner_id": member_id}
    left = await reader.fetch_all(SELECT_FORMER_OF_OWNER, owner)
    banned = await reader.fetch_all(SELECT_BANS_OF, {"member_id": member_id})
    return {
        "adapters": [msgspec.to_builtins(one) for one in await of_owner(reader, member_id)],
        "former_adapters": [dict(row) for row in left],
        "adapter_bans": [dict(row) for row in banned],
    }


async def forget_member(write: Transaction, member_id: int) -> None:
    """Delete all that a member brought, shared or not, and every trace of it.

    That a server wants nothing of theirs is the server's own, and stays.
    """
    owner = {"owner_id": member_id}
    await _doom(write, await write.fetch_all(REMOVE_OF_OWNER, owner))
    await write.execute(FORGET_FORMER, owner)
    for statement in (FORGET_BANNER, FORGET_REMOVER):
        await write.execute(statement, {"member_id": member_id})


async def _doom(write: Transaction, rows: Sequence[Row]) -> None:
    await disposal.doom(write, "adapters", [row["hash"] for row in rows])
    await disposal.doom(write, "previews", [row["preview"] for row in rows if row["preview"] is not None])


def _owned(adapter: NewAdapter) -> dict[str, Value]:
    """Return what never changes."""
    return {
        "hash": adapter.hash,
        "owner_id": adapter.owner_id,
        "kind": adapter.kind,
        "form": adapter.form,
        "family": adapter.family,
        "rank": adapter.rank,
        "vectors": adapter.vectors,
        "bytes": adapter.bytes,
        "base_model": adapter.base_model,
    }


def _changing(adapter: NewAdapter) -> dict[str, Value]:
    return {
        "guild_id": adapter.guild_id,
        "name": adapter.name,
        "folded": folded(adapter.name),
        "visibility": adapter.visibility,
        "state": adapter.state,
        "description": adapter.description,
        "triggers": msgspec.json.encode(adapter.triggers).decode(),
        "weight": adapter.weight,
    }


def _adapter(row: Row) -> StoredAdapter:
    columns = {name: row[name] for name in StoredAdapter.__struct_fields__ if name != "triggers"}
    return StoredAdapter(**columns, triggers=_read(row["triggers"]))


def _read(text: str) -> tuple[str, ...]:
    """Return trigger words; what makes no sense is none."""
    try:
        return _triggers.decode(text)
    except msgspec.DecodeError:
        return ()
