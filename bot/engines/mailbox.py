"""Events on their way to one consumer, however slow it is."""

import asyncio
from collections.abc import AsyncIterator

import msgspec

from bot.engines.base import EngineEvent
from inference.protocol.messages import Notice, Progress


class Mailbox:
    """Keeps the order of events and drops none but stale progress, so that it is bounded by the jobs in flight."""

    def __init__(self) -> None:
        self._waiting: dict[object, EngineEvent] = {}
        self._arrival = asyncio.Event()
        self._closed = False
        self._error: Exception | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, event: EngineEvent) -> None:
        """Add an event; a Progress takes the place of an older one of the same picture, with its preview."""
        key = _key(event)
        if isinstance(event, Progress) and event.preview is None:
            older = self._waiting.get(key)
            if isinstance(older, Progress) and older.preview is not None:
                event = msgspec.structs.replace(event, preview=older.preview)
        self._waiting[key] = event
        self._arrival.set()

    def close(self, error: Exception | None = None) -> None:
        """End the iteration after what is waiting, by raising `error` if there is one."""
        if not self._closed:
            self._closed, self._error = True, error
            self._arrival.set()

    async def __aiter__(self) -> AsyncIterator[EngineEvent]:
        while True:
            await self._arrival.wait()
            while self._waiting:
                yield self._waiting.pop(next(iter(self._waiting)))
            if self._closed:
                if self._error is not None:
                    raise self._error
                return
            self._arrival.clear()


def _key(event: EngineEvent) -> object:
    """Return what an event shares with those whose place it takes; something unique for most."""
    match event:
        case Progress(job=job, picture=picture):
            return (job, picture)
        case Notice(job=job, text=text):
            return (job, text)
        case _:
            return object()
