"""Deeds that the program which runs the bot offers."""

from typing import Any

from aiohttp import web

from playground.control.finding import playground_of
from playground.control.forms import Form, read_form
from playground.deeds import Deed

routes = web.RouteTableDef()

_FIELDS = ("name", "label", "title", "url")


def _show(deed: Deed) -> dict[str, Any]:
    """Return a deed without its address, which is between the program and the playground."""
    return {"name": deed.name, "label": deed.label, "title": deed.title}


@routes.get("/deeds")
async def deeds(request: web.Request) -> web.Response:
    """Return what is offered."""
    return web.json_response([_show(deed) for deed in playground_of(request).deeds.offered])


@routes.put("/deeds")
async def offer(request: web.Request) -> web.Response:
    """Offer these deeds, and no others."""
    form, playground = await read_form(request, "deeds"), playground_of(request)
    read = [_read(each) for each in form.get("deeds", list)]
    if any(deed.port == playground.port for deed in read):
        raise ValueError("a deed leads to another program, not back to the playground")
    playground.deeds.offer(read)
    return web.json_response([_show(deed) for deed in read])


def _read(meant: Any) -> Deed:
    if not isinstance(meant, dict):
        raise ValueError(f"a deed is an object with {', '.join(_FIELDS)}")
    if strange := sorted(set(meant) - set(_FIELDS)):
        raise ValueError(f"a deed has no field {strange[0]!r}, only {sorted(_FIELDS)}")
    form = Form(meant)
    name, label, url = (form.get(key, str) for key in ("name", "label", "url"))
    return Deed(name=name, label=label, title=form.get_or("title", ""), url=url)


@routes.post("/deeds/{deed}")
async def do(request: web.Request) -> web.Response:
    """Ask the program for a deed, and return what it says of it."""
    return web.json_response({"said": await playground_of(request).deeds.do(request.match_info["deed"])})
