"""People, and what they see."""

from typing import Any

from aiohttp import web

from playground.control.finding import channel_of, find_person, person_of, playground_of
from playground.control.forms import read_form
from playground.control.guilds import show_channel
from playground.messages import Message
from playground.people import Person

routes = web.RouteTableDef()


def _show(person: Person) -> dict[str, Any]:
    user = person.user
    return {
        "id": str(user.id),
        "name": user.name,
        "installed": user.installed,
        "accepts_direct_messages": user.accepts_direct_messages,
    }


@routes.get("/people")
async def people(request: web.Request) -> web.Response:
    """Return everyone."""
    return web.json_response([_show(person) for person in playground_of(request).people])


@routes.put("/people/{person}")
async def set_person(request: web.Request) -> web.Response:
    """Return the person of a name, made on first use as a member of the first guild."""
    form = await read_form(request, "installed", "accepts_direct_messages")
    person = playground_of(request).person(request.match_info["person"])
    person.install(form.get_or("installed", person.user.installed))
    person.accept_direct_messages(form.get_or("accepts_direct_messages", person.user.accepts_direct_messages))
    return web.json_response(_show(person))


@routes.get("/people/{person}/channels")
async def channels(request: web.Request) -> web.Response:
    """Return the channels that a person sees."""
    return web.json_response([show_channel(channel) for channel in person_of(request).channels])


@routes.post("/people/{person}/conversations")
async def converse(request: web.Request) -> web.Response:
    """Return the direct messages of people among themselves, where the bot is not."""
    form, person = await read_form(request, "with"), person_of(request)
    others = [find_person(playground_of(request), name) for name in form.get("with", list)]
    return web.json_response(show_channel(person.private_channel(*others)), status=201)


@routes.get("/people/{person}/channels/{channel}/commands")
async def commands(request: web.Request) -> web.Response:
    """Return the commands that a person is offered in a channel."""
    person = person_of(request)
    return web.json_response(person.commands(channel_of(request, person)))


@routes.get("/people/{person}/channels/{channel}/messages")
async def messages(request: web.Request) -> web.Response:
    """Return what a person sees in a channel, oldest first."""
    person, find = person_of(request), playground_of(request).world.find_message
    seen = person.messages(channel_of(request, person))
    return web.json_response([show_message(find(int(each["id"])), person) for each in seen])


def show_message(message: Message, person: Person) -> dict[str, Any]:
    """Return a message as Discord sends it to a person, and the command that it answers as `used`."""
    body = message.payload(person.user)
    return body | {"used": message.used} if message.used else body
