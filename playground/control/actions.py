"""What a person does."""

from typing import Any

from aiohttp import web

from playground.control.finding import (
    channel_of,
    find_person,
    invocation_of,
    message_of,
    person_of,
    playground_of,
    snowflake,
)
from playground.control.forms import Form, read_form
from playground.control.guilds import show_channel
from playground.control.invocations import reply_with

routes = web.RouteTableDef()

_HERE = "/people/{person}/channels/{channel}"
_MESSAGE = "/people/{person}/messages/{message}"


@routes.post(_HERE + "/messages")
async def send(request: web.Request) -> web.Response:
    """Write a message, with every file of the form."""
    form, person = await read_form(request, "content", "reply_to", files=True), person_of(request)
    files = [upload for uploads in form.files.values() for upload in uploads]
    place, answered = channel_of(request, person), form.optional("reply_to", str)
    reply_to = None if answered is None else snowflake(answered)
    message = await person.send(place, form.get_or("content", ""), files, reply_to)
    return web.json_response(message, status=201)


@routes.post(_HERE + "/threads")
async def start_thread(request: web.Request) -> web.Response:
    """Begin a thread."""
    form, person = await read_form(request, "name"), person_of(request)
    thread = person.start_thread(channel_of(request, person), form.get("name", str))
    return web.json_response(show_channel(thread), status=201)


@routes.post(_HERE + "/commands")
async def use_command(request: web.Request) -> web.Response:
    """Use a command; files are the options of their parts' names."""
    form = await read_form(request, "name", "options", "target", "checked", files=True)
    person = person_of(request)
    invocation = await person.command(
        form.get("name", str),
        form.values("options"),
        channel=channel_of(request, person),
        target=_target(request, form),
        checked=form.get_or("checked", True),
    )
    return await reply_with(request, invocation, status=201)


def _target(request: web.Request, form: Form) -> Any:
    """Return what a command from a menu is used on: {"message": id} or {"person": name}; None for a slash command."""
    target = form.optional("target", dict)
    if target is None:
        return None
    inner = Form(target)
    if (message := inner.optional("message", str)) is not None:
        return snowflake(message)
    return find_person(playground_of(request), inner.get("person", str))


@routes.post(_HERE + "/autocomplete")
async def autocomplete(request: web.Request) -> web.Response:
    """Type into an option, and return the choices that the bot offers."""
    form, person = await read_form(request, "name", "options", "focused"), person_of(request)
    options, focused = form.get_or("options", dict[str, Any]()), form.get("focused", str)
    place = channel_of(request, person)
    choices = await person.autocomplete(form.get("name", str), options, focused, channel=place)
    return web.json_response(choices)


@routes.post(_MESSAGE + "/press")
async def press(request: web.Request) -> web.Response:
    """Press a button."""
    form = await read_form(request, "component")
    invocation = await person_of(request).press(message_of(request), form.get("component", str))
    return await reply_with(request, invocation, status=201)


@routes.post(_MESSAGE + "/select")
async def select(request: web.Request) -> web.Response:
    """Choose from a select."""
    form = await read_form(request, "component", "values")
    component, values = form.get("component", str), form.get("values", list)
    return await reply_with(
        request, await person_of(request).select(message_of(request), component, values), status=201
    )


@routes.post("/people/{person}/invocations/{invocation}/submit")
async def submit(request: web.Request) -> web.Response:
    """Send in the modal that an invocation opened; files are the inputs of their parts' names."""
    form, opened = await read_form(request, "values", files=True), invocation_of(request).response.modal
    if opened is None:
        raise ValueError("this invocation opened no modal")
    invocation = await person_of(request).submit(opened, form.values("values"))
    return await reply_with(request, invocation, status=201)


@routes.put(_MESSAGE + "/reactions/{emoji}")
async def react(request: web.Request) -> web.Response:
    """React to a message."""
    await person_of(request).react(message_of(request), request.match_info["emoji"])
    return web.Response(status=204)


@routes.delete(_MESSAGE + "/reactions/{emoji}")
async def unreact(request: web.Request) -> web.Response:
    """Take a reaction back."""
    await person_of(request).unreact(message_of(request), request.match_info["emoji"])
    return web.Response(status=204)


@routes.delete(_MESSAGE)
async def delete(request: web.Request) -> web.Response:
    """Delete a message."""
    await person_of(request).delete(message_of(request))
    return web.Response(status=204)
