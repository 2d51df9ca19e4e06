"""The playground as a process of its own, driven over HTTP by a program that is not it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest

from playground.__main__ import main
from tests.playground.conftest import Bot, logged_in

Process = subprocess.Popen[str]


class Place:
    """Where a playground of another process is, as tests of this one need it."""

    def __init__(self, places: dict[str, str]) -> None:
        self.api, self.gateway, self.token = places["api"], places["gateway"], places["token"]


@pytest.fixture
def processes() -> Iterator[list[Process]]:
    started: list[Process] = []
    yield started
    for process in started:
        process.kill()
        process.communicate()


def _start(processes: list[Process], *arguments: str) -> tuple[Process, dict[str, Any]]:
    """Start a process, and return it with what it said when it was ready."""
    command = [sys.executable, "-W", "error", "-m", "playground", *arguments]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    processes.append(process)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.communicate()[1]
    return process, json.loads(line)


def _end(process: Process) -> tuple[int, str, str]:
    out, errors = process.communicate(timeout=60)
    return process.returncode, out, errors


async def _get(url: str) -> Any:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return await response.json()


async def test_a_bot_and_a_person_meet_in_another_process(processes: list[Process], bot: Bot) -> None:
    @bot.tree.command(description="Says hello")
    async def hello(interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"hello {interaction.user.name}")

    process, places = await asyncio.to_thread(
        _start, processes, "--guild", "Studio", "--person", "ann", "--person", "bob", "--until-stdin-closes"
    )
    assert set(places) == {"api", "gateway", "token", "control", "url"}
    async with logged_in(bot, Place(places)):  # type: ignore[arg-type]
        await bot.tree.sync()
        task = asyncio.create_task(bot.connect())
        await asyncio.wait_for(bot.wait_until_ready(), 60)
        assert [guild.name for guild in bot.guilds] == ["Studio"]
        people = [person["name"] for person in await _get(places["control"] + "/people")]
        assert people == ["owner", "ann", "bob"]
        async with aiohttp.ClientSession() as session:
            url = places["control"] + "/people/bob/channels/general/commands?until=finished"
            async with session.post(url, json={"name": "hello"}) as response:
                shown = await response.json()
        assert shown["response"]["message"]["content"] == "hello bob"
    await asyncio.wait_for(task, 60)
    assert process.stdin is not None
    process.stdin.close()
    process.stdin = None
    assert await asyncio.to_thread(_end, process) == (0, "", "")


@pytest.mark.parametrize("stop", ["SIGTERM", "SIGINT"])
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals between processes")
def test_signals_end_it(processes: list[Process], stop: str) -> None:
    process, _ = _start(processes)
    process.send_signal(getattr(signal, stop))
    assert _end(process) == (0, "", "")


def test_it_does_not_outlive_who_started_it(processes: list[Process]) -> None:
    """The process between dies without a word, as a bot does that is killed."""
    code = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-m', 'playground', '--until-stdin-closes'],"
        " stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)\n"
        "print(child.stdout.readline(), child.pid, flush=True)\n"
        "import os; os._exit(1)\n"
    )
    between = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    places = json.loads(between.stdout.splitlines()[0])

    async def gone() -> bool:
        for _ in range(1200):
            try:
                await _get(places["control"] + "/state")
            except aiohttp.ClientError:
                return True
            await asyncio.sleep(0.05)
        return False

    assert asyncio.run(gone())


async def test_without_the_flag_stdin_does_not_matter(processes: list[Process]) -> None:
    process, places = await asyncio.to_thread(_start, processes)
    assert process.stdin is not None
    process.stdin.close()
    process.stdin = None
    await asyncio.sleep(0.1)
    assert [person["name"] for person in await _get(places["control"] + "/people")] == ["owner", "ann"]


def test_a_token_is_kept_in_a_file(processes: list[Process], tmp_path: Path) -> None:
    file = tmp_path / "token"
    tokens = []
    for _ in range(2):
        process, places = _start(processes, "--token-file", str(file), "--until-stdin-closes")
        tokens.append(places["token"])
        process.communicate(timeout=60)
    assert tokens[0] == tokens[1] == file.read_text().strip()
    if os.name == "posix":
        assert file.stat().st_mode & 0o777 == 0o600


def test_a_port_that_is_taken_is_said(processes: list[Process], capsys: pytest.CaptureFixture[str]) -> None:
    _, places = _start(processes)
    assert main(["--port", places["url"].rsplit(":", 1)[1]]) == 1
    out, errors = capsys.readouterr()
    assert out == "" and "the playground cannot be started" in errors
