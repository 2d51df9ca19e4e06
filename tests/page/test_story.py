"""The whole story in a browser: from a first picture to an admin's refusal."""

from pathlib import Path

from bot.app import Easel
from inference.sample import ADAPTERS_FOLDER
from playground import Playground
from tests.page.conftest import Opens
from tests.page.growing import growing, show_each_step

WISH = "a red circle on a blue background"


async def test_pictures_are_asked_for_made_larger_varied_and_remixed(
    playground: Playground, easel: Easel, opens: Opens
) -> None:
    ann = await opens("ann")
    show_each_step(easel)
    await ann.command("imagine", prompt=WISH, count=4, seed=1, steps=40)
    await ann.sees("asked for")
    async with growing(playground, "ann"):
        await ann.sees("%")
        await ann.shot("progress")
    await ann.button("Upscale 1").wait_for()
    result = ann.messages.first
    assert await result.locator(".picture").count() == 4
    await ann.settled()
    await ann.shot("imagine")

    await ann.button("Upscale 1").click()
    await ann.sees("2×", ann.messages.nth(1))
    await ann.button("Settings", ann.messages.nth(1)).wait_for()
    await ann.loaded()
    (size,) = (
        await ann.messages.nth(1)
        .locator(".picture img")
        .evaluate_all("all => all.map(i => [i.naturalWidth, i.naturalHeight])")
    )
    assert size == [256, 256]
    await ann.shot("upscale")

    await ann.button("Vary 2", result).click()
    await ann.button("Settings", ann.messages.nth(2)).wait_for()
    await ann.shot("vary")

    await ann.button("More 1", result).click()
    await ann.button("Remix").click()
    form = ann.page.get_by_role("dialog", name="Remix")
    await form.get_by_label("What to paint").fill("a yellow star on a black background")
    await ann.shot("remix")
    await form.get_by_role("button", name="Submit").click()
    await ann.sees("a yellow star on a black background", ann.page.locator("#messages"))
    await form.wait_for(state="detached")
    await ann.button("Settings", ann.last).wait_for()
    await ann.shot("remixed")


async def test_pictures_open_large_and_are_turned_by_keys(playground: Playground, easel: Easel, opens: Opens) -> None:
    ann = await opens("ann")
    await ann.command("imagine", prompt=WISH, count=2, seed=1, steps=4)
    await ann.button("Upscale 1").wait_for()
    await ann.last.locator(".picture").first.press("Enter")
    large = ann.page.get_by_role("dialog", name="Picture")
    first = await large.locator("img").get_attribute("src")
    await ann.page.keyboard.press("ArrowRight")
    assert await large.locator("img").get_attribute("src") != first
    await ann.shot("large")
    await ann.page.keyboard.press("Escape")
    await large.wait_for(state="detached")
    focused = await ann.page.evaluate("document.activeElement.className")
    assert "picture" in focused


async def test_a_lora_is_brought_by_upload_and_used(playground: Playground, easel: Easel, opens: Opens) -> None:
    ann = await opens("ann")
    await ann.command("adapters add", name="zorp", files={"file": Path(ADAPTERS_FOLDER) / "zorp-lora.safetensors"})
    await ann.sees("Added", ann.last)
    await ann.settled()
    await ann.shot("adapters")
    # The preview that is painted of it has the same buttons.
    answers = await ann.since()
    await ann.command("imagine", prompt="a zorp <lora:zorp:1>", seed=1)
    await ann.button("Upscale 2×", answers).wait_for()
    await ann.sees("zorp", answers)


async def test_what_one_sees_another_sees_at_once_and_what_is_private_they_do_not(
    playground: Playground, easel: Easel, opens: Opens
) -> None:
    ann, bob = await opens("ann"), await opens("bob")
    await ann.command("imagine", prompt="a green square on a white background", seed=1, steps=4)
    await bob.button("Upscale 2×").wait_for()
    await ann.button("Settings").click()
    await ann.sees("Only you can see this")
    assert await bob.messages.count() == 1 < await ann.messages.count()
    # A picture that is gone before it was read is complained of.
    for window in (ann, bob):
        await window.loaded()
    await ann.button("Delete", ann.messages.first).click()
    await bob.messages.first.wait_for(state="detached")


async def test_an_admin_denies_a_model_and_the_refusal_is_seen(
    playground: Playground, easel: Easel, opens: Opens
) -> None:
    owner, ann = await opens("owner"), await opens("ann", dark=False)
    await owner.command("admin panel")
    await owner.sees("Only you can see this")
    await owner.settled()
    await owner.shot("panel")
    await owner.command("admin models deny", model="sample")
    await owner.sees("sample · denied", owner.last)
    await owner.settled()
    await owner.shot("deny")
    await ann.command("imagine", prompt="a red circle", steps=4)
    await ann.sees("Only you can see this")
    await ann.sees("sample", ann.last)
    await ann.shot("refusal")
    await owner.command("admin models allow", model="sample")
    await owner.sees("sample · everywhere", owner.last)
    await ann.command("imagine", prompt="a red circle", steps=4)
    await ann.button("Upscale 2×").wait_for()
