"""What the names in a path mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from playground.guilds import Channel, Guild
from playground.invocations import Invocation
from playground.people import Person

if TYPE_CHECKING:
    from playground.server import Playground

PLAYGROUND: web.AppKey[Playground] = web.AppKey("playground")

#: Stands for the direct messages with the bot, in the place of a channel.
DIRECT = "@me"
#: Stands for the newest message that a person sees, in the place of a message.
LAST = "@last"


def playground_of(request: web.Request) -> Playground:
    """Return the playground that is controlled."""
    return request.app[PLAYGROUND]


def find_person(playground: Playground, name: str) -> Person:
    """Return the person of a name.

    Raises:
        LookupError: There is nobody of that name.
    """
    for person in playground.people:
        if person.user.name == name:
            return person
    known = [person.user.name for person in playground.people]
    raise LookupError(f"there is nobody called {name!r}, only {known}")


def person_of(request: web.Request) -> Person:
    """Return the person of the path."""
    return find_person(playground_of(request), request.match_info["person"])


def guild_of(request: web.Request) -> Guild:
    """Return the guild of the path, by name or id."""
    wanted = request.match_info["guild"]
    for guild in playground_of(request).world.guilds.values():
        if wanted in (str(guild.id), guild.name):
            return guild
    raise LookupError(f"there is no guild {wanted!r}")


def channel_of(request: web.Request, person: Person | None = None) -> Channel:
    """Return the channel of the path: by id, by name (the first guild's that has one), or a person's `@me`.

    Raises:
        LookupError: There is no such channel.
    """
    wanted, world = request.match_info["channel"], playground_of(request).world
    if person is not None and wanted == DIRECT:
        return person.dm
    channel = world.channels.get(int(wanted)) if wanted.isdecimal() else None
    return channel or world.find_channel(wanted)


def snowflake(text: str) -> int:
    """Return an id as a number.

    Raises:
        ValueError: It is none.
    """
    if not text.isdecimal():
        raise ValueError(f"{text!r} is no id")
    return int(text)


def message_of(request: web.Request) -> int:
    """Return the id of the message of the path, `@last` for the newest that the person sees.

    Raises:
        LookupError: They see none.
    """
    if request.match_info["message"] != LAST:
        return snowflake(request.match_info["message"])
    person = person_of(request)
    seen = [int(message["id"]) for channel in person.channels for message in person.messages(channel)[-1:]]
    if not seen:
        raise LookupError(f"{person.user.name} sees no message")
    return max(seen)


def invocation_of(request: web.Request) -> Invocation:
    """Return what the person of the path did, by the id of the path."""
    return person_of(request).invocation(snowflake(request.match_info["invocation"]))
