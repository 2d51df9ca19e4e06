"""The engine: a loop over steps, not over requests.

Every running picture is a state; one `tick` is one forward pass of the network for every set of states that can share
one. Pictures of several requests share a pass even when steps, sampler, guidance and prompts differ, and join, leave,
pause and are cancelled between any two passes.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import ParamSpec, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inference.adapters.application import Adapters
from inference.adapters.selection import Weighted
from inference.diffusion import batching, memory, pictures
from inference.diffusion.acquired import Acquired
from inference.diffusion.conditioning import ConditioningCache
from inference.diffusion.docket import Docket
from inference.diffusion.failures import NonFinite
from inference.diffusion.jobs import Job, State
from inference.diffusion.mosaic import Mosaic
from inference.diffusion.painting import Ask
from inference.diffusion.preparation import prepare
from inference.diffusion.preview import preview
from inference.families.base import DiffusionModel
from inference.protocol.messages import (
    Cancel,
    EngineSettings,
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
    Preview,
    Progress,
    Resume,
    Started,
    Timings,
)
from inference.protocol.recipe import ContentHash

log = logging.getLogger(__name__)

P = ParamSpec("P")


class ModelSource(Protocol):
    """Where the engine gets its models."""

    def acquire(
        self, model: ContentHash, vae: ContentHash | None = None, *, keep: Collection[ContentHash] = ()
    ) -> Acquired[DiffusionModel]:
        """Return the model, loaded. Raises ModelError."""

    def infos(self) -> tuple[ModelInfo, ...]:
        """Return what is installed."""

    @property
    def resident(self) -> tuple[ContentHash, ...]:
        """The models in memory."""


@dataclass(frozen=True)
class PassKey:
    """What pictures of one pass have in common."""

    model: ContentHash
    vae: ContentHash | None
    shape: tuple[int, ...]
    tokens: int
    concat: bool
    adapters: Weighted

    @property
    def plain(self) -> "PassKey":
        """Return the key without adapters, which change little of the memory that a pass takes."""
        return replace(self, adapters=())


class Engine:
    """Paints. Not thread-safe: one thread calls `handle` and `tick`; events may come from another."""

    def __init__(
        self,
        models: ModelSource,
        settings: EngineSettings,
        launch: LaunchId,
        emit: Callable[[Event], None],
        adapters: Adapters | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._models = models
        self._adapters = adapters or Adapters(None, torch.device("cpu"), torch.float32)
        self._settings = settings
        self._launch = launch
        self._emit = emit
        self._clock = clock
        self._docket = Docket(launch, emit, lambda command, arrival: Job(command=command, arrival=arrival, clock=clock))
        self.conditioning = ConditioningCache(self._adapters)
        #: Rows that a pass was found to hold at most, after it ran out of memory.
        self._caps: dict[PassKey, int] = {}
        self._encoders = ThreadPoolExecutor(max_workers=2, thread_name_prefix="png")
        self._paces: dict[torch.device, memory.Pace] = {}
        #: Jobs that have left the network and wait for their PNG files, the earliest first.
        self._painted: deque[Job] = deque()

    @property
    def jobs(self) -> tuple[JobId, ...]:
        """Return the ids of all jobs that have not ended."""
        return self._docket.ids

    # Commands ---------------------------------------------------------------------------------------------------

    def handle(self, command: Generate | Cancel | Pause | Resume) -> None:
        """Take a command; it is effective at the next tick. Commands for jobs that have ended change nothing."""
        self._docket.handle(command)

    # The tick ---------------------------------------------------------------------------------------------------

    @torch.inference_mode()
    def tick(self) -> bool:
        """Take every picture that has its turn one pass further; return False when nothing is left to do now.

        Never raises for the sake of one job: what goes wrong with a job ends that job with a Failed event.
        """
        waiting = [state for job in self._admitted() for state in job.states if state.ask is not None]
        passes = batching.group(waiting, self._key, lambda state: len(_ask(state).guidance.rows), self._cap)
        for states in passes.values():
            self._run(states)
        busy = self._deliver(wait=not passes)
        if not busy:
            self._adapters.take_off()
        return busy

    def _admitted(self) -> list[Job]:
        """Return the jobs that take part in this tick, prepared, in the order of their turn.

        The first always does, whatever has to be loaded for it. Others do when their model is resident: loading one
        for them would push out the one at work, and the next tick would load that again.
        """
        admitted: list[Job] = []
        for job in self._docket.runnable:
            if not admitted:
                self._docket.attempt(job, self._load, job)
            elif job.needs[0] not in self._models.resident:
                continue
            if job.coming is None and job in self._docket:
                self._docket.attempt(job, self._prepare, job)
            if job in self._docket:
                self._docket.attempt(job, self._begin, job)
            if job in self._docket:
                admitted.append(job)
        return admitted

    def _prepare(self, job: Job) -> None:
        model = self._load(job)
        if not job.started:
            job.started = True
            self._emit(Started(launch=self._launch, job=job.id))
        began = self._clock()
        job.coming = prepare(job, model, self.conditioning, self._adapters)
        job.network_seconds += self._clock() - began

    def _begin(self, job: Job) -> None:
        """Begin a job's pictures: all at once, but of their tiles one a tick, and no more than a pass has room for.

        The VAE has to read each tile first, and nobody's picture should wait for all of a large one's.
        """
        for state in self._ready(job):
            model = self._load(job)
            began = self._clock()
            job.states.append(state)
            latents = state.advance(None)
            job.network_seconds += self._clock() - began
            if latents is not None:
                self._finish(state, latents, model)

    def _ready(self, job: Job) -> Iterator[State]:
        rows = [
            len(state.ask.guidance.rows) for state in job.states if state.tile is not None and state.ask is not None
        ]
        if job.coming is None or sum(rows) + max(rows, default=0) > self._settings.max_rows:
            return
        for state in job.coming:
            yield state
            if state.tile is not None:
                return

    def _load(self, job: Job) -> DiffusionModel:
        """Return the job's model; where it must be loaded first, say so and what it cost."""
        model, vae = job.needs
        if model not in self._models.resident:
            self._emit(Loading(launch=self._launch, job=job.id, model=model))
        acquired = self._models.acquire(model, vae)
        if acquired.load_seconds:
            job.loading_seconds += acquired.load_seconds
            for gone in acquired.evicted:
                self.conditioning.forget(gone)
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

    def _key(self, state: State) -> PassKey:
        ask = _ask(state)
        model, vae = state.job.needs
        return PassKey(
            model=model,
            vae=vae,
            shape=tuple(ask.x.shape),
            tokens=ask.guidance.rows[0].context.shape[0],
            concat=ask.concat is not None,
            adapters=state.selection.unet,
        )

    def _cap(self, key: PassKey) -> int:
        """Return how many rows a pass may hold: by the setting, by memory, and by what was found out."""
        cap = min(self._settings.max_rows, self._caps.get(key.plain, self._settings.max_rows))
        if key.model not in self._models.resident:
            return cap
        model = self._models.acquire(key.model, key.vae).model
        fit = memory.free_bytes(model.device) // max(1, model.row_bytes(*key.shape[-2:]))
        return max(1, min(cap, fit))

    # One pass ---------------------------------------------------------------------------------------------------

    def _run(self, states: list[State]) -> None:
        """Answer the asks of states that share a pass; halve it when memory runs out, single out what fails."""
        states = [state for state in states if state.job in self._docket]
        if not states:
            return
        try:
            model = self._load(states[0].job)
            answers = self._pass(states, model)
        except Exception as error:
            self._recover(states, error)
            return
        for state, answer in zip(states, answers, strict=True):
            if state.job in self._docket:
                self._docket.attempt(state.job, self._advance, state, answer, model)

    def _pass(self, states: Sequence[State], model: DiffusionModel) -> list[Tensor]:
        """Return the guided clean latents (C, h, w) of each state from one run of the network."""
        began = self._clock()
        asks = [_ask(state) for state in states]
        counts = [len(ask.guidance.rows) for ask in asks]
        repeats = torch.tensor(counts)
        x = torch.stack([ask.x for ask in asks])
        sigmas = torch.tensor([ask.sigma for ask in asks], dtype=torch.float64)
        concat = None
        if asks[0].concat is not None:
            concat = torch.cat([ask.guidance.seen(ask.concat) for ask in asks if ask.concat is not None])
        rows = [row for ask in asks for row in ask.guidance.rows]
        x = x.repeat_interleave(repeats.to(x.device), 0)
        self._adapters.put_on(model, "unet", states[0].selection.unet)
        denoised = model.denoise(x, sigmas.repeat_interleave(repeats), rows, concat)
        parts = denoised.split(counts)
        answers = [
            ask.guidance.combine(ask.x, ask.sigma, part, model.prediction)
            for ask, part in zip(asks, parts, strict=True)
        ]
        self._paces.setdefault(model.device, memory.Pace(model.device)).step()
        spent = self._clock() - began
        for job in {state.job.id: state.job for state in states}.values():
            job.network_seconds += spent
        return answers

    def _recover(self, states: list[State], error: Exception) -> None:
        """Go on after a pass that failed as a whole: less at a time, and what fails alone fails alone."""
        if len(states) == 1:
            self._docket.fail(states[0].job, error)
            return
        if memory.is_out_of_memory(error):
            key = self._key(states[0]).plain
            rows = max(1, sum(len(_ask(state).guidance.rows) for state in states) // 2)
            self._caps[key] = min(rows, self._caps.get(key, rows))
            memory.release(states[0].denoised.device if states[0].denoised is not None else _ask(states[0]).x.device)
            text = f"The device ran out of memory with {len(states)} pictures at once; going on with fewer."
            self._emit(Notice(launch=self._launch, job=states[0].job.id, text=text))
            parts = batching.halves(states)
        else:
            log.warning("a shared pass of %d pictures failed; running them singly: %r", len(states), error)
            parts = [[state] for state in states]
        for part in parts:
            self._run(part)

    def _advance(self, state: State, answer: Tensor, model: DiffusionModel) -> None:
        latents = state.advance(answer)
        step = state.steps if state.ask is None else min(state.ask.step, state.steps)
        if step > state.step:
            every = state.job.command.preview_every
            due = every and state.ask is not None and step // every > state.step // every
            if state.mosaic is not None:
                state.mosaic.step += step - state.step
                due = 0  # a tile is a poor picture of the whole
            state.step = step
            self._progress(state, preview(answer, model.latent_rgb) if due else None)
        if latents is not None:
            self._finish(state, latents, model)

    def _progress(self, state: State, shown: Preview | None) -> None:
        of = state.mosaic or state
        self._emit(
            Progress(
                launch=self._launch,
                job=state.job.id,
                picture=state.index,
                step=of.step,
                steps=of.steps,
                preview=shown,
            )
        )

    # The end of a picture and of a job --------------------------------------------------------------------------

    def _finish(self, state: State, latents: Tensor, model: DiffusionModel) -> None:
        """Decode finished latents and have them written as PNG beside the next ticks; of tiles, when all are done."""
        if not torch.isfinite(latents).all():
            raise NonFinite
        state.painting.close()
        if state.tile is not None and state.mosaic is not None:
            state.denoised = None
            state.mosaic.take(state.tile, latents)
            self._lay(state.job, state.mosaic, model)
            if not state.mosaic.is_whole:
                return
            written = self._encoders.submit(self._encode_mosaic, state, state.mosaic)
        else:
            written = self._encoders.submit(self._encode, state, self._decode(state.job, latents, model))
        state.job.pictures[state.index] = written
        if state.job.painted:
            self._painted.append(state.job)

    def _lay(self, job: Job, mosaic: Mosaic, model: DiffusionModel) -> None:
        """Lay down every tile whose turn it is. One that is done early waits for it as latents."""
        while (latents := mosaic.next()) is not None:
            mosaic.lay(self._decode(job, latents, model))

    def _decode(self, job: Job, latents: Tensor, model: DiffusionModel) -> NDArray[np.float32]:
        """Return pixels (H, W, 3) in about -1..1. Raises NonFinite."""
        began = self._clock()
        pixels: NDArray[np.float32] = model.decode(latents[None])[0].float().movedim(0, -1).cpu().numpy()
        job.network_seconds += self._clock() - began
        if not np.isfinite(pixels).all():
            raise NonFinite
        return pixels

    def _encode(self, state: State, pixels: NDArray[np.float32]) -> Picture:
        if state.overlay is not None:
            pixels = state.overlay.pixels + (pixels - state.overlay.pixels) * state.overlay.mask
        return self._written(state, pictures.from_pixels(pixels))

    def _encode_mosaic(self, state: State, mosaic: Mosaic) -> Picture:
        return self._written(state, mosaic.result())

    def _written(self, state: State, pixels: NDArray[np.uint8]) -> Picture:
        height, width, _ = pixels.shape
        name = next((info.name for info in self._models.infos() if info.hash == state.recipe.model), "")
        data = pictures.encode_png(pixels, state.recipe, name)
        return Picture(data=data, width=width, height=height, recipe=state.recipe)

    def _deliver(self, wait: bool) -> bool:
        """Send the jobs whose pictures are all written, in the order in which they were painted.

        Waits for the first of them when there is nothing else to do.
        """
        while self._painted:
            job = self._painted[0]
            if job in self._docket:
                if not wait and not all(future.done() for future in job.pictures.values()):
                    break
                self._docket.attempt(job, self._send, job)
            self._painted.popleft()
        return self._docket.busy

    def _send(self, job: Job) -> None:
        done = tuple(job.pictures[index].result() for index in sorted(job.pictures))
        timings = Timings(
            total_seconds=job.elapsed_seconds,
            loading_seconds=job.loading_seconds,
            network_seconds=job.network_seconds,
            steps=sum(state.steps for state in job.states),
        )
        self._docket.end(job)
        self._emit(Finished(launch=self._launch, job=job.id, pictures=done, timings=timings))

    # What goes wrong --------------------------------------------------------------------------------------------


def _ask(state: State) -> Ask:
    if state.ask is None:
        raise ValueError("this picture asks for nothing")
    return state.ask
