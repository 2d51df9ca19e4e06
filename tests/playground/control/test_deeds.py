"""What the program that runs the bot offers to let go wrong."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from playground import Playground
from tests.playground.control.conftest import Remote
from tests.playground.control.test_stream import reading
from tests.playground.loopback import on_loopback


@dataclass
class Program:
    """A program beside the playground, with an answer for every path."""

    base: str = ""
    asked: list[str] = field(default_factory=list)
    end: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        match request.path:
            case "/hang":
                await self.end.wait()
            case "/die":
                assert request.transport is not None
                request.transport.close()
            case "/refuse":
                return web.json_response({"error": "not today"}, status=409)
            case "/break":
                return web.Response(status=500, text="<html>")
            case "/lead-away":
                return web.Response(status=302, headers={"Location": f"{self.base}/elsewhere"})
            case "/mumble":
                return web.Response(body=b"\xff" * 100_000)
            case "/babble":
                return web.json_response(["words"])
        return web.json_response({"said": "it is done"})

    def deed(self, name: str, **changes: Any) -> dict[str, Any]:
        return {"name": name, "label": name.title(), "url": f"{self.base}/{name}"} | changes


@pytest.fixture
async def program() -> AsyncIterator[Program]:
    program = Program()
    application = web.Application()
    application.router.add_post("/{name}", program.answer)
    async with on_loopback(application) as program.base:
        yield program
        program.end.set()


async def test_a_deed_is_offered_done_and_taken_back(playground: Playground, remote: Remote, program: Program) -> None:
    assert await remote.get("/deeds") == []
    told = {"name": "kill", "label": "Kill", "title": "Somebody dies"}
    assert await remote.put("/deeds", {"deeds": [program.deed("kill", title="Somebody dies")]}) == [told]
    # Its address is nobody's business.
    assert await remote.get("/deeds") == [told]
    assert await remote.post("/deeds/kill", status=200) == {"said": "it is done"}
    assert program.asked == ["/kill"]
    assert await remote.put("/deeds", {"deeds": []}) == []
    assert await remote.error("POST", "/deeds/kill", 404) == "there is no deed 'kill', only []"
    assert program.asked == ["/kill"]


async def test_who_watches_hears_that_others_are_offered(
    playground: Playground, remote: Remote, program: Program
) -> None:
    playground.person("ann")
    async with reading(playground, "ann") as reader:
        await remote.put("/deeds", {"deeds": [program.deed("kill")]})
        assert await reader.next() == ("deeds", {})
        await remote.put("/deeds", {"deeds": []})
        assert await reader.next() == ("deeds", {})


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("refuse", 400, "not today"),
        ("break", 400, "the program refused with 500: Break"),
        ("lead-away", 400, "the program refused with 302: Lead-Away"),
        ("die", 400, "is not there, or died over it"),
    ],
)
async def test_a_program_that_refuses_or_dies(
    remote: Remote, program: Program, name: str, status: int, words: str
) -> None:
    await remote.put("/deeds", {"deeds": [program.deed(name)]})
    assert words in await remote.error("POST", f"/deeds/{name}", status)
    assert program.asked == [f"/{name}"]


async def test_a_program_that_hangs(playground: Playground, remote: Remote, program: Program) -> None:
    playground.deeds._seconds = 0.3
    await remote.put("/deeds", {"deeds": [program.deed("hang")]})
    assert await remote.error("POST", "/deeds/hang", 504) == "the program did not answer within 0.3 s: Hang"
    # Nothing else waits for it meanwhile.
    assert program.asked == ["/hang"]


async def test_a_program_that_is_gone(remote: Remote) -> None:
    with contextlib.closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/x"
    await remote.put("/deeds", {"deeds": [{"name": "x", "label": "X", "url": url}]})
    assert "is not there, or died over it" in await remote.error("POST", "/deeds/x", 400)


@pytest.mark.parametrize("name", ["mumble", "babble"])
async def test_a_program_that_says_nothing_to_be_shown(remote: Remote, program: Program, name: str) -> None:
    await remote.put("/deeds", {"deeds": [program.deed(name)]})
    assert await remote.post(f"/deeds/{name}", status=200) == {"said": f"Done: {name.title()}"}


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1:80/x",
        "http://example.org:80/x",
        "http://127.0.0.1.example.org:80/x",
        "http://127.0.0.1@example.org:80/x",
        "http://ann@127.0.0.1:80/x",
        "https://127.0.0.1:80/x",
        "file:///etc/passwd",
        "http://127.0.0.1/x",
        "http://127.0.0.1:0/x",
        "http://127.0.0.1:99999/x",
        "http://[::1/x",
        "//127.0.0.1:80/x",
        "",
    ],
)
async def test_deeds_lead_to_this_machine_alone(remote: Remote, program: Program, url: str) -> None:
    await remote.put("/deeds", {"deeds": [program.deed("kill")]})
    body = {"deeds": [program.deed("other"), program.deed("away", url=url)]}
    assert "must be http://, on this machine" in await remote.error("PUT", "/deeds", 400, body)
    # What was offered before is offered still.
    assert [deed["name"] for deed in await remote.get("/deeds")] == ["kill"]


async def test_a_deed_does_not_lead_back(playground: Playground, remote: Remote) -> None:
    for host in ("127.0.0.1", "localhost"):
        url = f"http://{host}:{playground.port}/control/deeds/loop"
        body = {"deeds": [{"name": "loop", "label": "Loop", "url": url}]}
        assert "not back to the playground" in await remote.error("PUT", "/deeds", 400, body)


async def test_what_is_no_deed_is_told(remote: Remote, program: Program) -> None:
    fine = program.deed("kill")
    for deeds, words in [
        (None, "'deeds' is needed"),
        ("kill", "'deeds' must be a list"),
        (["kill"], "a deed is an object"),
        ([{"name": "kill", "label": "Kill"}], "'url' is needed"),
        ([fine | {"label": 1}], "'label' must be text"),
        ([fine | {"label": " "}], "the label of 'kill' has 1 to 60"),
        ([fine | {"label": "x" * 61}], "the label of 'kill' has 1 to 60"),
        ([fine | {"title": "x" * 201}], "the title of 'kill' has at most 200"),
        ([fine | {"name": "../kill"}], "a deed's name is made of"),
        ([fine | {"method": "GET"}], "a deed has no field 'method'"),
        ([fine, fine], "two deeds have the same name"),
        ([program.deed(f"d{number}") for number in range(21)], "at most 20 deeds"),
    ]:
        assert words in await remote.error("PUT", "/deeds", 400, {"deeds": deeds})
    assert await remote.get("/deeds") == []
