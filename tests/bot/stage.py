"""The bot on a playground: unmodified discord.py over sockets, a real store, and an engine of the test's choice."""

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import discord
import yarl
from PIL import Image

from bot.app import Easel, point_at
from bot.engines.base import Engine
from bot.settings import Settings, load_settings
from playground import Playground
from playground.invocations import Invocation
from playground.people import Person, Place
from storage.jobs import Job
from tests.bot.engines.engines import NO_FOLDER, clockwork_inline


class QuickEasel(Easel):
    """The bot as it is, without the five seconds that discord.py waits before each login."""

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Identify at once."""


def stage_settings(playground: Playground, folder: Path, **changes: Any) -> Settings:
    """Return the settings of a bot that lives in `folder` and knows no other Discord than the playground."""
    chosen: dict[str, Any] = {
        "data_folder": folder,
        "models_folder": folder / NO_FOLDER,
        "discord_api": playground.api,
        "discord_gateway": playground.gateway,
        "stop_seconds": 5.0,
        "threads": 1,
    }
    return load_settings(**(chosen | changes))


@contextlib.asynccontextmanager
async def on_stage(
    playground: Playground, folder: Path, engine: Engine | None = None, **changes: Any
) -> AsyncIterator[Easel]:
    """Run the bot until it is ready, and close it as an admin would. The same folder again is a restart."""
    settings = await asyncio.to_thread(stage_settings, playground, folder, **changes)
    base, gateway = discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
    point_at(settings)
    bot = QuickEasel(settings, engine or clockwork_inline(), clock=playground.clock.now, guild_ready_timeout=0.05)
    running = asyncio.create_task(bot.start(playground.token))
    ready = asyncio.create_task(_ready(bot))
    try:
        await asyncio.wait({running, ready}, timeout=120, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            await running
        assert ready.done(), "the bot was not ready in time"
        yield bot
    finally:
        ready.cancel()
        await bot.close()
        await asyncio.wait({running}, timeout=60)
        running.cancel()
        await asyncio.gather(running, ready, return_exceptions=True)
        discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = base, yarl.URL(str(gateway))


async def _ready(bot: Easel) -> None:
    while bot.http.token is None or not hasattr(bot, "rooms"):  # noqa: ASYNC110 - discord.py tells nothing before
        await asyncio.sleep(0.01)
    await bot.wait_until_ready()


# What people see ----------------------------------------------------------------------------------------------------


def walk(components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return all components of a message, those within others too."""
    found = []
    for component in components:
        found.append(component)
        found += walk(component.get("components", []))
        if "accessory" in component:
            found += walk([component["accessory"]])
    return found


def text_of(message: dict[str, Any]) -> str:
    """Return all words of a message."""
    shown = [component.get("content", "") for component in walk(message.get("components", []))]
    return "\n".join([message.get("content", ""), *shown]).strip()


def urls_of(message: dict[str, Any]) -> list[str]:
    """Return the addresses of the pictures that a message shows."""
    galleries = [component for component in walk(message["components"]) if component["type"] == 12]
    return [item["media"]["url"] for gallery in galleries for item in gallery["items"]]


def labels_of(message: dict[str, Any]) -> list[str]:
    """Return the labels of a message's buttons."""
    return [component["label"] for component in walk(message["components"]) if component["type"] == 2]


def is_result(message: dict[str, Any]) -> bool:
    """Tell whether a message shows finished pictures, and not those that grow."""
    return bool(urls_of(message)) and not any("preview-" in url for url in urls_of(message))


def size_of(data: bytes) -> tuple[int, int]:
    """Return the size of a picture in pixels."""
    with Image.open(io.BytesIO(data)) as image:
        return image.size


# What people do -----------------------------------------------------------------------------------------------------


async def painted(
    playground: Playground, person: Person, prompt: str = "a red circle", channel: Place = "general", **options: Any
) -> dict[str, Any]:
    """Use /imagine, and return the message as it is when the pictures are there."""
    asked = await person.command("imagine", {"prompt": prompt, "steps": 2} | options, channel=channel)
    await playground.until(lambda: any(map(is_result, asked.messages)))
    return next(message for message in asked.messages if is_result(message))


async def delivered(bot: Any, job: Job) -> int:
    """Return the message that shows a job, as soon as it is known."""
    async with asyncio.timeout(60):
        while (place := await bot.rooms.originals.place(job)) is None:  # noqa: ASYNC110 - known a little after it is seen
            await asyncio.sleep(0.01)
    return int(place[2])


async def begun(
    playground: Playground, person: Person, prompt: str = "slow", channel: Place = "general", **options: Any
) -> Invocation:
    """Use /imagine for pictures that take long, and return when the message can be cancelled."""
    asked = await person.command("imagine", {"prompt": prompt, "steps": 500} | options, channel=channel)
    await playground.until(lambda: any("Cancel" in labels_of(message) for message in asked.messages))
    return asked


async def answer(playground: Playground, invocation: Invocation) -> dict[str, Any]:
    """Return what somebody sees as the answer to what they did, as soon as there is one."""
    await playground.until(lambda: invocation.response.kind == "message" or invocation.followups)
    return invocation.messages[-1]


def words_of(invocation: Invocation) -> str:
    """Return all that somebody sees as the answer to what they did."""
    return "\n".join(map(text_of, invocation.messages))


async def told(playground: Playground, invocation: Invocation) -> str:
    """Return the words that somebody, and nobody else, is told beside the message whose button they pressed."""
    pressed = invocation.interaction.message
    beside = await playground.until(
        lambda: [
            message
            for message in invocation.messages
            if text_of(message) and (pressed is None or message["id"] != str(pressed.id))
        ]
    )
    assert is_private(beside[-1])
    return text_of(beside[-1])


async def answer_to(
    playground: Playground, person: Person, command: str, options: dict[str, Any] | None = None, **how: Any
) -> str:
    """Use a command, and return the words of the answer, which only this person sees."""
    message = await answer(playground, await person.command(command, options, **how))
    assert is_private(message)
    return text_of(message)


def is_private(message: dict[str, Any]) -> bool:
    """Tell whether a message is seen by one person alone."""
    return bool(message["flags"] & 64)
