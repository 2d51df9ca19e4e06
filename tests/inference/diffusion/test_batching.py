"""Who shares a pass: pure decisions, tested by the hundred."""

from hypothesis import given
from hypothesis import strategies as st

from inference.diffusion.batching import group, halves

pictures = st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 4)), max_size=40)


@given(pictures, st.integers(1, 16))
def test_a_pass_keeps_order_and_cap(wishes: list[tuple[str, int]], cap: int) -> None:
    numbered = list(enumerate(wishes))
    passes = group(numbered, lambda item: item[1][0], lambda item: item[1][1], lambda key: cap)
    for key, members in passes.items():
        assert all(kind == key for _, (kind, _) in members)
        assert members == sorted(members)
        rows = sum(count for _, (_, count) in members)
        assert rows <= cap or len(members) == 1


@given(pictures, st.integers(1, 16))
def test_the_first_of_every_kind_always_takes_part(wishes: list[tuple[str, int]], cap: int) -> None:
    numbered = list(enumerate(wishes))
    passes = group(numbered, lambda item: item[1][0], lambda item: item[1][1], lambda key: cap)
    firsts = {kind: next(item for item in numbered if item[1][0] == kind) for kind, _ in wishes}
    assert {kind: members[0] for kind, members in passes.items()} == firsts


@given(pictures, st.integers(1, 16))
def test_nobody_overtakes_within_a_kind(wishes: list[tuple[str, int]], cap: int) -> None:
    numbered = list(enumerate(wishes))
    passes = group(numbered, lambda item: item[1][0], lambda item: item[1][1], lambda key: cap)
    for kind, members in passes.items():
        queue = [item for item in numbered if item[1][0] == kind]
        assert queue[: len(members)] == members


@given(st.lists(st.integers(), min_size=2))
def test_halves_lose_nothing_and_are_smaller(items: list[int]) -> None:
    first, second = halves(items)
    assert first + second == items
    assert 0 < len(second) <= len(first) < len(items)
