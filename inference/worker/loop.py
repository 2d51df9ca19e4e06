"""The worker's loop: commands in, steps of work, events out.

The thread that calls `serve` does the work: take what commands there are, tick, and wait for commands only when there
is nothing to do. Beside it `talk` reads commands, and a heartbeat says that the process lives and what it holds.
"""

import logging
import os
import threading
import time
from collections.abc import Callable

from inference.protocol import PROTOCOL_VERSION, codec
from inference.protocol.log_words import Typed
from inference.protocol.messages import (
    Cancel,
    Check,
    Command,
    EngineSettings,
    Examine,
    Examined,
    Generate,
    Heartbeat,
    Hello,
    JobId,
    LaunchId,
    Models,
    Notice,
    Pause,
    Prefetch,
    Problem,
    Ready,
    Refused,
    Rescan,
    Resume,
    Tokenize,
    Tokenized,
)
from inference.worker.checking import Checking
from inference.worker.painter import CannotStart, OpenPainter, Painter
from inference.worker.talk import End, ExitCode, Item, Talk, Unknown, Writable, valid_text

log = logging.getLogger(__name__)

#: How long a step under way may keep the process alive after the parent has gone.
GRACE_SECONDS = 0.5


def serve(
    commands: codec.Readable,
    events: Writable,
    open_painter: OpenPainter,
    *,
    leave: Callable[[int], object] = os._exit,
    grace_seconds: float = GRACE_SECONDS,
) -> ExitCode:
    """Work until Shutdown, or until either stream ends, and return the process's exit code.

    `leave` ends the whole process when the calling thread does not come back within `grace_seconds`.
    """
    talk = Talk(commands, events, leave, grace_seconds)
    talk.start()
    try:
        hello = _shake_hands(talk)
        if isinstance(hello, ExitCode):
            return hello
        painter = _open(talk, hello, open_painter)
        if painter is None:
            return ExitCode.REFUSED
        return _Loop(talk, painter, hello.settings).run()
    finally:
        talk.left.set()


# Handshake ------------------------------------------------------------------------------------------------------


def _shake_hands(talk: Talk) -> Hello | ExitCode:
    """Return the Hello that came first, or why there is none."""
    match talk.inbox.get():
        case End(code):
            return code
        case Hello(protocol=version, launch=launch) as hello if version == PROTOCOL_VERSION:
            talk.launch = launch
            return hello
        case Hello(protocol=version, launch=launch):
            return _refuse(talk, launch, _mismatch(version))
        case Unknown(envelope, reason):
            launch = LaunchId(envelope.launch)
            if envelope.type == "hello" and envelope.protocol not in (None, PROTOCOL_VERSION):
                return _refuse(talk, launch, _mismatch(envelope.protocol))
            return _refuse(talk, launch, f"The first frame must be a valid Hello, but it is {reason}")
        case other:
            return _refuse(talk, LaunchId(""), f"The first frame must be Hello, not {type(other).__name__}.")


def _mismatch(version: int | None) -> str:
    return (
        f"The bot speaks protocol {version} and the worker protocol {PROTOCOL_VERSION}: they come from different "
        "versions of Easel. Install the same version for both."
    )


def _refuse(talk: Talk, launch: LaunchId, reason: str) -> ExitCode:
    log.critical("refused: %s", reason)
    talk.emit(Refused(launch=launch, reason=reason))
    return ExitCode.REFUSED


def _open(talk: Talk, hello: Hello, open_painter: OpenPainter) -> Painter | None:
    """Return the painter after Ready was sent, or None after Refused was."""
    try:
        painter = open_painter(hello.settings, hello.launch, talk.emit)
        talk.emit(Ready(launch=hello.launch, device=painter.device, models=painter.models))
    except Exception as error:
        log.critical("the engine cannot start", exc_info=True)
        reason = str(error) if isinstance(error, CannotStart) else f"{type(error).__name__}: {error}"
        _refuse(talk, hello.launch, valid_text(reason))
        return None
    return painter


# Work -----------------------------------------------------------------------------------------------------------


class _Loop:
    """Commands and ticks by turns, and the heartbeat beside them."""

    def __init__(self, talk: Talk, painter: Painter, settings: EngineSettings) -> None:
        self._talk = talk
        self._painter = painter
        self._heartbeat_seconds = settings.heartbeat_seconds
        self._checking = Checking(settings, talk.launch, talk.emit)
        #: When the turn under way began; None while waiting for commands.
        self._turn_began: float | None = None
        self._note_status()

    def run(self) -> ExitCode:
        """Work until there is a reason to leave."""
        heart = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        heart.start()
        try:
            return self._work()
        except Exception:
            log.critical("the engine broke down with jobs=%s", ",".join(self._talk.ledger.jobs), exc_info=True)
            return ExitCode.BROKEN_ENGINE
        finally:
            self._talk.left.set()
            self._checking.stop()
            heart.join(GRACE_SECONDS)

    def _work(self) -> ExitCode:
        busy = False
        while True:
            items = self._received(wait=not busy)
            self._turn_began = time.monotonic()
            for item in items:
                if isinstance(item, End):
                    return item.code
                self._obey(item)
            busy = self._tick()
            self._turn_began = None
            self._note_status()

    def _received(self, wait: bool) -> list[Item]:
        """Return what has come; wait for something when told to."""
        inbox = self._talk.inbox
        items = [inbox.get()] if wait else []
        while not inbox.empty():
            items.append(inbox.get())
        return items

    def _obey(self, item: Command | Unknown) -> None:
        match item:
            case Generate() | Cancel() | Pause() | Resume():
                self._hand_over(item)
            case Rescan():
                self._rescan()
            case Prefetch():
                self._prefetch(item)
            case Tokenize():
                self._tokenize(item)
            case Examine():
                self._examine(item)
            case Check():
                self._checking.ask(item)
            case Unknown(envelope, reason) if envelope.type == "generate" and envelope.job is not None:
                job = JobId(envelope.job)
                log.warning("job=%s cannot be read: %s", job, Typed(reason))
                self._talk.ledger.open(job)
                self._talk.fail(job, "invalid", f"The request cannot be carried out: {reason}")
            case Unknown(envelope, reason) if envelope.type == "tokenize" and envelope.request is not None:
                self._answer_problem(envelope.request, f"The texts cannot be read: {reason}")
            case Unknown(envelope, reason) if envelope.type == "prefetch":
                log.warning("adapters to be read ahead cannot be read: %s", Typed(reason))
            case Unknown(envelope, reason) if envelope.type == "examine" and envelope.request is not None:
                log.warning("request=%s cannot be read: %s", envelope.request, Typed(reason))
                self._answer_unexamined(envelope.request)
            case Unknown(envelope, reason) if envelope.type == "check" and envelope.request is not None:
                self._checking.refuse(envelope.request, f"The question cannot be read: {reason}")
            case _:
                reason = item.reason if isinstance(item, Unknown) else f"{type(item).__name__} is out of place"
                raise codec.BrokenFrame(reason)

    def _hand_over(self, command: Generate | Cancel | Pause | Resume) -> None:
        try:
            self._painter.handle(command)
        except Exception:
            self._give_up(command.job)

    def _tick(self) -> bool:
        try:
            return self._painter.tick()
        except Exception:
            jobs = self._painter.jobs
            if len(jobs) != 1:
                raise
            self._give_up(jobs[0])
            return False

    def _give_up(self, job: JobId) -> None:
        """End a job with what was just raised, and have the painter forget it."""
        log.exception("job=%s failed outside the engine's own care", job)
        self._talk.fail(job, "internal", "The engine failed in a way it did not expect. The worker's log says more.")
        self._painter.handle(Cancel(job=job))

    def _rescan(self) -> None:
        launch = self._talk.launch
        try:
            models = self._painter.rescan()
        except Exception as error:
            log.exception("the models folder cannot be read again")
            text = valid_text(f"The models folder cannot be read: {error}")
            self._talk.emit(Notice(launch=launch, job=None, text=text))
            models = self._painter.models
        self._talk.emit(Models(launch=launch, models=models))

    def _prefetch(self, command: Prefetch) -> None:
        try:
            self._painter.prefetch(command)
        except Exception:
            log.exception("adapters cannot be read ahead")

    def _tokenize(self, command: Tokenize) -> None:
        try:
            self._talk.emit(self._painter.tokenize(command))
        except Exception:
            log.exception("request=%s texts cannot be cut into tokens", command.request)
            self._answer_problem(
                command.request, "The model's tokenizer failed in a way not expected. The worker's log says more."
            )

    def _answer_problem(self, request: str, problem: str) -> None:
        self._talk.emit(Tokenized(launch=self._talk.launch, request=request, problem=valid_text(problem)))

    def _examine(self, command: Examine) -> None:
        # Only now: what it imports may print, which must not reach the frames.
        from inference.vision.examination import examine

        try:
            self._talk.emit(examine(command, self._talk.launch))
        except Exception:
            log.exception("request=%s the picture cannot be looked at", command.request)
            self._answer_unexamined(command.request)

    def _answer_unexamined(self, request: str) -> None:
        problem = Problem(code="internal")
        self._talk.emit(Examined(launch=self._talk.launch, request=request, problem=problem))

    # The heartbeat ----------------------------------------------------------------------------------------------

    def _note_status(self) -> None:
        """Keep what the heartbeat tells of the painter, which only this thread may ask."""
        self._status = (self._painter.resident_models, self._painter.memory_used_bytes)

    def _beat(self) -> None:
        while not self._talk.left.wait(self._heartbeat_seconds):
            began = self._turn_began
            resident, used = self._status
            self._talk.emit(
                Heartbeat(
                    launch=self._talk.launch,
                    jobs=self._talk.ledger.jobs,
                    resident_models=resident,
                    memory_used_bytes=used,
                    turn_seconds=0.0 if began is None else time.monotonic() - began,
                )
            )
