"""Rate limits: the headers, the refusals, and how unmodified discord.py waits them out."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from types import SimpleNamespace

import aiohttp
import discord
import pytest

from playground import Playground, PlaygroundSettings
from tests.playground.conftest import Bot, logged_in, opened, running, slash


class Wire:
    """The REST API without a library that waits by itself."""

    def __init__(self, playground: Playground, session: aiohttp.ClientSession) -> None:
        self._playground, self._session = playground, session
        self.channel = playground.world.find_channel("general").id

    async def send(self, channel: int | None = None, token: str | None = None) -> aiohttp.ClientResponse:
        """Write a message, and return the response with its body read."""
        url = f"{self._playground.api}/channels/{channel or self.channel}/messages"
        headers = {"Authorization": f"Bot {token or self._playground.token}"}
        async with self._session.post(url, json={"content": "x"}, headers=headers) as response:
            await response.read()
            return response


@pytest.fixture
def settings() -> PlaygroundSettings:
    return PlaygroundSettings(rates={"POST /channels/{channel_id}/messages": (3, 60.0)}, requests_per_second=5)


@pytest.fixture
async def wire(playground: Playground, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Wire]:
    """A wire in a playground whose clock goes a hair forward whenever it is looked at, however long that takes."""
    moments = itertools.count(time.monotonic(), 1e-5)
    monkeypatch.setattr("playground.clock.time", SimpleNamespace(monotonic=lambda: next(moments)))
    async with aiohttp.ClientSession() as session:
        yield Wire(playground, session)


async def test_headers_count_down_and_then_it_is_refused(playground: Playground, wire: Wire) -> None:
    responses = [await wire.send() for _ in range(4)]
    assert [response.status for response in responses] == [200, 200, 200, 429]
    headers = responses[0].headers
    assert [response.headers["X-RateLimit-Remaining"] for response in responses] == ["2", "1", "0", "0"]
    assert headers["X-RateLimit-Limit"] == "3"
    assert 59 < float(headers["X-RateLimit-Reset-After"]) <= 60
    assert abs(float(headers["X-RateLimit-Reset"]) - playground.clock.now() - 60) < 1
    assert len({response.headers["X-RateLimit-Bucket"] for response in responses}) == 1
    refused = responses[3]
    body = await refused.json()
    assert (body["global"], body["message"]) == (False, "You are being rate limited.")
    assert 59 < body["retry_after"] <= 60
    assert refused.headers["X-RateLimit-Scope"] == "user" and refused.headers["Retry-After"] == "60"
    assert refused.headers["Via"]
    assert len(playground.messages()) == 3


async def test_a_window_ends_with_the_clock(playground: Playground, wire: Wire) -> None:
    statuses = [(await wire.send()).status for _ in range(4)]
    playground.clock.advance(60)
    statuses.append((await wire.send()).status)
    assert statuses == [200, 200, 200, 429, 200]


async def test_channels_are_counted_apart(playground: Playground, wire: Wire) -> None:
    other = playground.world.guild("Atelier").channel("other").id
    assert [(await wire.send()).status for _ in range(4)][-1] == 429
    playground.clock.advance(1)
    assert (await wire.send(other)).status == 200


async def test_all_requests_together_have_a_limit_too(playground: Playground, wire: Wire) -> None:
    channels = [playground.world.guild("Atelier").channel(f"c{number}").id for number in range(6)]
    responses = [await wire.send(channel) for channel in channels]
    assert [response.status for response in responses] == [200] * 5 + [429]
    assert responses[5].headers["X-RateLimit-Global"] == "true"
    assert responses[5].headers["X-RateLimit-Scope"] == "global"
    assert (await responses[5].json())["global"] is True


async def test_a_wrong_token_is_refused_and_not_counted(playground: Playground, wire: Wire) -> None:
    for _ in range(4):
        assert (await wire.send(token="wrong")).status == 401
    assert (await wire.send()).headers["X-RateLimit-Remaining"] == "2"


async def test_discord_py_waits_a_window_out(bot: Bot) -> None:
    rates = {"POST /channels/{channel_id}/messages": (2, 0.3)}
    async with opened(PlaygroundSettings(rates=rates)) as playground, logged_in(bot, playground):
        channel = bot.get_partial_messageable(playground.world.find_channel("general").id)
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number in range(5):
            await channel.send(str(number))
        elapsed = loop.time() - began
    assert [message["content"] for message in playground.messages()] == list("01234")
    assert all(exchange.status == 200 for exchange in playground.exchanges), "it read the headers, and hit no limit"
    assert elapsed >= 0.6, "two windows had to end"


async def test_discord_py_comes_again_after_a_refusal(playground: Playground, bot: Bot) -> None:
    async with logged_in(bot, playground):
        playground.faults.fail("POST", "/channels", status=429, retry_after=0.1)
        channel = bot.get_partial_messageable(playground.world.find_channel("general").id)
        await channel.send("x")
    posts = [exchange.status for exchange in playground.exchanges if exchange.method == "POST"]
    assert posts == [429, 200] and len(playground.messages()) == 1


async def test_answers_to_interactions_are_not_counted_and_followups_are(bot: Bot) -> None:
    @slash(bot)
    async def go(interaction: discord.Interaction) -> None:
        await interaction.response.defer()
        for number in range(3):
            await interaction.followup.send(str(number))

    rates = {"POST /webhooks/{webhook_id}/{webhook_token}": (2, 0.2)}
    async with opened(PlaygroundSettings(rates=rates, requests_per_second=10)) as playground, running(bot, playground):
        ann = playground.person("ann")
        seen = [await ann.command("go") for _ in range(12)]
        await playground.until(lambda: all(len(each.messages) == 3 for each in seen))
    callbacks = [each for each in playground.exchanges if each.template.endswith("/callback")]
    assert [each.status for each in callbacks] == [200] * 12
