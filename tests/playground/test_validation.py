"""The judge itself: it lets pass what is right, and nothing else."""

import dataclasses
from typing import Any

import discord
import pytest

from playground import Playground
from playground.rest import Exchange
from tests.playground import validation
from tests.playground.conftest import Bot, running, slash


@pytest.fixture(autouse=True)
def _descriptions() -> None:
    if words := validation.missing():
        pytest.skip(words)


@pytest.fixture
async def heard(playground: Playground, bot: Bot) -> tuple[dict[str, Exchange], dict[str, dict[str, Any]]]:
    """A conversation that is right: exchanges by template, and events by name."""

    @slash(bot)
    async def go(interaction: discord.Interaction) -> None:
        await interaction.response.defer()
        await interaction.followup.send("hello")

    async with running(bot, playground):
        ann = playground.person("ann")
        seen = await ann.command("go")
        await playground.until(lambda: seen.response.kind == "message")
    assert validation.problems(playground.exchanges, playground.events) == []
    exchanges = {exchange.template: exchange for exchange in playground.exchanges}
    return exchanges, {event["t"]: event for event in playground.events}


def test_every_kind_of_event_is_judged(heard: Any) -> None:
    assert set(heard[1]) == {"READY", "GUILD_CREATE", "INTERACTION_CREATE", "MESSAGE_CREATE", "MESSAGE_UPDATE"}


def test_a_wrong_reply_is_noticed(heard: Any) -> None:
    exchange = heard[0]["/webhooks/{webhook_id}/{webhook_token}"]
    for key, value in (("id", 5), ("author", None), ("timestamp", 5), ("flags", "x"), ("attachments", [{"id": "1"}])):
        changed = dataclasses.replace(exchange, reply=exchange.reply | {key: value})
        assert validation.exchange_problems(changed), key
    without = {key: value for key, value in exchange.reply.items() if key != "channel_id"}
    assert validation.exchange_problems(dataclasses.replace(exchange, reply=without))


def test_a_wrong_request_is_noticed(heard: Any) -> None:
    exchange = heard[0]["/webhooks/{webhook_id}/{webhook_token}"]
    for changes in ({"content": 5}, {"embeds": "x"}, {"components": [{"type": 99}]}):
        assert validation.exchange_problems(dataclasses.replace(exchange, request=exchange.request | changes)), changes


def test_a_wrong_status_or_route_is_noticed(heard: Any) -> None:
    exchange = heard[0]["/users/@me"]
    assert validation.exchange_problems(dataclasses.replace(exchange, status=201))
    assert validation.exchange_problems(dataclasses.replace(exchange, template="/users/@you"))
    assert validation.exchange_problems(dataclasses.replace(exchange, request={"a": 1}))
    faulty = dataclasses.replace(exchange, status=503, reply={}, faulty=True)
    assert validation.exchange_problems(faulty) == []


@pytest.mark.parametrize(
    ("event", "key", "value"),
    [
        ("READY", "session_id", None),
        ("READY", "guilds", [{}]),
        ("GUILD_CREATE", "channels", [{}]),
        ("GUILD_CREATE", "roles", [{"id": 1}]),
        ("INTERACTION_CREATE", "token", 5),
        ("INTERACTION_CREATE", "data", {}),
        ("INTERACTION_CREATE", "app_permissions", 5),
        ("MESSAGE_CREATE", "author", {}),
        ("MESSAGE_CREATE", "content", None),
    ],
)
def test_a_wrong_event_is_noticed(heard: Any, event: str, key: str, value: Any) -> None:
    frame = heard[1][event]
    assert validation.event_problems(frame | {"d": frame["d"] | {key: value}})
