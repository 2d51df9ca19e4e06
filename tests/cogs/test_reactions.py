"""Reactions to pictures: ✉️ sends, ⭐ keeps, ❌ deletes; for their member alone."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from playground import Playground
from playground.people import Person
from storage import images
from tests.bot.stage import begun, is_result, labels_of, on_stage, painted, text_of, urls_of
from tests.cogs.waiting import marked


async def copies(playground: Playground, name: str, count: int = 1) -> list[dict[str, Any]]:
    """Return what the bot sent to a person directly, when there is so much of it."""
    await playground.until(lambda: len(playground.messages_to(name)) == count)
    return playground.messages_to(name)


def reactions_of(message: dict[str, Any]) -> list[str]:
    return [reaction["emoji"]["name"] for reaction in message.get("reactions", [])]


@pytest.mark.parametrize("envelope", ["✉️", "✉"])
async def test_an_envelope_sends_the_pictures(playground: Playground, tmp_path: Path, envelope: str) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        message = await painted(playground, ann, count=3)
        await ann.react(message, envelope)
        (copy,) = await copies(playground, "ann")
    assert len(urls_of(copy)) == 3
    assert labels_of(copy)[-3:] == ["Again", "Settings", "Delete"]


async def test_a_star_keeps_the_pictures_until_it_is_taken_back(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        message = await painted(playground, ann, count=2)
        await ann.react(message, "⭐")
        await marked(bot, ann.id, 2)
        assert await images.retire(bot.rooms.database, older_than_seconds=-1.0) == 0
        await ann.unreact(message, "⭐")
        await marked(bot, ann.id, 0)
        assert await images.retire(bot.rooms.database, older_than_seconds=-1.0) == 2


async def test_a_cross_deletes_pictures_and_message(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        message = await painted(playground, ann)
        await ann.react(message, "❌")
        await playground.until(lambda: not playground.messages())
        (made,) = (await bot.rooms.gallery.history(ann.id)).made
        files = await asyncio.to_thread(lambda: list(bot.rooms.pictures.root.rglob("*.png")))
    assert made.kept == ()
    assert files == []


async def test_a_cross_stops_what_is_being_painted(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path, stop_seconds=0.0) as bot:
        ann = playground.person("ann")
        asked = await begun(playground, ann)
        await ann.react(asked.messages[0], "❌")
        await playground.until(lambda: not playground.messages())
        assert bot.rooms.dispatcher.jobs() == []
    async with on_stage(playground, tmp_path):
        assert playground.messages() == []


async def test_others_reactions_do_nothing(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann, bob = playground.person("ann"), playground.person("bob")
        message = await painted(playground, ann)
        for emoji in ("✉️", "⭐", "❌"):
            await bob.react(message, emoji)
        await ann.react(message, "👍")
        await ann.react(message, "x:123")
        # In the order in which they came: when this one is answered, those before it were looked at.
        await ann.react(message, "✉️")
        await copies(playground, "ann")
        assert playground.messages_to("bob") == []
        assert await images.favourites(bot.rooms.database, bob.id) == []
        (made,) = (await bot.rooms.gallery.history(ann.id)).made
    assert len(made.kept) == 1
    assert [shown["id"] for shown in playground.messages()] == [message["id"]]


async def test_reactions_work_in_direct_messages_and_on_copies(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        in_channel = await painted(playground, ann, "one")
        await ann.react(in_channel, "✉️")
        (copy,) = await copies(playground, "ann")
        await ann.react(copy, "⭐")
        await marked(bot, ann.id, 1)
        await ann.react(copy, "❌")
        await playground.until(lambda: not playground.messages_to("ann") and not playground.messages())
        direct = await painted(playground, ann, "two", channel=ann.dm)
        await ann.react(direct, "❌")
        await playground.until(lambda: not playground.messages_to("ann"))


async def test_closed_direct_messages_are_shown_by_a_mailbox(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        message = await painted(playground, ann)
        ann.accept_direct_messages(False)
        await ann.react(message, "✉️")
        await playground.until(lambda: "📪" in reactions_of(playground.messages()[0]))
    assert playground.messages_to("ann") == []


async def test_closed_direct_messages_where_the_bot_may_not_react(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        message = await painted(playground, ann)
        ann.accept_direct_messages(False)
        refused = playground.faults.fail("PUT", "/channels", status=403, code=50013)
        await ann.react(message, "✉️")
        await playground.until(lambda: refused not in playground.faults.waiting)
        await ann.react(message, "⭐")
        await marked(bot, ann.id, 1)


async def test_pictures_that_are_no_longer_kept(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = await german(playground)
        message = await painted(playground, ann)
        await images.retire(bot.rooms.database, older_than_seconds=-1.0)
        await ann.react(message, "✉️")
        (copy,) = await copies(playground, "ann")
    assert text_of(copy) == "Diese Bilder sind nicht mehr da."


async def german(playground: Playground) -> Person:
    person = playground.person("ann")
    person.user.locale = "de"
    return person


async def test_a_result_too_large_for_direct_messages_is_sent_smaller(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        message = await painted(playground, ann)
        playground.faults.fail("POST", f"/channels/{ann.dm.id}/messages", status=413, code=40005)
        await ann.react(message, "✉️")
        (copy,) = await copies(playground, "ann")
    assert is_result(copy)
    assert "shown smaller" in text_of(copy)


async def test_trouble_of_ours_is_told_and_written_down(
    playground: Playground, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        message = await painted(playground, ann)

        async def broken(*_: object) -> None:
            raise ZeroDivisionError("a defect")

        monkeypatch.setattr(type(bot.rooms.gallery), "mark", broken)
        await ann.react(message, "⭐")
        (told,) = await copies(playground, "ann")
    reference = text_of(told).removesuffix(".").split()[-1]
    assert f"error {reference}" in caplog.text
