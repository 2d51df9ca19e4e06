"""The page: files that a browser asks for, and nothing that leads elsewhere."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from playground.control.guard import refuse_strangers

FOLDER = Path(__file__).parent / "page"
BASE = "/page"

_KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
#: The page runs its own scripts, shows the playground's own files, and speaks with nobody else.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def add_routes(app: web.Application) -> None:
    """Serve the page at `/`, and its files below `/page`."""
    inner = web.Application(middlewares=[refuse_strangers])
    inner.router.add_get("/{name}", _file)
    app.add_subapp(BASE, inner)
    app.router.add_get("/", _index)


async def _index(request: web.Request) -> web.StreamResponse:
    return await refuse_strangers(request, lambda _request: _send("index.html"))


async def _file(request: web.Request) -> web.StreamResponse:
    return await _send(request.match_info["name"])


async def _send(name: str) -> web.StreamResponse:
    """Return a file of the page, read anew each time so that a change shows at once. Raises HTTPNotFound."""
    path = FOLDER / name
    if name not in {each.name for each in FOLDER.iterdir()} or path.suffix not in _KINDS:
        raise web.HTTPNotFound
    return web.Response(
        text=path.read_text(encoding="utf-8"),
        content_type=_KINDS[path.suffix],
        charset="utf-8",
        headers={
            "Cache-Control": "no-store",
            "Content-Security-Policy": _POLICY,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        },
    )
