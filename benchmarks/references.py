"""Which of diffusers' schedulers, configured how, equals which of our samplers, and how closely.

Diffusers' integer timesteps and float32 sigmas are met by choosing steps that divide the trained timesteps:
then "simple" is diffusers' "trailing", "normal" is its "linspace", "ddim_uniform" its "leading" with an
offset of 1, and "sgm_uniform" the "linspace" of its multistep solvers, all exactly.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import diffusers
import torch
from torch import Tensor

from inference.diffusion.samplers import SAMPLERS
from inference.diffusion.sigmas import NoiseTable, Spacing, schedule, spaced

#: The training schedule of Stable Diffusion 1.x, in which every reference is stated.
TRAINING: Mapping[str, Any] = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}


@dataclass(frozen=True, kw_only=True)
class Reference:
    """One of our samplers, one of diffusers' schedulers, and the settings under which they agree."""

    sampler: str
    #: Ours: a schedule's key, or a spacing of `sigmas.spaced` where no schedule is the same.
    schedule: str
    steps: int
    #: Name of the class in `diffusers`.
    scheduler: str
    #: Beside TRAINING.
    config: Mapping[str, Any]
    #: Largest difference of the final latents, relative to the largest of theirs.
    tolerance: float
    why: str
    #: Our sampler's keyword options other than its defaults.
    options: Mapping[str, Any] = field(default_factory=dict)
    #: Diffusers' arguments of `scheduler.step`.
    step_arguments: Mapping[str, Any] = field(default_factory=dict)
    #: Their x is sqrt(alphas_cumprod) times ours, and starts as unit noise.
    variance_preserving: bool = False
    #: They stop at the lowest trained level instead of at 0.
    stops_at_sigma_min: bool = False
    #: What they do to the timestep of a level before they show it to the network.
    timesteps: Literal["exact", "rounded", "truncated"] = "exact"
    #: Where their noise comes from: the generator of `step`, a Brownian tree of their own, or one put into
    #: them.
    noise: Literal["none", "generator", "brownian", "injected"] = "none"
    #: Diffusers' number of steps where it differs from ours.
    their_steps: int | None = None
    #: Tasks ("image", "inpaint", "repaint") and predictions in which theirs is another formula -> in what.
    apart: Mapping[str, str] = field(default_factory=dict)

    @property
    def same_as_recipe(self) -> bool:
        """Tell whether a recipe of this sampler, schedule, steps and eta gives the pipeline's picture.

        Latents must then be given to the pipeline as `pipeline_latents` says.
        """
        return (
            self.schedule not in ("linspace", "leading", "trailing", "lcm")
            and set(self.options) <= {"eta"}
            and not self.stops_at_sigma_min
            and self.timesteps == "exact"
            and self.noise in ("none", "generator")
            and not (self.noise != "none" and SAMPLERS[self.sampler].noise_kind == "brownian")
            and not SAMPLERS[self.sampler].discard_penultimate
            and self.their_steps is None
        )

    def make_scheduler(self, prediction_type: str = "epsilon") -> Any:
        """Return diffusers' scheduler, its timesteps set."""
        scheduler = getattr(diffusers, self.scheduler)(**TRAINING, **self.config, prediction_type=prediction_type)
        scheduler.set_timesteps(self.their_steps or self.steps)
        return scheduler

    def levels(self, table: NoiseTable) -> list[float]:
        """Return our levels, ending where theirs end."""
        if self.schedule in ("linspace", "leading", "trailing", "lcm"):
            spacing: Spacing = self.schedule  # type: ignore[assignment]
            levels = spaced(spacing, self.steps, table)
        else:
            levels = schedule(self.schedule, self.steps, table)
        return [*levels[:-1], table.sigma_min if self.stops_at_sigma_min else 0.0]

    def pipeline_latents(self, noise: Tensor, table: NoiseTable) -> Tensor:
        """Return the `latents` for diffusers' pipeline that start it where we start from `noise`."""
        sigma = self.levels(table)[0]
        ours = SAMPLERS[self.sampler].initial_scale(sigma)
        if self.variance_preserving:
            return noise * (ours / math.sqrt(sigma**2 + 1))
        return noise * (ours / float(torch.as_tensor(self.make_scheduler().init_noise_sigma)))

    def in_our_scale(self, x: Tensor, table: NoiseTable) -> Tensor:
        """Return diffusers' final x as ours: at a last level above 0 a variance-preserving one is smaller."""
        if self.variance_preserving and self.stops_at_sigma_min:
            return x * math.sqrt(table.sigma_min**2 + 1)
        return x


#: Equal formulas; what is left is float32 sigmas and sums in theirs.
_ROUNDING = "rounding of float32 sigmas"
_TRAILING = {"timestep_spacing": "trailing"}
_LEADING = {"timestep_spacing": "leading", "steps_offset": 1}
_KARRAS = {"use_karras_sigmas": True}
_MIDWAY = "started midway, their multistep formula takes coefficients for answers that it does not have"
_MIDWAY_ALONE = {"image": _MIDWAY, "inpaint": _MIDWAY}
_UNIT_START = {"repaint": "they start from noise of unit variance, 0.2 % more than k-diffusion's sigma times noise"}

REFERENCES = (
    Reference(
        sampler="euler",
        schedule="simple",
        steps=20,
        scheduler="EulerDiscreteScheduler",
        config=_TRAILING,
        tolerance=1e-5,
        why=_ROUNDING,
    ),
    Reference(
        sampler="euler",
        schedule="normal",
        steps=10,
        scheduler="EulerDiscreteScheduler",
        config={"timestep_spacing": "linspace"},
        tolerance=1e-5,
        why=_ROUNDING,
    ),
    Reference(
        sampler="euler",
        schedule="karras",
        steps=20,
        scheduler="EulerDiscreteScheduler",
        config=_KARRAS,
        tolerance=1e-5,
        why=_ROUNDING,
    ),
    Reference(
        sampler="euler",
        schedule="exponential",
        steps=20,
        scheduler="EulerDiscreteScheduler",
        config={"use_exponential_sigmas": True},
        tolerance=1e-5,
        why=_ROUNDING,
    ),
    Reference(
        sampler="euler",
        schedule="beta",
        steps=20,
        scheduler="EulerDiscreteScheduler",
        config={"use_beta_sigmas": True},
        tolerance=1e-5,
        why=_ROUNDING,
    ),
    Reference(
        sampler="euler_a",
        schedule="simple",
        steps=20,
        scheduler="EulerAncestralDiscreteScheduler",
        config=_TRAILING,
        tolerance=1e-5,
        why=_ROUNDING,
        noise="generator",
    ),
    Reference(
        sampler="heun",
        schedule="simple",
        steps=20,
        scheduler="HeunDiscreteScheduler",
        config=_TRAILING,
        tolerance=1e-5,
        why=_ROUNDING,
    ),
    Reference(
        sampler="heun",
        schedule="karras",
        steps=20,
        scheduler="HeunDiscreteScheduler",
        config=_KARRAS,
        tolerance=1e-5,
        why=_ROUNDING,
    ),
    Reference(
        sampler="lms",
        schedule="simple",
        steps=20,
        scheduler="LMSDiscreteScheduler",
        config=_TRAILING,
        tolerance=1e-5,
        apart=_MIDWAY_ALONE,
        why=_ROUNDING,
    ),
    Reference(
        sampler="dpm2",
        schedule="simple",
        steps=20,
        scheduler="KDPM2DiscreteScheduler",
        config=_TRAILING,
        tolerance=1e-5,
        why=_ROUNDING,
    ),
    Reference(
        sampler="dpm2_a",
        schedule="simple",
        steps=20,
        scheduler="KDPM2AncestralDiscreteScheduler",
        config=_TRAILING,
        tolerance=1e-5,
        why=_ROUNDING,
        noise="generator",
    ),
    Reference(
        sampler="dpmpp_2m",
        schedule="simple",
        steps=20,
        scheduler="DPMSolverMultistepScheduler",
        config=_TRAILING,
        tolerance=1e-5,
        apart=_UNIT_START,
        why=_ROUNDING,
        variance_preserving=True,
    ),
    Reference(
        sampler="dpmpp_2m",
        schedule="sgm_uniform",
        steps=9,
        scheduler="DPMSolverMultistepScheduler",
        config={"timestep_spacing": "linspace"},
        tolerance=1e-5,
        apart=_UNIT_START,
        why=_ROUNDING,
        variance_preserving=True,
    ),
    Reference(
        sampler="dpmpp_2m",
        schedule="karras",
        steps=20,
        scheduler="DPMSolverMultistepScheduler",
        config=_KARRAS,
        tolerance=1e-5,
        why=_ROUNDING,
        variance_preserving=True,
        timesteps="rounded",
    ),
    Reference(
        sampler="dpmpp_2s_a",
        schedule="exponential",
        steps=11,
        scheduler="DPMSolverSinglestepScheduler",
        config={"use_exponential_sigmas": True, "lower_order_final": True},
        tolerance=1e-5,
        why=f"{_ROUNDING}; their midpoints are levels of their own, halfway in lambda in this schedule only",
        variance_preserving=True,
        timesteps="truncated",
        options={"eta": 0.0},
        their_steps=21,
    ),
    Reference(
        sampler="dpmpp_sde",
        schedule="simple",
        steps=20,
        scheduler="DPMSolverSDEScheduler",
        config=_TRAILING,
        tolerance=1e-5,
        why=_ROUNDING,
        noise="injected",
    ),
    Reference(
        sampler="dpmpp_sde",
        schedule="simple",
        steps=20,
        scheduler="DPMSolverSDEScheduler",
        config={**_TRAILING, "noise_sampler_seed": 5},
        tolerance=5e-3,
        why="a Brownian path moves by 1e-3 in the 1e-6 by which their float32 sigmas are off",
        noise="brownian",
    ),
    Reference(
        sampler="dpmpp_2m_sde",
        schedule="simple",
        steps=20,
        scheduler="DPMSolverMultistepScheduler",
        config={**_TRAILING, "algorithm_type": "sde-dpmsolver++"},
        tolerance=1e-5,
        why=_ROUNDING,
        variance_preserving=True,
        noise="generator",
    ),
    Reference(
        sampler="dpmpp_3m_sde",
        schedule="simple",
        steps=20,
        scheduler="DPMSolverMultistepScheduler",
        config={**_TRAILING, "solver_order": 3, "solver_type": "heun"},
        tolerance=1e-5,
        why=f"{_ROUNDING}; at eta 0, since the sign of a constant is wrong in their third order with noise",
        variance_preserving=True,
        options={"eta": 0.0},
    ),
    Reference(
        sampler="ddim",
        schedule="ddim_uniform",
        steps=20,
        scheduler="DDIMScheduler",
        config={**_LEADING, "clip_sample": False},
        tolerance=1e-5,
        why=_ROUNDING,
        variance_preserving=True,
    ),
    Reference(
        sampler="ddim",
        schedule="ddim_uniform",
        steps=20,
        scheduler="DDIMScheduler",
        config={**_LEADING, "clip_sample": False},
        tolerance=1e-5,
        why=_ROUNDING,
        variance_preserving=True,
        options={"eta": 1.0},
        step_arguments={"eta": 1.0},
        noise="generator",
    ),
    Reference(
        sampler="ddim",
        schedule="leading",
        steps=20,
        scheduler="DDIMScheduler",
        config={"clip_sample": False, "set_alpha_to_one": False},
        tolerance=1e-5,
        why=_ROUNDING,
        variance_preserving=True,
        stops_at_sigma_min=True,
    ),
    Reference(
        sampler="plms",
        schedule="ddim_uniform",
        steps=20,
        scheduler="PNDMScheduler",
        config={**_LEADING, "skip_prk_steps": True, "set_alpha_to_one": True},
        tolerance=1e-5,
        apart={**_MIDWAY_ALONE, "v_prediction": "they average outputs, ours the noise that follows from them"},
        why=_ROUNDING,
        variance_preserving=True,
    ),
    Reference(
        sampler="unipc",
        schedule="simple",
        steps=20,
        scheduler="UniPCMultistepScheduler",
        config={**_TRAILING, "solver_order": 3, "solver_type": "bh1", "final_sigmas_type": "sigma_min"},
        tolerance=1e-5,
        why=f"{_ROUNDING}; their bh1 gives NaN in a step to 0",
        variance_preserving=True,
        stops_at_sigma_min=True,
    ),
    Reference(
        sampler="unipc",
        schedule="simple",
        steps=20,
        scheduler="UniPCMultistepScheduler",
        config={**_TRAILING, "solver_order": 3, "solver_type": "bh2"},
        tolerance=1e-5,
        why=_ROUNDING,
        variance_preserving=True,
        options={"variant": "bh2"},
    ),
    Reference(
        sampler="unipc",
        schedule="sgm_uniform",
        steps=9,
        scheduler="UniPCMultistepScheduler",
        config={"timestep_spacing": "linspace", "solver_order": 2, "solver_type": "bh2"},
        tolerance=1e-5,
        why=_ROUNDING,
        variance_preserving=True,
        options={"order": 2, "variant": "bh2"},
    ),
    Reference(
        sampler="deis",
        schedule="simple",
        steps=20,
        scheduler="DEISMultistepScheduler",
        config=_TRAILING,
        tolerance=1e-5,
        why=_ROUNDING,
        variance_preserving=True,
        stops_at_sigma_min=True,
    ),
    Reference(
        sampler="deis",
        schedule="simple",
        steps=20,
        scheduler="DEISMultistepScheduler",
        config={**_TRAILING, "solver_order": 3},
        tolerance=1e-5,
        why=_ROUNDING,
        variance_preserving=True,
        stops_at_sigma_min=True,
        options={"order": 3},
    ),
    Reference(
        sampler="lcm",
        schedule="simple",
        steps=5,
        scheduler="LCMScheduler",
        config={},
        tolerance=1e-5,
        why="their boundary weights c_skip and c_out, which we leave out",
        variance_preserving=True,
        noise="generator",
    ),
    Reference(
        sampler="lcm",
        schedule="lcm",
        steps=4,
        scheduler="LCMScheduler",
        config={},
        tolerance=1e-5,
        why="their boundary weights c_skip and c_out, which we leave out",
        variance_preserving=True,
        noise="generator",
    ),
    Reference(
        sampler="tcd",
        schedule="lcm",
        steps=4,
        scheduler="TCDScheduler",
        config={},
        tolerance=1e-5,
        why=_ROUNDING,
        step_arguments={"eta": 0.3},
        variance_preserving=True,
        stops_at_sigma_min=True,
        noise="generator",
    ),
)
