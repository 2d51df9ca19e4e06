"""What a finished request looks like, with the longest that can be in it."""

from pathlib import Path
from typing import Any

import pytest

from inference.protocol.messages import Generate
from playground import Playground
from tests.bot.delivery.acting import ended
from tests.bot.engines.engines import eventually
from tests.bot.queue.scripted import Scripted
from tests.bot.stage import is_result, labels_of, on_stage, text_of, urls_of

LONGEST = ("**@everyone** <@&1> ```\U0001f308 ||spoiler|| [link](http://x.y) \u202e " * 100)[:6000]


async def painted(
    playground: Playground, folder: Path, options: dict[str, Any], fail: str = "", failures: int = 0
) -> dict[str, Any]:
    """Ask for pictures, let some fail, and return the message at the end."""
    engine = Scripted()
    async with on_stage(playground, folder, engine) as bot:
        await playground.person("ann").command("imagine", options)
        count = options.get("count", 1)
        await eventually(lambda: len(engine.submitted) == count)
        [job] = [job.id for job in bot.rooms.dispatcher.jobs()]
        for number, command in enumerate(engine.submitted):
            assert isinstance(command, Generate)
            if number < failures:
                engine.fail(command, fail)
            else:
                engine.finish(command)
        assert (await ended(bot, job)).state == "sent"
    [message] = playground.messages()
    return message


async def test_the_most_pictures_and_the_longest_prompt(playground: Playground, tmp_path: Path) -> None:
    message = await painted(playground, tmp_path, {"prompt": LONGEST, "count": 8})
    assert len(urls_of(message)) == 8
    assert labels_of(message)[-3:] == ["Again", "Settings", "Delete"]
    assert message["flags"] & (1 << 15), "Components V2"
    assert (message["mentions"], message["mention_roles"], message["mention_everyone"]) == ([], [], False)


async def test_the_settings_are_shown(playground: Playground, tmp_path: Path) -> None:
    message = await painted(playground, tmp_path, {"prompt": "a cat", "seed": 5, "steps": 9, "size": "64x128"})
    for shown in ("clockwork", "9 steps", "seed 5", "64×128", "a cat", playground.person("ann").mention):
        assert shown in text_of(message)


@pytest.mark.parametrize("failures", [1, 2])
async def test_an_engine_of_many_words(playground: Playground, tmp_path: Path, failures: int) -> None:
    options = {"prompt": LONGEST, "count": 2}
    message = await painted(playground, tmp_path, options, fail="Out of range. " * 1000, failures=failures)
    assert "Out of range." in text_of(message)
    assert is_result(message) == (failures == 1)
    assert "Again" in labels_of(message)


async def test_in_the_members_language(playground: Playground, tmp_path: Path) -> None:
    playground.person("ann").user.locale = "de"
    message = await painted(playground, tmp_path, {"prompt": "eine Katze"})
    assert "Schritte" in text_of(message)
    assert labels_of(message)[:4] == ["Vergrößern 2×", "Variieren", "Mehr", "Nochmal"]
