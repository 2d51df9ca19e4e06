"""Metrics on a port of loopback, for Prometheus."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from bot.control.metrics import CONTENT_TYPE, Metrics, Now
from bot.errors import EaselError

_HOST = "127.0.0.1"
#: As which it may be asked: a page in a browser that gave its own name this address is none of them.
_NAMES = {"127.0.0.1", "localhost"}


@asynccontextmanager
async def exposed(metrics: Metrics, now: Callable[[], Now], port: int) -> AsyncIterator[int]:
    """Show the metrics at `/metrics` for the length of the block; yields the port. Raises EaselError where it is taken.

    Port 0 is any that is free.
    """

    async def show(request: web.Request) -> web.Response:
        if request.host.rpartition(":")[0] not in _NAMES:
            raise web.HTTPForbidden
        text = await asyncio.to_thread(metrics.text, now())
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE})

    application = web.Application()
    application.router.add_get("/metrics", show)
    runner = web.AppRunner(application, access_log=None, handle_signals=False)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, _HOST, port).start()
        except OSError as error:
            raise EaselError(
                f"Port {port} is taken, so metrics cannot be shown there. Choose another with EASEL_METRICS_PORT, or 0 "
                "for none."
            ) from error
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
