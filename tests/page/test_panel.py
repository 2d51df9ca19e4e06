"""The panel's mischief: what the program behind the bot offers is pressed in the page, and it really happens."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Browser, Locator, expect

from bot.app import Easel
from bot.texts import say
from playground import Playground
from playground.deeds import Deed
from tests.bot.test_mischief import PROMPT, Play, played
from tests.page.browser import SECONDS, Window
from tests.page.conftest import Opens
from tests.page.test_access import findings
from tests.playground.loopback import on_loopback


def offered(window: Window) -> Locator:
    """Return where the panel shows what is offered."""
    return window.page.get_by_role("group", name="Offered by the program that runs the bot")


def said(window: Window) -> Locator:
    """Return where the panel says what came of it."""
    return window.page.locator(".mischief [role=status]")


class Program:
    """A program that offers two deeds; one comes to an end when a test says so, and the other to none."""

    def __init__(self) -> None:
        self.base = ""
        self.asked = 0
        self.go = asyncio.Event()

    async def slow(self, request: web.Request) -> web.Response:
        self.asked += 1
        await self.go.wait()
        return web.json_response({"said": "<b>It</b> is done."})

    async def refuse(self, request: web.Request) -> web.Response:
        return web.json_response({"error": "Not on a Sunday."}, status=409)


@pytest.fixture
async def program() -> AsyncIterator[Program]:
    program = Program()
    application = web.Application()
    application.router.add_post("/slow", program.slow)
    application.router.add_post("/refuse", program.refuse)
    async with on_loopback(application) as program.base:
        yield program
        program.go.set()


@pytest.mark.parametrize("dark", [True, False], ids=["dark", "light"])
async def test_what_is_offered_is_pressed_by_keys_and_its_outcome_said(
    playground: Playground, opens: Opens, program: Program, dark: bool
) -> None:
    ann = await opens("ann", dark=dark)
    # What is asked for when it opens is not to come after what is offered then.
    async with ann.page.expect_response("**/deeds"):
        await ann.page.get_by_role("button", name="Wire").click()
    await ann.page.get_by_role("button", name="Heal everything").wait_for()
    assert await offered(ann).get_by_role("button").count() == 0
    deeds = [
        Deed(name="slow", label="Turn the world", title="Slowly", url=f"{program.base}/slow"),
        Deed(name="refuse", label="Move the moon", url=f"{program.base}/refuse"),
    ]
    playground.deeds.offer(deeds)
    slow = offered(ann).get_by_role("button", name="Turn the world")
    await slow.focus()
    await ann.page.keyboard.press("Enter")
    await said(ann).get_by_text("Turn the world …").wait_for()
    # It is done once, though its button is drawn anew meanwhile.
    playground.deeds.offer([*deeds, Deed(name="more", label="Empty the sea", url=f"{program.base}/slow")])
    await offered(ann).get_by_role("button", name="Empty the sea").wait_for()
    await ann.page.keyboard.press("Enter")
    assert await findings(ann) == []
    program.go.set()
    # What a program says is text, whatever it looks like.
    await said(ann).get_by_text("<b>It</b> is done.").wait_for()
    assert program.asked == 1
    await ann.page.keyboard.press("Tab")
    await ann.page.keyboard.press("Space")
    await said(ann).get_by_text("Not on a Sunday.").wait_for()
    assert ann.complaints == ["Failed to load resource: the server responded with a status of 400 (Bad Request)"]
    ann.complaints.clear()
    await ann.shot(f"deeds-{'dark' if dark else 'light'}")
    playground.deeds.offer([])
    await slow.wait_for(state="detached")
    assert await findings(ann) == []


async def test_what_went_over_the_wire_is_opened_while_more_goes(
    playground: Playground, easel: Easel, opens: Opens
) -> None:
    ann, bob = await opens("ann"), playground.person("bob")
    await ann.page.get_by_role("button", name="Wire").click()
    entries = ann.page.locator(".wire details")
    await entries.first.wait_for()
    count = await entries.count()
    number = await entries.first.get_attribute("data-number")
    entry = ann.page.locator(f'.wire details[data-number="{number}"]')
    for is_open in (True, False):
        await entry.locator("summary").hover()
        await ann.page.mouse.down()
        async with ann.page.expect_response("**/exchanges?*"):
            await bob.command("help")
        await ann.page.mouse.up()
        # It was drawn at the latest with the next.
        await bob.command("help")
        await expect(entries).to_have_count(count := count + 2)
        await expect(entry.locator("div")).to_be_visible(visible=is_open)


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Play]:
    """`easel play`, as somebody types it."""
    with played(tmp_path) as play:
        yield play


@pytest.mark.timeout(600)
@pytest.mark.skipif(sys.platform == "win32", reason="no disk is filled there")
async def test_the_worker_dies_and_the_disk_fills_before_somebodys_eyes(
    play: Play, browser: Browser, screenshots: Path | None
) -> None:
    page = await browser.new_page(viewport={"width": 1360, "height": 900}, color_scheme="dark")
    ann = Window(page, screenshots)
    page.set_default_timeout(90_000)
    await ann.go(play.address.removesuffix("control") + "#ann/general")
    await page.get_by_role("button", name="Wire").click()
    kill, fill, room = (
        offered(ann).get_by_role("button", name=name)
        for name in ("Kill the worker", "Fill the disk", "Make room again")
    )
    await kill.wait_for()

    with play.held() as worker:
        await ann.command("imagine", prompt=PROMPT, steps=20, seed=7)
        await ann.sees("0 of 1 done", ann.messages.nth(0))
        await kill.click()
        await said(ann).get_by_text("The worker was killed.").wait_for()
        worker.wait(SECONDS)
    # Whoever paints it again does not begin before that is seen.
    with play.held():
        await ann.sees(say("again_after_loss"), ann.messages.nth(0))
        await ann.shot("worker-killed")
    await ann.button("Upscale 2×", ann.messages.nth(0)).wait_for()

    with play.held():
        await ann.command("imagine", prompt=PROMPT, steps=20, seed=7)
        await ann.sees("0 of 1 done", ann.messages.nth(1))
        await fill.click()
        await said(ann).get_by_text("The disk is full: the bot can write nothing.").wait_for()
        await ann.command("imagine", prompt="a blue square")
        await ann.sees(say("store"), ann.messages.nth(2))
    await ann.sees(say("waiting_for_disk"), ann.messages.nth(1))
    await ann.shot("disk-full")
    await room.click()
    await said(ann).get_by_text("There is room again.").wait_for()
    await ann.button("Upscale 2×", ann.messages.nth(1)).wait_for()

    # The first picture, which was painted twice, and the second, which waited, are the same.
    read = """async each => {
        const bytes = await (await fetch(each.src)).arrayBuffer();
        const hash = await crypto.subtle.digest("SHA-256", bytes);
        return [...new Uint8Array(hash)].join();
    }"""
    first, second = [await ann.messages.nth(at).locator(".picture img").evaluate(read) for at in (0, 1)]
    assert first == second
    assert ann.complaints == []
