"""What tests of delivery share: an engine that waits for a sign, requests on hold, and a look at what is left."""

import asyncio
import random
import struct
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from bot.app import Easel
from bot.engines.inline import Inline
from bot.texts.english import ENGLISH
from inference.protocol.messages import Generate, JobId
from inference.protocol.recipe import Recipe
from inference.worker.loop import serve
from playground import Playground
from playground.guilds import Channel
from playground.invocations import Invocation
from storage import ContentFolder, Database, Repairs, deliveries, jobs, repair
from storage.deliveries import Delivery
from tests.bot.engines.engines import PATIENT
from tests.bot.stage import is_result, text_of
from tests.clockwork import Clockwork
from tests.sample_requests import settings

#: Longer than any test: one edit says that a request waits, and what comes next to its message is the result.
NEVER_SECONDS = 3600.0
FOURTEEN_MINUTES = 14 * 60 + 1.0


class HeldEngine(Inline):
    """The clockwork engine, which takes nothing before it is told to."""

    def __init__(self) -> None:
        super().__init__(settings(), partial(serve, open_painter=Clockwork, leave=lambda code: None), PATIENT)
        self.gate = asyncio.Event()

    async def submit(self, command: Generate) -> None:
        await self.gate.wait()
        await super().submit(command)


def hurry(bot: Easel, edit_seconds: float = NEVER_SECONDS, pause_seconds: float = 0.01) -> None:
    """Edit no message but once, and try again at once."""
    bot.rooms.publisher._edit_seconds = edit_seconds
    bot.rooms.publisher._outbox._pause_seconds = pause_seconds


async def ask(
    playground: Playground, bot: Easel, options: dict[str, Any] | None = None, who: str = "ann", **how: Any
) -> tuple[Invocation, JobId]:
    """Use /imagine, and return when its message shows that it waits."""
    hurry(bot)
    before = {job.id for job in bot.rooms.dispatcher.jobs()}
    person = playground.person(who)
    invocation = await person.command("imagine", {"prompt": "a red circle"} | (options or {}), **how)
    await playground.until(lambda: invocation.response.kind == "message")
    [job] = [job.id for job in bot.rooms.dispatcher.jobs() if job.id not in before]
    await noted(bot, job, lambda delivery: delivery.message_id is not None)
    return invocation, job


async def noted(bot: Easel, job: JobId, wanted: Callable[[Delivery], bool]) -> Delivery:
    """Return a job's delivery as soon as the database says what is wanted of it."""
    async with asyncio.timeout(60):
        while True:
            delivery = await deliveries.get(bot.rooms.database, job)
            if delivery is not None and wanted(delivery):
                return delivery
            await asyncio.sleep(0.01)


async def ended(bot: Easel, job: JobId) -> Delivery:
    """Return a job's delivery when nothing more is done about it."""
    delivery = await noted(bot, job, lambda delivery: delivery.state in ("sent", "kept", "failed"))
    await until_idle(bot)
    return delivery


async def until_idle(bot: Easel) -> None:
    """Return when no request's message has anything to come."""
    async with asyncio.timeout(60):
        while bot.rooms.publisher._posts:  # noqa: ASYNC110 - the last step tells nobody
            await asyncio.sleep(0.01)


def results(playground: Playground, channel: str | Channel = "general") -> list[dict[str, Any]]:
    """Return the finished pictures that everyone sees in a channel."""
    return [message for message in playground.messages(channel) if is_result(message)]


def results_to(playground: Playground, who: str = "ann") -> list[dict[str, Any]]:
    """Return the finished pictures in somebody's direct messages."""
    return [message for message in playground.messages_to(who) if is_result(message)]


def says(message: dict[str, Any], key: str) -> bool:
    """Tell whether a message says the text of a key, whatever its values."""
    longest = max(ENGLISH[key].replace("}", "{").split("{")[::2], key=len)
    return longest in text_of(message)


async def left_behind(folder: Path) -> tuple[Repairs, int, int]:
    """Return what a closed bot left: what does not agree, unfinished jobs, unfinished deliveries."""
    pictures, inputs = ContentFolder(folder / "pictures", ".png"), ContentFolder(folder / "inputs")
    async with await Database.open(folder / "easel.sqlite3") as database:
        unfinished = [job async for job in jobs.unfinished(database)]
        open_ = [delivery async for delivery in deliveries.unfinished(database)]
        return await repair(database, pictures, inputs), len(unfinished), len(open_)


#: A folder in which everything agrees and has come to its end.
NOTHING: tuple[Repairs, int, int] = (Repairs(), 0, 0)


def noisy_png(recipe: Recipe) -> bytes:
    """Return a PNG that hardly shrinks, of the recipe's size and seed."""
    draw = random.Random(recipe.seed)
    rows = b"".join(b"\0" + draw.randbytes(3 * recipe.width) for _ in range(recipe.height))
    header = struct.pack(">IIBBBBB", recipe.width, recipe.height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body
