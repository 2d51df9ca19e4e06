"""Checks that cannot be made: the worker dies, hangs or is stopped over one. Nothing is shown that was not judged."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from bot.engines.process import LocalProcess
from bot.services.requests import Place
from playground import Playground
from storage import images
from storage.guilds import Check
from tests.bot.engines.checked import checked_inline, checked_process
from tests.bot.stage import answer, on_stage, text_of, urls_of
from tests.checkers import concept_checker, describe, picture, red_classifier
from tests.cogs.test_adapters import added
from tests.cogs.test_checks import CLEAN, FLAGGED, bytes_of, is_blurred, is_done, result, state_of


async def trapped(folder: Path, *orders: str) -> tuple[LocalProcess, Path]:
    """Return an engine that dies over its checks while a file is there, and that file."""
    path = await asyncio.to_thread(red_classifier, folder / "checker" / "red.onnx")
    return checked_process(path, *orders), path.with_name("deadly")


async def check_by(bot: Any, playground: Playground, rule: Check) -> None:
    await bot.rooms.guilds.change(playground.world.guild("Atelier").id, check=rule)


async def test_a_worker_that_dies_over_a_check_is_asked_once_more(playground: Playground, tmp_path: Path) -> None:
    engine, trap = await trapped(tmp_path, "once")
    async with on_stage(playground, tmp_path / "data", engine) as bot:
        await check_by(bot, playground, "block")
        await asyncio.to_thread(trap.touch)
        first = engine.pid
        message = await result(playground, playground.person("ann"), CLEAN)
        assert state_of(playground, message) == "clear"
        assert engine.pid != first
        assert not await asyncio.to_thread(trap.exists)


async def test_a_picture_over_which_the_worker_always_dies_is_withheld(playground: Playground, tmp_path: Path) -> None:
    ann = playground.person("ann")
    engine, trap = await trapped(tmp_path, "always")
    async with on_stage(playground, tmp_path / "data", engine) as bot:
        await check_by(bot, playground, "blur")
        await asyncio.to_thread(trap.touch)
        message = await result(playground, ann, CLEAN)
        assert state_of(playground, message) == "withheld"
        assert "exit code 9" in str(bot.rooms.checks.trouble)
        await asyncio.to_thread(trap.unlink)
        await ann.press(message, "Check again")
        await playground.until(lambda: any(urls_of(each) for each in ann.messages()))
        assert state_of(playground, ann.messages()[0]) == "clear"


async def test_a_check_that_hangs_holds_up_nobody_for_ever(playground: Playground, tmp_path: Path) -> None:
    ann, ben = playground.person("ann"), playground.person("ben")
    engine, trap = await trapped(tmp_path, "always")
    async with on_stage(playground, tmp_path / "data", engine) as bot:
        await check_by(bot, playground, "block")

        async def impatient(data: bytes = b"") -> Any:
            return await engine.check(data, 1.0)

        await asyncio.to_thread(trap.with_name("stuck").touch)
        asked = [await ann.command("imagine", {"prompt": CLEAN, "steps": 2}) for _ in range(10)]
        # More than are sent at a time, and none of them in the way of what needs no check.
        direct = await result(playground, ben, CLEAN, ben.dm)
        assert state_of(playground, direct) == "clear"
        assert not any(urls_of(message) for each in asked for message in each.messages)
        bot.rooms.dispatcher.check = impatient  # type: ignore[method-assign]
        late = await result(playground, ben, CLEAN)
        assert state_of(playground, late) == "withheld"


async def test_a_check_that_is_under_way_at_the_stop_is_made_after_the_start(
    playground: Playground, tmp_path: Path
) -> None:
    ann = playground.person("ann")
    engine, trap = await trapped(tmp_path, "always")
    async with on_stage(playground, tmp_path / "data", engine, stop_seconds=1.0) as bot:
        await check_by(bot, playground, "block")
        await asyncio.to_thread(trap.with_name("stuck").touch)
        await ann.command("imagine", {"prompt": CLEAN, "steps": 2})
        await playground.until(lambda: bool(bot.rooms.checks._verdicts._asked))
    assert not any(is_done(message) for message in ann.messages())
    await asyncio.to_thread(trap.with_name("stuck").unlink)
    engine, _ = await trapped(tmp_path, "always")
    async with on_stage(playground, tmp_path / "data", engine):
        await playground.until(lambda: any(map(is_done, ann.messages())))
        assert [state_of(playground, message) for message in ann.messages()] == ["clear"]


async def test_without_any_checker_all_is_withheld(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path / "data", checked_inline(None)) as bot:
        await check_by(bot, playground, "blur")
        message = await result(playground, playground.person("ann"), CLEAN)
        assert state_of(playground, message) == "withheld"
        assert "EASEL_SAFETY_CHECKER" in str(bot.rooms.checks.trouble)


async def test_a_checker_is_loaded_at_the_start_where_a_server_wants_it(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path / "data", checked_inline(tmp_path / "gone")) as bot:
        assert bot.rooms.checks.trouble is None
        await check_by(bot, playground, "blur")
    async with on_stage(playground, tmp_path / "data", checked_inline(tmp_path / "gone")) as bot:
        await playground.until(lambda: bot.rooms.checks.trouble is not None)
        assert "there is nothing" in str(bot.rooms.checks.trouble)


@pytest.mark.parametrize("broken", ["", "{"])
async def test_where_settings_cannot_be_read_no_picture_is_handed_out(
    playground: Playground, tmp_path: Path, broken: str
) -> None:
    ann = playground.person("ann")
    path = await asyncio.to_thread(red_classifier, tmp_path / "checker" / "red.onnx")
    async with on_stage(playground, tmp_path / "data", checked_inline(path)) as bot:
        await check_by(bot, playground, "off")
        await result(playground, ann, FLAGGED)
        async with bot.rooms.database.transaction() as write:
            await write.execute("UPDATE guilds SET settings = ?", (broken,))
    async with on_stage(playground, tmp_path / "data", checked_inline(path)) as bot:
        before = len(ann.messages(ann.dm))
        await ann.react(ann.messages()[0], "✉️")
        await playground.until(lambda: len(ann.messages(ann.dm)) > before)
        message = ann.messages(ann.dm)[-1]
        assert "cannot be read, so nothing is allowed here" in text_of(message)
        assert urls_of(message) == []
        checks = bot.rooms.checks
        assert checks.rule(playground.world.guild("Atelier").id, Place(channel_id=1)) == "block"


# Other checkers -----------------------------------------------------------------------------------------------------


async def test_the_safety_checker_of_diffusers(playground: Playground, tmp_path: Path) -> None:
    ann = playground.person("ann")
    clean = [picture("blue"), picture("green")]
    folder = await asyncio.to_thread(concept_checker, tmp_path / "safety_checker", picture("red"), clean)
    async with on_stage(playground, tmp_path / "data", checked_inline(folder)) as bot:
        await check_by(bot, playground, "blur")
        shown = [state_of(playground, await result(playground, ann, prompt)) for prompt in (FLAGGED, CLEAN)]
        assert shown == ["blurred", "clear"]
        verdicts = [row.verdict for row in await images.of_member(bot.rooms.database, ann.id)]
        assert [verdict.flagged for verdict in verdicts if verdict] == [False, True]


async def test_a_classifier_that_knows_no_class_lets_nothing_pass(playground: Playground, tmp_path: Path) -> None:
    path = await asyncio.to_thread(red_classifier, tmp_path / "red.onnx", classes=3)
    async with on_stage(playground, tmp_path / "data", checked_inline(path)) as bot:
        await check_by(bot, playground, "block")
        ann = playground.person("ann")
        message = await result(playground, ann, CLEAN)
        assert state_of(playground, message) == "withheld"
        await asyncio.to_thread(describe, path, flagged=[1])
        await ann.press(message, "Check again")
        await playground.until(lambda: any(urls_of(each) for each in ann.messages()))
        assert json.loads(await asyncio.to_thread(path.with_suffix(".json").read_text)) == {"flagged": [1]}


# Previews of adapters -----------------------------------------------------------------------------------------------


async def test_the_preview_of_an_adapter_is_shown_by_the_rule(playground: Playground, tmp_path: Path) -> None:
    ann = playground.person("ann")
    path = await asyncio.to_thread(red_classifier, tmp_path / "checker" / "red.onnx")
    async with on_stage(playground, tmp_path / "data", checked_inline(path)) as bot:
        await added(playground, ann, name="ink")
        before = bot.rooms.adapters.owned(ann.id)[0].preview
        used = await ann.command("adapters preview", {"name": "ink", "prompt": FLAGGED})
        await playground.until(lambda: any(map(is_done, used.messages)))
        await playground.until(lambda: bot.rooms.adapters.owned(ann.id)[0].preview != before)
        for rule in ("off", "blur", "block"):
            await check_by(bot, playground, rule)
            shown = await answer(playground, await ann.command("adapters info", {"name": "ink"}))
            data = [bytes_of(playground, url) for url in urls_of(shown)]
            assert [is_blurred(each) for each in data] == {"off": [False], "blur": [True], "block": []}[rule]
