"""What a server's admins give their roles of the queue stays within what the operator lets them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services.shares import Shares
from storage.guilds import RoleLane, Settings


@pytest.mark.parametrize(
    ("weights", "roles", "weight"),
    [
        ({}, {1}, 1.0),
        ({1: 2.0}, {1}, 2.0),
        ({1: 2.0}, {2}, 1.0),
        ({1: 2.0, 2: 0.5}, {1, 2}, 2.0),
        ({1: 100.0}, {1}, 4.0),
        ({1: 0.01}, {1}, 0.25),
    ],
)
def test_weights_are_kept_between_bounds(weights: dict[int, float], roles: set[int], weight: float) -> None:
    assert Shares().weight(Settings(role_weights=weights), roles) == weight


def test_an_operator_may_let_nobody_have_another_weight() -> None:
    assert Shares(most_weight=1.0).weight(Settings(role_weights={1: 100.0}), {1}) == 1.0


@given(
    st.dictionaries(st.integers(1, 5), st.floats(0.01, 100), max_size=5),
    st.sets(st.integers(1, 5)),
    st.floats(1, 100),
)
def test_no_server_gives_more_or_less_than_the_bounds(weights: dict[int, float], roles: set[int], most: float) -> None:
    assert 1 / most <= Shares(most_weight=most).weight(Settings(role_weights=weights), roles) <= most


@pytest.mark.parametrize(("chosen", "lane"), [("priority", "normal"), ("normal", "normal"), ("relaxed", "relaxed")])
def test_lanes_are_no_better_than_the_first_that_servers_may_give(chosen: RoleLane, lane: RoleLane) -> None:
    assert Shares(best_lane="normal").lane(chosen) == lane
    assert Shares().lane(chosen) == chosen
