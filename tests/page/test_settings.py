"""What who manages a server sets in the page, and what the others see of it."""

import pytest
from playwright.async_api import Locator

from bot.app import Easel
from playground import Playground
from tests.page.browser import Window
from tests.page.conftest import Opens
from tests.page.test_access import findings


async def settings(window: Window) -> Locator:
    """Open the settings of the server by keys alone, and return the dialog."""
    button = window.page.get_by_role("button", name="Server settings")
    await button.focus()
    await window.page.keyboard.press("Enter")
    dialog = window.page.get_by_role("dialog", name="Settings of Atelier")
    await dialog.get_by_label("Command", exact=True).wait_for()
    return dialog


async def told(dialog: Locator, words: str) -> None:
    """Wait until the dialog says what came of it."""
    await dialog.get_by_role("status").get_by_text(words).wait_for()


async def test_only_who_manages_the_server_is_offered_its_settings(playground: Playground, opens: Opens) -> None:
    boss = playground.person("boss")
    guild = playground.world.guild("Atelier")
    guild.assign(boss.user, guild.role("admins", 1 << 5))
    for name, expected in (("owner", 1), ("boss", 1), ("ann", 0)):
        window = await opens(name)
        await window.page.get_by_role("button", name="+ Add a channel").wait_for()
        assert await window.page.get_by_role("button", name="Server settings").count() == expected
    # As soon as somebody may, they are.
    guild.assign(playground.person("ann").user, guild.role("admins"))
    await window.page.get_by_role("button", name="Server settings").wait_for()


@pytest.mark.parametrize(
    ("dark", "width"), [(True, 1280), (False, 1280), (True, 375)], ids=["dark", "light", "on a phone"]
)
async def test_channels_roles_and_members_are_set_by_keys(
    playground: Playground, opens: Opens, dark: bool, width: int
) -> None:
    owner = await opens("owner", dark=dark, width=width)
    playground.person("ann")
    guild, keys = playground.world.guild("Atelier"), owner.page.keyboard
    if width < 600:
        await owner.page.get_by_role("button", name="Servers and channels").click()
    dialog = await settings(owner)
    assert await findings(owner) == []

    await dialog.get_by_label("A new channel").focus()
    await keys.type("lounge")
    await keys.press("Enter")
    await told(dialog, "lounge is there.")
    box = dialog.get_by_label("#lounge is age-restricted")
    await box.focus()
    await box.evaluate("each => (window.before = each)")
    await keys.press("Space")
    await told(dialog, "#lounge is age-restricted.")
    assert guild.channel("lounge").age_restricted
    assert not guild.channel("general").age_restricted
    # The list is drawn anew, and whoever was at something is there still.
    await owner.until("!window.before.isConnected")
    await keys.press("Space")
    await told(dialog, "#lounge is open to everybody.")
    assert not guild.channel("lounge").age_restricted

    await dialog.get_by_label("A new role").focus()
    await keys.type("keepers")
    await keys.press("Enter")
    await told(dialog, "keepers is there.")
    await dialog.get_by_label("What keepers may do").select_option("manage the server")
    await told(dialog, "keepers is changed.")
    await dialog.get_by_label("ann has the role keepers").check()
    await told(dialog, "The roles of ann are changed.")
    member = guild.member(playground.person("ann").id)
    assert [role.name for role in member.roles] == ["keepers"]
    assert member.permissions & (1 << 5)
    assert await findings(owner) == []
    assert await owner.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await dialog.evaluate("each => each.scrollWidth <= each.clientWidth")
    await owner.shot(f"settings-{width}-{'dark' if dark else 'light'}")

    await keys.press("Escape")
    await dialog.wait_for(state="detached")
    if width > 600:
        await owner.page.get_by_role("link", name="lounge").wait_for()
        await owner.page.locator(":focus").filter(has_text="Server settings").wait_for()


async def test_a_command_is_taken_from_somebody_and_given_back(
    playground: Playground, easel: Easel, opens: Opens
) -> None:
    ann, owner = await opens("ann"), await opens("owner")
    dialog = await settings(owner)
    await dialog.get_by_label("Command", exact=True).select_option("/imagine")
    await dialog.get_by_label("Who or where").select_option("ann")
    box = ann.page.get_by_label("Message; begin with a slash")
    await box.fill("/imagin")
    offered = ann.page.locator("#write [role=option]").filter(has_text="/imagine").first
    await offered.wait_for()
    await dialog.get_by_role("button", name="Set", exact=True).click()
    await told(dialog, "It is set.")
    await dialog.get_by_text("ann: not offered").wait_for()
    await owner.shot("settings-command")
    assert await findings(owner) == []
    # What is offered to somebody who is about to choose changes before their eyes.
    await ann.sees("There is no such command here")
    await dialog.get_by_role("button", name="Take back what is set of ann").click()
    await told(dialog, "It is taken back.")
    await dialog.get_by_text("Nothing is set").wait_for()
    await offered.wait_for()


async def test_a_picture_is_asked_for_in_a_thread(playground: Playground, easel: Easel, opens: Opens) -> None:
    ann = await opens("ann")
    await ann.page.get_by_role("button", name="+ Begin a thread").click()
    asked = ann.page.get_by_role("dialog", name="A new thread in #general")
    await asked.get_by_label("Its name").fill("Circles")
    await ann.page.keyboard.press("Enter")
    await ann.page.get_by_role("heading", name="Circles").wait_for()
    await ann.page.locator("#write textarea:focus").wait_for()
    await ann.command("imagine", prompt="a red circle", steps=4)
    await ann.button("Upscale 2×").wait_for()
    await ann.shot("thread")
    assert await findings(ann) == []
    guild = playground.world.guild("Atelier")
    [thread] = guild.threads.values()
    assert (thread.name, thread.parent) == ("Circles", guild.channel("general"))
    assert len(thread.messages) == 1
    owner = await opens("owner")
    await owner.page.get_by_role("link", name="Circles").click()
    await owner.page.get_by_role("heading", name="Circles").wait_for()
    await owner.sees("a red circle")
    dialog = await settings(owner)
    await dialog.get_by_role("button", name="Delete the thread Circles").click()
    await told(dialog, "Circles is deleted.")
    await ann.page.get_by_role("heading", name="general").wait_for()
