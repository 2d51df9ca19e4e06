"""What is kept of adapters on disk: all of it or nothing, whatever goes wrong, and nothing of who is forgotten."""

import asyncio
import zipfile
from pathlib import Path
from typing import Any

import pytest

from bot.services.adapter_values import AdapterLimits
from bot.services.people import People
from bot.services.styles import Styles
from bot.texts import Mistake
from storage import DiskFull, Unwritable, adapters, content_hash
from tests.bot.queue.scripted import a_house
from tests.bot.services.adapter_house import (
    ANN,
    BOB,
    MIB,
    House,
    names,
    pictures,
    put,
)


async def test_a_full_disk_leaves_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: object) -> None:
        raise DiskFull("full")

    with monkeypatch.context() as patched:
        patched.setattr(adapters, "add", full)
        with pytest.raises(DiskFull):
            await house.bring(ANN, "x", "x")
    assert await house.on_disk() == []
    assert house.seen(ANN) == []
    assert (await house.bring(ANN, "x", "x")).hash == content_hash(b"x")


async def test_whoever_goes_away_in_the_midst_leaves_all_or_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, go_on = asyncio.Event(), asyncio.Event()
    add = adapters.add

    async def slowly(*given: Any) -> Any:
        began.set()
        await go_on.wait()
        return await add(*given)

    monkeypatch.setattr(adapters, "add", slowly)
    bringing = asyncio.create_task(house.bring(ANN, "x", "x"))
    await began.wait()
    bringing.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await bringing
    assert house.seen(ANN) == ["x"]
    assert await house.on_disk() == [content_hash(b"x")]
    assert await adapters.all(house.database) == house.adapters.owned(1)


async def test_what_was_half_brought_when_the_bot_died_is_cleared_away(house: House) -> None:
    await put(house.files.root / "staging" / "some", half="half")
    await house.restart()
    assert await names(house.files.root) == []


async def test_a_lost_file_is_not_offered_and_bringing_it_again_mends_it(house: House) -> None:
    ink = await house.bring(ANN, "Ink", "ink", visibility="server")
    await asyncio.to_thread(house.files.path(ink.hash).unlink)
    await house.restart()
    assert house.seen(ANN) == house.seen(BOB) == []
    with pytest.raises(Mistake, match="no longer on the disk"):
        house.adapters.resolve("ink", ANN)
    assert [one.name for one in house.adapters.listed(ANN)] == ["Ink"]
    assert await house.bring(ANN, "Other", "ink") == ink
    assert house.seen(BOB) == ["Ink"]


async def test_a_file_that_cannot_be_deleted_now_is_deleted_later(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def refuse(*_: object) -> None:
        raise Unwritable("held by somebody")

    ink = await house.bring(ANN, "Ink")
    with monkeypatch.context() as patched:
        patched.setattr(house.files, "remove", refuse)
        await house.adapters.remove(ANN, ink.id)
    assert "held by somebody" in caplog.text
    assert house.seen(ANN) == []
    assert await house.on_disk() == [ink.hash]
    await house.adapters.sweep()
    assert await house.on_disk() == []


async def test_a_preview_takes_the_place_of_the_one_before(house: House) -> None:
    ink = await house.bring(ANN, "Ink")
    for png in (b"one", b"two", b"two"):
        ink = await house.adapters.set_preview(ink.id, png)
        assert await house.adapters.preview(ink) == png
    assert len(await pictures(house)) == 1
    with pytest.raises(Mistake):
        await house.adapters.set_preview(99, b"x")


async def test_a_deleted_member_leaves_nothing(house: House) -> None:
    ink = await house.bring(ANN, "Ink", visibility="public")
    await house.adapters.set_preview(ink.id, b"png")
    gone = await house.bring(ANN, "gone")
    await house.adapters.remove(ANN, gone.id)
    assert [name for name, _ in house.adapters.files_of(1)] == [
        f"adapters/{ink.hash}.safetensors",
        f"adapters/{ink.hash}.png",
    ]
    async with house.database.transaction() as write:
        await adapters.forget_member(write, 1)
    await house.adapters.forget(1)
    for _ in range(2):
        assert await house.on_disk() == house.seen(BOB) == []
        assert house.adapters.owned(1) == []
        assert house.adapters.name_of(gone.hash, ANN) is house.adapters.name_of(ink.hash, ANN) is None
        await house.restart()
    assert await pictures(house) == []


async def test_whoever_has_everything_deleted_takes_along_what_they_brought(tmp_path: Path) -> None:
    async with a_house(tmp_path) as queue:
        house = House(tmp_path, queue.database, AdapterLimits())
        await house.adapters.load()
        people = People(
            database=queue.database,
            pictures=queue.pictures,
            inputs=queue.inputs,
            dispatcher=queue.dispatcher,
            styles=Styles(database=queue.database, dispatcher=queue.dispatcher, operators={}),
            adapters=house.adapters,
        )
        ink = await house.bring(ANN, "Ink", "ink", visibility="server")
        async with people.packed(ANN.member_id, MIB) as [archive]:
            found = await asyncio.to_thread(lambda: zipfile.ZipFile(archive).namelist())
        assert found == ["data.json", f"adapters/{ink.hash}.safetensors"]
        await people.forget(ANN.member_id)
        for _ in range(2):
            assert await house.on_disk() == house.seen(BOB) == house.seen(ANN) == []
            await house.restart()
