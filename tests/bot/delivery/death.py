"""A process that dies at a step, without a process: from then on nothing is written, sent or heard of any more."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import aiohttp
import pytest

from storage import Database, DiskFull, Transaction


class Death:
    """Comes at the `at`-th step after `arm`: before or after a write to the database or a request to Discord."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.steps: list[str] = []
        self.came = asyncio.Event()
        self._armed = False
        self._buried = asyncio.Event()

    def arm(self) -> None:
        """Count steps from now on."""
        self._armed = True

    def bury(self) -> None:
        """Let what stands still fail, so that it can be cleared away; it changes nothing outside any more."""
        self._armed = True
        self._buried.set()

    async def step(self, name: str, error: Callable[[str], Exception]) -> None:
        """Go on, or stand still until the burial."""
        if not self._armed:
            return
        if not self.came.is_set() and not self._buried.is_set():
            self.steps.append(name)
        if len(self.steps) >= self.at or self._buried.is_set():
            if not self._buried.is_set():
                self.came.set()
            await self._buried.wait()
            raise error("the process is dead")


@contextmanager
def mortal(death: Death) -> Iterator[None]:
    """Let death come between the steps of every bot that runs inside."""
    transaction, request = Database.transaction, aiohttp.ClientSession._request

    @asynccontextmanager
    async def mortal_transaction(database: Database) -> AsyncIterator[Transaction]:
        await death.step("before a write", DiskFull)
        async with transaction(database) as write:
            yield write
        await death.step("after a write", DiskFull)

    async def mortal_request(session: aiohttp.ClientSession, method: str, url: Any, **more: Any) -> Any:
        if "/gateway" in str(url):
            return await request(session, method, url, **more)
        await death.step(f"before {method}", aiohttp.ClientConnectionError)
        response = await request(session, method, url, **more)
        await death.step(f"after {method}", aiohttp.ClientConnectionError)
        return response

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Database, "transaction", mortal_transaction)
        patch.setattr(aiohttp.ClientSession, "_request", mortal_request)
        yield
