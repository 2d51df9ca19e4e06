"""Every test of the bot fails when it blocks the event loop or leaves a task behind."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from blockbuster import BlockBuster, blockbuster_ctx

from playground import Playground, PlaygroundSettings
from tests.bot.terminal import Terminal
from tests.playground.conftest import opened

_IMPORTING = ("io.BufferedReader.read", "io.BufferedWriter.write", "os.stat", "os.listdir", "os.scandir")


@pytest.fixture
def playground_settings() -> PlaygroundSettings:
    """Tests that are about rates override this."""
    return PlaygroundSettings(rate_limits=False)


@pytest.fixture
async def playground(playground_settings: PlaygroundSettings) -> AsyncIterator[Playground]:
    """A Discord; everything that was said in it is held against Discord's own description at the end."""
    async with opened(playground_settings) as playground:
        yield playground


@pytest.fixture
def easel(tmp_path: Path) -> Terminal:
    """A terminal in the test's folder, whose models are in `models` there."""
    return Terminal(tmp_path, os.environ | {"EASEL_MODELS_FOLDER": str(tmp_path / "models"), "EASEL_THREADS": "1"})


@pytest.fixture(autouse=True)
def nothing_blocks_the_loop() -> Iterator[BlockBuster]:
    with blockbuster_ctx() as blockbuster:
        # The cogs are imported at the start, before the first event can come.
        for name in _IMPORTING:
            blockbuster.functions[name].can_block_in("discord/ext/commands/bot.py", "load_extension")
        yield blockbuster


@pytest.fixture(autouse=True)
async def nothing_is_left_running(nothing_blocks_the_loop: BlockBuster) -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    assert not left
