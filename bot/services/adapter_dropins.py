"""The folder where the operator drops LoRAs and embeddings: each is looked at, and kept for everybody.

What is taken in is gone from the folder. What is refused is moved to `refused` inside, with a text beside it that says
why. A file `ink.json` beside `ink.safetensors` may say `name`, `triggers`, `weight` and `description`.
A file `ANYTHING.remove` names one of the operator's that is to be removed.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from bot.errors import UserError
from bot.services.adapter_shelves import Seen
from bot.services.adapters import Adapters
from inference.protocol.adapters import Report
from inference.protocol.limits import OutOfRange
from storage import StorageError

log = logging.getLogger("easel.adapters")

#: Looks at a file and writes what may be kept of it; raises UserError for what is refused.
Inspect = Callable[[Path, Path], Awaitable[Report]]

#: A file that has not changed for two looks is whole.
LOOK_SECONDS = 2.0
REFUSED = "refused"
REMOVE = ".remove"
_ENDINGS = {".safetensors", ".pt", ".bin", ".ckpt", ".pth", REMOVE}
_MOST_NOTE_BYTES = 64 * 1024
#: Names that a folder of refused files may have for one file.
_MOST_SAME = 1000


class Note(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the operator says of a file, beside it."""

    name: str | None = None
    triggers: tuple[str, ...] | None = None
    weight: float = 1.0
    description: str = ""


_notes = msgspec.json.Decoder(Note)

#: Size in bytes, and when it was changed last.
_Mark = tuple[int, int]


class DropIns:
    """The folder, looked at now and then."""

    def __init__(self, *, folder: Path, adapters: Adapters, inspect: Inspect) -> None:
        self._folder = folder
        self._adapters = adapters
        self._inspect = inspect
        self._before: dict[Path, _Mark] = {}

    async def run(self, seconds: float = LOOK_SECONDS) -> None:
        """Look again and again."""
        while True:
            try:
                await self.look()
            except (StorageError, OSError) as error:
                log.error("%s: %s", self._folder, error)
            except Exception:
                log.exception("%s could not be looked at", self._folder)
            await asyncio.sleep(seconds)

    async def look(self) -> list[Seen]:
        """Take in what is there and has not changed since the last look, and return it.

        Raises StorageError, OSError.
        """
        now = await asyncio.to_thread(_found, self._folder)
        whole = [path for path, mark in now.items() if self._before.get(path) == mark]
        self._before = now
        taken = []
        for path in whole:
            self._before.pop(path, None)
            if path.suffix == REMOVE:
                await self._remove(path)
            elif (seen := await self._take(path)) is not None:
                taken.append(seen)
        return taken

    async def _remove(self, path: Path) -> None:
        try:
            gone = await self._adapters.remove_own((await asyncio.to_thread(_text_of, path)).strip())
            log.info("%s is removed", gone.name)
        except UserError as error:
            log.warning("%s: %s", path, str(error))
        await asyncio.to_thread(_clear, path)

    async def _take(self, path: Path) -> Seen | None:
        try:
            seen = await taken_in(self._adapters, self._inspect, path, await asyncio.to_thread(_note_of, path))
        except (UserError, OutOfRange) as error:
            log.warning("%s is refused: %s", path, str(error))
            await asyncio.to_thread(_refuse, path, str(error))
            return None
        await asyncio.to_thread(_clear, path)
        log.info("%s is kept as %s", path.name, seen.name)
        return seen


async def taken_in(adapters: Adapters, inspect: Inspect, path: Path, note: Note | None = None) -> Seen:
    """Keep a file of the operator's, which stays where it is. Raises UserError, OutOfRange, StorageError."""
    note = note or Note()
    async with adapters.staged() as folder:
        target = folder / "inspected.safetensors"
        report = await inspect(path, target)
        return await adapters.add_own(
            report,
            target,
            name=note.name,
            file_name=path.name,
            triggers=note.triggers,
            weight=note.weight,
            description=note.description,
        )


def note_beside(path: Path) -> Path:
    """Return where a file's note is."""
    return path.with_suffix(".json")


# In a thread ----------------------------------------------------------------------------------------------------


def _found(folder: Path) -> dict[Path, _Mark]:
    """Return the files that may be adapters; links, folders and what is hidden are none."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.suffix.lower() not in _ENDINGS or path.is_symlink() or not path.is_file():
            continue
        about = path.stat()
        found[path] = (about.st_size, about.st_mtime_ns)
    return found


def _note_of(path: Path) -> Note:
    """Return what is said of a file. Raises UserError for a note that cannot be read."""
    beside = note_beside(path)
    if not beside.is_file():
        return Note()
    try:
        with beside.open("rb") as file:
            return _notes.decode(file.read(_MOST_NOTE_BYTES))
    except (OSError, msgspec.DecodeError) as error:
        raise UserError(
            f"{beside.name} cannot be read: {error}. It may say name, triggers (a list), weight and description."
        ) from error


def _text_of(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_MOST_NOTE_BYTES).decode("utf-8", "replace")


def _refuse(path: Path, why: str) -> None:
    """Move a file, and its note, to the folder of those refused, and write down why."""
    folder = path.parent / REFUSED
    folder.mkdir(exist_ok=True)
    target = _free(folder, path.name)
    path.replace(target)
    if note_beside(path).is_file():
        note_beside(path).replace(target.with_name(f"{target.name}.json"))
    target.with_name(f"{target.name}.txt").write_text(f"{why}\n", encoding="utf-8")


def _free(folder: Path, name: str) -> Path:
    path = Path(name)
    for number in range(1, _MOST_SAME):
        tried = folder / (name if number == 1 else f"{path.stem}-{number}{path.suffix}")
        if not tried.exists():
            return tried
    return folder / name


def _clear(path: Path) -> None:
    path.unlink(missing_ok=True)
    note_beside(path).unlink(missing_ok=True)
