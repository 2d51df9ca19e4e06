"""Who may use the control API: programs of this machine and its own page, and no page of the web."""

import asyncio

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from playground import Playground
from playground.control.guard import explain
from tests.playground.control.conftest import Remote


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}", "[::1]:{port}", "127.0.0.1", "LOCALHOST"])
async def test_names_of_this_machine(playground: Playground, remote: Remote, host: str) -> None:
    host = host.format(port=playground.port)
    await remote.get("/guilds", headers={"Host": host})
    await remote.get("/guilds", headers={"Host": host, "Origin": f"http://{host}"})


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:{port}",
        "127.0.0.1.evil.example",
        "0.0.0.0:{port}",
        "192.168.0.1",
        "",
        "127.0.0.1:x",
        "a@localhost",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_other_names(playground: Playground, remote: Remote, host: str, method: str) -> None:
    words = await remote.error(method, "/guilds", 403, headers={"Host": host.format(port=playground.port)})
    assert "127.0.0.1 or localhost" in words


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "",
        "http://127.0.0.1",
        "https://127.0.0.1:{port}",
        "http://localhost:{port}",
        "http://127.0.0.1:1",
    ],
)
async def test_pages_of_other_sites(playground: Playground, remote: Remote, origin: str) -> None:
    origin = origin.format(port=playground.port)
    for method, path in (
        ("GET", "/guilds"),
        ("POST", "/guilds"),
        ("OPTIONS", "/guilds"),
        ("GET", "/people/ann/changes"),
    ):
        assert "may not use" in await remote.error(method, path, 403, headers={"Origin": origin})
    assert "Elsewhere" not in [guild.name for guild in playground.world.guilds.values()]


@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)]
)
async def test_what_browsers_say_of_a_request(remote: Remote, site: str, status: int) -> None:
    await remote.get("/guilds", status, headers={"Sec-Fetch-Site": site})


async def test_a_form_of_another_site_changes_nothing(playground: Playground) -> None:
    """A browser sends such a form without asking first."""
    headers = {"Origin": "https://evil.example", "Content-Type": "text/plain"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(playground.control + "/guilds", data='{"name": "x"}', headers=headers) as response,
    ):
        assert response.status == 403
        assert not [name for name in response.headers if name.lower().startswith("access-control")]
    assert [guild.name for guild in playground.world.guilds.values()] == ["Atelier"]


async def test_a_request_without_any_host(playground: Playground) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", playground.port)
    writer.write(b"GET /control/guilds HTTP/1.0\r\n\r\n")
    assert b"403" in await asyncio.wait_for(reader.readline(), 60)
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("GET", "/nothing", 404, "/control/nothing"),
        ("DELETE", "/guilds", 405, "Method Not Allowed"),
        ("GET", "/people/nobody/channels", 404, "nobody called 'nobody'"),
        ("GET", "/channels/nowhere/messages", 404, "no channel 'nowhere'"),
        ("GET", "/channels/99/messages", 404, "no channel '99'"),
        ("PUT", "/guilds/nowhere/bot", 404, "no guild 'nowhere'"),
        ("GET", "/people/owner/invocations/1", 404, "did nothing with the id 1"),
        ("GET", "/people/owner/invocations/x", 400, "no id"),
        ("DELETE", "/people/owner/messages/x", 400, "no id"),
        ("DELETE", "/people/owner/messages/1", 404, "gone"),
        ("GET", "/exchanges?after=x", 400, "'after' must be a number"),
        ("GET", "/exchanges?after=-1", 400, "between 0"),
    ],
)
async def test_what_is_wrong_is_said(remote: Remote, method: str, path: str, status: int, words: str) -> None:
    assert words in await remote.error(method, path, status)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "no JSON"),
        ("[]", "no JSON object"),
        ("{}", "'name' is needed"),
        ('{"name": null}', "'name' is needed"),
        ('{"name": 5}', "'name' must be text, not 5"),
        ('{"name": "x", "has_bot": 1}', "'has_bot' must be true or false, not 1"),
        ('{"name": "x", "nom": 1}', "no field 'nom'"),
        (b"\xff\xfe", "no JSON"),
    ],
)
async def test_bodies_that_are_wrong(remote: Remote, content: str | bytes, words: str) -> None:
    assert words in await remote.error("POST", "/guilds", 400, data=content)


async def test_files_where_none_are_taken(remote: Remote) -> None:
    reply = await remote.upload("/guilds", {"name": "x"}, ("a", "a.txt", b"x"), status=400)
    assert reply == {"error": "no files are taken here"}


async def test_mistakes_of_the_program_are_not_explained_away() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        raise KeyError("a mistake")

    with pytest.raises(KeyError):
        await explain(make_mocked_request("GET", "/"), handler)
