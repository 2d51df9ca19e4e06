"""The stream of changes, as a page reads it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import discord
import pytest

from playground import Permission, Playground
from playground.control import stream
from tests.playground.conftest import Bot, running, slash


class Reader:
    """Reads server-sent events."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    async def next(self) -> tuple[str, Any]:
        """Return the next event that is not an exchange, and its data."""
        while True:
            lines = []
            while (line := await asyncio.wait_for(self.response.content.readline(), 60)) not in (b"\n", b""):
                lines.append(line.decode().strip())
            if not lines:
                raise EOFError
            found = dict(line.split(": ", 1) for line in lines if not line.startswith(":"))
            if found and found["event"] != "exchanges":
                return found["event"], json.loads(found["data"])

    async def kinds(self, count: int) -> list[str]:
        return [(await self.next())[0] for _ in range(count)]


@contextlib.asynccontextmanager
async def reading(playground: Playground, name: str) -> AsyncIterator[Reader]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{playground.control}/people/{name}/changes") as response,
    ):
        assert response.content_type == "text/event-stream"
        reader = Reader(response)
        assert (await reader.next())[0] == "hello"
        yield reader


@pytest.fixture
async def reader(playground: Playground) -> AsyncIterator[Reader]:
    playground.person("ann"), playground.person("bob")
    async with reading(playground, "ann") as reader:
        yield reader


async def test_messages_come_as_they_are(playground: Playground, reader: Reader) -> None:
    ann, bob = playground.person("ann"), playground.person("bob")
    said = await bob.send("general", "hello")
    kind, data = await reader.next()
    assert (kind, data["content"], data["id"]) == ("message", "hello", said["id"])
    await ann.react(said, "⭐")
    kind, data = await reader.next()
    assert (kind, data["reactions"][0]["me"]) == ("message", True)
    await bob.delete(said)
    assert await reader.next() == ("message_deleted", {"id": said["id"], "channel_id": said["channel_id"]})


async def test_what_changes_often_comes_once_in_its_last_form(playground: Playground, reader: Reader) -> None:
    message = playground.world.find_message(int((await playground.person("bob").send("general", "0"))["id"]))
    for number in range(1, 101):
        message.content = str(number)
        playground.world.message_changed(message)
    kind, data = await reader.next()
    assert (kind, data["content"]) == ("message", "100")
    playground.clock.advance(1)
    assert (await reader.next())[0] == "clock"


async def test_an_invocation_from_beginning_to_end(playground: Playground, bot: Bot, reader: Reader) -> None:
    go_on = asyncio.Event()

    @slash(bot)
    async def go(interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        await go_on.wait()
        await interaction.edit_original_response(content="done")

    async with running(bot, playground), reading(playground, "bob") as other:
        assert await reader.next() == ("commands", {})
        while (await reader.next())[1] != {"connected": True, "presence": playground.presence}:
            pass
        seen = await playground.person("ann").command("go")
        kind, data = await reader.next()
        assert (kind, data["id"], data["settled"]) == ("invocation", str(seen.interaction.id), False)
        found = dict([await reader.next(), await reader.next()])
        assert found["message"]["flags"] & 128 and found["invocation"]["response"]["kind"] == "thinking"
        go_on.set()
        kind, data = await reader.next()
        assert (kind, data["content"]) == ("message", "done")
        playground.clock.advance(1)
        assert (await other.next())[0] == "clock", "nobody else hears of it"


async def test_places_and_people(playground: Playground, reader: Reader) -> None:
    guild = playground.world.guild("Atelier")
    channel = guild.channel("second")
    assert (await reader.next())[1]["name"] == "second"
    guild.role("artists")
    kind, data = await reader.next()
    assert (kind, [role["name"] for role in data["roles"]][-1]) == ("guild", "artists")
    channel.overwrite(guild.everyone, deny=Permission.VIEW_CHANNEL)
    assert await reader.next() == ("channel_deleted", {"id": str(channel.id)})
    guild.delete_channel(guild.channel("general"))
    assert (await reader.next())[0] == "channel_deleted"
    playground.world.guild("Elsewhere", bot=False).channel("lounge")
    playground.person("carol")
    assert await reader.kinds(2) == ["people", "guild"]
    playground.person("ann").install()
    assert await reader.next() == ("people", {})


async def test_others_private_channels_are_not_told(playground: Playground, reader: Reader) -> None:
    bob = playground.person("bob")
    await bob.send(bob.dm, "psst")
    await bob.send("general", "hello")
    kind, data = await reader.next()
    assert (kind, data["content"]) == ("message", "hello")


async def test_a_reader_who_leaves_is_forgotten(playground: Playground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "_SILENCE_SECONDS", 0.02)
    playground.person("ann")
    streams = playground._control._streams
    async with reading(playground, "ann"):
        assert len(streams) == 1
        await asyncio.sleep(0.1)
        assert len(streams) == 1, "silence is no reason to go"
    await playground.until(lambda: not streams, seconds=5)
    assert playground.changes._listeners == []


async def test_the_stream_ends_with_the_playground() -> None:
    async with contextlib.AsyncExitStack() as stack:
        async with Playground() as playground:
            playground.person("ann")
            reader = await stack.enter_async_context(reading(playground, "ann"))
        with pytest.raises(EOFError):
            await reader.next()
