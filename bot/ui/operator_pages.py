"""What the operator is shown. Pure."""

from collections.abc import Sequence

import discord
from discord import ui

from bot.services.backups import BackupState
from bot.services.broadcasting import MOST_NAMED, BroadcastState, Targets
from bot.services.operator import Retention, ServerLine, Status
from bot.texts import duration, say
from bot.ui.custom_ids import broadcast_id
from bot.ui.layouts import button, layout
from bot.ui.plain import bar, harmless

#: Servers of one page, and errors that are shown.
SERVERS = 10
_ERRORS = 8
#: Characters of a message, and some to spare.
_ROOM = 3800
#: Characters of a name, and of an error.
_NAME, _ERROR = 60, 120


def status(found: Status, locale: str | None) -> ui.LayoutView:
    """Return how everything is."""
    parts = [
        "\n".join([_heading(found, locale), *_warnings(found, locale)]),
        "\n".join([_device(found, locale), *_numbers(found, locale)]),
    ]
    parts.append(_errors(found, locale, _ROOM - sum(map(len, parts))))
    return layout(*(ui.TextDisplay[ui.LayoutView](part) for part in parts))


def _heading(found: Status, locale: str | None) -> str:
    since = say(
        "operator_running_since", locale, time=duration(found.now - found.started_at, locale), python=found.python
    )
    return f"{say('operator_status_title', locale, version=found.version)}\n-# {since}"


def _warnings(found: Status, locale: str | None) -> list[str]:
    warnings = []
    if not found.connected:
        warnings.append(say("operator_disconnected", locale))
    if found.trouble is not None:
        warnings.append(say("operator_trouble", locale, reason=harmless(found.trouble)))
    if found.check_problem is not None:
        warnings.append(say("operator_check_problem", locale, reason=harmless(found.check_problem)))
    if found.draining:
        warnings.append(say("operator_draining", locale, words=harmless(found.draining)))
    elif found.draining is not None:
        warnings.append(say("operator_draining_silent", locale))
    return warnings


def _device(found: Status, locale: str | None) -> str:
    device = found.device
    if device is None:
        return say("operator_no_device", locale)
    return say(
        "operator_device",
        locale,
        name=harmless(device.name, _NAME),
        kind=device.kind,
        dtype=device.dtype,
        attention=device.attention,
        used=_gb(device.memory_used_bytes),
        memory=_gb(device.memory_bytes),
        versions=", ".join(f"{name} {version}" for name, version in device.versions.items()),
    )


def _numbers(found: Status, locale: str | None) -> list[str]:
    resident = ", ".join(harmless(name, _NAME) for name in found.resident[:SERVERS])
    waiting = ", ".join(f"{lane} {count}" for lane, count in found.waiting.items() if count)
    backup = found.backup
    last = say("operator_backup_none", locale)
    if backup.made_at is not None:
        last = say("operator_backup_last", locale, at=int(backup.made_at), path=backup.path)
    return [
        say("operator_models", locale, models=found.models, resident=resident or say("operator_none", locale)),
        say("operator_queue", locale, running=found.running, waiting=waiting or 0),
        say("operator_engine", locale, launches=found.launches, deaths=found.deaths),
        say("operator_servers_count", locale, open=found.servers_open, closed=found.servers_closed),
        say(
            "operator_disk",
            locale,
            free=_gb(found.disk_free_bytes),
            whole=_gb(found.disk_bytes),
            pictures=found.kept.pictures,
            bytes=_gb(found.kept.bytes),
            database=_gb(found.database_bytes),
        ),
        last,
    ]


def _errors(found: Status, locale: str | None, room: int) -> str:
    """Return the newest errors, as many as have room."""
    if not found.errors:
        return say("operator_no_errors", locale)
    lines = [say("operator_errors", locale, count=len(found.errors))]
    for seen in found.errors[:_ERRORS]:
        text = harmless(seen.text, _ERROR)
        line = say("operator_error", locale, at=int(seen.at), kind=harmless(seen.kind, _NAME), text=text)
        if sum(map(len, lines)) + len(line) > room:
            break
        lines.append(line)
    if (more := len(found.errors) - len(lines) + 1) > 0:
        lines.append(say("operator_more", locale, count=more))
    return "\n".join(lines)


def servers(lines: Sequence[ServerLine], page: int, locale: str | None) -> ui.LayoutView:
    """Return a page of the servers, from 1; beyond the last it is the last."""
    if not lines:
        return layout(ui.TextDisplay(say("operator_servers_none", locale)))
    pages = -(-len(lines) // SERVERS)
    page = min(max(1, page), pages)
    shown = lines[(page - 1) * SERVERS : page * SERVERS]
    parts = [say("operator_servers_title", locale, count=len(lines)), *(_server(line, locale) for line in shown)]
    if pages > 1:
        parts.append(say("operator_servers_page", locale, page=page, pages=pages, next=page % pages + 1))
    return layout(ui.TextDisplay("\n".join(parts)))


def _server(line: ServerLine, locale: str | None) -> str:
    text = say(
        "operator_server_gone" if line.name is None else "operator_server",
        locale,
        name=name_of(line, locale),
        id=line.id,
        members="?" if line.members is None else line.members,
        pictures=line.pictures,
        seconds=round(line.gpu_seconds),
        asking=line.asking,
        waiting=line.waiting,
    )
    if line.open:
        return text
    if line.why:
        return f"{text}\n{say('operator_server_closed_why', locale, why=harmless(line.why, _NAME))}"
    return f"{text}\n{say('operator_server_closed', locale)}"


def name_of(line: ServerLine, locale: str | None) -> str:
    """Return a server's name as it can be shown."""
    return say("operator_server_unnamed", locale) if line.name is None else harmless(line.name, _NAME)


def broadcast(targets: Targets, locale: str | None) -> ui.LayoutView:
    """Return what would be sent and to whom, and a button that sends it."""
    told = [say("operator_broadcast_preview", locale, servers=targets.servers, closed=targets.closed)]
    if targets.without:
        told.append(say("operator_broadcast_without", locale, names=_names(targets.without)))
    parts: list[ui.Item[ui.LayoutView]] = [
        ui.TextDisplay(targets.text),
        ui.Separator(),
        ui.TextDisplay("\n".join(told)),
    ]
    if targets.servers:
        parts.append(ui.ActionRow(button("broadcast", broadcast_id(targets.draft), locale, discord.ButtonStyle.danger)))
    return layout(*parts)


def broadcast_ended(state: BroadcastState, locale: str | None) -> str:
    """Return how a broadcast ended."""
    if not state.failed:
        return say("operator_broadcast_done", locale, sent=state.sent)
    names = _names(state.failed)
    return say("operator_broadcast_failed", locale, sent=state.sent, failed=len(state.failed), names=names)


def backup(state: BackupState, locale: str | None) -> str:
    """Return how far a backup is, or how it ended."""
    if state.going:
        if not state.total_bytes:
            return say("operator_backup_begun", locale)
        share = bar(state.done_bytes / state.total_bytes)
        return say("operator_backup_going", locale, bar=share, done=_gb(state.done_bytes), whole=_gb(state.total_bytes))
    if state.path is None:
        return say("operator_backup_failed", locale, reason=harmless(state.problem or "?"))
    lines = [say("operator_backup_done", locale, path=state.path, bytes=_gb(state.bytes), files=state.files)]
    if state.missing or state.damaged:
        lines.append(say("operator_backup_left_out", locale, missing=state.missing, damaged=state.damaged))
    if state.removed:
        lines.append(say("operator_backup_removed", locale, removed=state.removed))
    return "\n".join(lines)


def retention(found: Retention, locale: str | None) -> str:
    """Return what is kept, for how long, and what would go."""
    kept = found.kept
    lines = [say("operator_keep", locale, pictures=kept.pictures, bytes=_gb(kept.bytes), favourites=kept.favourites)]
    if kept.oldest_at is not None:
        lines.append(say("operator_keep_oldest", locale, at=int(kept.oldest_at)))
    if found.keep_days:
        lines.append(say("operator_keep_days", locale, days=found.keep_days))
    else:
        lines.append(say("operator_keep_for_good", locale))
    if found.keep_gb:
        lines.append(say("operator_keep_gb", locale, gb=f"{found.keep_gb:g}"))
    if found.older is not None:
        older = found.older
        lines.append(
            say("operator_keep_would", locale, days=found.days, pictures=older.pictures, bytes=_gb(older.bytes))
        )
    return "\n".join(lines)


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(harmless(name, _NAME) for name in names[:MOST_NAMED])
    return f"{shown}, …" if len(names) > MOST_NAMED else shown


def _gb(count: int) -> str:
    """Return bytes in GB, with more digits the fewer they are."""
    gigabytes = count / 1e9
    return f"{gigabytes:.0f}" if gigabytes >= 100 else f"{gigabytes:.1f}" if gigabytes >= 1 else f"{gigabytes:.3f}"
