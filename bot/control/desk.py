"""Everything of the operator's, tied together: what counts, what is seen and decided, and where it is asked for."""

import platform
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import discord

from bot.control.broadcasts import Broadcasts
from bot.control.exposition import exposed
from bot.control.metrics import Metrics, Now
from bot.control.server import actions, listening
from bot.delivery.publisher import Publisher
from bot.engines.base import Engine
from bot.queue.dispatcher import Dispatcher
from bot.services.backups import Backups
from bot.services.checks import Checks
from bot.services.error_book import ErrorBook
from bot.services.guilds import Guilds
from bot.services.operator import Here, Operator, Vitals
from bot.settings import Settings
from inference import __version__
from storage import Database
from storage.backup import Sources


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The operator's desk."""

    metrics: Metrics
    errors: ErrorBook
    operator: Operator
    broadcasts: Broadcasts

    async def stop(self) -> None:
        """Give up what is begun."""
        await self.broadcasts.stop()
        await self.operator.backups.stop()


def desk_of(
    settings: Settings,
    engine: Engine,
    client: discord.Client,
    *,
    database: Database,
    guilds: Guilds,
    dispatcher: Dispatcher,
    publisher: Publisher,
    checks: Checks,
    forget: Callable[[int], Awaitable[int]],
    sources: Callable[[], Sources],
) -> Desk:
    """Return the desk of a bot; dispatcher and publisher tell its metrics what happens from now on."""
    metrics = Metrics({"version": __version__, "python": platform.python_version(), "discord_py": discord.__version__})
    dispatcher.board.observer = metrics
    publisher.observe(metrics)
    errors = ErrorBook(metrics, database.clock)
    operator = Operator(
        database=database,
        guilds=guilds,
        dispatcher=dispatcher,
        errors=errors,
        backups=Backups(
            database=database, sources=sources, folder=settings.backups, keep=settings.keep_backups, easel=__version__
        ),
        folder=settings.data_folder.expanduser(),
        keep_days=settings.keep_days,
        keep_gb=settings.keep_gb,
        forget=forget,
        vitals=Vitals(
            servers=lambda: [Here(id=guild.id, name=guild.name, members=guild.member_count) for guild in client.guilds],
            connected=lambda: client.is_ready() and not client.is_closed(),
            heartbeat=lambda: engine.heartbeat,
            launches=lambda: (metrics.launches, metrics.deaths),
            check_problem=lambda: checks.trouble,
        ),
    )
    broadcasts = Broadcasts(
        client=client, database=database, is_open=lambda guild_id: guilds.policy(guild_id).closed is None
    )
    return Desk(metrics=metrics, errors=errors, operator=operator, broadcasts=broadcasts)


@asynccontextmanager
async def open_desk(
    settings: Settings, desk: Desk, dispatcher: Dispatcher, held_up: Callable[[], float]
) -> AsyncIterator[int | None]:
    """Listen on loopback for the length of the block; yields the port of the metrics, if they are shown.

    Raises EaselError where that is taken, OSError.
    """

    def now() -> Now:
        beat = desk.operator.heartbeat()
        served, closed = desk.operator.counts()
        return Now(
            waiting=desk.operator.waiting(),
            running=dispatcher.running,
            servers_open=served,
            servers_closed=closed,
            draining=desk.operator.draining is not None,
            engine_memory_bytes=beat.memory_used_bytes if beat else 0,
            longest_held_up_seconds=held_up(),
        )

    folder = settings.data_folder.expanduser()
    async with listening(folder, actions(desk.operator, desk.broadcasts)):
        if settings.metrics_port == 0:
            yield None
            return
        async with exposed(desk.metrics, now, settings.metrics_port) as port:
            yield port
