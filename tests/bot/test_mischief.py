"""What the page of `easel play` lets go wrong: the worker really dies, the disk really refuses, and all comes right."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest

from bot.engines.process import WORKER_COMMAND, LocalProcess
from bot.mischief import mischief
from bot.texts import say
from inference.protocol.messages import EngineSettings
from playground import Playground, PlaygroundSettings
from tests.bot.stage import is_result, text_of, urls_of
from tests.bot.test_play import ask, until
from tests.bot.workers import held, workers_of

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C reaches a process group there, limits differ"),
    pytest.mark.timeout(600),
]

PROMPT = "a red circle on a blue background"


@dataclass
class Play:
    """`easel play` as a process, seen through the control API."""

    process: subprocess.Popen[bytes]
    address: str
    log: Path

    def wish(self, until: str = "finished") -> str:
        """Ask for a picture, and return what is answered first."""
        body = {"name": "imagine", "options": {"prompt": PROMPT, "steps": 20, "seed": 7}}
        path = f"/people/ann/channels/general/commands?until={until}&seconds=100"
        return text_of(ask(self.address, path, body)["response"]["message"])

    @property
    def messages(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = ask(self.address, "/people/ann/channels/general/messages")
        return found

    def sees(self, words: str) -> None:
        """Wait until the last message but those to one alone says something."""
        until(lambda: words in [text_of(each) for each in self.messages if not each["flags"] & 64][-1])

    def pictures(self, count: int) -> list[bytes]:
        """Wait for so many results, and return the files."""
        found = until(lambda: len(some := [each for each in self.messages if is_result(each)]) == count and some)
        urls = [url for message in found for url in urls_of(message)]
        return [urllib.request.urlopen(url, timeout=60).read() for url in urls]

    def do(self, deed: str) -> str:
        """Press a button of the page, and return what is said of it."""
        try:
            return str(ask(self.address, f"/deeds/{deed}", {})["said"])
        except urllib.error.HTTPError as refused:
            return str(json.load(refused)["error"])

    @property
    def workers(self) -> list[psutil.Process]:
        return workers_of(self.process.pid)

    @contextmanager
    def held(self) -> Iterator[psutil.Process]:
        """Stop the worker for the length of the block: what is asked there is begun, and not done before its end."""
        [worker] = until(lambda: self.workers)
        with held(worker):
            yield worker


@contextmanager
def played(folder: Path) -> Iterator[Play]:
    """Run `easel play` with its log in a file, until it is connected and its commands are known."""
    environment = os.environ | {"EASEL_DATA_FOLDER": str(folder), "EASEL_MODELS_FOLDER": str(folder / "models")}
    log = folder / "log.txt"
    with (
        log.open("wb") as output,
        subprocess.Popen([sys.executable, "-m", "bot", "play"], env=environment, cwd=folder, stderr=output) as process,
    ):
        try:
            found = until(lambda: re.search(r"http://127\.0\.0\.1:\d+/control", log.read_text("utf-8")))
            until(lambda: ask(found[0], "/state")["bot"]["connected"])
            until(lambda: ask(found[0], "/people/ann/channels/general/commands"))
            yield Play(process, found[0], log)
        finally:
            process.kill()


def test_a_killed_workers_picture_is_painted_again_and_the_same(tmp_path: Path) -> None:
    with played(tmp_path) as play:
        play.wish()
        play.pictures(1)
        with play.held() as worker:
            play.wish("settled")
            play.sees("0 of 1 done")
            assert play.do("kill-the-worker").startswith("The worker was killed.")
            until(lambda: not psutil.pid_exists(worker.pid))
        first, second = play.pictures(2)
        assert first == second
        assert play.workers != [worker]


def test_a_full_disk_refuses_in_words_and_what_is_painted_waits_for_room(tmp_path: Path) -> None:
    with played(tmp_path) as play:
        play.wish()
        play.pictures(1)
        with play.held():
            play.wish("settled")
            play.sees("0 of 1 done")
            assert play.do("fill-the-disk") == "The disk is full: the bot can write nothing."
            assert play.do("fill-the-disk") == "The disk is full already."
            before = play.log.stat().st_size
            assert play.wish() == say("store")
        play.sees(say("waiting_for_disk"))
        assert play.log.stat().st_size == before
        assert "There is room again" in play.do("make-room")
        first, second = play.pictures(2)
        assert first == second
        # The log, which is a file too, goes on.
        until(lambda: play.log.read_text("utf-8").count(" delivered") == 2)
        assert play.do("make-room") == "There is room."


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process change another's limits")
def test_a_worker_that_is_born_on_a_full_disk_paints_and_has_room_again(tmp_path: Path) -> None:
    with played(tmp_path) as play:
        play.wish()
        play.pictures(1)
        [old] = play.workers
        usual = old.rlimit(psutil.RLIMIT_FSIZE)
        assert usual[0] != 0
        play.do("fill-the-disk")
        assert old.rlimit(psutil.RLIMIT_FSIZE)[0] == 0
        play.do("kill-the-worker")
        [young] = until(lambda: [each for each in play.workers if each.pid != old.pid])
        assert young.rlimit(psutil.RLIMIT_FSIZE)[0] == 0
        play.do("make-room")
        assert young.rlimit(psutil.RLIMIT_FSIZE) == usual
        play.wish()
        play.pictures(2)
        assert play.workers == [young]
        play.do("fill-the-disk")
        play.process.send_signal(signal.SIGINT)
        assert play.process.wait(60) == 0, "a full disk keeps nobody from leaving"


async def test_a_worker_starts_where_nothing_can_be_written(tmp_path: Path) -> None:
    """Not even a temporary file, which libraries try when they are imported."""
    limited = (
        "import os, resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))\n"
        "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])\n"
    )
    command = (sys.executable, "-c", limited, *WORKER_COMMAND[1:])
    async with LocalProcess(EngineSettings(models_folder=str(tmp_path)), command) as engine:
        assert engine.pid is not None


async def test_nobody_else_can_ask_for_mischief() -> None:
    async with Playground(PlaygroundSettings()) as playground:
        engine = LocalProcess(EngineSettings(models_folder=""))
        async with mischief(playground.control, engine):
            deeds = {deed.name: deed for deed in playground.deeds.offered}
            assert list(deeds) == ["kill-the-worker", "fill-the-disk", "make-room"]
            base, secret, name = deeds["make-room"].url.rsplit("/", 2)
            assert len(secret) >= 32
            assert base.startswith("http://127.0.0.1:")
            async with aiohttp.ClientSession() as session:
                for method, path, status in [
                    ("POST", f"{secret}/{name}", 200),
                    ("GET", f"{secret}/{name}", 405),
                    ("POST", f"{secret[:-1]}/{name}", 404),
                    ("POST", f"{secret}x/{name}", 404),
                    ("POST", f"ä/{name}", 404),
                    ("POST", f"/{name}", 404),
                    ("POST", name, 404),
                    ("POST", f"{secret}/rob-the-bank", 404),
                    ("POST", f"{secret}/", 404),
                ]:
                    async with session.request(method, f"{base}/{path}") as response:
                        assert response.status == status, path
            with pytest.raises(ValueError, match="No worker is running just now"):
                await playground.deeds.do("kill-the-worker")
        with pytest.raises(ValueError, match="is not there"):
            await playground.deeds.do("make-room")


async def test_the_bot_runs_without_a_playground_that_takes_deeds(caplog: pytest.LogCaptureFixture) -> None:
    async with Playground(PlaygroundSettings()) as playground:
        engine = LocalProcess(EngineSettings(models_folder=""))
        async with mischief(f"{playground.url}/nothing", engine):
            assert playground.deeds.offered == []
    assert "the playground does not offer mischief" in caplog.text
