"""The watch over the event loop itself: it must be able to bark."""

import time

import pytest
from blockbuster import BlockingError


async def test_blocking_the_loop_is_an_error() -> None:
    with pytest.raises(BlockingError):
        time.sleep(0.001)  # noqa: ASYNC251 - that it is caught is the point
