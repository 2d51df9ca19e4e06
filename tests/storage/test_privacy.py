"""Wherever the store holds something about a member or a server, it can be handed out and deleted.

The tables below say of every column whether it can hold a member's id: a new column has to be put somewhere.
"""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from storage import ContentFolder, Database, audit, blocks, disposal, images, members, presence, purge, styles, usage
from storage import adapters as adapter_rows
from storage.guilds import Settings, set_settings
from storage.jobs import AskedAs, Origin
from storage.members import Defaults
from tests.storage.samples import CHANNEL, StandingClock, add_job, from_picture, job_of, paint

#: Ids that are found nowhere by chance.
ANN, BOB = 7_000_000_000_000_000_001, 7_000_000_000_000_000_002
HOME, AWAY = 8_000_000_000_000_000_001, 8_000_000_000_000_000_002

#: Columns that can hold the id of a member, in text too.
OF_MEMBERS: Mapping[str, set[str]] = {
    "jobs": {"member_id"},
    "images": {"member_id"},
    "favourites": {"member_id"},
    "members": {"id"},
    "blocks": {"member_id", "blocked_by"},
    "audit": {"member_id", "detail"},
    "usage": {"member_id"},
    "styles": {"member_id"},
    "wildcards": {"member_id"},
    "adapters": {"owner_id"},
    "former_adapters": {"owner_id"},
    "adapter_bans": {"member_id", "banned_by"},
    "adapter_removals": {"removed_by"},
}
#: Columns that can hold the id of a server.
OF_SERVERS: Mapping[str, set[str]] = {
    "jobs": {"guild_id", "origin"},
    "guilds": {"id"},
    "blocks": {"guild_id"},
    "audit": {"guild_id"},
    "usage": {"guild_id"},
    "styles": {"guild_id"},
    "wildcards": {"guild_id"},
    "adapters": {"guild_id"},
    "former_adapters": {"guild_id"},
    "adapter_bans": {"guild_id"},
    "adapter_removals": {"guild_id"},
}
#: All others; what belongs to a job or a picture goes with it.
OF_NEITHER: Mapping[str, set[str]] = {
    "migrations": {"number", "name", "checksum", "applied_at"},
    "jobs": {
        *("sequence", "id", "kind", "channel_id", "lane", "recipe", "count", "model", "unit_seconds", "private"),
        *("state", "attempts", "failure_kind", "failure_text", "created_at", "started_at", "ended_at", "words"),
        *("parent_image", "asked_as"),
    },
    "units": {"job_id", "unit_index", "state", "launch", "attempts", "image_hash"},
    "deliveries": {
        *("job_id", "channel_id", "message_id", "application_id", "token", "token_expires_at", "locale", "state"),
        *("nonce", "attempts", "error", "updated_at"),
    },
    "inputs": {"job_id", "hash"},
    "images": {
        *("id", "hash", "job_id", "unit_index", "width", "height", "bytes", "recipe", "created_at", "deleted_at"),
        "verdict",
    },
    "favourites": {"image_id", "marked_at"},
    "doomed_files": {"folder", "hash"},
    "members": {"defaults", "weight", "updated_at"},
    "guilds": {"settings", "updated_at", "enabled", "closed_why", "left_at", "greeted_at"},
    "blocks": {"reason", "blocked_at"},
    "audit": {"id", "action", "at"},
    "operator_notes": {"name", "value", "updated_at"},
    "usage": {"day", "gpu_seconds", "pictures"},
    "styles": {"id", "name", "folded", "prompt", "negative_prompt", "settings", "updated_at"},
    "wildcards": {"name", "text", "updated_at"},
    "adapters": {
        *("id", "hash", "name", "folded", "kind", "form", "family", "rank", "vectors", "bytes", "base_model"),
        *("visibility", "state", "description", "triggers", "weight", "preview", "created_at", "updated_at"),
    },
    "former_adapters": {"hash", "visibility", "name", "removed_at"},
    "adapter_bans": {"banned_at"},
    "adapter_removals": {"hash", "removed_at"},
}
#: What outlives the deletion of a member: that somebody is not wanted.
STAYS = {("blocks", "member_id"), ("adapter_bans", "member_id")}


async def columns(database: Database) -> dict[str, set[str]]:
    rows = await database.fetch_all(
        "SELECT tables.name AS name, columns.name AS column FROM sqlite_schema AS tables, "
        "pragma_table_info(tables.name) AS columns WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite_%'"
    )
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row["name"], set()).add(row["column"])
    return found


async def where(database: Database, wanted: int) -> set[tuple[str, str]]:
    """Return the columns in which an id stands, by itself or in a text."""
    found = set()
    for table, names in (await columns(database)).items():
        for row in await database.fetch_all(f"SELECT * FROM {table}"):
            found |= {(table, name) for name in names if str(wanted) in str(row[name])}
    return found


async def fill(database: Database, pictures: ContentFolder, inputs: ContentFolder, member: int, guild: int) -> None:
    """Put a member and a server into every column that can hold them."""
    other = ANN + BOB - member
    image = await paint(database, pictures, f"of {member}".encode(), member_id=member, guild_id=guild)
    theirs = await paint(database, pictures, f"of another, {member}".encode(), member_id=other, guild_id=None)
    origin = Origin(image=image, index=0, verb="vary_subtle", message=(guild, CHANNEL, 5))
    asked = AskedAs(command="imagine", roles=(3,))
    await add_job(database, member_id=member, guild_id=guild, origin=origin, asked_as=asked)
    await add_job(database, member_id=other, guild_id=None, origin=origin)
    async with inputs.keep(f"a source of {member}".encode()) as (source,):
        await add_job(database, member_id=member, guild_id=guild, recipe=from_picture(source))
    async with database.transaction() as write:
        await images.mark(write, theirs, member)
        await members.set_defaults(write, member, Defaults(count=2))
        await set_settings(write, guild, Settings(press="author"))
        await usage.add(write, member, guild, pictures=1)
        for target, doer in ((member, other), (other, member)):
            await blocks.put(write, guild, target, "a reason", doer)
            await audit.add(write, guild, doer, "members.block", {"member": target, "reason": "a reason"})
            await adapter_rows.ban(write, guild, target, doer)
        for server in (guild, None):
            style = styles.NewStyle(member_id=member, guild_id=server, name=f"s{member % 10}", prompt="x")
            await styles.add(write, style)
        await write.execute(
            "INSERT INTO wildcards VALUES (:guild, :name, 'x', :member, 0)",
            {"guild": guild, "name": f"list{member % 10}", "member": member},
        )
        await adapter_rows.take_away(write, guild, f"{member % 10}" * 64, member)  # type: ignore[arg-type]
        for number in (1, 2):
            added = await adapter_rows.add(write, adapter(member, guild, number))
        await adapter_rows.remove(write, added.id)


def adapter(member: int, guild: int, number: int) -> adapter_rows.NewAdapter:
    return adapter_rows.NewAdapter(
        hash=f"{member % 10}{number}".ljust(64, "0"),  # type: ignore[arg-type]
        owner_id=member,
        guild_id=guild,
        name=f"ink {member % 10} {number}",
        kind="lora",
        form="LoRA",
        family="sd1",
        bytes=1,
        visibility="server",
        state="pending",
    )


async def test_every_column_is_considered(database: Database) -> None:
    considered: dict[str, set[str]] = {}
    for listed in (OF_MEMBERS, OF_SERVERS, OF_NEITHER):
        for table, names in listed.items():
            considered[table] = considered.get(table, set()) | names
    assert await columns(database) == considered


async def test_the_example_fills_all_of_them(
    database: Database, pictures: ContentFolder, inputs: ContentFolder
) -> None:
    await fill(database, pictures, inputs, ANN, HOME)
    assert await where(database, ANN) >= {(table, name) for table, names in OF_MEMBERS.items() for name in names}
    assert await where(database, HOME) == {(table, name) for table, names in OF_SERVERS.items() for name in names}


async def test_all_of_it_is_handed_out(database: Database, pictures: ContentFolder, inputs: ContentFolder) -> None:
    await fill(database, pictures, inputs, ANN, HOME)
    await fill(database, pictures, inputs, BOB, AWAY)
    data: dict[str, Any] = json.loads(json.dumps((await members.export(database, pictures, ANN)).data))
    assert {part for part, found in data.items() if not found} == set()
    assert {job["member_id"] for job in data["jobs"]} == {image["member_id"] for image in data["images"]} == {ANN}
    assert data["jobs"][1]["asked_as"] == {"command": "imagine", "roles": [3]}
    # In both servers: blocked by the other one, whose id is not theirs to know.
    assert [(block["guild_id"], block["reason"]) for block in data["blocks"]] == [
        (HOME, "a reason"),
        (AWAY, "a reason"),
    ]
    assert str(BOB) not in json.dumps(data["blocks"])
    assert [(entry["guild_id"], entry["member_id"], entry["detail"]["member"]) for entry in data["audit"]] == [
        (HOME, None, ANN),
        (HOME, ANN, BOB),
        (AWAY, ANN, BOB),
        (AWAY, None, ANN),
    ]
    assert {part: len(rows) for part, rows in data["done_as_admin"].items()} == {
        "blocks": 2,
        "adapter_bans": 2,
        "adapter_removals": 1,
    }
    parts = ("styles", "wildcards", "adapters", "former_adapters", "adapter_bans", "usage", "favourites", "deliveries")
    assert {part: len(data[part]) for part in parts} == {
        "styles": 2,
        "wildcards": 1,
        "adapters": 1,
        "former_adapters": 1,
        "adapter_bans": 2,
        "usage": 2,
        "favourites": 1,
        "deliveries": 5,
    }


async def test_all_of_it_is_deleted_and_nothing_of_others(
    database: Database, pictures: ContentFolder, inputs: ContentFolder
) -> None:
    await fill(database, pictures, inputs, ANN, HOME)
    await fill(database, pictures, inputs, BOB, AWAY)
    before = await members.export(database, pictures, BOB)
    async with database.transaction() as write:
        await members.delete(write, ANN)
    await disposal.sweep(database, pictures, inputs)
    assert await where(database, ANN) == STAYS
    assert {block.reason for block in await blocks.of_member(database, ANN)} == {""}
    after = await members.export(database, pictures, BOB)
    assert {path.name for path in after.pictures} == {path.name for path in before.pictures}
    same = ("jobs", "images", "styles", "wildcards", "adapters", "former_adapters", "usage")
    assert {part: len(after.data[part]) for part in same} == {part: len(before.data[part]) for part in same}
    assert [entry.action for entry in await audit.page(database, HOME)] == ["members.block"] * 2


# Servers ----------------------------------------------------------------------------------------------------------


async def test_a_server_is_purged_whole_and_no_other(
    database: Database, pictures: ContentFolder, inputs: ContentFolder, clock: StandingClock
) -> None:
    await fill(database, pictures, inputs, ANN, HOME)
    await fill(database, pictures, inputs, BOB, AWAY)
    away = await where(database, AWAY)
    kept = [image.hash for image in await images.of_member(database, BOB)]
    async with database.transaction() as write:
        await presence.left(write, [HOME])
    clock.now += 1
    # They brought the bot along by themselves, after it had left.
    own = await add_job(database, member_id=ANN, guild_id=HOME)
    clock.now += 1
    assert await purge.purge(database, HOME) == 3
    await disposal.sweep(database, pictures, inputs)
    assert await where(database, HOME) == {("jobs", "guild_id")}
    assert (await job_of(database, own)).member_id == ANN
    assert await where(database, AWAY) == away
    assert [name for name in kept if await pictures.read(name) is None] == []
    left = [image.hash for image in await images.of_member(database, ANN)]
    there = {path.parent.name + path.stem for path in pictures.root.rglob("*.png")}
    assert there == {*kept, *left}
    # What was shared there is its owner's alone.
    [ink] = await adapter_rows.of_owner(database, ANN)
    assert (ink.visibility, ink.state, ink.guild_id) == ("private", "approved", None)
    [former] = [one for one in await adapter_rows.former(database) if one.owner_id == ANN]
    assert (former.visibility, former.guild_id) == ("private", None)


async def test_a_purge_goes_on_where_it_was_interrupted(
    database: Database, pictures: ContentFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        await paint(database, pictures, str(number).encode(), guild_id=HOME)
    async with database.transaction() as write:
        await presence.seen(write, HOME)
        await presence.left(write, [HOME])
    monkeypatch.setattr(purge, "_JOBS", 2)
    jobs = purge._jobs
    calls = 0

    async def failing(*arguments: Any) -> int:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise OSError("the plug is pulled")
        return await jobs(*arguments)

    monkeypatch.setattr(purge, "_jobs", failing)
    with pytest.raises(OSError, match="plug"):
        await purge.purge(database, HOME)
    assert await presence.due(database, 0, database.clock()) == [HOME]
    assert await purge.purge(database, HOME) == 3
    assert await where(database, HOME) == set()


async def test_that_a_server_is_closed_outlives_its_purge(database: Database) -> None:
    async with database.transaction() as write:
        await set_settings(write, HOME, Settings(press="author"))
        await write.execute("UPDATE guilds SET enabled = 0, closed_why = 'no' WHERE id = ?", (HOME,))
        await presence.left(write, [HOME])
    await purge.purge(database, HOME)
    [row] = await database.fetch_all("SELECT settings, enabled, closed_why, left_at FROM guilds")
    assert tuple(row) == ("{}", 0, "no", None)


async def test_presence(database: Database, clock: StandingClock) -> None:
    async with database.transaction() as write:
        assert await presence.begin(write)
        assert not await presence.begin(write)
        assert not await presence.claim_greeting(write, HOME)
        await presence.seen(write, HOME)
        await presence.seen(write, AWAY)
        assert await presence.claim_greeting(write, HOME)
        assert not await presence.claim_greeting(write, HOME)
        assert await presence.left(write, [HOME, 5]) == [HOME]
    clock.now += 10
    async with database.transaction() as write:
        assert await presence.left(write, [HOME]) == []
    found = await presence.all(database)
    assert (found[HOME].left_at, found[AWAY].left_at) == (clock.now - 10, None)
    assert await presence.due(database, 10, clock.now) == [HOME]
    assert await presence.due(database, 11, clock.now) == []
    async with database.transaction() as write:
        await presence.seen(write, HOME)
        await presence.release_greeting(write, HOME)
        assert await presence.claim_greeting(write, HOME)
    assert await presence.due(database, 0, clock.now) == []


# How long ---------------------------------------------------------------------------------------------------------


async def test_a_server_keeps_its_pictures_less_long(
    database: Database, pictures: ContentFolder, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "_RETIRE_JOBS", 2)
    old = [await paint(database, pictures, f"old {n}".encode(), guild_id=HOME) for n in range(4)]
    elsewhere = [await paint(database, pictures, f"away {where}".encode(), guild_id=where) for where in (AWAY, None)]
    coming = await paint(database, pictures, b"coming", guild_id=HOME)
    async with database.transaction() as write:
        await images.mark(write, old[1], BOB)
        await write.execute(
            "UPDATE deliveries SET state = 'sent' WHERE job_id NOT IN (SELECT job_id FROM images WHERE id = ?)",
            (coming,),
        )
    clock.now += 86_400
    new = await paint(database, pictures, b"new", guild_id=HOME)
    assert await images.retire_of_guild(database, HOME, 3_600) == 3
    found = await images.of_ids(database, [*old, *elsewhere, coming, new])
    assert [image.id for image in found if image.deleted_at is None] == [old[1], *elsewhere, coming, new]
    assert await images.retire_of_guild(database, HOME, 3_600) == 0
