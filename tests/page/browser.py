"""A headless Chromium, and somebody who sits before it."""

import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, async_playwright

#: Names under which systems install it.
_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
#: A picture of the sample model takes a second; a busy machine may take many.
SECONDS = 30


def chromium() -> str:
    """Return where Chromium is; EASEL_CHROMIUM names another."""
    found = os.environ.get("EASEL_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.fail("These tests need Chromium: install it (apt install chromium), or set EASEL_CHROMIUM to its path.")
    return found


@contextlib.asynccontextmanager
async def a_browser() -> AsyncIterator[Browser]:
    """Start a browser, and end it."""
    async with async_playwright() as player:
        browser = await player.chromium.launch(executable_path=chromium(), args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            await browser.close()


class Window:
    """A window of the page: what somebody sees in it, and does."""

    def __init__(self, page: Page, pictures: Path | None) -> None:
        self.page = page
        #: What the browser complained of.
        self.complaints: list[str] = []
        self._pictures = pictures
        page.set_default_timeout(SECONDS * 1000)
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    # What is seen ---------------------------------------------------------------------------------------------------

    @property
    def messages(self) -> Locator:
        """Every message that is shown."""
        return self.page.locator("li.message")

    @property
    def last(self) -> Locator:
        """The newest message."""
        return self.messages.last

    def button(self, name: str, within: Locator | None = None) -> Locator:
        """Return the newest button of a name."""
        return (within or self.page.locator("#messages")).get_by_role("button", name=name, exact=True).last

    async def sees(self, words: str, within: Locator | None = None) -> Locator:
        """Wait until words are to be seen, and return where."""
        place = (within or self.page.locator("body")).get_by_text(words).last
        await place.wait_for()
        return place

    async def shot(self, name: str) -> None:
        """Keep a picture of the window, where somebody wants pictures."""
        if self._pictures is not None:
            await self.page.screenshot(path=self._pictures / f"{name}.png")

    # What is done ---------------------------------------------------------------------------------------------------

    async def command(self, name: str, /, *options: str, files: dict[str, Path] | None = None, **values: Any) -> None:
        """Use a command: its name, its options, what is written into them. `options` are opened and left so."""
        box = self.page.get_by_label("Message; begin with a slash for a command")
        await box.focus()
        await self.page.keyboard.type(f"/{name}")
        await (
            self.page.get_by_role("option", name=f"/{name} ")
            .or_(self.page.get_by_role("option", name=f"/{name}", exact=True))
            .first.wait_for()
        )
        await self.page.keyboard.press("Enter")
        form = self.page.locator("form.command")
        await form.wait_for()
        for option in (*options, *values, *(files or {})):
            add = form.get_by_role("button", name=f"Add {option}:")
            if await add.count():
                await add.click()
        for option, value in values.items():
            field = (
                form.locator(".field", has=self.page.locator("label", has_text=option)).locator("input, textarea").first
            )
            await field.fill(str(value))
            if await field.get_attribute("role") == "combobox":
                choice = form.get_by_role("option").first
                with contextlib.suppress(Exception):
                    await choice.wait_for(timeout=2000)
                await field.press("Enter") if await field.get_attribute("aria-activedescendant") else None
        for option, path in (files or {}).items():
            field = form.locator(".field", has=self.page.locator("label", has_text=option)).locator("input[type=file]")
            await field.set_input_files(path)
        await form.get_by_role("button", name=f"Send /{name}").click()

    async def settled(self) -> None:
        """Wait until the window shows nothing that is still to come."""
        await self.page.locator(".busy, .thinking").first.wait_for(state="hidden")
