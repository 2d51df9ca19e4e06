"""The worker process dies under its work: the same pictures come all the same, and a deadly one is given up."""

from pathlib import Path

import pytest

from bot.app import Easel
from bot.queue.endings import MOST_ATTEMPTS
from playground import Playground
from storage import images
from tests.bot.delivery.acting import NOTHING, hurry, left_behind, results, until_idle
from tests.bot.engines.engines import clockwork_process, eventually
from tests.bot.stage import is_result, on_stage, text_of, urls_of


async def hashes(bot: Easel) -> list[list[str]]:
    """Return what the pictures of each job hold, oldest job first."""
    rows = await bot.rooms.database.fetch_all("SELECT id FROM jobs ORDER BY sequence")
    return [[image.hash for image in await images.of_job(bot.rooms.database, row["id"])] for row in rows]


async def test_a_killed_worker_paints_the_same_pictures_again(playground: Playground, tmp_path: Path) -> None:
    engine = clockwork_process()
    async with on_stage(playground, tmp_path, engine) as bot:
        ann = playground.person("ann")
        wish = {"prompt": "slow", "steps": 20, "seed": 11, "count": 2}
        await ann.command("imagine", wish)
        await playground.until(lambda: len(results(playground)) == 1, 60)
        invocation = await ann.command("imagine", wish)
        dispatcher = bot.rooms.dispatcher
        await eventually(lambda: any(flight.share > 0 for flight in dispatcher.board.flights.values()))
        assert engine.kill()
        await playground.until(lambda: any(map(is_result, invocation.messages)), 60)
        await until_idle(bot)
        first, second = await hashes(bot)
        assert first == second
        assert len(set(first)) == 2
        rows = await bot.rooms.database.fetch_all("SELECT attempts FROM jobs ORDER BY sequence")
        assert [row["attempts"] for row in rows] == [0, 1]
    assert [len(urls_of(message)) for message in playground.messages()] == [2, 2]
    assert await left_behind(tmp_path) == NOTHING


@pytest.mark.parametrize("deadly", ["exit@2"])
async def test_a_deadly_picture_is_given_up_and_the_others_are_painted(
    playground: Playground, tmp_path: Path, deadly: str
) -> None:
    async with on_stage(playground, tmp_path, clockwork_process()) as bot:
        hurry(bot)
        poison = await playground.person("bob").command("imagine", {"prompt": deadly, "steps": 6})
        others = [
            await playground.person(who).command("imagine", {"prompt": "a red circle", "steps": 6})
            for who in ("ann", "carol")
        ]
        await playground.until(lambda: all(any(map(is_result, each.messages)) for each in others), 60)
        await playground.until(lambda: str(MOST_ATTEMPTS) in text_of(poison.messages[0]), 60)
        await until_idle(bot)
        assert not any(map(is_result, poison.messages))
        assert "died" in text_of(poison.messages[0])
    assert len(playground.messages()) == 3
    assert await left_behind(tmp_path) == NOTHING
