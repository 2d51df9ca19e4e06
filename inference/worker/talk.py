"""The worker's side of the talk: a thread that reads commands, and events written whole from any thread."""

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from inference.protocol import codec
from inference.protocol.messages import (
    TERMINAL_EVENTS,
    Cancelled,
    Command,
    Event,
    Failed,
    FailureKind,
    Finished,
    Generate,
    JobId,
    LaunchId,
    Shutdown,
)
from inference.worker.ledger import Ledger

log = logging.getLogger(__name__)


class ExitCode(IntEnum):
    """How the worker left."""

    #: Shutdown, or the end of the commands.
    DONE = 0
    #: The engine failed in a way that concerns more than one job.
    BROKEN_ENGINE = 1
    #: The handshake ended with Refused.
    REFUSED = 2
    #: The parent sent bytes that are no frames.
    BROKEN_COMMANDS = 3
    #: The parent no longer takes events.
    BROKEN_EVENTS = 4


class Writable(Protocol):
    """A blocking binary stream; every `write` is one whole frame."""

    def write(self, data: bytes, /) -> object:
        """Take the whole frame."""

    def flush(self) -> object:
        """Send what was taken."""


@dataclass(frozen=True)
class Unknown:
    """A whole frame whose body is not a valid command."""

    envelope: codec.Envelope
    reason: str


@dataclass(frozen=True)
class End:
    """Nothing more comes: leave."""

    code: ExitCode


#: What the working thread finds in its inbox.
Item = Command | Unknown | End


class Talk:
    """Reads in a thread of its own; writes from any thread. Knows which jobs are held.

    When the commands end, or the parent stops taking events, `leave` ends the whole process unless the working
    thread has set `left` within the grace: a step under way must not outlive the parent.
    """

    def __init__(
        self, commands: codec.Readable, events: Writable, leave: Callable[[int], object], grace_seconds: float
    ) -> None:
        self.left = threading.Event()
        self.launch = LaunchId("")
        self.ledger = Ledger()
        self.inbox: queue.SimpleQueue[Item] = queue.SimpleQueue()
        self._commands = commands
        self._events = events
        self._leave = leave
        self._grace_seconds = grace_seconds
        self._write_lock = threading.Lock()
        self._reader = threading.Thread(target=self._read, name="commands", daemon=True)

    def start(self) -> None:
        """Begin to read commands."""
        self._reader.start()

    # Down -------------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        """Fill the inbox until there is nothing more to read, then see to it that the process ends."""
        code = ExitCode.DONE
        try:
            while (body := codec.read_body(self._commands)) is not None:
                item = self._decode(body)
                if isinstance(item, Shutdown):
                    break
                self.inbox.put(item)
        except (codec.BrokenFrame, OSError) as error:
            log.critical("the commands broke off: %s", error)
            code = ExitCode.BROKEN_COMMANDS
        self.inbox.put(End(code))
        if not self.left.wait(self._grace_seconds):
            log.info("leaving amid a step with jobs=%s", ",".join(self.ledger.jobs))
            self._leave(code)

    def _decode(self, body: bytes) -> Command | Unknown:
        try:
            command = codec.decode_command(body)
        except codec.BrokenFrame as error:
            return Unknown(codec.peek(body), str(error))
        if isinstance(command, Generate):
            self.ledger.open(command.job)
        return command

    # Up ---------------------------------------------------------------------------------------------------------

    def emit(self, event: Event) -> None:
        """Send an event of the engine. A job has one end: a second terminal event is dropped."""
        if isinstance(event, TERMINAL_EVENTS) and not self.ledger.close(event.job):
            log.debug("job=%s has ended; %s is dropped", event.job, type(event).__name__)
            return
        try:
            frame = codec.encode(event)
        except codec.BrokenFrame as error:
            log.error("launch=%s an event cannot be sent: %s", self.launch, error)
            if not isinstance(event, TERMINAL_EVENTS):
                return
            frame = codec.encode(_stand_in(event, error))
        self._write(frame)

    def fail(self, job: JobId, kind: FailureKind, message: str) -> None:
        """End a job with Failed."""
        self.emit(Failed(launch=self.launch, job=job, kind=kind, message=message))

    def _write(self, frame: bytes) -> None:
        try:
            with self._write_lock:
                self._events.write(frame)
                self._events.flush()
        except (OSError, ValueError) as error:
            log.critical("the parent takes no events: %s", error)
            self.inbox.put(End(ExitCode.BROKEN_EVENTS))
            self._leave(ExitCode.BROKEN_EVENTS)


def _stand_in(event: Finished | Failed | Cancelled, error: codec.BrokenFrame) -> Failed:
    """Return what ends the job instead of a terminal event that no frame can hold."""
    kind: FailureKind = "internal"
    message = f"The result cannot be sent: {error}"
    if isinstance(event, Failed):
        kind, message = event.kind, event.message
    return Failed(launch=event.launch, job=event.job, kind=kind, message=valid_text(message))


def valid_text(text: str) -> str:
    """Return the text with a question mark for every character that UTF-8 cannot hold, as in odd file names."""
    return text.encode("utf-8", "replace").decode()
