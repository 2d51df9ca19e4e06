"""Whenever the bot dies, what was written down comes out once after the next start."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, cast

import pytest

from playground import Playground
from playground.invocations import Invocation
from storage import Database, images
from tests.bot.delivery.acting import (
    FOURTEEN_MINUTES,
    NOTHING,
    HeldEngine,
    ask,
    ended,
    left_behind,
    results,
    results_to,
    until_idle,
)
from tests.bot.delivery.death import Death, mortal
from tests.bot.engines.engines import eventually
from tests.bot.stage import is_result, on_stage, urls_of

_MOST_STEPS = 60


async def jobs_in(folder: Path) -> int:
    async with await Database.open(folder / "easel.sqlite3") as database:
        return len(await database.fetch_all("SELECT id FROM jobs"))


async def finish_all(playground: Playground, folder: Path) -> None:
    """Start the bot again, and stop it when nothing is to come."""
    async with on_stage(playground, folder) as bot:
        await eventually(lambda: not bot.rooms.dispatcher.jobs())
        await until_idle(bot)


# At every step ------------------------------------------------------------------------------------------------------


async def test_a_death_at_any_step_from_the_command_to_the_result(playground: Playground, tmp_path: Path) -> None:
    """Only the request whose job was not written comes to nothing, and of that Discord says that nobody answered."""
    without_job, number = [], 0
    for number in range(1, _MOST_STEPS):
        folder, channel = tmp_path / str(number), f"channel-{number}"
        playground.world.find_channel("general").guild.channel(channel)  # type: ignore[union-attr]
        death = Death(number)
        with mortal(death):
            async with on_stage(playground, folder, stop_seconds=0.0) as bot:
                # What it writes of its servers when it comes is no step of a request.
                await cast(Any, bot.get_cog("Servers")).looked.wait()
                death.arm()
                asked = await playground.person("ann").command(
                    "imagine", {"prompt": "a red circle", "count": 2}, channel=channel
                )
                came = asyncio.create_task(death.came.wait())
                done = asyncio.create_task(playground.until(lambda: results(playground, channel)))  # noqa: B023
                await asyncio.wait({came, done}, return_when=asyncio.FIRST_COMPLETED)
                # The last write comes after the result is seen.
                over = asyncio.create_task(until_idle(bot))
                if done.done():
                    await asyncio.wait({came, over}, return_when=asyncio.FIRST_COMPLETED)
                for task in (came, done, over):
                    task.cancel()
                await asyncio.gather(came, done, over, return_exceptions=True)
                death.bury()
        if not await jobs_in(folder):
            without_job.append(death.steps[-1])
            assert not asked.acknowledged
            continue
        await finish_all(playground, folder)
        [message] = playground.messages(channel)
        assert is_result(message), death.steps
        assert len(urls_of(message)) == 2, death.steps
        assert await left_behind(folder) == NOTHING, death.steps
        if not death.came.is_set():
            break
    assert without_job == ["before a write"]
    assert len(death.steps) >= 12
    assert number < _MOST_STEPS - 1, "the sweep came to its end"


@pytest.mark.parametrize("way", ["channel", "direct"])
async def test_a_death_at_any_step_of_the_sending(playground: Playground, tmp_path: Path, way: str) -> None:
    """On restart it is found whether it was sent."""
    for number in range(1, _MOST_STEPS):
        folder, who = tmp_path / str(number), f"member {number}"
        death, engine = Death(number), HeldEngine()
        before = len(results(playground))
        with mortal(death):
            async with on_stage(playground, folder, engine, stop_seconds=0.0) as bot:
                _, job = await ask(playground, bot, {"private": way == "direct"}, who=who)
                playground.clock.advance(FOURTEEN_MINUTES)
                death.arm()
                engine.gate.set()
                over = asyncio.create_task(ended(bot, job))
                came = asyncio.create_task(death.came.wait())
                await asyncio.wait({came, over}, return_when=asyncio.FIRST_COMPLETED)
                for task in (came, over):
                    task.cancel()
                await asyncio.gather(came, over, return_exceptions=True)
                death.bury()
        await finish_all(playground, folder)
        public, direct = len(results(playground)) - before, len(results_to(playground, who))
        assert (public, direct) == ((0, 1) if way == "direct" else (1, 0)), death.steps
        assert await left_behind(folder) == NOTHING, death.steps
        if not death.came.is_set():
            break
    assert len(death.steps) >= 6
    assert number < _MOST_STEPS - 1, "the sweep came to its end"


async def test_what_is_found_sent_is_not_taken_for_what_showed_how_it_went(
    playground: Playground, tmp_path: Path
) -> None:
    """Both name the job, and both are the bot's own."""
    engine = HeldEngine()
    async with on_stage(playground, tmp_path, engine, stop_seconds=0.0) as bot:
        await ask(playground, bot)
    playground.clock.advance(FOURTEEN_MINUTES)
    playground.faults.fail("POST", "/channels", status=0)
    async with on_stage(playground, tmp_path) as bot:
        await eventually(lambda: not bot.rooms.dispatcher.jobs())
        await until_idle(bot)
    assert [is_result(message) for message in playground.messages()] == [True]


async def test_a_result_behind_many_messages_is_found(playground: Playground, tmp_path: Path) -> None:
    """Discord forgets a nonce soon; then the channel tells."""
    engine, death = HeldEngine(), Death(0)
    with mortal(death):
        async with on_stage(playground, tmp_path, engine, stop_seconds=0.0) as bot:
            await ask(playground, bot)
            playground.clock.advance(FOURTEEN_MINUTES)
            death.at = 4  # the write of the picture, and the request
            death.arm()
            engine.gate.set()
            await death.came.wait()
            death.bury()
    assert death.steps[-1] == "after POST"
    for number in range(120):
        await playground.person("bob").send("general", f"message {number}")
    await finish_all(playground, tmp_path)
    assert len(results(playground)) == 1


async def test_a_graceful_stop_loses_nothing(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path, HeldEngine(), stop_seconds=0.0) as bot:
        for who in ("ann", "bob", "carol"):
            await ask(playground, bot, {"count": 2}, who=who)
    await finish_all(playground, tmp_path)
    assert [len(urls_of(message)) for message in playground.messages()] == [2, 2, 2]
    assert await left_behind(tmp_path) == NOTHING


# With SIGKILL -------------------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def killed(playground: Playground, folder: Path) -> AsyncIterator[None]:
    """Run a bot in a process of its own, and kill it at the end of the block."""
    arguments = (str(folder), playground.api, playground.gateway, playground.token)
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.bot.delivery.runner", *arguments)
    try:
        connections = len(playground.events)
        await playground.until(
            lambda: any(event["t"] == "READY" for event in list(playground.events)[connections:]), 60
        )
        await playground.until(lambda: playground.connected == 1)
        yield
        assert process.returncode is None, "it died by itself"
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def test_a_killed_process_loses_nothing(playground: Playground, tmp_path: Path) -> None:
    asked: list[Invocation] = []

    async def ask_for(options: dict[str, Any], seen: Callable[[Invocation], object]) -> None:
        invocation = await playground.person("ann").command("imagine", {"seed": 7} | options)
        asked.append(invocation)
        await playground.until(lambda: seen(invocation), 30)

    async with killed(playground, tmp_path):
        await ask_for({"prompt": "slow", "steps": 30}, lambda each: each.response.kind == "message")
    async with killed(playground, tmp_path):
        # The first is being painted for the second time, and this one as well.
        await ask_for({"prompt": "slow", "steps": 12}, lambda each: each.messages and urls_of(each.messages[0]))
    async with killed(playground, tmp_path):
        await ask_for({"prompt": "swift"}, lambda each: any(map(is_result, each.messages)))
    async with on_stage(playground, tmp_path) as bot:
        await playground.until(lambda: len(results(playground)) == 3, 30)
        await until_idle(bot)
        found = await bot.rooms.database.fetch_all("SELECT id FROM jobs")
        assert [len(await images.of_job(bot.rooms.database, row["id"])) for row in found] == [1, 1, 1]
    assert [is_result(each.messages[0]) for each in asked] == [True, True, True]
    assert len(playground.messages()) == 3
    assert await left_behind(tmp_path) == NOTHING
