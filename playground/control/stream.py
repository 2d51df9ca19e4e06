"""A stream of changes, as server-sent events: everything that a person's screen must show anew."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from playground.changes import Topic
from playground.control.finding import person_of, playground_of
from playground.control.guilds import show_channel, show_guild
from playground.control.invocations import show
from playground.control.people import show_message
from playground.guilds import Channel, Guild
from playground.interactions import Interaction
from playground.messages import Message
from playground.people import Person

if TYPE_CHECKING:
    from playground.server import Playground

routes = web.RouteTableDef()

#: A line goes out at least this often, so that a reader who has left is noticed.
_SILENCE_SECONDS = 15.0

Told = tuple[str, dict[str, Any]]


class Stream:
    """What one reader has yet to be told: each thing once, as it is by then, however often it changed."""

    def __init__(self) -> None:
        self._waiting: dict[object, None] = {}
        self._event = asyncio.Event()
        self.closed = False

    def add(self, subject: object) -> None:
        """Note that something changed."""
        self._waiting[subject] = None
        self._event.set()

    def close(self) -> None:
        """End the stream."""
        self.closed = True
        self._event.set()

    async def next(self) -> list[object]:
        """Return what changed, in order; nothing after a long silence or at the end."""
        try:
            await asyncio.wait_for(self._event.wait(), _SILENCE_SECONDS)
        except TimeoutError:
            return []
        self._event.clear()
        changed, self._waiting = list(self._waiting), {}
        return changed


class Streams(set[Stream]):
    """All that are open."""

    def close(self) -> None:
        """End every stream."""
        for stream in self:
            stream.close()


STREAMS: web.AppKey[Streams] = web.AppKey("streams")


@routes.get("/people/{person}/changes")
async def changes(request: web.Request) -> web.StreamResponse:
    """Send changes until the reader leaves; the first event is `hello`, after which everything is to be read anew."""
    person, playground = person_of(request), playground_of(request)
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await response.prepare(request)
    stream = Stream()
    request.app[STREAMS].add(stream)
    try:
        with playground.changes.listening(stream.add):
            await response.write(_line("hello", {"now": playground.clock.stamp()}))
            while not stream.closed:
                subjects = await stream.next()
                told = [_line(*each) for subject in subjects if (each := _tell(playground, person, subject))]
                await response.write(b"".join(told) or b":\n\n")
    except ConnectionError:
        pass  # The reader has left.
    finally:
        request.app[STREAMS].discard(stream)
    return response


def _line(kind: str, data: dict[str, Any]) -> bytes:
    return f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode()


def _tell(playground: Playground, person: Person, subject: object) -> Told | None:
    """Return the kind of an event and its data; None where the person sees nothing of it."""
    match subject:
        case Message():
            return _tell_message(person, subject)
        case Channel():
            return _tell_channel(playground, person, subject)
        case Guild():
            return ("guild", show_guild(subject)) if person.user.id in subject.members else None
        case Interaction():
            return ("invocation", show(person.shown(subject))) if subject.user is person.user else None
        case Topic.BOT:
            return "bot", {"connected": playground.connected > 0, "presence": playground.presence}
        case Topic.CLOCK:
            return "clock", {"now": playground.clock.stamp()}
        case Topic.EXCHANGES:
            return "exchanges", {"number": playground.exchanges.total}
    return (subject.value, {}) if isinstance(subject, Topic) else None


def _tell_message(person: Person, message: Message) -> Told | None:
    if message.viewer not in (None, person.user) or not message.channel.permissions_of(person.user):
        return None
    if message.deleted:
        return "message_deleted", {"id": str(message.id), "channel_id": str(message.channel.id)}
    return "message", show_message(message, person)


def _tell_channel(playground: Playground, person: Person, channel: Channel) -> Told | None:
    if channel.guild is None or person.user.id not in channel.guild.members:
        return None
    if channel.id not in playground.world.channels or not channel.permissions_of(person.user):
        return "channel_deleted", {"id": str(channel.id)}
    return "channel", show_channel(channel)
