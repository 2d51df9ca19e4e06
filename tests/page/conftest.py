"""A playground with the real bot, a real worker, and a browser before it."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import Browser

from bot.app import Easel
from bot.engines.process import LocalProcess
from playground import Playground, PlaygroundSettings
from tests.bot.engines.engines import PATIENT
from tests.bot.stage import on_stage, stage_settings
from tests.page.browser import Window, a_browser
from tests.playground.conftest import opened

Opens = Callable[..., Awaitable[Window]]


@pytest.fixture
async def playground() -> AsyncIterator[Playground]:
    async with opened(PlaygroundSettings(rate_limits=False, application="Easel")) as playground:
        yield playground


@pytest.fixture
async def easel(playground: Playground, tmp_path: Path) -> AsyncIterator[Easel]:
    """The bot with the sample model, as a newcomer has it."""
    settings = stage_settings(playground, tmp_path, models_folder=tmp_path / "models")
    engine = LocalProcess(settings.engine(), supervision=PATIENT)
    async with on_stage(playground, tmp_path, engine, models_folder=tmp_path / "models") as bot:
        yield bot


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with a_browser() as browser:
        yield browser


@pytest.fixture
def screenshots() -> Path | None:
    """Where somebody wants pictures of what is seen, if anywhere."""
    folder = os.environ.get("EASEL_SCREENSHOTS")
    if not folder:
        return None
    Path(folder).mkdir(parents=True, exist_ok=True)
    return Path(folder)


@pytest.fixture
async def opens(playground: Playground, browser: Browser, screenshots: Path | None) -> AsyncIterator[Opens]:
    """Opens windows: for whom, where, how large. None may have complained at the end."""
    windows: list[Window] = []

    async def opens(
        person: str, channel: str = "general", width: int = 1280, height: int = 860, dark: bool = True
    ) -> Window:
        playground.person(person)
        page = await browser.new_page(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
        )
        window = Window(page, screenshots)
        await window.go(f"{playground.url}/#{person}/{channel}")
        windows.append(window)
        return window

    yield opens
    assert [window.complaints for window in windows] == [[]] * len(windows)
