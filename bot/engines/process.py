"""The local worker process: `python -m inference.worker` behind pipes."""

import asyncio
import logging
import os
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import cast

from bot.engines.supervised import Exit, SupervisedEngine
from bot.engines.supervision import Supervision
from inference.protocol import codec
from inference.protocol.messages import EngineSettings

#: With -P, a file called random.py in the folder where somebody calls `easel` is not taken for Python's own.
WORKER_COMMAND = (sys.executable, "-P", "-m", "inference.worker")
#: A worker that only looks at pictures: there in a moment, since it imports no torch.
EXAMINER_COMMAND = (sys.executable, "-P", "-m", "inference.worker.examiner")

#: Where the worker's own log lines go.
worker_log = logging.getLogger("easel.worker")

#: Bytes of frames that may wait for the loop before the pipe is no longer read.
_READ_AHEAD_BYTES = 1024 * 1024
_LAST_WORDS_LINES = 20
_LINE_CHARACTERS = 1000
#: How long the pipes and the exit code of a process that is gone may take to arrive.
_REAPING_SECONDS = 5.0
#: How long the end of its log may take to arrive; longer when a child of the worker keeps it open.
_LAST_WORDS_SECONDS = 0.5
_LEVELS = {name: getattr(logging, name) for name in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")}


class LocalProcess(SupervisedEngine):
    """An engine in a process of its own on this machine."""

    def __init__(
        self,
        settings: EngineSettings,
        command: Sequence[str] = WORKER_COMMAND,
        supervision: Supervision | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        super().__init__(self._start_process, settings, supervision, clock=clock, sleep=sleep)
        self._command = tuple(command)
        self._process: _Process | None = None

    @property
    def pid(self) -> int | None:
        """Return the id of the present worker's process, or of the last one's."""
        return self._process.pid if self._process else None

    def kill(self) -> bool:
        """Kill the present worker, as an accident would; tell whether there was one. What follows is as with any."""
        return self._process is not None and self._process.kill()

    async def _start_process(self) -> "_Process":
        environment = _surroundings(os.environ)
        _, process = await asyncio.get_running_loop().subprocess_exec(_Process, *self._command, env=environment)
        self._process = process
        return process


def _surroundings(here: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a worker: the bot's without what logs in anywhere, for it reads strangers' pictures."""
    kept = {name: value for name, value in here.items() if not name.upper().endswith("TOKEN")}
    # Threads of a CPU that wait for each other give way soon, to others that need it or to those they wait for: on a
    # machine that is busy with something else, a picture comes many times sooner. libgomp's own default is 300,000.
    if "OMP_WAIT_POLICY" not in kept:
        kept.setdefault("GOMP_SPINCOUNT", "1000")
    # Without UTF-8 mode the log of a worker on Windows comes in the console's code page.
    return kept | {"PYTHONUTF8": "1"}


class _LastWords:
    """Passes the worker's stderr on to the log line by line, and keeps the last lines."""

    def __init__(self) -> None:
        self.lines: deque[str] = deque(maxlen=_LAST_WORDS_LINES)
        self._rest = b""

    def feed_data(self, data: bytes) -> None:
        """Take bytes as they come; progress bars return the carriage without a new line."""
        *whole, self._rest = (self._rest + data).replace(b"\r", b"\n").split(b"\n")
        if len(self._rest) > 4 * _LINE_CHARACTERS:
            whole.append(self._rest)
            self._rest = b""
        for line in whole:
            self._say(line)

    def feed_eof(self) -> None:
        """Take what came without a new line at the end."""
        self._say(self._rest)
        self._rest = b""

    def _say(self, raw: bytes) -> None:
        line = raw.decode("utf-8", "replace").rstrip()[:_LINE_CHARACTERS]
        if line:
            self.lines.append(line)
            level = _LEVELS.get(line.partition(" ")[0], logging.INFO)
            worker_log.log(level, "%s", line)


class _Process(asyncio.SubprocessProtocol):
    """A worker process as a `bot.engines.supervised.Connection`.

    Built on the transport rather than on `asyncio.subprocess`, whose `wait` also waits for every child of the worker
    that inherited its stderr.
    """

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self._events = asyncio.StreamReader(limit=_READ_AHEAD_BYTES)
        #: Of the frame whose header has been read.
        self._length: int | None = None
        self._last_words = _LastWords()
        self._writable = asyncio.Event()
        self._writable.set()
        self._exited: asyncio.Future[None] = loop.create_future()
        self._closed: asyncio.Future[None] = loop.create_future()

    # What the transport tells -----------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the pipes."""
        self._transport = cast(asyncio.SubprocessTransport, transport)
        self.pid = self._transport.get_pid()
        self._commands = cast(asyncio.WriteTransport, self._transport.get_pipe_transport(0))
        self._events.set_transport(cast(asyncio.Transport, self._transport.get_pipe_transport(1)))

    def pipe_data_received(self, fd: int, data: bytes | str) -> None:
        """Take bytes of an event or of the log."""
        assert isinstance(data, bytes)
        (self._events if fd == 1 else self._last_words).feed_data(data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        """Note the end of a pipe."""
        if fd == 0:
            self._writable.set()
        elif fd == 1:
            self._events.feed_eof()
        else:
            self._last_words.feed_eof()

    def pause_writing(self) -> None:
        """Hold writers up: the worker is slower than the loop."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Let writers go on."""
        self._writable.set()

    def process_exited(self) -> None:
        """Note the end of the process; its pipes may live on in its children."""
        if not self._exited.done():
            self._exited.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end of the process and of all pipes."""
        if not self._closed.done():
            self._closed.set_result(None)

    # What the engine asks ---------------------------------------------------------------------------------------

    async def write(self, frame: bytes) -> None:
        """Send a frame; wait while the pipe is full. Nothing is raised when the worker is gone."""
        if not self._commands.is_closing():
            self._commands.write(frame)
            await self._writable.wait()

    async def read_body(self) -> bytes | None:
        """Return the next frame's body, None at the end. Raises BrokenFrame. Cancelling it loses nothing."""
        if self._length is None:
            header = await self._read_exactly(codec.HEADER_BYTES)
            if not header:
                return None
            self._length = codec.body_length(header)
        body = await self._read_exactly(self._length)
        if len(body) < self._length:
            raise codec.BrokenFrame(f"the stream ended after {len(body):,} of {self._length:,} bytes")
        self._length = None
        return body

    async def _read_exactly(self, size: int) -> bytes:
        """Return `size` bytes, or fewer at the end of the stream."""
        try:
            return await self._events.readexactly(size)
        except asyncio.IncompleteReadError as error:
            return error.partial

    def kill(self) -> bool:
        """Kill the process; tell whether it was there."""
        if self._exited.done():
            return False
        with suppress(ProcessLookupError):
            self._transport.kill()
        return True

    async def finish(self, grace_seconds: float) -> Exit:
        """Close the commands, wait for the worker to leave, after the grace kill it; leave nothing behind."""
        try:
            self._commands.close()
            await asyncio.wait({self._exited}, timeout=grace_seconds)
            if not self._exited.done():
                self.kill()
                await asyncio.wait({self._exited}, timeout=_REAPING_SECONDS)
            await asyncio.wait({self._closed}, timeout=_LAST_WORDS_SECONDS)
            code = self._transport.get_returncode()
        finally:
            self._transport.close()
        await asyncio.wait({self._closed}, timeout=_REAPING_SECONDS)
        return Exit(code, tuple(self._last_words.lines))
