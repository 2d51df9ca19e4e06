"""Files named by content: whole or not there, held while their rows are written, never under a user's name."""

import asyncio
import errno
import os
import shutil
import stat
import threading
from pathlib import Path

import pytest

from inference.protocol.limits import OutOfRange
from inference.protocol.recipe import ContentHash
from storage import ContentFolder, DiskFull, FlatFolder, Unwritable, content_hash
from tests.storage.samples import missing_hash


def files(folder: ContentFolder) -> list[Path]:
    return sorted(path for path in folder.root.rglob("*") if path.is_file())


async def test_a_file_is_named_by_its_content(pictures: ContentFolder) -> None:
    async with pictures.keep(b"one", b"two", b"one") as names:
        assert names == tuple(map(content_hash, (b"one", b"two", b"one")))
    assert len(files(pictures)) == 2
    place = pictures.path(names[0])
    assert (place.parent.name, place.name) == (names[0][:2], f"{names[0][2:]}.png")
    assert await pictures.read(names[0]) == b"one"
    assert await pictures.read(missing_hash()) is None


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 62 + "/.", "a" * 65])
async def test_a_name_that_is_no_hash_is_refused(pictures: ContentFolder, name: str) -> None:
    with pytest.raises(OutOfRange):
        await pictures.read(ContentHash(name))
    with pytest.raises(OutOfRange):
        await pictures.remove([ContentHash(name)])


async def test_a_full_disk_leaves_nothing_behind(pictures: ContentFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFull, match=r"The disk that holds .*pictures.* is full"):
        async with pictures.keep(b"a picture"):
            pytest.fail("the block is not entered")
    assert files(pictures) == []
    monkeypatch.undo()
    async with pictures.keep(b"a picture") as (name,):
        assert await pictures.read(name) == b"a picture"


async def test_a_file_gets_its_name_when_all_of_it_is_on_the_disk(
    pictures: ContentFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[int, int]] = []
    fsync = os.fsync

    def watch(descriptor: int) -> None:
        fsync(descriptor)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            synced.append((os.fstat(descriptor).st_size, len(list(pictures.root.rglob("*.png")))))

    monkeypatch.setattr(os, "fsync", watch)
    async with pictures.keep(bytes(5000)):
        assert synced == [(5000, 0)]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full here")
async def test_a_device_that_is_really_full(pictures: ContentFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Path.open
    monkeypatch.setattr(
        Path, "open", lambda path, *args: opened(Path("/dev/full") if path.suffix == ".tmp" else path, *args)
    )
    with pytest.raises(DiskFull):
        async with pictures.keep(bytes(100_000)):
            pytest.fail("the block is not entered")
    assert files(pictures) == []


async def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"")
    with pytest.raises(Unwritable, match="this account may write there"):
        async with ContentFolder(tmp_path / "taken").keep(b"a picture"):
            pytest.fail("the block is not entered")


async def test_a_file_cut_short_is_written_again(pictures: ContentFolder) -> None:
    async with pictures.keep(b"a picture") as (name,):
        pass
    pictures.path(name).write_bytes(b"a pic")
    async with pictures.keep(b"a picture"):
        pass
    assert await pictures.read(name) == b"a picture"


async def test_what_is_held_is_not_removed(pictures: ContentFolder) -> None:
    async with pictures.keep(b"one") as (one,), pictures.keep(b"one"), pictures.keep(b"two") as (two,):
        assert await pictures.remove([one, two]) == []
    assert await pictures.remove([one, two, missing_hash()]) == [one, two, missing_hash()]
    assert files(pictures) == []


async def test_a_removal_under_way_does_not_take_what_is_written_meanwhile(
    pictures: ContentFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with pictures.keep(b"one") as (name,):
        pass
    removing, go = threading.Event(), threading.Event()
    remove = pictures._remove

    def slowly(names: list[ContentHash]) -> None:
        removing.set()
        go.wait(10)
        remove(names)

    monkeypatch.setattr(pictures, "_remove", slowly)
    removal = asyncio.create_task(pictures.remove([name]))
    await asyncio.to_thread(removing.wait, 10)

    async def write() -> bytes | None:
        async with pictures.keep(b"one"):
            return await pictures.read(name)

    writing = asyncio.create_task(write())
    await asyncio.sleep(0.02)
    go.set()
    assert await removal == [name]
    assert await writing == b"one"
    assert await pictures.read(name) == b"one"


async def test_sizes_tell_whole_files_only(pictures: ContentFolder) -> None:
    async with pictures.keep(b"one") as (name,):
        pass
    folder = pictures.path(name).parent
    (folder / ".half.tmp").write_bytes(b"on")
    (folder / "notes.txt").write_bytes(b"a person's own")
    assert await pictures.sizes(name[0]) == {name: 3}
    assert sorted(path.name for path in folder.iterdir()) == [f"{name[2:]}.png", "notes.txt"]
    assert await pictures.sizes("z") == {}


# Large files, side by side ------------------------------------------------------------------------------------------


@pytest.fixture
def flat(tmp_path: Path) -> FlatFolder:
    return FlatFolder(tmp_path / "flat", ".safetensors")


async def test_a_file_is_moved_in_under_its_hash(flat: FlatFolder, tmp_path: Path) -> None:
    for content in (b"large", b"large", b"larger"):
        source = tmp_path / "came.pt"
        source.write_bytes(content)
        async with flat.take(source) as name:
            assert name == content_hash(content)
        assert not source.exists()
        assert flat.path(name).read_bytes() == content
    assert len(list(flat.root.iterdir())) == 2
    assert await flat.sizes(name[0]) == {name: 6}


async def test_a_file_comes_from_another_disk_too(
    flat: FlatFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: object, target: object, **_: object) -> None:
        raise OSError(errno.EXDEV, "another disk")

    (tmp_path / "came.pt").write_bytes(b"large")
    monkeypatch.setattr(os, "rename", refuse)
    async with flat.take(tmp_path / "came.pt") as name:
        assert flat.path(name).read_bytes() == b"large"
    assert [path.name for path in flat.root.iterdir()] == [f"{name}.safetensors"]


async def test_a_file_that_does_not_fit_leaves_nothing(
    flat: FlatFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: Path, target: Path) -> None:
        target.write_bytes(b"la")
        raise OSError(errno.ENOSPC, "full")

    (tmp_path / "came.pt").write_bytes(b"large")
    monkeypatch.setattr(shutil, "move", full)
    with pytest.raises(DiskFull):
        async with flat.take(tmp_path / "came.pt"):
            pass
    assert list(flat.root.iterdir()) == []
    with pytest.raises(Unwritable):
        async with flat.take(tmp_path / "nothing.pt"):
            pass


@pytest.mark.parametrize("name", ["", "a" * 63, "../" + "a" * 61, "A" * 64])
def test_what_is_no_hash_is_no_path(flat: FlatFolder, name: str) -> None:
    with pytest.raises(OutOfRange):
        flat.path(ContentHash(name))
