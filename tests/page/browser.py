"""A headless Chromium, and somebody who sits before it."""

import asyncio
import contextlib
import os
import re
import shutil
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, ConsoleMessage, FloatRect, Locator, Page, async_playwright, expect
from playwright.async_api import TimeoutError as PlaywrightTimeout

from tests.page.stills import stacked

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
SECONDS = 60
expect.set_options(timeout=SECONDS * 1000)
#: How long a choice is waited for where what is typed may be none.
_OFFERED_MS = 2000
#: Everything that the list of messages shows.
SHOWN = "document.getElementById('messages').innerHTML"
#: Pixels around what a picture is of.
_MARGIN = 8


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
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _heard(self, said: ConsoleMessage) -> None:
        # A picture that grows may have been replaced by the next before it was read.
        if said.type == "error" and not ("404" in said.text and "preview-" in said.location.get("url", "")):
            self.complaints.append(said.text)

    async def go(self, address: str) -> None:
        """Open the page, and wait until its messages are there."""
        await self.page.goto(address)
        await self.page.locator("#head h1").wait_for()
        await self.page.locator("#messages:not([aria-busy])").wait_for()

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

    @property
    def keeps(self) -> bool:
        """Tell whether somebody wants pictures."""
        return self._pictures is not None

    async def view(self, *places: Locator) -> bytes:
        """Return a picture of some places and of what is between them; of the channel's places as wide as it."""
        await self.page.mouse.move(0, 0)
        await self.loaded()
        boxes = [box for each in places for one in await each.all() if (box := await one.bounding_box()) is not None]
        assert boxes
        if await self.page.locator("#talk").filter(has=places[0]).count():
            talk = await self.page.locator("#talk").bounding_box()
            assert talk is not None
            left, width, margin = talk["x"], talk["width"], _MARGIN
        else:
            left, width, margin = boxes[0]["x"], boxes[0]["width"], 0
        top = max(0, min(box["y"] for box in boxes) - margin)
        bottom = max(box["y"] + box["height"] for box in boxes) + margin
        if await self.page.locator("#messages").filter(has=places[0]).count():
            list_ = await self.page.locator("#messages").bounding_box()
            assert list_ is not None
            # Below it begins the ring around the box that people type into.
            top, bottom = max(top, list_["y"]), min(bottom, list_["y"] + list_["height"] - 3)
        clip: FloatRect = {"x": left, "y": top, "width": width, "height": bottom - top}
        return await self.page.screenshot(clip=clip, animations="disabled")

    async def until(self, expression: str) -> None:
        """Wait until something is so. The page's policy lets playwright evaluate a text at once alone, not again."""
        async with asyncio.timeout(SECONDS):
            while not await self.page.evaluate(expression):  # noqa: ASYNC110 - the page tells nothing
                await asyncio.sleep(0.02)

    async def loaded(self) -> None:
        """Wait until every picture in sight is there."""
        await self.page.wait_for_function(
            """async () => {
                const seen = [...document.querySelectorAll("#messages img")].filter(each => {
                    const {top, bottom} = each.getBoundingClientRect();
                    return bottom >= 0 && top <= innerHeight;
                });
                // One that was replaced before it was read is never there, and no longer in sight.
                if (!seen.every(each => each.complete)) return false;
                await Promise.all(seen.map(each => each.decode().catch(() => null)));
                return true;
            }"""
        )

    async def rests(self, seconds: float) -> str:
        """Wait until no edit was seen for some seconds, and return what is then shown."""
        shown = ""
        while shown != (shown := await self.page.evaluate(SHOWN)):
            await self.loaded()
            await asyncio.sleep(seconds)
        return shown

    async def keep(self, name: str, *views: bytes) -> None:
        """Keep pictures of the window below each other as one, where somebody wants pictures."""
        if self._pictures is not None:
            path = self._pictures / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(await asyncio.to_thread(stacked, views))

    # What is done ---------------------------------------------------------------------------------------------------

    async def since(self) -> Locator:
        """Return the messages that will have come after those that are there now."""
        count = await self.messages.count()
        if not count:
            return self.messages
        newest = await self.messages.last.get_attribute("data-message")
        return self.page.locator(f'li.message[data-message="{newest}"] ~ li.message')

    async def begin(self, name: str) -> Locator:
        """Type a command's name, choose it, and return its form."""
        box = self.page.get_by_label("Message; begin with a slash for a command")
        # The form of the command before may be left a little after its answer is seen.
        await box.wait_for()
        await box.focus()
        await self.page.keyboard.type(f"/{name}")
        # Enter takes the one that is marked; what fewer letters offered may still be shown.
        await (
            self.page.get_by_role("option", name=f"/{name} ", selected=True)
            .or_(self.page.get_by_role("option", name=f"/{name}", exact=True, selected=True))
            .first.wait_for()
        )
        await self.page.keyboard.press("Enter")
        form = self.page.locator("form.command")
        await form.wait_for()
        return form

    async def fill(self, form: Locator, values: Mapping[str, Any], files: Mapping[str, Path] | None = None) -> None:
        """Fill a command's options in, by choosing what is offered where it is."""
        for option in (*values, *(files or {})):
            add = form.get_by_role("button", name=f"Add {option}:")
            if await add.count():
                await add.click()
        for option, value in values.items():
            field = _field(form, option).locator("input, textarea").first
            await field.fill(str(value))
            if await field.get_attribute("role") == "combobox":
                choice = _field(form, option).get_by_role("option").filter(has_text=str(value)).first
                with contextlib.suppress(PlaywrightTimeout):
                    await choice.wait_for(timeout=_OFFERED_MS)
                    await choice.click()
        for option, path in (files or {}).items():
            await _field(form, option).locator("input[type=file]").set_input_files(path)

    async def command(self, name: str, /, *options: str, files: dict[str, Path] | None = None, **values: Any) -> None:
        """Use a command: its name, its options, what is written into them. `options` are opened and left so."""
        form = await self.begin(name)
        for option in options:
            await form.get_by_role("button", name=f"Add {option}:").click()
        await self.fill(form, values, files)
        await form.get_by_role("button", name=f"Send /{name}").click()

    async def menu(self, message: Locator, entry: str) -> None:
        """Choose something of a message's menu."""
        await self.open_menu(message)
        await self.page.get_by_role("menuitem", name=entry, exact=True).click()

    async def open_menu(self, message: Locator) -> Locator:
        """Open a message's menu, and return it."""
        await message.get_by_role("button", name="More: apps, copy, delete").click()
        menu = self.page.get_by_role("menu")
        await menu.wait_for()
        return menu

    async def settled(self) -> None:
        """Wait until the window shows nothing that is still to come."""
        await self.page.locator(".busy, .thinking").first.wait_for(state="hidden")


def _field(form: Locator, option: str) -> Locator:
    """Return where an option is filled in."""
    label = form.page.locator("label").filter(has_text=re.compile(rf"^{re.escape(option)}\*?$"))
    return form.locator(".field").filter(has=label)
