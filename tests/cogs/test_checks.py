"""Finished pictures are checked where a server wants it: blurred, not shown, or withheld until that can be done."""

import asyncio
import io
import json
import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bot.app import Easel
from bot.attachments import SPOILER
from playground import Playground
from playground.people import Person, Place
from storage import images
from storage.guilds import Check
from tests.bot.delivery.test_progress import edits
from tests.bot.engines.checked import checked_inline, striped
from tests.bot.stage import answer, is_private, labels_of, on_stage, text_of, told, urls_of, walk
from tests.checkers import red_classifier

#: What is asked for, and what the checker says of it.
FLAGGED, CLEAN = "a red square", "a blue square"
ORDINARY, ADULTS = "general", "adults"


async def checker_in(folder: Path, **made: Any) -> Path:
    return await asyncio.to_thread(red_classifier, folder / "checker" / "red.onnx", **made)


@asynccontextmanager
async def checking(playground: Playground, folder: Path, *, broken: bool = False, **rules: Any) -> AsyncIterator[Easel]:
    """Run a bot with a checker, or one that cannot run, and these rules in its server."""
    path = await checker_in(folder)
    if broken:
        await asyncio.to_thread(path.write_bytes, b"damaged")
    guild = playground.world.guild("Atelier")
    guild.channel(ADULTS).restrict_age()
    async with on_stage(playground, folder / "data", checked_inline(path)) as bot:
        # The first check imports what judges; whoever presses a button waits for a check no longer than moments.
        await bot.rooms.dispatcher.check()
        await bot.rooms.guilds.change(guild.id, **rules)
        yield bot


def is_done(message: dict[str, Any]) -> bool:
    """Tell whether a message is the result of a request, with pictures or without."""
    return "Settings" in labels_of(message)


async def result(playground: Playground, person: Person, prompt: str, channel: Place = ORDINARY, **more: Any) -> Any:
    """Use /imagine, and return the message of its result."""
    asked = await person.command("imagine", {"prompt": prompt, "steps": 2} | more, channel=channel)
    await playground.until(lambda: any(map(is_done, asked.messages)))
    return next(message for message in asked.messages if is_done(message))


def bytes_of(playground: Playground, url: str) -> bytes:
    return playground.world.cdn.content(int(url.split("/")[-2]))


def state_of(playground: Playground, message: dict[str, Any]) -> str:
    """Return what a message shows of one picture, and hold its words and its spoiler against that."""
    items = [item for part in walk(message["components"]) if part["type"] == 12 for item in part["items"]]
    small = [part for part in walk(message["components"]) if part["type"] == 11]
    text = text_of(message)
    if not items and not small:
        assert not message["attachments"]
        state = "withheld" if "Withheld" in text else "blocked"
        assert state == "withheld" or "not shown" in text
        return state
    (shown,) = items or small
    data = bytes_of(playground, shown["media"]["url"])
    hidden = shown["media"]["url"].split("/")[-1].startswith(SPOILER)
    assert hidden == shown["spoiler"] == is_blurred(data)
    assert ("blurred" in text) == hidden
    return "blurred" if hidden else "clear"


def is_blurred(data: bytes) -> bool:
    """Tell whether a picture has no edge left: ours have stripes."""
    with Image.open(io.BytesIO(data)) as image:
        pixels = np.asarray(image.convert("RGB"), np.float32)
    return float(np.abs(np.diff(pixels, axis=1)).max()) < 20


def expected(rule: Check, prompt: str, broken: bool) -> str:
    if rule == "off":
        return "clear"
    if broken:
        return "withheld"
    if prompt == CLEAN:
        return "clear"
    return "blurred" if rule == "blur" else "blocked"


# The matrix ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("broken", [False, True], ids=["checker", "no checker"])
@pytest.mark.parametrize(("ordinary", "adults"), [("off", "block"), ("blur", "off"), ("block", "blur")])
async def test_every_rule_in_every_place(
    playground: Playground, tmp_path: Path, ordinary: Check, adults: Check, broken: bool
) -> None:
    ann = playground.person("ann")
    async with checking(playground, tmp_path, broken=broken, check=ordinary, check_age_restricted=adults):
        for prompt in (FLAGGED, CLEAN):
            there = await result(playground, ann, prompt, ADULTS)
            assert state_of(playground, there) == expected(adults, prompt, broken)
            here = await result(playground, ann, prompt)
            assert state_of(playground, here) == expected(ordinary, prompt, broken)
            direct = await result(playground, ann, prompt, ann.dm)
            assert state_of(playground, direct) == "clear", "no server has a part in it"
            # What was made in a server is brought elsewhere by its rule for ordinary channels.
            brought = await by_reaction(playground, ann, there)
            assert state_of(playground, brought) == expected(ordinary, prompt, broken)


async def by_reaction(playground: Playground, person: Person, message: dict[str, Any]) -> dict[str, Any]:
    before = len(person.messages(person.dm))
    await person.react(message, "✉️")
    await playground.until(lambda: len(person.messages(person.dm)) > before)
    return person.messages(person.dm)[-1]


# Everywhere where pictures are shown --------------------------------------------------------------------------------


async def by_card(playground: Playground, person: Person, message: dict[str, Any]) -> dict[str, Any]:
    return await answer(playground, await person.press(message, "More"))


async def by_show(playground: Playground, person: Person, _message: dict[str, Any]) -> dict[str, Any]:
    listed = await answer(playground, await person.command("history"))
    return await answer(playground, await person.press(listed, "Show"))


async def by_message(playground: Playground, person: Person, message: dict[str, Any]) -> dict[str, Any]:
    card = await by_card(playground, person, message)
    before = len(person.messages(person.dm))
    await person.press(card, "Send me")
    await playground.until(lambda: len(person.messages(person.dm)) > before)
    return person.messages(person.dm)[-1]


@pytest.mark.parametrize("rule", ["blur", "block"])
@pytest.mark.parametrize("show", [by_card, by_show, by_message])
async def test_what_was_shown_before_is_shown_by_the_rule_of_now(
    playground: Playground, tmp_path: Path, rule: Check, show: Callable[..., Any]
) -> None:
    ann = playground.person("ann")
    async with checking(playground, tmp_path) as bot:
        message = await result(playground, ann, FLAGGED)
        assert state_of(playground, message) == "clear"
        await bot.rooms.guilds.change(playground.world.guild("Atelier").id, check=rule)
        assert state_of(playground, await show(playground, ann, message)) == expected(rule, FLAGGED, False)


async def test_the_history_shows_no_small_picture_of_what_is_blocked(playground: Playground, tmp_path: Path) -> None:
    ann = playground.person("ann")
    async with checking(playground, tmp_path) as bot:
        await result(playground, ann, FLAGGED)
        for rule, shown, spoiler in (("off", 1, False), ("blur", 1, True), ("block", 0, False)):
            await bot.rooms.guilds.change(playground.world.guild("Atelier").id, check=rule)
            listed = await answer(playground, await ann.command("history"))
            small = [part for part in walk(listed["components"]) if part["type"] == 11]
            assert len(small) == shown
            for part in small:
                assert part["spoiler"] == spoiler
                assert is_blurred(bytes_of(playground, part["media"]["url"])) == spoiler


async def test_a_family_is_drawn_without_what_is_blocked(playground: Playground, tmp_path: Path) -> None:
    ann = playground.person("ann")

    def redness(message: dict[str, Any]) -> float:
        with Image.open(io.BytesIO(bytes_of(playground, urls_of(message)[0]))) as image:
            pixels = np.asarray(image.convert("RGB"), np.float32)
        return float(((pixels[..., 0] > 200) & (pixels[..., 1] < 60)).mean())

    async with checking(playground, tmp_path) as bot:
        message = await result(playground, ann, FLAGGED)
        card = await by_card(playground, ann, message)
        before = await answer(playground, await ann.press(card, "Where it comes from"))
        await bot.rooms.guilds.change(playground.world.guild("Atelier").id, check="block")
        after = await answer(playground, await ann.press(card, "Where it comes from"))
        assert redness(before) > 0.1
        assert redness(after) < 0.001


async def test_of_several_pictures_each_is_shown_as_it_is_judged(playground: Playground, tmp_path: Path) -> None:
    ann = playground.person("ann")
    async with checking(playground, tmp_path, check="block") as bot:
        message = await result(playground, ann, "a {red|blue|green} square", combinations=3)
        assert len(urls_of(message)) == 2
        assert "flagged picture 1: not shown" in text_of(message)
        assert {"More 2", "More 3"} <= set(labels_of(message))
        assert "More 1" not in labels_of(message)
        await bot.rooms.guilds.change(playground.world.guild("Atelier").id, check="blur")
        listed = await answer(playground, await ann.command("history"))
        again = await answer(playground, await ann.press(listed, "Show"))
        names = [url.split("/")[-1] for url in urls_of(again)]
        assert [name.startswith(SPOILER) for name in names] == [True, False, False]
        assert "flagged picture 1: blurred" in text_of(again)


# Once, and again ----------------------------------------------------------------------------------------------------


async def test_a_picture_is_judged_once_by_each_checker(playground: Playground, tmp_path: Path) -> None:
    ann = playground.person("ann")
    async with checking(playground, tmp_path, check="block") as bot:
        message = await result(playground, ann, CLEAN)
        asked = []
        check = bot.rooms.dispatcher.check

        async def counted(data: bytes = b"") -> Any:
            asked.append(data)
            return await check(data)

        bot.rooms.dispatcher.check = counted  # type: ignore[method-assign]
        await by_card(playground, ann, message)
        await by_card(playground, ann, message)
        assert asked == []
        first = (await images.of_member(bot.rooms.database, ann.id))[0].verdict
    other = await checker_in(tmp_path, weight=-20.0)
    async with on_stage(playground, tmp_path / "data", checked_inline(other)) as bot:
        card = await by_card(playground, ann, message)
        assert state_of(playground, card) == "blocked"
        second = (await images.of_member(bot.rooms.database, ann.id))[0].verdict
    assert first is not None
    assert second is not None
    assert (first.flagged, second.flagged) == (False, True)
    assert first.checker != second.checker


async def test_what_is_withheld_is_shown_once_it_can_be_checked(playground: Playground, tmp_path: Path) -> None:
    ann, ben = playground.person("ann"), playground.person("ben")
    async with checking(playground, tmp_path, broken=True, check="block") as bot:
        message = await result(playground, ann, CLEAN)
        assert state_of(playground, message) == "withheld"
        assert "no ONNX file" in str(bot.rooms.checks.trouble)
        pressed = await ben.press(message, "Check again")
        assert "still cannot run" in await told(playground, pressed)
        # What was shown before is kept from view too, and each place has the button.
        await bot.rooms.guilds.change(playground.world.guild("Atelier").id, check="off")
        shown = await result(playground, ann, CLEAN, seed=5)
        await bot.rooms.guilds.change(playground.world.guild("Atelier").id, check="block")
        card = await by_card(playground, ann, shown)
        assert state_of(playground, card) == "withheld"
        assert "Check again" in labels_of(card)
        await checker_in(tmp_path)
        await ben.press(message, "Check again")

        def is_there() -> bool:
            now = next(each for each in ann.messages() if each["id"] == message["id"])
            return bool(urls_of(now))

        await playground.until(is_there)
        assert bot.rooms.checks.trouble is None, "it runs again"
    now = next(each for each in ann.messages() if each["id"] == message["id"])
    assert state_of(playground, now) == "clear"
    assert "Check again" not in labels_of(now)


# Between asking and showing -----------------------------------------------------------------------------------------


async def test_a_channel_made_safe_in_between(playground: Playground, tmp_path: Path) -> None:
    ann, guild = playground.person("ann"), playground.world.guild("Atelier")
    async with checking(playground, tmp_path, check="block") as bot:
        bot.rooms.publisher._edit_seconds = 0.0
        asked = await ann.command("imagine", {"prompt": f"slow {FLAGGED}", "steps": 40}, channel=ADULTS)
        await playground.until(lambda: any(urls_of(message) for message in asked.messages))
        guild.channel(ADULTS).restrict_age(False)
        await playground.until(lambda: not bot.get_channel(guild.channel(ADULTS).id).is_nsfw())  # type: ignore[union-attr]
        await playground.until(lambda: any(map(is_done, asked.messages)))
        assert state_of(playground, asked.messages[0]) == "blocked"


async def test_nothing_is_seen_of_what_grows_where_pictures_are_checked(playground: Playground, tmp_path: Path) -> None:
    ann = playground.person("ann")
    async with checking(playground, tmp_path, check="blur") as bot:
        bot.rooms.publisher._edit_seconds = 0.0
        asked = await ann.command("imagine", {"prompt": f"slow {CLEAN}", "steps": 20})
        await playground.until(lambda: any("%" in text_of(message) for message in asked.messages))
        # There is something that could be seen.
        await playground.until(lambda: any(post.previews for post in bot.rooms.publisher._posts.values()))
        await playground.until(lambda: any(map(is_done, asked.messages)))
        assert edits(playground, asked)
        assert not any("preview-1.jpg" in str(each.request) for each in edits(playground, asked))
        # Where nothing is checked, it is seen.
        await bot.rooms.guilds.change(playground.world.guild("Atelier").id, check="off")
        other = await ann.command("imagine", {"prompt": f"slow {CLEAN}", "steps": 20})
        await playground.until(lambda: any(map(is_done, other.messages)))
        assert any("preview-1.jpg" in str(each.request) for each in edits(playground, other))


@pytest.mark.parametrize("rule", ["closed_channels", "private_channels"])
async def test_a_channel_closed_in_between_has_no_picture(playground: Playground, tmp_path: Path, rule: str) -> None:
    ann, guild = playground.person("ann"), playground.world.guild("Atelier")
    async with checking(playground, tmp_path) as bot:
        bot.rooms.publisher._edit_seconds = 0.0
        asked = await ann.command("imagine", {"prompt": f"slow {CLEAN}", "steps": 40})
        await playground.until(lambda: any("%" in text_of(each) for each in asked.messages))
        chosen: dict[str, Any] = {rule: (guild.channel(ORDINARY).id,)}
        await bot.rooms.guilds.change(guild.id, **chosen)
        await playground.until(lambda: len(ann.messages(ann.dm)) == 1)
        assert state_of(playground, ann.messages(ann.dm)[-1]) == "clear"
        await playground.until(lambda: not any(map(is_public, ann.messages())))


def is_public(message: dict[str, Any]) -> bool:
    return not is_private(message)


# What is made of pictures -------------------------------------------------------------------------------------------


async def test_nothing_is_made_of_what_is_blocked(playground: Playground, tmp_path: Path) -> None:
    ann = playground.person("ann")
    async with checking(playground, tmp_path) as bot:
        flagged, clean = await result(playground, ann, FLAGGED), await result(playground, ann, CLEAN)
        await bot.rooms.guilds.change(playground.world.guild("Atelier").id, check="block")
        for label in ("Upscale 2×", "Zoom out 2×", "Extend left"):
            card = await by_card(playground, ann, flagged)
            assert "nothing can be made of it" in await told(playground, await ann.press(card, label))
        pressed = await ann.press(clean, "Upscale 2×")
        await playground.until(lambda: any(map(is_done, pressed.messages)))
        await bot.rooms.guilds.change(playground.world.guild("Atelier").id, check="blur")
        pressed = await ann.press(flagged, "Upscale 2×")
        await playground.until(lambda: any(map(is_done, pressed.messages)))


async def test_nothing_is_made_of_what_cannot_be_checked(playground: Playground, tmp_path: Path) -> None:
    ann = playground.person("ann")
    async with checking(playground, tmp_path, broken=True) as bot:
        clean = await result(playground, ann, CLEAN)
        await bot.rooms.guilds.change(playground.world.guild("Atelier").id, check="block")
        assert "check cannot run" in await told(playground, await ann.press(clean, "Upscale 2×"))


def test_what_the_tests_paint_has_edges() -> None:
    assert not is_blurred(striped("red"))


async def test_an_export_holds_what_would_be_sent(playground: Playground, tmp_path: Path) -> None:
    ann = playground.person("ann")
    async with checking(playground, tmp_path, check_age_restricted="block") as bot:
        for prompt, channel in ((FLAGGED, ORDINARY), (CLEAN, ORDINARY), (f"{FLAGGED} in private", ann.dm)):
            await result(playground, ann, prompt, channel)
        made = {row.recipe.prompt: row.hash for row in await images.of_member(bot.rooms.database, ann.id)}  # type: ignore[union-attr]
        for rule, left_out in (("off", set()), ("blur", set()), ("block", {FLAGGED})):
            await bot.rooms.guilds.change(playground.world.guild("Atelier").id, check=rule)
            async with bot.rooms.people.packed(ann.id, 10**7) as archives:
                names, data = await asyncio.to_thread(unpacked, archives[0])
            there = {prompt for prompt, name in made.items() if f"pictures/{name}.png" in names}
            assert there == set(made) - left_out, names
            assert len(data.get("pictures_kept_back", ())) == len(left_out)
        await bot.rooms.guilds.change(playground.world.guild("Atelier").id, check="off", check_age_restricted="off")


def unpacked(path: Path) -> tuple[list[str], dict[str, Any]]:
    with zipfile.ZipFile(path) as archive:
        return archive.namelist(), json.loads(archive.read("data.json"))
