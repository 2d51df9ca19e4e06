"""Several people in the page: direct messages, reactions, roles that count, choices, what changes before all eyes."""

import asyncio
from pathlib import Path

from playwright.async_api import expect

from bot.app import Easel
from inference.sample import ADAPTERS_FOLDER
from playground import Playground
from tests.page.browser import SECONDS, Window
from tests.page.conftest import Opens
from tests.page.growing import growing, show_each_step

WISH = "a red circle on a blue background"


async def react(window: Window, emoji: str) -> None:
    """React to the newest message."""
    await window.last.get_by_role("button", name="Add a reaction").click()
    await window.page.get_by_role("menuitem", name=emoji, exact=True).click()


async def test_reactions_send_keep_and_delete(playground: Playground, easel: Easel, opens: Opens) -> None:
    ann, bob = await opens("ann"), await opens("bob")
    await ann.command("imagine", prompt=WISH, steps=4, seed=1)
    await ann.button("Upscale 2×").wait_for()
    await react(ann, "⭐")
    await bob.page.get_by_role("button", name="⭐, 1").wait_for()
    async with asyncio.timeout(SECONDS):
        kept = easel.rooms.gallery.favourites
        while not (await kept(playground.person("ann").id)).made:  # noqa: ASYNC110 - nothing says that it is kept
            await asyncio.sleep(0.02)
    await ann.command("history", favourites=True)
    await ann.sees(WISH, ann.last)
    await ann.last.get_by_role("button", name="Show").wait_for()
    await ann.last.get_by_role("button", name="Dismiss message").click()

    await react(ann, "✉️")
    await ann.page.get_by_role("link", name="Direct messages").click()
    await ann.page.get_by_role("heading", name="Easel").wait_for()
    # They are read meanwhile.
    await ann.page.locator("#messages:not([aria-busy])").wait_for()
    await ann.button("Again").wait_for()
    assert await ann.last.locator(".picture").count() == 1
    # Nothing of it is before the eyes of others.
    assert await bob.messages.count() == 1

    await ann.command("imagine", prompt="a white heart on a black background", steps=4, seed=1)
    await ann.sees("a white heart", ann.last)
    await ann.button("Upscale 2×", ann.last).wait_for()
    await ann.shot("direct-messages")
    await ann.page.get_by_role("link", name="Atelier").click()
    await ann.page.get_by_role("heading", name="general").wait_for()
    await react(ann, "❌")
    await bob.messages.first.wait_for(state="detached")


async def test_a_newcomer_is_given_a_role_and_may_press(playground: Playground, easel: Easel, opens: Opens) -> None:
    owner, ann, newcomer = await opens("owner"), await opens("ann"), await opens("newcomer")
    await owner.page.get_by_role("navigation", name="Channels").get_by_role("button", name="newcomer").click()
    await owner.page.get_by_role("menuitem", name="Roles…").click()
    roles = owner.page.get_by_role("dialog", name="Roles of newcomer")
    await roles.get_by_label("A new role").fill("artists")
    await roles.get_by_role("button", name="Save").click()
    await roles.wait_for(state="detached")
    await owner.sees("artists", owner.page.get_by_role("navigation", name="Channels"))
    await owner.command("admin roles buttons", who="members with a role", role="artists")
    await owner.sees("one of these roles may make more of it", owner.last)

    await owner.command("imagine", prompt=WISH, steps=4, seed=1)
    result = newcomer.messages.filter(has_text=WISH).first
    await newcomer.button("Vary", result).click()
    await newcomer.button("Again", newcomer.messages.nth(1)).wait_for()
    assert "newcomer" in await newcomer.messages.nth(1).inner_text()
    await ann.button("Vary", ann.messages.first).click()
    await ann.sees("Only you can see this", ann.last)
    await ann.sees("artists", ann.last)
    await ann.shot("role-refusal")


async def test_a_message_changes_before_everybodys_eyes(playground: Playground, easel: Easel, opens: Opens) -> None:
    ann, bob = await opens("ann"), await opens("bob")
    show_each_step(easel)
    await ann.command("imagine", prompt=WISH, steps=40, seed=1, count=4)
    async with growing(playground, "ann"):
        await bob.button("Cancel").wait_for()
        number = await bob.last.get_attribute("data-message")
        await bob.sees("%", bob.last)
        await bob.last.locator(".picture").first.wait_for()
    await bob.button("Upscale 4").wait_for()
    assert await bob.messages.count() == 1
    assert await bob.last.get_attribute("data-message") == number


async def test_cancel_is_pressed_while_pictures_grow(playground: Playground, easel: Easel, opens: Opens) -> None:
    ann, bob = await opens("ann"), await opens("bob")
    show_each_step(easel)
    await ann.command("imagine", prompt=WISH, steps=150, seed=1, count=8)
    async with growing(playground, "ann"):
        await ann.last.locator(".picture").first.wait_for()
        # An edit that is still due would move the button away from under the mouse.
        await ann.rests(1)
        await ann.button("Cancel").hover()
        await ann.page.mouse.down()
        await bob.last.locator(".picture").first.wait_for()
        before = await bob.last.inner_text()
    await expect(bob.last).not_to_have_text(before, use_inner_text=True)
    await ann.page.mouse.up()
    await ann.sees("Cancelled", ann.last)


async def test_choices_are_offered_and_taken_by_keys(playground: Playground, easel: Easel, opens: Opens) -> None:
    ann = await opens("ann")
    form = await ann.begin("imagine")
    await ann.page.keyboard.type(WISH)
    await form.get_by_role("button", name="Add sampler:").press("Enter")
    await ann.page.keyboard.type("euler a")
    choices = form.get_by_role("option")
    # Fewer letters offer others first.
    await expect(choices).to_have_text(["Euler a"])
    await ann.page.keyboard.press("ArrowDown")
    await ann.shot("choices")
    await ann.page.keyboard.press("Enter")
    await choices.first.wait_for(state="hidden")
    await ann.page.keyboard.press("Enter")
    await ann.button("Upscale 2×").wait_for()
    assert "Euler a" in await ann.last.inner_text()


async def test_rules_are_set_by_menus_of_the_panel(playground: Playground, easel: Easel, opens: Opens) -> None:
    playground.world.guild("Atelier").channel("pictures")
    owner, ann = await opens("owner"), await opens("ann")
    await owner.command("admin channels show")
    await owner.sees("Answers in every channel", owner.last)
    menu = owner.last.locator("button.select.many").first
    await menu.click()
    dialog = owner.page.get_by_role("dialog")
    await dialog.get_by_label("#pictures").check()
    await dialog.get_by_role("button", name="Choose").click()
    await owner.sees("Answers only in #pictures", owner.last)
    await owner.shot("panel-channels")
    await ann.command("imagine", prompt=WISH, steps=4)
    await ann.sees("Only you can see this", ann.last)
    await ann.sees("#pictures", ann.last)


async def test_a_form_takes_a_file(playground: Playground, easel: Easel, opens: Opens) -> None:
    ann = await opens("ann")
    await ann.command("adapters add")
    form = ann.page.get_by_role("dialog")
    await form.locator("input[type=file]").set_input_files(Path(ADAPTERS_FOLDER) / "zorp-embedding.safetensors")
    await form.get_by_label("Name in prompts").fill("round")
    await ann.shot("form-with-a-file")
    await form.get_by_role("button", name="Submit").click()
    await form.wait_for(state="detached")
    await ann.messages.filter(has_text="Added").wait_for()
    assert "round" in await ann.messages.filter(has_text="Added").inner_text()
