"""The control API as another program sees it."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from playground import Playground


class Remote:
    """A client of the control API."""

    def __init__(self, playground: Playground, session: aiohttp.ClientSession) -> None:
        self._base, self._session = playground.control, session

    async def ask(self, method: str, path: str, status: int = 200, **how: Any) -> Any:
        """Send a request, demand a status, and return the JSON of the reply; None of an empty one."""
        async with self._session.request(method, self._base + path, **how) as response:
            text = await response.text()
            assert response.status == status, text
            return json.loads(text) if text else None

    async def get(self, path: str, status: int = 200, **how: Any) -> Any:
        return await self.ask("GET", path, status, **how)

    async def post(self, path: str, body: Any = None, status: int = 201) -> Any:
        return await self.ask("POST", path, status, json=body)

    async def put(self, path: str, body: Any = None, status: int = 200) -> Any:
        return await self.ask("PUT", path, status, json=body)

    async def delete(self, path: str, status: int = 204) -> Any:
        return await self.ask("DELETE", path, status)

    async def upload(self, path: str, body: Any, *files: tuple[str, str, bytes], status: int = 201) -> Any:
        """Send a form: JSON, and files as (name of the part, name of the file, content)."""
        form = aiohttp.FormData()
        form.add_field("payload_json", json.dumps(body), content_type="application/json")
        for part, name, content in files:
            form.add_field(part, content, filename=name)
        return await self.ask("POST", path, status, data=form)

    async def error(self, method: str, path: str, status: int, body: Any = None, **how: Any) -> str:
        """Send a request that must fail, and return the words."""
        reply = await self.ask(method, path, status, **({"json": body} if body is not None else {}), **how)
        assert list(reply) == ["error"]
        words: str = reply["error"]
        return words


@pytest.fixture
async def remote(playground: Playground) -> AsyncIterator[Remote]:
    async with aiohttp.ClientSession() as session:
        yield Remote(playground, session)
