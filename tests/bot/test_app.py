"""The bot's start, what it tells Discord, and its end."""

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import discord
import pytest
from discord.ext import commands

from bot.app import Easel, run_bot
from bot.errors import EaselError, UserError
from bot.logs import JsonFormatter
from bot.settings import Settings
from bot.watchdog import Watchdog
from inference.protocol.messages import JobId
from playground import Playground
from storage import Database, LockedDatabase, NewerDatabase, jobs
from tests.bot.engines.engines import clockwork_inline, eventually, scripted_process
from tests.bot.stage import is_result, on_stage, stage_settings, urls_of


@pytest.fixture
def settings(playground: Playground, tmp_path: Path) -> Settings:
    return stage_settings(playground, tmp_path)


@pytest.fixture(autouse=True)
def discord_stays_where_it_was() -> Iterator[None]:
    base, gateway = discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
    yield
    discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = base, gateway


def syncs(playground: Playground) -> int:
    return sum(exchange.method == "PUT" and "/commands" in exchange.path for exchange in playground.exchanges)


# Start --------------------------------------------------------------------------------------------------------------


async def test_what_discord_tells_after_the_end_is_let_go_by(
    playground: Playground, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave = commands.bot.BotBase.close

    async def told_once_more(bot: Easel) -> None:
        """Be told that all is ready when all is closed, and leave."""
        before = asyncio.all_tasks()
        bot.dispatch("ready")
        # discord.py makes a task of every listener.
        await asyncio.gather(*(asyncio.all_tasks() - before))
        await leave(bot)

    monkeypatch.setattr(commands.bot.BotBase, "close", told_once_more)
    async with on_stage(playground, tmp_path):
        pass
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_a_wrong_token_is_told(settings: Settings) -> None:
    with pytest.raises(UserError, match="DISCORD_TOKEN"):
        await run_bot(settings, clockwork_inline(), "wrong.token.altogether")


async def test_an_address_where_nobody_listens_is_told(settings: Settings) -> None:
    nowhere = settings.model_copy(update={"discord_api": "http://127.0.0.1:9/api/v10"})
    with pytest.raises(EaselError, match="EASEL_DISCORD_API"):
        await run_bot(nowhere, clockwork_inline(), "any")


async def test_an_engine_that_cannot_start_is_told(settings: Settings, playground: Playground) -> None:
    with pytest.raises(EaselError, match="could not start"):
        await run_bot(settings, scripted_process("half_a_ready"), playground.token)


@pytest.mark.parametrize("code", [4013, 4014])
async def test_a_connection_that_discord_refuses_is_told(settings: Settings, playground: Playground, code: int) -> None:
    async def refuse() -> None:
        await eventually(lambda: playground.connected > 0)
        playground.faults.drop_sockets(code)

    refusing = asyncio.create_task(refuse())
    with pytest.raises(EaselError, match=r"intents|4013"):
        await run_bot(settings, clockwork_inline(), playground.token)
    await refusing
    # discord.py leaves the task behind in which it waits for more servers.
    for task in asyncio.all_tasks():
        if "_delay_ready" in repr(task):
            task.cancel()
    await asyncio.sleep(0)


async def test_a_newer_database_is_told_and_left_alone(settings: Settings, playground: Playground) -> None:
    path = settings.data_folder / "easel.sqlite3"
    async with await Database.open(path) as database, database.transaction() as write:
        await write.execute("PRAGMA user_version = 99")
    with pytest.raises(NewerDatabase, match="newer"):
        await run_bot(settings, clockwork_inline(), playground.token)


async def test_a_database_in_use_is_told(settings: Settings, playground: Playground) -> None:
    async with await Database.open(settings.data_folder / "easel.sqlite3"):
        with pytest.raises(LockedDatabase):
            await run_bot(settings, clockwork_inline(), playground.token)


async def test_it_sees_no_more_than_it_needs(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        granted = {name for name, on in bot.intents if on}
    assert granted == {"guilds", "guild_reactions", "dm_reactions"}


async def test_commands_are_told_once_and_again_when_they_change(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        pass
    assert syncs(playground) == 1
    async with on_stage(playground, tmp_path):
        pass
    assert syncs(playground) == 1
    await asyncio.to_thread((tmp_path / "commands.sha256").write_text, "those of another version")
    async with on_stage(playground, tmp_path):
        assert "imagine" in [command["name"] for command in playground.person("ann").commands()]
    assert syncs(playground) == 2


# While it runs ------------------------------------------------------------------------------------------------------


async def test_the_presence_shows_the_queue(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        await eventually(lambda: "/imagine" in str(playground.presence))


async def test_the_health_file_is_written_while_all_is_well(playground: Playground, tmp_path: Path) -> None:
    path = tmp_path / "health" / "file"
    async with on_stage(playground, tmp_path, health_file=str(path)) as bot:
        await asyncio.to_thread(_until_exists, path)
        assert bot.is_well()
        bot.rooms.dispatcher.trouble = "gone"
        assert not bot.is_well()


def _until_exists(path: Path) -> None:
    for _ in range(6000):
        if path.exists():
            return
        time.sleep(0.01)
    raise AssertionError(path)


# End ----------------------------------------------------------------------------------------------------------------


async def test_what_runs_is_finished_at_a_stop(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path, stop_seconds=30.0) as bot:
        await playground.person("ann").command("imagine", {"prompt": "slow", "steps": 20})
        await eventually(lambda: bot.rooms.dispatcher.running == 1)
    assert [is_result(message) for message in playground.messages()] == [True]


async def test_what_does_not_end_in_time_is_parked_and_painted_after_the_next_start(
    playground: Playground, tmp_path: Path
) -> None:
    async with on_stage(playground, tmp_path, stop_seconds=0.0) as bot:
        await playground.person("ann").command("imagine", {"prompt": "slow", "steps": 100, "count": 2})
        await eventually(lambda: bot.rooms.dispatcher.running == 2)
        (job,) = bot.rooms.dispatcher.jobs()
    assert not any(map(is_result, playground.messages()))
    async with await Database.open(tmp_path / "easel.sqlite3") as database:
        units = await jobs.units_of(database, JobId(job.id))
        assert [(unit.state, unit.attempts) for unit in units] == [("waiting", 0)] * 2
    async with on_stage(playground, tmp_path):
        await playground.until(lambda: any(map(is_result, playground.messages())), 60)
    (message,) = playground.messages()
    assert len(urls_of(message)) == 2


# Logs and the watchdog ----------------------------------------------------------------------------------------------


def test_a_line_for_programs_names_the_job() -> None:
    record = logging.LogRecord("easel.queue", logging.INFO, __file__, 1, "job=%s ended", ("0" * 32,), None)
    line = json.loads(JsonFormatter().format(record))
    assert line["job"] == "0" * 32
    assert (line["level"], line["logger"], line["message"]) == ("info", "easel.queue", f"job={'0' * 32} ended")


async def test_the_watchdog_says_what_held_the_loop_up(caplog: pytest.LogCaptureFixture) -> None:
    # A busy machine holds every loop up for a while.
    watchdog = Watchdog(limit_seconds=1.0)
    watchdog.start()
    try:
        await asyncio.sleep(0.3)
        assert watchdog.longest == 0
        with contextlib.suppress(StopIteration):
            _hold_up(3.0)
        await eventually(lambda: watchdog.longest > 0)
    finally:
        watchdog.stop()
    assert "_hold_up" in caplog.text


def _hold_up(seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass
