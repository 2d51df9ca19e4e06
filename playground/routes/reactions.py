"""Reactions."""

from playground.messages import Message
from playground.permissions import Permission
from playground.refusals import Refusal, missing_permissions
from playground.rest import Body, Call, Routes
from playground.routes.channels import seen_channel, seen_message

routes = Routes()

_HERE = "/channels/{channel_id}/messages/{message_id}/reactions"


def _emoji(call: Call) -> str:
    """Return the emoji of the path, or raise the Refusal of a text that is none."""
    emoji = call.parameters["emoji_name"]
    if emoji.isascii() and ":" not in emoji and not emoji.isdigit():
        raise Refusal(400, 10014, "Unknown Emoji")
    return emoji


def _message(call: Call, *needed: Permission) -> Message:
    return seen_message(call, seen_channel(call, Permission.READ_MESSAGE_HISTORY, *needed))


@routes.add("PUT", _HERE + "/{emoji_name}/@me")
def react(call: Call) -> Body:
    """React as the bot; an emoji that is already there needs no permission."""
    message, emoji = _message(call), _emoji(call)
    if emoji not in message.reactions:
        granted = message.channel.permissions_of(call.world.bot)
        if Permission.ADD_REACTIONS not in granted:
            raise missing_permissions()
        if len(message.reactions) >= 20:
            raise Refusal(400, 30010, "Maximum number of reactions reached (20)")
    call.world.add_reaction(message, emoji, call.world.bot)
    return None


@routes.add("DELETE", _HERE + "/{emoji_name}/@me")
def take_back(call: Call) -> Body:
    """Take the bot's reaction back."""
    call.world.remove_reaction(_message(call), _emoji(call), call.world.bot)
    return None


@routes.add("DELETE", _HERE + "/{emoji_name}/{user_id}")
def remove(call: Call) -> Body:
    """Remove someone's reaction."""
    message = _message(call, Permission.MANAGE_MESSAGES)
    call.world.remove_reaction(message, _emoji(call), call.world.user(call.id("user_id")))
    return None


@routes.add("GET", _HERE + "/{emoji_name}")
def reacted(call: Call) -> Body:
    """Return who reacted with an emoji, by id."""
    after, limit = int(call.query.get("after", 0)), int(call.query.get("limit", 25))
    users = sorted(_message(call).reactions.get(_emoji(call), []), key=lambda user: user.id)
    return [user.payload() for user in users if user.id > after][:limit]


@routes.add("DELETE", _HERE + "/{emoji_name}")
def clear_emoji(call: Call) -> Body:
    """Remove everyone's reactions of one emoji."""
    call.world.clear_reactions(_message(call, Permission.MANAGE_MESSAGES), [_emoji(call)])
    return None


@routes.add("DELETE", _HERE)
def clear(call: Call) -> Body:
    """Remove all reactions."""
    call.world.clear_reactions(_message(call, Permission.MANAGE_MESSAGES))
    return None
