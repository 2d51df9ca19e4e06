"""What is kept about members: their defaults; all of it handed out, all of it deleted."""

import asyncio
import json
import shutil
import tempfile
import zipfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import msgspec

from bot.queue.dispatcher import Dispatcher
from bot.services.adapters import Adapters
from bot.services.blocks import Blocks
from bot.services.checks import Checks, State
from bot.services.sizes import parse_size, pixels_of
from bot.services.spots import Spot, spot_of
from bot.services.styles import Styles
from bot.services.wishes import installed, named_model, usual_model
from bot.texts import Mistake
from inference.protocol.recipe import ContentHash
from storage import ContentFolder, Database, deliveries, disposal, members
from storage.members import Defaults, Export

#: Kept free in each archive for its directory, and in each request for the rest of it.
_ROOM = 256 * 1024

#: One of a member's defaults.
Default = Literal["model", "size", "count", "private"]
_FIELDS: dict[Default, tuple[str, ...]] = {
    "model": ("model",),
    "size": ("width", "height"),
    "count": ("count",),
    "private": ("private",),
}


class People:
    """Members and their data."""

    def __init__(
        self,
        *,
        database: Database,
        pictures: ContentFolder,
        inputs: ContentFolder,
        dispatcher: Dispatcher,
        styles: Styles,
        adapters: Adapters | None = None,
        checks: Checks | None = None,
        blocks: Blocks | None = None,
    ) -> None:
        self._database = database
        self._pictures = pictures
        self._inputs = inputs
        self._dispatcher = dispatcher
        self._styles = styles
        self._adapters = adapters
        self._checks = checks
        self._blocks = blocks
        #: Of everyone who has chosen any.
        self._held: dict[int, Defaults] = {}
        #: Members whose data is being packed.
        self._packing: set[int] = set()

    # Defaults -------------------------------------------------------------------------------------------------------

    async def load(self) -> None:
        """Read everybody's defaults, so that nothing waits for them. Raises StorageError."""
        self._held = await members.all_defaults(self._database)

    def defaults(self, member_id: int) -> Defaults:
        """Return a member's defaults."""
        return self._held.get(member_id, Defaults())

    async def change(
        self,
        member_id: int,
        *,
        model: str | None = None,
        size: str | None = None,
        count: int | None = None,
        private: bool | None = None,
        most_pictures: int,
    ) -> Defaults:
        """Set those defaults that are given, and return them all. A ratio becomes pixels of the usual model.

        Raises Mistake, OutOfRange, StorageError.
        """
        before = self.defaults(member_id)
        changed: dict[str, Any] = {}
        if model is not None:
            changed["model"] = named_model(model, self._dispatcher.models).name
        if size is not None:
            usual = usual_model(changed.get("model", before.model), installed(self._dispatcher.models))
            pixels = pixels_of(parse_size(size), usual.default_width, usual.default_height)
            changed |= {"width": pixels.width, "height": pixels.height}
        if count is not None:
            if count > most_pictures:
                raise Mistake("limit_count", most=most_pictures)
            changed["count"] = count
        if private is not None:
            changed["private"] = private
        if not changed:
            raise Mistake("me_nothing")
        return await self._set(member_id, msgspec.structs.replace(before, **changed))

    async def reset(self, member_id: int, which: Default | None = None) -> Defaults:
        """Forget one of a member's defaults, or all, and return what is left. Raises StorageError."""
        names = _FIELDS[which] if which is not None else sum(_FIELDS.values(), ())
        before = self.defaults(member_id)
        return await self._set(member_id, msgspec.structs.replace(before, **dict.fromkeys(names)))

    async def _set(self, member_id: int, chosen: Defaults) -> Defaults:
        # Replacing a struct's fields does not check them; making it anew does.
        chosen = Defaults(**msgspec.structs.asdict(chosen))
        async with self._database.transaction() as write:
            await members.set_defaults(write, member_id, chosen)
        self._held[member_id] = chosen
        return chosen

    # Everything -----------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def packed(self, member_id: int, most_bytes: int) -> AsyncIterator[list[Path]]:
        """Pack everything that is kept about a member into zip files that are there for the length of the block.

        Raises Mistake while that is being done already, StorageError, OSError.
        """
        if member_id in self._packing:
            raise Mistake("me_export_running")
        self._packing.add(member_id)
        folder: str | None = None
        try:
            export = await members.export(self._database, self._pictures, member_id)
            if self._checks is not None:
                export = self._allowed(export, await self._checks.exported(member_id))
            folder = await asyncio.to_thread(tempfile.mkdtemp, prefix="easel-export-")
            brought = [] if self._adapters is None else list(self._adapters.files_of(member_id))
            yield await asyncio.to_thread(write_archive, export, Path(folder), most_bytes, brought)
        finally:
            self._packing.discard(member_id)
            if folder is not None:
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    def _allowed(self, export: Export, states: Mapping[ContentHash, State] | None) -> Export:
        """Return an export without the pictures that may not be sent, which its data names."""
        if states is None:
            return export
        known = {self._pictures.path(name): state for name, state in states.items()}
        kept_back = {path: known.get(path, "withheld") for path in export.pictures}
        kept_back = {path: state for path, state in kept_back.items() if state not in ("clear", "blurred")}
        data = {**export.data, "pictures_kept_back": {_name(path): state for path, state in kept_back.items()}}
        return Export(data, [path for path in export.pictures if path not in kept_back])

    async def forget(self, member_id: int) -> list[Spot]:
        """Delete everything that is kept about a member, and stop what runs for them. Raises StorageError.

        Returns the messages of what had not ended, which will say nothing more.
        """
        spots = []
        for job in [job for job in self._dispatcher.jobs() if job.member_id == member_id]:
            spots.append(spot_of(await deliveries.get(self._database, job.id)))
            self._dispatcher.forget(job.id)
            await self._dispatcher.cancel(job.id)
        async with self._database.transaction() as write:
            await members.delete(write, member_id)
        self._held.pop(member_id, None)
        self._styles.forget(member_id)
        if self._adapters is not None:
            await self._adapters.forget(member_id)
        if self._blocks is not None:
            self._blocks.forget_member(member_id)
        await disposal.sweep(self._database, self._pictures, self._inputs)
        return [spot for spot in spots if spot is not None]


def write_archive(
    export: Export, folder: Path, most_bytes: int, brought: Sequence[tuple[str, Path]] = ()
) -> list[Path]:
    """Write an export into zip files of at most `most_bytes` each: the data, the pictures, then other files. Slow.

    `brought` are the adapters and their previews, by their names in the archive. What is larger by itself is left out
    and named in the data; what is deleted meanwhile is left out. Raises OSError.
    """
    data = dict(export.data)
    files = [*((_name(path), path) for path in export.pictures), *brought]
    for kind, some in (("pictures", files[: len(export.pictures)]), ("adapters", brought)):
        data[f"{kind}_left_out"] = [name for name, path in some if _size(path) > most_bytes - _ROOM]
    archives = [folder / "easel-1.zip"]
    with zipfile.ZipFile(archives[0], "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", json.dumps(data, indent=1, ensure_ascii=False))
    for name, path in files:
        size = _size(path)
        if not 0 < size <= most_bytes - _ROOM:
            continue
        if archives[-1].stat().st_size + size > most_bytes - _ROOM:
            archives.append(folder / f"easel-{len(archives) + 1}.zip")
        with zipfile.ZipFile(archives[-1], "a", zipfile.ZIP_STORED) as archive, suppress(FileNotFoundError):
            archive.write(path, name)
    return archives


def _name(path: Path) -> str:
    """Return a picture's name in the archive: the folder and the name together are the content's hash."""
    return f"pictures/{path.parent.name}{path.name}"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
