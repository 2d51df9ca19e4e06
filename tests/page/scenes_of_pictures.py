"""What makes pictures, and what is done with them: commands, menus of messages, buttons."""

from playwright.async_api import Locator

from tests.page.browser import Window
from tests.page.growing import growing, show_each_step
from tests.page.scenes import Scene, Stage, dialog_kept, left, scene

STAR, HEART = "a yellow star on a purple background", "a red heart on a white background"


async def typed_and_painted(stage: Stage, scene: Scene) -> None:
    """Type /imagine, see it grow, and save two of its pictures."""
    window = await stage.window(scene.by)
    await window.page.get_by_label("Message; begin with a slash for a command").focus()
    await window.page.keyboard.type("/im")
    choices = window.page.locator("#write [role=option]")
    await choices.filter(has_text="/imagine").wait_for()
    write = window.page.locator("#write")
    await window.keep("commands/imagine-typed", await window.view(write.locator(".choices"), write))
    for _letter in "/im":
        await window.page.keyboard.press("Backspace")
    show_each_step(stage.easel)
    window, filled, answers = await stage.asked(scene)
    async with growing(stage.playground, scene.by):
        await answers.filter(has_text=" of 4 done").filter(has=window.page.locator(".picture")).wait_for()
        await window.keep("commands/imagine-progress", await window.view(answers))
    await stage.seen(window, answers, scene)
    assert await answers.last.locator(".picture").count() == 4
    await window.keep(f"commands/{scene.picture}", *([filled] if filled else []), await window.view(answers))
    stage.file("star.png", await picture_of(window, answers.last, 0))


async def saved_as_heart(stage: Stage, scene: Scene) -> None:
    """Paint one picture, and save it."""
    window, _filled, answers = await stage.asked(scene)
    await stage.seen(window, answers, scene)
    stage.file("heart.png", await picture_of(window, answers.last, 0))


async def picture_of(window: Window, message: Locator, number: int) -> bytes:
    """Return the file of a picture that a message shows."""
    address = await message.locator(".picture img").nth(number).evaluate("each => each.src")
    return await (await window.page.request.get(address)).body()


def with_a_picture(window: Window) -> Locator:
    """Return the message with the heart."""
    return window.messages.filter(has_text=HEART).filter(has=window.page.get_by_role("button", name="More")).first


async def from_a_menu(stage: Stage, scene: Scene) -> None:
    """Choose from the menu of a message with a picture; the answer is a picture."""
    window = await stage.window(scene.by)
    message, answers = with_a_picture(window), await window.since()
    opened = await menu_kept(window, message, scene)
    await stage.seen(window, answers, scene)
    await window.keep(f"commands/{scene.picture}", opened, await window.view(answers))


async def a_form_from_a_menu(stage: Stage, scene: Scene) -> None:
    """Choose from the menu of a message with a picture; the answer is a form."""
    window = await stage.window(scene.by)
    opened = await menu_kept(window, with_a_picture(window), scene)
    await left(window, await dialog_kept(window, scene, opened))


async def of_anybodys_picture(stage: Stage, scene: Scene) -> None:
    """Choose from the menu of a message of somebody else's with a picture; the answer is a card."""
    window = await stage.window(scene.by)
    await stage.playground.person("newcomer").send("general", "What can you make of this?", [stage.file("heart.png")])
    message = window.messages.filter(has_text="What can you make of this?").last
    await message.wait_for()
    answers = await window.since()
    opened = await menu_kept(window, message, scene)
    await stage.seen(window, answers, scene)
    await window.keep(f"commands/{scene.picture}", opened, await window.view(answers))


async def menu_kept(window: Window, message: Locator, scene: Scene) -> bytes:
    """Open a message's menu, choose the scene's entry, and return how the menu looked."""
    await message.scroll_into_view_if_needed()
    menu = await window.open_menu(message)
    entry = menu.get_by_role("menuitem", name=scene.command.removeprefix("menu "), exact=True)
    await entry.focus()
    opened = await window.view(message, menu)
    await entry.press("Enter")
    return opened


async def pressed(stage: Stage, scene: Scene) -> None:
    """Press a button under the picture; the answer is beside it."""
    window = await stage.window(scene.by)
    answers = await window.since()
    await with_a_picture(window).get_by_role("button", name=scene.command.removeprefix("button "), exact=True).click()
    await stage.seen(window, answers, scene)
    await window.keep(f"commands/{scene.picture}", await window.view(answers))


async def a_form_pressed(stage: Stage, scene: Scene) -> None:
    """Press a button of the newest card; the answer is a form."""
    window = await stage.window(scene.by)
    await window.button(scene.command.removeprefix("button ")).click()
    await left(window, await dialog_kept(window, scene))


SCENES = (
    scene("imagine", STAR, "seed 3", prompt=STAR, count=4, seed=3, steps=24, play=typed_and_painted, until="Upscale 4"),
    scene(
        "upscale",
        "2× as large by Lanczos",
        "from picture 1",
        files={"picture": "star.png"},
        factor="twice",
        until="Settings",
    ),
    scene(
        "variations", "Vary strongly", STAR, files={"picture": "star.png"}, how="strongly", count=2, until="Settings"
    ),
    scene(
        "edit restyle",
        "Restyle",
        "a green star",
        files={"picture": "star.png"},
        prompt="a green star on a purple background",
        strength=0.6,
        until="Settings",
    ),
    scene(
        "edit inpaint",
        "Inpaint",
        "a red heart",
        files={"picture": "star.png"},
        prompt="a red heart on a purple background",
        area="15%,15%,70%,70%",
        strength=1,
        until="Settings",
    ),
    scene("edit outpaint", "Outpaint", "192×192", files={"picture": "star.png"}, zoom=1.5, until="Settings"),
    scene(
        "edit instruct",
        "No model that follows instructions is installed",
        files={"picture": "star.png"},
        prompt="make it red",
    ),
    scene("imagine", HEART, prompt=HEART, seed=4, play=saved_as_heart, until="Settings"),
    scene("menu Vary", HEART, "from picture 1", play=from_a_menu, until="Settings"),
    scene("menu Upscale", "2× as large", play=from_a_menu, until="Settings"),
    scene("menu Remix settings", "Remix", "What to paint", play=a_form_from_a_menu),
    scene("menu Edit", "What is to become of this picture?", "Edit or inpaint", play=of_anybodys_picture),
    scene("button Settings", "CFG scale: 5, Seed: 4", "recipe.json", play=pressed),
    scene("button More", "Zoom out 1.5×", "Where it comes from", play=pressed),
    scene("button Edit or inpaint", "Edit a picture", "Or: a mask", play=a_form_pressed),
    scene(
        "blend",
        "Blend",
        files={"picture1": "star.png", "picture2": "heart.png"},
        prompt="a red star on a purple background",
        until="Settings",
    ),
)
