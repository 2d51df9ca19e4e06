"""What the message shows meanwhile: where it stands, then how it grows; the newest, and not too often."""

import asyncio
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest

from bot.delivery import publisher as publishing
from bot.delivery.posts import place_of, view_of
from bot.delivery.publisher import Publisher
from bot.errors import EngineDead
from bot.queue.dispatcher import Dispatcher
from bot.services.checks import Checks
from bot.ui.layouts import Waiting
from inference.protocol.messages import Generate, JobId
from playground import Playground
from playground.invocations import Invocation
from storage import Database
from tests.bot.delivery.acting import ended, results, until_idle
from tests.bot.engines.engines import eventually
from tests.bot.queue.scripted import Scripted, new_job
from tests.bot.stage import is_result, labels_of, on_stage, text_of, urls_of


def edits(playground: Playground, invocation: Invocation) -> list[Any]:
    """Return the edits of an answer, oldest first."""
    return [
        each
        for each in playground.exchanges
        if each.method == "PATCH" and invocation.interaction.token in each.path and not each.faulty
    ]


async def asked(playground: Playground, who: str = "ann", **options: Any) -> Invocation:
    wish = {"prompt": "a red circle"} | options
    return await playground.person(who).command("imagine", wish)


async def at_engine(engine: Scripted, count: int) -> Generate:
    await eventually(lambda: len(engine.submitted) >= count)
    return engine.submitted[count - 1]


async def test_first_the_place_then_the_growth_then_the_pictures(playground: Playground, tmp_path: Path) -> None:
    engine = Scripted()
    async with on_stage(playground, tmp_path, engine, max_rows=2) as bot:
        bot.rooms.publisher._edit_seconds = 0.0
        first = await asked(playground, "ann")
        running = await at_engine(engine, 1)
        second = await asked(playground, "bob")
        await playground.until(lambda: second.messages and "Waiting" in text_of(second.messages[0]))
        assert labels_of(second.messages[0]) == ["Cancel"]

        engine.step(running, 5, 20, preview=b"jpeg")
        await playground.until(lambda: first.messages and urls_of(first.messages[0]))
        assert "25 %" in text_of(first.messages[0])
        assert not is_result(first.messages[0])

        engine.finish(running)
        engine.finish(await at_engine(engine, 2))
        await playground.until(lambda: len(results(playground)) == 2)
        await until_idle(bot)


async def test_an_engine_that_is_given_up_is_told_to_all_who_wait(playground: Playground, tmp_path: Path) -> None:
    engine = Scripted()
    async with on_stage(playground, tmp_path, engine, max_rows=2, stop_seconds=0.0) as bot:
        bot.rooms.publisher._edit_seconds = 0.0
        requests = [await asked(playground, who) for who in ("ann", "bob")]
        await playground.until(lambda: all(each.messages and text_of(each.messages[0]) for each in requests))
        engine.mailbox.close(EngineDead("It died five times in a row."))
        await playground.until(lambda: all("has stopped" in text_of(each.messages[0]) for each in requests))
        refused = await asked(playground, "carol")
        await playground.until(lambda: refused.response.kind == "message")
        assert "has stopped" in text_of(refused.messages[0])
        assert refused.response.ephemeral


async def test_the_place_in_the_queue_follows_and_stands_still_where_nothing_moves(
    playground: Playground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "_WAITING_SECONDS", 0.0)
    engine = Scripted()
    async with on_stage(playground, tmp_path, engine, max_rows=2) as bot:
        bot.rooms.publisher._edit_seconds = 0.0
        await asked(playground, "ann")
        running = await at_engine(engine, 1)
        await asked(playground, "bob")
        await eventually(lambda: bot.rooms.dispatcher.waiting == 1)
        last = await asked(playground, "carol")
        await playground.until(lambda: last.messages and "1 ahead" in text_of(last.messages[0]))

        before = len(edits(playground, last))
        looks = 0

        def look(dispatcher: Dispatcher, job: JobId) -> Any:
            nonlocal looks
            looks += 1
            return place_of(dispatcher, job)

        monkeypatch.setattr(publishing, "place_of", look)
        await eventually(lambda: looks >= 6)
        assert len(edits(playground, last)) == before

        engine.finish(running)
        await playground.until(lambda: "you are next" in text_of(last.messages[0]))
        for number in (2, 3):
            engine.finish(await at_engine(engine, number))
        await playground.until(lambda: len(results(playground)) == 3)
        await until_idle(bot)


async def test_the_newest_is_shown_and_what_came_between_never_is(playground: Playground, tmp_path: Path) -> None:
    engine, pace = Scripted(), 0.3
    async with on_stage(playground, tmp_path, engine) as bot:
        bot.rooms.publisher._edit_seconds = pace
        began = time.monotonic()
        invocation = await asked(playground)
        command = await at_engine(engine, 1)
        for step in range(1, 101):
            # A preview tells its step by its size.
            engine.step(command, step, 100, preview=b"j" * step)
            await asyncio.sleep(0.01)
        await playground.until(lambda: "100 %" in text_of(invocation.messages[0]))
        most = (time.monotonic() - began) / pace + 2
        engine.finish(command)
        await playground.until(lambda: len(results(playground)) == 1)
        await until_idle(bot)
    shown = [each.files[0][1] for each in edits(playground, invocation)[:-1] if each.files]
    assert shown == sorted(set(shown))
    assert shown[-1] == 100
    assert len(edits(playground, invocation)) <= most + 1


async def test_no_edit_comes_after_the_result(playground: Playground, tmp_path: Path) -> None:
    """An edit is held up on its way, and discord.py sends it a second time: the result waits for it."""
    engine = Scripted()
    async with on_stage(playground, tmp_path, engine) as bot:
        bot.rooms.publisher._edit_seconds = 0.0
        invocation = await asked(playground)
        command = await at_engine(engine, 1)
        await playground.until(lambda: invocation.response.kind == "message")
        fault = playground.faults.fail("PATCH", "/webhooks", status=500, after=True, delay_seconds=0.2)
        engine.step(command, 1, 4, preview=b"jpeg")
        await playground.until(lambda: fault not in playground.faults.waiting)
        engine.finish(command)
        await playground.until(lambda: len(results(playground)) == 1)
        await until_idle(bot)
    [message] = playground.messages()
    assert is_result(message)
    assert [is_result(each.reply) for each in edits(playground, invocation)].count(True) == 1


async def test_no_edit_comes_between_two_tries_of_the_result(playground: Playground, tmp_path: Path) -> None:
    """It is there, though nobody knows yet: an edit would take it away again."""
    engine = Scripted()
    async with on_stage(playground, tmp_path, engine) as bot:
        bot.rooms.publisher._outbox._pause_seconds = 0.5
        invocation = await asked(playground)
        command = await at_engine(engine, 1)
        await playground.until(lambda: invocation.response.kind == "message")
        [post] = bot.rooms.publisher._posts.values()
        await eventually(lambda: not post.lock.locked())
        fault = playground.faults.fail("PATCH", "/webhooks", status=0, after=True)
        engine.finish(command)
        await playground.until(lambda: fault not in playground.faults.waiting)
        before = len(edits(playground, invocation))
        post.dirty, post.next_edit_at = True, 0.0
        await until_idle(bot)
        assert [is_result(each.reply) for each in edits(playground, invocation)[before:]] == [True]
        assert len(results(playground)) == 1


async def test_a_model_that_is_loaded_and_an_engine_that_is_lost_are_told(
    playground: Playground, tmp_path: Path
) -> None:
    engine = Scripted()
    async with on_stage(playground, tmp_path, engine) as bot:
        bot.rooms.publisher._edit_seconds = 0.0
        invocation = await asked(playground)
        command = await at_engine(engine, 1)
        engine.load(command)
        await playground.until(lambda: invocation.messages and "Loading" in text_of(invocation.messages[0]))
        engine.step(command, 2, 4, preview=b"jpeg")
        await playground.until(lambda: "50 %" in text_of(invocation.messages[0]))
        engine.die(command)
        await playground.until(lambda: "again" in text_of(invocation.messages[0]))
        assert urls_of(invocation.messages[0]) == [], "what is gone is not shown"
        engine.finish(await at_engine(engine, 2))
        await playground.until(lambda: len(results(playground)) == 1)
        await until_idle(bot)


async def test_after_14_minutes_nothing_is_edited_but_the_end_is_told(playground: Playground, tmp_path: Path) -> None:
    engine = Scripted()
    async with on_stage(playground, tmp_path, engine) as bot:
        bot.rooms.publisher._edit_seconds = 0.0
        invocation = await asked(playground)
        command = await at_engine(engine, 1)
        await playground.until(lambda: invocation.response.kind == "message")
        [job] = [job.id for job in bot.rooms.dispatcher.jobs()]
        playground.clock.advance(14 * 60 + 1)
        before = len(edits(playground, invocation))
        engine.step(command, 1, 4)
        await eventually(lambda: bot.rooms.publisher._posts[job].silent)
        engine.finish(command)
        assert (await ended(bot, job)).state == "sent"
        assert len(edits(playground, invocation)) == before


# Many at once, without a clock --------------------------------------------------------------------------------------


@pytest.fixture
async def crowd(tmp_path: Path) -> Any:
    """A publisher with 300 requests that all grow, and nobody to send to."""
    async with await Database.open(tmp_path / "easel.sqlite3") as database:
        dispatcher = SimpleNamespace(trouble=None, position=lambda job: None, model_name=str)
        publisher = Publisher(
            client=cast(discord.Client, None),
            database=database,
            checks=cast(Checks, None),
            dispatcher=cast(Dispatcher, dispatcher),
            may_grow=lambda guild, width, height: True,
        )
        for _ in range(300):
            publisher.waits(new_job())
        yield publisher


async def test_each_message_and_all_together_keep_to_discords_limits(crowd: Publisher) -> None:
    seconds = 60
    last: dict[JobId, float] = {}
    a_second = [0] * seconds
    for tick in range(seconds * 10):
        now = tick / 10
        for post in crowd._due(now):
            assert now - last.get(post.job.id, -100.0) >= publishing.EDIT_SECONDS - 1e-9
            last[post.job.id] = now
            a_second[int(now)] += 1
            post.next_edit_at = now + publishing.EDIT_SECONDS
    assert max(a_second) <= 40
    assert len(last) == 300
    assert min(last.values()) > seconds - 15, "everybody's turn comes again"


async def test_places_are_looked_at_a_few_at_a_time(crowd: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[JobId] = []
    place = place_of(crowd._dispatcher, JobId("any"))

    def look(dispatcher: Dispatcher, job: JobId) -> Waiting:
        looks.append(job)
        return place

    monkeypatch.setattr(publishing, "place_of", look)
    for post in crowd._posts.values():
        post.dirty, post.shown = False, place
    assert crowd._due(1.0) == []
    assert len(looks) == publishing._LOOKS_A_TICK
    for tick in range(50):
        assert crowd._due(1.0 + tick / 10) == []
    assert len(set(looks)) == len(looks) == 300


async def test_what_grows_has_no_place_that_could_move(crowd: Publisher) -> None:
    """Otherwise its message would be edited again and again while nothing happens."""
    post = next(iter(crowd._posts.values()))
    view_of(post, crowd._dispatcher, 0.0)
    assert post.shown is not None
    post.note(0, 1, 4, None, 0.0)
    view_of(post, crowd._dispatcher, 1.0)
    assert post.shown is None
