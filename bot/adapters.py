"""`easel adapters`: the LoRAs and embeddings that belong to whoever runs the bot, and that everybody may use.

While the bot runs, it keeps its database for itself: what is to be added or removed is then left in its folder.
"""

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import msgspec
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from bot.errors import UserError
from bot.saving import prepare_folder
from bot.services.adapter_dropins import REMOVE, Inspect, Note, note_beside, taken_in
from bot.services.adapter_shelves import Seen
from bot.services.adapter_values import (
    MIB,
    checked_description,
    checked_name,
    checked_weight,
    triggers_of,
    usable_name,
)
from bot.services.adapters import Adapters
from bot.services.guilds import Guilds
from bot.services.inspecting import inspect
from bot.services.links import Links, Tokens
from bot.services.names import unknown
from bot.services.operators import operators_adapters
from bot.settings import Settings
from storage import ContentFolder, Database, FlatFolder, LockedDatabase
from storage.styles import folded

#: Exit codes: done, and something could not be.
DONE, REFUSED = 0, 2


@dataclass(frozen=True, kw_only=True)
class Adding:
    """What is to be added."""

    files: Sequence[Path] = ()
    links: Sequence[str] = ()
    #: Only with one file or link; None for the name that it proposes.
    name: str | None = None
    #: With commas between; None for those that the file names.
    triggers: str | None = None
    weight: float = 1.0
    description: str = ""

    def __post_init__(self) -> None:
        """Raise UserError for what makes no sense, and for a file that is not there."""
        if self.name is not None and len(self.files) + len(self.links) > 1:
            raise UserError("Give --name with one file.")
        for path in self.files:
            if not path.is_file():
                raise UserError(f"There is no file {path}.")
        _ = self.note

    @property
    def note(self) -> Note:
        """Return what is said of every file. Raises UserError for what cannot be."""
        return Note(
            name=None if self.name is None else checked_name(self.name),
            triggers=None if self.triggers is None else triggers_of(self.triggers),
            weight=checked_weight(self.weight),
            description=checked_description(self.description),
        )


async def add(
    adding: Adding, settings: Settings, console: Console, look: Inspect = inspect, *, links: Links | None = None
) -> int:
    """Add files to the operator's adapters, and say what became of each. Raises UserError, StorageError."""
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="easel-links-"))
    try:
        fetched = await _fetched(adding.links, folder, settings, console, links or _links(settings))
        files = [*adding.files, *fetched]
        code = await _added(files, adding.note, settings, console, look) if files else DONE
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    return code if len(fetched) == len(adding.links) else REFUSED


async def _added(files: Sequence[Path], note: Note, settings: Settings, console: Console, look: Inspect) -> int:
    code = DONE
    try:
        async with _open(settings) as adapters:
            for path in files:
                try:
                    with console.status(f"Looking at {path.name} …"):
                        seen = await taken_in(adapters, look, path, note)
                except UserError as error:
                    console.print(f"{path}: {error.message}", markup=False, highlight=False, soft_wrap=True)
                    code = REFUSED
                else:
                    print(_line(seen))
    except LockedDatabase:
        for path in files:
            await asyncio.to_thread(_leave, path, note, settings.incoming)
            print(f"{path.name}: the bot is running and takes it in within a few seconds (easel adapters list).")
    return code


async def _fetched(
    addresses: Sequence[str], folder: Path, settings: Settings, console: Console, links: Links
) -> list[Path]:
    """Return the files of links, in a folder for each, under their sources' names; say which cannot be fetched."""
    files = []
    for number, address in enumerate(addresses):
        place = folder / str(number)
        with Progress(TextColumn("Fetching"), BarColumn(), DownloadColumn(), console=console, transient=True) as bar:
            task = bar.add_task("", total=None)
            try:
                found = await links.fetch(
                    address,
                    place,
                    limit_bytes=settings.adapter_limits.file_bytes,
                    on_progress=lambda done, total: bar.update(task, completed=done, total=total or None),  # noqa: B023
                )
            except UserError as error:
                bar.stop()
                console.print(error.message, markup=False, highlight=False, soft_wrap=True)
                continue
        name = Path(found.name)
        target = place / f"{usable_name(name.stem)}{name.suffix}"
        files.append(await asyncio.to_thread(found.path.rename, target))
    return files


def _links(settings: Settings) -> Links:
    tokens = Tokens(
        hugging_face=settings.hugging_face_token.get_secret_value(), civitai=settings.civitai_token.get_secret_value()
    )
    return Links(hosts=settings.link_hosts, tokens=tokens)


async def list_all(settings: Settings, as_json: bool = False) -> int:
    """Print the operator's adapters by name. Raises StorageError."""
    found = await operators_adapters(settings.database, settings.adapters)
    rows = [found[key] for key in sorted(found)]
    if as_json:
        print(json.dumps([msgspec.to_builtins(one) for one in rows], indent=1))
    elif not rows:
        print("There are none yet. easel adapters add FILE adds one, and so does a file in", settings.incoming)
    for one in () if as_json else rows:
        print(_line(one))
    return DONE


async def remove(name: str, settings: Settings) -> int:
    """Remove one of the operator's adapters, and its file. Raises UserError where there is none, StorageError."""
    try:
        async with _open(settings) as adapters:
            gone = await adapters.remove_own(name)
        print(f"{gone.name} is removed.")
    except LockedDatabase:
        found = await operators_adapters(settings.database, settings.adapters)
        if folded(name) not in found:
            raise unknown("adapter", name, [one.name for one in found.values()]) from None
        await asyncio.to_thread(_written, settings.incoming / f"{uuid4().hex}{REMOVE}", name.encode())
        print(f"{name}: the bot is running and removes it within a few seconds.")
    return DONE


@asynccontextmanager
async def _open(settings: Settings) -> AsyncIterator[Adapters]:
    """Open what the bot would. Raises LockedDatabase while it runs, StorageError."""
    async with await Database.open(settings.database) as database:
        guilds = Guilds(database=database)
        await guilds.load()
        adapters = Adapters(
            database=database,
            files=FlatFolder(settings.adapters, ".safetensors"),
            previews=ContentFolder(settings.previews, ".png"),
            guilds=guilds,
            limits=settings.adapter_limits,
        )
        await adapters.load()
        yield adapters


def _leave(path: Path, note: Note, folder: Path) -> None:
    """Put a copy of a file, and what is said of it, where the running bot finds them."""
    prepare_folder(folder)
    stem = usable_name(path.stem)
    target = folder / f"{stem}{path.suffix.lower()}"
    if target.exists():
        target = folder / f"{stem}-{uuid4().hex[:8]}{path.suffix.lower()}"
    if note != Note():
        _written(note_beside(target), msgspec.json.encode(note))
    part = folder / f".{uuid4().hex}.tmp"
    try:
        shutil.copyfile(path, part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _written(path: Path, content: bytes) -> None:
    prepare_folder(path.parent)
    part = path.with_name(f".{uuid4().hex}.tmp")
    part.write_bytes(content)
    part.replace(path)


def _line(one: Seen) -> str:
    size = f"{one.bytes / MIB:.1f} MiB"
    words = f"  triggers: {', '.join(one.triggers)}" if one.triggers else ""
    return f"{one.name:<30} {one.form:<9} {one.family:<6} {size:>11}  weight {one.weight:g}{words}"
