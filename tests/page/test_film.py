"""A request from its first letter to a variation of its picture, as docs/images/easel.webp shows it."""

import asyncio
from pathlib import Path

from playwright.async_api import Locator

from bot.app import Easel
from playground import Playground
from tests.page.browser import SHOWN, Window
from tests.page.conftest import Opens
from tests.page.growing import brush_held, show_each_step
from tests.page.stills import Film

PROMPT = "a yellow star on a purple background"
WIDTH, HEIGHT = 900, 860
#: For how long things are seen, in milliseconds.
_LETTER, _WORD, _LOOK, _STEP, _RESULT = 90, 180, 900, 250, 2500
#: An edit that was due mostly comes within this; another comes into the next frame.
_REST_SECONDS = 0.15


async def test_a_film_of_the_first_minute(
    playground: Playground, easel: Easel, opens: Opens, screenshots: Path | None
) -> None:
    window = await opens("ann", width=WIDTH, height=HEIGHT)
    film = Film()
    show_each_step(easel)
    await _types(window, film)
    await window.page.keyboard.press("Enter")
    grown = await _paints(window, film, window.messages.first, "Upscale 4")
    assert grown > 1, "the pictures were not seen to grow"
    assert await window.messages.first.locator(".picture").count() == 4
    film.hold(_RESULT)

    # By keys, so that it is seen which button is pressed.
    await window.page.keyboard.press("ArrowUp")
    await window.button("Vary 1", window.messages.first).focus()
    film.add(await window.page.screenshot(), _LOOK)
    await window.page.keyboard.press("Enter")
    await _paints(window, film, window.messages.nth(1), "Again")
    assert "from picture 1" in await window.messages.nth(1).inner_text()
    film.hold(_RESULT)
    if screenshots is not None:
        await asyncio.to_thread(film.save, screenshots / "easel.webp")


async def _types(window: Window, film: Film) -> None:
    """Type the command, choose it, and fill it in."""
    box = window.page.get_by_label("Message; begin with a slash for a command")
    await box.focus()
    film.add(await window.page.screenshot(), _LOOK)
    for typed, letter in enumerate("/imagine"):
        await window.page.keyboard.type(letter)
        await window.page.locator("#write [role=option]").first.wait_for()
        film.add(await window.page.screenshot(), _LOOK if typed in (0, 7) else _LETTER)
    await window.page.keyboard.press("Enter")
    form = window.page.locator("form.command")
    await form.wait_for()
    film.add(await window.page.screenshot(), _LETTER * 3)
    for word in PROMPT.split(" "):
        await window.page.keyboard.type(f"{word} ")
        film.add(await window.page.screenshot(), _WORD)
    await window.fill(form, {"seed": 3})
    await window.fill(form, {"count": 4})
    film.add(await window.page.screenshot(), _LOOK)


async def _paints(window: Window, film: Film, message: Locator, button: str) -> int:
    """See a message until a button says that it is whole, and return in how many frames its pictures grew."""
    whole, grown = window.button(button, message), 0
    while not await whole.count():
        with brush_held():
            shown = await window.rests(_REST_SECONDS)
            if await whole.count():
                # It was on its way already.
                break
            is_new = film.add(await window.page.screenshot(), _STEP)
            grown += is_new and await message.locator(".picture").count() > 0
        await window.page.wait_for_function(f"before => {SHOWN} !== before", arg=shown)
    await window.settled()
    await window.loaded()
    film.add(await window.page.screenshot(), _STEP)
    return grown
