"""Faults, the clock and the record over HTTP."""

from typing import Any

import aiohttp
import discord
import pytest

from playground import Playground
from tests.playground.conftest import Bot, note, refused, running, slash
from tests.playground.control.conftest import Remote


async def test_requests_fail_as_told(playground: Playground, client: Bot, remote: Remote) -> None:
    channel = client.get_partial_messageable(playground.world.find_channel("general").id)
    fault = await remote.post("/faults", {"method": "POST", "path": "/channels", "status": 403, "code": 50013})
    assert await remote.get("/faults") == [fault] and fault["times"] == 1
    with refused(403, 50013):
        await channel.send("x")
    assert await remote.get("/faults") == []
    for_ever = {"path": "/channels", "status": 503, "times": None, "delay_seconds": 0, "after": True}
    assert (await remote.post("/faults", for_ever))["times"] is None
    for _ in range(2):
        with refused(503, 0):
            await channel.send("there")
    await remote.delete("/faults")
    await channel.send("y")
    assert [message["content"] for message in playground.messages()] == ["there", "there", "y"]
    assert "'path' is needed" in await remote.error("POST", "/faults", 400, {})


async def test_sockets_drop_and_sessions_end(playground: Playground, bot: Bot, remote: Remote) -> None:
    seen = note(bot, "resumed", "ready")
    async with running(bot, playground):
        await playground.until(lambda: len(seen) == 1)
        assert (await remote.get("/state"))["bot"]["connected"]
        for number, (action, body) in enumerate(
            (("drop-sockets", {}), ("drop-sockets", {"code": 4000}), ("reconnect", {}), ("invalidate-sessions", {})), 2
        ):
            await remote.post(f"/faults/{action}", body, 204)
            await playground.until(lambda number=number: len(seen) == number)  # type: ignore[misc]
        await remote.post("/faults/demand-heartbeats", status=204)
    assert [each[0] for each in seen] == ["ready", "resumed", "resumed", "resumed", "ready"]
    await playground.until(lambda: not playground.connected)
    assert not (await remote.get("/state"))["bot"]["connected"]


async def test_heartbeats_are_ignored_until_healed(playground: Playground, remote: Remote) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(playground.gateway) as socket:
        assert (await socket.receive_json())["op"] == 10
        await remote.post("/faults/ignore-heartbeats", status=204)
        await socket.send_json({"op": 1, "d": None})
        with pytest.raises(TimeoutError):
            await socket.receive_json(timeout=0.1)
    await remote.delete("/faults")
    async with aiohttp.ClientSession() as session, session.ws_connect(playground.gateway) as socket:
        await socket.receive_json()
        await socket.send_json({"op": 1, "d": None})
        assert (await socket.receive_json(timeout=60))["op"] == 11


async def test_tokens_lapse_and_time_goes_by(playground: Playground, bot: Bot, remote: Remote) -> None:
    waiting: list[discord.Interaction] = []

    @slash(bot)
    async def go(interaction: discord.Interaction) -> None:
        await interaction.response.defer()
        waiting.append(interaction)

    await remote.put("/people/ann", {})
    async with running(bot, playground):
        begun = [
            await remote.post("/people/ann/channels/general/commands?until=settled", {"name": "go"}) for _ in range(3)
        ]
        await remote.post("/faults/lapse-tokens", {"person": "ann", "invocation": begun[0]["id"]}, 204)
        with refused(401, 50027):
            await waiting[0].edit_original_response(content="x")
        await waiting[1].edit_original_response(content="x")
        await remote.post("/faults/lapse-tokens", None, 204)
        with refused(401, 50027):
            await waiting[1].edit_original_response(content="y")
        before = (await remote.get("/state"))["now"]
        after = (await remote.post("/clock", {"seconds": 900}, 200))["now"]
        assert before < after and after[:16] == playground.clock.stamp()[:16]
        shown = await remote.get(f"/people/ann/invocations/{begun[2]['id']}?until=finished")
        assert shown["response"]["error"] == "The application did not respond"
        assert "forward" in await remote.error("POST", "/clock", 400, {"seconds": -1})
        words = await remote.error("POST", "/faults/lapse-tokens", 400, {"person": "ann"})
        assert words == "'invocation' is needed"


async def test_the_record_is_read_from_where_one_stopped(playground: Playground, bot: Bot, remote: Remote) -> None:
    async with running(bot, playground):
        channel = bot.get_partial_messageable(playground.world.find_channel("general").id)
        await channel.send("x")
        first: list[dict[str, Any]] = await remote.get("/exchanges")
        await channel.send("y")
        await playground.until(lambda: len(playground.events) == 4)
        rest = await remote.get(f"/exchanges?after={first[-1]['number']}")
        events = await remote.get("/events?after=2")
        two = await remote.get("/exchanges?limit=2")
    assert [each["number"] for each in first] == list(range(1, len(first) + 1))
    (last,) = rest
    assert (last["number"], last["method"], last["status"]) == (len(first) + 1, "POST", 200)
    assert (last["request"]["content"], last["reply"]["content"]) == ("y", "y")
    assert [(each["number"], each["t"], each["d"]["content"]) for each in events] == [
        (3, "MESSAGE_CREATE", "x"),
        (4, "MESSAGE_CREATE", "y"),
    ]
    assert two == first[:2]
