"""What the groups of commands under /admin have in common."""

from collections.abc import Mapping
from typing import Any

import discord
from discord import app_commands

from bot.app import Easel
from bot.interactions.admin import Make, around_of, change, settings_of
from bot.services.guilds import Settings
from bot.ui.admin_menus import CHANNEL_TYPES
from bot.ui.admin_words import Around

Interaction = discord.Interaction[Easel]


class PlaceOption(app_commands.Transformer):
    """Takes any channel of a server, or a category; a thread follows its channel."""

    @property
    def type(self) -> discord.AppCommandOptionType:
        """Return what Discord offers."""
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        """Return the kinds of channels that Discord offers."""
        return CHANNEL_TYPES

    async def transform(self, interaction: discord.Interaction[Any], value: Any, /) -> app_commands.AppCommandChannel:
        """Return the channel that was chosen."""
        found: app_commands.AppCommandChannel = value
        return found


Channel = app_commands.Transform[app_commands.AppCommandChannel, PlaceOption]


class Part(app_commands.Group):
    """A group of commands under /admin."""

    def __init__(self, bot: Easel) -> None:
        super().__init__()
        self.bot = bot

    def settings(self, interaction: Interaction) -> Settings:
        """Return what is set in the server."""
        return settings_of(interaction)

    def around(self, interaction: Interaction) -> Around:
        """Return what there is in the server and on the machine."""
        return around_of(interaction)

    async def changed(self, interaction: Interaction, changes: Mapping[str, Any]) -> Settings:
        """Acknowledge, and return the server's settings with the changes, which are written where there are any."""
        return await self.made(interaction, lambda _now: dict(changes))

    async def made(self, interaction: Interaction, make: Make) -> Settings:
        """Acknowledge, and return the server's settings with the changes that `make` finds in what is set."""
        if not interaction.response.is_done():
            await interaction.response.defer(ephemeral=True, thinking=True)
        return await change(interaction, make)

    async def sent(self, interaction: Interaction) -> None:
        """Take a form, if it is one of this group's."""


def ids(*chosen: discord.abc.Snowflake | None) -> list[int]:
    """Return the ids of those that were chosen, each once."""
    return list(dict.fromkeys(each.id for each in chosen if each is not None))
