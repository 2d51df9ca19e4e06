"""Sessions: how they begin, what they are told, and how they go on after a broken line."""

import json
import zlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import discord
import pytest

from playground import Playground, PlaygroundSettings
from playground.intents import Intent
from tests.playground.conftest import Bot, note, opened, running


class ShardedBot(discord.AutoShardedClient):
    """discord.py as it is, with two sessions that begin one after the other at once."""

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None: ...


class Line:
    """A gateway socket without a library."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def send(self, op: int, data: Any) -> None:
        await self.socket.send_json({"op": op, "d": data})

    async def identify(self, token: str, **changes: Any) -> None:
        await self.send(2, {"token": token, "intents": int(Intent.GUILDS), "properties": {}} | changes)

    async def next(self) -> dict[str, Any]:
        return json.loads((await self.socket.receive(timeout=60)).data)

    async def until(self, name: str) -> dict[str, Any]:
        while (frame := await self.next()).get("t") != name:
            pass
        return frame

    async def closing(self) -> int | None:
        while (await self.socket.receive(timeout=60)).type not in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED):
            pass
        return self.socket.close_code


@pytest.fixture
async def line(playground: Playground) -> AsyncIterator[Line]:
    async with aiohttp.ClientSession() as session, session.ws_connect(playground.gateway + "?v=10") as socket:
        line = Line(socket)
        hello = await line.next()
        assert hello["op"] == 10 and hello["d"]["heartbeat_interval"] == 41250
        yield line


async def test_a_wrong_token_is_refused(playground: Playground, bot: Bot) -> None:
    playground.token, right = "wrong", playground.token
    try:
        with pytest.raises(discord.LoginFailure):
            async with running(bot, playground):
                pass
    finally:
        playground.token = right
    assert [exchange.status for exchange in playground.exchanges] == [401]


@pytest.mark.parametrize(
    ("identify", "code"),
    [
        ({"token": "wrong"}, 4004),
        ({"intents": 1 << 40}, 4013),
        ({"intents": None}, 4013),
        ({"intents": int(Intent.MESSAGE_CONTENT)}, 4014),
        ({"shard": [3, 2]}, 4010),
    ],
)
async def test_an_identify_that_is_refused(
    playground: Playground, line: Line, identify: dict[str, Any], code: int
) -> None:
    await line.identify(**{"token": playground.token, **identify})
    assert await line.closing() == code


async def test_a_second_identify_closes_the_socket(playground: Playground, line: Line) -> None:
    await line.identify(playground.token)
    await line.identify(playground.token)
    assert await line.closing() == 4005


@pytest.mark.parametrize(("op", "code"), [(99, 4001), (3, 4003)])
async def test_what_cannot_be_said(line: Line, op: int, code: int) -> None:
    await line.send(op, {})
    assert await line.closing() == code


async def test_nonsense_closes_the_socket(line: Line) -> None:
    await line.socket.send_str("{")
    assert await line.closing() == 4002


async def test_too_many_words_close_the_socket(line: Line) -> None:
    for _ in range(121):
        await line.send(1, None)
    assert await line.closing() == 4008


async def test_heartbeats_are_acknowledged(line: Line) -> None:
    await line.send(1, None)
    assert (await line.next())["op"] == 11


async def test_a_socket_without_a_heart_is_closed() -> None:
    settings = PlaygroundSettings(heartbeat_seconds=0.05)
    async with (
        opened(settings) as playground,
        aiohttp.ClientSession() as session,
        session.ws_connect(playground.gateway) as socket,
    ):
        line = Line(socket)
        await line.identify(playground.token)
        assert await line.closing() == 4009


async def test_missing_privileged_intents_are_told(playground: Playground) -> None:
    bot = Bot(discord.Intents.all())
    with pytest.raises(discord.PrivilegedIntentsRequired):
        async with running(bot, playground):
            pass


async def test_events_come_compressed(playground: Playground) -> None:
    inflate = zlib.decompressobj()
    address = playground.gateway + "?v=10&compress=zlib-stream"
    async with aiohttp.ClientSession() as session, session.ws_connect(address) as socket:
        first = await socket.receive()
        assert first.type is aiohttp.WSMsgType.BINARY
        assert first.data.endswith(b"\x00\x00\xff\xff")
        assert json.loads(inflate.decompress(first.data))["op"] == 10
        await Line(socket).identify(playground.token)
        assert json.loads(inflate.decompress((await socket.receive()).data))["t"] == "READY"


async def test_sequence_numbers_grow_by_one(playground: Playground, line: Line) -> None:
    await line.identify(playground.token)
    await line.until("GUILD_CREATE")
    playground.world.guild("Atelier").channel("second")
    await line.until("CHANNEL_CREATE")
    assert [event["s"] for event in playground.events] == [1, 2, 3]


async def test_a_dropped_line_is_resumed_and_nothing_is_lost(playground: Playground, bot: Bot) -> None:
    seen = note(bot, "message", "resumed", "ready")
    ann = playground.person("ann")
    async with running(bot, playground):
        await playground.until(lambda: ("ready",) in seen)
        await ann.send("general", "before")
        playground.faults.drop_sockets()
        await playground.until(lambda: playground.connected == 0)
        await ann.send("general", "meanwhile")
        await playground.until(lambda: ("resumed",) in seen)
        await ann.send("general", "after")
        await playground.until(lambda: sum(each[0] == "message" for each in seen) == 3)
    assert sum(each == ("ready",) for each in seen) == 1
    told = [event["t"] for event in playground.events if event["t"] != "RESUMED"]
    assert told == ["READY", "GUILD_CREATE", "MESSAGE_CREATE", "MESSAGE_CREATE", "MESSAGE_CREATE"]


@pytest.mark.parametrize("way", ["op 7", "code 4000", "op 9 true"])
async def test_ways_to_resume(playground: Playground, bot: Bot, way: str) -> None:
    seen = note(bot, "resumed", "ready")
    async with running(bot, playground):
        await playground.until(lambda: ("ready",) in seen)
        match way:
            case "op 7":
                playground.faults.reconnect()
            case "code 4000":
                playground.faults.drop_sockets(4000)
            case _:
                playground.faults.invalidate_sessions(resumable=True)
        await playground.until(lambda: ("resumed",) in seen)
    assert seen.count(("ready",)) == 1


async def test_an_invalid_session_begins_anew(playground: Playground, bot: Bot) -> None:
    seen = note(bot, "resumed", "ready")
    async with running(bot, playground):
        await playground.until(lambda: seen.count(("ready",)) == 1)
        playground.faults.invalidate_sessions()
        await playground.until(lambda: seen.count(("ready",)) == 2, seconds=15)
    assert ("resumed",) not in seen


async def test_a_session_that_nobody_resumed_is_gone(line: Line, playground: Playground) -> None:
    await line.send(6, {"token": playground.token, "session_id": "unheard of", "seq": 3})
    assert await line.next() == {"op": 9, "s": None, "t": None, "d": False}


async def test_resuming_ahead_of_time_is_refused(playground: Playground, line: Line) -> None:
    await line.identify(playground.token)
    ready = await line.until("READY")
    async with aiohttp.ClientSession() as session, session.ws_connect(playground.gateway) as socket:
        other = Line(socket)
        body = {"token": playground.token, "session_id": ready["d"]["session_id"], "seq": 1000}
        await other.send(6, body)
        assert await other.closing() == 4007


async def test_shards_share_the_guilds(playground: Playground) -> None:
    for number in range(6):
        playground.world.guild(f"guild {number}")
    bot = ShardedBot(intents=discord.Intents(guilds=True), guild_ready_timeout=0.05, shard_count=2)
    async with running(bot, playground, sync=False):
        await playground.until(lambda: len(bot.guilds) == 7, seconds=20)
        assert playground.connected == 2
        for guild in bot.guilds:
            assert guild.shard_id == (guild.id >> 22) % 2


async def test_the_presence_can_be_read(playground: Playground, bot: Bot) -> None:
    async with running(bot, playground):
        await bot.change_presence(activity=discord.CustomActivity("3 pictures waiting"))
        await playground.until(lambda: playground.presence)
    presence = playground.presence
    assert presence is not None and presence["activities"][0]["state"] == "3 pictures waiting"


async def test_what_people_write_needs_an_intent(playground: Playground, bot: Bot) -> None:
    seen = note(bot, "message")
    ann = playground.person("ann")
    async with running(bot, playground):
        await ann.send("general", "a secret")
        await ann.send("general", f"for you, {bot.user.mention if bot.user else ''}")
        await ann.send(ann.dm, "between us")
        await playground.until(lambda: len(seen) == 3)
    assert [message.content for _, message in seen] == ["", f"for you, <@{playground.world.bot.id}>", "between us"]


async def test_who_has_the_intent_reads_everything() -> None:
    settings = PlaygroundSettings(privileged_intents=int(Intent.MESSAGE_CONTENT | Intent.GUILD_MEMBERS))
    async with opened(settings) as playground:
        bot = Bot(discord.Intents(guilds=True, members=True, messages=True, message_content=True))
        seen = note(bot, "message", "member_join", "member_update")
        async with running(bot, playground):
            ann = playground.person("ann")
            guild = playground.world.guild("Atelier")
            await ann.send("general", "no secret")
            ann.join(guild, [guild.role("artists")])
            await playground.until(lambda: len(seen) == 3)
            members = {member.name for member in bot.guilds[0].members}
    assert [each[0] for each in seen] == ["member_join", "message", "member_update"]
    assert seen[1][1].content == "no secret"
    assert members == {"ann", "owner", "Playground Bot"}


async def test_guilds_come_and_go(playground: Playground, bot: Bot) -> None:
    names = ("guild_channel_create", "guild_channel_delete", "guild_role_create", "guild_role_delete")
    seen = note(bot, "guild_join", "guild_remove", *names)
    async with running(bot, playground):
        guild, ann = playground.world.guild("Second"), playground.person("ann")
        guild.channel("here")
        ann.join(guild, [guild.role("artists")])
        guild.delete_channel(guild.channel("here"))
        guild.delete_role(guild.role("artists"))
        assert guild.member(ann.id).roles == []
        guild.remove_bot()
        await playground.until(lambda: len(seen) == 6)
    assert [each[0] for each in seen] == [
        "guild_join",
        "guild_channel_create",
        "guild_role_create",
        "guild_channel_delete",
        "guild_role_delete",
        "guild_remove",
    ]


async def test_a_guild_out_of_reach_is_not_gone(playground: Playground, bot: Bot) -> None:
    seen = note(bot, "guild_join", "guild_remove", "guild_unavailable", "guild_available")
    async with running(bot, playground):
        # Discord tells of those that are there from the start, too.
        await playground.until(lambda: len(seen) == 1)
        guild = playground.world.guild("Atelier")
        guild.fail()
        await playground.until(lambda: len(seen) == 2)
        assert [each.unavailable for each in bot.guilds] == [True]
        guild.recover()
        await playground.until(lambda: len(seen) == 3)
        assert [each.unavailable for each in bot.guilds] == [False]
    assert [each[0] for each in seen] == ["guild_available", "guild_unavailable", "guild_available"]


async def test_a_guild_may_be_out_of_reach_from_the_start(playground: Playground, bot: Bot) -> None:
    guild = playground.world.guild("Atelier")
    guild.fail()
    seen = note(bot, "guild_join", "guild_available")
    async with running(bot, playground):
        assert [each.id for each in bot.guilds] == [guild.id]
        assert seen == []
        guild.recover()
        await playground.until(lambda: len(seen) == 1)
    assert [each[0] for each in seen] == ["guild_available"]


async def test_a_client_notices_a_silent_gateway() -> None:
    async with opened(PlaygroundSettings(heartbeat_seconds=0.3)) as playground:
        bot = Bot(heartbeat_timeout=0.5)
        seen = note(bot, "resumed")
        async with running(bot, playground):
            playground.faults.ignore_heartbeats()
            await playground.until(lambda: ("resumed",) in seen)
            playground.faults.heal()


async def test_members_can_be_asked_for(playground: Playground, line: Line) -> None:
    playground.person("ann")
    guild = playground.world.guild("Atelier")
    await line.identify(playground.token)
    await line.send(8, {"guild_id": str(guild.id), "query": "a", "limit": 0, "nonce": "n"})
    chunk = (await line.until("GUILD_MEMBERS_CHUNK"))["d"]
    assert [member["user"]["username"] for member in chunk["members"]] == ["ann"] and chunk["nonce"] == "n"


@pytest.mark.parametrize("compression", [True, False])
async def test_discord_py_reads_both_compressed_and_plain(bot: Bot, compression: bool) -> None:
    seen = note(bot, "message", "resumed")
    settings = PlaygroundSettings(compression=compression)
    async with opened(settings) as playground, running(bot, playground):
        await playground.person("ann").send("general", f"{'x' * 1900} {playground.world.bot.mention}")
        await playground.until(lambda: len(seen) == 1)
        playground.faults.drop_sockets()
        await playground.until(lambda: len(seen) == 2)
    assert len(seen[0][1].content) > 1900 and seen[1] == ("resumed",)


async def test_without_compression_it_is_plain_even_if_asked_for() -> None:
    async with (
        opened(PlaygroundSettings(compression=False)) as playground,
        aiohttp.ClientSession() as session,
        session.ws_connect(playground.gateway + "?compress=zlib-stream") as socket,
    ):
        assert (await socket.receive()).type is aiohttp.WSMsgType.TEXT


async def test_an_unknown_version_is_refused(playground: Playground) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(playground.gateway + "?v=5") as socket:
        assert await Line(socket).closing() == 4012


@pytest.mark.parametrize("op", [3, 4, 8])
async def test_nothing_is_said_before_an_identify(line: Line, op: int) -> None:
    await line.send(op, {})
    assert await line.closing() == 4003


async def test_a_wrong_token_cannot_resume(playground: Playground, line: Line) -> None:
    await line.identify(playground.token)
    ready = await line.until("READY")
    async with aiohttp.ClientSession() as session, session.ws_connect(playground.gateway) as socket:
        other = Line(socket)
        await other.send(6, {"token": "wrong", "session_id": ready["d"]["session_id"], "seq": 1})
        assert await other.closing() == 4004


async def test_a_second_socket_takes_a_session_over(playground: Playground, line: Line) -> None:
    await line.identify(playground.token)
    ready = await line.until("READY")
    await line.until("GUILD_CREATE")
    async with aiohttp.ClientSession() as session, session.ws_connect(playground.gateway) as socket:
        other = Line(socket)
        await other.send(6, {"token": playground.token, "session_id": ready["d"]["session_id"], "seq": 1})
        assert (await other.until("GUILD_CREATE"))["s"] == 2
        await other.until("RESUMED")
        assert await line.closing() == 4000
        playground.world.guild("Atelier").channel("second")
        assert (await other.until("CHANNEL_CREATE"))["d"]["name"] == "second"
        assert playground.connected == 1


@pytest.mark.parametrize("case", ["in time", "too late", "too much missed", "said goodbye"])
async def test_what_can_be_resumed(case: str) -> None:
    settings = PlaygroundSettings(
        resume_seconds=0.0 if case == "too late" else 120.0, events_kept=1 if case == "too much missed" else 100
    )
    async with opened(settings) as playground, aiohttp.ClientSession() as session:
        async with session.ws_connect(playground.gateway) as socket:
            line = Line(socket)
            await line.identify(playground.token)
            ready = await line.until("READY")
            await line.until("GUILD_CREATE")
            if case != "said goodbye":
                playground.faults.drop_sockets(4000)
                await line.closing()
        await playground.until(lambda: playground.connected == 0)
        playground.world.guild("Atelier").channel("second")
        async with session.ws_connect(playground.gateway) as socket:
            again = Line(socket)
            assert (await again.next())["op"] == 10
            await again.send(6, {"token": playground.token, "session_id": ready["d"]["session_id"], "seq": 1})
            assert (await again.next())["op"] == (0 if case == "in time" else 9)


async def test_members_are_asked_for_by_id(playground: Playground, line: Line) -> None:
    ann = playground.person("ann")
    await line.identify(playground.token)
    guild = str(playground.world.guild("Atelier").id)
    await line.send(8, {"guild_id": "1", "query": "", "limit": 0})
    await line.send(8, {"guild_id": guild, "user_ids": [str(ann.id)], "limit": 0})
    chunk = (await line.until("GUILD_MEMBERS_CHUNK"))["d"]
    assert [member["user"]["id"] for member in chunk["members"]] == [str(ann.id)] and chunk["guild_id"] == guild


async def test_a_presence_may_come_with_the_identify(playground: Playground) -> None:
    async with running(Bot(activity=discord.Game("with paint")), playground):
        await playground.until(lambda: playground.presence)
    presence = playground.presence
    assert presence is not None and presence["activities"][0]["name"] == "with paint"
