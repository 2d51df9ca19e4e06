"""Noise levels: what a model was trained on, and the descending list of them that a sampler walks down.

`sigma` is the standard deviation of the noise in `x = x0 + sigma * eps` (Karras et al. 2022); for a
variance-preserving model `sigma**2 = (1 - alphas_cumprod) / alphas_cumprod`. A schedule of n steps is a list
of n + 1 floats, strictly descending, the last 0.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv
from torch import Tensor

from inference.protocol.names import UnknownName

Floats = NDArray[np.float64]
#: How a training run's timesteps are thinned out to a few; see `spaced`.
Spacing = Literal["linspace", "leading", "trailing", "lcm"]

#: The last of `alphas_cumprod` where it would be zero; sigma is then 4096, as diffusers has it, not infinite.
_TERMINAL_ALPHA = 2.0**-24


class NoiseTable:
    """The noise levels that a discrete-time model was trained on, one a timestep, and all between them.

    Between two timesteps log sigma is linear in t, as in k-diffusion's `DiscreteSchedule`.
    """

    def __init__(self, alphas_cumprod: ArrayLike) -> None:
        """Take the products of alphas, (T,), strictly descending within (0, 1). Raises ValueError."""
        alphas = np.asarray(alphas_cumprod, dtype=np.float64)
        if (
            alphas.ndim != 1
            or len(alphas) < 2
            or not (alphas[-1] > 0 and alphas[0] < 1 and (np.diff(alphas) < 0).all())
        ):
            raise ValueError("alphas_cumprod must descend strictly within (0, 1)")
        self._alphas_cumprod = alphas
        #: Shape: (T,) float64, ascending.
        self.sigmas: Floats = np.sqrt((1 - alphas) / alphas)
        self._log_sigmas: Floats = np.log(self.sigmas)
        self._ts: Floats = np.arange(len(alphas), dtype=np.float64)

    @classmethod
    def from_config(
        cls,
        beta_start: float = 0.00085,
        beta_end: float = 0.012,
        beta_schedule: str = "scaled_linear",
        num_train_timesteps: int = 1000,
        rescale_zero_terminal_snr: bool = False,
    ) -> "NoiseTable":
        """Return the table of a diffusers scheduler's configuration, its betas "linear" or "scaled_linear".

        `rescale_zero_terminal_snr` makes the last level all noise: Lin et al. (2023), algorithm 1. Its sigma
        would be infinite; it is held at 4096, as diffusers does. Raises ValueError for another
        `beta_schedule`.
        """
        if beta_schedule == "linear":
            betas = np.linspace(beta_start, beta_end, num_train_timesteps)
        elif beta_schedule == "scaled_linear":
            betas = np.linspace(math.sqrt(beta_start), math.sqrt(beta_end), num_train_timesteps) ** 2
        else:
            raise ValueError(f"beta schedule {beta_schedule!r} is neither 'linear' nor 'scaled_linear'")
        alphas_cumprod = np.cumprod(1 - betas)
        if rescale_zero_terminal_snr:
            roots = np.sqrt(alphas_cumprod)
            alphas_cumprod = ((roots - roots[-1]) * roots[0] / (roots[0] - roots[-1])) ** 2
            alphas_cumprod[-1] = _TERMINAL_ALPHA
        return cls(alphas_cumprod)

    def __len__(self) -> int:
        """Return T, the number of trained timesteps."""
        return len(self._ts)

    @property
    def alphas_cumprod(self) -> Floats:
        """Return the products of alphas, (T,) float64, descending."""
        return self._alphas_cumprod

    @property
    def sigma_min(self) -> float:
        """Return the lowest trained noise level."""
        return float(self.sigmas[0])

    @property
    def sigma_max(self) -> float:
        """Return the highest trained noise level."""
        return float(self.sigmas[-1])

    def sigma_of(self, t: float) -> float:
        """Return the noise level of timestep `t`, a fraction allowed, held within 0..T-1."""
        t = min(max(t, 0.0), len(self) - 1.0)
        if t == int(t):
            return float(self.sigmas[int(t)])
        return math.exp(np.interp(t, self._ts, self._log_sigmas))

    def t_of(self, sigma: float) -> float:
        """Return the timestep of noise level `sigma` > 0, a fraction, held within 0..T-1."""
        return float(np.interp(math.log(sigma), self._log_sigmas, self._ts))

    def timesteps(self, sigmas: Tensor) -> Tensor:
        """Return the timestep of each noise level: (B,) floating, above 0; result (B,) float64, CPU."""
        levels = sigmas.detach().cpu().numpy().astype(np.float64)
        return torch.from_numpy(np.interp(np.log(levels), self._log_sigmas, self._ts))


def schedule(name: str, steps: int, table: NoiseTable) -> list[float]:
    """Return the schedule of a key of `SCHEDULE_NAMES`: steps + 1 levels, the last 0.

    `steps` is 1..T, T the number of trained timesteps. Raises UnknownName, or ValueError for `steps`.
    """
    if name not in SCHEDULES:
        raise UnknownName("schedule", name, SCHEDULES)
    _require_steps(steps, table)
    return [*(float(sigma) for sigma in SCHEDULES[name](steps, table)), 0.0]


def spaced(
    spacing: Spacing, steps: int, table: NoiseTable, *, steps_offset: int = 0, final: float = 0.0
) -> list[float]:
    """Return the levels of the timesteps that diffusers' schedulers choose, then `final`.

    linspace, leading, trailing: Lin et al. (2023), table 2, rounded as diffusers rounds them; `steps_offset`
    belongs to leading. lcm: every k-th of 50 trained timesteps, as latent consistency models are distilled
    (Luo et al. 2023, section 4.3, "skipping-step"). `final` is 0, or `table.sigma_min` where diffusers has
    `set_alpha_to_one=False`.
    """
    _require_steps(steps, table)
    total = len(table)
    ts: Floats
    match spacing:
        case "linspace":
            ts = np.linspace(0.0, total - 1.0, steps)[::-1]
        case "leading":
            ts = np.arange(float(steps))[::-1] * (total // steps) + steps_offset
        case "trailing":
            ts = np.round(np.arange(float(total), 0.0, -total / steps))[:steps] - 1.0
        case "lcm":
            if steps > 50:
                raise ValueError(f"spacing 'lcm' has at most 50 steps, not {steps}")
            trained = np.arange(1, 51)[::-1] * (total // 50) - 1.0
            ts = trained[np.floor(np.linspace(0, len(trained), steps, endpoint=False)).astype(int)]
    return [*(table.sigma_of(float(t)) for t in ts), final]


def steps_for_strength(steps: int, strength: float) -> int:
    """Return how many of `steps` are run at a denoising strength in 0..1.

    Diffusers' convention, `min(int(steps * strength), steps)`. (AUTOMATIC1111 runs
    `int(min(strength, 0.999) * steps) + 1`, or all of `steps` where its option says so.)
    """
    return min(int(steps * strength), steps)


def for_strength(sigmas: Sequence[float], strength: float) -> list[float]:
    """Return the tail of a schedule that is run at a denoising strength: `steps_for_strength` steps of it.

    At less than one step only the last level is left: there is nothing to do.
    """
    steps = len(sigmas) - 1
    return list(sigmas[steps - steps_for_strength(steps, strength) :])


def _require_steps(steps: int, table: NoiseTable) -> None:
    if not 1 <= steps <= len(table):
        raise ValueError(f"steps must be 1..{len(table)}, not {steps}")


def _normal(steps: int, table: NoiseTable) -> Sequence[float]:
    """Timesteps evenly spaced over the whole range: k-diffusion's `DiscreteSchedule.get_sigmas`."""
    return [table.sigma_of(t) for t in np.linspace(len(table) - 1, 0, steps)]


def _karras(steps: int, table: NoiseTable, rho: float = 7.0) -> Sequence[float]:
    """Karras et al. (2022), equation 5, between the model's own highest and lowest level."""
    high, low = table.sigma_max ** (1 / rho), table.sigma_min ** (1 / rho)
    return [(high + i / max(steps - 1, 1) * (low - high)) ** rho for i in range(steps)]


def _exponential(steps: int, table: NoiseTable) -> Sequence[float]:
    """Log sigma evenly spaced: k-diffusion's `get_sigmas_exponential`; Lu et al. (2022), "uniform logSNR"."""
    ratio = table.sigma_min / table.sigma_max
    return [table.sigma_max * ratio ** (i / max(steps - 1, 1)) for i in range(steps)]


def _sgm_uniform(steps: int, table: NoiseTable) -> Sequence[float]:
    """Timesteps evenly spaced, the last one left out: Stability's generative-models and AUTOMATIC1111."""
    return [table.sigma_of(t) for t in np.linspace(len(table) - 1, 0, steps + 1)[:-1]]


def _simple(steps: int, table: NoiseTable) -> Sequence[float]:
    """Whole timesteps counted down from the top in equal strides: ComfyUI's "simple"."""
    stride = len(table) / steps
    return [table.sigma_of(len(table) - 1 - int(i * stride)) for i in range(steps)]


def _beta(steps: int, table: NoiseTable, alpha: float = 0.6, beta: float = 0.6) -> Sequence[float]:
    """Quantiles of a beta distribution over sigma: Lee et al. (2024) as AUTOMATIC1111 and diffusers do it.

    (ComfyUI takes the quantiles over timesteps.)
    """
    quantiles = betaincinv(alpha, beta, 1 - np.linspace(0, 1, steps))
    return [table.sigma_min + float(q) * (table.sigma_max - table.sigma_min) for q in quantiles]


def _ddim_uniform(steps: int, table: NoiseTable) -> Sequence[float]:
    """Whole timesteps in equal strides up from 1, as DDIM of CompVis has them: "leading" with an offset of 1.

    It starts below the highest level: the fewer the steps, the farther (Lin et al. 2023, section 3.3).
    """
    return spaced("leading", steps, table, steps_offset=1)[:-1]


#: Schedule key -> the levels before the final 0.
SCHEDULES: Mapping[str, Callable[[int, NoiseTable], Sequence[float]]] = MappingProxyType(
    {
        "normal": _normal,
        "karras": _karras,
        "exponential": _exponential,
        "sgm_uniform": _sgm_uniform,
        "simple": _simple,
        "beta": _beta,
        "ddim_uniform": _ddim_uniform,
    }
)
