"""What whoever runs the bot sees and decides: how it goes, which servers it serves, whether it takes anything on."""

import asyncio
import platform
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from bot.queue.dispatcher import Dispatcher
from bot.services.backups import Backups, BackupState
from bot.services.error_book import ErrorBook, ErrorSeen
from bot.services.guilds import Guilds
from bot.texts import Mistake
from inference import __version__
from inference.protocol.messages import Heartbeat
from storage import Database, notes, overview
from storage.guilds import MAX_REASON_CHARACTERS
from storage.overview import Kept, Older
from storage.usage import day_of

#: The note that says why nothing new is taken on.
DRAINING = "draining"
#: Characters of a reason, and of the words for maintenance.
MOST_REASON = MAX_REASON_CHARACTERS
#: Days of which servers' use is shown.
USED_DAYS = 30
_DAY_SECONDS = 86_400.0


class Here(msgspec.Struct, frozen=True, kw_only=True):
    """A server where the bot is, as Discord tells of it."""

    id: int
    name: str
    #: None where Discord does not tell.
    members: int | None


@dataclass(frozen=True, kw_only=True)
class Vitals:
    """What only the client and the engine know."""

    servers: Callable[[], Sequence[Here]] = lambda: ()
    #: Whether Discord is connected.
    connected: Callable[[], bool] = lambda: False
    heartbeat: Callable[[], Heartbeat | None] = lambda: None
    #: Launches of the engine since the start, and how many of them died.
    launches: Callable[[], tuple[int, int]] = lambda: (0, 0)
    #: Why pictures cannot be checked, in words; None where they can, or no check is set up.
    check_problem: Callable[[], str | None] = lambda: None


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """What paints."""

    kind: str
    name: str
    dtype: str
    attention: str
    memory_bytes: int
    memory_used_bytes: int
    versions: dict[str, str]


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """How the bot is. Times are seconds since 1970."""

    version: str
    python: str
    started_at: float
    now: float
    connected: bool
    device: Device | None
    #: Why nothing can be painted, and why pictures cannot be checked; None where they can.
    trouble: str | None
    check_problem: str | None
    #: Names of the models in memory, and how many are installed.
    resident: tuple[str, ...]
    models: int
    #: Pictures at the engine, and those that wait, by lane.
    running: int
    waiting: dict[str, int]
    launches: int
    deaths: int
    #: Of the last day, since the start, newest first.
    errors: tuple[ErrorSeen, ...]
    kept: Kept
    database_bytes: int
    disk_free_bytes: int
    disk_bytes: int
    servers_open: int
    servers_closed: int
    #: What members are told while nothing new is taken on; None while it is.
    draining: str | None
    backup: BackupState


class ServerLine(msgspec.Struct, frozen=True, kw_only=True):
    """A server, and what its members used in the last `USED_DAYS` days."""

    id: int
    #: None where the bot is not, or does not run.
    name: str | None
    #: Of the server; None where it is not known.
    members: int | None
    open: bool
    #: Why it is closed; "" without a reason.
    why: str
    #: Since when the bot is there no more; None while it is.
    left_at: float | None
    pictures: int
    gpu_seconds: float
    #: Members who asked for anything.
    asking: int
    waiting: int


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept, for how long, and what would go if it were kept for `days`."""

    kept: Kept
    #: 0: no limit.
    keep_days: int
    keep_gb: float
    days: int | None = None
    older: Older | None = None


class Installed(msgspec.Struct, frozen=True, kw_only=True):
    """The models that are installed, by name, and which of them the bot did not know, or knows no more."""

    models: tuple[str, ...]
    new: tuple[str, ...]
    gone: tuple[str, ...]


class Operator:
    """What the operator's commands do, on the machine and in Discord."""

    def __init__(
        self,
        *,
        database: Database,
        guilds: Guilds,
        dispatcher: Dispatcher,
        errors: ErrorBook,
        backups: Backups,
        folder: Path,
        keep_days: int,
        keep_gb: float,
        forget: Callable[[int], Awaitable[int]],
        vitals: Vitals,
    ) -> None:
        self._database = database
        self._guilds = guilds
        self._dispatcher = dispatcher
        self._errors = errors
        self._folder = folder
        self._keep_days = keep_days
        self._keep_gb = keep_gb
        self._forget = forget
        self._vitals = vitals
        self._started_at = database.clock()
        self.backups = backups

    async def load(self) -> None:
        """Read whether anything new is taken on. Raises StorageError."""
        self._guilds.draining = await notes.get(self._database, DRAINING)

    # Maintenance ----------------------------------------------------------------------------------------------------

    @property
    def draining(self) -> str | None:
        """Return what members are told while nothing new is taken on, perhaps nothing; None while it is."""
        return self._guilds.draining

    async def drain(self, words: str) -> None:
        """Take nothing new on from now on, also after a restart; what waits is painted.

        Raises Mistake, StorageError.
        """
        words = checked_reason(words)
        async with self._database.transaction() as write:
            await notes.put(write, DRAINING, words)
        self._guilds.draining = words

    async def resume(self) -> bool:
        """Take on again what is asked for; return whether it was not before. Raises StorageError."""
        async with self._database.transaction() as write:
            was = await notes.take(write, DRAINING) is not None
        self._guilds.draining = None
        return was

    # Servers --------------------------------------------------------------------------------------------------------

    async def servers(self) -> list[ServerLine]:
        """Return every server that the bot is in or knows of, those that used most first. Raises StorageError."""
        here = {server.id: server for server in self._vitals.servers()}
        lines = await server_lines(self._database, self._database.clock(), here)
        waiting = Counter[int]()
        for entry in self._dispatcher.board.entries.values():
            if entry.job.guild_id is not None:
                waiting[entry.job.guild_id] += len(entry.open)
        return [msgspec.structs.replace(line, waiting=waiting[line.id]) for line in lines]

    def server(self, wanted: str) -> int:
        """Return the id of a server that is named, or given by its id. Raises Mistake for none, or more than one."""
        here = self._vitals.servers()
        if wanted.isdigit() and len(wanted) <= 20:
            return int(wanted)
        found = [server for server in here if server.name.casefold() == wanted.strip().casefold()]
        if len(found) > 1:
            raise Mistake("operator_servers_same", name=wanted, ids=", ".join(str(server.id) for server in found))
        if not found:
            raise Mistake("operator_no_server", name=wanted)
        return found[0].id

    def names(self) -> Sequence[Here]:
        """Return the servers where the bot is."""
        return self._vitals.servers()

    async def close(self, guild_id: int, why: str) -> None:
        """Do nothing for a server from now on, also after a restart. Raises Mistake, StorageError."""
        await self._guilds.close(guild_id, checked_reason(why))

    async def open(self, guild_id: int) -> bool:
        """Undo `close`; return whether it was closed. Raises StorageError."""
        return await self._guilds.open(guild_id)

    async def forget(self, guild_id: int) -> int:
        """Delete everything that is kept of a server that the bot has left; return how many requests that were.

        Raises Mistake for one where it is, StorageError.
        """
        if any(server.id == guild_id for server in self._vitals.servers()):
            raise Mistake("operator_still_there")
        return await self._forget(guild_id)

    # Models ---------------------------------------------------------------------------------------------------------

    async def refresh(self) -> Installed:
        """Look at the models folder again. What is in memory stays there. Raises EngineDead."""
        before = [info.name for info in self._dispatcher.models]
        now = [info.name for info in await self._dispatcher.rescan()]
        return Installed(
            models=tuple(now),
            new=tuple(name for name in now if name not in before),
            gone=tuple(name for name in before if name not in now),
        )

    # How it goes ----------------------------------------------------------------------------------------------------

    def heartbeat(self) -> Heartbeat | None:
        """Return the engine's last sign of life."""
        return self._vitals.heartbeat()

    def waiting(self) -> dict[str, int]:
        """Return how many pictures wait, by lane."""
        waiting = Counter({"priority": 0, "normal": 0, "relaxed": 0, "background": 0})
        for entry in self._dispatcher.board.entries.values():
            waiting[entry.job.lane] += len(entry.open) - len(entry.flying)
        return dict(waiting)

    def counts(self) -> tuple[int, int]:
        """Return how many of the servers where the bot is are open, and how many closed."""
        here = self._vitals.servers()
        closed = sum(self._guilds.policy(server.id).closed is not None for server in here)
        return len(here) - closed, closed

    async def status(self) -> Status:
        """Return how everything is. Raises StorageError."""
        dispatcher, beat = self._dispatcher, self._vitals.heartbeat()
        free, whole, database_bytes = await asyncio.to_thread(self._disk)
        served, closed = self.counts()
        launches, deaths = self._vitals.launches()
        return Status(
            version=__version__,
            python=platform.python_version(),
            started_at=self._started_at,
            now=self._database.clock(),
            connected=self._vitals.connected(),
            device=self._device(beat),
            trouble=dispatcher.trouble,
            check_problem=self._vitals.check_problem(),
            resident=tuple(map(dispatcher.model_name, beat.resident_models)) if beat else (),
            models=len(dispatcher.models),
            running=dispatcher.running,
            waiting=self.waiting(),
            launches=launches,
            deaths=deaths,
            errors=tuple(self._errors.of_the_last_day()),
            kept=await overview.kept(self._database),
            database_bytes=database_bytes,
            disk_free_bytes=free,
            disk_bytes=whole,
            servers_open=served,
            servers_closed=closed,
            draining=self.draining,
            backup=self.backups.state,
        )

    def _device(self, beat: Heartbeat | None) -> Device | None:
        if self._dispatcher.ready is None:
            return None
        device = self._dispatcher.ready.device
        return Device(
            kind=device.kind,
            name=device.name,
            dtype=device.dtype,
            attention=device.attention,
            memory_bytes=device.memory_bytes,
            memory_used_bytes=beat.memory_used_bytes if beat else 0,
            versions=dict(device.versions),
        )

    def _disk(self) -> tuple[int, int, int]:
        """Return the bytes that are free, those of the whole disk, and those of the database. Slow."""
        usage = shutil.disk_usage(self._folder)
        return usage.free, usage.total, self._database.path.stat().st_size

    # What is kept ---------------------------------------------------------------------------------------------------

    async def retention(self, days: int | None = None) -> Retention:
        """Return what is kept, and what would go if that were kept for so many days. Raises StorageError."""
        return await retention(self._database, self._database.clock(), self._keep_days, self._keep_gb, days)


def checked_reason(text: str) -> str:
    """Return a reason as it is kept. Raises Mistake for one that is too long."""
    if len(text.strip()) > MOST_REASON:
        raise Mistake("operator_long", most=MOST_REASON)
    return text.strip()


async def server_lines(database: Database, now: float, here: dict[int, Here]) -> list[ServerLine]:
    """Return every server that is known or in `here`, those that used most first. Raises StorageError."""
    since = (datetime.fromtimestamp(now, UTC) - timedelta(days=USED_DAYS - 1)).timestamp()
    known = {server.id: server for server in await overview.servers(database, day_of(since))}
    lines = []
    for guild_id in dict.fromkeys([*known, *here]):
        found, there = known.get(guild_id), here.get(guild_id)
        lines.append(
            ServerLine(
                id=guild_id,
                name=there.name if there else None,
                members=there.members if there else None,
                open=found is None or found.enabled,
                why=found.closed_why if found else "",
                left_at=found.left_at if found and there is None else None,
                pictures=found.pictures if found else 0,
                gpu_seconds=found.gpu_seconds if found else 0.0,
                asking=found.members if found else 0,
                waiting=0,
            )
        )
    return lines


async def retention(
    database: Database, now: float, keep_days: int, keep_gb: float, days: int | None = None
) -> Retention:
    """Return what is kept, and what would go if that were kept for so many days. Raises StorageError."""
    older = None if days is None else await overview.older(database, now - days * _DAY_SECONDS)
    return Retention(kept=await overview.kept(database), keep_days=keep_days, keep_gb=keep_gb, days=days, older=older)
