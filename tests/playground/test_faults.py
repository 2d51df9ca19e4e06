"""Everything that can be made to go wrong, and what an unmodified client notices of it."""

import asyncio
import io

import aiohttp
import discord
import pytest

from playground import Playground
from tests.playground.conftest import Bot, note, refused, running, slash
from tests.playground.pictures import png


def _channel(playground: Playground, bot: Bot) -> discord.PartialMessageable:
    return bot.get_partial_messageable(playground.world.find_channel("general").id)


async def test_a_status_is_injected_as_often_as_wanted(playground: Playground, client: Bot) -> None:
    playground.faults.fail("POST", "/channels/{channel_id}/messages", status=403, code=50013, times=2)
    channel = _channel(playground, client)
    for _ in range(2):
        with refused(403, 50013):
            await channel.send("x")
    await channel.send("x")
    assert len(playground.messages()) == 1
    assert [exchange.faulty for exchange in playground.exchanges if exchange.method == "POST"] == [True, True, False]


async def test_faults_last_until_they_are_healed(playground: Playground, client: Bot) -> None:
    fault = playground.faults.fail("*", "/channels", status=503, times=None)
    channel = _channel(playground, client)
    for _ in range(3):
        with pytest.raises(discord.DiscordServerError):
            await channel.send("x")
    await client.fetch_user(playground.person("ann").id)
    assert playground.faults.waiting == [fault]
    playground.faults.heal()
    await channel.send("x")


async def test_only_the_path_that_was_named_fails(playground: Playground, client: Bot) -> None:
    other = playground.world.guild("Atelier").channel("other").id
    playground.faults.fail("POST", f"/channels/{other}", status=503)
    await _channel(playground, client).send("x")
    with pytest.raises(discord.DiscordServerError):
        await client.get_partial_messageable(other).send("x")


async def test_an_answer_is_lost_after_the_deed(playground: Playground, client: Bot) -> None:
    playground.faults.fail("POST", "/channels", status=503, after=True)
    with pytest.raises(discord.DiscordServerError):
        await _channel(playground, client).send("it is there all the same")
    assert [message["content"] for message in playground.messages()] == ["it is there all the same"]


@pytest.mark.parametrize("after", [False, True])
async def test_the_wire_is_cut(playground: Playground, client: Bot, after: bool) -> None:
    playground.faults.fail("POST", "/channels", status=0, after=after)
    before = len(playground.exchanges)
    with pytest.raises(aiohttp.ClientConnectionError):
        await _channel(playground, client).send("x")
    assert len(playground.exchanges) == before + 1
    assert len(playground.messages()) == int(after)


async def test_an_answer_comes_late(playground: Playground, client: Bot) -> None:
    loop = asyncio.get_running_loop()
    playground.faults.fail("POST", "/channels", status=403, delay_seconds=0.2)
    began = loop.time()
    with pytest.raises(discord.Forbidden):
        await _channel(playground, client).send("x")
    assert loop.time() - began >= 0.2


async def test_a_server_error_is_tried_again_by_discord_py(playground: Playground, client: Bot) -> None:
    playground.faults.fail("POST", "/channels", status=500)
    await _channel(playground, client).send("x")
    posts = [exchange.status for exchange in playground.exchanges if exchange.method == "POST"]
    assert posts == [500, 200]


async def test_a_channel_is_deleted_under_the_bot(playground: Playground, bot: Bot) -> None:
    seen = note(bot, "guild_channel_delete")
    refusals: list[tuple[int, int]] = []
    go_on, done = asyncio.Event(), asyncio.Event()

    @slash(bot)
    async def go(interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        await go_on.wait()
        assert isinstance(interaction.channel, discord.TextChannel)
        attempts = (interaction.edit_original_response, interaction.followup.send, interaction.channel.send)
        for attempt in attempts:
            with pytest.raises(discord.HTTPException) as caught:
                await attempt(content="x")
            refusals.append((caught.value.status, caught.value.code))
        done.set()

    async with running(bot, playground):
        ann = playground.person("ann")
        seen_by_ann = await ann.command("go")
        private = (await seen_by_ann.settled()).message
        assert private is not None and private == ann.messages()[0]
        playground.faults.delete_channel("general")
        await playground.until(lambda: seen)
        go_on.set()
        await asyncio.wait_for(done.wait(), 60)
        with pytest.raises(LookupError, match="no channel"):
            ann.messages("general")
        with pytest.raises(LookupError, match="gone"):
            ann.messages(seen_by_ann.interaction.channel)
        with pytest.raises(LookupError, match="gone"):
            await ann.press(private, "anything")
    assert refusals == [(404, 10008), (404, 10003), (404, 10003)]
    assert seen_by_ann.response.kind is None


async def test_a_channel_is_deleted_before_the_answer(playground: Playground, bot: Bot) -> None:
    codes: list[int] = []

    @slash(bot)
    async def go(interaction: discord.Interaction) -> None:
        playground.faults.delete_channel("general")
        try:
            await interaction.response.defer()
        except discord.HTTPException as error:
            codes.append(error.code)

    async with running(bot, playground):
        await playground.person("ann").command("go")
        await playground.until(lambda: codes)
    assert codes == [10003]


async def test_single_tokens_lapse(playground: Playground, bot: Bot) -> None:
    @slash(bot)
    async def go(interaction: discord.Interaction) -> None:
        await interaction.response.defer()
        await go_on.wait()
        try:
            await interaction.edit_original_response(content="done")
        except discord.HTTPException as error:
            failures.append(error.code)

    go_on, failures = asyncio.Event(), list[int]()
    ann = playground.person("ann")
    async with running(bot, playground):
        first, second = await ann.command("go"), await ann.command("go")
        await first.settled()
        await second.settled()
        playground.faults.lapse_tokens(first)
        go_on.set()
        await playground.until(lambda: failures and second.response.kind == "message")
    assert failures == [50027] and first.response.kind == "thinking"


async def test_downloads_fail_too(playground: Playground, client: Bot) -> None:
    file = discord.File(io.BytesIO(png()), "a.png")
    sent = await _channel(playground, client).send(file=file)
    playground.faults.fail("GET", "/cdn/attachments", status=404)
    with pytest.raises(discord.NotFound):
        await sent.attachments[0].read()
    playground.faults.fail("GET", "/cdn/attachments", status=0, times=None)  # aiohttp tries a GET twice.
    with pytest.raises(aiohttp.ClientConnectionError):
        await sent.attachments[0].read()
    playground.faults.heal()
    assert await sent.attachments[0].read() == png()


async def test_heartbeats_are_demanded(playground: Playground, bot: Bot) -> None:
    async with running(bot, playground):
        socket = bot.ws
        before = socket._keep_alive._last_ack if socket._keep_alive else 0
        playground.faults.demand_heartbeats()
        await playground.until(lambda: socket._keep_alive and socket._keep_alive._last_ack > before)
