"""Everybody can use the page: by keys, by readers of screens, on a phone, in a long channel."""

import asyncio
import importlib.resources
import json
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import product
from pathlib import Path

import pytest
from playwright.async_api import Locator, Route, expect

from bot.app import Easel
from playground import Playground
from tests.page.browser import Window
from tests.page.conftest import Opens

AXE = (importlib.resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
#: Of axe's four, from the mildest: minor, moderate, serious, critical.
GRAVE = {"serious", "critical"}
#: How something is pressed, and let go.
Press = tuple[Callable[[], Awaitable[None]], Callable[[], Awaitable[None]]]


async def a_finger(window: Window, at: Locator) -> Press:
    """Return how a finger presses a place; its click comes a while after it is let go."""
    box = await at.bounding_box()
    assert box is not None
    point = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    session = await window.page.context.new_cdp_session(window.page)

    async def touches(kind: str, *points: dict[str, float]) -> None:
        await session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

    return partial(touches, "touchStart", point), partial(touches, "touchEnd")


async def findings(window: Window) -> list[str]:
    """Return what axe finds grave in a window as it is now."""
    await window.page.evaluate(AXE)
    found = await window.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{each['id']}: {json.dumps([node['html'][:160] for node in each['nodes'][:3]])}"
        for each in found["violations"]
        if each["impact"] in GRAVE
    ]


@pytest.mark.parametrize("dark", [True, False], ids=["dark", "light"])
async def test_nothing_grave_is_found(playground: Playground, easel: Easel, opens: Opens, dark: bool) -> None:
    ann = await opens("ann", dark=dark)
    seen = {"empty": await findings(ann)}
    await ann.page.get_by_label("Message; begin with a slash").focus()
    await ann.page.keyboard.type("/im")
    await ann.page.locator("#write [role=option]").first.wait_for()
    seen["suggestions"] = await findings(ann)
    await ann.page.keyboard.press("Enter")
    await ann.page.locator("form.command").wait_for()
    seen["command"] = await findings(ann)
    await ann.page.keyboard.press("Escape")
    await ann.command("imagine", prompt="a red circle", steps=4, count=2)
    await ann.button("Upscale 1").wait_for()
    seen["result"] = await findings(ann)
    await ann.button("More 1").click()
    await ann.button("Remix").click()
    await ann.page.get_by_role("dialog", name="Remix").wait_for()
    seen["modal"] = await findings(ann)
    await ann.page.keyboard.press("Escape")
    await ann.open_menu(ann.last)
    seen["menu"] = await findings(ann)
    await ann.page.keyboard.press("Escape")
    await ann.page.locator(".picture").first.click()
    await ann.page.get_by_role("dialog", name="Picture").wait_for()
    seen["picture"] = await findings(ann)
    await ann.page.keyboard.press("Escape")
    await ann.page.get_by_role("button", name="Wire").click()
    await ann.page.locator(".wire details").first.wait_for()
    seen["wire"] = await findings(ann)
    await ann.shot(f"wire-{'dark' if dark else 'light'}")
    assert seen == {what: [] for what in seen}


async def test_a_picture_by_keys_alone(playground: Playground, easel: Easel, opens: Opens) -> None:
    ann = await opens("ann")
    keys = ann.page.keyboard
    await keys.press("/")
    await keys.type("imagine")
    await ann.page.locator("#write [role=option]").first.wait_for()
    await keys.press("Enter")
    await ann.page.locator("form.command").wait_for()
    await keys.type("a blue star")
    await keys.press("Enter")
    await ann.button("Upscale 2×").wait_for()
    await keys.press("ArrowUp")
    assert await ann.page.evaluate("document.activeElement.classList.contains('message')")
    for _ in range(30):
        await keys.press("Tab")
        if await ann.page.evaluate("document.activeElement.textContent") == "Settings":
            break
    await keys.press("Enter")
    await ann.sees("Only you can see this")


async def test_what_is_drawn_anew_keeps_the_focus(playground: Playground, opens: Opens) -> None:
    await playground.person("bob").send("general", "hello")
    ann, guild = await opens("ann"), playground.world.guild("Atelier")
    channels = ann.page.get_by_role("navigation", name="Channels")
    bob = ann.messages.first.get_by_role("button", name="bob")
    wire = ann.page.get_by_role("button", name="Wire")
    places = channels.get_by_role("link", name="general"), channels.get_by_text("Add a channel"), bob, wire
    for number, at in enumerate(places):
        await at.focus()
        await at.evaluate("each => (window.before = each)")
        guild.channel(f"room-{number}")
        await channels.get_by_role("link", name=f"room-{number}").wait_for()
        await ann.until("!window.before.isConnected")
        await ann.page.locator("#messages:not([aria-busy])").wait_for()
        assert await at.evaluate("each => each === document.activeElement")


async def test_what_is_pressed_is_not_drawn_anew_before_it_is_let_go(playground: Playground, opens: Opens) -> None:
    await playground.person("bob").send("general", "hello")
    ann, guild = await opens("ann"), playground.world.guild("Atelier")
    channels = ann.page.get_by_role("navigation", name="Channels")
    bob = ann.messages.first.get_by_role("button", name="bob")
    keys, mouse = ann.page.keyboard, ann.page.mouse
    by_mouse: Press = (mouse.down, mouse.up)
    by_keys: Press = (partial(keys.down, "Space"), partial(keys.up, "Space"))
    places = bob, channels.get_by_role("button", name="bob")
    for number, (at, by) in enumerate(product(places, (by_mouse, by_keys, None))):
        await at.hover()
        await at.focus()
        press, let_go = by or await a_finger(ann, at)
        await press()
        async with ann.page.expect_response("**/channels/*/messages"):
            guild.channel(f"room-{number}")
        # The page draws it at once, were nothing pressed.
        await ann.page.evaluate("new Promise(requestAnimationFrame)")
        await let_go()
        await ann.page.get_by_role("menu", name="bob").wait_for()
        await channels.get_by_role("link", name=f"room-{number}").wait_for()
        await ann.page.keyboard.press("Escape")


async def test_a_command_is_chosen_of_what_all_letters_offer(
    playground: Playground, easel: Easel, opens: Opens
) -> None:
    ann, go = await opens("ann"), asyncio.Event()
    await ann.page.get_by_label("Message; begin with a slash").focus()
    await ann.page.keyboard.type("/h")
    await ann.page.get_by_role("option", name="/help", selected=True).wait_for()
    # What is marked stays so when the commands are read anew.
    await ann.page.keyboard.press("ArrowDown")
    marked = ann.page.get_by_role("option", name="/history", selected=True)
    await marked.evaluate("each => (window.before = each)")
    playground.world.guild("Atelier").channel("attic")
    await ann.until("!window.before.isConnected")
    await marked.wait_for()
    await ann.page.keyboard.press("ArrowUp")

    async def late(route: Route) -> None:
        await go.wait()
        await route.continue_()

    await ann.page.route("**/channels/*/commands", late)
    async with ann.page.expect_request("**/channels/*/commands"):
        playground.world.guild("Atelier").channel("lounge")
        await ann.page.get_by_role("link", name="lounge").wait_for()
        await ann.page.keyboard.type("istory")
    await ann.page.keyboard.press("Enter")
    go.set()
    await ann.page.get_by_role("form", name="/history").wait_for()


async def test_what_was_refused_is_told_until_something_else_is_done(playground: Playground, opens: Opens) -> None:
    bob = playground.person("bob")
    said = await bob.send("general", "hello")
    ann = await opens("ann")
    await ann.page.route("**/reactions/**", lambda route: route.abort())
    await ann.last.get_by_role("button", name="Add a reaction").click()
    await ann.page.get_by_role("menuitem", name="⭐").click()
    await ann.sees("the playground does not answer", ann.last)
    await bob.react(said, "⭐")
    await ann.button("⭐, 1").wait_for()
    await ann.sees("the playground does not answer", ann.last)
    await ann.page.unroute("**/reactions/**")
    await ann.button("⭐, 1").click()
    await ann.button("⭐, 2").wait_for()
    await expect(ann.last.locator(".failure")).to_be_hidden()
    assert ann.complaints == ["Failed to load resource: net::ERR_FAILED"]
    ann.complaints.clear()


async def test_nothing_of_a_channel_is_shown_below_the_name_of_another(playground: Playground, opens: Opens) -> None:
    await playground.person("bob").send("general", "hello")
    playground.world.guild("Atelier").channel("lounge")
    ann, go = await opens("ann"), asyncio.Event()
    await ann.sees("hello")

    async def late(route: Route) -> None:
        await go.wait()
        await route.continue_()

    await ann.page.route("**/channels/*/messages", late)
    await ann.page.get_by_role("link", name="lounge").click()
    await ann.page.get_by_role("heading", name="lounge").wait_for()
    await expect(ann.messages).to_have_count(0)
    go.set()
    await ann.page.locator("#messages:not([aria-busy])").wait_for()


async def test_what_is_said_while_messages_are_read_is_not_lost(playground: Playground, opens: Opens) -> None:
    bob = playground.person("bob")
    await bob.send("general", "the first")
    ann, guild = await opens("ann"), playground.world.guild("Atelier")
    asked, go = asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        reply = await route.fetch()
        asked.set()
        await go.wait()
        await route.fulfill(response=reply)

    await ann.page.route("**/channels/*/messages", late)
    guild.channel("lounge")
    await asked.wait()
    await bob.send("general", "the second")
    await ann.sees("the second")
    go.set()
    await ann.page.get_by_role("link", name="lounge").wait_for()
    await ann.page.locator("#messages:not([aria-busy])").wait_for()
    assert await ann.messages.count() == 2
    await ann.sees("the second", ann.last)


async def test_on_a_phone(playground: Playground, easel: Easel, opens: Opens) -> None:
    ann = await opens("ann", width=375, height=700)
    await ann.command("imagine", prompt="two green squares on a white background", steps=4, count=4, seed=5)
    await ann.button("Upscale 4").wait_for()
    assert await ann.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await ann.page.locator("#messages").evaluate("each => each.scrollWidth <= each.clientWidth")
    await ann.shot("phone")
    await ann.page.get_by_role("button", name="Servers and channels").click()
    await ann.page.get_by_role("link", name="general").wait_for()
    assert not await findings(ann)


async def test_a_long_channel(playground: Playground, opens: Opens) -> None:
    bob = playground.person("bob")
    for number in range(500):
        await bob.send("general", f"**{number}** is a number, and `{number * number}` its square")
    ann = await opens("ann")
    await ann.sees("499")
    assert await ann.messages.count() == 500
    gap = "each => each.scrollHeight - each.scrollTop - each.clientHeight"
    assert await ann.page.locator("#messages").evaluate(gap) < 80
    # Only what is new is drawn: the rows that were there stay the same elements.
    await ann.page.evaluate("window.rows = [...document.querySelectorAll('li.message')]")
    await bob.send("general", "one more")
    await ann.sees("one more")
    kept = "window.rows.every((row, index) => document.querySelectorAll('li.message')[index] === row)"
    assert await ann.page.evaluate(kept)
    assert await ann.page.locator("#messages").evaluate(gap) < 80
    # Whoever reads what is older stays there, whatever else changes.
    # The page hears of it with the next frame.
    scroll = "each => { each.scrollTo(0, 3000); return new Promise(requestAnimationFrame); }"
    await ann.page.locator("#messages").evaluate(scroll)
    playground.world.guild("Atelier").channel("lounge")
    await ann.page.get_by_role("link", name="lounge").wait_for()
    await ann.until("window.rows.every(each => !each.isConnected)")
    await ann.page.locator("#messages:not([aria-busy])").wait_for()
    assert await ann.page.locator("#messages").evaluate("each => each.scrollTop") == 3000


async def test_files_are_dropped_on_a_command(
    playground: Playground, easel: Easel, opens: Opens, tmp_path: Path
) -> None:
    ann = await opens("ann")
    await ann.command("imagine", prompt="a red circle on a blue background", steps=4, seed=1)
    await ann.button("Upscale 2×").wait_for()
    address = await ann.last.locator(".picture img").first.get_attribute("src")
    await ann.page.get_by_label("Message; begin with a slash").fill("/upscale")
    await ann.page.locator("#write [role=option]").first.wait_for()
    await ann.page.keyboard.press("Enter")
    await ann.page.locator("form.command").wait_for()
    await ann.page.evaluate(
        """async address => {
            const data = new DataTransfer();
            data.items.add(new File([await (await fetch(address)).blob()], "circle.png", {type: "image/png"}));
            for (const kind of ["dragover", "drop"]) {
                document.getElementById("talk").dispatchEvent(
                    new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true}));
            }
        }""",
        address,
    )
    await ann.sees("circle.png", ann.page.locator("form.command"))
    answers = await ann.since()
    await ann.page.get_by_role("button", name="Send /upscale").click()
    await ann.button("Settings", answers).wait_for()
    await ann.sees("2×", answers)
