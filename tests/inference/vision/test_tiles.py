"""Tiles cover a picture, overlap enough, and are laid together without a seam."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.vision.tiles import ALIGNMENT, LEAST_SIDE, OVERLAP, Canvas, Grid, shares, side_within, spans

lengths = st.integers(1, 3000)
sides = st.integers(LEAST_SIDE // 32, 16).map(lambda number: 32 * number)


@given(lengths, sides)
def test_spans_cover_everything_and_overlap_enough(length: int, side: int) -> None:
    found = spans(length, side)
    assert found[0][0] == 0
    assert found[-1][1] == length
    assert {stop - start for start, stop in found[:-1]} <= {side}
    assert min(length, side - ALIGNMENT) <= found[-1][1] - found[-1][0] <= side
    assert all(start % ALIGNMENT == 0 for start, _ in found)
    for (_, stop), (start, _) in itertools.pairwise(found):
        assert stop - start >= OVERLAP


@given(lengths, sides, st.sampled_from((1, 2, 4)))
def test_shares_add_up_to_one_and_leave_the_margins_out(length: int, side: int, factor: int) -> None:
    found = spans(length, side)
    total = np.zeros(length * factor)
    for index, span in enumerate(found):
        share = shares(found, span, factor)
        total[span[0] * factor : span[1] * factor] += share
        if index:
            assert not share[: 8 * factor].any()
        if index + 1 < len(found):
            assert not share[-8 * factor :].any()
    assert np.allclose(total, 1, atol=1e-6)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (63, 200), (200, 131), (64, 64)])
def test_tiles_laid_together_are_the_picture(width: int, height: int) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)
    grid = Grid(width, height, 64)
    canvas = Canvas(grid, 2)
    for tile in grid:
        larger = tile.of(picture).repeat(2, 0).repeat(2, 1)
        canvas.add(tile, larger.astype(np.float32) / np.float32(255))
    assert np.array_equal(canvas.result(), picture.repeat(2, 0).repeat(2, 1))


def test_the_side_follows_the_budget() -> None:
    assert side_within(1000 * 256 * 256, 1000, 512) == 256
    assert side_within(10**12, 1000, 512) == 512
    assert side_within(0, 1000, 512) == LEAST_SIDE
