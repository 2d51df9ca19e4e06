"""The application, its gateway, and its commands."""

from typing import Any

from playground.intents import Intent
from playground.refusals import Refusal, invalid, unknown
from playground.rest import Body, Call, Routes
from playground.routes.guilds import seen_guild

routes = Routes()

#: Content, members, presences: the flags of an application that is in few guilds.
_GRANTED = {Intent.MESSAGE_CONTENT: 1 << 19, Intent.GUILD_MEMBERS: 1 << 15, Intent.GUILD_PRESENCES: 1 << 13}


@routes.add("GET", "/oauth2/applications/@me")
@routes.add("GET", "/applications/@me")
def application(call: Call) -> Body:
    """Return the application."""
    world = call.world
    flags = sum(flag for intent, flag in _GRANTED.items() if intent & world.settings.privileged_intents)
    return {
        "id": str(world.bot.id),
        "name": world.settings.application,
        "icon": None,
        "description": "",
        "type": None,
        "bot": world.bot.payload(),
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "flags": flags,
        "flags_new": str(flags),
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": world.owner.payload(),
        "approximate_guild_count": sum(guild.bot_member is not None for guild in world.guilds.values()),
        "approximate_user_install_count": sum(user.installed for user in world.users.values()),
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "team": None,
        "eligible_oauth2_scopes": [],
        "integration_types_config": {"0": {}, "1": {}},
    }


@routes.add("GET", "/gateway", open=True)
def gateway(call: Call) -> Body:
    """Return where the gateway is."""
    return {"url": call.gateway_url}


@routes.add("GET", "/gateway/bot")
def gateway_for_bots(call: Call) -> Body:
    """Return where the gateway is, and in how many shards to come."""
    limit = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
    return {"url": call.gateway_url, "shards": call.world.settings.shards, "session_start_limit": limit}


def _scope(call: Call) -> int | None:
    """Return the guild whose commands are meant; None is everywhere."""
    if call.id("application_id") != call.world.bot.id:
        raise Refusal(403, 20012, "You are not authorized to perform this action on this application")
    return seen_guild(call).id if "guild_id" in call.parameters else None


@routes.add("GET", "/applications/{application_id}/commands")
@routes.add("GET", "/applications/{application_id}/guilds/{guild_id}/commands")
def commands(call: Call) -> Body:
    """Return the commands of a scope."""
    return call.commands.of(_scope(call))


@routes.add("PUT", "/applications/{application_id}/commands")
@routes.add("PUT", "/applications/{application_id}/guilds/{guild_id}/commands")
def overwrite_commands(call: Call) -> Body:
    """Replace the commands of a scope."""
    return call.commands.overwrite(_scope(call), _listed(call.body))


def _listed(body: Any) -> list[dict[str, Any]]:
    if not isinstance(body, list):
        raise invalid((), "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
    return body


@routes.add("POST", "/applications/{application_id}/commands")
@routes.add("POST", "/applications/{application_id}/guilds/{guild_id}/commands")
def add_command(call: Call) -> Body:
    """Add a command, in the place of one of the same name."""
    scope, wanted = _scope(call), call.fields
    others = [
        command
        for command in call.commands.of(scope)
        if (command["name"], command["type"]) != (wanted.get("name"), wanted.get("type") or 1)
    ]
    return call.commands.overwrite(scope, [*others, wanted])[-1]


@routes.add("GET", "/applications/{application_id}/guilds/{guild_id}/commands/permissions")
def permissions(call: Call) -> Body:
    """Return what a guild's admins changed of who may use the commands."""
    guild_id = _scope(call)
    return call.commands.offers.of_guild(guild_id or 0)


@routes.add("GET", "/applications/{application_id}/commands/{command_id}")
@routes.add("GET", "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}")
def command(call: Call) -> Body:
    """Return one command."""
    return _command(call)


def _command(call: Call) -> dict[str, Any]:
    for found in call.commands.of(_scope(call)):
        if found["id"] == call.parameters["command_id"]:
            return found
    raise unknown("application command")


@routes.add("PATCH", "/applications/{application_id}/commands/{command_id}")
@routes.add("PATCH", "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}")
def edit_command(call: Call) -> Body:
    """Change one command; its id stays while its name does."""
    scope, old = _scope(call), _command(call)
    wanted = [{**each, **call.fields} if each is old else each for each in call.commands.of(scope)]
    place = call.commands.of(scope).index(old)
    changed = call.commands.overwrite(scope, wanted)[place]
    changed["id"] = old["id"]
    return changed


@routes.add("DELETE", "/applications/{application_id}/commands/{command_id}")
@routes.add("DELETE", "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}")
def delete_command(call: Call) -> Body:
    """Remove one command."""
    scope, old = _scope(call), _command(call)
    call.commands.overwrite(scope, [each for each in call.commands.of(scope) if each is not old])
    return None


@routes.add("GET", "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}/permissions")
def permissions_of(call: Call) -> Body:
    """Return what they changed of one command."""
    found = call.commands.offers.of_command(_scope(call) or 0, call.id("command_id"))
    if found is None:
        raise unknown("application command permissions")
    return found


@routes.add("PUT", "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}/permissions")
def set_permissions(call: Call) -> Body:
    """Refuse: people change that, bots do not."""
    _scope(call)
    raise Refusal(403, 20001, "Bots cannot use this endpoint")
