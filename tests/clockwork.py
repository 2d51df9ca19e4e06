"""A stand-in for the engine: paints flat pictures in a few milliseconds a step, and does harm when the prompt says so.

A prompt is a list of orders, each `verb` or `verb@step` (step 0 is the arrival of the command): `print` and `cprint`
write to stdout from Python and from C, `exit` and `abort` end the process, `hang` sleeps, `freeze` holds the
interpreter so that not even a heartbeat gets out, `raise` breaks the tick, `oom` and `fail` fail the job properly,
`slow` makes every step take a tenth of a second, `unsendable` fails it with words that are no Unicode text.
"""

import ctypes
import hashlib
import os
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from inference.protocol.messages import (
    Cancel,
    Cancelled,
    DeviceInfo,
    EngineSettings,
    Event,
    Failed,
    FailureKind,
    Finished,
    Generate,
    JobId,
    LaunchId,
    Loaded,
    Loading,
    ModelInfo,
    Pause,
    Picture,
    Prefetch,
    Preview,
    Progress,
    Resume,
    Started,
    Timings,
    Token,
    TokenChunk,
    Tokenize,
    Tokenized,
)
from inference.protocol.recipe import AnyRecipe, ContentHash, Recipe, Upscale, painted, picture_of, to_json
from inference.worker.painter import CannotStart

MODEL = ModelInfo(
    hash=ContentHash("c" * 64),
    name="clockwork",
    family="sd1",
    adapter_family="sd1",
    prediction_type="epsilon",
    inpainting=False,
    default_width=64,
    default_height=64,
    bytes=1,
)
STEP_SECONDS = 0.002


def flat_png(recipe: AnyRecipe, width: int = 0, height: int = 0) -> bytes:
    """Return a PNG of one colour that the whole recipe decides; of a size where the recipe does not say it."""
    colour = hashlib.sha256(to_json(recipe).encode()).digest()[:3]
    if not isinstance(recipe, Upscale):
        width, height = recipe.width, recipe.height
    rows = (b"\0" + colour * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


@dataclass(eq=False)
class _Job:
    command: Generate
    step: int = 0
    paused: bool = False

    @property
    def recipe(self) -> Recipe:
        return painted(self.command.recipe)

    @property
    def orders(self) -> set[str]:
        """Return the verbs that are due at this step."""
        due = set()
        for word in self.recipe.prompt.split():
            verb, _, step = word.partition("@")
            if not step or step == str(self.step):
                due.add(verb)
        return due


class Clockwork:
    """Obeys the contract of `inference.worker.painter.Painter`; all jobs go one step further a tick."""

    def __init__(self, settings: EngineSettings, launch: LaunchId, emit: Callable[[Event], None]) -> None:
        if settings.models_folder == "refuse":
            raise CannotStart("There is no such device; use another.")
        if settings.models_folder == "crash":
            raise RuntimeError("the driver is missing")
        if settings.models_folder == "exit":
            print("last words of a start that failed", file=sys.stderr, flush=True)
            os._exit(7)
        if settings.models_folder == "hang":
            time.sleep(600)
        self.device = DeviceInfo(
            kind="cpu", name="clockwork", memory_bytes=1, dtype="float32", attention="none", versions={}
        )
        self.models: tuple[ModelInfo, ...] = (MODEL,)
        self.memory_used_bytes = 0
        self._folder = settings.models_folder
        self._launch = launch
        self._emit = emit
        self._jobs: dict[JobId, _Job] = {}
        self._resident = False

    @property
    def jobs(self) -> tuple[JobId, ...]:
        return tuple(self._jobs)

    @property
    def resident_models(self) -> tuple[ContentHash, ...]:
        return (MODEL.hash,) if self._resident else ()

    def rescan(self) -> tuple[ModelInfo, ...]:
        if self._folder == "unreadable":
            raise PermissionError("no entry")
        return self.models

    def prefetch(self, command: Prefetch) -> None:
        """Read nothing: it paints with whatever adapters it is told."""

    def tokenize(self, command: Tokenize) -> Tokenized:
        """Take every word for a token, and obey `exit`, `hang` and `raise`."""
        answer = Tokenized(launch=self._launch, request=command.request)
        if command.model != MODEL.hash:
            return msgspec.structs.replace(answer, problem="There is no such model.")
        for order in {word for text in command.texts for word in text.split()}:
            match order:
                case "exit":
                    os._exit(5)
                case "hang":
                    time.sleep(600)
                case "raise":
                    raise ZeroDivisionError("a defect in the clockwork")
        tokens = [tuple(Token(text=f"{word} ", weight=1.0) for word in text.split()) for text in command.texts]
        return msgspec.structs.replace(answer, chunks=tuple((TokenChunk(tokens=found),) for found in tokens))

    def handle(self, command: Generate | Cancel | Pause | Resume) -> None:
        if isinstance(command, Generate):
            job = _Job(command)
            self._jobs.setdefault(command.job, job)
            if isinstance(command.recipe, Upscale):
                return
            self._obey(job, only={"raise@0", "exit@0"})
            return
        job_or_none = self._jobs.get(command.job)
        if job_or_none is None:
            return
        if isinstance(command, Cancel):
            del self._jobs[command.job]
            self._emit(Cancelled(launch=self._launch, job=command.job))
        else:
            job_or_none.paused = isinstance(command, Pause)

    def tick(self) -> bool:
        for job in list(self._jobs.values()):
            if not job.paused and job.command.job in self._jobs:
                self._step(job)
        return any(not job.paused for job in self._jobs.values())

    def _step(self, job: _Job) -> None:
        command = job.command
        if isinstance(command.recipe, Upscale):
            self._enlarge(command, command.recipe)
            return
        if command.recipe.model != MODEL.hash:
            self._fail(job, "model", "There is no such model.")
            return
        if job.step == 0:
            self._begin(job)
        job.step += 1
        time.sleep(0.1 if "slow" in job.orders else STEP_SECONDS)
        self._obey(job)
        if command.job not in self._jobs:
            return
        for index in range(command.count):
            due = command.preview_every and job.step % command.preview_every == 0
            shown = Preview(data=b"jpeg %d" % job.step, width=8, height=8) if due else None
            self._emit(
                Progress(
                    launch=self._launch,
                    job=command.job,
                    picture=index,
                    step=job.step,
                    steps=job.recipe.steps,
                    preview=shown,
                )
            )
        if job.step >= job.recipe.steps:
            self._finish(job)

    def _enlarge(self, command: Generate, recipe: Upscale) -> None:
        """Make a PNG larger in no time: what comes of it is as flat as any."""
        sides = struct.unpack(">II", command.images[recipe.image][16:24])
        width, height = (side * recipe.factor for side in sides)
        del self._jobs[command.job]
        picture = Picture(data=flat_png(recipe, width, height), width=width, height=height, recipe=recipe)
        timings = Timings(total_seconds=0.1, loading_seconds=0, network_seconds=0.1, steps=1)
        self._emit(Started(launch=self._launch, job=command.job))
        self._emit(Finished(launch=self._launch, job=command.job, pictures=(picture,), timings=timings))

    def _begin(self, job: _Job) -> None:
        name, model = job.command.job, job.recipe.model
        if not self._resident:
            self._emit(Loading(launch=self._launch, job=name, model=model))
            self._emit(Loaded(launch=self._launch, job=name, model=model, seconds=0.001, bytes=1))
            self._resident = True
        self._emit(Started(launch=self._launch, job=name))

    def _finish(self, job: _Job) -> None:
        command = job.command
        del self._jobs[command.job]
        recipes = [picture_of(job.recipe, index) for index in range(command.count)]
        pictures = tuple(
            Picture(data=self.paint(recipe), width=recipe.width, height=recipe.height, recipe=recipe)
            for recipe in recipes
        )
        timings = Timings(total_seconds=0.1, loading_seconds=0, network_seconds=0.1, steps=job.step)
        self._emit(Finished(launch=self._launch, job=command.job, pictures=pictures, timings=timings))

    def paint(self, recipe: Recipe) -> bytes:
        """Return the picture of a recipe, as a PNG."""
        return flat_png(recipe)

    def _fail(self, job: _Job, kind: FailureKind, message: str) -> None:
        del self._jobs[job.command.job]
        self._emit(Failed(launch=self._launch, job=job.command.job, kind=kind, message=message))

    def _obey(self, job: _Job, only: set[str] | None = None) -> None:
        if only is not None and not only & set(job.recipe.prompt.split()):
            return
        for order in job.orders:
            match order:
                case "print":
                    print("a library's greeting on stdout", flush=True)
                    sys.__stdout__.write("and one past sys.stdout\n")  # type: ignore[union-attr]
                    sys.__stdout__.flush()  # type: ignore[union-attr]
                case "cprint":
                    os.write(1, b"printed from C\n" * 100)
                case "child":
                    os.system("echo printed by a child process")
                case "orphan":
                    command = [sys.executable, "-c", "import time; time.sleep(300)"]
                    child = subprocess.Popen(command, close_fds=False, stderr=subprocess.DEVNULL)
                    print(f"orphan={child.pid}", file=sys.stderr, flush=True)
                case "exit":
                    print("the end has come", file=sys.stderr, flush=True)
                    os._exit(5)
                case "abort":
                    os.abort()
                case "hang":
                    time.sleep(600)
                case "freeze":
                    _hold_the_interpreter(600)
                case "raise":
                    raise ZeroDivisionError("a defect in the clockwork")
                case "oom":
                    self._fail(job, "memory", "The device has too little memory for this picture.")
                case "fail":
                    self._fail(job, "nonfinite", "The model gave no picture.")
                case "unsendable":
                    self._fail(job, "internal", "a file named \udcff")


def _hold_the_interpreter(seconds: int) -> None:
    """Sleep without giving other threads a chance, as a library does that never releases the GIL."""
    if sys.platform == "win32":
        ctypes.PyDLL("kernel32").Sleep(seconds * 1000)
    else:
        ctypes.PyDLL(None).sleep(seconds)
