"""An engine in this process over one loaded model, and the jobs that it is measured with."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from torch import Tensor

from inference.adapters.application import Adapters
from inference.diffusion.engine import Engine
from inference.diffusion.jobs import State
from inference.families.base import DiffusionModel
from inference.protocol.messages import (
    EngineSettings,
    Event,
    Failed,
    Finished,
    Generate,
    JobId,
    LaunchId,
    ModelInfo,
)
from inference.protocol.recipe import ContentHash, Recipe, TextToImage, sources


@dataclass(frozen=True)
class Resident:
    """A model that is already there."""

    model: DiffusionModel
    load_seconds: float = 0.0
    bytes: int = 0
    evicted: tuple[ContentHash, ...] = ()


class OneModel:
    """A model source that holds one model for good."""

    def __init__(self, model: DiffusionModel) -> None:
        self._model = model

    def acquire(
        self, model: ContentHash, vae: ContentHash | None = None, *, keep: Collection[ContentHash] = ()
    ) -> Resident:
        """Return the model."""
        return Resident(self._model)

    def infos(self) -> tuple[ModelInfo, ...]:
        """Return nothing: no name is needed."""
        return ()

    @property
    def resident(self) -> tuple[ContentHash, ...]:
        """Return the model's hash."""
        return (self._model.hash,)


class _WatchedEngine(Engine):
    """Keeps the latents of what it finished: pictures themselves are rounded to 8 bits."""

    latents: dict[JobId, Tensor]

    def _finish(self, state: State, latents: Tensor, model: DiffusionModel) -> None:
        self.latents[state.job.id] = latents
        super()._finish(state, latents, model)


class Studio:
    """Runs jobs to their end and keeps what they sent."""

    def __init__(
        self, model: DiffusionModel, max_rows: int = 16, adapters: Path | None = None, adapters_bytes: int = 0
    ) -> None:
        self.model = model
        self.adapters = Adapters(adapters, model.device, model.dtype, adapters_bytes)
        self.events: list[Event] = []
        settings = EngineSettings(models_folder="", max_rows=max_rows)
        self.engine = _WatchedEngine(OneModel(model), settings, LaunchId("bench"), self.events.append, self.adapters)
        self.engine.latents = {}

    def paint(
        self, recipes: Sequence[Recipe], images: Mapping[ContentHash, bytes] = MappingProxyType({})
    ) -> list[Finished]:
        """Hand all recipes over at once, run to the end, and return the results in the order of the recipes.

        `images` has the pictures that they start from.
        """
        self.events.clear()
        for index, recipe in enumerate(recipes):
            own = {name: images[name] for name in sources(recipe)}
            self.engine.handle(Generate(job=JobId(str(index)), recipe=recipe, images=own))
        while self.engine.tick():
            pass
        failures = [event.message for event in self.events if isinstance(event, Failed)]
        if failures:
            raise RuntimeError("; ".join(failures))
        finished = {event.job: event for event in self.events if isinstance(event, Finished)}
        return [finished[JobId(str(index))] for index in range(len(recipes))]

    def latents(
        self, recipes: Sequence[Recipe], images: Mapping[ContentHash, bytes] = MappingProxyType({})
    ) -> list[Tensor]:
        """Paint all recipes at once and return the final latents (C, h, w) of each; `images` as for `paint`."""
        self.paint(recipes, images)
        return [self.engine.latents[JobId(str(index))] for index in range(len(recipes))]


@dataclass(frozen=True)
class Wish:
    """One of the eight mixed requests, in our words and in diffusers'."""

    prompt: str
    negative_prompt: str
    sampler: str
    schedule: str
    steps: int
    guidance_scale: float
    scheduler: str
    config: tuple[tuple[str, object], ...]

    def recipe(self, model: ContentHash, width: int, height: int, seed: int) -> TextToImage:
        """Return the request as a recipe."""
        return TextToImage(
            prompt=self.prompt,
            negative_prompt=self.negative_prompt,
            model=model,
            width=width,
            height=height,
            steps=self.steps,
            sampler=self.sampler,
            schedule=self.schedule,
            guidance_scale=self.guidance_scale,
            seed=seed,
        )


_TRAILING = (("timestep_spacing", "trailing"),)
_LEADING = (("timestep_spacing", "leading"), ("steps_offset", 1))
_KARRAS = (("use_karras_sigmas", True),)

#: Eight people's requests: no two alike.
MIXED = (
    Wish("a red circle on a blue background", "", "euler", "simple", 8, 5.0, "EulerDiscreteScheduler", _TRAILING),
    Wish("a green star", "blurry", "euler_a", "simple", 10, 7.0, "EulerAncestralDiscreteScheduler", _TRAILING),
    Wish(
        "two white hearts on a black background",
        "",
        "dpmpp_2m",
        "karras",
        8,
        4.0,
        "DPMSolverMultistepScheduler",
        _KARRAS,
    ),
    Wish("a yellow cross, purple background", "red", "ddim", "ddim_uniform", 10, 6.5, "DDIMScheduler", _LEADING),
    Wish("a small blue square on the left", "", "lms", "simple", 8, 5.0, "LMSDiscreteScheduler", _TRAILING),
    Wish("a large orange triangle", "text", "euler", "karras", 10, 7.5, "EulerDiscreteScheduler", _KARRAS),
    Wish(
        "a black star on a white background", "", "dpmpp_2m", "simple", 8, 3.0, "DPMSolverMultistepScheduler", _TRAILING
    ),
    Wish("a purple heart on a yellow background", "green", "plms", "ddim_uniform", 9, 8.0, "PNDMScheduler", _LEADING),
)
