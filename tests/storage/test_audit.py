"""Who changed what in a server: written with the change, read page by page, kept for a time."""

import pytest

from storage import Database, audit
from storage.audit import Entry
from tests.storage.samples import GUILD, MEMBER, OTHER_MEMBER, START, StandingClock

OTHER_GUILD = GUILD + 1
DAY = 86_400.0


async def note(database: Database, action: str, by: int = MEMBER, guild: int = GUILD, **detail: object) -> None:
    async with database.transaction() as write:
        await audit.add(write, guild, by, action, detail)


async def test_an_entry_is_written_and_read(database: Database) -> None:
    await note(database, "limits.steps", before=None, after=30)
    assert await audit.page(database, GUILD) == [
        Entry(
            id=1,
            guild_id=GUILD,
            member_id=MEMBER,
            action="limits.steps",
            detail={"before": None, "after": 30},
            at=START,
        )
    ]
    assert (await audit.page(database, GUILD))[0].area == "limits"
    assert await audit.page(database, OTHER_GUILD) == []


async def test_nothing_is_noted_of_a_change_that_failed(database: Database) -> None:
    async def broken() -> None:
        async with database.transaction() as write:
            await audit.add_all(write, GUILD, MEMBER, [("limits.steps", {}), ("limits.count", {})])
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        await broken()
    assert await audit.page(database, GUILD) == []


async def test_pages_are_newest_first_and_filtered(database: Database) -> None:
    for number in range(5):
        await note(database, f"limits.{number}", by=MEMBER + number % 2)
    await note(database, "members.block", by=OTHER_MEMBER, member=MEMBER, reason="why")
    await note(database, "limitsish.x", by=OTHER_MEMBER)
    await note(database, "limits.x", guild=OTHER_GUILD)

    async def actions(**how: object) -> list[str]:
        return [entry.action for entry in await audit.page(database, GUILD, **how)]  # type: ignore[arg-type]

    assert await actions(limit=3) == ["limitsish.x", "members.block", "limits.4"]
    assert await actions(limit=3, before=5) == ["limits.3", "limits.2", "limits.1"]
    assert await actions(area="limits") == [f"limits.{number}" for number in (4, 3, 2, 1, 0)]
    assert await actions(member_id=MEMBER) == ["members.block", "limits.4", "limits.2", "limits.0"]
    assert await actions(member_id=MEMBER, area="members") == ["members.block"]
    assert [entry.action async for entry in audit.every(database, GUILD, area="members")] == ["members.block"]


async def test_all_of_it_is_read_in_pages(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "_PAGE", 2)
    for number in range(5):
        await note(database, f"limits.{number}")
    assert [entry.id async for entry in audit.every(database, GUILD)] == [5, 4, 3, 2, 1]


async def test_what_is_old_is_deleted(database: Database, clock: StandingClock) -> None:
    await note(database, "limits.old")
    clock.now += 10 * DAY
    await note(database, "limits.new")
    async with database.transaction() as write:
        assert await audit.prune(write, 10 * DAY) == 0
    clock.now += 1
    async with database.transaction() as write:
        assert await audit.prune(write, 10 * DAY) == 1
    assert [entry.action for entry in await audit.page(database, GUILD)] == ["limits.new"]


async def test_whoever_deletes_their_data_becomes_nobody(database: Database) -> None:
    await note(database, "limits.steps", before=1, after=2)
    await note(database, "members.block", by=OTHER_MEMBER, member=MEMBER, reason="their secret")
    assert len(await audit.about(database, MEMBER)) == 2
    async with database.transaction() as write:
        await audit.forget_member(write, MEMBER)
    assert await audit.about(database, MEMBER) == []
    block, steps = await audit.page(database, GUILD)
    assert (steps.member_id, steps.detail) == (0, {"before": 1, "after": 2})
    assert (block.member_id, block.detail) == (OTHER_MEMBER, {"member": 0})


async def test_a_servers_audit_is_deleted(database: Database) -> None:
    await note(database, "limits.steps")
    await note(database, "limits.steps", guild=OTHER_GUILD)
    async with database.transaction() as write:
        await audit.delete_of_guild(write, GUILD)
    assert await audit.page(database, GUILD) == []
    assert len(await audit.page(database, OTHER_GUILD)) == 1
