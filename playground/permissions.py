"""Who may do what where: Discord's permission bits and how overwrites combine."""

from __future__ import annotations

from enum import IntFlag
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playground.guilds import Channel, Member


class Permission(IntFlag):
    """The bits that matter here; the numbers are Discord's."""

    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_AUDIT_LOG = 1 << 7
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    MANAGE_ROLES = 1 << 28
    USE_APPLICATION_COMMANDS = 1 << 31
    CREATE_PUBLIC_THREADS = 1 << 35
    SEND_MESSAGES_IN_THREADS = 1 << 38
    USE_EXTERNAL_APPS = 1 << 50

    @classmethod
    def all(cls) -> Permission:
        """Return every bit."""
        return ~cls(0)


#: What @everyone may do in a new guild.
EVERYONE = (
    Permission.ADD_REACTIONS
    | Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.USE_EXTERNAL_EMOJIS
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.CREATE_PUBLIC_THREADS
    | Permission.SEND_MESSAGES_IN_THREADS
    | Permission.USE_EXTERNAL_APPS
)
#: What everyone may do in a direct message.
DIRECT = EVERYONE | Permission.MENTION_EVERYONE


def of_member(member: Member) -> Permission:
    """Return what a member may do in the guild, before any channel says otherwise."""
    guild = member.guild
    if member.user is guild.owner:
        return Permission.all()
    granted = guild.everyone.permissions
    for role in member.roles:
        granted |= role.permissions
    return Permission.all() if Permission.ADMINISTRATOR in granted else granted


def in_channel(member: Member, channel: Channel) -> Permission:
    """Return what a member may do in a channel: @everyone's overwrite, then the roles', then the member's."""
    granted = of_member(member)
    if granted == Permission.all():
        return granted
    overwrites = channel.overwrites
    if everyone := overwrites.get(member.guild.id):
        granted = granted & ~everyone.deny | everyone.allow
    roles = [overwrites[role.id] for role in member.roles if role.id in overwrites]
    for overwrite in roles:
        granted &= ~overwrite.deny
    for overwrite in roles:
        granted |= overwrite.allow
    if own := overwrites.get(member.user.id):
        granted = granted & ~own.deny | own.allow
    return granted if Permission.VIEW_CHANNEL in granted else Permission(0)
