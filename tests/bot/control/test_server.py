"""The server on loopback: who is heard, who is not, and what is left behind."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from bot.control.client import Bot, NoBot
from bot.control.server import FILE, Action, Address, Nothing, OfDays, listening
from bot.errors import EaselError, UserError
from storage import StorageError


async def _echo(wanted: OfDays) -> object:
    return {"days": wanted.days}


async def _mistake(_wanted: Nothing) -> object:
    raise UserError("That cannot be.")


async def _store(_wanted: Nothing) -> object:
    raise StorageError("The disk is full.")


async def _defect(_wanted: Nothing) -> object:
    raise KeyError("secret")


OFFERED: dict[str, Action] = {
    "echo": (OfDays, _echo),
    "mistake": (Nothing, _mistake),
    "store": (Nothing, _store),
    "defect": (Nothing, _defect),
}


@pytest.fixture
async def address(tmp_path: Path) -> AsyncIterator[Address]:
    async with listening(tmp_path, OFFERED) as address:
        yield address


async def asked(
    address: Address, headers: dict[str, str] | None = None, *, action: str = "echo", **how: Any
) -> tuple[int, Any]:
    """Ask as a program that knows the token, but for what is changed; None takes a header away."""
    usual = {"Authorization": f"Bearer {address.token}", "Content-Type": "application/json"}
    sent = {name: value for name, value in {**usual, **(headers or {})}.items() if value}
    method, body = how.get("method", "POST"), how.get("body", b'{"days": 3}')
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"http://127.0.0.1:{address.port}/{action}", data=body, headers=sent) as response,
    ):
        return response.status, json.loads(await response.read())


async def test_whoever_knows_the_token_is_heard(address: Address, tmp_path: Path) -> None:
    assert await asked(address) == (200, {"days": 3})
    assert await Bot(tmp_path).ask("echo", days=7) == {"days": 7}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": ""}, 401),
        ({"Authorization": "Bearer "}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Bearer ÿ"}, 401),
        # A page in a browser.
        ({"Origin": "http://127.0.0.1"}, 403),
        ({"Origin": "null"}, 403),
        ({"Referer": "http://example.org/"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Cookie": "a=b"}, 403),
        # A name that leads here.
        ({"Host": "example.org"}, 403),
        ({"Host": "localhost"}, 403),
        ({"Content-Type": "text/plain"}, 405),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 405),
    ],
)
async def test_nobody_else_is(address: Address, headers: dict[str, str], status: int) -> None:
    found, body = await asked(address, headers)
    assert found == status
    assert "days" not in body and address.token not in str(body)


async def test_what_makes_no_sense(address: Address) -> None:
    assert (await asked(address, method="GET", body=None))[0] == 405
    assert (await asked(address, method="OPTIONS", body=None))[0] == 405
    assert (await asked(address, action="nothing"))[0] == 404
    for body in (b"", b"{", b"[]", b'{"days": "x"}', b'{"days": -1}', b'{"more": 1}', b"\xff"):
        assert (await asked(address, body=body))[0] == 400
    assert await asked(address, body=b"{}") == (200, {"days": None}), "it listens as before"


async def test_a_body_that_is_too_large(address: Address) -> None:
    headers = {"Authorization": f"Bearer {address.token}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{address.port}/echo"
        async with session.post(url, data=b" " * 100_000, headers=headers) as response:
            assert response.status == 413


async def test_what_goes_wrong_is_said(address: Address, tmp_path: Path) -> None:
    bot = Bot(tmp_path)
    with pytest.raises(UserError, match="That cannot be"):
        await bot.ask("mistake")
    with pytest.raises(EaselError, match="The disk is full"):
        await bot.ask("store")
    with pytest.raises(EaselError, match="the log of the bot says more") as told:
        await bot.ask("defect")
    assert "secret" not in told.value.message


async def test_the_file_is_for_this_account_and_goes(tmp_path: Path) -> None:
    path = tmp_path / FILE
    async with listening(tmp_path, OFFERED) as first:
        assert (await asyncio.to_thread(path.stat)).st_mode & 0o777 == 0o600
        assert msgspec.json.decode(await asyncio.to_thread(path.read_bytes), type=Address) == first
        assert [each.name for each in await asyncio.to_thread(lambda: list(tmp_path.iterdir()))] == [FILE]
    assert not await asyncio.to_thread(path.exists)
    async with listening(tmp_path, OFFERED) as second:
        assert second.token != first.token


async def test_another_bots_file_stays(tmp_path: Path) -> None:
    other = msgspec.json.encode(Address(port=1, token="other", pid=1))
    async with listening(tmp_path, OFFERED):
        await asyncio.to_thread((tmp_path / FILE).write_bytes, other)
    assert await asyncio.to_thread((tmp_path / FILE).read_bytes) == other


async def test_it_listens_on_loopback_alone(address: Address) -> None:
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.2", address.port)


async def test_where_no_bot_runs(tmp_path: Path) -> None:
    bot, path = Bot(tmp_path), tmp_path / FILE
    with pytest.raises(NoBot, match="there is no"):
        await bot.ask("echo")
    await asyncio.to_thread(path.write_bytes, b"{")
    with pytest.raises(NoBot, match="makes no sense"):
        await bot.ask("echo")
    async with listening(tmp_path, OFFERED) as address:
        stale = msgspec.structs.replace(address, token="old")
    await asyncio.to_thread(path.write_bytes, msgspec.json.encode(stale))
    with pytest.raises(NoBot, match="nobody listens"):
        await bot.ask("echo")
    async with listening(tmp_path / "other", OFFERED) as other:
        # Another program has the port now.
        stale = msgspec.structs.replace(other, token="old")
        await asyncio.to_thread(path.write_bytes, msgspec.json.encode(stale))
        with pytest.raises(NoBot, match="something else listens"):
            await bot.ask("echo")
