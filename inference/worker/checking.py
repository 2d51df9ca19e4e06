"""Checks of finished pictures. A model is loaded where all models are, and judges in a thread of its own."""

import glob
import logging
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from inference.protocol.messages import Check, Checked, EngineSettings, Event, LaunchId
from inference.worker.talk import valid_text

if TYPE_CHECKING:
    from inference.protocol.recipe import ContentHash
    from inference.vision.safety import Checker

log = logging.getLogger(__name__)

_UNEXPECTED = "The check failed in a way not expected. The worker's log says more."

#: Names, sizes and times of files.
_Look = tuple[tuple[str, int, int], ...]


class Checking:
    """Answers Check: one thread asks, and what is painted in it goes on while another judges.

    The model is loaded when it is first asked for. A load that failed is tried again once its files have changed.
    """

    def __init__(self, settings: EngineSettings, launch: LaunchId, emit: Callable[[Event], None]) -> None:
        self._path = Path(settings.safety_checker) if settings.safety_checker else None
        self._threads = settings.threads
        self._launch = launch
        self._emit = emit
        self._asked: queue.SimpleQueue[Check | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._checker: Checker | None = None
        self._identity: ContentHash | None = None
        #: Why the last load failed, and what the files looked like.
        self._failed: tuple[str, _Look] | None = None
        #: What was logged last, so that it is not for every picture.
        self._logged = ""

    def ask(self, command: Check) -> None:
        """Take a question; its answer comes from another thread, unless there is nothing to judge with."""
        if (problem := self._load()) is not None:
            self.refuse(command.request, problem)
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="checks", daemon=True)
            self._thread.start()
        self._asked.put(command)

    def stop(self) -> None:
        """Answer nothing more."""
        self._asked.put(None)

    def refuse(self, request: str, problem: str) -> None:
        """Answer that nothing can be judged."""
        if problem != self._logged:
            log.error("the check of pictures cannot run: %s", problem)
            self._logged = problem
        self._emit(Checked(launch=self._launch, request=request, problem=valid_text(problem)))

    def _load(self) -> str | None:
        """See to it that there is a checker; return why there is none."""
        if self._checker is not None:
            return None
        if self._path is None:
            return "There is no checker: EASEL_SAFETY_CHECKER names none."
        look = _look(self._path)
        if self._failed is not None and self._failed[1] == look:
            return self._failed[0]
        # Only now: what these import may print, which must not reach the frames.
        from inference.models.errors import ModelError
        from inference.vision.safety import open_checker

        try:
            self._checker = open_checker(self._path, self._threads)
        except ModelError as error:
            self._failed = str(error), look
            return str(error)
        except Exception:
            log.exception("the checker cannot be loaded")
            self._failed = _UNEXPECTED, look
            return _UNEXPECTED
        self._logged = ""
        log.info("pictures are checked by %s", self._checker.description)
        return None

    def _work(self) -> None:
        from inference.models.errors import ModelError

        while (command := self._asked.get()) is not None:
            try:
                answer = self._answer(command)
            except ModelError as error:
                self.refuse(command.request, str(error))
            except Exception:
                log.exception("request=%s cannot be checked", command.request)
                self.refuse(command.request, _UNEXPECTED)
            else:
                self._emit(answer)

    def _answer(self, command: Check) -> Checked:
        """Return what the checker says. Raises ModelError."""
        from inference.diffusion.pictures import PictureError, decode_upload
        from inference.models.errors import ModelError
        from inference.vision.safety import identity

        assert self._checker is not None, "nothing is asked before it is loaded"
        if self._identity is None:
            self._identity = identity(self._checker.files)
        if not command.data:
            return Checked(launch=self._launch, request=command.request, checker=self._identity)
        try:
            judged = self._checker.judge(decode_upload(command.data))
        except PictureError as error:
            raise ModelError(f"A picture cannot be read: {error}") from error
        return Checked(
            launch=self._launch,
            request=command.request,
            checker=self._identity,
            flagged=judged.flagged,
            score=judged.score,
        )


def _look(path: Path) -> _Look:
    """Return what the files of a checker look like from outside."""
    found = []
    for file in (*path.parent.glob(f"{glob.escape(path.stem)}*"), *path.glob("*"), *path.glob("onnx/*")):
        try:
            status = file.stat()
        except OSError:
            continue
        found.append((str(file), status.st_size, status.st_mtime_ns))
    return tuple(sorted(found))
