"""/me: defaults, a copy of everything, and its deletion."""

import asyncio
import io
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bot.services.requests import Actor
from playground import Playground
from playground.components import BUTTON
from playground.components import find as find_component
from playground.settings import MIB
from storage import jobs
from tests.bot.stage import (
    answer,
    answer_to,
    begun,
    is_private,
    is_result,
    on_stage,
    painted,
    size_of,
    text_of,
    told,
    walk,
    words_of,
)


async def test_defaults_stand_in_and_are_forgotten(playground: Playground, tmp_path: Path) -> None:
    ann = playground.person("ann")
    wanted = {"model": "Clockwork", "size": "128x64", "count": 2, "private": True}
    async with on_stage(playground, tmp_path):
        assert "clockwork, the first that is installed" in await answer_to(playground, ann, "me show")
        saved = await answer_to(playground, ann, "me set", wanted)
        for line in ("**Model** clockwork", "**Size** 128×64", "**Pictures** 2", "**Seen by** you alone", "Saved."):
            assert line in saved.replace("-# ", "").split("\n")
        message = await painted(playground, ann)
        assert is_private(message)
        assert [size_of(data) for data in pictures_in(playground, message)] == [(128, 64)] * 2
        spoken = await painted(playground, ann, count=1, size="64x64", private=False)
        assert not is_private(spoken)
        assert [size_of(data) for data in pictures_in(playground, spoken)] == [(64, 64)]
    async with on_stage(playground, tmp_path):
        left = await answer_to(playground, ann, "me reset", {"which": "size"})
        assert "**Size** the model’s own" in left
        assert "**Pictures** 2" in left
        left = await answer_to(playground, ann, "me reset")
    assert "**Pictures** 1" in left
    assert "**Seen by** everybody" in left


def pictures_in(playground: Playground, message: dict[str, Any]) -> list[bytes]:
    galleries = [part for part in walk(message["components"]) if part["type"] == 12]
    items = [item for gallery in galleries for item in gallery["items"]]
    return [playground.world.cdn.content(int(item["media"]["attachment_id"])) for item in items]


async def test_one_default_at_a_time_leaves_the_others(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        await answer_to(playground, ann, "me set", {"count": 3})
        changed = await answer_to(playground, ann, "me set", {"size": "2:1"})
    assert "**Pictures** 3" in changed
    assert "**Size** 88×64" in changed


WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, "Say what to set"),
    ({"model": "clokwork"}, "no model named “clokwork”. Did you mean clockwork?"),
    ({"model": "@everyone"}, "no model named “@\u200beveryone”. Start typing"),
    ({"size": "huge"}, "“huge” is no size"),
    ({"size": "65x64"}, "must be a multiple of 8"),
    ({"count": 9}, "One request may have 8 pictures"),
]


async def test_what_cannot_be_a_default(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        for options, words in WRONG:
            assert words in await answer_to(playground, ann, "me set", options)
        assert "**Size** the model’s own" in await answer_to(playground, ann, "me show")


# Everything that is kept ------------------------------------------------------------------------------------------


def archives_in(playground: Playground, messages: list[dict[str, Any]]) -> dict[str, bytes]:
    """Return the content of all zip files of some messages."""
    files = [part["file"] for message in messages for part in walk(message["components"]) if part["type"] == 13]
    found: dict[str, bytes] = {}
    for file in files:
        with zipfile.ZipFile(io.BytesIO(playground.world.cdn.content(int(file["attachment_id"])))) as archive:
            found |= {name: archive.read(name) for name in archive.namelist()}
    return found


@pytest.fixture
def temporary(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where temporary files are made."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


async def test_the_export_holds_everything_and_leaves_nothing_behind(
    playground: Playground, tmp_path: Path, temporary: Path
) -> None:
    async with on_stage(playground, tmp_path):
        ann, bob = playground.person("ann"), playground.person("bob")
        await answer_to(playground, ann, "me set", {"count": 2})
        message = await painted(playground, ann, "a red circle")
        await painted(playground, bob, "not ann's")
        asked = await ann.command("me export")
        await playground.until(lambda: "in your direct messages. Files: 1." in words_of(asked))
        assert all(map(is_private, asked.messages))
        found = archives_in(playground, playground.messages_to("ann"))
    data = json.loads(found.pop("data.json"))
    assert data["member"] == ann.id
    assert data["defaults"] == {"count": 2}
    assert [job["recipe"]["prompt"] for job in data["jobs"]] == ["a red circle"]
    assert sorted(found.values()) == sorted(pictures_in(playground, message))
    assert await asyncio.to_thread(lambda: list(temporary.iterdir())) == []


async def test_with_closed_direct_messages_the_export_is_the_answer(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        message = await painted(playground, ann)
        ann.accept_direct_messages(False)
        asked = await ann.command("me export")
        await playground.until(lambda: "File 1 of 1" in words_of(asked))
        assert all(map(is_private, asked.messages))
        found = archives_in(playground, asked.messages)
    assert playground.messages_to("ann") == []
    assert json.loads(found.pop("data.json"))["member"] == ann.id
    assert list(found.values()) == pictures_in(playground, message)


async def test_a_large_export_comes_in_parts(
    playground: Playground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        for _ in range(3):
            await painted(playground, ann)
        # Room for the bytes of a single picture: each goes into an archive of its own.
        monkeypatch.setattr("bot.services.people._ROOM", 10 * MIB - 400)
        many = await ann.command("me export")
        await playground.until(lambda: "in your direct messages. Files: 4." in words_of(many))
        found = archives_in(playground, playground.messages_to("ann"))
        ann.accept_direct_messages(False)
        few = await ann.command("me export")
        await playground.until(lambda: "File 4 of 4" in words_of(few))
        assert archives_in(playground, few.messages).keys() == found.keys()
        monkeypatch.setattr("bot.interactions.exports._MOST_ANSWERS", 3)
        closed = await answer_to(playground, ann, "me export")
    assert len(found) == 4
    assert "yours are closed to me" in closed


async def test_an_export_that_discord_refuses_comes_smaller(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        await painted(playground, ann)
        playground.faults.fail("POST", f"/channels/{ann.dm.id}/messages", status=413, code=40005)
        assert "Files: 1." in await answer_to(playground, ann, "me export")
        playground.faults.fail("POST", f"/channels/{ann.dm.id}/messages", status=413, code=40005, times=4)
        assert "does not fit through Discord" in await answer_to(playground, ann, "me export")


async def test_one_export_at_a_time(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        async with bot.rooms.people.packed(ann.id, MIB):
            assert "being packed already" in await answer_to(playground, ann, "me export")
        assert "Files: 1." in await answer_to(playground, ann, "me export")


async def test_deletion_asks_first_and_then_leaves_nothing(playground: Playground, tmp_path: Path) -> None:
    ann, bob = playground.person("ann"), playground.person("bob")
    async with on_stage(playground, tmp_path, stop_seconds=0.0) as bot:
        await answer_to(playground, ann, "me set", {"count": 2})
        done = await painted(playground, ann)
        await painted(playground, bob)
        await begun(playground, ann)
        question = await ann.command("me delete")
        message = await answer(playground, question)
        assert "for good" in text_of(message)
        assert len((await bot.rooms.gallery.history(ann.id)).made) == 2
    async with on_stage(playground, tmp_path, stop_seconds=0.0) as bot:
        pressed = await ann.press(message, "Delete it all")
        await playground.until(lambda: "Everything kept about you is gone." in words_of(pressed))
        # What was still to be painted says nothing any more, what was done stays where it was posted.
        await playground.until(lambda: len(playground.messages()) == 2)
        assert done["id"] in [shown["id"] for shown in playground.messages()]
        assert await jobs.history(bot.rooms.database, ann.id) == []
        assert len(await jobs.history(bot.rooms.database, bob.id)) == 1
        assert bot.rooms.dispatcher.jobs() == []
        assert "**Pictures** 1" in await answer_to(playground, ann, "me show")
        assert "nothing yet" in await answer_to(playground, ann, "history")


async def test_nobody_deletes_anothers_data(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann, bob = playground.person("ann"), playground.person("bob")
        await painted(playground, ann)
        message = await answer(playground, await ann.command("me delete"))
        with pytest.raises(LookupError):
            await bob.press(message, "Delete it all")
        # As a client would that makes up what it presses.
        shown = playground.world.find_message(int(message["id"]))
        pressed = bob._use(shown, find_component(shown.components, "Delete it all", (BUTTON,)), {})
        assert "somebody else" in await told(playground, pressed)
        assert len(await jobs.history(bot.rooms.database, ann.id)) == 1


async def test_a_default_model_that_is_gone_is_passed_over(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        await answer_to(playground, ann, "me set", {"model": "clockwork"})
        # What comes after the bot is denied until somebody allows it.
        await bot.rooms.guilds.change(playground.world.guild("Atelier").id, new_models="allow")
        models = bot.rooms.dispatcher.models
        bot.rooms.dispatcher.models = tuple(msgspec.structs.replace(info, name="another") for info in models)
        assert "clockwork, which is no longer installed" in await answer_to(playground, ann, "me show")
        assert is_result(await painted(playground, ann))


async def test_who_is_blocked_is_still_blocked_after_deleting_everything(
    playground: Playground, tmp_path: Path
) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann, guild = playground.person("ann"), playground.world.guild("Atelier")
        boss = Actor(member_id=playground.world.owner.id, guild_id=guild.id, manager=True)
        await bot.rooms.blocks.block(boss, ann.id, "a secret of ann’s")
        message = await answer(playground, await ann.command("me delete"))
        await answer(playground, await ann.press(message, "Delete it all"))
        await playground.until(lambda: bot.rooms.blocks.reason(guild.id, ann.id) == "")
    async with on_stage(playground, tmp_path) as bot:
        assert bot.rooms.blocks.reason(guild.id, ann.id) == ""
        refused = await answer_to(playground, ann, "imagine", {"prompt": "x"})
        assert "blocked" in refused or "may not" in refused
