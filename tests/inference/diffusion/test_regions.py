"""Where each text of a regional prompt holds."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from inference.diffusion.regions import shares
from inference.protocol.limits import OutOfRange
from inference.protocol.recipe import Regions


def test_columns_stand_side_by_side() -> None:
    left, right = shares(Regions(direction="columns", ratios=(1, 3)), 2, 2, 8)
    assert left.shape == right.shape == (1, 2, 8)
    assert left[0].tolist() == [[1, 1, 0, 0, 0, 0, 0, 0]] * 2
    assert right[0].tolist() == [[0, 0, 1, 1, 1, 1, 1, 1]] * 2


def test_rows_stand_one_above_the_other() -> None:
    upper, lower = shares(Regions(direction="rows", ratios=(1, 1)), 2, 4, 2)
    assert upper[0].tolist() == [[1, 1], [1, 1], [0, 0], [0, 0]]
    assert lower[0].tolist() == [[0, 0], [0, 0], [1, 1], [1, 1]]


def test_a_cell_on_the_border_belongs_to_both() -> None:
    left, right = shares(Regions(direction="columns", ratios=(1, 1)), 2, 1, 3)
    assert left[0, 0].tolist() == [1, 0.5, 0]
    assert right[0, 0].tolist() == [0, 0.5, 1]


def test_the_first_of_one_more_holds_everywhere() -> None:
    base, left, right = shares(Regions(direction="columns", ratios=(1, 1), base=0.25), 3, 1, 2)
    assert base[0, 0].tolist() == [0.25, 0.25]
    assert left[0, 0].tolist() == [0.75, 0]
    assert right[0, 0].tolist() == [0, 0.75]


@given(
    ratios=st.lists(st.floats(0.01, 100), min_size=2, max_size=7),
    direction=st.sampled_from(["columns", "rows"]),
    height=st.integers(1, 24),
    width=st.integers(1, 24),
    more=st.booleans(),
)
def test_the_shares_of_a_cell_are_one_together(
    ratios: list[float], direction: str, height: int, width: int, more: bool
) -> None:
    regions = Regions(direction=direction, ratios=tuple(ratios))  # type: ignore[arg-type]
    maps = shares(regions, len(ratios) + more, height, width)
    assert all(bool((one >= 0).all()) for one in maps)
    torch.testing.assert_close(torch.stack(maps).sum(0), torch.ones(1, height, width), atol=1e-4, rtol=0)


@pytest.mark.parametrize("ratios", [(), (1.0,), (1.0,) * 8, (1.0, 0.0), (1.0, float("nan"))])
def test_impossible_regions_are_refused(ratios: tuple[float, ...]) -> None:
    with pytest.raises(OutOfRange):
        Regions(direction="rows", ratios=ratios)
