"""`easel admin`: what whoever runs the bot sees and decides, on the machine itself.

It asks the bot that runs there. Where none does, it works on its files, as far as that makes sense.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from bot.control.client import Bot, NoBot
from bot.errors import EaselError, UserError
from bot.services.backups import Backups, BackupState, sources_of
from bot.services.guilds import Guilds
from bot.services.operator import DRAINING, ServerLine, checked_reason, retention, server_lines
from bot.services.wildcard_files import read_folder
from bot.settings import Settings
from inference import __version__
from storage import ContentFolder, Database, FlatFolder, LockedDatabase, notes
from storage.restoring import restore as restored_from

#: Exit codes: done, and not done.
DONE, FAILED = 0, 1
#: Of days.
MOST_DAYS = 36_500
#: Between two looks at what takes long.
_LOOK_SECONDS = 0.5
#: Folders of a data folder that a backup does not hold, and beside which it is restored.
_PLAYGROUND = "playground"


class Desk:
    """One command's work; what it finds goes to standard output, in words or as JSON."""

    def __init__(self, settings: Settings, as_json: bool, console: Console) -> None:
        self._settings = settings
        self._as_json = as_json
        self._console = console
        self._folder = settings.data_folder.expanduser()
        self._bot = Bot(self._folder)

    # How it goes ----------------------------------------------------------------------------------------------------

    async def status(self) -> int:
        """Say how the bot is."""
        try:
            found = await self._bot.ask("status")
        except NoBot as error:
            self._show({"up": False, "data_folder": str(self._folder), "version": __version__}, error.message)
            return FAILED
        self._show({"up": True, **found}, "\n".join(_status(found)))
        return DONE

    async def keep(self, days: int | None) -> int:
        """Say what is kept, and what would be deleted."""
        settings = self._settings
        try:
            found = await self._bot.ask("keep", days=days)
        except NoBot:
            async with self._database() as database:
                now = database.clock()
                found = _plain(await retention(database, now, settings.keep_days, settings.keep_gb, days))
        self._show(found, "\n".join(_kept(found)))
        return DONE

    # Servers --------------------------------------------------------------------------------------------------------

    async def servers(self) -> int:
        """List the servers."""
        try:
            found = await self._bot.ask("servers")
        except NoBot:
            self._note("The bot does not run, so only what it has kept of servers is known.")
            async with self._database() as database:
                found = _plain(await server_lines(database, database.clock(), {}))
        lines = msgspec.convert(found, list[ServerLine])
        self._show(found, "\n".join(map(_server, lines)) or "There is none yet.")
        return DONE

    async def close(self, server: str, why: str) -> int:
        """Close a server."""
        try:
            found = await self._bot.ask("close", server=server, why=why)
        except NoBot:
            found = {"server": _id(server)}
            async with self._guilds() as guilds:
                await guilds.close(found["server"], checked_reason(why))
        self._show(found, f"Server {found['server']} is closed: nothing is done for it until easel admin open.")
        return DONE

    async def open(self, server: str) -> int:
        """Open a server again."""
        try:
            found = await self._bot.ask("open", server=server)
        except NoBot:
            found = {"server": _id(server)}
            async with self._guilds() as guilds:
                found["was_closed"] = await guilds.open(found["server"])
        was = "is open again" if found["was_closed"] else "was not closed"
        self._show(found, f"Server {found['server']} {was}.")
        return DONE

    async def forget(self, server: str, sure: bool) -> int:
        """Delete what is kept of a server that the bot has left."""
        if not sure:
            raise UserError("That deletes its pictures, settings and usage for good. --yes does it.")
        try:
            found = await self._bot.ask("forget", server=server)
        except NoBot as error:
            raise EaselError("The bot has to run for that: it alone knows where it is.") from error
        self._show(found, f"Server {found['server']} is forgotten, with {found['requests']} requests.")
        return DONE

    # Maintenance ----------------------------------------------------------------------------------------------------

    async def drain(self, words: str) -> int:
        """Take nothing new on."""
        try:
            found = await self._bot.ask("drain", text=words)
        except NoBot:
            async with self._database() as database, database.transaction() as write:
                await notes.put(write, DRAINING, checked_reason(words))
            found = {"draining": checked_reason(words)}
        self._show(found, "Nothing new is taken on, also after a restart, until easel admin resume.")
        return DONE

    async def resume(self) -> int:
        """Undo `drain`."""
        try:
            found = await self._bot.ask("resume")
        except NoBot:
            async with self._database() as database, database.transaction() as write:
                found = {"was_draining": await notes.take(write, DRAINING) is not None}
        self._show(found, "Taken on again." if found["was_draining"] else "Everything was being taken on already.")
        return DONE

    async def refresh(self) -> int:
        """Have the bot look at the models folder again."""
        try:
            found = await self._bot.ask("refresh")
        except NoBot as error:
            raise EaselError("The bot does not run. It looks at the models folder when it starts.") from error
        lines = [f"The bot knows: {', '.join(found['models']) or 'no model'}."]
        lines += [f"{word}: {', '.join(found[key])}." for key, word in (("new", "New"), ("gone", "Gone")) if found[key]]
        self._show(found, "\n".join(lines))
        return DONE

    async def broadcast(self, text: str, sure: bool) -> int:
        """Write to every server, once that was confirmed."""
        try:
            targets = await self._bot.ask("broadcast", text=text)
        except NoBot as error:
            raise EaselError("The bot has to run for that: it alone can write to servers.") from error
        self._console.print(targets["text"], markup=False, highlight=False, soft_wrap=True)
        self._note(f"This goes to {targets['servers']} servers; {targets['closed']} closed ones are left out.")
        if targets["without"]:
            self._note(f"No channel for updates where I may write: {', '.join(targets['without'])}.")
        if not sure and not await asyncio.to_thread(_agreed):
            raise UserError("Nothing was sent. --yes sends it without a question.")
        state = await self._bot.ask("broadcast-send", text=targets["draft"])
        while state["going"]:
            await asyncio.sleep(_LOOK_SECONDS)
            state = await self._bot.ask("broadcast-state")
        self._show(state, "\n".join([f"Sent to {state['sent']} servers.", *map(_not_sent, state["failed"])]))
        return FAILED if state["failed"] or state["left"] else DONE

    # Backup and restore ---------------------------------------------------------------------------------------------

    async def backup(self, folder: Path | None, keep: int | None) -> int:
        """Make a backup, and say where it lies."""
        place = await asyncio.to_thread(folder.absolute) if folder else None
        try:
            found = await self._bot.ask("backup", folder=str(place) if place else None, keep=keep)
            state = await self._watched(msgspec.convert(found, BackupState))
        except NoBot:
            async with self._database() as database:
                backups = await asyncio.to_thread(self._backups, database)
                backups.begin(place, keep)
                try:
                    state = await backups.ended()
                finally:
                    await backups.stop()
        if state.path is None:
            raise EaselError(state.problem or "There is no backup.")
        if state.missing or state.damaged:
            self._note(f"Not in it: {state.missing} files that were gone, {state.damaged} that are damaged.")
        self._show(_plain(state), state.path)
        return DONE

    async def _watched(self, state: BackupState) -> BackupState:
        """Show how far the bot is with a backup, until it has ended."""
        with Progress(TextColumn("Backing up"), BarColumn(), DownloadColumn(), console=self._console) as shown:
            task = shown.add_task("", total=None)
            while state.going:
                shown.update(task, completed=state.done_bytes, total=state.total_bytes or None)
                await asyncio.sleep(_LOOK_SECONDS)
                state = msgspec.convert(await self._bot.ask("backup-state"), BackupState)
            if state.path is not None:
                shown.update(task, completed=state.bytes, total=state.bytes)
        return state

    def _backups(self, database: Database) -> Backups:
        """Return what makes a backup of the files. Slow."""
        settings, folder = self._settings, self._folder
        estimates = folder / "estimates.json"
        sources = sources_of(
            ContentFolder(folder / "pictures", ".png"),
            ContentFolder(folder / "inputs"),
            FlatFolder(settings.adapters, ".safetensors"),
            ContentFolder(settings.previews, ".png"),
            estimates.read_text() if estimates.is_file() else "{}",
            read_folder(settings.lists, expected=False),
        )
        return Backups(
            database=database,
            sources=lambda: sources,
            folder=settings.backups,
            keep=settings.keep_backups,
            easel=__version__,
        )

    async def restore(self, archive: Path, folder: Path | None) -> int:
        """Restore a backup into an empty folder, and say what to do next."""
        target = await asyncio.to_thread((folder or self._folder).absolute)
        with self._console.status(f"Restoring {archive.name} …"):
            done = await asyncio.to_thread(restored_from, archive, target, self._beside(target))
        manifest = done.manifest
        found = {
            "folder": str(done.folder),
            "files": len(manifest.files),
            "bytes": done.bytes,
            "easel": manifest.easel,
            "created_at": manifest.created_at,
        }
        self._show(found, f"{done.folder}: {len(manifest.files)} files, all as they were.")
        for line in self._next(target):
            self._note(line)
        return DONE

    def _beside(self, target: Path) -> list[str]:
        """Return the names of folders that may lie in a data folder already: a backup holds nothing of them."""
        mine = (self._settings.models_folder.expanduser().absolute(), self._settings.backups.absolute())
        return [_PLAYGROUND, *(path.relative_to(target).parts[0] for path in mine if target in path.parents)]

    def _next(self, target: Path) -> list[str]:
        lines = ["Before you start the bot there, stop the one that the backup is of: both would answer."]
        if target != self._folder.absolute():
            lines.append(f"Start it with EASEL_DATA_FOLDER={target}.")
        for name, variable in (("adapters", "adapters_folder"), ("wildcards", "wildcards_folder")):
            if chosen := getattr(self._settings, variable):
                moved = f"move what is in {target / name} to {chosen}, or set it to nothing"
                lines.append(f"EASEL_{variable.upper()} names another folder: {moved}.")
        lines.append("Models and settings are not in a backup: easel models list says which are installed.")
        return lines

    # Without a bot --------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _database(self) -> AsyncIterator[Database]:
        """Open the database of a bot that does not run. Raises UserError where there is none, StorageError."""
        path = self._settings.database
        if not await asyncio.to_thread(path.is_file):
            raise UserError(f"There is no database {path}. EASEL_DATA_FOLDER names the folder where the bot's data is.")
        try:
            opened = await Database.open(path)
        except LockedDatabase as error:
            raise EaselError(
                f"A bot uses {path} and cannot be asked: its control.json is gone. Restart it, or stop it first."
            ) from error
        async with opened as database:
            yield database

    @asynccontextmanager
    async def _guilds(self) -> AsyncIterator[Guilds]:
        async with self._database() as database:
            guilds = Guilds(database=database)
            await guilds.load()
            yield guilds

    # Output ---------------------------------------------------------------------------------------------------------

    def _show(self, found: object, words: str) -> None:
        print(json.dumps(found, ensure_ascii=False, indent=1) if self._as_json else _printable(words))

    def _note(self, words: str) -> None:
        self._console.print(_printable(words), markup=False, highlight=False, soft_wrap=True)


def _printable(words: str) -> str:
    """Return words without what would steer the terminal: names of servers are other people's."""
    return "".join(each if each.isprintable() or each == "\n" else " " for each in words)


def _plain(found: object) -> Any:
    return msgspec.to_builtins(found)


def _id(server: str) -> int:
    """Return a server's id. Raises UserError for a name: nobody knows those while the bot does not run."""
    if not server.isdigit() or len(server) > 20:
        raise UserError("The bot does not run, so servers are known by their ids alone: easel admin servers.")
    return int(server)


def _agreed() -> bool:
    """Ask on the terminal. Slow."""
    if not sys.stdin.isatty():
        return False
    print("Send it? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _not_sent(name: str) -> str:
    return f"Not sent: {name}"


def _gb(count: int) -> str:
    return f"{count / 1e9:.3f} GB"


def _clock(seconds: float) -> str:
    """Return a time in seconds since 1970 as clocks here show it."""
    return datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%Y-%m-%d %H:%M")


def _status(found: Mapping[str, Any]) -> list[str]:
    device, kept = found["device"], found["kept"]
    waiting = ", ".join(f"{lane} {count}" for lane, count in found["waiting"].items() if count)
    lines = [
        f"Easel {found['version']}, running since {_clock(found['started_at'])}",
        f"discord: {'connected' if found['connected'] else 'NOT connected'}",
        "device: none" if device is None else f"device: {device['name']} ({device['kind']}, {device['dtype']})",
        f"models: {found['models']} installed, in memory: {', '.join(found['resident']) or 'none'}",
        f"queue: {found['running']} being painted, waiting: {waiting or 0}",
        f"engine: launched {found['launches']}×, died {found['deaths']}×",
        f"servers: {found['servers_open']} open, {found['servers_closed']} closed",
        f"disk: {_gb(found['disk_free_bytes'])} of {_gb(found['disk_bytes'])} free",
        f"pictures: {kept['pictures']}, {_gb(kept['bytes'])}; database: {_gb(found['database_bytes'])}",
    ]
    for key, words in (("trouble", "nothing can be painted"), ("check_problem", "the check of pictures cannot run")):
        if found[key]:
            lines.append(f"{words}: {found[key]}")
    if found["draining"] is not None:
        lines.append(f"nothing new is taken on; members are told: {found['draining'] or '(no reason)'}")
    lines.append(f"errors of the last day: {len(found['errors'])}")
    lines += [f"  {seen['reference'] or '-'} {seen['kind']}: {seen['text']}" for seen in found["errors"]]
    return lines


def _server(line: ServerLine) -> str:
    state = "open" if line.open else f"closed ({line.why})" if line.why else "closed"
    left = ", left" if line.left_at is not None else ""
    members = "?" if line.members is None else line.members
    used = f"{line.pictures} pictures, {line.gpu_seconds:.0f} GPU-seconds by {line.asking} members in 30 days"
    return f"{line.id} {line.name or '-'}: {state}{left}; {members} members; {used}; {line.waiting} waiting"


def _kept(found: Mapping[str, Any]) -> list[str]:
    kept, older = found["kept"], found["older"]
    days, most = found["keep_days"], found["keep_gb"]
    lines = [
        f"pictures: {kept['pictures']}, {_gb(kept['bytes'])}, of them {kept['favourites']} favourites",
        f"deleted after: {days} days" if days else "deleted after: never",
        f"deleted beyond: {most:g} GB" if most else "deleted beyond: no limit",
    ]
    if older is not None:
        lines.append(f"kept for {found['days']} days, {older['pictures']} pictures would go: {_gb(older['bytes'])}")
    return lines
