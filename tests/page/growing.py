"""Pictures that grow, looked at: however quick the machine paints, it waits for who looks."""

import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from bot.app import Easel
from playground import Playground
from tests.bot.workers import held, workers_of


def show_each_step(bot: Easel) -> None:
    """Have messages edited as often as there is something new: a quick machine is done before the first edit is due."""
    bot.rooms.publisher._edit_seconds = 0.0


@contextmanager
def brush_held() -> Iterator[None]:
    """Hold the one worker of the bot that runs in this process."""
    [worker] = workers_of(os.getpid())
    with held(worker):
        yield


@asynccontextmanager
async def growing(playground: Playground, person: str) -> AsyncIterator[None]:
    """Wait until somebody sees a picture that grows, and hold the worker while it is looked at.

    What is asked for is asked after `show_each_step`.
    """
    await playground.until(lambda: "/preview-" in json.dumps(playground.person(person).messages()), 60)
    with brush_held():
        yield
