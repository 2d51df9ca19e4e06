"""Messages, and what hangs on them: attachments, reactions, mentions."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from playground import images
from playground.guilds import Channel
from playground.permissions import Permission
from playground.users import User

SUPPRESS_EMBEDS, EPHEMERAL, LOADING, SILENT, COMPONENTS_V2 = 1 << 2, 1 << 6, 1 << 7, 1 << 12, 1 << 15
DEFAULT, REPLY, CHAT_COMMAND, CONTEXT_COMMAND = 0, 19, 20, 23


@dataclass(frozen=True)
class Upload:
    """A file as it comes in."""

    name: str
    content: bytes

    @property
    def size(self) -> int:
        """Return the length in bytes."""
        return len(self.content)


@dataclass(eq=False)
class Attachment:
    """A file on the CDN."""

    id: int
    filename: str
    size: int
    url: str
    proxy_url: str
    content_type: str
    dimensions: tuple[int, int] | None
    description: str | None = None
    ephemeral: bool = False

    def payload(self) -> dict[str, Any]:
        """Return the attachment as Discord sends it."""
        body: dict[str, Any] = {
            "id": str(self.id),
            "filename": self.filename,
            "size": self.size,
            "url": self.url,
            "proxy_url": self.proxy_url,
            "content_type": self.content_type,
        }
        if self.dimensions is not None:
            body["width"], body["height"] = self.dimensions
        if self.description is not None:
            body["description"] = self.description
        return body | {"ephemeral": True} if self.ephemeral else body

    def media(self) -> dict[str, Any]:
        """Return the attachment as a component shows it."""
        width, height = self.dimensions or (None, None)
        return {
            "id": str(self.id),
            "url": self.url,
            "proxy_url": self.proxy_url,
            "width": width,
            "height": height,
            "content_type": self.content_type,
            "attachment_id": str(self.id),
        }


def content_type_of(upload: Upload) -> str:
    """Return what a file is, by its name."""
    return mimetypes.guess_type(upload.name)[0] or "application/octet-stream"


def dimensions_of(upload: Upload) -> tuple[int, int] | None:
    """Return the width and height of a picture, if the file calls itself one and is."""
    return images.size(upload.content) if content_type_of(upload).startswith("image/") else None


def clean_filename(name: str) -> str:
    """Return a file name as Discord keeps it."""
    return re.sub(r"[^\w.\-()]+", "_", name.rsplit("/", 1)[-1]).lstrip(".")[:1024] or "unknown"


@dataclass(eq=False)
class Message:
    """A message; `viewer` is the one person who sees an ephemeral one."""

    id: int
    channel: Channel
    author: User
    timestamp: str
    type: int = DEFAULT
    content: str = ""
    flags: int = 0
    tts: bool = False
    embeds: list[dict[str, Any]] = field(default_factory=list)
    components: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    #: Attachments that components or embeds show: Discord leaves these out of `attachments`.
    shown: set[int] = field(default_factory=set)
    mentions: list[User] = field(default_factory=list)
    mention_roles: list[int] = field(default_factory=list)
    mention_everyone: bool = False
    edited: str | None = None
    reference: Message | None = None
    application_id: int | None = None
    metadata: dict[str, Any] | None = None
    #: The command that it answers, as people see it above: "/imagine", "Remix settings".
    used: str = ""
    nonce: str | int | None = None
    #: Emoji -> who reacted with it, in order.
    reactions: dict[str, list[User]] = field(default_factory=dict)
    viewer: User | None = None
    deleted: bool = False

    @property
    def loading(self) -> bool:
        """Return whether this is a thinking one, still to be filled."""
        return bool(self.flags & LOADING)

    def payload(self, viewer: User | None = None) -> dict[str, Any]:
        """Return the message as REST sends it to `viewer`."""
        body = self._own_payload()
        if self.reactions:
            body["reactions"] = [_reaction(emoji, users, viewer) for emoji, users in self.reactions.items()]
        if self.reference is not None:
            body["message_reference"] = self._reference_payload(self.reference)
            body["referenced_message"] = None if self.reference.deleted else self.reference._own_payload()
        return body

    def _own_payload(self) -> dict[str, Any]:
        """Return the message without reactions and without what it answers."""
        body: dict[str, Any] = {
            "id": str(self.id),
            "channel_id": str(self.channel.id),
            "author": self.author.payload(),
            "type": self.type,
            "content": self.content,
            "timestamp": self.timestamp,
            "edited_timestamp": self.edited,
            "tts": self.tts,
            "mention_everyone": self.mention_everyone,
            "mentions": [user.payload() for user in self.mentions],
            "mention_roles": [str(role) for role in self.mention_roles],
            "attachments": [each.payload() for each in self.attachments if each.id not in self.shown],
            "embeds": self.embeds,
            "components": self.components,
            "pinned": False,
            "flags": self.flags,
        }
        if self.application_id is not None:
            body["application_id"] = body["webhook_id"] = str(self.application_id)
        if self.metadata is not None:
            body["interaction_metadata"] = self.metadata
        return body if self.nonce is None else body | {"nonce": self.nonce}

    def _reference_payload(self, other: Message) -> dict[str, Any]:
        body = {"type": 0, "channel_id": str(other.channel.id), "message_id": str(other.id)}
        return body if other.channel.guild is None else body | {"guild_id": str(other.channel.guild.id)}

    def event_payload(self, viewer: User) -> dict[str, Any]:
        """Return the message as the gateway sends it."""
        body = self.payload(viewer) | {"channel_type": self.channel.type}
        guild = self.channel.guild
        if guild is None:
            return body
        body["guild_id"] = str(guild.id)
        member = guild.members.get(self.author.id)
        return body if member is None else body | {"member": member.payload(user=False)}

    def texts(self) -> Iterator[str]:
        """Yield everything that can mention someone."""
        yield self.content
        yield from _texts(self.components)


def _texts(components: list[dict[str, Any]]) -> Iterator[str]:
    for component in components:
        if component["type"] == 10:
            yield component["content"]
        yield from _texts(component.get("components", []))


def _reaction(emoji: str, users: list[User], viewer: User | None) -> dict[str, Any]:
    """Return a reaction as Discord sends it."""
    return {
        "emoji": emoji_payload(emoji),
        "count": len(users),
        "count_details": {"burst": 0, "normal": len(users)},
        "burst_colors": [],
        "me_burst": False,
        "me": viewer in users,
        "burst_me": False,
        "burst_count": 0,
    }


def emoji_payload(emoji: str) -> dict[str, Any]:
    """Return an emoji: a character, or `name:id` of a custom one."""
    name, _, snowflake = emoji.partition(":")
    return {"id": snowflake or None, "name": name}


def notice_mentions(message: Message, allowed: dict[str, Any] | None) -> None:
    """Set whom a message pings: whom its text names, as far as `allowed_mentions` lets it."""
    text = "\n".join(message.texts())
    guild = message.channel.guild
    known = guild.world.users if guild else {user.id: user for user in message.channel.recipients}
    users = [int(found) for found in dict.fromkeys(re.findall(r"<@!?(\d+)>", text))]
    roles = [int(found) for found in dict.fromkeys(re.findall(r"<@&(\d+)>", text))]
    may_all = Permission.MENTION_EVERYONE in message.channel.permissions_of(message.author)
    message.mentions = [known[user] for user in users if user in known and _allows(allowed, "users", user)]
    message.mention_roles = [
        role
        for role in roles
        if guild
        and role in guild.roles
        and _allows(allowed, "roles", role)
        and (may_all or guild.roles[role].mentionable)
    ]
    named = re.search(r"@(everyone|here)\b", text) is not None
    message.mention_everyone = named and may_all and guild is not None and _allows(allowed, "everyone", 0)
    answered = message.reference.author if message.reference else None
    wanted = allowed is None or allowed.get("replied_user", False)
    if answered is not None and wanted and not answered.bot and answered not in message.mentions:
        message.mentions.append(answered)


def _allows(allowed: dict[str, Any] | None, kind: str, snowflake: int) -> bool:
    if allowed is None or kind in (allowed.get("parse") or []):
        return True
    return str(snowflake) in [str(each) for each in allowed.get(kind) or []] if kind != "everyone" else False
