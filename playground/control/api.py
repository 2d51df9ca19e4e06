"""The control API as a part of the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from playground.control import actions, channels, deeds, faults, guilds, invocations, people, record, stream
from playground.control.finding import PLAYGROUND
from playground.control.guard import explain, refuse_strangers
from playground.rest import REQUEST_BYTES

if TYPE_CHECKING:
    from playground.server import Playground

BASE = "/control"
_MODULES = (guilds, channels, people, actions, invocations, stream, faults, deeds, record)


class Control:
    """Serves the control API of a playground."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground
        self._streams = stream.Streams()

    def add_routes(self, app: web.Application) -> None:
        """Serve everything below `/control`."""
        inner = web.Application(middlewares=[explain, refuse_strangers], client_max_size=REQUEST_BYTES)
        inner[PLAYGROUND] = self._playground
        inner[stream.STREAMS] = self._streams
        for module in _MODULES:
            inner.add_routes(module.routes)
        app.add_subapp(BASE, inner)

    def close(self) -> None:
        """End the streams, which would otherwise go on for ever."""
        self._streams.close()
