"""`easel play` as a newcomer types it: three processes, the sample model, a picture; and nothing left behind."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_IRWXG, S_IRWXO
from typing import Any

import psutil
import pytest
from PIL import Image

from tests.bot.stage import is_result, text_of, urls_of

_PATIENCE_SECONDS = 120


@contextmanager
def playing(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run `easel play`, and give its process and the control API's address."""
    environment = os.environ | {"EASEL_DATA_FOLDER": str(folder), "EASEL_MODELS_FOLDER": str(folder / "models")}
    command = [sys.executable, "-m", "bot", "play"]
    with subprocess.Popen(command, env=environment, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            said = process.stderr.readline() + process.stderr.readline()
            found = re.search(r"http://127\.0\.0\.1:\d+/control", said)
            assert found, said
            yield process, found[0]
        finally:
            process.kill()


def ask(address: str, path: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{address}{path}", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=_PATIENCE_SECONDS) as reply:
        return json.load(reply)


def until(condition: Any) -> Any:
    for _ in range(_PATIENCE_SECONDS * 5):
        if found := condition():
            return found
        time.sleep(0.2)
    raise AssertionError("it did not happen")


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C reaches a process group there")
def test_a_newcomer_plays(tmp_path: Path) -> None:
    with playing(tmp_path) as (process, address):
        until(lambda: ask(address, "/state")["bot"]["connected"])
        asked = ask(
            address,
            "/people/ann/channels/general/commands?until=finished&seconds=100",
            {"name": "imagine", "options": {"prompt": "a red circle on a blue background", "count": 2}},
        )
        assert asked["acknowledged"]
        messages = "/people/ann/channels/general/messages"
        (message,) = until(lambda: [each for each in ask(address, messages) if is_result(each)])
        assert "a red circle on a blue background" in text_of(message)
        for url in urls_of(message):
            with urllib.request.urlopen(url, timeout=_PATIENCE_SECONDS) as reply, io.BytesIO(reply.read()) as file:
                assert Image.open(file).size == (128, 128)
        family = [process.pid, *(child.pid for child in psutil.Process(process.pid).children(recursive=True))]
        assert len(family) == 3
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    until(lambda: not any(psutil.pid_exists(pid) for pid in family))
    assert list((tmp_path / "playground" / "pictures").rglob("*.png"))
    others = [path for path in (tmp_path / "playground").rglob("*") if path.stat().st_mode & (S_IRWXG | S_IRWXO)]
    assert others == [], "other accounts may look into these"


@pytest.mark.skipif(sys.platform == "win32", reason="signals differ there")
def test_a_bot_that_is_killed_takes_its_playground_and_its_worker_along(tmp_path: Path) -> None:
    with playing(tmp_path) as (process, address):
        until(lambda: ask(address, "/people/ann/channels/general/commands"))
        family = [process.pid, *(child.pid for child in psutil.Process(process.pid).children(recursive=True))]
        process.kill()
        process.wait(60)
    until(lambda: not any(psutil.pid_exists(pid) for pid in family))


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with playing(tmp_path) as (_process, address):
        port = address.split(":")[2].split("/")[0]
        command = [sys.executable, "-m", "bot", "play", "--port", port]
        second = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=_PATIENCE_SECONDS)
    assert second.returncode == 1
    assert "easel: The playground did not start" in second.stderr
    assert "Traceback" not in second.stderr


def test_the_bot_asks_for_its_token(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if "TOKEN" not in name}
    command = [sys.executable, "-m", "bot", "run"]
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 2
    assert ran.stderr.startswith("easel: There is no token.")
    assert "DISCORD_TOKEN" in ran.stderr
