"""Samplers: formulas that walk a picture from noise to clean, written as generators; and their registry."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from torch import Tensor

from inference.diffusion.samplers.base import Noise, Sampling
from inference.diffusion.samplers.dpmpp import dpmpp_2m
from inference.diffusion.samplers.euler import ddim, euler, euler_a, heun
from inference.diffusion.sigmas import NoiseTable, Spacing
from inference.protocol.names import SAMPLER_NAMES, UnknownName, sampler_key, schedule_key

__all__ = ["SAMPLERS", "Noise", "Sampler", "Sampling", "find_sampler", "split_legacy_name"]


@dataclass(frozen=True, kw_only=True)
class Sampler:
    """A sampler's formula, and what must be known to use it."""

    key: str
    function: Callable[..., Sampling]
    #: Key of the schedule that people use it with.
    schedule: str = "normal"
    #: The default of its `eta`; None where it takes none. Above 0 it draws noise.
    eta: float | None = None
    #: The noise it wants when it draws any: fresh at each step, or increments of one Brownian motion.
    noise_kind: Literal["independent", "brownian"] = "independent"
    #: It draws noise whatever eta is.
    always_stochastic: bool = False
    #: How often a step asks the model; the last step of multi-evaluation samplers asks once.
    evaluations_per_step: int = 1
    #: Order of convergence, of the error at the end in the size of the steps.
    order: int = 1
    #: First x is noise times sigma, or, as of variance-preserving samplers, times sqrt(sigma**2 + 1).
    starts_from: Literal["sigma", "unit_variance"] = "sigma"
    #: A schedule of one step more is planned and its second to last level left out, as AUTOMATIC1111 does.
    discard_penultimate: bool = False
    #: The timesteps that diffusers' scheduler of this name takes by default or needs; see `sigmas.spaced`.
    spacing: Spacing | None = None
    #: It needs the model's noise table.
    takes_table: bool = False

    @property
    def name(self) -> str:
        """Return the name that people know."""
        return SAMPLER_NAMES[self.key]

    @property
    def stochastic(self) -> bool:
        """Tell whether it draws noise after the first, at its default eta."""
        return self.draws_noise(None)

    def draws_noise(self, eta: float | None) -> bool:
        """Tell whether it draws noise after the first; `eta` None means its default."""
        return self.always_stochastic or bool(self.eta if eta is None or self.eta is None else eta)

    def initial_scale(self, sigma: float) -> float:
        """Return what the first unit-variance noise is multiplied by to start at `sigma`."""
        return sigma if self.starts_from == "sigma" else math.sqrt(sigma**2 + 1)

    def start(
        self, x: Tensor, sigmas: Sequence[float], noise: Noise, table: NoiseTable, eta: float | None = None
    ) -> Sampling:
        """Return the sampling of one picture from x, (C, h, w) float32; `eta` is ignored where it takes none."""
        options: dict[str, object] = {}
        if eta is not None and self.eta is not None:
            options["eta"] = eta
        if self.takes_table:
            options["table"] = table
        return self.function(x, sigmas, noise, **options)


_ALL = (
    Sampler(key="euler", function=euler),
    Sampler(key="euler_a", function=euler_a, eta=1.0),
    Sampler(key="heun", function=heun, evaluations_per_step=2, order=2),
    Sampler(key="dpmpp_2m", function=dpmpp_2m, schedule="karras", order=2),
    Sampler(
        key="ddim",
        function=ddim,
        schedule="ddim_uniform",
        eta=0.0,
        starts_from="unit_variance",
        spacing="leading",
    ),
)

#: Sampler key -> sampler.
SAMPLERS: Mapping[str, Sampler] = MappingProxyType({sampler.key: sampler for sampler in _ALL})


def find_sampler(text: str) -> Sampler:
    """Return the sampler that `text` names: a key, a display name or another program's spelling, in any case.

    Raises UnknownName, which holds the nearest names.
    """
    return SAMPLERS[_sampler_key(text)]


def split_legacy_name(text: str) -> tuple[str, str | None]:
    """Return the keys of sampler and schedule of a name that may hold both, "DPM++ 2M Karras"; None where it holds no schedule.

    AUTOMATIC1111 before 1.9 wrote both as one name. Raises UnknownName.
    """
    words = text.split()
    for count in range(1, min(3, len(words))):
        try:
            schedule = schedule_key(" ".join(words[-count:]))
            return _sampler_key(" ".join(words[:-count])), schedule
        except UnknownName:
            continue
    return _sampler_key(text), None


def _sampler_key(text: str) -> str:
    """Return the key of a spelling, also ComfyUI's and k-diffusion's: "sample_euler", "k_euler_a", "dpmpp_sde_gpu"."""
    try:
        return sampler_key(text)
    except UnknownName:
        bare = text.strip().casefold().removeprefix("sample_").removeprefix("k_").removesuffix("_gpu")
        if bare == text:
            raise
    try:
        return sampler_key(bare)
    except UnknownName:
        raise UnknownName("sampler", text, SAMPLER_NAMES.values()) from None
