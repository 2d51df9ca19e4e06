"""Lists and cards fit into one message, however full they are."""

from typing import Any

import discord
import pytest
from discord import ui

from bot.services.waiting import Line, Place
from bot.services.wildcards import Listed
from bot.texts import say
from bot.ui import pages
from bot.ui.custom_ids import FORGET, PAGE, PATTERN, QUEUE, STYLES, forget_id, page_id, queue_id
from inference.protocol.messages import JobId
from storage.jobs import NewJob
from storage.members import Defaults
from tests.bot.stage import labels_of, walk
from tests.clockwork import MODEL
from tests.sample_requests import recipe

LONG = "@everyone **" * 400


def payload(view: ui.LayoutView) -> list[dict[str, Any]]:
    assert view.is_finished(), "discord.py keeps nothing of it"
    return view.to_components()


def require_limits(view: ui.LayoutView) -> None:
    every = walk(payload(view))
    texts = [part["content"] for part in every if part["type"] == discord.ComponentType.text_display.value]
    names = [part["custom_id"] for part in every if "custom_id" in part]
    assert len(every) <= 40
    assert sum(map(len, texts)) <= 4000
    assert all(texts)
    assert len(set(names)) == len(names)
    assert all(len(name) <= 100 for name in names)
    for name in names:
        assert sum(pattern.fullmatch(name) is not None for pattern in (PATTERN, PAGE, QUEUE, FORGET, STYLES)) == 1


def job(number: int, member_id: int = 1) -> NewJob:
    wish = recipe(prompt=LONG)
    name = JobId(f"{number:032x}")
    return NewJob(id=name, kind="imagine", member_id=member_id, guild_id=None, channel_id=1, recipe=wish, count=8)


async def test_a_full_queue() -> None:
    places = tuple(Place(job(number), False, 1000, 1e6) for number in range(pages.QUEUE_LINES))
    for locale in ("en-US", "de"):
        require_limits(pages.queue(Line(places, 10_000), "mine", 1, 64, 10_000, locale))
        require_limits(pages.queue(Line(places, 10_000), "all", 1, 64, 10_000, locale))


async def test_a_full_page_of_history() -> None:
    entries = [
        pages.Entry(f"{number:032x}", LONG, pages.failure(LONG), "x.jpg", True, ("show", "again"))
        for number in range(pages.HISTORY_ENTRIES)
    ]
    view = pages.history(entries, "favourites", 2**59, False, "de")
    require_limits(view)
    assert labels_of({"components": payload(view)})[-2:] == ["Ältere", "Neueste"]


async def test_an_empty_page_beyond_the_end() -> None:
    assert "That was all" in str(payload(pages.history([], "history", None, False, None)))


async def test_cards() -> None:
    models = [MODEL] * 100
    state = pages.State(name=LONG, version="Easel", device=LONG, models=models, running=0, waiting=0)
    for locale in ("en-US", "de"):
        require_limits(pages.about(state, locale))
        require_limits(pages.guide(locale))
        require_limits(pages.confirm_forget(2**64 - 1, locale))
        require_limits(pages.defaults(Defaults(model="x" * 200), models, locale))
    assert "and 85 more" in str(payload(pages.about(state, None)))
    require_limits(pages.defaults(Defaults(), [], None))
    require_limits(pages.about(pages.State("", "", None, [], 0, 0, trouble=True), None))


async def test_full_lists() -> None:
    lists = [Listed("x" * 60, 20_000, "*" * 4000) for _ in range(200)]
    for locale in ("en-US", "de"):
        view, text = pages.wildcards(lists, lists, locale)
        require_limits(view)
        assert text is not None and len(text.splitlines()) == 400
        require_limits(pages.saved_wildcards(lists[:5], locale))
        require_limits(pages.wildcard("x" * 60, "x.txt", locale))
    view, text = pages.wildcards([], [], None)
    require_limits(view)
    assert text is None


@pytest.mark.parametrize(
    "key", ["wildcards_form", "wildcards_form_label", "admin_negative_title", "admin_negative_label"]
)
def test_words_of_forms_fit(key: str) -> None:
    assert all(len(say(key, locale)) <= 45 for locale in ("en-US", "de"))


def test_names_of_buttons_are_read_again() -> None:
    page = PAGE.fullmatch(page_id("favourites", 12))
    newest = PAGE.fullmatch(page_id("history"))
    queue = QUEUE.fullmatch(queue_id("all"))
    forget = FORGET.fullmatch(forget_id(7))
    assert page and page.groupdict() == {"shelf": "favourites", "before": "12", "of": None}
    assert newest and newest["before"] == ""
    assert queue and queue["whose"] == "all"
    assert forget and forget["member"] == "7"
