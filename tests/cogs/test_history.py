"""/history: pages, favourites, what became of each request."""

from pathlib import Path
from typing import Any

import pytest

from playground import Playground
from playground.invocations import Invocation
from tests.bot.stage import (
    answer,
    answer_to,
    begun,
    is_private,
    is_result,
    labels_of,
    on_stage,
    painted,
    size_of,
    text_of,
    urls_of,
    walk,
    words_of,
)
from tests.cogs.waiting import marked


def prompts_of(message: dict[str, Any]) -> list[str]:
    """Return the prompts of a page, in order."""
    lines = text_of(message).split("\n")
    return [line.removeprefix("**").removesuffix(" ⭐").removesuffix("**") for line in lines if line.startswith("**")]


def thumbnails_of(message: dict[str, Any]) -> list[str]:
    return [part["media"]["url"] for part in walk(message["components"]) if part["type"] == 11]


async def turned(playground: Playground, shown: Invocation, wanted: list[str]) -> dict[str, Any]:
    """Wait until a list shows these prompts, and return it."""
    await playground.until(lambda: shown.response.message and prompts_of(shown.response.message) == wanted)
    assert shown.response.message is not None
    return shown.response.message


async def test_nothing_was_asked_for(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        assert "You have asked for nothing yet" in await answer_to(playground, ann, "history")
        favourites = await answer_to(playground, ann, "history", {"favourites": True})
    assert "You have no favourites yet" in favourites


@pytest.fixture
def two_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few pictures, so that pages are soon full; `tests/bot/ui/test_pages.py` fills a page of the usual length."""
    monkeypatch.setattr("bot.ui.pages.HISTORY_ENTRIES", 2)


@pytest.mark.usefixtures("two_a_page")
async def test_pages_turn_back_and_forth_and_after_a_restart(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann, bob = playground.person("ann"), playground.person("bob")
        for number in range(5):
            await painted(playground, ann, f"picture {number}")
        await painted(playground, bob, "not ann's")
        shown = await ann.command("history")
        first = await answer(playground, shown)
        assert prompts_of(first) == [f"picture {number}" for number in (4, 3)]
        assert labels_of(first) == ["Show", "Again"] * 2 + ["Older"]
        assert len(thumbnails_of(first)) == 2
        await ann.press(first, "Older")
        second = await turned(playground, shown, [f"picture {number}" for number in (2, 1)])
        assert labels_of(second)[-2:] == ["Older", "Newest"]
    async with on_stage(playground, tmp_path):
        await ann.press(second, "Older")
        last = await turned(playground, shown, ["picture 0"])
        assert labels_of(last) == ["Show", "Again", "Newest"]
        assert len(thumbnails_of(last)) == 1
        await ann.press(last, "Newest")
        await turned(playground, shown, [f"picture {number}" for number in (4, 3)])


async def test_show_brings_the_pictures_to_the_member_alone(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        await painted(playground, ann, count=2, size="128x64")
        page = await answer(playground, await ann.command("history"))
        shown = await answer(playground, await ann.press(page, "Show"))
        assert is_private(shown)
        assert len(urls_of(shown)) == 2
        assert "128×64" in text_of(shown)
        small = next(int(url.split("/")[-2]) for url in thumbnails_of(page))
        assert size_of(playground.world.cdn.content(small)) == (128, 64)


async def test_what_became_of_each_request(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path, stop_seconds=0.0):
        ann = playground.person("ann")
        deleted = await painted(playground, ann, "deleted")
        await ann.press(deleted, "Delete")
        await playground.until(lambda: not playground.messages())
        failed = await ann.command("imagine", {"prompt": "fail"})
        await playground.until(lambda: "The model gave no picture" in words_of(failed))
        cancelled = await begun(playground, ann, "slow cancelled")
        await ann.press(cancelled.messages[0], "Cancel")
        await playground.until(lambda: "Cancelled." in words_of(cancelled))
        await begun(playground, ann, "slow unfinished")
        page = await answer(playground, await ann.command("history"))
    words = text_of(page).split("-# ")
    assert "not finished yet" in words[1]
    assert "cancelled · clockwork" in words[2]
    assert "failed: The model gave no picture ·" in words[3]
    assert "pictures no longer kept" in words[4]
    assert labels_of(page) == ["Again"] * 3
    assert thumbnails_of(page) == []


async def test_again_from_the_history_is_private_and_new(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        await painted(playground, ann, seed=7)
        page = await answer(playground, await ann.command("history"))
        pressed = await ann.press(page, "Again")
        await playground.until(lambda: any(map(is_result, pressed.messages)))
    assert is_private(pressed.messages[0])
    assert "seed 7 " not in text_of(pressed.messages[0])


@pytest.mark.usefixtures("two_a_page")
async def test_favourites_have_pages_of_their_own(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        for number in range(5):
            message = await painted(playground, ann, f"picture {number}", count=2)
            if number != 3:
                await ann.react(message, "⭐")
        await marked(bot, ann.id, 8)
        shown = await ann.command("history", {"favourites": True})
        first = await answer(playground, shown)
        assert prompts_of(first) == [f"picture {number}" for number in (4, 2)]
        await ann.press(first, "Older")
        await turned(playground, shown, ["picture 1", "picture 0"])
        plain = await answer(playground, await ann.command("history"))
    assert "**picture 4** ⭐" in text_of(plain)
    assert "**picture 3** ⭐" not in text_of(plain)
