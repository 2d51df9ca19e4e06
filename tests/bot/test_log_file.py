"""The file that the log goes to as well, for bots whose standard error nobody keeps."""

import asyncio
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import logs
from bot.errors import EaselError, UserError
from bot.logs import log_file
from playground import Playground

_COMMAND = [sys.executable, "-m", "bot", "run"]
_PATIENCE_SECONDS = 60


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    """A logger that tells all."""
    logger = logging.getLogger("easel.test")
    logger.setLevel("INFO")
    yield logger
    logger.setLevel("NOTSET")


def _environment(**changes: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if "TOKEN" not in name} | changes


def _run(folder: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    environment = _environment(**changes)
    return subprocess.run(
        _COMMAND, cwd=folder, env=environment, capture_output=True, text=True, timeout=_PATIENCE_SECONDS
    )


def test_its_last_line_says_why_the_bot_ended(tmp_path: Path) -> None:
    for _start in range(2):
        ran = _run(tmp_path, EASEL_LOG_FILE="easel.log")
        assert ran.returncode == 2
        assert ran.stderr.startswith("easel: There is no token.")
        assert ran.stderr.count("no token") == 1
    lines = (tmp_path / "easel.log").read_text("utf-8").splitlines()
    assert ["CRITICAL easel: There is no token." in line for line in lines] == [True, True]


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    ran = _run(tmp_path, EASEL_LOG_FILE="nowhere/easel.log", DISCORD_TOKEN="x")
    assert ran.returncode == 2
    assert ran.stderr.startswith("easel: EASEL_LOG_FILE names nowhere/easel.log, which cannot be written: ")
    assert "Traceback" not in ran.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals between processes, and no such rights")
async def test_it_has_what_is_told_on_stderr_and_is_the_accounts_alone(playground: Playground, tmp_path: Path) -> None:
    places = {"EASEL_DISCORD_API": playground.api, "EASEL_DISCORD_GATEWAY": playground.gateway}
    environment = _environment(
        **places, DISCORD_TOKEN=playground.token, EASEL_LOG_FILE="easel.log", EASEL_DATA_FOLDER=str(tmp_path)
    )
    process = await asyncio.create_subprocess_exec(
        *_COMMAND, cwd=tmp_path, env=environment, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    told = b""
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while b"ready as" not in told:
                told += await process.stderr.readexactly(1)
    finally:
        process.terminate()
        told += await process.stderr.read()
    assert await process.wait() == 0
    assert await asyncio.to_thread((tmp_path / "easel.log").read_bytes) == told
    assert (await asyncio.to_thread((tmp_path / "easel.log").stat)).st_mode & 0o077 == 0


def test_it_stays_short(tmp_path: Path, log: logging.Logger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_LOG_BYTES", 1000)
    with log_file(str(tmp_path / "easel.log"), "json"):
        for number in range(100):
            log.info("line %d", number)
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["easel.log", *(f"easel.log.{number}" for number in range(1, 6))]
    assert all(file.stat().st_size <= 1000 for file in files)
    assert json.loads(files[0].read_text("utf-8").splitlines()[-1])["message"] == "line 99"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk is full here")
def test_a_full_disk_is_told_once_without_the_lines_that_it_did_not_take(
    log: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    with log_file("/dev/full", "text"):
        for _line in range(3):
            log.info("it failed: %s", LookupError("zyxwvuqq"))
    assert capsys.readouterr().err == "easel: the log's file /dev/full takes nothing: No space left on device\n"
    with pytest.raises(EaselError, match="there is no token"), log_file("/dev/full", "text"):
        raise EaselError("there is no token")


def test_what_nothing_caught_is_in_it_without_what_people_typed(tmp_path: Path) -> None:
    def fails(typed: str = "".join(("zyxw", "vuqq"))) -> None:
        raise LookupError(typed)

    with pytest.raises(LookupError), log_file(str(tmp_path / "easel.log"), "text"):
        fails()
    written = (tmp_path / "easel.log").read_text("utf-8")
    assert "CRITICAL easel: an error that nothing caught" in written
    assert "in fails" in written
    assert "zyxwvuqq" not in written
    with pytest.raises(UserError), log_file(str(tmp_path), "text"):
        pass
