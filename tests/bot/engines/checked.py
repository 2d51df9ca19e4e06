"""Engines that paint in the colour that a prompt names, and check what they painted."""

import io
import os
import sys
import threading
from functools import partial
from pathlib import Path

from msgspec.structs import replace
from PIL import Image

from bot.engines.inline import Inline
from bot.engines.process import LocalProcess
from bot.engines.supervision import Supervision
from inference.protocol.recipe import Recipe
from inference.vision.safety import Judgement, open_checker
from inference.worker import entry
from inference.worker.loop import serve
from tests.bot.engines.engines import NO_FOLDER, PATIENT
from tests.clockwork import Clockwork
from tests.sample_requests import settings

COLOURS = ("red", "blue", "green")


class Colours(Clockwork):
    """Paints fine stripes in the first colour of a prompt."""

    def paint(self, recipe: Recipe) -> bytes:
        return striped(next((word for word in recipe.prompt.split() if word in COLOURS), "green"), recipe.seed)


def striped(colour: str, seed: int = 0) -> bytes:
    """Return a PNG of one colour with thin black stripes; of another seed it has another corner."""
    image = Image.new("RGB", (64, 64), colour)
    for left in range(0, 64, 8):
        image.paste("black", (left, 0, left + 1, 64))
    image.putpixel((63, 63), (seed % 256, seed // 256 % 256, 0))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def checked_inline(checker: Path | None, supervision: Supervision = PATIENT) -> Inline:
    """Return an engine in a thread that checks by that file or folder."""
    chosen = replace(settings(NO_FOLDER), safety_checker="" if checker is None else str(checker))
    return Inline(chosen, partial(serve, open_painter=Colours, leave=lambda code: None), supervision)


def checked_process(checker: Path, *orders: str, supervision: Supervision = PATIENT) -> LocalProcess:
    """Return an engine in a process; `once` or `always` ends it amid a check while a file "deadly" lies beside."""
    chosen = replace(settings(NO_FOLDER), safety_checker=str(checker))
    return LocalProcess(chosen, (sys.executable, "-m", "tests.bot.engines.checked", *orders), supervision)


class _Deadly:
    """A checker that takes the process with it while a file lies beside its own, which it deletes if it is told so."""

    def __init__(self, path: Path, threads: int, *, once: bool) -> None:
        self._checker = open_checker(path, threads)
        self._trap = path.with_name("deadly")
        self._once = once
        self.description, self.files = self._checker.description, self._checker.files

    def judge(self, picture: Image.Image) -> Judgement:
        if self._trap.exists():
            if self._once:
                self._trap.unlink()
            os._exit(9)
        if self._trap.with_name("stuck").exists():
            threading.Event().wait(600)
        return self._checker.judge(picture)


if __name__ == "__main__":
    from inference.vision import safety

    if "once" in sys.argv or "always" in sys.argv:
        safety.open_checker = partial(_Deadly, once="once" in sys.argv)
    entry.run(Colours)
