"""What a person did, and what they see of the bot's answer."""

from collections.abc import Callable
from typing import Any

from aiohttp import web

from playground.control.finding import invocation_of, person_of, playground_of
from playground.control.forms import number_in
from playground.invocations import Invocation

routes = web.RouteTableDef()

#: Nobody waits longer in one request.
_MOST_SECONDS = 600


def _finished(invocation: Invocation) -> bool:
    """Return whether there is more to see than that the bot is thinking."""
    response = invocation.response
    settled = invocation.interaction.settled.is_set()
    return settled and (response.kind != "thinking" or response.error is not None)


_UNTIL: dict[str, Callable[[Invocation], bool]] = {
    "settled": lambda invocation: invocation.interaction.settled.is_set(),
    "finished": _finished,
}


def show(invocation: Invocation) -> dict[str, Any]:
    """Return an invocation as the control API shows it."""
    interaction, response = invocation.interaction, invocation.response
    return {
        "id": str(interaction.id),
        "type": interaction.type,
        "channel": str(interaction.channel.id),
        "message": str(interaction.message.id) if interaction.message else None,
        "settled": interaction.settled.is_set(),
        "acknowledged": invocation.acknowledged,
        "acknowledged_after": invocation.acknowledged_after,
        "response": {
            "kind": response.kind,
            "message": response.message,
            "modal": response.modal,
            "ephemeral": response.ephemeral,
            "error": response.error,
        },
        "followups": invocation.followups,
    }


async def reply_with(request: web.Request, invocation: Invocation, status: int = 200) -> web.Response:
    """Return an invocation; the query may say until when to wait: `until=settled|finished` and `seconds`.

    Raises:
        TimeoutError: It did not come to that in time.
        ValueError: The query says something else.
    """
    wanted = request.query.get("until")
    if wanted is not None:
        if wanted not in _UNTIL:
            raise ValueError(f"'until' is one of {sorted(_UNTIL)}, not {wanted!r}")
        seconds = number_in(request, "seconds", 10, _MOST_SECONDS)
        await playground_of(request).until(lambda: _UNTIL[wanted](invocation), seconds)
    return web.json_response(show(invocation), status=status)


@routes.get("/people/{person}/invocations")
async def invocations(request: web.Request) -> web.Response:
    """Return what a person did, oldest first; the last ones where `last` says how many."""
    every = person_of(request).invocations
    last = int(number_in(request, "last", len(every), 1_000_000))
    return web.json_response([show(each) for each in every[max(0, len(every) - last) :]])


@routes.get("/people/{person}/invocations/{invocation}")
async def invocation(request: web.Request) -> web.Response:
    """Return one thing that a person did."""
    return await reply_with(request, invocation_of(request))
