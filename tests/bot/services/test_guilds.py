"""Servers' settings are in memory, and on disk before they are there."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.services.guilds import Guilds
from inference.protocol.limits import OutOfRange
from storage import Database, DiskFull, guilds
from storage.guilds import Settings


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with await Database.open(tmp_path / "easel.sqlite3") as opened:
        yield opened


async def test_what_is_changed_is_there_after_a_restart(database: Database) -> None:
    before = Guilds(database=database)
    await before.load()
    assert before.settings(1) == Settings()
    await before.change(1, negative_prompt="blurry")
    assert await before.change(1, waiting=3) == Settings(negative_prompt="blurry", waiting=3)
    await before.change(2, negative_prompt="x")
    after = Guilds(database=database)
    await after.load()
    assert after.settings(1) == before.settings(1) == Settings(negative_prompt="blurry", waiting=3)
    assert [after.settings(2).negative_prompt, after.settings(3).negative_prompt] == ["x", ""]
    assert after.settings(None) == Settings()


async def test_changes_at_once_do_not_undo_each_other(database: Database) -> None:
    service = Guilds(database=database)
    await asyncio.gather(service.change(1, negative_prompt="blurry"), service.change(1, waiting=3))
    assert service.settings(1) == Settings(negative_prompt="blurry", waiting=3)


async def test_what_is_refused_changes_nothing(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async def failing(*arguments: object) -> None:
        raise DiskFull("full")

    service = Guilds(database=database)
    await service.change(1, negative_prompt="blurry")
    with pytest.raises(OutOfRange):
        await service.change(1, negative_prompt="x" * 2001)
    monkeypatch.setattr(guilds, "set_settings", failing)
    with pytest.raises(DiskFull):
        await service.change(1, negative_prompt="sharp")
    assert service.settings(1) == (await guilds.all_settings(database))[1] == Settings(negative_prompt="blurry")
