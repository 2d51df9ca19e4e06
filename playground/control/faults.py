"""What goes wrong on purpose."""

import dataclasses
from typing import Any

from aiohttp import web

from playground.control.finding import find_person, playground_of, snowflake
from playground.control.forms import Form, read_form
from playground.faults import Fault
from playground.invocations import Invocation

routes = web.RouteTableDef()


def _show(fault: Fault) -> dict[str, Any]:
    return dataclasses.asdict(fault)


@routes.get("/faults")
async def faults(request: web.Request) -> web.Response:
    """Return the faults that wait for a request."""
    return web.json_response([_show(fault) for fault in playground_of(request).faults.waiting])


@routes.post("/faults")
async def fail(request: web.Request) -> web.Response:
    """Fail the next requests of a route."""
    form = await read_form(
        request, "method", "path", "status", "times", "code", "after", "retry_after", "delay_seconds"
    )
    fault = playground_of(request).faults.fail(
        form.get_or("method", "*"),
        form.get("path", str),
        status=form.get_or("status", 500),
        times=None if form.fields.get("times", 1) is None else form.get_or("times", 1),
        code=form.get_or("code", 0),
        after=form.get_or("after", False),
        retry_after=form.get_or("retry_after", 0.05),
        delay_seconds=form.get_or("delay_seconds", 0.0),
    )
    return web.json_response(_show(fault), status=201)


@routes.delete("/faults")
async def heal(request: web.Request) -> web.Response:
    """Fail nothing from now on."""
    playground_of(request).faults.heal()
    return web.Response(status=204)


@routes.post("/faults/drop-sockets")
async def drop_sockets(request: web.Request) -> web.Response:
    """Cut every gateway socket, or close it with a code."""
    form = await read_form(request, "code")
    playground_of(request).faults.drop_sockets(form.optional("code", int))
    return web.Response(status=204)


@routes.post("/faults/reconnect")
async def reconnect(request: web.Request) -> web.Response:
    """Send op 7."""
    playground_of(request).faults.reconnect()
    return web.Response(status=204)


@routes.post("/faults/invalidate-sessions")
async def invalidate_sessions(request: web.Request) -> web.Response:
    """Send op 9."""
    form = await read_form(request, "resumable")
    playground_of(request).faults.invalidate_sessions(form.get_or("resumable", False))
    return web.Response(status=204)


@routes.post("/faults/ignore-heartbeats")
async def ignore_heartbeats(request: web.Request) -> web.Response:
    """Acknowledge no heartbeat until the faults are healed."""
    playground_of(request).faults.ignore_heartbeats()
    return web.Response(status=204)


@routes.post("/faults/demand-heartbeats")
async def demand_heartbeats(request: web.Request) -> web.Response:
    """Send op 1."""
    playground_of(request).faults.demand_heartbeats()
    return web.Response(status=204)


@routes.post("/faults/lapse-tokens")
async def lapse_tokens(request: web.Request) -> web.Response:
    """End the token of one of a person's invocations, or of everything until now."""
    form, playground = await read_form(request, "person", "invocation"), playground_of(request)
    if form.fields:
        playground.faults.lapse_tokens(_invocation(request, form))
    else:
        playground.faults.lapse_tokens()
    return web.Response(status=204)


def _invocation(request: web.Request, form: Form) -> Invocation:
    person = find_person(playground_of(request), form.get("person", str))
    return person.invocation(snowflake(form.get("invocation", str)))
