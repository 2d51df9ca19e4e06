"""Who asks, where and with what command; and whether anything may be done with that at all."""

from contextvars import ContextVar
from typing import Any

import discord
from discord import app_commands

from bot.interactions.places import place_of
from bot.services.policy import PRESS, is_private
from bot.services.requests import Actor
from bot.texts import Mistake

Interaction = discord.Interaction[Any]

#: What a button or a form that is being answered counts as. Several may be handed the same form, each in its own task.
_counts_as: ContextVar[str | None] = ContextVar("counts_as", default=None)
#: Under this name an interaction carries that its member was told of a refusal.
_REFUSED = "refused"


def actor_of(interaction: Interaction) -> Actor:
    """Return who asks."""
    permissions = interaction.permissions
    roles = interaction.user.roles if isinstance(interaction.user, discord.Member) else []
    return Actor(
        member_id=interaction.user.id,
        guild_id=interaction.guild_id,
        locale=str(interaction.locale),
        moderator=interaction.guild_id is not None and permissions.manage_messages,
        manager=interaction.guild_id is not None and permissions.manage_guild,
        channel_id=interaction.channel_id,
        roles=frozenset(role.id for role in roles),
        place=place_of(interaction.channel),
        command=command_of(interaction),
    )


def command_of(interaction: Interaction) -> str:
    """Return the command that is used, without its subcommand; `PRESS` for buttons, forms and menus of messages.

    A button or a form that belongs to a command counts as that.
    """
    if (counts_as := _counts_as.get()) is not None:
        return counts_as
    command = interaction.command
    if isinstance(command, app_commands.Command):
        return (command.root_parent or command).name
    return PRESS


def require_entry(interaction: Interaction, command: str | None = None) -> None:
    """Raise Mistake where the server lets this member do nothing with what they use; `command` is what it counts as.

    From memory: nothing is awaited.
    """
    _counts_as.set(command)
    try:
        interaction.client.rooms.gatekeeper.require_entry(actor_of(interaction))
    except Mistake:
        interaction.extras[_REFUSED] = True
        raise


def was_refused(interaction: Interaction) -> bool:
    """Tell whether `require_entry` has refused this interaction already: several may take a form."""
    return _REFUSED in interaction.extras


def private_for(interaction: Interaction, said: bool | None = None) -> bool:
    """Return whether a result is for the member alone: as the channel wants it, as they say, or by their default."""
    rooms, actor = interaction.client.rooms, actor_of(interaction)
    settings = rooms.guilds.settings(actor.guild_id)
    if is_private(settings, actor.place):
        return True
    return bool(rooms.people.defaults(actor.member_id).private) and settings.allow_private if said is None else said
