"""Guilds and their members."""

from playground.guilds import Guild
from playground.permissions import Permission
from playground.refusals import invalid, missing_access, missing_permissions, unknown
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


@routes.add("GET", "/guilds/{guild_id}/audit-logs")
def audit_log(call: Call) -> Body:
    """Return what was done in a guild, newest first."""
    found = seen_guild(call)
    bot = found.bot_member
    if bot is None or Permission.VIEW_AUDIT_LOG not in bot.permissions:
        raise missing_permissions()
    before, limit = int(call.query.get("before", 1 << 63)), int(call.query.get("limit", 50))
    if not 1 <= limit <= 100:
        raise invalid(("limit",), "NUMBER_TYPE_MAX", "int value should be less than or equal to 100.")
    wanted = {name: int(call.query[name]) for name in ("user_id", "action_type") if name in call.query}
    chosen = [
        entry
        for entry in reversed(found.audit)
        if entry.id < before
        and wanted.get("user_id", entry.user.id) == entry.user.id
        and wanted.get("action_type", entry.action) == entry.action
    ][:limit]
    users = {user.id: user for entry in chosen for user in (entry.user, entry.target)}
    return {
        "audit_log_entries": [entry.payload() for entry in chosen],
        "users": [user.payload() for user in users.values()],
        "integrations": [],
        "webhooks": [],
        "guild_scheduled_events": [],
        "threads": [],
        "application_commands": [],
        "auto_moderation_rules": [],
    }
