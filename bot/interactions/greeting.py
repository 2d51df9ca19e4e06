"""First contact: the one message to whoever added the bot, and its buttons."""

import logging
from collections.abc import Iterator
from typing import Any, cast

import aiohttp
import discord

from bot.interactions.answers import tell
from bot.interactions.buttons import Button
from bot.services.greeting import Preset
from bot.texts import Mistake, say
from bot.ui import custom_ids
from bot.ui.greeting_pages import greeting

log = logging.getLogger("easel.servers")

Interaction = discord.Interaction[Any]

#: Entries of Discord's audit log that are looked through.
_ENTRIES = 20
_NOBODY = discord.AllowedMentions.none()


async def greet(client: Any, guild: discord.Guild) -> None:
    """Write to whoever added the bot to a server, unless that was done before. Raises StorageError.

    By direct message; where theirs are closed, in the system channel or the first channel where the bot may write.
    Where Discord cannot be reached it is tried again at the next start. A server that the operator has closed is told
    nothing.
    """
    if guild.unavailable or guild.id in client.rooms.guilds.closed:
        return
    if not await client.rooms.greeting.claim(guild.id):
        return
    try:
        if not (await _to_person(client, guild) or await _to_channel(guild)):
            log.info("server %d has nobody whom the bot could greet", guild.id)
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        log.info("server %d is greeted later: %s", guild.id, error)
        await client.rooms.greeting.release(guild.id)


async def _to_person(client: Any, guild: discord.Guild) -> bool:
    """Write to whoever added the bot; return whether they take messages."""
    person = await _adder(guild) or guild.owner_id
    if person is None:
        return False
    view = greeting(guild.name, guild.id, str(guild.preferred_locale), in_channel=False)
    try:
        channel = await client.create_dm(discord.Object(person))
        await channel.send(view=view, allowed_mentions=_NOBODY)
    except discord.HTTPException as error:
        if not 400 <= error.status < 500 or error.status == 429:
            raise
        return False
    return True


async def _adder(guild: discord.Guild) -> int | None:
    """Return whoever added the bot, if Discord lets the bot see that."""
    if not guild.me.guild_permissions.view_audit_log:
        return None
    try:
        async for entry in guild.audit_logs(action=discord.AuditLogAction.bot_add, limit=_ENTRIES):
            if entry.target is not None and entry.target.id == guild.me.id:
                return entry.user_id
    except (discord.Forbidden, discord.NotFound):
        pass
    return None


async def _to_channel(guild: discord.Guild) -> bool:
    """Write where people of the server see it; return whether the bot may write anywhere."""
    view = greeting(guild.name, guild.id, str(guild.preferred_locale), in_channel=True)
    for channel in _open_channels(guild):
        try:
            await channel.send(view=view, allowed_mentions=_NOBODY)
        except (discord.Forbidden, discord.NotFound):
            continue
        return True
    return False


def _open_channels(guild: discord.Guild) -> Iterator[discord.TextChannel]:
    """Return the channels where the bot may write, the system channel first."""
    system = guild.system_channel
    for channel in ([system] if system else []) + [each for each in guild.text_channels if each != system]:
        granted = channel.permissions_for(guild.me)
        if granted.view_channel and granted.send_messages:
            yield channel


class GreetingButton(Button, template=custom_ids.GREETING):
    """Sets the usual rules, for whoever manages the server at that moment."""

    command = "admin"

    async def work(self, interaction: Interaction) -> None:
        """Set them, and say so."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        preset, guild_id = cast(Preset, self.found["preset"]), int(self.found["guild"])
        guild = interaction.client.get_guild(guild_id)
        if guild is None or interaction.guild_id not in (None, guild_id):
            raise Mistake("gone")
        if not await _manages(interaction, guild):
            raise Mistake("greeting_not_yours")
        channel = interaction.channel_id if interaction.guild_id is not None else None
        await interaction.client.rooms.greeting.set(preset, guild_id, interaction.user.id, channel)
        await tell(interaction, say(f"greeting_{preset}_set", str(interaction.locale), server=guild.name))


async def _manages(interaction: Interaction, guild: discord.Guild) -> bool:
    """Tell whether whoever presses may manage the server now; in a direct message Discord does not say it by itself."""
    if interaction.guild_id is not None:
        return interaction.permissions.manage_guild
    try:
        member = await guild.fetch_member(interaction.user.id)
    except (discord.NotFound, discord.Forbidden):
        return False
    return member.guild_permissions.manage_guild


#: The client is told of them at its start.
BUTTONS = (GreetingButton,)
