"""Autocomplete answers from memory."""

import traceback
from pathlib import Path
from typing import Any

import pytest

from bot.services.requests import Actor
from playground import Playground
from storage import Database
from tests.bot.stage import answer_to, begun, on_stage, painted

TYPED = [
    ("imagine", "model", "clock", "clockwork"),
    ("imagine", "sampler", "euler", "Euler"),
    ("imagine", "style", "water", "watercolour"),
    ("imagine", "size", "16", "16:9"),
    ("imagine", "size", "800x600", "800x600"),
    ("me set", "model", "", "clockwork"),
    ("prompt check", "model", "clock", "clockwork"),
    ("me set", "size", "", "1:1"),
    ("queue cancel", "request", "slow", "slow fox · 1 picture"),
    ("styles edit", "name", "no", "noir"),
    ("styles share", "name", "no", "noir"),
    ("imagine", "style", "no", "noir"),
    ("wildcards show", "name", "an", "animal"),
    ("wildcards edit", "name", "", "animal"),
]


@pytest.fixture
def queries(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect the queries that commands and their autocompletes make, with the functions that make them."""
    made: list[str] = []
    for name in ("fetch_all", "fetch_one", "transaction"):
        monkeypatch.setattr(Database, name, _noted(getattr(Database, name), made))
    return made


def _noted(method: Any, made: list[str]) -> Any:
    def noted(*arguments: Any, **named: Any) -> Any:
        callers = [frame.filename.replace("\\", "/") for frame in traceback.extract_stack()]
        if any(caller.endswith("discord/app_commands/tree.py") for caller in callers):
            made.append(callers[-2])
        return method(*arguments, **named)

    return noted


async def test_no_query_is_made_while_somebody_types(
    playground: Playground, tmp_path: Path, queries: list[str]
) -> None:
    async with on_stage(playground, tmp_path, stop_seconds=0.0) as bot:
        ann = playground.person("ann")
        keeper = Actor(member_id=ann.id, guild_id=playground.world.guild("Atelier").id, manager=True)
        await bot.rooms.wildcards.put(keeper, {"animal": "cat"})
        await begun(playground, ann, "slow fox")
        await answer_to(playground, ann, "styles add", {"name": "noir", "prompt": "x"})
        history = await ann.command("history")
        await playground.until(lambda: history.response.kind == "message")
        assert queries, "commands are seen to make queries"
        queries.clear()
        for command, option, typed, first in TYPED:
            choices = await ann.autocomplete(command, {option: typed}, option)
            assert choices[0]["name"] == first
        assert queries == []


async def test_what_is_typed_in_vain_offers_nothing(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        await painted(playground, ann)
        for command, option in (("imagine", "model"), ("imagine", "style"), ("queue cancel", "request")):
            assert await ann.autocomplete(command, {option: "zzz"}, option) == []
        assert len(await ann.autocomplete("imagine", {"size": " "}, "size")) > 1
        (long,) = await ann.autocomplete("imagine", {"size": "x" * 200}, "size")
    assert len(long["value"]) == 100
