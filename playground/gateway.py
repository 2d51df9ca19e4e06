"""The gateway: sessions that get events over a WebSocket, and get them again when they resume."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import time
import zlib
from collections import deque
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from playground.changes import Topic
from playground.intents import HIGHEST, PRIVILEGED, Intent
from playground.log import Log
from playground.settings import PlaygroundSettings
from playground.world import Event, World


class Op(IntEnum):
    """What a frame is; the numbers are Discord's."""

    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE = 3
    VOICE = 4
    RESUME = 6
    RECONNECT = 7
    REQUEST_MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


#: What a socket may send in a minute.
_COMMANDS_A_MINUTE = 120
#: A socket is closed when no heartbeat came for so many intervals.
_PATIENCE_INTERVALS = 1.5
#: No answer comes at once over a network. discord.py notes when it sent a heartbeat only after it was sent; an answer
#: that is there by then looks to it as if it had been under way since the heartbeat before.
_ACK_SECONDS = 0.05
_CLOSED_NORMALLY = (WSCloseCode.OK, WSCloseCode.GOING_AWAY)


class Closing(Exception):
    """The socket is closed with a code and the words for it."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


@dataclass(eq=False)
class Session:
    """What an identify began; it outlives its socket for a while."""

    id: str
    intents: Intent
    shard: tuple[int, int]
    sequence: int = 0
    past: deque[dict[str, Any]] = field(default_factory=deque)
    connection: Connection | None = None
    left_at: float | None = None

    def wants(self, event: Event) -> bool:
        """Return whether this session asked for an event, and its shard has it."""
        index, count = self.shard
        mine = (event.guild.id >> 22) % count == index if event.guild else index == 0
        return mine and (not event.intents or bool(event.intents & self.intents))

    def send(self, name: str, data: Any) -> dict[str, Any]:
        """Send an event, or keep it for a resume."""
        self.sequence += 1
        frame = {"op": Op.DISPATCH, "s": self.sequence, "t": name, "d": data}
        self.past.append(frame)
        if self.connection is not None:
            self.connection.send(frame)
        return frame


class Connection:
    """One socket: what goes out is queued, so that nobody waits for a slow reader."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request, compress: bool) -> None:
        self._socket, self._request = socket, request
        self._deflate = zlib.compressobj() if compress else None
        self._outbox: asyncio.Queue[dict[str, Any] | Closing | None] = asyncio.Queue()
        self.session: Session | None = None
        #: It was not the client who ended it.
        self.closed_here = False
        self.heard_at = time.monotonic()
        self.commands: deque[float] = deque()

    def send(self, frame: dict[str, Any]) -> None:
        """Send a frame after those that wait."""
        self._outbox.put_nowait(frame)

    def close(self, code: int, reason: str) -> None:
        """Close the socket after what waits was sent."""
        self._outbox.put_nowait(Closing(code, reason))

    def abort(self) -> None:
        """Cut the wire: the other side hears nothing."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def write(self) -> None:
        """Send what is queued, until the socket is closed."""
        with contextlib.suppress(ConnectionError):
            while frame := await self._outbox.get():
                if isinstance(frame, Closing):
                    self.closed_here = True
                    await self._socket.close(code=frame.code, message=frame.reason.encode())
                    return
                await self._send(json.dumps(frame))

    async def _send(self, text: str) -> None:
        if self._deflate is None:
            await self._socket.send_str(text)
        else:
            flushed = self._deflate.compress(text.encode()) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
            await self._socket.send_bytes(flushed)


class Gateway:
    """Takes sockets in, and passes the world's events on."""

    def __init__(self, world: World, settings: PlaygroundSettings, token: str) -> None:
        self._world, self._settings, self._token = world, settings, token
        self._sessions: dict[str, Session] = {}
        self._connections: set[Connection] = set()
        #: Every event that was sent, for validation.
        self.sent: Log[dict[str, Any]] = Log(settings.exchanges_kept)
        #: What the bot last said of itself.
        self.presence: dict[str, Any] | None = None
        #: False, and heartbeats are no longer acknowledged.
        self.acknowledges_heartbeats = True
        self.url = ""
        world.on_event = self.publish

    @property
    def connected(self) -> int:
        """Return how many sessions have a socket."""
        return sum(session.connection is not None for session in self._sessions.values())

    def publish(self, event: Event) -> None:
        """Give an event to every session that wants it."""
        for session in self._living():
            if session.wants(event):
                unread = event.redacted is not None and Intent.MESSAGE_CONTENT not in session.intents
                self.sent.append(session.send(event.name, event.redacted if unread else event.data))

    def _living(self) -> list[Session]:
        """Return the sessions that have a socket or can still be resumed, and forget the others."""
        oldest = time.monotonic() - self._settings.resume_seconds
        for session in list(self._sessions.values()):
            if session.left_at is not None and session.left_at < oldest:
                del self._sessions[session.id]
        return list(self._sessions.values())

    # --- for whoever wants trouble

    def drop(self, code: int | None = None) -> None:
        """Close every socket with a code, or cut the wire; sessions can be resumed."""
        for connection in self._connections:
            if code is None:
                connection.abort()
            else:
                connection.close(code, "")

    def reconnect(self) -> None:
        """Ask every session to come back and resume."""
        for connection in self._connections:
            connection.send({"op": Op.RECONNECT, "s": None, "t": None, "d": None})

    def invalidate(self, resumable: bool = False) -> None:
        """Tell every session that it is invalid; it may resume all the same, or must identify again."""
        if not resumable:
            self._sessions.clear()
        for connection in self._connections:
            connection.session = connection.session if resumable else None
            connection.send({"op": Op.INVALID_SESSION, "s": None, "t": None, "d": resumable})

    def demand_heartbeats(self) -> None:
        """Ask every client for a heartbeat now."""
        for connection in self._connections:
            connection.send({"op": Op.HEARTBEAT, "s": None, "t": None, "d": None})

    async def close(self) -> None:
        """Close every socket."""
        for connection in self._connections:
            connection.close(WSCloseCode.GOING_AWAY, "")

    # --- one socket

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one socket from hello to close."""
        socket = web.WebSocketResponse(compress=False, max_msg_size=1 << 20, timeout=1.0)
        await socket.prepare(request)
        compress = self._settings.compression and request.query.get("compress") == "zlib-stream"
        connection = Connection(socket, request, compress)
        self._connections.add(connection)
        interval = self._settings.heartbeat_seconds
        connection.send({"op": Op.HELLO, "s": None, "t": None, "d": {"heartbeat_interval": round(interval * 1000)}})
        writer = asyncio.create_task(connection.write())
        watcher = asyncio.create_task(self._watch(connection))
        try:
            if request.query.get("v", "10") not in ("9", "10"):
                raise Closing(4012, "Invalid API version.")
            await self._read(socket, connection)
        except Closing as closing:
            connection.close(closing.code, closing.reason)
            await writer
        finally:
            watcher.cancel()
            writer.cancel()
            await asyncio.gather(watcher, writer, return_exceptions=True)
            self._left(connection, socket.close_code)
        return socket

    def _left(self, connection: Connection, code: int | None) -> None:
        """Keep the session for a resume, unless the client said goodbye."""
        self._connections.discard(connection)
        session = connection.session
        if session is not None and session.connection is connection:
            session.connection = None
            session.left_at = time.monotonic()
            if code in _CLOSED_NORMALLY and not connection.closed_here:
                self._sessions.pop(session.id, None)
        self._world.changes.happened(Topic.BOT)

    async def _watch(self, connection: Connection) -> None:
        """Close a socket whose heart has stopped."""
        patience = self._settings.heartbeat_seconds * _PATIENCE_INTERVALS
        while True:
            silence = time.monotonic() - connection.heard_at
            if silence >= patience:
                break
            await asyncio.sleep(patience - silence)
        if connection.session is not None:
            self._sessions.pop(connection.session.id, None)
        connection.close(4009, "Session timed out.")

    async def _read(self, socket: web.WebSocketResponse, connection: Connection) -> None:
        async for message in socket:
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                continue
            self._count(connection)
            try:
                frame = json.loads(message.data)
                op, data = frame["op"], frame.get("d")
            except (ValueError, TypeError, KeyError):
                raise Closing(4002, "Error while decoding payload.") from None
            self._handle(connection, op, data)

    def _count(self, connection: Connection) -> None:
        now = time.monotonic()
        connection.commands.append(now)
        while connection.commands[0] < now - 60:
            connection.commands.popleft()
        if len(connection.commands) > _COMMANDS_A_MINUTE:
            raise Closing(4008, "You are being rate limited.")

    def _handle(self, connection: Connection, op: Any, data: Any) -> None:
        match op:
            case Op.HEARTBEAT:
                connection.heard_at = time.monotonic()
                if self.acknowledges_heartbeats:
                    ack = {"op": Op.HEARTBEAT_ACK, "s": None, "t": None, "d": None}
                    asyncio.get_running_loop().call_later(_ACK_SECONDS, connection.send, ack)
            case Op.IDENTIFY:
                self._identify(connection, data)
            case Op.RESUME:
                self._resume(connection, data)
            case Op.PRESENCE | Op.VOICE | Op.REQUEST_MEMBERS if connection.session is None:
                raise Closing(4003, "Not authenticated.")
            case Op.PRESENCE:
                self._set_presence(data)
            case Op.VOICE:
                pass
            case Op.REQUEST_MEMBERS:
                self._send_members(connection.session, data)
            case _:
                raise Closing(4001, "Unknown opcode.")

    def _set_presence(self, presence: dict[str, Any]) -> None:
        """Note what the bot says of itself; some clients say `game` for their one activity."""
        game = presence.get("game")
        activities = presence.get("activities") or ([game] if game else [])
        self.presence = {"status": presence.get("status", "online"), "activities": activities}
        self._world.changes.happened(Topic.BOT)

    def _identify(self, connection: Connection, data: dict[str, Any]) -> None:
        """Begin a session: READY, and then the guilds one by one."""
        if connection.session is not None:
            raise Closing(4005, "Already authenticated.")
        if data.get("token") != self._token:
            raise Closing(4004, "Authentication failed.")
        bits = data.get("intents")
        if not isinstance(bits, int) or not 0 <= bits < HIGHEST << 1:
            raise Closing(4013, "Invalid intent(s).")
        intents = Intent(bits)
        if intents & PRIVILEGED & ~Intent(self._settings.privileged_intents):
            raise Closing(4014, "Disallowed intent(s).")
        index, count = data.get("shard") or (0, 1)
        if not 0 <= index < count:
            raise Closing(4010, "Invalid shard.")
        past: deque[dict[str, Any]] = deque(maxlen=self._settings.events_kept)
        session = Session(secrets.token_hex(16), intents, (index, count), past=past, connection=connection)
        connection.session = self._sessions[session.id] = session
        if data.get("presence"):
            self._set_presence(data["presence"])
        self._welcome(session, with_shard=bool(data.get("shard")))
        self._world.changes.happened(Topic.BOT)

    def _welcome(self, session: Session, with_shard: bool) -> None:
        index, count = session.shard
        bot = self._world.bot
        guilds = [
            guild
            for guild in self._world.guilds.values()
            if guild.bot_member is not None and (guild.id >> 22) % count == index
        ]
        ready: dict[str, Any] = {
            "v": 10,
            "user": bot.private_payload(),
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": self.url,
            "application": {"id": str(bot.id), "flags": 0, "flags_new": "0"},
            "session_type": "normal",
            "private_channels": [],
            "presences": [],
            "relationships": [],
            "user_settings": {},
        }
        self.sent.append(session.send("READY", ready | {"shard": [index, count]} if with_shard else ready))
        if Intent.GUILDS in session.intents:
            everyone = Intent.GUILD_MEMBERS in session.intents
            for guild in filter(lambda each: each.available, guilds):
                self.sent.append(session.send("GUILD_CREATE", guild.create_payload(everyone)))

    def _resume(self, connection: Connection, data: dict[str, Any]) -> None:
        """Go on with a session: what it missed comes first."""
        if data.get("token") != self._token:
            raise Closing(4004, "Authentication failed.")
        session = next((each for each in self._living() if each.id == data.get("session_id")), None)
        seen = data.get("seq") or 0
        missed = session.sequence - seen if session else 0
        if session is None or missed > len(session.past):
            connection.send({"op": Op.INVALID_SESSION, "s": None, "t": None, "d": False})
            return
        if missed < 0:
            raise Closing(4007, "Invalid `seq`.")
        if session.connection is not None:
            session.connection.session = None
            session.connection.close(4000, "")
        for frame in list(session.past)[len(session.past) - missed :]:
            connection.send(frame)
        connection.session, session.connection, session.left_at = session, connection, None
        session.send("RESUMED", {"_trace": []})
        self._world.changes.happened(Topic.BOT)

    def _send_members(self, session: Session | None, data: dict[str, Any]) -> None:
        """Answer a request for members."""
        guild = self._world.guilds.get(int(data.get("guild_id") or 0))
        if session is None or guild is None:
            return
        wanted = [str(user) for user in data.get("user_ids") or []]
        members = [
            member.payload()
            for member in guild.members.values()
            if (str(member.user.id) in wanted if wanted else member.user.name.startswith(data.get("query") or ""))
        ]
        chunk: dict[str, Any] = {"guild_id": str(guild.id), "members": members, "chunk_index": 0, "chunk_count": 1}
        if data.get("nonce"):
            chunk["nonce"] = data["nonce"]
        self.sent.append(session.send("GUILD_MEMBERS_CHUNK", chunk))
