"""Channels and the messages in them, as a bot with permissions reads and writes them."""

from typing import Any

from playground.guilds import Channel
from playground.messages import REPLY, Message
from playground.permissions import Permission
from playground.refusals import Refusal, invalid, missing_access, missing_permissions, unknown
from playground.rest import Body, Call, Routes
from playground.threads import writing
from playground.writing import edit, new_message, write

routes = Routes()

#: Within so many messages, the same nonce of the same author is the same message.
_NONCE_MEMORY = 50


def seen_channel(call: Call, *needed: Permission) -> Channel:
    """Return the channel of the path, or raise the Refusal that the bot does not see it or lacks a permission."""
    channel = call.world.channel(call.id("channel_id"))
    granted = channel.permissions_of(call.world.bot)
    if Permission.VIEW_CHANNEL not in granted:
        raise missing_access()
    if any(permission not in granted for permission in needed):
        raise missing_permissions()
    return channel


def writing_in(call: Call) -> Permission:
    """Return the permission that writing in the channel of the path needs."""
    return writing(call.world.channel(call.id("channel_id")))


def seen_message(call: Call, channel: Channel) -> Message:
    """Return the message of the path, or raise the Refusal that there is none."""
    message = channel.messages.get(call.id("message_id"))
    if message is None:
        raise unknown("Message")
    return message


@routes.add("GET", "/channels/{channel_id}")
def channel(call: Call) -> Body:
    """Return a channel."""
    return seen_channel(call).payload(call.world.bot)


@routes.add("DELETE", "/channels/{channel_id}")
def delete_channel(call: Call) -> Body:
    """Delete a channel."""
    found = seen_channel(call, Permission.MANAGE_CHANNELS)
    if found.guild is not None:
        found.guild.delete_channel(found)
    return found.payload(call.world.bot)


@routes.add("POST", "/channels/{channel_id}/typing")
def typing(call: Call) -> Body:
    """Say that the bot is writing."""
    seen_channel(call, writing_in(call))
    return None


@routes.add("GET", "/channels/{channel_id}/messages")
def messages(call: Call) -> Body:
    """Return messages, newest first."""
    found = seen_channel(call)
    if Permission.READ_MESSAGE_HISTORY not in found.permissions_of(call.world.bot):
        return []
    before, after = int(call.query.get("before", 1 << 63)), int(call.query.get("after", 0))
    limit = int(call.query.get("limit", 50))
    if not 1 <= limit <= 100:
        raise invalid(("limit",), "NUMBER_TYPE_MAX", "int value should be less than or equal to 100.")
    chosen = [message for message in found.messages.values() if after < message.id < before]
    chosen = chosen[:limit] if "after" in call.query else chosen[-limit:]
    return [message.payload(call.world.bot) for message in reversed(chosen)]


@routes.add("GET", "/channels/{channel_id}/messages/{message_id}")
def message(call: Call) -> Body:
    """Return one message."""
    found = seen_channel(call, Permission.READ_MESSAGE_HISTORY)
    return seen_message(call, found).payload(call.world.bot)


@routes.add("POST", "/channels/{channel_id}/messages")
def send(call: Call) -> Body:
    """Write a message."""
    body, world = call.fields, call.world
    found = seen_channel(call, writing_in(call), *([Permission.ATTACH_FILES] if call.files else []))
    if found.guild is None and any(not user.accepts_direct_messages for user in found.recipients):
        raise Refusal(403, 50007, "Cannot send messages to this user")
    if (same := _same_nonce(call, found, body)) is not None:
        return same.payload(world.bot)
    if Permission.EMBED_LINKS not in found.permissions_of(world.bot):
        body.pop("embeds", None)
    written = new_message(world, found, world.bot)
    written.nonce, written.tts = body.get("nonce"), bool(body.get("tts"))
    _refer(call, written, body.get("message_reference"))
    write(world, written, body, call.files)
    world.add_message(written)
    return written.payload(world.bot)


def _same_nonce(call: Call, channel: Channel, body: dict[str, Any]) -> Message | None:
    """Return the message that an enforced nonce already made."""
    if not body.get("enforce_nonce"):
        return None
    recent = list(channel.messages.values())[-_NONCE_MEMORY:]
    mine = (message for message in recent if message.author is call.world.bot and message.nonce is not None)
    return next((message for message in mine if str(message.nonce) == str(body.get("nonce"))), None)


def _refer(call: Call, written: Message, reference: dict[str, Any] | None) -> None:
    """Make a message an answer to another."""
    if reference is None:
        return
    answered = written.channel.messages.get(int(reference.get("message_id") or 0))
    if answered is not None:
        if Permission.READ_MESSAGE_HISTORY not in written.channel.permissions_of(call.world.bot):
            raise Refusal(403, 160002, "Cannot reply without permission to read message history")
        written.type, written.reference = REPLY, answered
    elif reference.get("fail_if_not_exists") is not False:
        raise invalid(("message_reference",), "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")


@routes.add("PATCH", "/channels/{channel_id}/messages/{message_id}")
def edit_message(call: Call) -> Body:
    """Change a message of the bot's own."""
    found = seen_message(call, seen_channel(call))
    if found.author is not call.world.bot:
        raise Refusal(403, 50005, "Cannot edit a message authored by another user")
    edit(call.world, found, call.fields, call.files)
    return found.payload(call.world.bot)


@routes.add("DELETE", "/channels/{channel_id}/messages/{message_id}")
def delete_message(call: Call) -> Body:
    """Delete a message: the bot's own, or with permission another's."""
    channel = seen_channel(call)
    found = seen_message(call, channel)
    foreign = found.author is not call.world.bot
    if foreign and (channel.guild is None or Permission.MANAGE_MESSAGES not in channel.permissions_of(call.world.bot)):
        raise missing_permissions()
    call.world.delete_message(found)
    return None


@routes.add("POST", "/channels/{channel_id}/messages/bulk-delete")
def delete_messages(call: Call) -> Body:
    """Delete several messages."""
    channel = seen_channel(call, Permission.MANAGE_MESSAGES)
    for snowflake in call.fields.get("messages") or []:
        if found := channel.messages.get(int(snowflake)):
            call.world.delete_message(found)
    return None
