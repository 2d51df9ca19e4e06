"""What went over the wire, and the state of the bot and of the clock."""

import dataclasses
from typing import Any

from aiohttp import web

from playground.control.finding import playground_of
from playground.control.forms import number_in, read_form

routes = web.RouteTableDef()

_MOST = 1_000_000_000


@routes.get("/state")
async def state(request: web.Request) -> web.Response:
    """Return where the bot connects, whether it does, and what time it is."""
    playground = playground_of(request)
    bot = playground.world.bot
    return web.json_response(
        {
            "api": playground.api,
            "gateway": playground.gateway,
            "bot": {
                "id": str(bot.id),
                "name": bot.name,
                "connected": playground.connected > 0,
                "presence": playground.presence,
            },
            "now": playground.clock.stamp(),
        }
    )


@routes.post("/clock")
async def advance(request: web.Request) -> web.Response:
    """Advance the clock by some seconds, and return what time it is."""
    form, playground = await read_form(request, "seconds"), playground_of(request)
    playground.clock.advance(form.get("seconds", float))
    return web.json_response({"now": playground.clock.stamp()})


def _page(request: web.Request, entries: list[dict[str, Any]]) -> web.Response:
    """Return the first entries, as many as `limit` of the query says."""
    return web.json_response(entries[: int(number_in(request, "limit", 1000, _MOST))])


@routes.get("/exchanges")
async def exchanges(request: web.Request) -> web.Response:
    """Return the bot's requests with the replies, oldest first, from the number above `after`."""
    numbered = playground_of(request).exchanges.numbered(int(number_in(request, "after", 0, _MOST)))
    return _page(request, [{"number": number} | dataclasses.asdict(exchange) for number, exchange in numbered])


@routes.get("/events")
async def events(request: web.Request) -> web.Response:
    """Return the gateway events that were sent, oldest first, from the number above `after`."""
    numbered = playground_of(request).events.numbered(int(number_in(request, "after", 0, _MOST)))
    return _page(request, [{"number": number} | event for number, event in numbered])
