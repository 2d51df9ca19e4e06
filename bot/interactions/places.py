"""Where something is asked for, as rules about places know it: from what Discord tells of channels."""

from typing import Any

import discord

from bot.services.requests import Place


def place_of(channel: Any) -> Place:
    """Return a channel, a thread or a direct message as a place; what is not known of it counts as ordinary."""
    if channel is None or isinstance(channel, discord.DMChannel | discord.GroupChannel):
        return Place(channel_id=None if channel is None else channel.id, direct=channel is not None)
    if isinstance(channel, discord.Thread):
        parent = channel.parent
        above = (channel.parent_id, None if parent is None else parent.category_id)
        return Place(
            channel_id=channel.id,
            above=tuple(each for each in above if each is not None),
            age_restricted=channel.is_nsfw(),
            thread=True,
        )
    category = getattr(channel, "category_id", None)
    return Place(
        channel_id=channel.id,
        above=() if category is None else (category,),
        age_restricted=bool(getattr(channel, "nsfw", False)),
    )


def live_place(client: discord.Client, guild_id: int, channel_id: int) -> Place | None:
    """Return a channel of a server as Discord told of it last; None for one of which it did not."""
    guild = client.get_guild(guild_id)
    channel = None if guild is None else guild.get_channel_or_thread(channel_id)
    return None if channel is None else place_of(channel)
