"""What runs in the image: the installed Easel, as whoever the Dockerfile names, with what the Dockerfile sets."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image as Picture

from inference import __version__
from playground import Playground, PlaygroundSettings
from tests.bot.stage import is_result
from tests.container.conftest import Image
from tests.container.dockerfile import ROOT
from tests.container.test_dockerfile import tracked

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="images are made on Linux"),
    # The first test waits for the image.
    pytest.mark.timeout(900),
]

_PATIENCE_SECONDS = 120


def test_it_is_installed_with_all_that_it_reads(image: Image) -> None:
    """Not a way into the source: every file of the packages is there, and beside each module what Python made of it."""
    (packages,) = image.built.at("/opt/easel/lib").glob("python3*/site-packages")
    names = ("bot/", "cogs/", "inference/", "playground/", "storage/")
    sources = [name for name in tracked() if name.startswith(names)]
    assert [name for name in sources if not (packages / name).is_file() and not name.endswith(".md")] == []
    compiled = f"{sys.implementation.cache_tag}.pyc"
    assert (packages / "bot" / "__pycache__" / f"app.{compiled}").exists()
    assert not list(packages.glob("pip*"))


def test_it_says_its_version(image: Image) -> None:
    ran = image.run("--version")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith(f"easel {__version__} (Python 3.")


def test_it_says_that_the_benchmarks_are_elsewhere(image: Image) -> None:
    ran = image.run("bench", "--quick")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("easel: The benchmarks are not installed with Easel")


def test_the_doctor_finds_everything_writable(image: Image) -> None:
    ran = image.run("doctor", "--json")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = {finding["subject"]: finding["found"] for finding in json.loads(ran.stdout)}
    data, models = image.built.at("/data"), image.built.at("/models")
    assert found["folders"] == f"can be written: {models} (models), {data} (database and pictures)"


def test_a_picture_is_painted(image: Image) -> None:
    with writing_only_where_it_says(image):
        ran = image.run("imagine", "a red circle on a blue background", "--seed", "1")
    assert ran.returncode == 0, ran.stderr
    (file,) = image.built.at("/studio/pictures").iterdir()
    with Picture.open(file) as picture:
        assert picture.size == (128, 128)
    assert f"{file.stat().st_uid}:{file.stat().st_gid}" == image.built.user


async def test_the_bot_runs_is_well_and_stops(image: Image) -> None:
    """The check of health passes once Discord is connected, and a stop ends in the time that it is given."""
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    grace = int(compose["services"]["easel"]["stop_grace_period"].removesuffix("s"))
    health = Path(image.environment["EASEL_HEALTH_FILE"])
    command = image.command("run")
    async with Playground(PlaygroundSettings(rate_limits=False)) as discord:
        command["env"] |= {
            "DISCORD_TOKEN": discord.token,
            "EASEL_DISCORD_API": discord.api,
            "EASEL_DISCORD_GATEWAY": discord.gateway,
        }
        assert await asyncio.to_thread(image.health) == 1, "well before it ran"
        process = await asyncio.to_thread(lambda: subprocess.Popen(**command))
        try:
            await _until(lambda: health.exists() or process.poll() is not None)
            assert process.poll() is None
            assert await asyncio.to_thread(image.health) == 0
            ann = discord.person("ann")
            await ann.command("imagine", {"prompt": "a red circle"})
            await discord.until(lambda: any(map(is_result, discord.messages())), _PATIENCE_SECONDS)
            process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(process.wait, grace) == 0
        finally:
            process.kill()
            await asyncio.to_thread(process.wait)
    assert list(image.built.at("/data/pictures").rglob("*.png"))
    for age_seconds, expected in ((0, 0), (60, 1)):
        os.utime(health, (time.time() - age_seconds,) * 2)
        assert await asyncio.to_thread(image.health) == expected


@contextmanager
def writing_only_where_it_says(image: Image) -> Iterator[None]:
    """Fail where a file is made outside of what can be written in a container that is otherwise read-only."""
    before = set(image.built.folder.rglob("*"))
    yield
    places = tuple(str(image.built.at(name)) for name in ("/data", "/models", "/backups", "/studio", "/tmp"))
    made = set(image.built.folder.rglob("*")) - before
    assert made
    assert [path for path in made if not str(path).startswith(places)] == []


async def _until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - files tell nobody
            await asyncio.sleep(0.1)
