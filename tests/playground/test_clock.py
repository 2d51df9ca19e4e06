"""The clock, ids, and waiting."""

import asyncio

import pytest

from playground import Playground
from playground.clock import Clock, stamp
from playground.snowflakes import Snowflakes, created_at


def test_a_clock_goes_forward_only() -> None:
    clock = Clock()
    before = clock.now()
    clock.advance(900)
    assert 900 <= clock.now() - before < 905
    with pytest.raises(ValueError, match="forward"):
        clock.advance(-1)


async def test_who_sleeps_is_woken_by_an_advance() -> None:
    clock = Clock()
    woken = asyncio.create_task(clock.sleep_until(clock.now() + 3600))
    await asyncio.sleep(0.01)
    clock.advance(1800)
    await asyncio.sleep(0.01)
    assert not woken.done()
    clock.advance(1801)
    await asyncio.wait_for(woken, 60)
    await asyncio.wait_for(clock.sleep_until(clock.now() + 0.02), 60)


def test_ids_grow_and_tell_when_they_were_drawn() -> None:
    clock = Clock()
    snowflakes = Snowflakes(clock)
    before = clock.now()
    drawn = [snowflakes.draw() for _ in range(1000)]
    assert drawn == sorted(set(drawn))
    assert stamp(before - 1) <= created_at(drawn[0]) <= clock.stamp()


async def test_waiting_for_something_outside(playground: Playground) -> None:
    ready: list[int] = []
    asyncio.get_running_loop().call_later(0.02, ready.append, 1)
    assert await playground.until(lambda: ready, seconds=60) == [1]
    with pytest.raises(TimeoutError, match="did not happen within"):
        await playground.until(lambda: False, seconds=0.05)
