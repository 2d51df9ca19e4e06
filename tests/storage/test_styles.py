"""Styles: members' own, and what they gave to guilds."""

import asyncio
from typing import Any

import msgspec
import pytest

from inference.protocol.limits import OutOfRange
from storage import ContentFolder, Database, members, styles
from storage.styles import NameTaken, NewStyle, StyleSettings, TooManyStyles
from tests.storage.samples import GUILD, MEMBER, OTHER_MEMBER

EVERY = StyleSettings(steps=30, guidance=6.5, sampler="Euler a", size="3:2", model="shapes")


def new(name: str = "Noir", **changes: Any) -> NewStyle:
    return NewStyle(**{"member_id": MEMBER, "guild_id": None, "name": name, "prompt": "film noir"} | changes)


async def add(database: Database, style: NewStyle) -> styles.StoredStyle:
    async with database.transaction() as write:
        return await styles.add(write, style)


async def names(database: Database) -> list[str]:
    return [style.name for style in await styles.all(database)]


async def test_what_was_written_is_read(database: Database) -> None:
    own = await add(database, new(negative_prompt="colour", settings=EVERY))
    given = await add(database, new("ink", guild_id=GUILD))
    assert await styles.all(database) == [own, given]
    assert await styles.of_member(database, MEMBER) == [own]
    assert await styles.of_guild(database, GUILD) == [given]
    assert await styles.given_by(database, MEMBER) == [given]
    assert (own.settings, own.negative_prompt, own.guild_id) == (EVERY, "colour", None)
    assert await styles.of_member(database, OTHER_MEMBER) == await styles.of_guild(database, GUILD + 1) == []


async def test_lists_are_by_name(database: Database) -> None:
    for name in ("b", "C", "a"):
        await add(database, new(name))
        await add(database, new(name, guild_id=GUILD))
    for found in (await styles.of_member(database, MEMBER), await styles.of_guild(database, GUILD)):
        assert [style.name for style in found] == ["a", "b", "C"]


@pytest.mark.parametrize("again", ["noir", "NOIR", " noir ", "nOIR"])
async def test_a_name_is_there_once_however_it_is_written(database: Database, again: str) -> None:
    await add(database, new())
    with pytest.raises(NameTaken):
        await add(database, new(again))
    await add(database, new(again, member_id=OTHER_MEMBER))
    await add(database, new(again, guild_id=GUILD))
    with pytest.raises(NameTaken):
        await add(database, new(again, guild_id=GUILD, member_id=OTHER_MEMBER))
    assert len(await names(database)) == 3


def test_names_are_compared_composed_and_without_case() -> None:
    assert styles.folded("Cafe\u0301  ART") == styles.folded("CAFÉ art") == "café art"
    assert styles.folded("Straße") == styles.folded("STRASSE")


async def test_of_two_at_once_one_has_the_name(database: Database) -> None:
    outcomes = await asyncio.gather(*(add(database, new()) for _ in range(3)), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NameTaken", "NameTaken", "StoredStyle"]


async def test_nobody_has_more_than_may_be(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(styles, "MAX_OF_MEMBER", 2)
    monkeypatch.setattr(styles, "MAX_OF_GUILD", 3)
    for owner, most in (({}, 2), ({"guild_id": GUILD}, 3)):
        for number in range(most):
            await add(database, new(str(number), **owner))
        with pytest.raises(TooManyStyles):
            await add(database, new("one more", **owner))
    await add(database, new("another's", member_id=OTHER_MEMBER))
    assert await styles.count(database, MEMBER, None) == 2
    assert await styles.count(database, OTHER_MEMBER, None) == 1
    assert await styles.count(database, MEMBER, GUILD) == await styles.count(database, 0, GUILD) == 3


async def test_a_style_is_changed_and_deleted(database: Database) -> None:
    style = await add(database, new(settings=EVERY))
    other = await add(database, new("ink"))
    changed = msgspec.structs.replace(style, name="NOIR", prompt="x", settings=StyleSettings(steps=5))
    async with database.transaction() as write:
        assert await styles.change(write, changed)
    assert await styles.all(database) == [changed, other]
    with pytest.raises(NameTaken):
        async with database.transaction() as write:
            await styles.change(write, msgspec.structs.replace(changed, name="Ink"))
    async with database.transaction() as write:
        assert await styles.remove(write, style.id)
        assert not await styles.remove(write, style.id)
        assert not await styles.change(write, changed)
    assert await styles.all(database) == [other]


@pytest.mark.parametrize("text", ["{", '{"steps": "many"}', '{"steps": 100000}', "[]"])
async def test_settings_that_cannot_be_read_choose_nothing(database: Database, text: str) -> None:
    await add(database, new(settings=EVERY))
    async with database.transaction() as write:
        await write.execute("UPDATE styles SET settings = ?", (text,))
    assert [style.settings for style in await styles.all(database)] == [StyleSettings()]


async def test_what_a_newer_version_wrote_beside_is_passed_over(database: Database) -> None:
    await add(database, new())
    async with database.transaction() as write:
        await write.execute("""UPDATE styles SET settings = '{"steps": 5, "mood": "merry"}'""")
    assert [style.settings for style in await styles.all(database)] == [StyleSettings(steps=5)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "x" * 81},
        {"prompt": "x" * 6001},
        {"negative_prompt": "x" * 6001},
        {"prompt": "\ud800"},
    ],
)
def test_what_no_style_can_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(OutOfRange):
        new(**{"name": "x"} | wrong)


@pytest.mark.parametrize(
    "wrong", [{"steps": 0}, {"steps": 501}, {"guidance": -1}, {"guidance": float("nan")}, {"sampler": "x" * 201}]
)
def test_settings_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(OutOfRange):
        StyleSettings(**wrong)


def test_settings_of_one_before_those_of_another() -> None:
    first = StyleSettings(steps=5, guidance=0.0)
    assert first.over(EVERY) == StyleSettings(steps=5, guidance=0.0, sampler="Euler a", size="3:2", model="shapes")
    assert StyleSettings().over(EVERY) == EVERY


async def test_everything_about_a_member_is_handed_out_and_what_is_the_guilds_stays(
    database: Database, pictures: ContentFolder
) -> None:
    own, given = await add(database, new(settings=EVERY)), await add(database, new("ink", guild_id=GUILD))
    theirs = await add(database, new(member_id=OTHER_MEMBER))
    export = (await members.export(database, pictures, MEMBER)).data["styles"]
    assert [(style["name"], style.get("guild_id")) for style in export] == [("Noir", None), ("ink", GUILD)]
    assert export[0]["settings"]["sampler"] == "Euler a"
    async with database.transaction() as write:
        await members.delete(write, MEMBER)
    assert (await members.export(database, pictures, MEMBER)).data["styles"] == []
    assert await styles.all(database) == [msgspec.structs.replace(given, member_id=0), theirs]
    assert own.name not in [style.name for style in await styles.of_guild(database, GUILD)]
    # Somebody else who leaves does not disturb what is nobody's already.
    async with database.transaction() as write:
        await members.delete(write, OTHER_MEMBER)
    assert await names(database) == ["ink"]
