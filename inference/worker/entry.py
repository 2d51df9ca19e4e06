"""The life of a worker process around `loop.serve`: what must happen before the first import of torch, and the end."""

import faulthandler
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from typing import NoReturn

from inference.protocol.messages import EngineSettings, Event, LaunchId
from inference.worker import logs, loop, pipes
from inference.worker.painter import OpenPainter, Painter


def _name_temporary_folder() -> None:
    """Name a folder for temporary files where a full disk takes none: libraries ask for its name when imported."""
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        named = (os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
        tempfile.tempdir = next(filter(None, named), os.sep + "tmp")


def run(open_painter: OpenPainter) -> NoReturn:
    """Serve the parent on stdin and stdout with the painter that `open_painter` opens after Hello, then exit."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole console; the parent decides what it means
    faulthandler.enable(sys.stderr)
    private = pipes.take_over()
    logs.log_to_stderr()
    _name_temporary_folder()

    def open_logged(settings: EngineSettings, launch: LaunchId, emit: Callable[[Event], None]) -> Painter:
        logs.log_to_stderr(launch, prompts=settings.log_prompts)
        return open_painter(settings, launch, emit)

    code = loop.serve(private.commands, private.events, open_logged)
    sys.stderr.flush()
    os._exit(code)  # no farewell of libraries and thread pools: a job abandoned amid a step must not delay the end
