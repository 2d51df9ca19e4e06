"""Guilds and their members."""

from playground.guilds import Guild
from playground.refusals import missing_access, unknown
from playground.rest import Body, Call, Routes

routes = Routes()


def seen_guild(call: Call) -> Guild:
    """Return the guild of the path, or raise the Refusal that the bot is not in it."""
    guild = call.world.guilds.get(call.id("guild_id"))
    if guild is None:
        raise unknown("Guild")
    if guild.bot_member is None:
        raise missing_access()
    return guild


@routes.add("GET", "/guilds/{guild_id}")
def guild(call: Call) -> Body:
    """Return a guild."""
    return seen_guild(call).payload()


@routes.add("GET", "/guilds/{guild_id}/channels")
def channels(call: Call) -> Body:
    """Return a guild's channels."""
    return [channel.payload() for channel in seen_guild(call).channels.values()]


@routes.add("GET", "/guilds/{guild_id}/roles")
def roles(call: Call) -> Body:
    """Return a guild's roles."""
    return [role.payload() for role in seen_guild(call).roles.values()]


@routes.add("GET", "/guilds/{guild_id}/members/{user_id}")
def member(call: Call) -> Body:
    """Return a member."""
    return seen_guild(call).member(call.id("user_id")).payload()
