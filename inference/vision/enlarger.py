"""The engine beside the engine: jobs that make pictures larger and restore faces, a tile or a face a tick.

So pictures that are painted at the same time go on, and a job can be cancelled within a tile or a face.
"""

import logging
import time
from collections.abc import Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from inference.diffusion import memory, pictures
from inference.diffusion.acquired import Acquired
from inference.diffusion.docket import Docket
from inference.protocol.messages import (
    Cancel,
    Event,
    Finished,
    Generate,
    JobId,
    LaunchId,
    Loaded,
    Loading,
    ModelInfo,
    Notice,
    Pause,
    Picture,
    Progress,
    Resume,
    Started,
    Timings,
)
from inference.protocol.recipe import ContentHash, Upscale
from inference.vision import restoration, tiles
from inference.vision.enlargement import Enlarging, Step, enlarge, lanczos, require_room
from inference.vision.faces import FaceFinder, Found
from inference.vision.restorers import FaceRestorer
from inference.vision.upscalers import Upscaler

log = logging.getLogger(__name__)
N = TypeVar("N")

#: Sides of the largest tiles. A cancel waits for one, and so do pictures that are painted beside it: Real-ESRGAN's
#: takes some seconds on one core of a CPU, and a fraction of one on a GPU.
_MOST_SIDE = {"cpu": 96}
_MOST_SIDE_GPU = 512
#: How long a tick waits for a file that is being written, when there is nothing else to do.
_WAIT_SECONDS = 0.05


class UpscalerSource(Protocol):
    """Where networks come from."""

    def acquire_upscaler(self, upscaler: ContentHash) -> Acquired[Upscaler]:
        """Return the network, loaded. Raises ModelError."""

    def acquire_restorer(self, restorer: ContentHash, *, keep: Collection[ContentHash]) -> Acquired[FaceRestorer]:
        """Return the network, loaded; models in `keep` do not leave for it. Raises ModelError."""

    def infos(self) -> tuple[ModelInfo, ...]:
        """Return what is installed."""

    @property
    def resident(self) -> tuple[ContentHash, ...]:
        """What is in memory."""


@dataclass(frozen=True)
class _Faces:
    """What is known of a job's faces once they are looked for."""

    source: NDArray[np.uint8]
    found: Found
    #: The larger picture, where no network makes it.
    larger: NDArray[np.uint8] | None


@dataclass(eq=False)
class _Job:
    """A Generate command on its way."""

    command: Generate
    recipe: Upscale
    arrival: int
    received_at: float
    paused: bool = False
    #: What is left to do; it keeps its network, even if that has to leave for another model meanwhile.
    work: Enlarging | None = None
    #: The networks of a job whose faces are being looked for.
    network: Upscaler | None = None
    restorer: FaceRestorer | None = None
    faces: "Future[_Faces] | None" = None
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    step: Step | None = None
    loading_seconds: float = 0.0
    network_seconds: float = 0.0
    #: The finished picture while it is being written as PNG.
    picture: "Future[Picture] | None" = None

    @property
    def id(self) -> JobId:
        return self.command.job

    @property
    def awaited(self) -> "Future[_Faces] | Future[Picture] | None":
        """What another thread still does for it; None where it is this thread's turn."""
        if self.faces is not None and not self.faces.done():
            return self.faces
        return self.picture

    @property
    def order(self) -> tuple[int, int]:
        return -self.command.urgency, self.arrival


class Enlarger:
    """Makes pictures larger. Not thread-safe: one thread calls `handle` and `tick`."""

    def __init__(
        self,
        upscalers: UpscalerSource,
        launch: LaunchId,
        emit: Callable[[Event], None],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._upscalers = upscalers
        self._launch = launch
        self._emit = emit
        self._clock = clock
        self._docket = Docket(launch, emit, self._take)
        self._beside = ThreadPoolExecutor(max_workers=1, thread_name_prefix="enlarged")
        self._finder: FaceFinder | None = None

    @property
    def jobs(self) -> tuple[JobId, ...]:
        """Return the ids of all jobs that have not ended."""
        return self._docket.ids

    def handle(self, command: Generate | Cancel | Pause | Resume) -> None:
        """Take a command; it is effective at the next tick. Commands for jobs that are not here change nothing."""
        self._docket.handle(command)

    def _take(self, command: Generate, arrival: int) -> _Job:
        if not isinstance(command.recipe, Upscale):
            raise TypeError("only an Upscale can be carried out here")
        return _Job(command=command, recipe=command.recipe, arrival=arrival, received_at=self._clock())

    def tick(self, alone: bool = True) -> bool:
        """Take the first job a tile or a face further, and send those that are written; False: nothing is left to do.

        Waits a moment for what another thread does when nothing else is to do, here and (`alone`) elsewhere.
        What goes wrong with a job ends that job with a Failed event.
        """
        runnable = self._docket.runnable
        at_work = next((job for job in runnable if job.awaited is None), None)
        awaited: list[Future[Any]] = [job.awaited for job in runnable if job.awaited is not None]
        if at_work is not None:
            self._docket.attempt(at_work, self._advance, at_work)
        elif awaited and alone:
            wait(awaited[:1], _WAIT_SECONDS)
        for job in runnable:
            if job.picture is not None and job.picture.done():
                self._docket.attempt(job, self._send, job)
        return self._docket.busy

    # One slice --------------------------------------------------------------------------------------------------

    def _advance(self, job: _Job) -> None:
        began = self._clock()
        loading = job.loading_seconds
        if job.faces is not None:
            self._begin_faces(job, job.faces.result())
        elif job.work is None:
            self._begin(job)
        else:
            try:
                self._note(job, next(job.work))
            except StopIteration as end:
                job.picture = self._beside.submit(self._encode, job.recipe, end.value)
                job.work = None
        job.network_seconds += self._clock() - began - (job.loading_seconds - loading)

    def _begin(self, job: _Job) -> None:
        recipe = job.recipe
        if recipe.faces is not None and self._finder is None:
            self._finder = FaceFinder()
        if recipe.model is not None:
            job.network = self._load(job, recipe.model, self._upscalers.acquire_upscaler)
        if recipe.faces is not None:
            keep = () if recipe.model is None else (recipe.model,)
            acquire = partial(self._upscalers.acquire_restorer, keep=keep)
            job.restorer = self._load(job, recipe.faces, acquire)
        self._emit(Started(launch=self._launch, job=job.id))
        source = pictures.decode_upload(job.command.images[recipe.image])
        require_room(source.width, source.height, recipe.factor)
        if self._finder is not None and job.restorer is not None:
            job.faces = self._beside.submit(self._look, self._finder, recipe, source)
        elif job.network is None:
            job.picture = self._beside.submit(self._enlarge_plainly, recipe, source)
        else:
            job.work = self._enlarging(job, job.network, np.asarray(source))

    def _begin_faces(self, job: _Job, known: _Faces) -> None:
        """Say which faces are left as they are, and begin with what is to be done."""
        job.faces = None
        for text in restoration.words(known.found):
            self._emit(Notice(launch=self._launch, job=job.id, text=text))
        larger: Enlarging | NDArray[np.uint8] = known.source if known.larger is None else known.larger
        if job.network is not None:
            larger = self._enlarging(job, job.network, known.source)
        if job.restorer is None:
            raise ValueError("this job has no network that restores faces")
        job.device = job.restorer.device
        recipe = job.recipe
        job.work = restoration.restore(
            larger, known.source, known.found.faces, job.restorer, recipe.factor, recipe.face_strength
        )

    def _enlarging(self, job: _Job, network: Upscaler, source: NDArray[np.uint8]) -> Enlarging:
        job.device = network.device
        most = _MOST_SIDE.get(network.device.type, _MOST_SIDE_GPU)
        side = tiles.side_within(memory.free_bytes(network.device), network.bytes_per_pixel, most)
        return enlarge(source, job.recipe.factor, network, side)

    def _load(self, job: _Job, model: ContentHash, acquire: Callable[[ContentHash], Acquired[N]]) -> N:
        """Return a network of the job's; where it must be loaded first, say so and what it cost."""
        if model not in self._upscalers.resident:
            self._emit(Loading(launch=self._launch, job=job.id, model=model))
        acquired = acquire(model)
        if acquired.load_seconds:
            job.loading_seconds += acquired.load_seconds
            self._emit(
                Loaded(
                    launch=self._launch,
                    job=job.id,
                    model=model,
                    seconds=acquired.load_seconds,
                    bytes=acquired.bytes,
                    evicted=acquired.evicted,
                )
            )
        return acquired.model

    def _note(self, job: _Job, step: Step) -> None:
        """Say how far a job has come, or that it goes on with smaller tiles."""
        job.step = step
        if step.smaller is None:
            self._progress(job, step)
            return
        memory.release(job.device)
        text = f"The device ran out of memory; going on with tiles of {step.smaller}x{step.smaller} pixels."
        self._emit(Notice(launch=self._launch, job=job.id, text=text))

    def _progress(self, job: _Job, step: Step) -> None:
        self._emit(Progress(launch=self._launch, job=job.id, picture=0, step=step.done, steps=step.total))

    # In another thread ------------------------------------------------------------------------------------------

    def _look(self, finder: FaceFinder, recipe: Upscale, source: Image.Image) -> _Faces:
        larger = lanczos(source, recipe.factor) if recipe.model is None and recipe.factor > 1 else None
        return _Faces(source=np.asarray(source), found=finder.find(source), larger=larger)

    # The end of a job -------------------------------------------------------------------------------------------

    def _enlarge_plainly(self, recipe: Upscale, source: Image.Image) -> Picture:
        return self._encode(recipe, lanczos(source, recipe.factor))

    def _encode(self, recipe: Upscale, pixels: NDArray[np.uint8]) -> Picture:
        height, width, _ = pixels.shape
        names = {info.hash: info.name for info in self._upscalers.infos()}
        model_name = "" if recipe.model is None else names.get(recipe.model, "")
        faces_name = "" if recipe.faces is None else names.get(recipe.faces, "")
        data = pictures.encode_png(pixels, recipe, model_name, faces_name)
        return Picture(data=data, width=width, height=height, recipe=recipe)

    def _send(self, job: _Job) -> None:
        if job.picture is None:
            raise ValueError("this picture is not written")
        picture = job.picture.result()
        if job.step is None:
            job.step = Step(done=1, total=1)
            self._progress(job, job.step)
        timings = Timings(
            total_seconds=self._clock() - job.received_at,
            loading_seconds=job.loading_seconds,
            network_seconds=job.network_seconds,
            steps=job.step.done,
        )
        self._docket.end(job)
        self._emit(Finished(launch=self._launch, job=job.id, pictures=(picture,), timings=timings))
