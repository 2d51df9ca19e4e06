"""Users, and conversations with them."""

from playground.refusals import invalid
from playground.rest import Body, Call, Routes

routes = Routes()


@routes.add("GET", "/users/@me")
def me(call: Call) -> Body:
    """Return the bot."""
    return call.world.bot.private_payload()


@routes.add("POST", "/users/@me/channels")
def begin_conversation(call: Call) -> Body:
    """Return the direct messages with a user."""
    recipient = str(call.fields.get("recipient_id", ""))
    if not recipient.isdecimal():
        raise invalid(("recipient_id",), "NUMBER_TYPE_COERCE", f'Value "{recipient}" is not snowflake.')
    user = call.world.user(int(recipient))
    if user.bot:
        raise invalid(("recipient_id",), "CANNOT_MESSAGE_USER", "Cannot send messages to this user")
    return call.world.conversation(call.world.bot, user).payload(call.world.bot)


@routes.add("GET", "/users/@me/guilds")
def my_guilds(call: Call) -> Body:
    """Return where the bot is a member."""
    return [
        {
            "id": str(guild.id),
            "name": guild.name,
            "icon": None,
            "banner": None,
            "owner": False,
            "permissions": str(int(guild.bot_member.permissions)),
            "features": [],
        }
        for guild in call.world.guilds.values()
        if guild.bot_member is not None
    ]


@routes.add("DELETE", "/users/@me/guilds/{guild_id}")
def leave_guild(call: Call) -> Body:
    """Take the bot out of a guild."""
    from playground.routes.guilds import seen_guild

    seen_guild(call).remove_bot()
    return None


@routes.add("GET", "/users/{user_id}")
def user(call: Call) -> Body:
    """Return anyone."""
    return call.world.user(call.id("user_id")).payload()
