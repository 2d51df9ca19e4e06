"""Who is offered which command: its default permissions, and what a guild's admins changed of them in its settings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from playground.permissions import Permission

if TYPE_CHECKING:
    from playground.guilds import Channel, Guild, Role
    from playground.users import User

ROLE, USER, CHANNEL = 1, 2, 3
#: Overwrites of one command.
_MOST = 100


@dataclass(frozen=True)
class Overwrite:
    """Whether a role, a user or everybody in a channel is offered a command."""

    id: int
    type: int
    permission: bool

    def payload(self) -> dict[str, Any]:
        """Return the overwrite as Discord sends it."""
        return {"id": str(self.id), "type": self.type, "permission": self.permission}


class Offers:
    """What admins changed, by guild and command. The application's own id stands for all of its commands."""

    def __init__(self, application_id: int) -> None:
        self._application_id = application_id
        self._held: dict[tuple[int, int], dict[int, Overwrite]] = {}

    def change(
        self, guild: Guild, command_id: int | None, target: Role | User | Channel | None, allowed: bool | None
    ) -> dict[str, Any]:
        """Allow or deny a command, or all of them, to a target, and return what is set of it then.

        The target None is every channel; allowed None takes the overwrite back. Tells nobody.

        Raises:
            ValueError: There are too many, or the channel is not in the guild.
        """
        key = (guild.id, self._application_id if command_id is None else command_id)
        wanted = {**self._held.get(key, {})}
        target_id, kind = _named(guild, target)
        wanted.pop(target_id, None)
        if allowed is not None:
            wanted[target_id] = Overwrite(target_id, kind, allowed)
        if len(wanted) > _MOST:
            raise ValueError(f"a command has at most {_MOST} overwrites")
        self._held[key] = wanted
        return self._payload(*key)

    def of_guild(self, guild_id: int) -> list[dict[str, Any]]:
        """Return everything that is set in a guild."""
        return [self._payload(*key) for key, held in self._held.items() if key[0] == guild_id and held]

    def of_command(self, guild_id: int, command_id: int) -> dict[str, Any] | None:
        """Return what is set of one command, or None."""
        return self._payload(guild_id, command_id) if self._held.get((guild_id, command_id)) else None

    def _payload(self, guild_id: int, command_id: int) -> dict[str, Any]:
        return {
            "id": str(command_id),
            "application_id": str(self._application_id),
            "guild_id": str(guild_id),
            "permissions": [each.payload() for each in self._held.get((guild_id, command_id), {}).values()],
        }

    def offered(self, command: dict[str, Any], user: User, channel: Channel) -> bool:
        """Tell whether a user is offered a command in a channel.

        What is set of the command goes before what is set of the application. A channel must not be denied; then the
        user's own overwrite decides, then those of their roles, of which one that allows is enough, then that of
        @everyone. Of the command, they stand in place of its default permissions. Administrators are offered all.
        """
        guild = channel.guild
        if guild is None:
            return True
        granted = channel.permissions_of(user)
        if Permission.ADMINISTRATOR in granted:
            return True
        own = self._held.get((guild.id, int(command["id"])), {})
        general = self._held.get((guild.id, self._application_id), {})
        here = (channel if channel.parent is None else channel.parent).id
        in_place = _first(own, (here, guild.id - 1))
        if (_first(general, (here, guild.id - 1)) if in_place is None else in_place) is False:
            return False
        member = guild.members[user.id]
        roles = [role.id for role in member.roles]
        if (said := _decided(own, user.id, roles, guild.id)) is not None:
            return said
        return _decided(general, user.id, roles, guild.id) is not False and _meets(command, granted)


def _named(guild: Guild, target: Role | User | Channel | None) -> tuple[int, int]:
    """Return a target's id and kind. Every channel of a guild has the id before the guild's."""
    if target is None:
        return guild.id - 1, CHANNEL
    if target.id in guild.roles:
        return target.id, ROLE
    if target.id in guild.channels:
        return target.id, CHANNEL
    if target.id in guild.world.users:
        return target.id, USER
    raise ValueError("that is no role and no channel of the guild")


def _first(held: dict[int, Overwrite], ids: Iterable[int]) -> bool | None:
    return next((held[each].permission for each in ids if each in held), None)


def _decided(held: dict[int, Overwrite], user_id: int, roles: list[int], everyone: int) -> bool | None:
    """Return what overwrites say of a user with these roles; None where they say nothing."""
    if user_id in held:
        return held[user_id].permission
    said = [held[role].permission for role in roles if role in held]
    if said:
        return any(said)
    return _first(held, [everyone])


def _meets(command: dict[str, Any], granted: Permission) -> bool:
    """Tell whether somebody has the permissions that a command asks for where nothing else is set."""
    needed = command["default_member_permissions"]
    if needed is None:
        return True
    return needed != "0" and Permission(int(needed)) & granted == Permission(int(needed))
