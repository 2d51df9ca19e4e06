"""Writing and editing messages: the one way in for channels, webhooks and interactions."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from playground.components import Media, settle
from playground.limits import MOST_ATTACHMENTS, Checker, check_uploads
from playground.messages import (
    COMPONENTS_V2,
    EPHEMERAL,
    LOADING,
    SILENT,
    SUPPRESS_EMBEDS,
    Attachment,
    Message,
    Upload,
    notice_mentions,
)
from playground.refusals import Refusal, empty_message, invalid

if TYPE_CHECKING:
    from playground.guilds import Channel
    from playground.users import User
    from playground.world import World

_SETTABLE = SUPPRESS_EMBEDS | SILENT | COMPONENTS_V2


def new_message(world: World, channel: Channel, author: User) -> Message:
    """Return an empty message that is not yet anywhere."""
    return Message(world.snowflakes.draw(), channel, author, world.clock.stamp())


def upload_limit(world: World, channel: Channel) -> int:
    """Return how large a file may be in a channel, in bytes."""
    own = channel.guild.upload_limit_bytes if channel.guild else None
    return own or world.settings.upload_limit_bytes


def write(
    world: World, message: Message, body: dict[str, Any], files: dict[int, Upload], prefix: tuple[str, ...] = ()
) -> None:
    """Put what a request says into a message; what it does not name stays.

    Raises:
        Refusal: A limit is broken, or nothing would be left; the message is unchanged.
    """
    check_uploads(files, upload_limit(world, message.channel))
    flags = message.flags | (int(body.get("flags") or 0) & _SETTABLE)
    after = {"content": message.content, "embeds": message.embeds} | body
    checker = Checker(prefix)
    checker.message(after if flags & COMPONENTS_V2 else body, flags)
    checker.problems.raise_any()
    kept, added = _attachments(world, message, body, files, prefix)
    try:
        _fill(message, body, kept + added, flags, prefix)
    except Refusal:
        world.cdn.discard(added)
        raise
    if "content" in body or "components" in body:
        notice_mentions(message, body.get("allowed_mentions"))


def _attachments(
    world: World, message: Message, body: dict[str, Any], files: dict[int, Upload], prefix: tuple[str, ...]
) -> tuple[list[Attachment], list[Attachment]]:
    """Return the attachments that stay, and the new ones."""
    listed = body.get("attachments")
    entries = {int(entry["id"]): entry for entry in listed or []}
    existing = {attachment.id: attachment for attachment in message.attachments}
    for snowflake in entries:
        if snowflake not in existing and snowflake not in files:
            path = (*prefix, "attachments")
            raise invalid(path, "ATTACHMENT_NOT_FOUND", f"Could not find uploaded attachment {snowflake}")
    kept = [each for each in message.attachments if listed is None or each.id in entries]
    if len(kept) + len(files) > MOST_ATTACHMENTS:
        words = f"Must be {MOST_ATTACHMENTS} or fewer in length."
        raise invalid((*prefix, "attachments"), "BASE_TYPE_MAX_LENGTH", words)
    hidden = bool(message.flags & EPHEMERAL)
    added = []
    for index, upload in files.items():
        entry = entries.get(index, {})
        named = Upload(entry.get("filename") or upload.name, upload.content)
        added.append(world.cdn.store(named, message.channel.id, entry.get("description"), hidden))
    return kept, added


def _fill(
    message: Message, body: dict[str, Any], attachments: list[Attachment], flags: int, prefix: tuple[str, ...]
) -> None:
    """Set content, embeds, components and attachments, after the last check."""
    media = Media(attachments, prefix)
    components = settle(body["components"] or []) if "components" in body else copy.deepcopy(message.components)
    media.resolve(components)
    embeds = media.resolve_embeds((body["embeds"] or []) if "embeds" in body else message.embeds)
    media.problems.raise_any()
    content = (body["content"] or "") if "content" in body else message.content
    if not (content or embeds or components or attachments or body.get("sticker_ids") or body.get("poll")):
        raise empty_message()
    message.content, message.embeds, message.components = content, embeds, components
    message.attachments, message.shown = attachments, media.shown
    message.flags = flags & ~LOADING


def edit(
    world: World, message: Message, body: dict[str, Any], files: dict[int, Upload], prefix: tuple[str, ...] = ()
) -> None:
    """Change a message that is there, and tell everyone."""
    before, was_loading = message.attachments, message.loading
    write(world, message, body, files, prefix)
    world.cdn.discard(attachment for attachment in before if attachment not in message.attachments)
    if not was_loading:
        message.edited = world.clock.stamp()
    world.message_changed(message)
