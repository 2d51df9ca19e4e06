"""Noise tables and schedules, against their formulas and diffusers' schedulers."""

from itertools import pairwise
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.references import TRAINING
from inference.diffusion.samplers import SAMPLERS
from inference.diffusion.sigmas import (
    SCHEDULES,
    NoiseTable,
    Spacing,
    for_strength,
    schedule,
    spaced,
    steps_for_strength,
)
from inference.protocol.names import UnknownName

# Diffusers' own use of NumPy.
pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")

TABLE = NoiseTable.from_config(**TRAINING)
ZERO_SNR = NoiseTable.from_config(**TRAINING, rescale_zero_terminal_snr=True)


def make(scheduler: str, **config: object) -> Any:
    """Return one of diffusers' schedulers."""
    return getattr(diffusers, scheduler)(**{**TRAINING, **config})


class TestNoiseTable:
    def test_holds_what_stable_diffusion_was_trained_on(self) -> None:
        scheduler = make("DDIMScheduler")
        np.testing.assert_allclose(TABLE.alphas_cumprod, scheduler.alphas_cumprod.numpy(), rtol=2e-5)
        assert TABLE.sigma_min == pytest.approx(0.0292, abs=1e-4)
        assert TABLE.sigma_max == pytest.approx(14.6146, abs=1e-4)

    def test_linear_betas(self) -> None:
        table = NoiseTable.from_config(0.0001, 0.02, "linear")
        scheduler = make("DDIMScheduler", beta_start=0.0001, beta_end=0.02, beta_schedule="linear")
        np.testing.assert_allclose(table.alphas_cumprod, scheduler.alphas_cumprod.numpy(), rtol=5e-5)

    def test_zero_terminal_snr(self) -> None:
        scheduler = make("EulerDiscreteScheduler", rescale_betas_zero_snr=True)
        np.testing.assert_allclose(ZERO_SNR.alphas_cumprod[:-1], scheduler.alphas_cumprod.numpy()[:-1], rtol=2e-3)
        assert ZERO_SNR.sigma_max == pytest.approx(4096, rel=1e-6)
        assert ZERO_SNR.sigma_min == pytest.approx(TABLE.sigma_min)

    @pytest.mark.parametrize("table", [TABLE, ZERO_SNR])
    @given(t=st.floats(0, 999))
    def test_sigma_and_t_are_inverse(self, table: NoiseTable, t: float) -> None:
        assert table.t_of(table.sigma_of(t)) == pytest.approx(t, abs=1e-6)

    def test_whole_timesteps_are_the_trained_levels(self) -> None:
        assert [TABLE.sigma_of(t) for t in range(1000)] == TABLE.sigmas.tolist()

    def test_beyond_the_ends_is_the_end(self) -> None:
        assert TABLE.t_of(1e6) == 999 and TABLE.t_of(1e-6) == 0
        assert TABLE.sigma_of(-1) == TABLE.sigma_min and TABLE.sigma_of(2000) == TABLE.sigma_max

    def test_many_at_once(self) -> None:
        sigmas = torch.tensor([0.001, 0.5, 3.3, 14.0, 99.0], dtype=torch.float64)
        result = TABLE.timesteps(sigmas)
        assert result.dtype == torch.float64
        assert result.tolist() == [TABLE.t_of(sigma) for sigma in sigmas.tolist()]

    @pytest.mark.parametrize("alphas", [[0.5], [0.5, 0.5], [0.1, 0.5], [1.0, 0.5], [0.5, 0.0], [[0.5, 0.4]]])
    def test_refuses_what_is_no_table(self, alphas: list[float]) -> None:
        with pytest.raises(ValueError, match="alphas_cumprod"):
            NoiseTable(alphas)

    def test_refuses_another_beta_schedule(self) -> None:
        with pytest.raises(ValueError, match="squaredcos"):
            NoiseTable.from_config(beta_schedule="squaredcos_cap_v2")


class TestSchedules:
    @pytest.mark.parametrize("table", [TABLE, ZERO_SNR], ids=["usual", "zero_snr"])
    @pytest.mark.parametrize("name", SCHEDULES)
    def test_descends_from_within_the_table_to_zero(self, name: str, table: NoiseTable) -> None:
        for steps in (*range(1, 61), 100, 150, 333, 500):
            levels = schedule(name, steps, table)
            assert len(levels) == steps + 1
            assert levels[-1] == 0 and levels[0] <= table.sigma_max * (1 + 1e-9)
            assert levels[-2] >= table.sigma_min * (1 - 1e-9)
            assert all(type(level) is float for level in levels)
            assert all(high > low for high, low in pairwise(levels))

    @pytest.mark.parametrize("name", ["normal", "karras", "exponential", "sgm_uniform", "simple", "beta"])
    def test_starts_at_the_highest_level(self, name: str) -> None:
        for steps in (1, 2, 20):
            assert schedule(name, steps, TABLE)[0] == pytest.approx(TABLE.sigma_max)

    @pytest.mark.parametrize("name", ["normal", "karras", "exponential", "beta"])
    def test_ends_at_the_lowest_level(self, name: str) -> None:
        assert schedule(name, 20, TABLE)[-2] == pytest.approx(TABLE.sigma_min)

    @pytest.mark.parametrize(
        ("name", "config"),
        [
            ("normal", {"timestep_spacing": "linspace"}),
            ("karras", {"use_karras_sigmas": True}),
            ("exponential", {"use_exponential_sigmas": True}),
            ("beta", {"use_beta_sigmas": True}),
            ("simple", {"timestep_spacing": "trailing"}),
            ("ddim_uniform", {"timestep_spacing": "leading", "steps_offset": 1}),
        ],
    )
    def test_equals_diffusers(self, name: str, config: dict[str, object]) -> None:
        for steps in (2, 8, 10, 20, 25):
            scheduler = make("EulerDiscreteScheduler", **config)
            scheduler.set_timesteps(steps)
            # Diffusers interpolates sigma between timesteps where we do its logarithm.
            np.testing.assert_allclose(np.array(schedule(name, steps, TABLE)), scheduler.sigmas.numpy(), rtol=2e-4)

    def test_karras_formula(self) -> None:
        ramp = np.linspace(0, 1, 12)
        low, high = TABLE.sigma_min ** (1 / 7), TABLE.sigma_max ** (1 / 7)
        np.testing.assert_allclose(schedule("karras", 12, TABLE)[:-1], (high + ramp * (low - high)) ** 7)

    def test_whole_timesteps_of_simple_and_ddim_uniform(self) -> None:
        assert _timesteps(schedule("simple", 4, TABLE)) == [999, 749, 499, 249]
        assert _timesteps(schedule("ddim_uniform", 4, TABLE)) == [751, 501, 251, 1]
        assert _timesteps(schedule("sgm_uniform", 3, TABLE)) == [999, 666, 333]
        assert _timesteps(schedule("normal", 4, TABLE)) == [999, 666, 333, 0]

    def test_some_samplers_skip_the_level_before_the_last(self) -> None:
        longer = schedule("karras", 11, TABLE)
        assert SAMPLERS["dpm2"].levels("karras", 10, TABLE) == [*longer[:9], longer[9], 0.0]
        assert SAMPLERS["heun"].levels("karras", 10, TABLE) == schedule("karras", 10, TABLE)

    @pytest.mark.parametrize("steps", [0, -1, 1001])
    def test_refuses_impossible_steps(self, steps: int) -> None:
        with pytest.raises(ValueError, match="steps"):
            schedule("normal", steps, TABLE)

    def test_refuses_an_unknown_name(self) -> None:
        with pytest.raises(UnknownName) as caught:
            schedule("karas", 10, TABLE)
        assert caught.value.nearest[0] == "karras"


class TestSpaced:
    @pytest.mark.parametrize("spacing", ["linspace", "leading", "trailing"])
    @pytest.mark.parametrize("steps", [1, 2, 3, 7, 20, 30, 50])
    def test_picks_the_timesteps_of_diffusers(self, spacing: Spacing, steps: int) -> None:
        scheduler = make("DDIMScheduler", timestep_spacing=spacing, steps_offset=1)
        scheduler.set_timesteps(steps)
        result = spaced(spacing, steps, TABLE, steps_offset=1)
        expected = [TABLE.sigma_of(int(t)) for t in scheduler.timesteps]
        # Their linspace is rounded to whole timesteps here, and not in the k-diffusion family.
        np.testing.assert_allclose(result[:-1], expected, rtol=2e-2 if spacing == "linspace" else 1e-12)

    @pytest.mark.parametrize("steps", [1, 2, 4, 5, 6, 8, 25])
    def test_picks_the_timesteps_of_latent_consistency(self, steps: int) -> None:
        scheduler = make("LCMScheduler")
        scheduler.set_timesteps(steps)
        assert _timesteps(spaced("lcm", steps, TABLE)) == scheduler.timesteps.tolist()

    def test_refuses_more_than_latent_consistency_has(self) -> None:
        with pytest.raises(ValueError, match="50"):
            spaced("lcm", 51, TABLE)

    def test_may_stop_at_the_lowest_level(self) -> None:
        assert spaced("trailing", 5, TABLE, final=TABLE.sigma_min)[-1] == TABLE.sigma_min


class TestStrength:
    @pytest.mark.parametrize(
        ("steps", "strength", "run"),
        [
            (20, 0.75, 15),
            (20, 1.0, 20),
            (20, 0.0, 0),
            (20, 0.04, 0),
            (20, 0.05, 1),
            (50, 0.58, 28),
            (7, 0.5, 3),
        ],
    )
    def test_steps(self, steps: int, strength: float, run: int) -> None:
        assert steps_for_strength(steps, strength) == run

    @given(steps=st.integers(1, 60), strength=st.floats(0, 1))
    def test_cuts_the_tail(self, steps: int, strength: float) -> None:
        levels = schedule("karras", steps, TABLE)
        tail = for_strength(levels, strength)
        assert tail == levels[-len(tail) :]
        assert len(tail) == steps_for_strength(steps, strength) + 1

    def test_is_what_diffusers_cuts(self) -> None:
        pipeline = diffusers.StableDiffusionImg2ImgPipeline
        for strength in (0.1, 0.33, 0.6, 0.9, 1.0):
            scheduler = make("DDIMScheduler", timestep_spacing="leading", steps_offset=1)
            scheduler.set_timesteps(20)
            stand_in = type("StandIn", (), {"scheduler": scheduler})()
            timesteps, _ = pipeline.get_timesteps(stand_in, 20, strength, "cpu")
            tail = for_strength(schedule("ddim_uniform", 20, TABLE), strength)
            assert _timesteps(tail) == timesteps.tolist()


def _timesteps(levels: list[float]) -> list[int]:
    """Return the timesteps of all levels but the last, which must be whole."""
    ts = [TABLE.t_of(level) for level in levels[:-1]]
    assert all(abs(t - round(t)) < 1e-6 for t in ts)
    return [round(t) for t in ts]
