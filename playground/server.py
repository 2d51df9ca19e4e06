"""The playground: everything in one process, on one port."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar

from aiohttp import web

from playground import page_files
from playground.changes import Changes, Topic
from playground.clock import Clock
from playground.commands import Commands
from playground.control import BASE as CONTROL
from playground.control import Control
from playground.deeds import Deeds
from playground.faults import Faults
from playground.gateway import Gateway
from playground.guilds import Channel
from playground.interactions import Interactions
from playground.log import Log
from playground.people import Person
from playground.rates import Rates
from playground.rest import BASE, REQUEST_BYTES, Exchange, Rest
from playground.routes import applications, channels, guilds, interactions, reactions, users
from playground.settings import PlaygroundSettings
from playground.world import World

T = TypeVar("T")
_MODULES = (users, applications, guilds, channels, reactions, interactions)


class Playground:
    """A Discord on loopback, for `async with`."""

    def __init__(self, settings: PlaygroundSettings | None = None) -> None:
        self.settings = settings or PlaygroundSettings()
        self.clock = Clock()
        self.changes = Changes()
        self.clock.on_advance = lambda: self.changes.happened(Topic.CLOCK)
        #: The bot's token; every other one is refused.
        self.token = self.settings.token or secrets.token_urlsafe(48)
        #: Every request of the bot and its reply, oldest first.
        self.exchanges: Log[Exchange] = Log(self.settings.exchanges_kept)
        self.world = World(self.settings, self.clock, self.changes)
        self.commands = Commands(self.world.snowflakes, self.changes, self.world.bot.id)
        self.interactions = Interactions(self.world)
        self._gateway = Gateway(self.world, self.settings, self.token)
        self.faults = Faults(self.world, self._gateway, self.interactions)
        self.world.cdn.faults = self.faults.take
        #: What the program that runs the bot can let go wrong.
        self.deeds = Deeds(self.changes)
        self._control = Control(self)
        self._people: dict[str, Person] = {}
        self._rest = Rest(
            self.world,
            self.interactions,
            self.commands,
            Rates(self.clock, self.settings),
            self.faults,
            self.token,
            self.exchanges,
        )
        self._runner: web.AppRunner | None = None
        self.port = 0

    # --- addresses

    @property
    def _place(self) -> str:
        host = self.settings.host
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """Return the beginning of every address."""
        return f"http://{self._place}"

    @property
    def api(self) -> str:
        """Return the base of the REST API, as `discord.http.Route.BASE` takes it."""
        return self.url + BASE

    @property
    def gateway(self) -> str:
        """Return the address of the gateway."""
        return f"ws://{self._place}/gateway"

    @property
    def control(self) -> str:
        """Return the base of the control API, which does over HTTP what this class does here."""
        return self.url + CONTROL

    # --- life

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=REQUEST_BYTES)
        app.router.add_get("/gateway", self._gateway.serve)
        app.router.add_get("/gateway/", self._gateway.serve)
        self.world.cdn.add_routes(app)
        self._control.add_routes(app)
        page_files.add_routes(app)
        self._rest.add_routes(app, [route for module in _MODULES for route in module.routes.all])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.settings.host, self.settings.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self.world.cdn.base = self.url
        self._gateway.url = self._rest.gateway_url = self.gateway
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._control.close()
        await self._gateway.close()
        await self.interactions.close()
        if self._runner is not None:
            await self._runner.cleanup()

    # --- the people in it, and what can be seen

    def person(self, name: str) -> Person:
        """Return the person of a name, made on first use as a member of the first guild."""
        if name not in self._people:
            user = self.world.person(name)
            next(iter(self.world.guilds.values())).join(user)
            self._people[name] = Person(self, user)
        return self._people[name]

    @property
    def people(self) -> list[Person]:
        """Return everyone there is, the first guild's owner too."""
        return [self.person(user.name) for user in list(self.world.users.values()) if not user.bot]

    def messages(self, channel: str | Channel = "general") -> list[dict[str, Any]]:
        """Return what everyone sees in a channel, oldest first."""
        place = self.world.find_channel(channel) if isinstance(channel, str) else channel
        return [message.payload() for message in place.messages.values()]

    def messages_to(self, name: str) -> list[dict[str, Any]]:
        """Return the direct messages between the bot and a person, oldest first."""
        return self.messages(self.person(name).dm)

    @property
    def events(self) -> Log[dict[str, Any]]:
        """Return every gateway event that was sent: op, s, t, d."""
        return self._gateway.sent

    @property
    def presence(self) -> dict[str, Any] | None:
        """Return what the bot last said of itself."""
        return self._gateway.presence

    @property
    def connected(self) -> int:
        """Return how many gateway sessions are there with a socket."""
        return self._gateway.connected

    async def until(self, predicate: Callable[[], T], seconds: float = 10.0) -> T:
        """Return what `predicate` gives as soon as that is true; asked whenever anything changes.

        Raises:
            TimeoutError: It is not within `seconds`.
        """
        return await self.changes.until(predicate, seconds)
