"""What is kept of adapters on disk: their files, rows and previews, and what is left of them in memory.

Whatever changes is written down first; memory follows. `AdapterShelves` reads that memory.
"""

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from bot.services.adapter_shelves import AdapterShelves, Seen, Visibility
from bot.services.adapter_values import AdapterLimits
from bot.services.guilds import Guilds
from bot.texts import Mistake
from inference.protocol.adapters import Report
from inference.protocol.limits import MAX_IMAGE_BYTES
from inference.protocol.recipe import ContentHash
from storage import ContentFolder, Database, FlatFolder, StorageError, adapters, disposal
from storage.adapters import FormerAdapter, OwnedAlready, StoredAdapter, new_adapter
from storage.database import uninterrupted
from storage.styles import NameTaken

log = logging.getLogger("easel.adapters")

#: How the files end that are kept.
SUFFIX = ".safetensors"
_STAGING = "staging"
#: Members' files that are fetched and looked at, at a time.
_AT_ONCE = 3


class AdapterKeeping(AdapterShelves):
    """All adapters, in memory, and written down wherever they change."""

    def __init__(
        self,
        *,
        database: Database,
        files: FlatFolder,
        previews: ContentFolder,
        guilds: Guilds,
        limits: AdapterLimits | None = None,
    ) -> None:
        super().__init__(guilds=guilds, limits=limits or AdapterLimits())
        self._database = database
        self._files = files
        self._previews = previews
        self._staging = files.root / _STAGING
        self._changing = asyncio.Lock()
        #: Members who are bringing something just now.
        self._bringing: set[int] = set()
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def load(self) -> None:
        """Read everything, so that nothing waits for it, and clear away what was half brought. Raises StorageError."""
        await asyncio.to_thread(shutil.rmtree, self._staging, ignore_errors=True)
        self._clear()
        for stored in await adapters.all(self._database):
            self._hold(stored)
        for gone in await adapters.former(self._database):
            self._former.setdefault(gone.hash, []).append(gone)
        self._bans = {(one.guild_id, one.member_id) for one in await adapters.bans(self._database)}
        self._taken_away = set(await adapters.removals(self._database))
        self._missing = await asyncio.to_thread(self._find_missing, dict.fromkeys(self._by_hash))
        for name in self._missing:
            log.warning("the file of the adapter %s is gone; bringing the same file again mends it", name)

    def path(self, one: Seen) -> Path:
        """Return where an adapter's file is."""
        return self._files.path(one.hash)

    @asynccontextmanager
    async def arriving(self, member_id: int) -> AsyncIterator[Path]:
        """Give an empty folder, as `staged` does, for what a member brings: one at a time, and few in all.

        Raises Mistake while something else of theirs is on its way; StorageError.
        """
        if member_id in self._bringing:
            raise Mistake("adapters_busy")
        self._bringing.add(member_id)
        try:
            async with self._places, self.staged() as folder:
                yield folder
        finally:
            self._bringing.discard(member_id)

    @asynccontextmanager
    async def staged(self) -> AsyncIterator[Path]:
        """Give an empty folder on the disk of the adapters, for the length of the block."""
        folder = self._staging / uuid4().hex
        try:
            await asyncio.to_thread(folder.mkdir, parents=True)
        except OSError as error:
            raise StorageError(f"{folder} cannot be made ({error.strerror}).") from error
        try:
            yield folder
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    # Previews -------------------------------------------------------------------------------------------------------

    async def set_preview(self, adapter_id: int, png: bytes) -> Seen:
        """Keep a picture that shows what an adapter does. Raises Mistake where it is gone; StorageError."""
        if len(png) > MAX_IMAGE_BYTES:
            raise ValueError("a preview is no picture of this size")
        async with self._changing:
            before = self.get(adapter_id)
            if before is None:
                raise Mistake("gone")
            async with self._previews.keep(png) as (name,):
                changed = await self._change(before, preview=name)
        await self._sweep_soon()
        return changed

    async def preview(self, one: Seen) -> bytes | None:
        """Return the PNG that shows what an adapter does, or None. Raises StorageError."""
        return None if one.preview is None else await self._previews.read(one.preview)

    # Everything -----------------------------------------------------------------------------------------------------

    def files_of(self, member_id: int) -> Iterator[tuple[str, Path]]:
        """Return the files that somebody brought and their previews, with names for an archive."""
        for one in self.owned(member_id):
            yield f"adapters/{one.hash}{SUFFIX}", self.path(one)
            if one.preview is not None:
                yield f"adapters/{one.hash}.png", self._previews.path(one.preview)

    async def forget(self, member_id: int) -> None:
        """Know nothing more of a member of whom everything was deleted."""
        for one in self.owned(member_id):
            self._drop(one)
        self._owned.pop(member_id, None)
        for name, left in list(self._former.items()):
            self._former[name] = [one for one in left if one.owner_id != member_id]
        await self._sweep_soon()

    def forget_guild(self, guild_id: int) -> None:
        """Know nothing more of a server of which everything was deleted; what was shared there is its owners' alone."""
        alone: dict[str, Any] = {"visibility": "private", "state": "approved"}
        for one in [one for one in self._rows.values() if one.guild_id == guild_id]:
            changes = {} if one.visibility == "public" else alone
            self._hold(msgspec.structs.replace(one, guild_id=None, **changes))
        for name, left in self._former.items():
            self._former[name] = [_hidden(one) if one.guild_id == guild_id else one for one in left]
        self._bans = {ban for ban in self._bans if ban[0] != guild_id}
        self._taken_away = {away for away in self._taken_away if away[0] != guild_id}

    async def sweep(self) -> None:
        """Delete files and previews that nobody has any more. Raises StorageError."""
        await disposal.sweep_adapters(self._database, self._files, self._previews)

    # Inside ---------------------------------------------------------------------------------------------------------

    async def _sweep_soon(self) -> None:
        """Sweep, or leave it to the next time: what was asked for is done already."""
        try:
            await self.sweep()
        except StorageError as error:
            log.warning("files of adapters are left for the next sweep: %s", error)

    async def _keep(self, report: Report, path: Path, owner_id: int, title: str, fields: dict[str, Any]) -> Seen:
        """Move a file in and write its row. Nothing of it is left where that fails."""
        name: ContentHash | None = None
        try:
            async with self._files.take(path) as name:
                new = new_adapter(report, name, owner_id, title, **fields)
                if new.guild_id is not None and (new.guild_id, name) in self._taken_away:
                    raise Mistake("adapters_taken_away", name=title)
                async with self._database.transaction() as write:
                    stored = await adapters.add(write, new)
        except BaseException as error:
            if name is not None:
                await self._let_go(name)
                if isinstance(error, OwnedAlready):
                    return self._owned_already(owner_id, name)
            if isinstance(error, NameTaken):
                raise _taken(title, fields["visibility"]) from error
            raise
        self._missing.discard(stored.hash)
        self._former[stored.hash] = [one for one in self._former.get(stored.hash, []) if one.owner_id != owner_id]
        log.info("adapter %s (%s, %s) brought by %d", stored.hash[:12], stored.form, stored.family, owner_id)
        return self._hold(stored)

    async def _let_go(self, name: ContentHash) -> None:
        """Delete a file that was moved in, where no row needs it."""
        async with self._database.transaction() as write:
            await disposal.doom(write, "adapters", [name])
        await self._sweep_soon()

    def _owned_already(self, owner_id: int, name: ContentHash) -> Seen:
        """Return somebody's adapter whose file was gone and is there again. Raises Mistake where it was there."""
        known = next(one for one in self.owned(owner_id) if one.hash == name)
        if name not in self._missing:
            raise Mistake("adapters_owned", name=known.name)
        self._missing.discard(name)
        return known

    async def _change(self, before: StoredAdapter, **changes: Any) -> Seen:
        # Replacing a struct's fields does not check them; making it anew does.
        after = StoredAdapter(**{**msgspec.structs.asdict(before), **changes})
        return await uninterrupted(self._write(after))

    async def _write(self, after: StoredAdapter) -> Seen:
        try:
            async with self._database.transaction() as write:
                if not await adapters.change(write, after):
                    raise Mistake("gone")
        except NameTaken as error:
            raise _taken(after.name, after.visibility) from error
        return self._hold(after)

    async def _remove(self, found: StoredAdapter) -> None:
        await uninterrupted(self._delete(found))
        await self._sweep_soon()

    async def _delete(self, found: StoredAdapter) -> None:
        async with self._database.transaction() as write:
            await adapters.remove(write, found.id)
            former = await adapters.former(write)
        self._drop(found)
        self._former[found.hash] = [one for one in former if one.hash == found.hash]

    def _find_missing(self, names: Iterable[ContentHash]) -> set[ContentHash]:
        return {name for name in names if not self._files.path(name).is_file()}


def _taken(name: str, visibility: Visibility) -> Mistake:
    return Mistake("adapters_taken" if visibility == "private" else "adapters_taken_there", name=name)


def _hidden(one: FormerAdapter) -> FormerAdapter:
    """Return what is left of an adapter of a server that is forgotten."""
    visibility: Visibility = "private" if one.visibility == "server" else one.visibility
    return msgspec.structs.replace(one, guild_id=None, visibility=visibility)
