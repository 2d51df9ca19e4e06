"""Who may use the control API, and what they are told when something is wrong.

The API asks for no password, so a page of the web that is open in a browser on this machine must not reach it: neither
by a form or script (its Origin is another), nor under a name of its own that leads here (its Host is another).
"""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

from playground.settings import is_loopback

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

#: What browsers say of requests that no other site caused.
_OWN = ("same-origin", "none")


@web.middleware
async def refuse_strangers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let through what comes from this machine and from no other site."""
    host = request.headers.get("Host", "")
    if not _names_this_machine(host):
        return failure(403, f"the control API is at 127.0.0.1 or localhost, not at {host!r}")
    origin = request.headers.get("Origin")
    if origin is not None and origin.lower() != f"http://{host}".lower():
        return failure(403, f"pages of {origin} may not use the control API")
    if request.headers.get("Sec-Fetch-Site", "none") not in _OWN:
        return failure(403, "pages of other sites may not use the control API")
    return await handler(request)


def _names_this_machine(host: str) -> bool:
    try:
        parts = urlsplit(f"//{host}")
        return parts.netloc == host and parts.username is None and is_loopback(parts.hostname or "") and parts.port != 0
    except ValueError:
        return False


@web.middleware
async def explain(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer what goes wrong with JSON: {"error": "in words"}.

    LookupError (there is no such thing) becomes 404, ValueError (that cannot be done) 400, TimeoutError 504. Errors
    derived from the first two, such as KeyError, are mistakes of this program and not explained away.
    """
    try:
        return await handler(request)
    except web.HTTPException as error:
        return failure(error.status, f"{error.status}: {error.reason} ({request.method} {request.path})")
    except TimeoutError as error:
        return failure(504, str(error) or "that took too long")
    except (LookupError, ValueError) as error:
        if type(error) not in (LookupError, ValueError):
            raise
        return failure(404 if isinstance(error, LookupError) else 400, str(error))


def failure(status: int, message: str) -> web.Response:
    """Return an error as JSON."""
    return web.json_response({"error": message}, status=status)
