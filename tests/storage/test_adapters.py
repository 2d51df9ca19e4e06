"""Adapters: rows, the files that several rows share, what is left of them, and who may bring none."""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from inference.protocol.adapters import Report
from inference.protocol.limits import OutOfRange
from inference.protocol.recipe import ContentHash
from storage import (
    ContentFolder,
    Database,
    FlatFolder,
    Repairs,
    Unwritable,
    adapters,
    content_hash,
    disposal,
    looking,
    members,
    repair_adapters,
    upgrade,
)
from storage.adapters import NewAdapter, OwnedAlready, StoredAdapter, new_adapter
from storage.styles import NameTaken
from storage.upgrade import read_migrations
from tests.storage.samples import GUILD, MEMBER, OTHER_MEMBER, START, StandingClock

LORA = Report(kind="lora", form="LoCon", family="sd1", rank=8, triggers=("zorp", "ink"), bytes=7, base_model="sd 1.5")


@pytest.fixture
def files(tmp_path: Path) -> FlatFolder:
    return FlatFolder(tmp_path / "adapters", ".safetensors")


@pytest.fixture
def previews(tmp_path: Path) -> ContentFolder:
    return ContentFolder(tmp_path / "previews", ".png")


def new(name: str = "Ink", content: bytes = b"content", **changes: Any) -> NewAdapter:
    report = msgspec.structs.replace(LORA, bytes=len(content))
    owner = changes.pop("owner_id", MEMBER)
    return new_adapter(report, content_hash(content), owner, name, **changes)


async def add(database: Database, adapter: NewAdapter) -> StoredAdapter:
    async with database.transaction() as write:
        return await adapters.add(write, adapter)


async def bring(
    database: Database, files: FlatFolder, tmp_path: Path, name: str, content: bytes, **changes: Any
) -> StoredAdapter:
    source = tmp_path / "came.bin"
    await asyncio.to_thread(source.write_bytes, content)
    async with files.take(source) as found:
        assert found == content_hash(content)
        return await add(database, new(name, content, **changes))


def there(folder: ContentFolder) -> list[str]:
    return sorted(path.name for path in folder.root.rglob("*") if path.is_file())


async def test_what_was_written_is_read(database: Database) -> None:
    chosen = new(guild_id=GUILD, visibility="server", state="pending", description="ink", weight=0.5)
    stored = await add(database, chosen)
    assert stored == StoredAdapter(id=stored.id, created_at=START, **msgspec.structs.asdict(chosen))
    assert (stored.form, stored.triggers, stored.base_model, stored.rank) == ("LoCon", ("zorp", "ink"), "sd 1.5", 8)
    assert await adapters.all(database) == await adapters.of_owner(database, MEMBER) == [stored]
    assert await adapters.get(database, stored.id) == stored
    assert await adapters.of_owner(database, OTHER_MEMBER) == []
    assert await adapters.get(database, adapters.AdapterId(99)) is None


@pytest.mark.parametrize(
    ("first", "second", "error"),
    [
        ({}, {"title": " INK "}, NameTaken),
        ({}, {"title": "other", "content": b"content"}, OwnedAlready),
        ({}, {"owner_id": OTHER_MEMBER}, None),
        ({"guild_id": 1, "visibility": "server"}, {"guild_id": 1, "owner_id": OTHER_MEMBER}, None),
        (
            {"guild_id": 1, "visibility": "server"},
            {"guild_id": 1, "visibility": "server", "owner_id": OTHER_MEMBER},
            NameTaken,
        ),
        (
            {"guild_id": 1, "visibility": "server", "state": "removed"},
            {"guild_id": 1, "visibility": "server", "owner_id": OTHER_MEMBER},
            None,
        ),
        (
            {"guild_id": 1, "visibility": "server"},
            {"guild_id": 2, "visibility": "server", "owner_id": OTHER_MEMBER},
            None,
        ),
        ({"visibility": "public"}, {"visibility": "public", "owner_id": OTHER_MEMBER}, NameTaken),
    ],
)
async def test_where_a_name_may_be_there_twice(
    database: Database, first: dict, second: dict, error: type[Exception] | None
) -> None:
    await add(database, new(**first))
    other = new(**{"name": second.pop("title", "ink"), "content": b"another"} | second)
    if error is None:
        await add(database, other)
    else:
        with pytest.raises(error):
            await add(database, other)
    assert len(await adapters.all(database)) == (2 if error is None else 1)


async def test_an_adapter_is_changed(database: Database) -> None:
    stored, other = await add(database, new()), await add(database, new("other", b"other"))
    changed = msgspec.structs.replace(
        stored, name="Oil", description="x", weight=2.0, guild_id=GUILD, visibility="server", triggers=("a",)
    )
    async with database.transaction() as write:
        assert await adapters.change(write, changed)
    assert await adapters.all(database) == [changed, other]
    with pytest.raises(NameTaken):
        async with database.transaction() as write:
            await adapters.change(write, msgspec.structs.replace(changed, name="OTHER"))
    async with database.transaction() as write:
        await adapters.remove(write, stored.id)
        assert not await adapters.change(write, changed)
        assert not await adapters.remove(write, stored.id)
    assert await adapters.all(database) == [other]


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": "x" * 65},
        {"description": "x" * 1001},
        {"triggers": ("x" * 101,)},
        {"weight": 2.1},
        {"weight": float("nan")},
    ],
)
def test_what_no_adapter_can_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(OutOfRange):
        new(**{"name": wrong.pop("title", "x")} | wrong)


async def test_trigger_words_that_cannot_be_read_are_none(database: Database) -> None:
    await add(database, new())
    async with database.transaction() as write:
        await write.execute("UPDATE adapters SET triggers = '{'")
    assert [one.triggers for one in await adapters.all(database)] == [()]


# Files --------------------------------------------------------------------------------------------------------------


async def test_two_owners_share_a_file_and_the_last_takes_it_away(
    database: Database, files: FlatFolder, previews: ContentFolder, tmp_path: Path
) -> None:
    first = await bring(database, files, tmp_path, "one", b"same")
    second = await bring(database, files, tmp_path, "two", b"same", owner_id=OTHER_MEMBER)
    await bring(database, files, tmp_path, "three", b"other one")
    assert first.hash == second.hash
    assert await adapters.total_bytes(database) == len(b"same") + len(b"other one")
    assert files.path(first.hash) == files.root / f"{first.hash}.safetensors"
    assert len(there(files)) == 2
    assert not (tmp_path / "came.bin").exists()
    for one, left in ((first, 2), (second, 1)):
        async with database.transaction() as write:
            await adapters.remove(write, one.id)
        await disposal.sweep_adapters(database, files, previews)
        assert len(there(files)) == left
    assert await database.fetch_all("SELECT * FROM doomed_files") == []


async def test_a_preview_goes_with_its_adapter_and_when_another_comes(
    database: Database, files: FlatFolder, previews: ContentFolder
) -> None:
    stored = await add(database, new())
    for content in (b"first", b"second"):
        async with previews.keep(content) as (name,), database.transaction() as write:
            stored = msgspec.structs.replace(stored, preview=name)
            await adapters.change(write, stored)
    assert await disposal.sweep_adapters(database, files, previews) == 1
    assert await previews.read(content_hash(b"second")) == b"second"
    async with database.transaction() as write:
        await adapters.remove(write, stored.id)
    await disposal.sweep_adapters(database, files, previews)
    assert there(previews) == []


async def test_a_file_that_is_held_outlives_a_sweep(
    database: Database, files: FlatFolder, previews: ContentFolder, tmp_path: Path
) -> None:
    stored = await bring(database, files, tmp_path, "one", b"same")
    async with database.transaction() as write:
        await adapters.remove(write, stored.id)
    source = tmp_path / "again.bin"
    source.write_bytes(b"same")
    async with files.take(source) as name:
        assert await disposal.sweep_adapters(database, files, previews) == 0
        await add(database, new("again", b"same"))
    await disposal.sweep_adapters(database, files, previews)
    assert there(files) == [f"{name}.safetensors"]


async def test_files_and_rows_agree_again_after_a_crash(
    database: Database, files: FlatFolder, previews: ContentFolder, tmp_path: Path, clock: StandingClock
) -> None:
    kept = await bring(database, files, tmp_path, "kept", b"kept")
    gone = await bring(database, files, tmp_path, "gone", b"gone")
    short = await bring(database, files, tmp_path, "short", b"cut short")
    files.path(gone.hash).unlink()
    files.path(short.hash).write_bytes(b"cut")
    files.path(content_hash(b"nobody's")).write_bytes(b"nobody's")
    (files.root / f".{'0' * 32}.tmp").write_bytes(b"half")
    async with previews.keep(b"nobody's"):
        pass
    found = await repair_adapters(database, files, previews)
    assert found == Repairs(lost_adapters=2, missing_adapters=2, spare_previews=1)
    assert sorted(path.name for path in files.root.iterdir()) == sorted([f"{kept.hash}.safetensors", "lost"])
    assert there(previews) == []
    assert len(await adapters.all(database)) == 3
    assert await repair_adapters(database, files, previews) == Repairs(missing_adapters=2)
    clock.now += 4e9
    await repair_adapters(database, files, previews)
    assert there(files) == [f"{kept.hash}.safetensors"]


# What is left, and members ------------------------------------------------------------------------------------------


async def test_the_name_of_what_is_gone_stays_until_it_comes_again(database: Database, clock: StandingClock) -> None:
    stored = await add(database, new(guild_id=GUILD, visibility="server"))
    clock.now += 5
    async with database.transaction() as write:
        await adapters.remove(write, stored.id)
    [left] = await adapters.former(database)
    assert (left.name, left.hash, left.owner_id, left.guild_id) == ("Ink", stored.hash, MEMBER, GUILD)
    assert (left.visibility, left.removed_at) == ("server", START + 5)
    await add(database, new("again"))
    assert await adapters.former(database) == []


async def test_bans_and_what_was_taken_away(database: Database) -> None:
    name = content_hash(b"x")
    async with database.transaction() as write:
        assert await adapters.ban(write, GUILD, MEMBER, OTHER_MEMBER)
        assert not await adapters.ban(write, GUILD, MEMBER, 7)
        await adapters.take_away(write, GUILD, name, OTHER_MEMBER)
        await adapters.take_away(write, GUILD, name, OTHER_MEMBER)
    assert [(ban.guild_id, ban.member_id, ban.banned_by) for ban in await adapters.bans(database)] == [
        (GUILD, MEMBER, OTHER_MEMBER)
    ]
    assert await adapters.removals(database) == [(GUILD, name)]
    async with database.transaction() as write:
        await adapters.forget_member(write, OTHER_MEMBER)
    assert [ban.banned_by for ban in await adapters.bans(database)] == [0]
    async with database.transaction() as write:
        assert await adapters.unban(write, GUILD, MEMBER)
        assert not await adapters.unban(write, GUILD, MEMBER)
        assert await adapters.give_back(write, GUILD, name)
        assert not await adapters.give_back(write, GUILD, name)
    assert await adapters.bans(database) == []
    assert await adapters.removals(database) == []


async def test_everything_about_a_member_is_handed_out_and_deleted(
    database: Database, files: FlatFolder, previews: ContentFolder, pictures: ContentFolder, tmp_path: Path
) -> None:
    mine = await bring(database, files, tmp_path, "mine", b"mine", guild_id=GUILD, visibility="server")
    shared = await bring(database, files, tmp_path, "shared", b"shared", visibility="public")
    await bring(database, files, tmp_path, "theirs", b"shared", owner_id=OTHER_MEMBER)
    gone = await bring(database, files, tmp_path, "gone", b"gone")
    async with previews.keep(b"preview") as (name,), database.transaction() as write:
        await adapters.change(write, msgspec.structs.replace(mine, preview=name))
        await adapters.remove(write, gone.id)
        await adapters.ban(write, GUILD, MEMBER, OTHER_MEMBER)
    data = json.loads(json.dumps((await members.export(database, pictures, MEMBER)).data))
    assert [one["name"] for one in data["adapters"]] == ["mine", "shared"]
    assert [one["name"] for one in data["former_adapters"]] == ["gone"]
    assert data["adapter_bans"] == [{"guild_id": GUILD, "banned_at": START}]
    async with database.transaction() as write:
        await members.delete(write, MEMBER)
    await disposal.sweep_adapters(database, files, previews)
    left = (await members.export(database, pictures, MEMBER)).data
    assert [left["adapters"], left["former_adapters"]] == [[], []]
    assert there(files) == [f"{shared.hash}.safetensors"]
    assert there(previews) == []
    assert [one.name for one in await adapters.all(database)] == ["theirs"]


# Beside the bot -----------------------------------------------------------------------------------------------------


async def test_another_process_may_look(database: Database, tmp_path: Path) -> None:
    stored = await add(database, new(owner_id=0, visibility="public"))
    async with looking(database.path) as look:
        assert look is not None
        assert await adapters.of_owner(look, 0) == [stored]
        with pytest.raises(Unwritable, match="readonly"):
            await look.fetch_all("DELETE FROM adapters")
    async with looking(tmp_path / "nothing.sqlite3") as look:
        assert look is None
    assert not (tmp_path / "nothing.sqlite3").exists()


async def test_nobody_looks_at_a_database_of_another_version(tmp_path: Path) -> None:
    migrations = await asyncio.to_thread(read_migrations)
    await asyncio.to_thread(upgrade.upgrade, tmp_path / "old.sqlite3", migrations[:2], 0)
    async with looking(tmp_path / "old.sqlite3") as look:
        assert look is None


def test_files_that_were_doomed_before_are_still(tmp_path: Path) -> None:
    path = tmp_path / "easel.sqlite3"
    upgrade.upgrade(path, read_migrations()[:4], 0)
    name = ContentHash("a" * 64)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO doomed_files VALUES ('inputs', ?)", (name,))
        connection.commit()
    upgrade.upgrade(path, read_migrations(), 0)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT * FROM doomed_files").fetchall() == [("inputs", name)]
