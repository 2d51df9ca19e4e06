"""REST v10: one request from the wire to a handler and back, with everything that can stop it on the way."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, MultipartReader, web

from playground.changes import Topic
from playground.commands import Commands
from playground.faults import Fault, Faults
from playground.interactions import Interactions
from playground.log import Log
from playground.messages import Upload
from playground.rates import Rates
from playground.refusals import Refusal, invalid, not_found, too_large, unauthorized
from playground.world import World

BASE = "/api/v10"
#: A whole request with all its files.
REQUEST_BYTES = 500 * 1024 * 1024

_log = logging.getLogger(__name__)

Body = dict[str, Any] | list[Any] | None


@dataclass(frozen=True)
class Exchange:
    """One request and its reply, as they were."""

    method: str
    #: The path as in Discord's description, with names in braces.
    template: str
    path: str
    query: dict[str, str]
    #: JSON, or the `payload_json` of a form; of files only names and sizes are kept.
    request: Any
    files: tuple[tuple[str, int], ...]
    status: int
    reply: Any
    #: The reply was a fault's, not an answer of its own.
    faulty: bool = False


@dataclass
class Call:
    """A request for a handler."""

    world: World
    interactions: Interactions
    commands: Commands
    parameters: dict[str, str]
    query: dict[str, str]
    gateway_url: str
    body: Any = None
    files: dict[int, Upload] = field(default_factory=dict)

    def id(self, name: str) -> int:
        """Return a snowflake of the path, or raise the Refusal that it is none."""
        text = self.parameters[name]
        if not text.isdecimal():
            raise invalid((name,), "NUMBER_TYPE_COERCE", f'Value "{text}" is not snowflake.')
        return int(text)

    @property
    def fields(self) -> dict[str, Any]:
        """Return the body as an object, or raise the Refusal that it is none."""
        if self.body is None:
            return {}
        if not isinstance(self.body, dict):
            raise invalid((), "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
        return self.body


Handler = Callable[[Call], Body]


@dataclass(frozen=True)
class Route:
    """A path, and who answers there."""

    method: str
    template: str
    handler: Handler
    #: The path holds the secret, so no bot token is asked for.
    open: bool


class Routes:
    """Collects the routes of a module."""

    def __init__(self) -> None:
        self.all: list[Route] = []

    def add(self, method: str, template: str, open: bool = False) -> Callable[[Handler], Handler]:
        """Register a handler; None as its answer becomes a 204."""

        def register(handler: Handler) -> Handler:
            self.all.append(Route(method, template, handler, open))
            return handler

        return register


class Rest:
    """Answers requests."""

    def __init__(
        self,
        world: World,
        interactions: Interactions,
        commands: Commands,
        rates: Rates,
        faults: Faults,
        token: str,
        exchanges: Log[Exchange],
    ) -> None:
        self._world, self._interactions, self._commands = world, interactions, commands
        self._rates, self._faults, self._token, self._exchanges = rates, faults, token, exchanges
        self.gateway_url = ""

    def add_routes(self, app: web.Application, routes: list[Route]) -> None:
        """Serve these routes, and answer everything else below the base with Discord's 404 or 405."""
        for route in routes:
            app.router.add_route(route.method, BASE + route.template, self._serve(route))
        for template in {route.template for route in routes}:
            app.router.add_route("*", BASE + template, self._refuse(Refusal(405, 0, "405: Method Not Allowed")))
        app.router.add_route("*", BASE + "/{rest:.*}", self._refuse(not_found()))

    def _refuse(self, refusal: Refusal) -> Callable[[web.Request], Any]:
        async def serve(request: web.Request) -> web.Response:
            return _reply(refusal.status, refusal.payload(), {})

        return serve

    def _serve(self, route: Route) -> Callable[[web.Request], Any]:
        async def serve(request: web.Request) -> web.StreamResponse:
            return await self._answer(route, request)

        return serve

    async def _answer(self, route: Route, request: web.Request) -> web.StreamResponse:
        """Read the request, carry it out unless something stops it, note the exchange and reply."""
        parameters, query = dict(request.match_info), dict(request.query)
        call = Call(self._world, self._interactions, self._commands, parameters, query, self.gateway_url)
        headers: dict[str, str] = {}
        status, body, fault = 0, None, None
        try:
            await _read(request, call)
            path = request.path.removeprefix(BASE)
            fault = self._faults.take(route.method, path, route.template)
            if fault is not None and fault.delay_seconds:
                await asyncio.sleep(fault.delay_seconds)
            if fault is None or fault.after:
                status, body = self._carry_out(route, request, call, headers)
        except Refusal as refusal:
            status, body = refusal.status, refusal.payload()
        except Exception:
            _log.exception("%s %s could not be answered", request.method, request.path)
            status, body = 500, {"message": "500: Internal Server Error", "code": 0}
        if fault is not None:
            status, body = _failure(fault, headers)
        self._note(route, request, call, status, body, fault is not None)
        if fault is not None and fault.status == 0 and request.transport is not None:
            request.transport.abort()
        return _reply(status, body, headers)

    def _carry_out(self, route: Route, request: web.Request, call: Call, headers: dict[str, str]) -> tuple[int, Body]:
        """Return status and body of the answer; nothing else happens meanwhile."""
        if not route.open and request.headers.get("Authorization") != f"Bot {self._token}":
            raise unauthorized()
        verdict = self._rates.count(route.method, route.template, call.parameters)
        headers.update(verdict.headers)
        if verdict.retry_after is not None:
            return 429, _slow_down(verdict.retry_after, verdict.everywhere, headers)
        body = route.handler(call)
        return (204 if body is None else 200), body

    def _note(self, route: Route, request: web.Request, call: Call, status: int, body: Body, faulty: bool) -> None:
        files = tuple((upload.name, upload.size) for upload in call.files.values())
        path = request.path.removeprefix(BASE)
        exchange = Exchange(route.method, route.template, path, call.query, call.body, files, status, body, faulty)
        self._exchanges.append(exchange)
        self._world.changes.happened(Topic.EXCHANGES)


def _failure(fault: Fault, headers: dict[str, str]) -> tuple[int, Body]:
    """Return the answer of a fault."""
    if fault.status == 429:
        return 429, _slow_down(fault.retry_after, False, headers)
    return fault.status, {"message": f"{fault.status}: injected", "code": fault.code}


def _slow_down(retry_after: float, everywhere: bool, headers: dict[str, str]) -> dict[str, Any]:
    """Return the body of a 429, and add the headers without which clients do not believe it."""
    headers["Via"] = "1.1 playground"
    headers["Retry-After"] = str(int(retry_after) + 1)
    headers["X-RateLimit-Scope"] = "global" if everywhere else "user"
    message = "You are being rate limited."
    return {"message": message, "retry_after": round(retry_after, 3), "global": everywhere, "code": 0}


def _reply(status: int, body: Body, headers: dict[str, str]) -> web.Response:
    """Return the response; its content type is exactly what clients compare with."""
    if status == 204 or status == 0:
        return web.Response(status=status or 500, headers=headers)
    content = json.dumps(body).encode()
    return web.Response(status=status, body=content, headers=headers | {"Content-Type": "application/json"})


async def _read(request: web.Request, call: Call) -> None:
    """Read the body: JSON, or a form of JSON and files."""
    if not request.can_read_body:
        return
    if request.content_type == "multipart/form-data":
        await _read_form(await request.multipart(), call)
        return
    text = await request.text()
    if text:
        call.body = _parse(text)


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise Refusal(400, 50109, "The request body contains invalid JSON.") from None


async def _read_form(form: MultipartReader, call: Call) -> None:
    """Read `payload_json` and `files[N]`."""
    total = 0
    async for part in form:
        if not isinstance(part, BodyPartReader):
            continue
        content = bytes(await part.read())
        total += len(content)
        if total > REQUEST_BYTES:
            raise too_large()
        name = part.name or ""
        if name == "payload_json":
            call.body = _parse(content.decode())
        elif name.startswith("files[") and name[6:-1].isdecimal():
            call.files[int(name[6:-1])] = Upload(part.filename or "unknown", content)
