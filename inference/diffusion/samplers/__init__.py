"""Samplers: formulas that walk a picture from noise to clean, written as generators; and their registry."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from torch import Tensor

from inference.diffusion import sigmas
from inference.diffusion.samplers.base import Noise, Sampling
from inference.diffusion.samplers.consistency import lcm, tcd
from inference.diffusion.samplers.dpm import dpm2, dpm2_a, dpm_adaptive, dpm_fast
from inference.diffusion.samplers.dpmpp import dpmpp_2m, dpmpp_2m_sde, dpmpp_2s_a, dpmpp_3m_sde, dpmpp_sde
from inference.diffusion.samplers.euler import ddim, euler, euler_a, heun
from inference.diffusion.samplers.multistep import deis, lms, plms
from inference.diffusion.samplers.unipc import unipc
from inference.diffusion.sigmas import NoiseTable
from inference.protocol.names import EVALUATIONS, SAMPLER_NAMES

__all__ = ["SAMPLERS", "Noise", "Sampler", "Sampling"]


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
    #: Order of the formula, once enough steps are behind it.
    order: int = 1
    #: First x is noise times sigma, or, as of variance-preserving samplers, times sqrt(sigma**2 + 1).
    starts_from: Literal["sigma", "unit_variance"] = "sigma"
    #: A schedule of one step more is planned and its second to last level left out, as AUTOMATIC1111 does.
    discard_penultimate: bool = False
    #: It needs the model's noise table.
    takes_table: bool = False

    @property
    def name(self) -> str:
        """Return the name that people know."""
        return SAMPLER_NAMES[self.key]

    @property
    def evaluations_per_step(self) -> int:
        """Return how often a step asks the model; the last step of multi-evaluation samplers asks once."""
        return EVALUATIONS.get(self.key, 1)

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

    def levels(self, schedule: str, steps: int, table: NoiseTable) -> list[float]:
        """Return a schedule's noise levels as this sampler wants them: for some, without the level before the last.

        AUTOMATIC1111 plans one step more for those and drops its second to last level, since they waste their
        evaluations on a step that is too small there. Raises as `sigmas.schedule` does.
        """
        if not self.discard_penultimate:
            return sigmas.schedule(schedule, steps, table)
        levels = sigmas.schedule(schedule, steps + 1, table)
        return [*levels[:-2], levels[-1]]

    def start(
        self, x: Tensor, levels: Sequence[float], noise: Noise, table: NoiseTable, eta: float | None = None
    ) -> Sampling:
        """Return the sampling of one picture from x, (C, h, w) float32; `eta` is for those that take one."""
        options: dict[str, object] = {}
        if eta is not None and self.eta is not None:
            options["eta"] = eta
        if self.takes_table:
            options["table"] = table
        return self.function(x, levels, noise, **options)


_ALL = (
    Sampler(key="euler", function=euler),
    Sampler(key="euler_a", function=euler_a, eta=1.0),
    Sampler(key="heun", function=heun, order=2),
    Sampler(key="lms", function=lms, order=4),
    Sampler(
        key="dpm2",
        function=dpm2,
        schedule="karras",
        order=2,
        discard_penultimate=True,
    ),
    Sampler(
        key="dpm2_a",
        function=dpm2_a,
        schedule="karras",
        eta=1.0,
        order=2,
        discard_penultimate=True,
    ),
    Sampler(key="dpmpp_2s_a", function=dpmpp_2s_a, schedule="karras", eta=1.0, order=2),
    Sampler(key="dpmpp_2m", function=dpmpp_2m, schedule="karras", order=2),
    Sampler(
        key="dpmpp_sde",
        function=dpmpp_sde,
        schedule="karras",
        eta=1.0,
        noise_kind="brownian",
        order=2,
    ),
    Sampler(
        key="dpmpp_2m_sde",
        function=dpmpp_2m_sde,
        schedule="exponential",
        eta=1.0,
        noise_kind="brownian",
        order=2,
    ),
    Sampler(
        key="dpmpp_3m_sde",
        function=dpmpp_3m_sde,
        schedule="exponential",
        eta=1.0,
        noise_kind="brownian",
        order=3,
        discard_penultimate=True,
    ),
    Sampler(key="dpm_fast", function=dpm_fast, eta=0.0, order=3),
    Sampler(key="dpm_adaptive", function=dpm_adaptive, eta=0.0, order=3),
    Sampler(key="ddim", function=ddim, schedule="ddim_uniform", eta=0.0, starts_from="unit_variance"),
    Sampler(key="plms", function=plms, schedule="ddim_uniform", starts_from="unit_variance", order=2),
    Sampler(key="unipc", function=unipc, starts_from="unit_variance", order=3),
    Sampler(key="deis", function=deis, starts_from="unit_variance", order=2),
    Sampler(key="lcm", function=lcm, schedule="sgm_uniform", always_stochastic=True, starts_from="unit_variance"),
    Sampler(
        key="tcd",
        function=tcd,
        schedule="sgm_uniform",
        eta=0.3,
        starts_from="unit_variance",
        takes_table=True,
    ),
)

#: Sampler key -> sampler.
SAMPLERS: Mapping[str, Sampler] = MappingProxyType({sampler.key: sampler for sampler in _ALL})
