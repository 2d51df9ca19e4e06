"""The page's files: whole, its own, and for nobody from elsewhere."""

import re
from importlib import resources

import aiohttp
import pytest

from playground import Playground, PlaygroundSettings

PAGE = resources.files("playground") / "page"


async def test_the_page_is_served_with_all_that_it_asks_for() -> None:
    asked = {"", "page/index.html"}
    async with Playground(PlaygroundSettings()) as playground, aiohttp.ClientSession() as session:
        seen: dict[str, str] = {}
        while left := asked - seen.keys():
            for name in left:
                async with session.get(f"{playground.url}/{name}") as response:
                    assert response.status == 200, name
                    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
                    seen[name] = await response.text()
                asked |= {f"page/{each}" for each in re.findall(r'from "\./([\w.]+)"', seen[name])}
                asked |= set(re.findall(r'(?:src|href)="(page/[\w.]+)"', seen[name]))
    assert seen[""] == seen["page/index.html"]
    assert {name.removeprefix("page/") for name in seen} - {""} == {each.name for each in PAGE.iterdir()}
    assert not [
        name for name, text in seen.items() if re.search(r"(?:src|href|from|import|url\()\s*=?\s*[\"'(]https?:", text)
    ]


@pytest.mark.parametrize(
    "path", ["page/nothing.js", "page/..%2fserver.py", "page/", "page/%2e%2e/server.py", "server.py"]
)
async def test_nothing_else_is(path: str) -> None:
    async with (
        Playground(PlaygroundSettings()) as playground,
        aiohttp.ClientSession() as session,
        session.get(f"{playground.url}/{path}") as response,
    ):
        assert response.status == 404


@pytest.mark.parametrize("path", ["", "page/main.js"])
@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}])
async def test_not_under_another_name(path: str, headers: dict[str, str]) -> None:
    async with (
        Playground(PlaygroundSettings()) as playground,
        aiohttp.ClientSession() as session,
        session.get(f"{playground.url}/{path}", headers=headers) as response,
    ):
        assert response.status == 403
