"""Interactions: the callback, the original and the followups."""

from playground import answers
from playground.interactions import Interaction
from playground.messages import Message
from playground.rest import Body, Call, Routes
from playground.writing import edit

routes = Routes()

_WEBHOOK = "/webhooks/{webhook_id}/{webhook_token}"


@routes.add("POST", "/interactions/{interaction_id}/{interaction_token}/callback", open=True)
def callback(call: Call) -> Body:
    """Answer an interaction."""
    interaction = call.interactions.to_acknowledge(call.id("interaction_id"), call.parameters["interaction_token"])
    body = answers.callback(call.world, call.interactions, interaction, call.fields, call.files)
    return body if call.query.get("with_response") in ("1", "true", "True") else None


def _interaction(call: Call) -> Interaction:
    return call.interactions.of_token(call.id("webhook_id"), call.parameters["webhook_token"])


def _message(call: Call) -> Message:
    """Return the message of the path: the original, or a followup by its id."""
    interaction = _interaction(call)
    if call.parameters.get("message_id", "@original") == "@original":
        return answers.message_of(interaction, None)
    return answers.message_of(interaction, call.id("message_id"))


@routes.add("POST", _WEBHOOK, open=True)
def follow_up(call: Call) -> Body:
    """Say something more; with an interaction's token the message always comes back."""
    written = answers.follow_up(call.world, _interaction(call), call.fields, call.files)
    return written.payload(call.world.bot)


@routes.add("GET", _WEBHOOK + "/messages/@original", open=True)
@routes.add("GET", _WEBHOOK + "/messages/{message_id}", open=True)
def message(call: Call) -> Body:
    """Return the original or a followup."""
    return _message(call).payload(call.world.bot)


@routes.add("PATCH", _WEBHOOK + "/messages/@original", open=True)
@routes.add("PATCH", _WEBHOOK + "/messages/{message_id}", open=True)
def edit_message(call: Call) -> Body:
    """Change the original or a followup; a thinking one is thereby filled."""
    found = _message(call)
    edit(call.world, found, call.fields, call.files)
    return found.payload(call.world.bot)


@routes.add("DELETE", _WEBHOOK + "/messages/@original", open=True)
@routes.add("DELETE", _WEBHOOK + "/messages/{message_id}", open=True)
def delete_message(call: Call) -> Body:
    """Delete the original or a followup."""
    call.world.delete_message(_message(call))
    return None
