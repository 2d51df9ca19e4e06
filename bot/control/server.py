"""A server on loopback for `easel admin`: only this machine reaches it, and only who may read its file is heard.

The file names the port and a token, both new at each start. What a browser sends is refused, whatever it knows.
"""

import asyncio
import hmac
import logging
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

import msgspec
from aiohttp import web

from bot.control.broadcasts import Broadcasts
from bot.errors import EaselError
from bot.services.operator import Operator
from inference.protocol.limits import OutOfRange
from storage import StorageError

log = logging.getLogger("easel.control")

#: In the data folder, while the bot runs.
FILE = "control.json"
HOST = "127.0.0.1"
_MOST_BYTES = 64 * 1024
#: What browsers say of themselves, and programs do not.
_OF_BROWSERS = ("Origin", "Referer", "Sec-Fetch-Site", "Sec-Fetch-Mode", "Cookie")


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where the running bot listens, and the token that it takes."""

    port: int
    token: str
    pid: int


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an action needs that needs nothing."""


class OfServer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A server by its id or name, and a reason."""

    server: str
    why: str = ""


class OfWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Words."""

    text: str = ""


class OfDays(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A number of days."""

    days: Annotated[int, msgspec.Meta(ge=0, le=100_000)] | None = None


class OfBackup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a backup is to lie, and how many are kept there."""

    folder: str | None = None
    keep: Annotated[int, msgspec.Meta(ge=0, le=1000)] | None = None


#: What an action needs, and the action.
Action = tuple[type[Any], Callable[[Any], Awaitable[object]]]


def actions(operator: Operator, broadcasts: Broadcasts) -> Mapping[str, Action]:
    """Return what can be asked for, by name."""

    async def close(wanted: OfServer) -> object:
        guild_id = operator.server(wanted.server)
        await operator.close(guild_id, wanted.why)
        return {"server": guild_id}

    async def reopen(wanted: OfServer) -> object:
        guild_id = operator.server(wanted.server)
        return {"server": guild_id, "was_closed": await operator.open(guild_id)}

    async def forget(wanted: OfServer) -> object:
        guild_id = operator.server(wanted.server)
        return {"server": guild_id, "requests": await operator.forget(guild_id)}

    async def drain(wanted: OfWords) -> object:
        await operator.drain(wanted.text)
        return {"draining": operator.draining}

    async def resume(_wanted: Nothing) -> object:
        return {"was_draining": await operator.resume()}

    async def backup(wanted: OfBackup) -> object:
        operator.backups.begin(Path(wanted.folder) if wanted.folder else None, wanted.keep)
        return operator.backups.state

    async def backup_state(_wanted: Nothing) -> object:
        return operator.backups.state

    async def broadcast_send(wanted: OfWords) -> object:
        await broadcasts.send(wanted.text)
        return broadcasts.state

    async def broadcast_state(_wanted: Nothing) -> object:
        return broadcasts.state

    return {
        "status": (Nothing, lambda _: operator.status()),
        "servers": (Nothing, lambda _: operator.servers()),
        "close": (OfServer, close),
        "open": (OfServer, reopen),
        "forget": (OfServer, forget),
        "drain": (OfWords, drain),
        "resume": (Nothing, resume),
        "refresh": (Nothing, lambda _: operator.refresh()),
        "keep": (OfDays, lambda wanted: operator.retention(wanted.days)),
        "backup": (OfBackup, backup),
        "backup-state": (Nothing, backup_state),
        "broadcast": (OfWords, lambda wanted: broadcasts.draft(wanted.text)),
        "broadcast-send": (OfWords, broadcast_send),
        "broadcast-state": (Nothing, broadcast_state),
    }


@asynccontextmanager
async def listening(folder: Path, offered: Mapping[str, Action]) -> AsyncIterator[Address]:
    """Listen for the length of the block, with the file in `folder` that says where. Raises OSError."""
    token = secrets.token_urlsafe(32)
    guard = _Guard(token, offered)
    application = web.Application(client_max_size=_MOST_BYTES)
    application.router.add_route("*", "/{action}", guard.answer)
    runner = web.AppRunner(application, access_log=None, handle_signals=False)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, 0).start()
        guard.port = runner.addresses[0][1]
        address = Address(port=guard.port, token=token, pid=os.getpid())
        await asyncio.to_thread(_write, folder / FILE, msgspec.json.encode(address))
        try:
            yield address
        finally:
            await asyncio.to_thread(_forget, folder / FILE, token)
    finally:
        await runner.cleanup()


class _Guard:
    """Hears whoever knows the token, and does what they ask."""

    def __init__(self, token: str, offered: Mapping[str, Action]) -> None:
        self._expected = f"Bearer {token}".encode()
        self._offered = offered
        self.port = 0

    async def answer(self, request: web.Request) -> web.Response:
        """Do what a request asks for, and return what came of it as JSON."""
        if request.host != f"{HOST}:{self.port}" or any(name in request.headers for name in _OF_BROWSERS):
            return _refusal(403, "This is for programs on this machine.")
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, self._expected):
            return _refusal(401, "The token is not the one that is expected.")
        if request.method != "POST" or request.content_type != "application/json":
            return _refusal(405, "POST JSON.")
        found = self._offered.get(request.match_info["action"])
        if found is None:
            return _refusal(404, "There is no such action. Is the bot of another version than this command?")
        wants, act = found
        try:
            wanted = msgspec.json.decode(await request.read(), type=wants)
        except (msgspec.DecodeError, UnicodeError) as error:
            return _refusal(400, f"That cannot be read: {error}.")
        return await _done(act, wanted)


async def _done(act: Callable[[Any], Awaitable[object]], wanted: object) -> web.Response:
    """Do it, and say in words what went wrong."""
    try:
        found = await act(wanted)
    except (EaselError, OutOfRange) as error:
        return _refusal(422, str(error))
    except StorageError as error:
        return _refusal(503, str(error))
    except Exception:
        log.exception("what was asked for on loopback went wrong")
        return _refusal(500, "Something went wrong; the log of the bot says more.")
    return web.Response(body=msgspec.json.encode(found), content_type="application/json")


def _refusal(status: int, words: str) -> web.Response:
    body = msgspec.json.encode({"error": words})
    return web.Response(status=status, body=body, content_type="application/json")


def _write(path: Path, text: bytes) -> None:
    """Write a file that this account alone may read, in place of one that a killed bot left."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(text)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _forget(path: Path, token: str) -> None:
    """Delete the file, unless another bot has written its own."""
    with suppress(OSError, msgspec.DecodeError):
        if msgspec.json.decode(path.read_bytes(), type=Address).token == token:
            path.unlink()
