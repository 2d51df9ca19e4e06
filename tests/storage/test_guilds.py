"""The settings of all guilds at once, and what they cannot be."""

from typing import Any

import pytest

from inference.protocol.limits import MAX_IMAGE_PIXELS, OutOfRange
from storage import Database, guilds
from storage.guilds import MAX_NEGATIVE_CHARACTERS, Limits, Quota, Settings
from tests.storage.samples import GUILD

PRESS = '{"press": "nobody"}'


async def test_those_of_every_guild(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    chosen = Settings(
        negative_prompt="blurry",
        waiting=5,
        press="roles",
        press_roles=(1 << 60, 2),
        limits=Limits(upscale=2, upscale_pixels=MAX_IMAGE_PIXELS),
    )
    async with database.transaction() as write:
        await guilds.set_settings(write, GUILD, chosen)
        await guilds.set_settings(write, 7, Settings())
        for number, text in ((8, "nonsense"), (9, '{"negative_prompt": 5}'), (10, '{"waiting": -1}'), (11, PRESS)):
            await guilds.set_settings(write, number, Settings())
            await write.execute("UPDATE guilds SET settings = ? WHERE id = ?", (text, number))
    assert await guilds.all_settings(database) == {7: Settings(), GUILD: chosen}
    assert [number for number in range(20) if f"settings of guild {number} cannot be read" in caplog.text] == [
        8,
        9,
        10,
        11,
    ]


@pytest.mark.parametrize("wrong", ["x" * (MAX_NEGATIVE_CHARACTERS + 1), "half a pair: \ud83e"])
def test_a_negative_prompt_that_cannot_be(wrong: str) -> None:
    with pytest.raises(OutOfRange, match="negative prompt"):
        Settings(negative_prompt=wrong)


@pytest.mark.parametrize(
    ("field", "wrong", "words"),
    [
        ("press", "nobody", "who may press"),
        ("press_roles", tuple(range(26)), "at most 25 roles"),
        ("add_adapters", "admins", "who may bring adapters"),
        ("adapter_roles", tuple(range(26)), "roles that may bring adapters"),
        ("train", "author", "who may train"),
        ("train_roles", tuple(range(26)), "roles that may train"),
        ("adapter_quotas", dict.fromkeys(range(26)), "roles that have a quota"),
    ],
)
def test_what_servers_cannot_allow(field: str, wrong: Any, words: str) -> None:
    with pytest.raises(OutOfRange, match=words):
        Settings(**{field: wrong})
    assert Settings(press_roles=tuple(range(25)), train_roles=tuple(range(25))).press == "everyone"


@pytest.mark.parametrize(
    ("field", "wrong", "words"),
    [
        ("upscale", 3, "1, 2 or 4"),
        ("upscale", 0, "1, 2 or 4"),
        ("upscale_pixels", MAX_IMAGE_PIXELS + 1, "pixels of a picture made larger"),
        ("upscale_pixels", 0, "pixels of a picture made larger"),
        ("steps", 0, "steps"),
        ("daily_seconds", float("inf"), "daily seconds"),
        ("weekly_pictures", -1, "weekly pictures"),
    ],
)
def test_what_limits_cannot_be(field: str, wrong: Any, words: str) -> None:
    with pytest.raises(OutOfRange, match=words):
        Limits(**{field: wrong})


async def test_who_may_train_is_kept_and_is_nobody_until_it_is_said(database: Database) -> None:
    chosen = Settings(train="roles", train_roles=(2**60, 3))
    async with database.transaction() as write:
        await guilds.set_settings(write, GUILD, chosen)
        await guilds.set_settings(write, 7, Settings())
        await write.execute('UPDATE guilds SET settings = \'{"add_adapters": "everyone"}\' WHERE id = 7')
    assert await guilds.settings(database, GUILD) == chosen
    assert (await guilds.settings(database, 7)).train == "nobody", "of a server that was set up before there was a rule"


async def test_quotas_of_adapters_are_kept(database: Database) -> None:
    chosen = Settings(
        add_adapters="roles",
        adapter_roles=(2**60,),
        approve_adapters=True,
        adapter_quota=Quota(3, 10**9),
        adapter_quotas={2**61: Quota(0, 0), 7: Quota(10_000, 10**12)},
    )
    async with database.transaction() as write:
        await guilds.set_settings(write, GUILD, chosen)
    assert await guilds.settings(database, GUILD) == chosen


@pytest.mark.parametrize("wrong", [(-1, 0), (10_001, 0), (0, -1), (0, 10**12 + 1)])
def test_what_no_quota_can_be(wrong: tuple[int, int]) -> None:
    with pytest.raises(OutOfRange):
        Quota(*wrong)
