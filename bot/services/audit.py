"""What was changed in a server, by whom and when: written down with each change, shown, and handed out."""

import asyncio
import csv
import io
import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

import msgspec

from bot.texts import Mistake
from storage import Database, StorageError, audit
from storage.audit import NOBODY, Entry
from storage.database import uninterrupted
from storage.guilds import Limits, Quota, Settings

log = logging.getLogger("easel.audit")

__all__ = ["AREAS", "FIELDS", "NOBODY", "Area", "Audit", "Entry", "Format", "Page", "changes"]

#: What an entry is about: the first part of its action.
Area = Literal["models", "limits", "channels", "roles", "content", "kept", "members", "adapters", "server"]
AREAS: tuple[Area, ...] = get_args(Area)
Format = Literal["csv", "json"]

#: The area of every field of a server's settings, apart from its limits.
FIELDS: Mapping[str, Area] = {
    "models": "models",
    "new_models": "models",
    "models_known": "models",
    "default_model": "models",
    "default_models": "models",
    "role_limits": "limits",
    "past_budget": "limits",
    "waiting": "limits",
    "channels": "channels",
    "closed_channels": "channels",
    "command_channels": "channels",
    "private_channels": "channels",
    "threads": "channels",
    "age_restricted": "channels",
    "allow_private": "channels",
    "role_weights": "roles",
    "role_lanes": "roles",
    "press": "roles",
    "press_roles": "roles",
    "history": "roles",
    "history_roles": "roles",
    "add_adapters": "roles",
    "adapter_roles": "roles",
    "train": "roles",
    "train_roles": "roles",
    "approve_adapters": "roles",
    "adapter_quota": "roles",
    "adapter_quotas": "roles",
    "negative_prompt": "content",
    "blocked_words": "content",
    "warned_words": "content",
    "blocked_patterns": "content",
    "warned_patterns": "content",
    "check": "content",
    "check_age_restricted": "content",
    "keep_days": "kept",
}
#: A pattern that takes too long is written down this often at most.
_SLOW_SECONDS = 3600.0
#: Entries of a page.
_LINES = 10
#: Of a file.
_MOST = 20_000
#: What a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_COLUMNS = ("id", "time", "member", "action", "what", "before", "after", "added", "removed", "detail")


def changes(before: Settings, after: Settings) -> list[tuple[str, dict[str, Any]]]:
    """Return what is to be written down of a change of settings: an action and its detail for each field. Pure.

    Of one value the detail says "before" and "after"; of a list what was "added" and "removed"; of a table "before"
    and "after" by key, as far as they differ. Ids are texts, so that other programs do not round them.
    """
    found = []
    for field, old, new in _fields(before, after):
        action, was, now = f"{_area(field)}.{field}", _built(old), _built(new)
        if was == now:
            continue
        if isinstance(was, dict) and isinstance(now, dict):
            keys = [key for key in was | now if was.get(key) != now.get(key)]
            detail: dict[str, Any] = {
                "before": {key: was[key] for key in keys if key in was},
                "after": {key: now[key] for key in keys if key in now},
            }
        elif isinstance(was, list) and isinstance(now, list):
            detail = {"added": _missing(now, was), "removed": _missing(was, now)}
        else:
            detail = {"before": was, "after": now}
        found.append((action, detail))
    return found


def _fields(before: Settings, after: Settings) -> Iterator[tuple[str, Any, Any]]:
    for field in Limits.__struct_fields__:
        # What waits in all stands under the same name.
        name = "member_waiting" if field == "waiting" else field
        yield name, getattr(before.limits, field), getattr(after.limits, field)
    for field in Settings.__struct_fields__:
        if field != "limits":
            yield field, getattr(before, field), getattr(after, field)


def _area(field: str) -> str:
    return FIELDS.get(field, "limits")


def _built(value: Any) -> Any:
    """Return a value as JSON has it; ids are texts."""
    match value:
        case Quota():
            return {"count": value.count, "bytes": value.bytes}
        case msgspec.Struct():
            return _built(msgspec.to_builtins(value))
        case dict():
            return {str(key): _built(each) for key, each in value.items()}
        case tuple() | list():
            return [str(each) for each in value]
    return value


def _missing(these: list[Any], those: list[Any]) -> list[Any]:
    known = set(those)
    return [each for each in these if each not in known]


@dataclass(frozen=True)
class Page:
    """A part of a server's audit, newest first."""

    entries: tuple[Entry, ...]
    #: The cursor of what comes after; None at the end.
    older: int | None


class Audit:
    """What was done in servers."""

    def __init__(self, *, database: Database) -> None:
        self._database = database
        #: When a server was told last that a pattern of its takes too long.
        self._told: dict[tuple[int, str], float] = {}

    async def note(self, guild_id: int, by: int, action: str, detail: Mapping[str, Any]) -> None:
        """Write down what somebody did that was done already. Raises StorageError."""
        await uninterrupted(self._write(guild_id, by, action, detail))

    async def note_slow(self, guild_id: int, patterns: tuple[str, ...]) -> None:
        """Write down, now and then, that patterns of a server take too long, and refuse what they should look at."""
        now = self._database.clock()
        for pattern in patterns:
            if now - self._told.get((guild_id, pattern), -_SLOW_SECONDS) < _SLOW_SECONDS:
                continue
            self._told[guild_id, pattern] = now
            try:
                await self.note(guild_id, NOBODY, "content.slow", {"pattern": pattern})
            except StorageError as error:
                log.warning("that a pattern takes too long cannot be written down: %s", error)

    async def page(
        self, guild_id: int, before: int | None = None, member_id: int | None = None, area: Area | None = None
    ) -> Page:
        """Return what was done in a server, newest first: before that cursor, by or to a member, about an area."""
        found = await audit.page(
            self._database, guild_id, before=before, limit=_LINES + 1, member_id=member_id, area=area
        )
        entries = tuple(found[:_LINES])
        return Page(entries, entries[-1].id if len(found) > _LINES else None)

    async def file(
        self, guild_id: int, form: Format, member_id: int | None = None, area: Area | None = None
    ) -> tuple[bytes, int]:
        """Return all of it as a file, oldest first, and how many entries that are.

        Raises Mistake for more than a file may hold, StorageError.
        """
        entries = []
        async for entry in audit.every(self._database, guild_id, member_id=member_id, area=area):
            entries.append(entry)
            if len(entries) > _MOST:
                raise Mistake("audit_file_large", count=len(entries))
        entries.reverse()
        return await asyncio.to_thread(as_csv if form == "csv" else as_json, entries), len(entries)

    async def prune(self, older_than_seconds: float) -> int:
        """Delete what is older than that, and return how much it was. Raises StorageError."""
        async with self._database.transaction() as write:
            return await audit.prune(write, older_than_seconds)

    async def _write(self, guild_id: int, by: int, action: str, detail: Mapping[str, Any]) -> None:
        async with self._database.transaction() as write:
            await audit.add(write, guild_id, by, action, detail)


def as_csv(entries: list[Entry]) -> bytes:
    """Return entries as a table for spreadsheets, in which nothing is a formula."""
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\r\n")
    table.writerow(_COLUMNS)
    for entry in entries:
        detail = dict(entry.detail)
        row = [entry.id, _time(entry), _member(entry), entry.action, detail.pop("member", "")]
        row += [_cell(detail.pop(name, "")) for name in ("before", "after", "added", "removed")]
        table.writerow([_safe(str(value)) for value in (*row, _cell(detail) if detail else "")])
    # Spreadsheets know by the mark that it is UTF-8.
    return file.getvalue().encode("utf-8-sig")


def as_json(entries: list[Entry]) -> bytes:
    """Return entries as a list of objects, one a line; ids of members are texts."""
    lines = [
        json.dumps(
            {
                "id": entry.id,
                "time": _time(entry),
                "member": _member(entry),
                "action": entry.action,
                "detail": entry.detail | ({"member": str(entry.detail["member"])} if "member" in entry.detail else {}),
            },
            ensure_ascii=False,
        )
        for entry in entries
    ]
    return ("[\n" + ",\n".join(lines) + "\n]\n").encode()


def _time(entry: Entry) -> str:
    return datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="seconds")


def _member(entry: Entry) -> str:
    return str(entry.member_id)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
