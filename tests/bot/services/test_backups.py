"""Backups of a running bot: one at a time, and how each ended."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from bot.services.backups import Backups, sources_of
from bot.texts import Mistake
from storage import ContentFolder, Database, FlatFolder
from storage.backup import Sources, archives


@pytest.fixture
async def backups(tmp_path: Path) -> AsyncIterator[Backups]:
    def sources() -> Sources:
        return sources_of(
            ContentFolder(tmp_path / "pictures", ".png"),
            ContentFolder(tmp_path / "inputs"),
            FlatFolder(tmp_path / "adapters", ".safetensors"),
            ContentFolder(tmp_path / "previews", ".png"),
            "{}",
            {"animals/cats": "tabby\n"},
        )

    async with await Database.open(tmp_path / "easel.sqlite3") as database:
        made = Backups(database=database, sources=sources, folder=tmp_path / "backups", keep=0, easel="1.0")
        yield made
        await made.stop()


async def test_one_at_a_time(backups: Backups, tmp_path: Path) -> None:
    assert (backups.state.going, backups.state.path) == (False, None)
    backups.begin()
    assert backups.state.going
    with pytest.raises(Mistake, match="already"):
        backups.begin()
    ended = await backups.ended()
    assert (ended.files, ended.problem, ended.removed) == (3, None, 0)
    assert backups.state == ended
    backups.begin(keep=1)
    assert (await backups.ended()).removed == 1
    assert len(await asyncio.to_thread(archives, tmp_path / "backups")) == 1


async def test_what_goes_wrong_is_told_and_the_next_one_works(
    backups: Backups, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
        backups.begin()
        ended = await backups.ended()
    assert ended.path is None
    assert ended.problem is not None and "are free there" in ended.problem
    await asyncio.to_thread((tmp_path / "file").touch)
    backups.begin(tmp_path / "file")
    assert "cannot be read or written" in ((await backups.ended()).problem or "")
    backups.begin()
    assert (await backups.ended()).path is not None


async def test_a_stop_leaves_nothing(backups: Backups, tmp_path: Path) -> None:
    backups.begin()
    await backups.stop()
    assert not backups.state.going
    left = await asyncio.to_thread(lambda: list((tmp_path / "backups").glob("*")) + list(tmp_path.glob(".*.part")))
    assert all(path.suffix == ".tar" for path in left), "whole or not there"
