"""A playground for every test, and an unmodified discord.py client in it."""

import asyncio
import contextlib
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

import pytest

with warnings.catch_warnings():
    # Of discord.py about a module of the standard library that it does not need here.
    warnings.simplefilter("ignore", DeprecationWarning)
    import discord
    import discord.gateway
    import discord.http

import yarl
from discord import app_commands

from playground import Playground, PlaygroundSettings
from tests.playground import validation

T = TypeVar("T")


class Bot(discord.Client):
    """discord.py as it is, with a command tree; `setup` registers what a test needs."""

    def __init__(self, intents: discord.Intents | None = None, **options: Any) -> None:
        chosen = discord.Intents(guilds=True, messages=True, reactions=True, dm_messages=True, dm_reactions=True)
        super().__init__(intents=intents or chosen, guild_ready_timeout=0.05, **options)
        self.tree = app_commands.CommandTree(self)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Identify again at once, not after the five seconds that are usual."""

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        raise


def note(bot: discord.Client, *events: str) -> list[tuple[Any, ...]]:
    """Collect the arguments of events as they come."""
    seen: list[tuple[Any, ...]] = []
    for event in events:

        async def listener(*arguments: Any, event: str = event) -> None:
            seen.append((event, *arguments))

        setattr(bot, f"on_{event}", listener)
    return seen


class Patient(Playground):
    """A playground on a machine that may be busy with other things."""

    async def until(self, predicate: Callable[[], T], seconds: float = 60.0) -> T:
        return await super().until(predicate, seconds)


@contextlib.asynccontextmanager
async def opened(settings: PlaygroundSettings) -> AsyncIterator[Playground]:
    """Open a playground, and let Discord's description judge all that was said, where it is at hand."""
    async with Patient(settings) as playground:
        yield playground
        if not validation.missing():
            assert await asyncio.to_thread(validation.problems, playground.exchanges, playground.events) == []


@contextlib.asynccontextmanager
async def logged_in(bot: Any, playground: Playground) -> AsyncIterator[Any]:
    """Point a client to a playground and log it in, without the gateway."""
    base, gateway = discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
    discord.http.Route.BASE = playground.api
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(playground.gateway)
    try:
        async with bot:
            await bot.login(playground.token)
            yield bot
    finally:
        discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = base, gateway


@contextlib.asynccontextmanager
async def running(bot: Any, playground: Playground, sync: bool = True) -> AsyncIterator[Any]:
    """Run a client in a playground until it is ready, and stop it after."""
    task = None
    try:
        async with logged_in(bot, playground):
            if sync and bot.tree.get_commands():
                await bot.tree.sync()
            task = asyncio.create_task(bot.connect())
            ready = asyncio.create_task(bot.wait_until_ready())
            await asyncio.wait({task, ready}, timeout=60, return_when=asyncio.FIRST_COMPLETED)
            ready.cancel()
            if task.done():
                await task
            yield bot
    finally:
        if task is not None:
            await asyncio.wait({task}, timeout=5)
            if not task.done():
                task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def settings() -> PlaygroundSettings:
    return PlaygroundSettings(rate_limits=False)


@pytest.fixture
async def playground(settings: PlaygroundSettings) -> AsyncIterator[Playground]:
    async with opened(settings) as playground:
        yield playground


@pytest.fixture
def bot() -> Bot:
    return Bot()


@pytest.fixture
async def client(playground: Playground, bot: Bot) -> AsyncIterator[Bot]:
    """A bot that is logged in and has no gateway."""
    async with logged_in(bot, playground):
        yield bot


async def request(bot: discord.Client, method: str, path: str, **how: Any) -> Any:
    """Send what discord.py itself would not, by its own client."""
    return await bot.http.request(discord.http.Route(method, path), **how)


@contextlib.contextmanager
def refused(status: int, code: int) -> Any:
    """Expect Discord's error of this status and code."""
    with pytest.raises(discord.HTTPException) as caught:
        yield caught
    assert (caught.value.status, caught.value.code) == (status, code)


Callback = Callable[[discord.Interaction], Awaitable[None]]


def slash(bot: Bot, name: str = "go") -> Callable[[Callback], Callback]:
    """Register a slash command without options."""

    def register(callback: Callback) -> Callback:
        async def run(interaction: discord.Interaction) -> None:
            await callback(interaction)

        bot.tree.command(name=name, description="Does something")(run)
        return callback

    return register
