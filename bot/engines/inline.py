"""The worker's loop in a thread of this process: for tests, and for machines that cannot start processes.

It cannot be killed, and whatever it imports it imports here. The loop is handed in, so that the bot stays free of it.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue

from bot.engines.supervised import Exit, SupervisedEngine
from bot.engines.supervision import Supervision
from inference.protocol import codec
from inference.protocol.messages import EngineSettings


class Commands:
    """A blocking stream that the loop of the bot fills and the worker's thread reads."""

    def __init__(self) -> None:
        self._frames: SimpleQueue[bytes] = SimpleQueue()
        self._rest = memoryview(b"")

    def put(self, data: bytes) -> None:
        """Add bytes; none at all end the stream."""
        self._frames.put(data)

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, as soon as there are any; none at the end."""
        if not self._rest:
            self._rest = memoryview(self._frames.get())
            if not self._rest:
                self._frames.put(b"")
        piece, self._rest = self._rest[:size], self._rest[size:]
        return bytes(piece)


class Events:
    """A stream that the worker's thread writes frame by frame and the loop of the bot takes."""

    def __init__(self, put: Callable[[bytes | None], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._put = put

    def write(self, data: bytes, /) -> None:
        """Send one frame. Raises OSError when the loop is closed."""
        self._send(data)

    def end(self) -> None:
        """Say that nothing more comes."""
        self._send(None)

    def flush(self) -> None:
        """Do nothing: frames never wait."""

    def _send(self, data: bytes | None) -> None:
        try:
            self._loop.call_soon_threadsafe(self._put, data)
        except RuntimeError as error:
            raise BrokenPipeError(str(error)) from None


#: Runs a worker until its commands end and returns its exit code; `inference.worker.loop.serve` but for the engine.
Serve = Callable[[Commands, Events], int]


class Inline(SupervisedEngine):
    """An engine in a thread of this process."""

    def __init__(self, settings: EngineSettings, serve: Serve, supervision: Supervision | None = None) -> None:
        super().__init__(self._start_thread, settings, supervision)
        self._serve = serve

    async def _start_thread(self) -> "_Thread":
        return _Thread(self._serve)


class _Thread:
    """A worker's thread as a `bot.engines.supervised.Connection`."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._commands = Commands()
        self._frames: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._events = Events(self._frames.put_nowait)
        self._code: int | None = None
        self._thread = threading.Thread(target=self._run, name="inline worker", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._code = self._serve(self._commands, self._events)
        finally:
            with suppress(BrokenPipeError):
                self._events.end()

    async def write(self, frame: bytes) -> None:
        """Send a frame."""
        self._commands.put(frame)

    async def read_body(self) -> bytes | None:
        """Return the next frame's body, None at the end. Raises BrokenFrame."""
        frame = await self._frames.get()
        if frame is None:
            self._frames.put_nowait(None)
            return None
        codec.body_length(frame[: codec.HEADER_BYTES])
        return frame[codec.HEADER_BYTES :]

    async def finish(self, grace_seconds: float) -> Exit:
        """Close the commands and wait for the thread; one that does not come back within the grace is left behind."""
        self._commands.put(b"")
        await asyncio.to_thread(self._thread.join, max(grace_seconds, 1.0))
        return Exit(self._code)
