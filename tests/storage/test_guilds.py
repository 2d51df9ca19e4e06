"""The settings of all guilds at once."""

import pytest

from inference.protocol.limits import OutOfRange
from storage import Database, guilds
from storage.guilds import MAX_NEGATIVE_CHARACTERS, Settings
from tests.storage.samples import GUILD


async def test_those_of_every_guild(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    chosen = Settings(negative_prompt="blurry", max_waiting=5)
    async with database.transaction() as write:
        await guilds.set_settings(write, GUILD, chosen)
        await guilds.set_settings(write, 7, Settings())
        for number, text in ((8, "nonsense"), (9, '{"negative_prompt": 5}'), (10, '{"max_waiting": -1}')):
            await guilds.set_settings(write, number, Settings())
            await write.execute("UPDATE guilds SET settings = ? WHERE id = ?", (text, number))
    assert await guilds.all_settings(database) == {7: Settings(), GUILD: chosen}
    assert [number for number in range(20) if f"settings of guild {number} cannot be read" in caplog.text] == [8, 9, 10]


@pytest.mark.parametrize("wrong", ["x" * (MAX_NEGATIVE_CHARACTERS + 1), "half a pair: \ud83e"])
def test_a_negative_prompt_that_cannot_be(wrong: str) -> None:
    with pytest.raises(OutOfRange, match="negative prompt"):
        Settings(negative_prompt=wrong)
