"""What is kept about a member: defaults, weight, usage; handed out whole and deleted whole."""

import json

import msgspec
import pytest

from inference.protocol.limits import OutOfRange
from storage import ContentFolder, Database, UnreadableRow, disposal, guilds, images, jobs, members, usage
from storage.deliveries import NewDelivery
from storage.members import Defaults
from tests.storage.samples import (
    GUILD,
    MEMBER,
    OTHER_MEMBER,
    START,
    StandingClock,
    add_job,
    claim,
    finish,
    from_picture,
    paint,
)


async def test_defaults_and_weight(database: Database) -> None:
    assert await members.defaults(database, MEMBER) == Defaults()
    assert await members.weight(database, MEMBER) == 1
    chosen = Defaults(model="shapes", width=64, height=128, count=4, private=True, locale="de")
    async with database.transaction() as write:
        await members.set_defaults(write, MEMBER, chosen)
        await members.set_weight(write, MEMBER, 2.5)
        await members.set_weight(write, OTHER_MEMBER, 0.5)
    assert await members.defaults(database, MEMBER) == chosen
    assert await members.weight(database, MEMBER) == 2.5
    assert await members.defaults(database, OTHER_MEMBER) == Defaults()
    async with database.transaction() as write:
        await members.set_defaults(write, MEMBER, Defaults())
    assert await members.weight(database, MEMBER) == 2.5


async def test_those_of_everybody(database: Database) -> None:
    async with database.transaction() as write:
        await members.set_defaults(write, MEMBER, Defaults(count=4))
        await members.set_defaults(write, OTHER_MEMBER, Defaults())
        await members.set_weight(write, OTHER_MEMBER, 0.5)
        await members.set_defaults(write, 7, Defaults(count=2))
        await write.execute("UPDATE members SET defaults = 'nonsense' WHERE id = 7")
    assert await members.all_defaults(database) == {MEMBER: Defaults(count=4)}
    assert await members.weights(database) == {OTHER_MEMBER: 0.5}


@pytest.mark.parametrize(
    "wrong",
    [
        {"count": 0},
        {"count": 65},
        {"width": 64},
        {"width": 65, "height": 64},
        {"model": "x" * 201},
        {"locale": "x" * 36},
    ],
)
def test_defaults_that_no_recipe_could_have_are_refused(wrong: dict) -> None:
    with pytest.raises(OutOfRange):
        Defaults(**wrong)


@pytest.mark.parametrize("wrong", [0, -1, 101, float("nan")])
async def test_a_weight_out_of_range_is_refused(database: Database, wrong: float) -> None:
    async with database.transaction() as write:
        with pytest.raises(OutOfRange, match="weight"):
            await members.set_weight(write, MEMBER, wrong)


@pytest.mark.parametrize("text", ["{", '{"count": "many"}', '{"count": 1000}'])
async def test_defaults_that_cannot_be_read_have_their_words(database: Database, text: str) -> None:
    async with database.transaction() as write:
        await write.execute("INSERT INTO members (id, defaults, updated_at) VALUES (?, ?, 0)", (MEMBER, text))
    with pytest.raises(UnreadableRow, match=rf"defaults of member {MEMBER} cannot be read .* mends it"):
        await members.defaults(database, MEMBER)


async def test_what_a_newer_version_wrote_beside_is_passed_over(database: Database) -> None:
    async with database.transaction() as write:
        text = '{"count": 2, "mood": "merry"}'
        await write.execute("INSERT INTO members (id, defaults, updated_at) VALUES (?, ?, 0)", (MEMBER, text))
    assert await members.defaults(database, MEMBER) == Defaults(count=2)


async def test_everything_about_a_member_is_handed_out(database: Database, pictures: ContentFolder) -> None:
    kept = await paint(database, pictures, b"kept")
    deleted = await paint(database, pictures, b"deleted")
    theirs = await paint(database, pictures, b"theirs", member_id=OTHER_MEMBER)
    await add_job(database, NewDelivery(channel_id=1, token="secret"))
    async with database.transaction() as write:
        await images.delete(write, [deleted])
        await images.mark(write, theirs, MEMBER)
        await members.set_defaults(write, MEMBER, Defaults(count=2))
    export = await members.export(database, pictures, MEMBER)
    assert [path.read_bytes() for path in export.pictures] == [b"kept"]
    data = json.loads(json.dumps(export.data))
    assert [image["id"] for image in data["images"]] == [kept, deleted]
    assert [job["recipe"]["prompt"] for job in data["jobs"]] == ["a red circle"] * 3
    assert len(data["deliveries"]) == 3
    assert data["favourites"] == [{"image_id": theirs, "marked_at": START}]
    assert (data["member"], data["defaults"], data["weight"]) == (MEMBER, {"count": 2}, 1.0)
    assert data["usage"][0]["pictures"] == 2
    assert "secret" not in json.dumps(data)


async def test_an_export_of_nobody(database: Database, pictures: ContentFolder) -> None:
    export = await members.export(database, pictures, 12345)
    assert export.pictures == []
    assert export.data["jobs"] == []


async def test_an_export_is_whole_whatever_the_page(
    database: Database, pictures: ContentFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(members, "_PAGE", 2)
    for number in range(5):
        await paint(database, pictures, str(number).encode())
    export = await members.export(database, pictures, MEMBER)
    assert [len(export.data[part]) for part in ("jobs", "images", "deliveries")] == [5, 5, 5]
    assert len(export.pictures) == 5


async def test_everything_about_a_member_is_deleted_and_nothing_else(
    database: Database, pictures: ContentFolder, inputs: ContentFolder
) -> None:
    mine, shared = await paint(database, pictures, b"mine"), await paint(database, pictures, b"shared")
    theirs = await paint(database, pictures, b"shared", member_id=OTHER_MEMBER)
    async with inputs.keep(b"a source") as (source,):
        unfinished = await add_job(database, recipe=from_picture(source))
    await claim(database, unfinished, 0)
    async with database.transaction() as write:
        await members.set_defaults(write, MEMBER, Defaults(count=2))
        await images.mark(write, theirs, MEMBER)
        await images.mark(write, mine, OTHER_MEMBER)
    async with database.transaction() as write:
        assert await members.delete(write, MEMBER) == [unfinished]
    assert await finish(database, pictures, unfinished, content=b"late") is None
    await disposal.sweep(database, pictures, inputs)

    export = await members.export(database, pictures, MEMBER)
    assert [part for part in ("jobs", "images", "deliveries", "favourites", "usage") if export.data[part]] == []
    assert await members.defaults(database, MEMBER) == Defaults()
    for table in ("units", "deliveries", "images"):
        assert len(await database.fetch_all(f"SELECT * FROM {table}")) == 1
    for table in ("inputs", "favourites", "doomed_files", "members"):
        assert await database.fetch_all(f"SELECT * FROM {table}") == []
    there = [path for path in pictures.root.rglob("*") if path.is_file()]
    assert [path.read_bytes() for path in there] == [b"shared"]
    assert await inputs.read(source) is None
    assert (await jobs.count_of_member(database, MEMBER)) == jobs.Counts()
    assert {(used.member_id, used.pictures) for used in await usage.of_guild(database, GUILD)} == {
        (0, 2),
        (OTHER_MEMBER, 1),
    }
    assert shared != theirs


async def test_the_settings_of_a_guild(database: Database) -> None:
    assert await guilds.settings(database, GUILD) == guilds.Settings()
    chosen = guilds.Settings(
        models={"shapes": guilds.ModelRule()},
        channels=(2**60,),
        role_weights={2**61: 2.0},
        waiting=5,
        allow_private=False,
    )
    async with database.transaction() as write:
        await guilds.set_settings(write, GUILD, chosen)
    assert await guilds.settings(database, GUILD) == chosen
    async with database.transaction() as write:
        await guilds.delete(write, GUILD)
    assert await guilds.settings(database, GUILD) == guilds.Settings()


@pytest.mark.parametrize(
    "wrong", [{"waiting": -1}, {"role_weights": {1: 0}}, {"models": dict.fromkeys(map(str, range(201)))}]
)
def test_settings_out_of_range_are_refused(wrong: dict) -> None:
    with pytest.raises(OutOfRange):
        guilds.Settings(**wrong)


async def test_settings_that_cannot_be_read_have_their_words(database: Database) -> None:
    async with database.transaction() as write:
        await write.execute("INSERT INTO guilds (id, settings, updated_at) VALUES (?, '[]', 0)", (GUILD,))
    with pytest.raises(UnreadableRow, match=f"settings of guild {GUILD}"):
        await guilds.settings(database, GUILD)


async def test_usage_by_day_and_guild(database: Database, clock: StandingClock) -> None:
    async with database.transaction() as write:
        await usage.add(write, MEMBER, GUILD, gpu_seconds=1.5, pictures=1)
        await usage.add(write, MEMBER, GUILD, gpu_seconds=2, pictures=2)
        await usage.add(write, MEMBER, None, gpu_seconds=4)
    clock.now += 24 * 3600
    async with database.transaction() as write:
        await usage.add(write, MEMBER, GUILD, pictures=1)
        await usage.add(write, OTHER_MEMBER, GUILD, pictures=1)
    found = [msgspec.structs.astuple(used) for used in await usage.of_member(database, MEMBER)]
    assert found == [
        (MEMBER, None, "2026-01-01", 4, 0),
        (MEMBER, GUILD, "2026-01-01", 3.5, 3),
        (MEMBER, GUILD, "2026-01-02", 0, 1),
    ]
    today = usage.day_of(clock.now)
    assert [used.member_id for used in await usage.of_guild(database, GUILD, today)] == [MEMBER, OTHER_MEMBER]
    assert len(await usage.of_member(database, MEMBER, since=today)) == 1


async def test_usage_outlives_the_pictures(database: Database, pictures: ContentFolder) -> None:
    image_id = await paint(database, pictures)
    async with database.transaction() as write:
        await images.delete(write, [image_id])
    assert [used.pictures for used in await usage.of_member(database, MEMBER)] == [1]
