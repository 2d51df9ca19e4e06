"""Members: their defaults and weight; everything that is kept about one, to hand out and to delete."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from inference.protocol.limits import MAX_COUNT, require_float, require_int, require_size, require_text
from inference.protocol.messages import JobId
from storage import adapters, audit, blocks, disposal, styles, usage, wildcards
from storage.database import Database, Reader, Row, Transaction
from storage.errors import UnreadableRow
from storage.files import ContentFolder

_PAGE = 500
#: Columns that hold JSON.
_JSON = ("recipe", "words", "origin", "asked_as", "verdict")

SELECT = "SELECT defaults, weight FROM members WHERE id = :id"
SELECT_ALL_DEFAULTS = "SELECT id, defaults FROM members WHERE defaults <> '{}'"
SET_DEFAULTS = """
    INSERT INTO members (id, defaults, updated_at) VALUES (:id, :defaults, :now)
    ON CONFLICT (id) DO UPDATE SET defaults = excluded.defaults, updated_at = excluded.updated_at
"""
SELECT_WEIGHTS = "SELECT id, weight FROM members WHERE weight <> 1"
SET_WEIGHT = """
    INSERT INTO members (id, weight, updated_at) VALUES (:id, :weight, :now)
    ON CONFLICT (id) DO UPDATE SET weight = excluded.weight, updated_at = excluded.updated_at
"""
EXPORT_JOBS = "SELECT * FROM jobs WHERE member_id = :id AND sequence > :after ORDER BY sequence LIMIT :limit"
EXPORT_IMAGES = "SELECT * FROM images WHERE member_id = :id AND images.id > :after ORDER BY images.id LIMIT :limit"
#: Lists that the member gave to servers.
EXPORT_WILDCARDS = """
    SELECT guild_id, name, text, updated_at FROM wildcards WHERE member_id = :id ORDER BY guild_id, name
"""
EXPORT_FAVOURITES = "SELECT image_id, marked_at FROM favourites WHERE member_id = :id ORDER BY image_id"
#: Without the token: it is the bot's, and worth nothing when it is read.
EXPORT_DELIVERIES = """
    SELECT sequence, job_id, deliveries.channel_id, message_id, deliveries.state, error, updated_at
    FROM jobs JOIN deliveries ON deliveries.job_id = jobs.id
    WHERE member_id = :id AND sequence > :after ORDER BY sequence LIMIT :limit
"""
#: What the member did as an admin and what is written elsewhere than in the audit.
EXPORT_BLOCKED = "SELECT guild_id, member_id, reason, blocked_at FROM blocks WHERE blocked_by = :id ORDER BY guild_id"
EXPORT_BANNED = "SELECT guild_id, member_id, banned_at FROM adapter_bans WHERE banned_by = :id ORDER BY guild_id"
EXPORT_TAKEN_AWAY = "SELECT guild_id, hash, removed_at FROM adapter_removals WHERE removed_by = :id ORDER BY guild_id"
SELECT_UNFINISHED = """
    SELECT id FROM jobs WHERE member_id = :id AND state IN ('waiting', 'running') ORDER BY sequence
"""
SELECT_FILES = "SELECT DISTINCT hash FROM images WHERE member_id = :id AND deleted_at IS NULL"
SELECT_INPUTS = "SELECT hash FROM inputs JOIN jobs ON jobs.id = inputs.job_id WHERE member_id = :id"
#: Units, deliveries, inputs, images and everybody's marks on them go with the jobs.
DELETE_JOBS = "DELETE FROM jobs WHERE member_id = :id"
DELETE_FAVOURITES = "DELETE FROM favourites WHERE member_id = :id"
DELETE = "DELETE FROM members WHERE id = :id"
#: What is left of a block says who is blocked and no more.
BARE_BLOCKS = "UPDATE blocks SET reason = '' WHERE member_id = :id"

_EXPORT_DONE = {"blocks": EXPORT_BLOCKED, "adapter_bans": EXPORT_BANNED, "adapter_removals": EXPORT_TAKEN_AWAY}


class Defaults(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a member wants where a command does not say. None leaves it to the guild and the model."""

    #: A name.
    model: str | None = None
    #: In pixels; both or neither.
    width: int | None = None
    height: int | None = None
    count: int | None = None
    private: bool | None = None
    #: As Discord names it: "en-GB".
    locale: str | None = None

    def __post_init__(self) -> None:
        if self.model is not None:
            require_text("model", self.model, 200)
        if self.width is not None or self.height is not None:
            require_size(self.width or 0, self.height or 0, "default")
        if self.count is not None:
            require_int("count", self.count, 1, MAX_COUNT)
        if self.locale is not None:
            require_text("locale", self.locale, 35)


class Export(msgspec.Struct, frozen=True):
    """Everything that is kept about a member."""

    #: Ready for `json.dumps`.
    data: dict[str, Any]
    #: The files of the member's pictures, without those of deleted ones.
    pictures: list[Path]


_decoder = msgspec.json.Decoder(Defaults)


async def defaults(reader: Reader, member_id: int) -> Defaults:
    """Return a member's defaults. Raises UnreadableRow when what is written there makes no sense."""
    row = await reader.fetch_one(SELECT, {"id": member_id})
    try:
        return _decoder.decode(row["defaults"]) if row else Defaults()
    except msgspec.DecodeError as error:
        raise UnreadableRow(
            f"The defaults of member {member_id} cannot be read ({error}). Setting them again mends it."
        ) from error


async def all_defaults(reader: Reader) -> dict[int, Defaults]:
    """Return the defaults of everyone who has chosen any; what makes no sense is left out."""
    found = {}
    for row in await reader.fetch_all(SELECT_ALL_DEFAULTS):
        with suppress(msgspec.DecodeError):
            found[row["id"]] = _decoder.decode(row["defaults"])
    return found


async def set_defaults(write: Transaction, member_id: int, chosen: Defaults) -> None:
    """Write a member's defaults, all of them."""
    text = msgspec.json.encode(chosen).decode()
    await write.execute(SET_DEFAULTS, {"id": member_id, "defaults": text, "now": write.now})


async def weight(reader: Reader, member_id: int) -> float:
    """Return a member's weight in the queue; 1 when none was set."""
    row = await reader.fetch_one(SELECT, {"id": member_id})
    return float(row["weight"]) if row else 1.0


async def weights(reader: Reader) -> dict[int, float]:
    """Return the weights of everyone whose weight is not 1."""
    return {row["id"]: row["weight"] for row in await reader.fetch_all(SELECT_WEIGHTS)}


async def set_weight(write: Transaction, member_id: int, share: float) -> None:
    """Write a member's weight in the queue. Raises OutOfRange unless it is from 0.01 to 100."""
    require_float("weight", share, 0.01, 100)
    await write.execute(SET_WEIGHT, {"id": member_id, "weight": share, "now": write.now})


async def export(database: Database, pictures: ContentFolder, member_id: int) -> Export:
    """Return everything that is kept about a member, for that member."""
    jobs = await _pages(database, EXPORT_JOBS, "sequence", member_id)
    images = await _pages(database, EXPORT_IMAGES, "id", member_id)
    deliveries = await _pages(database, EXPORT_DELIVERIES, "sequence", member_id)
    marks = await database.fetch_all(EXPORT_FAVOURITES, {"id": member_id})
    lists = await database.fetch_all(EXPORT_WILDCARDS, {"id": member_id})
    owned = [*await styles.of_member(database, member_id), *await styles.given_by(database, member_id)]
    data = {
        "member": member_id,
        "defaults": msgspec.to_builtins(await defaults(database, member_id)),
        "weight": await weight(database, member_id),
        "jobs": [_readable(row) for row in jobs],
        "deliveries": [dict(row) for row in deliveries],
        "images": [_readable(row) for row in images],
        "favourites": [dict(row) for row in marks],
        "wildcards": [dict(row) for row in lists],
        "styles": [msgspec.to_builtins(one) for one in owned],
        **await adapters.export(database, member_id),
        "usage": [msgspec.to_builtins(one) for one in await usage.of_member(database, member_id)],
        "blocks": [_about_me(one, "blocked_by") for one in await blocks.of_member(database, member_id)],
        "audit": [_done(one, member_id) for one in await audit.about(database, member_id)],
        "done_as_admin": {
            name: [dict(row) for row in await database.fetch_all(sql, {"id": member_id})]
            for name, sql in _EXPORT_DONE.items()
        },
    }
    kept = dict.fromkeys(row["hash"] for row in images if row["deleted_at"] is None)
    return Export(data, [pictures.path(name) for name in kept])


async def delete(write: Transaction, member_id: int) -> list[JobId]:
    """Delete everything that is kept about a member; the next sweep deletes the files.

    What the member used stays in the guilds' totals, and lists of words and styles that were given to guilds stay
    there, under nobody's name; adapters go, shared or not. That a guild blocks them, or lets them bring no adapters,
    stays as a bare id: otherwise whoever is blocked deletes their data and comes back. What they did as an admin was
    done by nobody. Returns the jobs that had not ended, for the queue and the engines to be told.
    """
    member = {"id": member_id}
    jobs = [JobId(row["id"]) for row in await write.fetch_all(SELECT_UNFINISHED, member)]
    pictures = await write.fetch_all(SELECT_FILES, member)
    inputs = await write.fetch_all(SELECT_INPUTS, member)
    await disposal.doom(write, "pictures", [row["hash"] for row in pictures])
    await disposal.doom(write, "inputs", [row["hash"] for row in inputs])
    await usage.forget_member(write, member_id)
    await wildcards.forget_member(write, member_id)
    await styles.forget_member(write, member_id)
    await adapters.forget_member(write, member_id)
    await audit.forget_member(write, member_id)
    await blocks.forget_member(write, member_id)
    for statement in (DELETE_JOBS, DELETE_FAVOURITES, DELETE, BARE_BLOCKS):
        await write.execute(statement, member)
    return jobs


async def _pages(reader: Reader, sql: str, cursor: str, member_id: int) -> list[Row]:
    """Return all rows of a query, read in pages so that the reading connection serves others in between."""
    rows: list[Row] = []
    after = 0
    while page := await reader.fetch_all(sql, {"id": member_id, "after": after, "limit": _PAGE}):
        rows += page
        after = page[-1][cursor]
    return rows


def _readable(row: Row) -> dict[str, Any]:
    """Return a row with its JSON unpacked."""
    found = dict(row)
    return {
        **found,
        **{name: msgspec.json.decode(found[name]) for name in _JSON if found.get(name)},
    }


def _about_me(block: blocks.Block, *others: str) -> dict[str, Any]:
    """Return a row about a member, without the ids of others."""
    return {name: value for name, value in msgspec.to_builtins(block).items() if name not in others}


def _done(entry: audit.Entry, member_id: int) -> dict[str, Any]:
    """Return what a member did, or what was done to them: by whom is not theirs to know."""
    shown: dict[str, Any] = msgspec.to_builtins(entry)
    return shown if entry.member_id == member_id else {**shown, "member_id": None}
