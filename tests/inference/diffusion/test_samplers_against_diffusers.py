"""Our samplers against diffusers' schedulers, with the same stand-in network, latents and noise."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.references import REFERENCES, TRAINING, Reference
from inference.diffusion.noise import BrownianNoise, IndependentNoise, seeded
from inference.diffusion.samplers import SAMPLERS, Noise
from inference.diffusion.samplers.base import Sampling
from inference.diffusion.sigmas import NoiseTable

pytestmark = [
    # Diffusers' own use of NumPy, and of a Brownian tree at float32 ends.
    pytest.mark.filterwarnings("ignore:__array:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Should have t:UserWarning"),
]

SHAPE = (3, 8, 6)
TABLE = NoiseTable.from_config(**TRAINING)
SEED = 5

_kernel = torch.randn(3, 3, 3, 3, generator=seeded(1)) * 0.3


def network(x: Tensor, t: float) -> Tensor:
    """Predict the noise of variance-preserving x, (1, C, h, w), at timestep t, not linearly."""
    alpha = 1 / (TABLE.sigma_of(t) ** 2 + 1)
    linear = math.sqrt(1 - alpha) / (0.25 * alpha + 1 - alpha) * x
    noise: Tensor = linear + 0.2 * torch.tanh(functional.conv2d(x, _kernel, padding=1) + math.sin(t / 150))
    return noise


def finish(sampling: Sampling, denoise: Callable[[Tensor, float], Tensor]) -> Tensor:
    """Run a sampler to its end."""
    x, sigma = next(sampling)
    while True:
        try:
            x, sigma = sampling.send(denoise(x, sigma))
        except StopIteration as end:
            result: Tensor = end.value
            return result


def ours(reference: Reference, x: Tensor) -> Tensor:
    """Return our final x, (C, h, w), from x at the first level."""

    def denoise(x: Tensor, sigma: float) -> Tensor:
        t = TABLE.t_of(sigma)
        # Theirs is float32 first, so that 999 may become 998.
        t = {"exact": t, "rounded": round(t), "truncated": max(int(t - 1e-4), 0)}[reference.timesteps]
        return x - sigma * network((x / math.sqrt(sigma**2 + 1))[None], t)[0]

    sampler = SAMPLERS[reference.sampler]
    levels = reference.levels(TABLE)
    table = {"table": TABLE} if sampler.takes_table else {}
    sampling = sampler.function(x, levels, our_noise(reference, levels), **table, **reference.options)
    return finish(sampling, denoise)


def our_noise(reference: Reference, levels: list[float]) -> Noise:
    """Return the noise that diffusers draws."""
    if reference.noise == "brownian":
        return BrownianNoise(SHAPE, SEED, levels)
    return IndependentNoise(SHAPE, seeded(SEED))


def theirs(reference: Reference, x: Tensor) -> Tensor:
    """Return diffusers' final x, (C, h, w), in our scale, from x at the first level."""
    scheduler = reference.make_scheduler()
    arguments = dict(reference.step_arguments)
    if reference.noise == "generator":
        arguments["generator"] = seeded(SEED)
    if reference.noise == "injected":
        scheduler.noise_sampler = IndependentNoise(SHAPE, seeded(SEED))
    sigma = reference.levels(TABLE)[0]
    x = x[None] / math.sqrt(sigma**2 + 1) if reference.variance_preserving else x[None]
    for t in scheduler.timesteps:
        output = network(scheduler.scale_model_input(x, t), float(t))
        x = scheduler.step(output, t, x, **arguments).prev_sample
    return reference.in_our_scale(x[0], TABLE)


def _name(reference: Reference) -> str:
    return f"{reference.sampler}-{reference.schedule}-{reference.scheduler}-{reference.tolerance}"


@pytest.mark.parametrize("reference", REFERENCES, ids=_name)
def test_samplers_agree_with_diffusers(reference: Reference) -> None:
    x = torch.randn(SHAPE, generator=seeded(2)) * reference.levels(TABLE)[0]
    mine, other = ours(reference, x), theirs(reference, x)
    difference = float((mine - other).abs().max() / other.abs().max())
    assert difference < reference.tolerance
