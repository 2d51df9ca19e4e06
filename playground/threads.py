"""Public threads: what differs from the channels that they are in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playground.intents import Intent
from playground.permissions import Permission
from playground.snowflakes import created_at

if TYPE_CHECKING:
    from playground.guilds import Channel, Guild
    from playground.users import User

PUBLIC_THREAD = 11
_MOST_CHARACTERS = 100
#: Minutes of silence after which Discord would put one away; here none is.
_ARCHIVE_MINUTES = 4320


def describe(thread: Channel) -> dict[str, Any]:
    """Return what is sent of a thread beside its id, kind and newest message."""
    assert thread.guild is not None
    assert thread.parent is not None
    assert thread.owner is not None
    began = created_at(thread.id)
    talkers = {thread.owner, *(message.author for message in thread.messages.values())}
    return {
        "guild_id": str(thread.guild.id),
        "name": thread.name,
        "parent_id": str(thread.parent.id),
        "owner_id": str(thread.owner.id),
        "rate_limit_per_user": 0,
        "message_count": len(thread.messages),
        "total_message_sent": len(thread.messages),
        "member_count": len(talkers),
        "thread_metadata": {
            "archived": False,
            "auto_archive_duration": _ARCHIVE_MINUTES,
            "archive_timestamp": began,
            "locked": False,
            "create_timestamp": began,
        },
    }


def start(make: type[Channel], parent: Channel, name: str, owner: User) -> Channel:
    """Begin a thread in a channel of a guild.

    Raises:
        ValueError: It has no fitting name, or the place can have none.
    """
    guild = parent.guild
    if guild is None or parent.parent is not None:
        raise ValueError("threads are begun in the channels of a guild")
    if not 1 <= len(name.strip()) <= _MOST_CHARACTERS:
        raise ValueError(f"a thread's name has 1 to {_MOST_CHARACTERS} characters")
    thread = make(guild.world.snowflakes.draw(), PUBLIC_THREAD, name.strip(), guild, parent=parent, owner=owner)
    guild.threads[thread.id] = guild.world.channels[thread.id] = thread
    _emit("THREAD_CREATE", thread, thread.payload() | {"newly_created": True})
    return thread


def delete(guild: Guild, thread: Channel) -> None:
    """Delete a thread with all that was said in it."""
    assert thread.parent is not None
    guild.world.forget_channel(thread)
    del guild.threads[thread.id]
    ids = {"id": str(thread.id), "guild_id": str(guild.id), "parent_id": str(thread.parent.id)}
    _emit("THREAD_DELETE", thread, ids | {"type": thread.type})


def _emit(event: str, thread: Channel, body: dict[str, Any]) -> None:
    """Tell of a thread whoever sees the channel that it is in."""
    assert thread.guild is not None
    world = thread.guild.world
    if thread.permissions_of(world.bot):
        world.emit(event, body, thread.guild, Intent.GUILDS, about=thread)
    else:
        world.changes.happened(thread)


def writing(channel: Channel) -> Permission:
    """Return the permission that writing in a channel needs."""
    return Permission.SEND_MESSAGES if channel.parent is None else Permission.SEND_MESSAGES_IN_THREADS
