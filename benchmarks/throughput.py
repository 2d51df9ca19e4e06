"""Eight mixed requests: one engine, against the same eight through a diffusers pipeline one after another."""

import time
from dataclasses import dataclass
from statistics import median

import diffusers
import torch

from benchmarks.studio import MIXED, Studio
from inference.families.base import DiffusionModel


@dataclass(frozen=True)
class Throughput:
    """Seconds of each round, side by side."""

    ours: tuple[float, ...]
    theirs: tuple[float, ...]

    @property
    def ratios(self) -> tuple[float, ...]:
        """Return how many times the pictures per second ours makes, of each round."""
        return tuple(their / our for our, their in zip(self.ours, self.theirs, strict=True))

    @property
    def ratio(self) -> float:
        """Return the median over rounds."""
        return median(self.ratios)


def measure(
    model: DiffusionModel, pipeline: diffusers.DiffusionPipeline, size: int, rounds: int, requests: int = 8
) -> Throughput:
    """Time `requests` of the mixed requests at size x size, ours and theirs in turn, after one warm-up pass of each."""
    studio = Studio(model)
    pipeline.set_progress_bar_config(disable=True)
    wishes = MIXED[:requests]
    recipes = [wish.recipe(model.hash, size, size, seed) for seed, wish in enumerate(wishes)]
    schedulers = [
        getattr(diffusers, wish.scheduler).from_config(_training(pipeline) | dict(wish.config)) for wish in wishes
    ]

    def ours() -> None:
        studio.paint(recipes)

    def theirs() -> None:
        for seed, (wish, scheduler) in enumerate(zip(wishes, schedulers, strict=True)):
            pipeline.scheduler = scheduler
            pipeline(
                wish.prompt,
                negative_prompt=wish.negative_prompt,
                height=size,
                width=size,
                num_inference_steps=wish.steps,
                guidance_scale=wish.guidance_scale,
                generator=torch.Generator("cpu").manual_seed(seed),
            )

    studio.paint(recipes[:1])
    pipeline("warm up", height=size, width=size, num_inference_steps=1)
    seconds = [(_timed(ours), _timed(theirs)) for _ in range(rounds)]
    return Throughput(ours=tuple(our for our, _ in seconds), theirs=tuple(their for _, their in seconds))


def _training(pipeline: diffusers.DiffusionPipeline) -> dict[str, object]:
    config = pipeline.scheduler.config
    return {key: config[key] for key in ("beta_start", "beta_end", "beta_schedule", "prediction_type")}


def _timed(action: object) -> float:
    _settle()
    began = time.perf_counter()
    action()  # type: ignore[operator]
    _settle()
    return time.perf_counter() - began


def _settle() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
