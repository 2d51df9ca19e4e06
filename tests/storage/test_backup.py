"""Backups: whole while others write and delete, and restored only as they were."""

import asyncio
import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import msgspec
import pytest

from inference.protocol.recipe import ContentHash
from storage import (
    ContentFolder,
    Database,
    DiskFull,
    FlatFolder,
    Repairs,
    StorageError,
    adapters,
    content_hash,
    disposal,
    images,
    jobs,
    notes,
    repair,
    repair_adapters,
)
from storage.backup import DATABASE, MANIFEST, SELECTS, NoBackup, Progress, Sources, archives, make, prune
from storage.database import RESTORING
from storage.deliveries import NewDelivery
from storage.restoring import BadBackup, NotEmpty, inspect, restore
from tests.storage.samples import CHANNEL, START, from_picture, new_job, paint
from tests.storage.test_adapters import new

LISTS = {"estimates.json": b"{}", "wildcards/animals/cats.txt": b"tabby\n"}


def sources_in(folder: Path, extras: Mapping[str, bytes] = LISTS) -> Sources:
    return Sources(
        folders={
            "pictures": ContentFolder(folder / "pictures", ".png"),
            "inputs": ContentFolder(folder / "inputs"),
            "adapters": FlatFolder(folder / "adapters", ".safetensors"),
            "adapter-previews": ContentFolder(folder / "adapter-previews", ".png"),
        },
        extras=extras,
    )


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    return sources_in(tmp_path)


@pytest.fixture
async def full(database: Database, sources: Sources, tmp_path: Path) -> Database:
    """A database with a file of every kind."""
    await paint(database, sources.folders["pictures"], b"one")
    await paint(database, sources.folders["pictures"], b"two")
    source = content_hash(b"source")
    async with sources.folders["inputs"].keep(b"source"), database.transaction() as write:
        await jobs.add(write, new_job(recipe=from_picture(source)), NewDelivery(channel_id=CHANNEL))
    lora = tmp_path / "lora"
    await asyncio.to_thread(lora.write_bytes, b"content")
    async with (
        sources.folders["adapters"].take(lora) as name,
        sources.folders["adapter-previews"].keep(b"shown") as (preview,),
        database.transaction() as write,
    ):
        added = await adapters.add(write, new("Ink", b"content"))
        await adapters.change(write, msgspec.structs.replace(added, preview=preview))
        await notes.put(write, "draining", "back soon")
    assert name == content_hash(b"content")
    return database


async def backed_up(database: Database, sources: Sources, folder: Path) -> Path:
    made = await make(database, sources, folder, "1.0")
    assert (made.missing, made.damaged) == (0, 0)
    return made.path


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder but the database."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(DATABASE)
    }


async def test_what_is_restored_is_what_was_there(full: Database, sources: Sources, tmp_path: Path) -> None:
    archive = await backed_up(full, sources, tmp_path / "backups")
    assert archive.name == "easel-20260101-000000.tar"
    restored = await asyncio.to_thread(restore, archive, tmp_path / "new")
    assert (restored.manifest.easel, restored.manifest.created_at) == ("1.0", START)
    found = await asyncio.to_thread(contents, tmp_path / "new")
    assert sorted(found.values()) == sorted([b"one", b"two", b"source", b"content", b"shown", *LISTS.values()])
    assert found["wildcards/animals/cats.txt"] == b"tabby\n"
    again = sources_in(tmp_path / "new")
    async with await Database.open(tmp_path / "new" / DATABASE) as database:
        folders = again.folders
        assert await repair(database, folders["pictures"], folders["inputs"]) == Repairs()
        assert await repair_adapters(database, folders["adapters"], folders["adapter-previews"]) == Repairs()
        assert await notes.get(database, "draining") == "back soon"
        for table in ("jobs", "units", "deliveries", "inputs", "images", "adapters"):
            query = f"SELECT * FROM {table}"
            assert list(map(tuple, await database.fetch_all(query))) == list(map(tuple, await full.fetch_all(query)))


class Slow(ContentFolder):
    """A folder whose files are found only once that is allowed."""

    def __init__(self, root: Path, suffix: str) -> None:
        super().__init__(root, suffix)
        self.asked, self.allowed = threading.Event(), threading.Event()

    def path(self, name: ContentHash) -> Path:
        if threading.current_thread() is not threading.main_thread() and not self.asked.is_set():
            self.asked.set()
            self.allowed.wait(60)
        return super().path(name)


async def test_what_is_deleted_meanwhile_is_in_it(full: Database, sources: Sources, tmp_path: Path) -> None:
    slow = Slow(tmp_path / "pictures", ".png")
    held = Sources(folders={**sources.folders, "pictures": slow}, extras={})
    making = asyncio.create_task(make(full, held, tmp_path / "backups", "1.0"))
    await asyncio.to_thread(slow.asked.wait, 60)
    rows = await full.fetch_all("SELECT id FROM images")
    async with full.transaction() as write:
        assert await images.delete(write, [row["id"] for row in rows]) == 2
    assert await disposal.sweep(full, slow, held.folders["inputs"]) == 0
    new_id = await paint(full, sources.folders["pictures"], b"three")
    slow.allowed.set()
    made = await making
    assert made.missing == 0
    # Afterwards they are deleted as ever.
    assert await disposal.sweep(full, slow, held.folders["inputs"]) == 2
    await asyncio.to_thread(restore, made.path, tmp_path / "new")
    found = await asyncio.to_thread(contents, tmp_path / "new")
    assert {b"one", b"two"} <= set(found.values()) and b"three" not in found.values()
    async with await Database.open(tmp_path / "new" / DATABASE) as database:
        assert await images.get(database, new_id) is None
        assert await repair(database, ContentFolder(tmp_path / "new" / "pictures", ".png"), held.folders["inputs"]) == (
            Repairs()
        )


async def test_what_is_cancelled_leaves_nothing(full: Database, sources: Sources, tmp_path: Path) -> None:
    slow = Slow(tmp_path / "pictures", ".png")
    held = Sources(folders={**sources.folders, "pictures": slow}, extras={})
    making = asyncio.create_task(make(full, held, tmp_path / "backups", "1.0"))
    await asyncio.to_thread(slow.asked.wait, 60)
    making.cancel()
    asyncio.get_running_loop().call_soon(slow.allowed.set)
    with pytest.raises(asyncio.CancelledError):
        await making
    assert await asyncio.to_thread(lambda: list((tmp_path / "backups").iterdir())) == []
    assert not await asyncio.to_thread(archives, tmp_path / "backups")


async def test_a_stopped_one_leaves_nothing(full: Database, sources: Sources, tmp_path: Path) -> None:
    progress = Progress()
    progress.stopped.set()
    with pytest.raises(NoBackup):
        await make(full, sources, tmp_path / "backups", "1.0", progress)
    assert await asyncio.to_thread(lambda: list((tmp_path / "backups").iterdir())) == []


async def test_missing_and_damaged_files_are_told_and_harm_nothing(
    full: Database, sources: Sources, tmp_path: Path
) -> None:
    pictures = sources.folders["pictures"]
    one, two = pictures.path(content_hash(b"one")), pictures.path(content_hash(b"two"))
    await asyncio.to_thread(one.unlink)
    await asyncio.to_thread(two.write_bytes, b"TWO")
    made = await make(full, sources, tmp_path / "backups", "1.0")
    assert (made.missing, made.damaged) == (1, 1)
    await asyncio.to_thread(restore, made.path, tmp_path / "new")
    again = sources_in(tmp_path / "new")
    async with await Database.open(tmp_path / "new" / DATABASE) as database:
        mended = await repair(database, again.folders["pictures"], again.folders["inputs"])
    assert mended == Repairs(missing_pictures=2)


async def test_a_full_disk_is_told_before(
    full: Database, sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = await backed_up(full, sources, tmp_path / "backups")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(DiskFull, match=r"needs 0\.1 GB in .* and 0\.0 GB are free there"):
        await make(full, sources, tmp_path / "other", "1.0")
    assert await asyncio.to_thread(lambda: list((tmp_path / "other").iterdir())) == []
    with pytest.raises(DiskFull):
        await asyncio.to_thread(restore, archive, tmp_path / "new")
    assert not await asyncio.to_thread((tmp_path / "new").exists)


async def test_the_newest_are_kept(full: Database, sources: Sources, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    made = [await backed_up(full, sources, folder) for _ in range(3)]
    await asyncio.to_thread((folder / "easel-notes.tar").write_bytes, b"mine")
    assert [path.name for path in made] == [f"easel-20260101-000000{end}.tar" for end in ("", "-2", "-3")]
    assert len(await asyncio.to_thread(prune, folder, 0)) == 2
    assert len(await asyncio.to_thread(archives, folder)) == 1
    assert await asyncio.to_thread((folder / "easel-notes.tar").exists)


async def test_what_was_killed_is_cleared_away(full: Database, sources: Sources, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    await asyncio.to_thread(folder.mkdir)
    for name, age in (
        ("easel-20250101-000000.tar.part", 2),
        (f".{'a' * 32}.sqlite3.part", 2),
        ("easel-20250102-000000.tar.part", 0),
        ("mine.part", 2),
    ):
        await asyncio.to_thread((folder / name).touch)
        then = time.time() - age * 86_400
        await asyncio.to_thread(os.utime, folder / name, (then, then))
    archive = await backed_up(full, sources, folder)
    left = await asyncio.to_thread(lambda: sorted(path.name for path in folder.iterdir()))
    assert left == ["easel-20250102-000000.tar.part", archive.name, "mine.part"]


async def test_it_is_for_this_account_alone(full: Database, sources: Sources, tmp_path: Path) -> None:
    archive = await backed_up(full, sources, tmp_path / "backups")
    assert (await asyncio.to_thread(archive.stat)).st_mode & 0o077 == 0


# What is refused


async def test_only_an_empty_folder_is_restored_into(full: Database, sources: Sources, tmp_path: Path) -> None:
    archive = await backed_up(full, sources, tmp_path / "backups")
    target = tmp_path / "new"
    await asyncio.to_thread((target / "models").mkdir, parents=True)
    await asyncio.to_thread((target / "mine").write_text, "x")
    with pytest.raises(NotEmpty, match="it holds 'mine', 'models'"):
        await asyncio.to_thread(restore, archive, target)
    await asyncio.to_thread((target / "mine").unlink)
    await asyncio.to_thread(restore, archive, target, ["models"])
    with pytest.raises(NotEmpty):
        await asyncio.to_thread(restore, archive, target, ["models"])


async def test_what_was_cut_off_does_not_look_whole(
    full: Database, sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, target = await backed_up(full, sources, tmp_path / "backups"), tmp_path / "new"
    replace = Path.replace

    def killed(self: Path, other: Path) -> Path:
        if self.name == DATABASE:
            raise KeyboardInterrupt
        return replace(self, other)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            await asyncio.to_thread(restore, archive, target)
    assert await asyncio.to_thread((target / RESTORING).exists)
    assert not await asyncio.to_thread((target / DATABASE).exists)
    with pytest.raises(StorageError, match="cut off"):
        await Database.open(target / DATABASE)
    with pytest.raises(NotEmpty, match="was cut off"):
        await asyncio.to_thread(restore, archive, target)


async def test_one_that_was_killed_while_unpacking_is_begun_again(
    full: Database, sources: Sources, tmp_path: Path
) -> None:
    archive, target = await backed_up(full, sources, tmp_path / "backups"), tmp_path / "new"
    await asyncio.to_thread((target / RESTORING / "pictures").mkdir, parents=True)
    with pytest.raises(StorageError, match="cut off"):
        await Database.open(target / DATABASE)
    await asyncio.to_thread(restore, archive, target)
    assert not await asyncio.to_thread((target / RESTORING).exists)


Change = Callable[[dict[str, bytes]], None]


def _less(members: dict[str, bytes]) -> None:
    del members["estimates.json"]


def _other(members: dict[str, bytes]) -> None:
    name = next(name for name in members if name.startswith("pictures/"))
    members[name] = members[name].upper()


def _longer(members: dict[str, bytes]) -> None:
    members["estimates.json"] += b" "


def _more(members: dict[str, bytes]) -> None:
    manifest = members.pop(MANIFEST)
    members["pictures/00/" + "0" * 62 + ".png"] = b"more"
    members[MANIFEST] = manifest


def _outside(members: dict[str, bytes]) -> None:
    _hide(members, "../outside.txt")


def _absolute(members: dict[str, bytes]) -> None:
    _hide(members, "/tmp/outside.txt")


def _sly(members: dict[str, bytes]) -> None:
    _hide(members, "wildcards/../../outside.txt")


def _control(members: dict[str, bytes]) -> None:
    _hide(members, "control.json")


def _hide(members: dict[str, bytes], name: str) -> None:
    """Put a file in of which the manifest knows."""
    manifest = json.loads(members.pop(MANIFEST))
    members[name] = b"x"
    manifest["files"][name] = {"bytes": 1, "sha256": hashlib.sha256(b"x").hexdigest()}
    members[MANIFEST] = json.dumps(manifest).encode()


def _newer(members: dict[str, bytes]) -> None:
    members[MANIFEST] = json.dumps(json.loads(members[MANIFEST]) | {"format": 2}).encode()


def _senseless(members: dict[str, bytes]) -> None:
    members[MANIFEST] = b"[]"


def _endless(members: dict[str, bytes]) -> None:
    del members[MANIFEST]


def _no_database(members: dict[str, bytes]) -> None:
    del members[DATABASE]
    manifest = json.loads(members[MANIFEST])
    del manifest["files"][DATABASE]
    members[MANIFEST] = json.dumps(manifest).encode()


def _foreign_database(members: dict[str, bytes]) -> None:
    manifest = json.loads(members.pop(MANIFEST))
    data = b"SQLite format 3\0" + bytes(4096)
    members[DATABASE] = data
    manifest["files"][DATABASE] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    members[MANIFEST] = json.dumps(manifest).encode()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_less, "does not hold what it says"),
        (_more, "does not hold what it says"),
        (_other, "is damaged"),
        (_longer, "another size"),
        (_outside, "belongs to no backup"),
        (_absolute, "belongs to no backup"),
        (_sly, "belongs to no backup"),
        (_control, "belongs to no backup"),
        (_newer, "made by a newer Easel"),
        (_senseless, "manifest cannot be read"),
        (_endless, "its end is missing"),
        (_no_database, "does not hold what it says"),
        (_foreign_database, "its database"),
    ],
)
async def test_what_was_changed_is_refused(
    full: Database, sources: Sources, tmp_path: Path, change: Change, why: str
) -> None:
    archive = await backed_up(full, sources, tmp_path / "backups")
    await asyncio.to_thread(_rewrite, archive, change)
    with pytest.raises(BadBackup, match=why):
        await asyncio.to_thread(restore, archive, tmp_path / "new")
    assert not await asyncio.to_thread((tmp_path / "new").exists)
    assert not await asyncio.to_thread((tmp_path / "outside.txt").exists)


def _rewrite(archive: Path, change: Change) -> None:
    with tarfile.open(archive) as tar:
        members = {member.name: (tar.extractfile(member) or io.BytesIO()).read() for member in tar}
    change(members)
    with tarfile.open(archive, "w") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE])
async def test_nothing_but_files_is_unpacked(full: Database, sources: Sources, tmp_path: Path, kind: bytes) -> None:
    archive = await backed_up(full, sources, tmp_path / "backups")

    def add_one() -> None:
        with tarfile.open(archive, "a") as tar:
            info = tarfile.TarInfo("wildcards/x.txt")
            info.type, info.linkname = kind, "/etc/passwd"
            tar.addfile(info)

    await asyncio.to_thread(add_one)
    with pytest.raises(BadBackup, match="is no file"):
        await asyncio.to_thread(restore, archive, tmp_path / "new")


async def test_a_file_that_was_cut_off_is_refused_wherever(full: Database, sources: Sources, tmp_path: Path) -> None:
    archive = await backed_up(full, sources, tmp_path / "backups")
    data = await asyncio.to_thread(archive.read_bytes)
    end = data.rindex(b'{"format"')
    for size in (0, 100, 512, 5000, len(data) // 2, end - 512, end, end + 100):
        await asyncio.to_thread(archive.write_bytes, data[:size])
        with pytest.raises(BadBackup):
            await asyncio.to_thread(restore, archive, tmp_path / "new")
        assert not await asyncio.to_thread((tmp_path / "new").exists)


async def test_a_newer_database_is_refused(full: Database, sources: Sources, tmp_path: Path) -> None:
    archive = await backed_up(full, sources, tmp_path / "backups")

    def newer(members: dict[str, bytes]) -> None:
        path = tmp_path / "newer.sqlite3"
        path.write_bytes(members[DATABASE])
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA user_version = 999")
        manifest: dict[str, Any] = json.loads(members.pop(MANIFEST))
        members[DATABASE] = data = path.read_bytes()
        manifest["files"][DATABASE] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        members[MANIFEST] = json.dumps(manifest).encode()

    await asyncio.to_thread(_rewrite, archive, newer)
    with pytest.raises(BadBackup, match="newer Easel"):
        await asyncio.to_thread(restore, archive, tmp_path / "new")


async def test_a_backup_says_what_is_in_it(full: Database, sources: Sources, tmp_path: Path) -> None:
    archive = await backed_up(full, sources, tmp_path / "backups")
    manifest = await asyncio.to_thread(inspect, archive)
    assert (manifest.schema, len(manifest.files)) == ((await full.fetch_all("PRAGMA user_version"))[0][0], 8)
    with pytest.raises(BadBackup, match="There is no file"):
        await asyncio.to_thread(inspect, tmp_path / "none.tar")


def test_every_folder_of_files_that_rows_name_is_in_it() -> None:
    archived = {"previews" if place == "adapter-previews" else place for place in SELECTS}
    assert archived == set(get_args(disposal.FolderName))
