"""The bot: one connection to Discord, the commands, the buttons, and what happens at its start and its end."""

import asyncio
import contextlib
import functools
import hashlib
import json
import logging
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import discord
import yarl
from discord import app_commands
from discord.ext import commands

from bot.control.acknowledging import Acknowledgements
from bot.control.desk import open_desk
from bot.engines.base import Engine
from bot.errors import EaselError, UserError
from bot.interactions import adapters, admin_panel, greeting, lineage, moderation, operator, upload_card
from bot.interactions.answers import Tree, answer_error, tell
from bot.interactions.buttons import BUTTONS
from bot.interactions.owners import Owners
from bot.interactions.places import live_place
from bot.rooms import Rooms, open_rooms
from bot.settings import Settings
from bot.texts import say
from bot.ui.menus import CommandTranslator
from bot.watchdog import Watchdog, keep_health

log = logging.getLogger("easel.bot")

# It has no voice, and needs no warning that a library for that is missing.
discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
#: Loaded by name: the bot does not import what imports the bot.
COGS = (
    "cogs.imagine",
    "cogs.paste",
    "cogs.queue",
    "cogs.history",
    "cogs.lineage",
    "cogs.me",
    "cogs.guide",
    "cogs.can",
    "cogs.reactions",
    "cogs.remix",
    "cogs.edits",
    "cogs.picture_menus",
    "cogs.wildcards",
    "cogs.styles",
    "cogs.adapters",
    "cogs.admin",
    "cogs.servers",
    "cogs.operator",
    "cogs.prompt",
)
_PRESENCE_SECONDS = 20.0


class Easel(commands.AutoShardedBot):
    """The client. It sees that it is in a server and what is reacted to messages, and nothing that people write."""

    rooms: Rooms

    def __init__(
        self, settings: Settings, engine: Engine, *, clock: Callable[[], float] = time.time, **options: Any
    ) -> None:
        intents = discord.Intents.none()
        self.acknowledgements = Acknowledgements(lambda: self.rooms.desk.metrics)
        intents.guilds = intents.guild_reactions = intents.dm_reactions = True
        super().__init__(
            command_prefix=(),
            help_command=None,
            tree_cls=Tree,
            intents=intents,
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
            http_trace=self.acknowledgements.trace,
            **options,
        )
        self.settings = settings
        self._engine = engine
        self._clock = clock
        self._closing = contextlib.AsyncExitStack()
        self._closed_once = self._has_closed = False
        self.watchdog = Watchdog()
        self.owners = Owners(self)
        self.tree.error(_on_tree_error)

    # Start ----------------------------------------------------------------------------------------------------------

    async def setup_hook(self) -> None:
        """Open everything before the first event comes. Raises StorageError and EngineDead."""
        self.rooms = await self._closing.enter_async_context(self._open_rooms())
        self.add_dynamic_items(*BUTTONS, *lineage.BUTTONS, *upload_card.BUTTONS, *adapters.BUTTONS, *greeting.BUTTONS)
        self.add_dynamic_items(*operator.BUTTONS)
        self.add_dynamic_items(*admin_panel.BUTTONS)
        self.add_dynamic_items(*moderation.BUTTONS)
        for name in COGS:
            await self.load_extension(name)
        await self.tree.set_translator(CommandTranslator())
        await self._sync()
        self.watchdog.start()
        self._closing.callback(self.watchdog.stop)
        desk = open_desk(self.settings, self.rooms.desk, self.rooms.dispatcher, lambda: self.watchdog.longest)
        await self._closing.enter_async_context(desk)
        self._start(self._show_presence())
        if self.settings.health_file:
            self._start(keep_health(Path(self.settings.health_file), self.is_well))

    def _open_rooms(self) -> contextlib.AbstractAsyncContextManager[Rooms]:
        return open_rooms(self.settings, self._engine, self, self._clock, functools.partial(live_place, self))

    def _start(self, work: Any) -> None:
        self.ends_first(asyncio.create_task(work))

    def ends_first(self, task: asyncio.Task[Any]) -> None:
        """Cancel a task at the end before anything is closed that it works with."""
        self._closing.push_async_callback(_cancelled, task)

    async def _sync(self) -> None:
        """Tell Discord the commands, if they are not what it was told last."""
        translator = self.tree.translator
        known = [
            await command.get_translated_payload(self.tree, translator) if translator else command.to_dict(self.tree)
            for command in self.tree.get_commands()
        ]
        told = hashlib.sha256(json.dumps([self.application_id, known], sort_keys=True).encode()).hexdigest()
        path = self.settings.data_folder.expanduser() / "commands.sha256"
        if await asyncio.to_thread(_read, path) == told:
            return
        await self.tree.sync()
        await asyncio.to_thread(path.write_text, told)
        log.info("told Discord %d commands", len(known))

    async def on_ready(self) -> None:
        """Note that all is up."""
        log.info("ready as %s; servers: %d", self.user, len(self.guilds))

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Note when it came."""
        self.acknowledgements.heard(interaction)

    async def on_app_command_completion(
        self, interaction: discord.Interaction[Any], command: app_commands.Command[Any, ..., Any]
    ) -> None:
        """Tell a member of results that could not be brought to them, once, when they come by."""
        kept = self.rooms.publisher.kept
        if command.name == "history":
            kept.pop(interaction.user.id, None)
        elif interaction.response.type is discord.InteractionResponseType.deferred_channel_message:
            # An answer is still to come, and more words would take its place.
            return
        if count := kept.pop(interaction.user.id, 0):
            with contextlib.suppress(discord.HTTPException):
                await tell(interaction, say("kept", str(interaction.locale), count=count))

    # While it runs --------------------------------------------------------------------------------------------------

    def is_well(self) -> bool:
        """Tell whether Discord is connected and pictures can be painted."""
        return self.is_ready() and not self.is_closed() and self.rooms.dispatcher.trouble is None

    async def _show_presence(self) -> None:
        """Show the queue under the bot's name, when it changed and not too often."""
        shown = None
        await self.wait_until_ready()
        while True:
            dispatcher = self.rooms.dispatcher
            now = (dispatcher.running, dispatcher.waiting)
            if now != shown:
                shown = now
                text = say("presence", running=now[0], waiting=now[1]) if any(now) else say("presence_idle")
                with contextlib.suppress(discord.HTTPException, ConnectionError):
                    await self.change_presence(activity=discord.CustomActivity(name=text))
            await asyncio.sleep(_PRESENCE_SECONDS)

    # End ------------------------------------------------------------------------------------------------------------

    async def close(self) -> None:
        """Give what runs its grace, park the rest, and leave."""
        if not self._closed_once:
            self._closed_once = True
            await self._closing.aclose()
            self._has_closed = True
        await super().close()

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        """Hand out what Discord tells, until everything is closed that could deal with it."""
        if not self._has_closed:
            super().dispatch(event, *args, **kwargs)


async def run_bot(settings: Settings, engine: Engine, token: str) -> None:
    """Run the bot until it is stopped. Raises EaselError and StorageError: words for the admin."""
    point_at(settings)
    bot = Easel(settings, engine)
    stop = _on_signals(bot)
    try:
        async with bot:
            await bot.start(token)
    except discord.LoginFailure as error:
        raise UserError(
            "Discord does not take the token. Copy it again from the Bot page of https://discord.com/developers "
            "and set DISCORD_TOKEN."
        ) from error
    except discord.PrivilegedIntentsRequired as error:
        raise UserError("Discord wants privileged intents, which this bot never asks for. Update Easel.") from error
    except discord.ConnectionClosed as error:
        raise EaselError(f"Discord closed the connection for good ({error.code}: {error.reason}).") from error
    except (aiohttp.ClientError, OSError) as error:
        raise EaselError(f"Discord cannot be reached: {error}. Check the network and EASEL_DISCORD_API.") from error
    finally:
        stop()


def point_at(settings: Settings) -> None:
    """Let discord.py speak with another server than Discord's, where the settings name one."""
    if settings.discord_api:
        discord.http.Route.BASE = settings.discord_api
    if settings.discord_gateway:
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(settings.discord_gateway)


def _on_signals(bot: Easel) -> Callable[[], None]:
    """Close the bot at SIGTERM and Ctrl-C; return what undoes that. Windows raises KeyboardInterrupt by itself."""
    if sys.platform == "win32":
        return lambda: None
    loop, closing = asyncio.get_running_loop(), set[asyncio.Task[None]]()

    def close() -> None:
        log.info("stopping; %g seconds for what runs", bot.settings.stop_seconds)
        closing.add(loop.create_task(bot.close()))

    numbers = (signal.SIGTERM, signal.SIGINT)
    for number in numbers:
        loop.add_signal_handler(number, close)

    def undo() -> None:
        for number in numbers:
            loop.remove_signal_handler(number)

    return undo


async def _on_tree_error(interaction: discord.Interaction[Any], error: app_commands.AppCommandError) -> None:
    await answer_error(interaction, error)


async def _cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _read(path: Path) -> str | None:
    try:
        return path.read_text()
    except OSError:
        return None
