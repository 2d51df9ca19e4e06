"""First noise, variations, seed resize, and the noise that samplers draw."""

import math

import pytest
import torch

from inference.diffusion.noise import BrownianNoise, IndependentNoise, initial, seeded, slerp

SHAPE = (4, 16, 12)


class TestInitial:
    def test_the_same_seed_gives_the_same_noise(self) -> None:
        assert torch.equal(initial(SHAPE, seeded(7)), initial(SHAPE, seeded(7)))
        assert not torch.equal(initial(SHAPE, seeded(7)), initial(SHAPE, seeded(8)))

    def test_is_the_plain_draw_of_a_cpu_generator(self) -> None:
        expected = torch.randn(SHAPE, generator=torch.Generator("cpu").manual_seed(7))
        assert torch.equal(initial(SHAPE, seeded(7)), expected)

    def test_seeds_reach_the_limits_of_a_signed_integer(self) -> None:
        initial(SHAPE, seeded(0))
        initial(SHAPE, seeded(2**63 - 1))
        for seed in (-1, 2**63):
            with pytest.raises(ValueError, match="seed"):
                seeded(seed)

    def test_options_never_change_what_is_drawn_next(self) -> None:
        following = []
        for options in ({}, {"variation_seed": 9, "variation_strength": 0.3}, {"resize_from": (8, 20)}):
            generator = seeded(7)
            initial(SHAPE, generator, **options)
            following.append(torch.randn(3, generator=generator))
        assert torch.equal(following[0], following[1]) and torch.equal(following[0], following[2])


class TestVariation:
    def test_ends_are_the_two_seeds(self) -> None:
        plain, other = initial(SHAPE, seeded(7)), initial(SHAPE, seeded(9))
        assert torch.equal(initial(SHAPE, seeded(7), variation_seed=9, variation_strength=0.0), plain)
        assert torch.equal(initial(SHAPE, seeded(7), variation_seed=9, variation_strength=1.0), other)

    def test_is_nearer_to_the_seed_the_weaker_it_is(self) -> None:
        plain = initial(SHAPE, seeded(7))
        distances = [
            float((initial(SHAPE, seeded(7), variation_seed=9, variation_strength=strength) - plain).norm())
            for strength in (0.05, 0.2, 0.5, 0.9)
        ]
        assert distances == sorted(distances) and distances[0] < 0.1 * distances[-1]

    @pytest.mark.parametrize("strength", [0.1, 0.5, 0.8])
    def test_keeps_unit_variance(self, strength: float) -> None:
        mixed = initial((4, 64, 64), seeded(7), variation_seed=9, variation_strength=strength)
        assert float(mixed.std()) == pytest.approx(1, abs=0.02)

    def test_right_angles_turn_along_the_circle(self) -> None:
        low, high = torch.zeros(1, 2, 1), torch.zeros(1, 2, 1)
        low[0, 0, 0] = high[0, 1, 0] = 1
        turned = slerp(low, high, 1 / 3)
        assert turned.flatten().tolist() == pytest.approx([math.cos(math.pi / 6), math.sin(math.pi / 6)])

    def test_equal_and_opposite_noises_stay_finite(self) -> None:
        noise = initial(SHAPE, seeded(7))
        torch.testing.assert_close(slerp(noise, noise, 0.5), noise)
        assert bool(slerp(noise, -noise, 0.3).isfinite().all())


class TestResize:
    def test_smaller_goes_into_the_middle(self) -> None:
        small, large = initial((4, 8, 8), seeded(7)), initial((4, 12, 16), seeded(7))
        resized = initial((4, 12, 16), seeded(7), resize_from=(8, 8))
        assert torch.equal(resized[:, 2:10, 4:12], small)
        large[:, 2:10, 4:12] = small
        assert torch.equal(resized, large)

    def test_of_larger_the_middle_is_taken(self) -> None:
        large = initial((4, 12, 16), seeded(7))
        resized = initial((4, 8, 8), seeded(7), resize_from=(12, 16))
        assert torch.equal(resized, large[:, 2:10, 4:12])

    def test_sides_may_differ_either_way(self) -> None:
        old = initial((4, 8, 16), seeded(7))
        resized = initial((4, 16, 8), seeded(7), resize_from=(8, 16))
        assert torch.equal(resized[:, 4:12, :], old[:, :, 4:12])

    def test_of_an_odd_difference_one_cell_is_left(self) -> None:
        old, new = initial((4, 8, 11), seeded(7)), initial((4, 8, 8), seeded(7))
        resized = initial((4, 8, 8), seeded(7), resize_from=(8, 11))
        assert torch.equal(resized[:, :, :7], old[:, :, 2:9])
        assert torch.equal(resized[:, :, 7], new[:, :, 7])

    def test_odd_differences_fit(self) -> None:
        for size in ((7, 7), (9, 13), (15, 11), (17, 13), (16, 13)):
            resized = initial(SHAPE, seeded(7), resize_from=size)
            assert resized.shape == SHAPE and bool(resized.isfinite().all())

    def test_the_same_size_changes_nothing(self) -> None:
        assert torch.equal(initial(SHAPE, seeded(7), resize_from=SHAPE[1:]), initial(SHAPE, seeded(7)))

    def test_variation_happens_in_the_old_size(self) -> None:
        old = initial((4, 8, 8), seeded(7), variation_seed=9, variation_strength=0.4)
        new = initial((4, 12, 12), seeded(7), variation_seed=9, variation_strength=0.4, resize_from=(8, 8))
        assert torch.equal(new[:, 2:10, 2:10], old)


class TestIndependentNoise:
    def test_goes_on_after_the_first_noise(self) -> None:
        plain = seeded(7)
        expected = [torch.randn(SHAPE, generator=plain) for _ in range(3)]
        generator = seeded(7)
        noise = IndependentNoise(SHAPE, generator)
        drawn = [initial(SHAPE, generator), noise(3.0, 2.0), noise(3.0, 2.0)]
        assert all(torch.equal(one, other) for one, other in zip(drawn, expected, strict=True))


class TestBrownianNoise:
    LEVELS = (14.6, 6.0, 2.5, 0.9, 0.1, 0.0)

    def path(self, noise: BrownianNoise, high: float, low: float) -> torch.Tensor:
        """Return the path's increment over an interval."""
        return noise(high, low) * math.sqrt(high - low)

    def test_parts_add_up_to_the_whole(self) -> None:
        noise = BrownianNoise(SHAPE, 5, self.LEVELS)
        for high, middle, low in ((14.6, 6.0, 0.9), (6.0, 3.87298, 2.5), (0.9, 0.5, 0.1)):
            parts = self.path(noise, high, middle) + self.path(noise, middle, low)
            torch.testing.assert_close(parts, self.path(noise, high, low), atol=1e-5, rtol=0)

    def test_order_of_asking_does_not_matter(self) -> None:
        intervals = [(14.6, 6.0), (6.0, 4.0), (6.0, 2.5), (0.9, 0.1)]
        forwards, backwards = BrownianNoise(SHAPE, 5, self.LEVELS), BrownianNoise(SHAPE, 5, self.LEVELS)
        there = [forwards(*interval) for interval in intervals]
        back = [backwards(*interval) for interval in reversed(intervals)]
        for one, other in zip(there, reversed(back), strict=True):
            torch.testing.assert_close(one, other, atol=1e-5, rtol=0)

    def test_has_unit_variance_and_disjoint_intervals_are_independent(self) -> None:
        noise = BrownianNoise((4, 32, 32), 5, self.LEVELS)
        first, second = noise(14.6, 6.0), noise(6.0, 2.5)
        for increment in (first, second, noise(0.11, 0.1)):
            assert increment.dtype == torch.float32
            assert float(increment.std()) == pytest.approx(1, abs=0.04)
        assert abs(float((first * second).mean())) < 0.05

    def test_walking_up_is_walking_down_negated(self) -> None:
        noise = BrownianNoise(SHAPE, 5, self.LEVELS)
        assert torch.equal(noise(2.5, 6.0), -noise(6.0, 2.5))

    def test_the_seed_decides(self) -> None:
        one, same, other = (BrownianNoise(SHAPE, seed, self.LEVELS)(6.0, 2.5) for seed in (5, 5, 2**63 - 1))
        assert torch.equal(one, same) and not torch.equal(one, other)

    def test_refuses_what_it_does_not_cover(self) -> None:
        noise = BrownianNoise(SHAPE, 5, self.LEVELS)
        for interval in ((20.0, 6.0), (0.1, 0.05), (2.5, 2.5)):
            with pytest.raises(ValueError, match="Brownian"):
                noise(*interval)

    def test_one_level_is_enough_when_nothing_is_asked(self) -> None:
        noise = BrownianNoise(SHAPE, 5, [14.6, 0.0])
        with pytest.raises(ValueError, match="Brownian"):
            noise(14.6, 6.0)
