"""Who changes what a server's admins set, what there is around them, and the change itself."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import discord
from discord import app_commands

from bot.services.changes import Changes
from bot.services.guilds import Settings
from bot.services.offers import offers
from bot.texts import Mistake
from bot.ui.admin_words import Around, standing

Interaction = discord.Interaction[Any]
#: What changes, of what is set.
Make = Callable[[Settings], Changes]

#: Commands whose place no server chooses.
_ANYWHERE = frozenset({"admin", "operator", "me", "help", "about", "can"})
#: How long an answer to /admin lets its reader change things, where Discord's own settings gave them the command.
_OWN_ANSWER = timedelta(hours=1)


def server_of(interaction: Interaction) -> int:
    """Return the server where something is asked. Raises NoPrivateMessage in a direct message."""
    if interaction.guild_id is None:
        raise app_commands.NoPrivateMessage
    return interaction.guild_id


def require_admin(interaction: Interaction) -> None:
    """Raise Mistake for a press, or a form sent in, by somebody who may not change what is set.

    Those may who manage the server, and whoever was given /admin: the answer that they alone see is theirs.
    """
    if interaction.guild_id is not None and interaction.permissions.manage_guild:
        return
    message = interaction.message
    asked = message.interaction_metadata if message is not None else None
    if (
        interaction.guild_id is None
        or message is None
        or asked is None
        or not message.flags.ephemeral
        or asked.user.id != interaction.user.id
        or interaction.created_at - message.created_at > _OWN_ANSWER
    ):
        raise Mistake("admin_not_yours")


def settings_of(interaction: Interaction) -> Settings:
    """Return what is set in the server."""
    settings: Settings = interaction.client.rooms.guilds.settings(server_of(interaction))
    return settings


async def change(interaction: Interaction, make: Make) -> Settings:
    """Change what is set, and return all of it. Raises as `make` does, OutOfRange, StorageError."""
    changed: Settings = await interaction.client.rooms.guilds.change(
        server_of(interaction), by=interaction.user.id, make=make
    )
    return changed


def around_of(interaction: Interaction) -> Around:
    """Return what there is in the server and on the machine."""
    client, guild = interaction.client, interaction.guild
    policy = client.rooms.guilds.policy(interaction.guild_id)
    known = guild is not None and not guild.unavailable and bool(guild.roles)
    dispatcher = client.rooms.dispatcher
    ready = dispatcher.ready
    return Around(
        locale=str(interaction.locale),
        roles=frozenset(role.id for role in guild.roles) if guild is not None and known else None,
        channels=frozenset(channel.id for channel in guild.channels) if guild is not None and known else None,
        models=offers(
            dispatcher.models,
            ready.device if ready is not None else None,
            dispatcher.estimator,
            client.settings.memory_budget_gb,
        ),
        commands=commands_of(client),
        checks=bool(client.settings.safety_checker) and client.rooms.checks.trouble is None,
        closed=policy.closed,
        unreadable=policy.unreadable,
    )


def commands_of(client: Any) -> tuple[str, ...]:
    """Return the names of the commands that may have channels of their own."""
    names = {command.name for command in client.tree.get_commands(type=discord.AppCommandType.chat_input)}
    return tuple(sorted(names - _ANYWHERE))


def model_named(name: str, around: Around, settings: Settings) -> str:
    """Return the name of a model that is installed, or that a rule names. Raises Mistake."""
    wanted = name.strip().casefold()
    for known in (*(each.name for each in around.models), *settings.models):
        if known.casefold() == wanted:
            return known
    raise Mistake("admin_no_such_model", name=name)


def require_default(name: str, around: Around, settings: Settings) -> None:
    """Raise Mistake for a model that cannot be the default: it is not allowed, or paints nothing from words."""
    if standing(settings, name) != "allowed":
        raise Mistake("admin_default_denied", name=name)
    offered = around.installed(name)
    if offered is not None and offered.instructs:
        raise Mistake("admin_default_instructs", name=name)
