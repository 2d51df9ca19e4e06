"""What every request meets: the token, the route, the form."""

import io
import json
from typing import Any

import aiohttp
import discord
import pytest

from playground import Playground, PlaygroundSettings, rest
from tests.playground import validation
from tests.playground.conftest import Bot, logged_in, opened, refused


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, 0),
        ("DELETE", "/users/@me", 405, 0),
        ("GET", "/channels/1", 404, 10003),
        ("GET", "/channels/abc", 400, 50035),
    ],
)
async def test_what_is_not_there(playground: Playground, method: str, path: str, status: int, code: int) -> None:
    headers = {"Authorization": f"Bot {playground.token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(method, playground.api + path) as response,
    ):
        assert response.status == status
        assert response.headers["Content-Type"] == "application/json"
        assert (await response.json())["code"] == code


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bot wrong"}, {"Authorization": "Bearer {token}"}])
async def test_who_has_no_token(playground: Playground, header: dict[str, str]) -> None:
    header = {key: value.format(token=playground.token) for key, value in header.items()}
    async with (
        aiohttp.ClientSession(headers=header) as session,
        session.get(playground.api + "/users/@me") as response,
    ):
        assert response.status == 401


async def test_exchanges_are_kept_with_what_went_over_the_wire(playground: Playground, client: Bot) -> None:
    channel = playground.world.find_channel("general").id
    await client.get_partial_messageable(channel).send("x", file=discord.File(io.BytesIO(b"1234"), "a.txt"))
    last = playground.exchanges[-1]
    assert (last.method, last.template) == ("POST", "/channels/{channel_id}/messages")
    assert (last.path, last.status, last.files) == (f"/channels/{channel}/messages", 200, (("a.txt", 4),))
    assert last.request["content"] == last.reply["content"] == "x"


async def test_only_the_last_exchanges_are_kept(bot: Bot) -> None:
    async with opened(PlaygroundSettings(exchanges_kept=3)) as playground, logged_in(bot, playground):
        for _ in range(4):
            await bot.fetch_user(playground.person("ann").id)
    assert [number for number, _ in playground.exchanges.numbered()] == [4, 5, 6]
    assert [number for number, _ in playground.exchanges.numbered(after=5)] == [6]


async def test_a_broken_form_is_refused(playground: Playground) -> None:
    form: Any = aiohttp.FormData()
    form.add_field("payload_json", "{", content_type="application/json")
    form.add_field("strange", json.dumps({}), filename="x")
    headers = {"Authorization": f"Bot {playground.token}"}
    channel = playground.world.find_channel("general").id
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(f"{playground.api}/channels/{channel}/messages", data=form) as response,
    ):
        assert (response.status, (await response.json())["code"]) == (400, 50109)


async def test_a_request_as_a_whole_has_a_limit(
    playground: Playground, client: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest, "REQUEST_BYTES", 1000)
    channel = client.get_partial_messageable(playground.world.find_channel("general").id)
    with refused(413, 40005):
        await channel.send(files=[discord.File(io.BytesIO(bytes(600)), name) for name in ("a", "b")])


async def test_what_the_playground_cannot_read_is_told_and_remembered(caplog: pytest.LogCaptureFixture) -> None:
    async with Playground() as playground:
        url = f"{playground.api}/channels/{playground.world.find_channel('general').id}/messages"
        headers = {"Authorization": f"Bot {playground.token}"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.post(url, json={"embeds": ["no object"]}) as response,
        ):
            assert response.status == 500
        (exchange,) = playground.exchanges
    assert "could not be answered" in caplog.text
    if not validation.missing():
        assert "status 500 is not described" in validation.problems([exchange])[0]
