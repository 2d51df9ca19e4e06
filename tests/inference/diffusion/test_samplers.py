"""Samplers on data whose denoiser and exact solution are known, and their registry."""

import math
from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from inference.diffusion.noise import BrownianNoise, IndependentNoise, seeded
from inference.diffusion.samplers import SAMPLERS, Noise, Sampler
from inference.diffusion.samplers.base import Sampling, ancestral_levels
from inference.diffusion.samplers.dpm import dpm_adaptive
from inference.diffusion.samplers.euler import Churn, euler, heun
from inference.diffusion.samplers.unipc import unipc
from inference.diffusion.sigmas import SCHEDULES, NoiseTable
from inference.protocol.names import SAMPLER_NAMES, SCHEDULE_NAMES

TABLE = NoiseTable.from_config()
#: Standard deviation of the pictures in the analytic tests.
DEVIATION = 0.8


def denoise_gaussian(x: Tensor, sigma: float) -> Tensor:
    """Return the exact denoised prediction for normal data of deviation DEVIATION."""
    return x * (DEVIATION**2 / (DEVIATION**2 + sigma**2))


def exact(x: Tensor, sigma: float, sigma_end: float) -> Tensor:
    """Return the exact solution of the probability flow for the same data."""
    return x * math.sqrt((DEVIATION**2 + sigma_end**2) / (DEVIATION**2 + sigma**2))


def finish(
    sampling: Sampling, denoise: Callable[[Tensor, float], Tensor] = denoise_gaussian
) -> tuple[Tensor, list[float]]:
    """Run a sampler to its end; return the final x and the levels it asked about."""
    asked: list[float] = []
    try:
        x, sigma = next(sampling)
        while True:
            asked.append(sigma)
            x, sigma = sampling.send(denoise(x, sigma))
    except StopIteration as end:
        return end.value, asked


def no_noise(sigma: float, sigma_next: float) -> Tensor:
    raise AssertionError("a deterministic sampler drew noise")


def noise_for(sampler: Sampler, x: Tensor, levels: list[float], seed: int = 3) -> Noise:
    if sampler.noise_kind == "brownian":
        return BrownianNoise(x.shape, seed, levels)
    return IndependentNoise(x.shape, seeded(seed))


def geometric(steps: int, high: float = 10.0, low: float = 0.1) -> list[float]:
    return [high * (low / high) ** (i / steps) for i in range(steps + 1)]


def linear(steps: int, high: float = 10.0, low: float = 0.5) -> list[float]:
    return [high + (low - high) * i / steps for i in range(steps + 1)]


def with_tail(steps: int) -> list[float]:
    """Return geometric levels, then two steps too small to matter, in which UniPC lowers its order."""
    levels = geometric(steps - 2)
    return [*levels, levels[-1] * (1 - 1e-6), levels[-1] * (1 - 2e-6)]


class TestConvergence:
    """The error falls with the promised power of the step; first steps limit multistep samplers."""

    @pytest.mark.parametrize(
        ("key", "options", "levels", "order"),
        [
            ("euler", {}, geometric, 1),
            ("euler_a", {"eta": 0.0}, geometric, 1),
            ("heun", {}, geometric, 2),
            ("lms", {}, geometric, 2),
            ("dpm2", {}, geometric, 2),
            ("dpm2_a", {"eta": 0.0}, geometric, 2),
            ("dpmpp_2s_a", {"eta": 0.0}, geometric, 2),
            ("dpmpp_2m", {}, geometric, 2),
            ("dpmpp_sde", {"eta": 0.0}, geometric, 2),
            ("dpmpp_2m_sde", {"eta": 0.0}, geometric, 2),
            ("dpmpp_3m_sde", {"eta": 0.0}, geometric, 2),
            ("dpm_fast", {}, geometric, 3),
            ("ddim", {}, geometric, 1),
            ("plms", {}, linear, 2),
            ("unipc", {}, with_tail, 3),
            ("unipc", {"order": 2, "variant": "bh2"}, with_tail, 2),
            ("unipc", {"order": 3, "variant": "bh2"}, with_tail, 3),
            ("deis", {}, geometric, 2),
            ("deis", {"order": 3}, geometric, 2),
            ("tcd", {"eta": 0.0, "table": TABLE}, geometric, 1),
        ],
    )
    def test_order(
        self, key: str, options: dict[str, object], levels: Callable[[int], list[float]], order: int
    ) -> None:
        x = torch.randn((1, 4, 4), generator=seeded(1), dtype=torch.float64)

        def error(steps: int) -> float:
            sigmas = levels(steps)
            result, _ = finish(SAMPLERS[key].function(x, sigmas, no_noise, **options))
            return float((result - exact(x, sigmas[0], sigmas[-1])).abs().max())

        # Steps of 80 and 161 leave a remainder of 2 by 3, for which DPM fast ends in a second-order step. The
        # errors
        # of UniPC's bh1 change sign before they become regular.
        few, many = (640, 1280) if (key, options) == ("unipc", {}) else (80, 161)
        observed = math.log(error(few) / error(many)) / math.log(many / few)
        assert observed > order - 0.25

    @pytest.mark.parametrize("steps", [30])
    @pytest.mark.parametrize("key", [key for key, sampler in SAMPLERS.items() if not sampler.stochastic])
    def test_a_usual_schedule_comes_close(self, key: str, steps: int) -> None:
        sampler = SAMPLERS[key]
        levels = sampler.levels("karras", steps, TABLE)
        x = torch.randn((1, 4, 4), generator=seeded(1)) * levels[0]
        result, _ = finish(sampler.start(x, levels, no_noise, TABLE))
        torch.testing.assert_close(result, exact(x, levels[0], 0.0), rtol=0.12, atol=0)

    def test_third_order_gains_on_second(self) -> None:
        x = torch.ones((1, 1, 1), dtype=torch.float64)
        sigmas = with_tail(40)
        errors = [
            abs(float(finish(unipc(x, sigmas, no_noise, order=order))[0] - exact(x, 10.0, sigmas[-1])))
            for order in (1, 2, 3)
        ]
        assert errors[0] > 2 * errors[1] > 4 * errors[2]

    def test_adaptive_tolerance_bounds_the_error(self) -> None:
        x = torch.randn((1, 4, 4), generator=seeded(1), dtype=torch.float64) * 10
        errors, evaluations = [], []
        for rtol in (0.05, 1e-3, 1e-5):
            sampling = dpm_adaptive(x, [10.0, 0.1, 0.0], no_noise, rtol=rtol, atol=rtol / 10)
            result, asked = finish(sampling)
            errors.append(float((result - exact(x, 10.0, 0.1)).abs().max()))
            evaluations.append(len(asked))
        assert errors[0] < 0.05 and errors[1] < 1e-3 and errors[2] < 3e-5
        assert evaluations[0] < evaluations[1] < evaluations[2] < 200


class TestNoise:
    """Stochastic samplers leave pictures with the data's own deviation, whatever noise they add."""

    @pytest.mark.parametrize(
        ("key", "eta"),
        [
            ("euler_a", 1.0),
            ("euler_a", 0.5),
            ("dpm2_a", 1.0),
            ("dpmpp_2s_a", 1.0),
            ("dpmpp_sde", 1.0),
            ("dpmpp_sde", 0.5),
            ("dpmpp_2m_sde", 1.0),
            ("dpmpp_2m_sde", 0.5),
            ("dpmpp_3m_sde", 1.0),
            ("dpm_fast", 1.0),
            ("dpm_adaptive", 1.0),
            ("ddim", 1.0),
        ],
    )
    def test_variance_is_right(self, key: str, eta: float) -> None:
        sampler = SAMPLERS[key]
        levels = [*geometric(120, high=TABLE.sigma_max, low=TABLE.sigma_min), 0.0]
        x = torch.randn((4, 48, 48), generator=seeded(1)) * math.sqrt(levels[0] ** 2 + DEVIATION**2)
        result, _ = finish(sampler.start(x, levels, noise_for(sampler, x, levels), TABLE, eta))
        assert float(result.std()) == pytest.approx(DEVIATION, rel=0.035)
        assert float(result.mean()) == pytest.approx(0, abs=0.035)

    def test_lcm_forgets_all_but_the_prediction(self) -> None:
        levels = [14.0, 5.0, 1.0, 0.0]
        x = torch.randn((4, 64, 64), generator=seeded(1)) * levels[0]
        result, _ = finish(SAMPLERS["lcm"].start(x, levels, IndependentNoise(x.shape, seeded(2)), TABLE))
        variance = levels[0] ** 2
        for sigma, sigma_next in pairwise(levels):
            variance = variance * (DEVIATION**2 / (DEVIATION**2 + sigma**2)) ** 2 + sigma_next**2
        assert float(result.var()) == pytest.approx(variance, rel=0.03)

    def test_tcd_steps_down_and_back_up(self) -> None:
        levels = [14.0, 5.0, 1.0, 0.0]
        x = torch.randn((4, 64, 64), generator=seeded(1)) * levels[0]
        result, _ = finish(SAMPLERS["tcd"].start(x, levels, IndependentNoise(x.shape, seeded(2)), TABLE, 0.4))
        variance = levels[0] ** 2
        for sigma, sigma_next in pairwise(levels):
            down = TABLE.sigma_of(int(0.6 * TABLE.t_of(sigma_next))) if sigma_next else 0.0
            kept = DEVIATION**2 / (DEVIATION**2 + sigma**2)
            variance = variance * (kept + down / sigma * (1 - kept)) ** 2 + sigma_next**2 - down**2
        assert float(result.var()) == pytest.approx(variance, rel=0.03)

    @pytest.mark.parametrize("function", [euler, heun])
    def test_churn_keeps_the_variance_and_changes_the_picture(self, function: Callable[..., Sampling]) -> None:
        levels = [*geometric(100), 0.0]
        x = torch.randn((4, 48, 48), generator=seeded(1)) * math.sqrt(levels[0] ** 2 + DEVIATION**2)
        plain, _ = finish(function(x, levels, no_noise))
        noise = IndependentNoise(x.shape, seeded(2))
        churned, _ = finish(function(x, levels, noise, churn=Churn(amount=20)))
        # Euler's own error at 100 steps is 5 %.
        assert float(churned.std()) == pytest.approx(DEVIATION, rel=0.07 if function is euler else 0.035)
        assert float((churned - plain).std()) > 0.3

    def test_ancestral_levels_add_up(self) -> None:
        for eta in (0.0, 0.3, 1.0):
            down, up = ancestral_levels(5.0, 2.0, eta)
            assert math.hypot(down, up) == pytest.approx(2.0)
        assert ancestral_levels(5.0, 2.0, 0.0) == (2.0, 0.0)
        assert ancestral_levels(5.0, 0.0, 1.0) == (0.0, 0.0)

    def test_eta_1_of_ddim_is_euler_a(self) -> None:
        levels = geometric(8)
        x = torch.randn((1, 4, 4), generator=seeded(1)) * 10
        results = [
            finish(SAMPLERS[key].start(x, levels, IndependentNoise(x.shape, seeded(2)), TABLE, 1.0))[0]
            for key in ("ddim", "euler_a")
        ]
        assert torch.equal(*results)

    @pytest.mark.parametrize("key", SAMPLERS)
    def test_draws_noise_says_whether_noise_is_drawn(self, key: str) -> None:
        sampler = SAMPLERS[key]
        levels = sampler.levels("karras", 6, TABLE)
        x = torch.randn((1, 4, 4), generator=seeded(1)) * levels[0]
        for eta in (None, 0.0, 0.7):
            source = noise_for(sampler, x, levels)
            drawn: list[float] = []

            def counted(sigma: float, sigma_next: float, source: Noise = source, drawn: list[float] = drawn) -> Tensor:
                drawn.append(sigma)
                return source(sigma, sigma_next)

            finish(sampler.start(x, levels, counted, TABLE, eta))
            assert bool(drawn) == sampler.draws_noise(eta)


class TestEverySampler:
    @pytest.mark.parametrize("name", SCHEDULES)
    @pytest.mark.parametrize("key", SAMPLERS)
    def test_finishes_with_every_schedule(self, key: str, name: str) -> None:
        sampler = SAMPLERS[key]
        for steps in (1, 2, 3, 4, 5, 8, 13, 30):
            levels = sampler.levels(name, steps, TABLE)
            x = torch.randn((2, 3, 4), generator=seeded(1)) * sampler.initial_scale(levels[0])
            before = x.clone()
            result, asked = finish(sampler.start(x, levels, noise_for(sampler, x, levels), TABLE))
            assert result.shape == x.shape and result.dtype == torch.float32
            assert bool(result.isfinite().all())
            assert all(0 < sigma <= TABLE.sigma_max * (1 + 1e-9) for sigma in asked)
            assert torch.equal(x, before)
            if key not in ("dpm_fast", "dpm_adaptive", "plms"):
                assert steps <= len(asked) <= steps * sampler.evaluations_per_step

    @pytest.mark.parametrize("key", SAMPLERS)
    def test_never_writes_into_the_prediction(self, key: str) -> None:
        sampler = SAMPLERS[key]
        levels = sampler.levels("karras", 6, TABLE)
        x = torch.randn((1, 4, 4), generator=seeded(1)) * levels[0]
        answers: list[tuple[Tensor, Tensor]] = []

        def denoise(x: Tensor, sigma: float) -> Tensor:
            answer = denoise_gaussian(x, sigma)
            answers.append((answer, answer.clone()))
            return answer

        finish(sampler.start(x, levels, noise_for(sampler, x, levels), TABLE), denoise)
        assert all(torch.equal(answer, copy) for answer, copy in answers)

    @pytest.mark.parametrize("key", SAMPLERS)
    def test_the_same_noise_gives_the_same_picture(self, key: str) -> None:
        sampler = SAMPLERS[key]
        levels = sampler.levels(sampler.schedule, 7, TABLE)
        x = torch.randn((1, 4, 4), generator=seeded(1)) * levels[0]
        first, second = (finish(sampler.start(x, levels, noise_for(sampler, x, levels), TABLE))[0] for _ in range(2))
        assert torch.equal(first, second)

    def test_dpm_fast_uses_up_its_steps(self) -> None:
        for steps in range(1, 31):
            levels = SAMPLERS["dpm_fast"].levels("normal", steps, TABLE)
            _, asked = finish(SAMPLERS["dpm_fast"].start(torch.ones(1, 1, 1), levels, no_noise, TABLE))
            assert len(asked) == steps

    def test_plms_asks_twice_in_its_first_step(self) -> None:
        _, asked = finish(SAMPLERS["plms"].start(torch.ones(1, 1, 1), [4.0, 2.0, 1.0, 0.0], no_noise, TABLE))
        assert asked == [4.0, 2.0, 2.0, 1.0]

    def test_adaptive_ends_whatever_the_model_says(self) -> None:
        x = torch.randn((1, 4, 4), generator=seeded(1)) * 14
        generator = seeded(2)
        result, _ = finish(dpm_adaptive(x, [14.0, 0.1, 0.0], no_noise), lambda x, sigma: torch.full_like(x, math.nan))
        assert bool(result.isnan().all())
        result, asked = finish(
            dpm_adaptive(x, [14.0, 0.1, 0.0], no_noise),
            lambda x, sigma: torch.randn(x.shape, generator=generator) * 100,
        )
        assert bool(result.isfinite().all()) and len(asked) < 4000


class TestRegistry:
    def test_covers_exactly_the_names_of_the_protocol(self) -> None:
        assert set(SAMPLERS) == set(SAMPLER_NAMES)
        assert set(SCHEDULES) == set(SCHEDULE_NAMES)
        for key, sampler in SAMPLERS.items():
            assert sampler.key == key
            assert sampler.name == SAMPLER_NAMES[key]
            assert sampler.schedule in SCHEDULES

    def test_eta_reaches_only_those_that_take_it(self) -> None:
        levels = geometric(4)
        x = torch.ones(1, 2, 2)
        finish(SAMPLERS["heun"].start(x, levels, no_noise, TABLE, 1.0))
        finish(SAMPLERS["euler_a"].start(x, levels, no_noise, TABLE, 0.0))

    def test_initial_scale(self) -> None:
        assert SAMPLERS["euler"].initial_scale(3.0) == 3.0
        assert SAMPLERS["ddim"].initial_scale(3.0) == pytest.approx(math.sqrt(10))
