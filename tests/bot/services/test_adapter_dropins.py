"""Files that the operator drops into a folder become adapters for everybody."""

import asyncio
from pathlib import Path

import msgspec

from bot.services.adapter_dropins import DropIns
from bot.texts import Mistake
from inference.protocol.adapters import Report
from tests.bot.services.adapter_house import (
    ANN_DM,
    BOB,
    LORA,
    House,
    names,
    put,
)


async def looked_at(source: Path, target: Path) -> Report:
    """Stand in for the inspection: what begins with "bad" is refused."""
    content = await asyncio.to_thread(source.read_bytes)
    if content.startswith(b"bad"):
        raise Mistake("adapters_large", size=9, most=1)
    await asyncio.to_thread(target.write_bytes, content)
    return msgspec.structs.replace(LORA, bytes=len(content))


async def test_what_is_dropped_is_taken_in_once_it_is_whole(house: House) -> None:
    folder = house.folder / "incoming"
    drop = DropIns(folder=folder, adapters=house.adapters, inspect=looked_at)
    assert await drop.look() == []
    dropped = {"My Ink__safetensors": "half", "notes__txt": "mine", "__hidden__safetensors": "x"}
    await put(folder, **dropped)
    await asyncio.to_thread((folder / "link.safetensors").symlink_to, folder / "My Ink.safetensors")
    assert await drop.look() == []
    await put(folder, **{"My Ink__safetensors": "half and half"})
    assert await drop.look() == []
    [seen] = await drop.look()
    assert (seen.name, seen.owner_id, seen.visibility) == ("My-Ink", 0, "public")
    assert await asyncio.to_thread(house.files.path(seen.hash).read_bytes) == b"half and half"
    assert house.seen(BOB) == house.seen(ANN_DM) == ["My-Ink"]
    assert await names(folder) == [".hidden.safetensors", "link.safetensors", "notes.txt"]
    assert house.adapters.whose(seen, BOB) == "operator"
    assert await drop.look() == []


async def test_what_is_refused_is_put_aside_with_the_reason(house: House) -> None:
    folder = house.folder / "incoming"
    drop = DropIns(folder=folder, adapters=house.adapters, inspect=looked_at)
    for _ in range(2):
        await put(folder, x__pt="bad", x__json='{"name": "X"}')
        assert await drop.look() == await drop.look() == []
    await put(folder, y__bin="good", y__json='{"weight": "much"}')
    assert await drop.look() == await drop.look() == []
    kept = [f"{name}{ending}" for name in ("x-2.pt", "x.pt", "y.bin") for ending in ("", ".json", ".txt")]
    assert await names(folder / "refused") == kept
    why = [await asyncio.to_thread((folder / "refused" / name).read_text) for name in ("x.pt.txt", "y.bin.txt")]
    assert why[0] == "This file has 9 MiB, and you have room for 1 MiB.\n"
    assert "y.json cannot be read" in why[1]
    assert await names(folder) == ["refused"]
    assert await house.on_disk() == []
    assert house.adapters.owned(0) == []


async def test_notes_and_removals_are_dropped_too(house: House) -> None:
    folder = house.folder / "incoming"
    drop = DropIns(folder=folder, adapters=house.adapters, inspect=looked_at)
    note = '{"name": "Ink", "triggers": ["a"], "weight": 0.5, "description": "d"}'
    await put(folder, x__pt="good", x__json=note)
    assert await drop.look() == []
    [seen] = await drop.look()
    assert (seen.name, seen.triggers, seen.weight, seen.description) == ("Ink", ("a",), 0.5, "d")
    for text in ("nothing", " ink \n"):
        await put(folder, some__remove=text)
        assert await drop.look() == await drop.look() == []
    assert await names(folder) == []
    assert await house.on_disk() == house.seen(BOB) == []
