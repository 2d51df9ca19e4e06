"""Guilds, with their channels, roles and members."""

from typing import Any

from aiohttp import web

from playground.commands import Commands
from playground.control.finding import find_person, guild_of, person_of, playground_of
from playground.control.forms import read_form
from playground.guilds import Channel, Guild, Role
from playground.users import User

routes = web.RouteTableDef()

#: Stands for all commands, in the place of one.
ALL_COMMANDS = "@all"


def show_channel(channel: Channel) -> dict[str, Any]:
    """Return a channel as the control API shows it."""
    guild = channel.guild
    return {
        "id": str(channel.id),
        "name": channel.name,
        "guild": None if guild is None else guild.name,
        "people": [user.name for user in channel.recipients if not user.bot],
        "parent": None if channel.parent is None else str(channel.parent.id),
        "age_restricted": (channel.parent or channel).age_restricted,
    }


def show_guild(guild: Guild) -> dict[str, Any]:
    """Return a guild as the control API shows it."""
    return {
        "id": str(guild.id),
        "name": guild.name,
        "has_bot": guild.bot_member is not None,
        "owner": guild.owner.name,
        "channels": [show_channel(channel) for channel in (*guild.channels.values(), *guild.threads.values())],
        "roles": [_show_role(role) for role in guild.roles.values()],
        "members": [
            {"name": member.user.name, "bot": member.user.bot, "roles": [role.name for role in member.roles]}
            for member in guild.members.values()
        ],
    }


def _show_role(role: Role) -> dict[str, Any]:
    return {"id": str(role.id), "name": role.name, "permissions": int(role.permissions)}


@routes.get("/guilds")
async def guilds(request: web.Request) -> web.Response:
    """Return all guilds."""
    return web.json_response([show_guild(guild) for guild in playground_of(request).world.guilds.values()])


@routes.post("/guilds")
async def add_guild(request: web.Request) -> web.Response:
    """Return the guild of a name, made on first use."""
    form = await read_form(request, "name", "has_bot")
    guild = playground_of(request).world.guild(form.get("name", str), bot=form.get_or("has_bot", True))
    return web.json_response(show_guild(guild), status=201)


@routes.put("/guilds/{guild}/bot")
async def invite_bot(request: web.Request) -> web.Response:
    """Make the bot a member."""
    form, guild = await read_form(request, "by"), guild_of(request)
    by = form.optional("by", str)
    guild.invite_bot(None if by is None else find_person(playground_of(request), by).user)
    return web.json_response(show_guild(guild))


@routes.delete("/guilds/{guild}/bot")
async def remove_bot(request: web.Request) -> web.Response:
    """Take the bot out of the guild."""
    guild = guild_of(request)
    if guild.bot_member is None:
        raise LookupError(f"the bot is not in {guild.name}")
    guild.remove_bot()
    return web.json_response(show_guild(guild))


@routes.post("/guilds/{guild}/channels")
async def add_channel(request: web.Request) -> web.Response:
    """Return the channel of a name, made on first use."""
    form = await read_form(request, "name")
    return web.json_response(show_channel(guild_of(request).channel(form.get("name", str))), status=201)


@routes.put("/guilds/{guild}/roles/{role}")
async def set_role(request: web.Request) -> web.Response:
    """Return the role of a name with these permissions, made on first use."""
    form, guild = await read_form(request, "permissions", "mentionable"), guild_of(request)
    role = guild.role(request.match_info["role"], mentionable=form.get_or("mentionable", False))
    if "permissions" in form.fields:
        guild.permit(role, form.get("permissions", int))
    return web.json_response(_show_role(role))


def find_role(guild: Guild, name: str) -> Role:
    """Return the role of a name.

    Raises:
        LookupError: The guild has none.
    """
    for role in guild.roles.values():
        if role.name == name:
            return role
    raise LookupError(f"{guild.name} has no role {name!r}")


@routes.put("/guilds/{guild}/members/{person}")
async def set_member(request: web.Request) -> web.Response:
    """Make a person a member with these roles, and no others."""
    form, guild, person = await read_form(request, "roles"), guild_of(request), person_of(request)
    roles = [find_role(guild, name) for name in form.get_or("roles", list[Any]())]
    person.join(guild)
    guild.assign(person.user, *roles)
    return web.json_response(show_guild(guild))


@routes.get("/guilds/{guild}/commands")
async def commands(request: web.Request) -> web.Response:
    """Return the commands of a guild, and what is set of each; `@all` is what is set of all together."""
    guild, registered = guild_of(request), playground_of(request).commands
    known = [(each["name"], int(each["id"])) for each in (*registered.of(None), *registered.of(guild.id))]
    every = [(ALL_COMMANDS, int(registered.application_id)), *sorted(known)]
    return web.json_response(
        [{"name": name, "permissions": _show_offers(guild, registered, command)} for name, command in every]
    )


def _show_offers(guild: Guild, registered: Commands, command: int) -> list[dict[str, Any]]:
    """Return what is set of a command, with names; the channel None is every channel."""
    held = (registered.offers.of_command(guild.id, command) or {"permissions": []})["permissions"]
    return [_named(guild, int(each["id"])) | {"allowed": each["permission"]} for each in held]


def _named(guild: Guild, target: int) -> dict[str, str | None]:
    if target in guild.roles:
        return {"role": guild.roles[target].name}
    if target in guild.world.users:
        return {"person": guild.world.users[target].name}
    return {"channel": guild.channels[target].name if target in guild.channels else None}


@routes.put("/guilds/{guild}/commands/{command}")
async def permit(request: web.Request) -> web.Response:
    """Let a role, a person or a channel have a command, or not; `@all` stands for all commands."""
    form, guild = await read_form(request, "role", "person", "channel", "allowed"), guild_of(request)
    playground, name = playground_of(request), request.match_info["command"]
    target: Role | User | Channel | None = None
    if (role := form.optional("role", str)) is not None:
        target = find_role(guild, role)
    elif (person := form.optional("person", str)) is not None:
        target = find_person(playground, person).user
    elif (channel := form.optional("channel", str)) is not None:
        target = next((each for each in guild.channels.values() if each.name == channel), None)
        if target is None:
            raise LookupError(f"{guild.name} has no channel {channel!r}")
    chosen = None if name == ALL_COMMANDS else name
    return web.json_response(playground.commands.permit(guild, chosen, target, form.optional("allowed", bool)))
