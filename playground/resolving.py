"""What a person means by a name, and what the bot is told about it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from playground.guilds import Channel, Guild, Member, Role
from playground.messages import Message, Upload
from playground.users import User
from playground.world import World


class Resolved:
    """Collects what a command, select or modal refers to."""

    def __init__(self, world: World, channel: Channel, user: User) -> None:
        self._world, self._channel, self._user = world, channel, user
        self._found: dict[str, dict[str, Any]] = {}

    def payload(self) -> dict[str, Any]:
        """Return everything collected, by kind and id; empty when nothing was."""
        return self._found

    def _add(self, kind: str, snowflake: int, body: dict[str, Any]) -> str:
        self._found.setdefault(kind, {})[str(snowflake)] = body
        return str(snowflake)

    def user(self, meant: Any) -> str:
        """Refer to a user: a person, or their name or id."""
        user = self._find_user(meant)
        guild = self._channel.guild
        if guild is not None and user.id in guild.members:
            body = guild.members[user.id].payload(user=False)
            for key in ("deaf", "mute"):
                body.pop(key)
            permissions = self._channel.permissions_of(user)
            self._add("members", user.id, body | {"permissions": str(int(permissions))})
        return self._add("users", user.id, user.payload())

    def _find_user(self, meant: Any) -> User:
        meant = getattr(meant, "user", meant)
        if isinstance(meant, User):
            return meant
        for user in self._world.users.values():
            if str(meant) in (user.name, str(user.id)):
                return user
        raise LookupError(f"there is nobody called {meant!r}")

    def role(self, meant: Any) -> str:
        """Refer to a role, by itself, its name or its id."""
        roles = self._guild().roles.values()
        role = next((each for each in roles if meant is each or str(meant) in (each.name, str(each.id))), None)
        if role is None:
            raise LookupError(f"there is no role {meant!r}")
        return self._add("roles", role.id, role.payload())

    def channel(self, meant: Any) -> str:
        """Refer to a channel, by itself, its name or its id."""
        channels = self._guild().channels.values()
        channel = next((each for each in channels if meant is each or str(meant) in (each.name, str(each.id))), None)
        if channel is None:
            raise LookupError(f"there is no channel {meant!r}")
        body = channel.payload() | {"permissions": str(int(channel.permissions_of(self._user)))}
        body.pop("permission_overwrites")
        return self._add("channels", channel.id, body)

    def mentionable(self, meant: Any) -> str:
        """Refer to a role or a user."""
        if isinstance(meant, Role):
            return self.role(meant)
        try:
            return self.user(meant)
        except LookupError:
            return self.role(meant)

    def _guild(self) -> Guild:
        if self._channel.guild is None:
            raise LookupError("a conversation has no roles and no channels")
        return self._channel.guild

    def attachment(self, meant: Upload) -> str:
        """Upload a file and refer to it.

        Raises:
            ValueError: It is over the limit of the person's own uploads.
        """
        if meant.size > self._world.settings.upload_limit_bytes:
            raise ValueError(f"{meant.name} is too large to upload")
        attachment = self._world.cdn.store(meant, self._channel.id, ephemeral=True)
        return self._add("attachments", attachment.id, attachment.payload())

    def message(self, message: Message) -> str:
        """Refer to a message."""
        return self._add("messages", message.id, message.payload(self._world.bot))


async def as_upload(meant: Any) -> Upload:
    """Return a file given as an Upload, a path, or a name with its bytes."""
    if isinstance(meant, Upload):
        return meant
    if isinstance(meant, Path):
        return Upload(meant.name, await asyncio.to_thread(meant.read_bytes))
    name, content = meant
    return Upload(str(name), bytes(content))


async def with_uploads(values: dict[str, Any]) -> dict[str, Any]:
    """Return options or inputs with the files among them read, so that what follows need not wait."""
    return {key: await _read(value) for key, value in values.items()}


async def _read(value: Any) -> Any:
    if isinstance(value, Path) or _is_named_bytes(value):
        return await as_upload(value)
    if isinstance(value, list):
        return [await _read(each) for each in value]
    return value


def _is_named_bytes(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], bytes | bytearray)


def member_of(channel: Channel, user: User) -> Member | None:
    """Return a user as a member of a channel's guild.

    Raises:
        LookupError: The user has no access to the channel.
    """
    if not channel.permissions_of(user):
        raise LookupError(f"{user.name} does not see #{channel.name}" if channel.name else f"{user.name} is not there")
    return channel.guild.members[user.id] if channel.guild else None
