"""What the engine and its process add to a job beside the networks, and how soon a cancel is effective."""

import asyncio
import statistics
import time
from dataclasses import dataclass

import msgspec

from benchmarks.studio import MIXED, Studio
from bot.engines.base import Engine, EngineEvent
from bot.engines.process import LocalProcess
from inference.families.base import DiffusionModel
from inference.protocol.messages import Cancelled, EngineSettings, Failed, Finished, Generate, JobId, Progress
from inference.protocol.recipe import ContentHash, Recipe

_SIDE = 128


@dataclass(frozen=True)
class Overhead:
    """Milliseconds a job beside its networks, medians over jobs."""

    #: A prompt that was not met before: its text is encoded too.
    new_prompt: float
    known_prompt: float
    #: Texts that were known already and that had to be read, in the jobs of each kind: (hits, misses).
    new_texts: tuple[int, int]
    known_texts: tuple[int, int]


def of_engine(model: DiffusionModel, jobs: int = 20) -> Overhead:
    """Measure jobs of one picture, from the command to the finished PNG, in this process."""
    studio = Studio(model)
    studio.paint([_recipe(model.hash, 0, "warm up")])
    cache = studio.engine.conditioning
    started = (cache.hits, cache.misses)
    new = [_beside(studio, _recipe(model.hash, index, f"picture number {index}")) for index in range(jobs)]
    between = (cache.hits, cache.misses)
    known = [_beside(studio, _recipe(model.hash, 99 + index, "picture number 0")) for index in range(jobs)]
    return Overhead(
        new_prompt=statistics.median(new),
        known_prompt=statistics.median(known),
        new_texts=(between[0] - started[0], between[1] - started[1]),
        known_texts=(cache.hits - between[0], cache.misses - between[1]),
    )


def _recipe(model: ContentHash, seed: int, prompt: str) -> Recipe:
    recipe = MIXED[0].recipe(model, _SIDE, _SIDE, seed)
    return msgspec.structs.replace(recipe, prompt=prompt, steps=20)


def _beside(studio: Studio, recipe: Recipe) -> float:
    (finished,) = studio.paint([recipe])
    return 1000 * _outside(finished)


def _outside(finished: Finished) -> float:
    timings = finished.timings
    return timings.total_seconds - timings.network_seconds - timings.loading_seconds


@dataclass(frozen=True)
class Crossing:
    """A job through the real worker process."""

    #: Milliseconds from `submit` to the finished picture, beside the networks; the median.
    beside_network: float
    #: Steps that were still taken after the worker was told to cancel; the most of all tries.
    steps_after_cancel: int
    #: Milliseconds from `cancel` to its confirmation, in steps of the network; the median.
    cancel_in_steps: float


async def of_process(settings: EngineSettings, jobs: int = 12) -> Crossing:
    """Measure jobs in a worker process that runs the sample model."""
    async with LocalProcess(settings) as engine:
        model = next(info.hash for info in (await engine.rescan()) if info.kind == "checkpoint")
        await _follow(engine, Generate(job=JobId("warm"), recipe=_recipe(model, 0, "warm up")))
        beside = [await _submitted(engine, model, index) for index in range(jobs)]
        cancels = [await _cancelled(engine, model, index) for index in range(jobs)]
    return Crossing(
        beside_network=statistics.median(beside),
        steps_after_cancel=max(steps for steps, _ in cancels),
        cancel_in_steps=statistics.median(share for _, share in cancels),
    )


async def _submitted(engine: Engine, model: ContentHash, index: int) -> float:
    began = time.perf_counter()
    events = await _follow(engine, Generate(job=JobId(f"job{index}"), recipe=_recipe(model, index, "a red circle")))
    seconds = time.perf_counter() - began
    finished = events[-1]
    assert isinstance(finished, Finished)
    return 1000 * (seconds - finished.timings.network_seconds)


async def _cancelled(engine: Engine, model: ContentHash, index: int) -> tuple[int, float]:
    """Cancel a long job at some step; return the steps seen after it and the wait in steps."""
    recipe = msgspec.structs.replace(_recipe(model, index, "a red circle"), steps=150)
    job = JobId(f"cancel{index}")
    await engine.submit(Generate(job=job, recipe=recipe))
    step_times: list[float] = []
    cancelled_at = 0.0
    after = 0
    async for event in engine.events():
        if isinstance(event, Progress):
            step_times.append(time.perf_counter())
            if cancelled_at:
                after += 1
            elif event.step >= 10 + index:
                cancelled_at = time.perf_counter()
                await engine.cancel(job)
        elif isinstance(event, Cancelled):
            break
        elif isinstance(event, (Finished, Failed)):
            raise RuntimeError("the job ended before it was cancelled")
    one = (step_times[-1] - step_times[0]) / (len(step_times) - 1)
    return after, (time.perf_counter() - cancelled_at) / one


async def _follow(engine: Engine, command: Generate) -> list[EngineEvent]:
    await engine.submit(command)
    events: list[EngineEvent] = []
    async for event in engine.events():
        events.append(event)
        if isinstance(event, (Finished, Failed)):
            return events
    raise RuntimeError("the worker left")


def measure_process(settings: EngineSettings, jobs: int = 12) -> Crossing:
    """Run `of_process` in an event loop of its own."""
    return asyncio.run(of_process(settings, jobs))
