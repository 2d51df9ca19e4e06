"""Audit: who changed what in a server, and when."""

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

import msgspec

from storage.database import Database, Reader, Row, Transaction, Value

#: Stands for the operator, and for people who had their data deleted.
NOBODY = 0
_PAGE = 500

INSERT = """
    INSERT INTO audit (guild_id, member_id, action, detail, at)
    VALUES (:guild_id, :member_id, :action, :detail, :now)
"""
#: An action begins with its area: "limits.steps".
SELECT_PAGE = """
    SELECT * FROM audit
    WHERE guild_id = :guild_id AND id < :before
        AND (:member_id IS NULL OR member_id = :member_id OR json_extract(detail, '$.member') = :member_id)
        AND (:area IS NULL OR action GLOB :area || '.*')
    ORDER BY id DESC LIMIT :limit
"""
SELECT_ABOUT = """
    SELECT * FROM audit WHERE member_id = :member_id OR json_extract(detail, '$.member') = :member_id ORDER BY id
"""
PRUNE = "DELETE FROM audit WHERE at < :before"
#: Whoever did it becomes nobody, and so does whoever it was done to.
FORGET_DOER = "UPDATE audit SET member_id = 0 WHERE member_id = :member_id"
FORGET_MEMBER = """
    UPDATE audit SET detail = json_set(json_remove(detail, '$.reason'), '$.member', 0)
    WHERE json_extract(detail, '$.member') = :member_id
"""
DELETE_OF_GUILD = "DELETE FROM audit WHERE guild_id = :guild_id"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that somebody did."""

    id: int
    guild_id: int
    #: Who; 0 for the operator, and for people who had their data deleted.
    member_id: int
    #: What: an area and a word, as in "limits.steps" and "members.block".
    action: str
    #: What there is to say of it; the member that it was done to stands under "member".
    detail: dict[str, Any]
    #: Seconds since 1970.
    at: float

    @property
    def area(self) -> str:
        """Return what it is about: "limits"."""
        return self.action.partition(".")[0]


async def add(write: Transaction, guild_id: int, member_id: int, action: str, detail: Mapping[str, Any]) -> None:
    """Write down what somebody did; member 0 is the operator."""
    await add_all(write, guild_id, member_id, [(action, detail)])


async def add_all(
    write: Transaction, guild_id: int, member_id: int, done: Iterable[tuple[str, Mapping[str, Any]]]
) -> None:
    """Write down several things that somebody did at once: each an action and its detail."""
    rows: list[dict[str, Value]] = [
        {
            "guild_id": guild_id,
            "member_id": member_id,
            "action": action,
            "detail": msgspec.json.encode(detail).decode(),
            "now": write.now,
        }
        for action, detail in done
    ]
    if rows:
        await write.execute_many(INSERT, rows)


async def page(
    reader: Reader,
    guild_id: int,
    *,
    before: int | None = None,
    limit: int = 25,
    member_id: int | None = None,
    area: str | None = None,
) -> list[Entry]:
    """Return what was done in a server, newest first: entries whose id is less than `before`.

    With `member_id` only what that member did or what was done to them; with `area` only what is about that.
    """
    rows = await reader.fetch_all(
        SELECT_PAGE,
        {
            "guild_id": guild_id,
            "before": 2**63 - 1 if before is None else before,
            "member_id": member_id,
            "area": area,
            "limit": limit,
        },
    )
    return [_entry(row) for row in rows]


async def every(
    database: Database, guild_id: int, *, member_id: int | None = None, area: str | None = None
) -> AsyncIterator[Entry]:
    """Yield all of it, newest first, read in pages so that others are served in between."""
    before = None
    while found := await page(database, guild_id, before=before, limit=_PAGE, member_id=member_id, area=area):
        for entry in found:
            yield entry
        before = found[-1].id


async def about(reader: Reader, member_id: int) -> list[Entry]:
    """Return what a member did in every server, and what was done to them, oldest first."""
    return [_entry(row) for row in await reader.fetch_all(SELECT_ABOUT, {"member_id": member_id})]


async def prune(write: Transaction, older_than_seconds: float) -> int:
    """Delete what is older than that, and return how much it was."""
    return await write.execute(PRUNE, {"before": write.now - older_than_seconds})


async def forget_member(write: Transaction, member_id: int) -> None:
    """Let nobody stand where a member stood; what was done stays."""
    for statement in (FORGET_DOER, FORGET_MEMBER):
        await write.execute(statement, {"member_id": member_id})


async def delete_of_guild(write: Transaction, guild_id: int) -> None:
    """Delete everything of a server."""
    await write.execute(DELETE_OF_GUILD, {"guild_id": guild_id})


def _entry(row: Row) -> Entry:
    columns = dict(row)
    columns["detail"] = msgspec.json.decode(columns["detail"], type=dict[str, Any])
    return Entry(**columns)
