"""Channels: what everyone sees in them, and what they allow."""

from aiohttp import web

from playground.control.finding import channel_of, find_person, playground_of
from playground.control.forms import read_form
from playground.control.guilds import find_role, show_channel

routes = web.RouteTableDef()


@routes.get("/channels/{channel}/messages")
async def messages(request: web.Request) -> web.Response:
    """Return what everyone sees in a channel, oldest first."""
    return web.json_response(playground_of(request).messages(channel_of(request)))


@routes.put("/channels/{channel}")
async def change(request: web.Request) -> web.Response:
    """Make a channel age-restricted, or open it to everybody again."""
    form, channel = await read_form(request, "age_restricted"), channel_of(request)
    channel.restrict_age(form.get("age_restricted", bool))
    return web.json_response(show_channel(channel))


@routes.delete("/channels/{channel}")
async def delete(request: web.Request) -> web.Response:
    """Delete a channel with its messages."""
    channel = channel_of(request)
    playground_of(request).faults.delete_channel(channel)
    return web.json_response(show_channel(channel))


@routes.put("/channels/{channel}/overwrites")
async def overwrite(request: web.Request) -> web.Response:
    """Allow and deny something to a role or a person, in one channel."""
    form, channel = await read_form(request, "role", "person", "allow", "deny"), channel_of(request)
    if channel.guild is None:
        raise ValueError("a conversation has no overwrites")
    name = form.optional("role", str)
    if name is not None:
        channel.overwrite(find_role(channel.guild, name), form.get_or("allow", 0), form.get_or("deny", 0))
    else:
        person = find_person(playground_of(request), form.get("person", str))
        channel.overwrite(person.user, form.get_or("allow", 0), form.get_or("deny", 0))
    return web.json_response(show_channel(channel))
