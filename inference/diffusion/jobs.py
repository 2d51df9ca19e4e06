"""What the engine holds of each job: the command, and one state a picture."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inference.adapters.selection import NO_ADAPTERS, Selection
from inference.diffusion.mosaic import Mosaic, Tile
from inference.diffusion.painting import Ask, Painting
from inference.protocol.messages import Generate, JobId, Picture
from inference.protocol.recipe import ContentHash, Recipe, painted


@dataclass(frozen=True, eq=False)
class Overlay:
    """The source's own pixels, put back outside the mask."""

    #: Shape: (H, W, 3) float32 in -1..1.
    pixels: NDArray[np.float32]
    #: Shape: (H, W, 1) float32 in 0..1, 1 where the new picture shows.
    mask: NDArray[np.float32]


@dataclass(eq=False)
class State:
    """One picture on its way, or one of its tiles: a painting, and the ask it waits to have answered."""

    job: "Job"
    index: int
    recipe: Recipe
    painting: Painting
    steps: int
    #: The recipe's adapters by what they act on.
    selection: Selection = NO_ADAPTERS
    overlay: Overlay | None = None
    #: Which tile of what this is, of a picture that is painted in tiles.
    tile: Tile | None = None
    mosaic: Mosaic | None = None
    ask: Ask | None = None
    #: The answer to the ask before; what a preview shows.
    denoised: Tensor | None = None
    step: int = 0

    def advance(self, answer: Tensor | None) -> Tensor | None:
        """Give the painting its answer and take its next ask; return the finished latents at its end, else None."""
        self.denoised = answer
        try:
            self.ask = next(self.painting) if answer is None else self.painting.send(answer)
        except StopIteration as end:
            self.ask = None
            latents: Tensor = end.value
            return latents
        return None


@dataclass(eq=False)
class Job:
    """A Generate command on its way."""

    command: Generate
    arrival: int
    #: What has begun, and what is still to begin once the job is prepared.
    states: list[State] = field(default_factory=list)
    coming: Iterator[State] | None = None
    #: The finished pictures, by their index, while they are being written as PNG.
    pictures: "dict[int, Future[Picture]]" = field(default_factory=dict)
    paused: bool = False
    started: bool = False
    clock: Callable[[], float] = time.perf_counter
    received_at: float = 0.0
    loading_seconds: float = 0.0
    network_seconds: float = 0.0

    def __post_init__(self) -> None:
        self.received_at = self.clock()

    @property
    def id(self) -> JobId:
        """Return the job's id."""
        return self.command.job

    @property
    def recipe(self) -> Recipe:
        """Return the recipe of the first picture."""
        return painted(self.command.recipe)

    @property
    def device(self) -> torch.device:
        """Return where its pictures are painted; the CPU before any is."""
        return next((state.ask.x.device for state in self.states if state.ask), torch.device("cpu"))

    @property
    def needs(self) -> tuple[ContentHash, ContentHash | None]:
        """Return the model and the separate VAE that the job runs on."""
        return self.recipe.model, self.recipe.vae

    @property
    def order(self) -> tuple[int, int]:
        """Return the sort key that says who goes first: the more urgent, then the earlier."""
        return -self.command.urgency, self.arrival

    @property
    def painted(self) -> bool:
        """Tell whether every picture has left the network."""
        return len(self.pictures) == self.command.count

    @property
    def elapsed_seconds(self) -> float:
        """Return the seconds since the command came."""
        return self.clock() - self.received_at
