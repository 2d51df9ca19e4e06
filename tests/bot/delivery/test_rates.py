"""Discord's rates, as they are: nothing that is shown meanwhile costs a refusal."""

from pathlib import Path

import pytest

from playground import Playground, PlaygroundSettings
from tests.bot.delivery.acting import NOTHING, HeldEngine, left_behind, results, until_idle
from tests.bot.stage import is_result, on_stage


@pytest.fixture
def playground_settings() -> PlaygroundSettings:
    return PlaygroundSettings(rate_limits=True)


async def test_many_requests_keep_to_the_rates(playground: Playground, tmp_path: Path) -> None:
    # They begin together, however long they take to be asked for.
    engine = HeldEngine()
    async with on_stage(playground, tmp_path, engine) as bot:
        for number in range(6):
            await playground.person(f"member {number}").command("imagine", {"prompt": "slow", "steps": 5})
        engine.gate.set()
        await playground.until(lambda: len(results(playground)) == 6, 60)
        await until_idle(bot)
    edits = [each for each in playground.exchanges if each.method == "PATCH"]
    assert [each for each in playground.exchanges if each.status == 429] == []
    assert len(edits) > 12, "there was something to see before the results"
    assert all(map(is_result, playground.messages()))
    assert await left_behind(tmp_path) == NOTHING
