"""Servers' settings are in memory, and on disk before they are there."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.services.guilds import STRICT, Guilds, Limits
from inference.protocol.limits import OutOfRange
from storage import Database, DiskFull, audit, guilds
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


async def test_the_audit_notes_who_changed_what_together_with_the_change(database: Database) -> None:
    service = Guilds(database=database)
    await service.change(1, 77, limits=Limits(steps=9), blocked_words=("x",))
    await service.change(1, 78, blocked_words=("x", "y"))
    await service.change(1, 79, blocked_words=("x", "y"))
    entries = [(entry.member_id, entry.action, entry.detail) for entry in await audit.page(database, 1)]
    assert entries[0] == (78, "content.blocked_words", {"added": ["y"], "removed": []})
    assert {entry[:2] for entry in entries[1:]} == {(77, "limits.steps"), (77, "content.blocked_words")}


async def test_settings_that_cannot_be_read_allow_nothing_that_a_server_can_forbid(database: Database) -> None:
    service = Guilds(database=database)
    await service.change(1, negative_prompt="blurry")
    await service.change(2, negative_prompt="gore")
    async with database.transaction() as write:
        await write.execute("UPDATE guilds SET settings = '{\"press\": 7}' WHERE id = 1")
    await service.load()
    assert service.unreadable == {1}
    assert (service.policy(1).unreadable, service.policy(2).unreadable, service.policy(None).unreadable) == (
        True,
        False,
        False,
    )
    assert service.settings(1) == STRICT
    assert (STRICT.check, STRICT.check_age_restricted, STRICT.new_models) == ("block", "block", "deny")
    assert (STRICT.add_adapters, STRICT.train, STRICT.history) == ("nobody", "nobody", "nobody")
    await service.change(1, waiting=3)
    assert service.unreadable == set()
    assert service.settings(1) == Settings(waiting=3)
    await service.load()
    assert service.settings(1) == Settings(waiting=3)


async def test_a_server_is_closed_until_it_is_opened_also_by_the_next_start(database: Database) -> None:
    service = Guilds(database=database)
    await service.change(1, waiting=3)
    await service.close(1, "not\n paid")
    await service.close(2, "")
    after = Guilds(database=database)
    await after.load()
    assert after.closed == service.closed == {1: "not paid", 2: ""}
    assert [after.policy(guild).closed for guild in (1, 2, 3, None)] == ["not paid", "", None, None]
    assert after.settings(1) == Settings(waiting=3)
    assert [await after.open(guild) for guild in (1, 1)] == [True, False]
    assert (await guilds.closed(database), after.policy(1).closed) == ({2: ""}, None)
    with pytest.raises(OutOfRange):
        await after.close(3, "x" * 301)
    assert [entry.action for entry in await audit.page(database, 1)][:2] == ["server.opened", "server.closed"]
