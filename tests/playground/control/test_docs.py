"""What docs/playground.md says of the control API is all there is, and is there."""

import re
from pathlib import Path

from aiohttp import web

from playground import Playground
from playground.control import BASE
from playground.faults import Faults

DOCS = Path(__file__).parents[3] / "docs" / "playground.md"


def _served(playground: Playground) -> set[tuple[str, str]]:
    """Return method and path of everything that the control API serves."""
    app = web.Application()
    playground._control.add_routes(app)
    routes = [route for route in app.router.routes() if route.method != "HEAD"]
    return {(route.method, route.resource.canonical.removeprefix(BASE)) for route in routes if route.resource}


def _documented() -> set[tuple[str, str]]:
    """Return method and path of every row of the tables of requests."""
    found = set()
    for line in DOCS.read_text("utf-8").splitlines():
        cell = line.split("|")[1] if line.startswith("| `") else ""
        methods: list[str] = []
        for words in re.findall(r"`([^`]*)`", cell):
            methods += re.findall(r"\b(?:GET|POST|PUT|DELETE)\b", words)
            if path := re.search(r"[/…]\S*", words):
                full = path[0].split("?")[0].replace("…", "/people/{person}")
                found |= {(method, full) for method in methods}
    return found


async def test_requests_and_documentation_agree(playground: Playground) -> None:
    assert _served(playground) == _documented()


def test_every_fault_is_documented() -> None:
    faults = {name for name in vars(Faults) if not name.startswith("_")} - {"take", "waiting"}
    assert faults == set(re.findall(r"`faults\.(\w+)\(", DOCS.read_text("utf-8")))
