"""Guilds, and what is in them: channels, roles, members."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from playground import threads
from playground.intents import Intent
from playground.permissions import DIRECT, EVERYONE, Permission, in_channel, of_member
from playground.refusals import unknown
from playground.snowflakes import created_at
from playground.users import User

if TYPE_CHECKING:
    from playground.messages import Message
    from playground.world import World

TEXT, DIRECT_MESSAGE, PRIVATE_GROUP = 0, 1, 3


@dataclass(eq=False)
class Role:
    """A role; the one with the guild's id is @everyone."""

    id: int
    name: str
    permissions: Permission
    position: int = 0
    mentionable: bool = False
    bot_id: int | None = None

    def payload(self) -> dict[str, Any]:
        """Return the role as Discord sends it."""
        body: dict[str, Any] = {
            "id": str(self.id),
            "name": self.name,
            "description": None,
            "permissions": str(int(self.permissions)),
            "position": self.position,
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "managed": self.bot_id is not None,
            "mentionable": self.mentionable,
            "icon": None,
            "unicode_emoji": None,
            "flags": 0,
        }
        return body if self.bot_id is None else body | {"tags": {"bot_id": str(self.bot_id)}}


@dataclass(eq=False)
class Member:
    """A user in a guild."""

    user: User
    guild: Guild
    joined_at: str
    roles: list[Role] = field(default_factory=list)

    @property
    def permissions(self) -> Permission:
        """Return what the member may do in the guild."""
        return of_member(self)

    def payload(self, user: bool = True) -> dict[str, Any]:
        """Return the member as Discord sends it, with the user or without."""
        body: dict[str, Any] = {
            "nick": None,
            "avatar": None,
            "banner": None,
            "roles": [str(role.id) for role in self.roles],
            "joined_at": self.joined_at,
            "premium_since": None,
            "communication_disabled_until": None,
            "deaf": False,
            "mute": False,
            "pending": False,
            "flags": 0,
        }
        return body | {"user": self.user.payload()} if user else body


@dataclass(eq=False)
class Overwrite:
    """What a channel allows and denies to a role or a member."""

    target: Role | User
    allow: Permission
    deny: Permission

    def payload(self) -> dict[str, Any]:
        """Return the overwrite as Discord sends it."""
        return {
            "id": str(self.target.id),
            "type": 0 if isinstance(self.target, Role) else 1,
            "allow": str(int(self.allow)),
            "deny": str(int(self.deny)),
        }


@dataclass(eq=False)
class Channel:
    """A text channel of a guild, a thread in one, or a conversation of a few people."""

    id: int
    type: int
    name: str
    guild: Guild | None = None
    recipients: list[User] = field(default_factory=list)
    position: int = 0
    #: For adults alone.
    age_restricted: bool = False
    overwrites: dict[int, Overwrite] = field(default_factory=dict)
    #: Of a thread, the channel that it is in, and who began it.
    parent: Channel | None = None
    owner: User | None = None
    #: By id, oldest first.
    messages: dict[int, Message] = field(default_factory=dict)

    def payload(self, viewer: User | None = None) -> dict[str, Any]:
        """Return the channel as Discord sends it to `viewer`, who is no recipient of their own conversation."""
        last = next(reversed(self.messages), None)
        body: dict[str, Any] = {"id": str(self.id), "type": self.type, "flags": 0}
        body |= {"last_message_id": None if last is None else str(last)}
        if self.guild is None:
            return body | {"recipients": [user.payload() for user in self.recipients if user is not viewer]}
        if self.parent is not None:
            return body | threads.describe(self)
        return body | {
            "guild_id": str(self.guild.id),
            "name": self.name,
            "position": self.position,
            "parent_id": None,
            "topic": None,
            "nsfw": self.age_restricted,
            "rate_limit_per_user": 0,
            "permission_overwrites": [overwrite.payload() for overwrite in self.overwrites.values()],
        }

    def permissions_of(self, user: User) -> Permission:
        """Return what a user may do here, in a thread what they may in its channel; nothing for a stranger."""
        if self.guild is None:
            return DIRECT if user in self.recipients else Permission(0)
        member = self.guild.members.get(user.id)
        return Permission(0) if member is None else in_channel(member, self.parent or self)

    def restrict_age(self, restricted: bool = True) -> None:
        """Make it a channel for adults alone, or one for everybody again."""
        if self.guild is None:
            raise ValueError("a conversation is not age-restricted")
        if self.parent is not None:
            raise ValueError("a thread is as age-restricted as its channel")
        self.age_restricted = restricted
        self.guild.world.emit("CHANNEL_UPDATE", self.payload(), self.guild, Intent.GUILDS, about=self)

    def overwrite(self, target: Role | User | Member, allow: int = 0, deny: int = 0) -> None:
        """Allow and deny something to a role or to a member."""
        if self.guild is None:
            raise ValueError("a conversation has no overwrites")
        if self.parent is not None:
            raise ValueError("a thread has the overwrites of its channel")
        who = target.user if isinstance(target, Member) else target
        self.overwrites[who.id] = Overwrite(who, Permission(allow), Permission(deny))
        self.guild.world.emit("CHANNEL_UPDATE", self.payload(), self.guild, Intent.GUILDS, about=self)


@dataclass(frozen=True)
class AuditEntry:
    """Something that Discord writes down of what was done in a guild."""

    id: int
    #: Discord's number of it.
    action: int
    user: User
    target: User

    def payload(self) -> dict[str, Any]:
        """Return the entry as Discord sends it."""
        return {
            "id": str(self.id),
            "action_type": self.action,
            "user_id": str(self.user.id),
            "target_id": str(self.target.id),
        }


#: A bot was added.
BOT_ADDED = 28


@dataclass(eq=False)
class Guild:
    """A guild; `bot_member` is None where the bot was never invited."""

    id: int
    name: str
    world: World
    owner: User
    locale: str = "en-US"
    #: Another upload limit than the world's, as boosts give one.
    upload_limit_bytes: int | None = None
    channels: dict[int, Channel] = field(default_factory=dict)
    threads: dict[int, Channel] = field(default_factory=dict)
    roles: dict[int, Role] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    #: Where Discord says who came, if anywhere.
    system_channel: Channel | None = None
    #: Oldest first.
    audit: list[AuditEntry] = field(default_factory=list)
    #: Discord can reach it.
    available: bool = True

    def __post_init__(self) -> None:
        self.everyone = Role(self.id, "@everyone", EVERYONE)
        self.roles[self.id] = self.everyone
        self.join(self.owner)

    @property
    def bot_member(self) -> Member | None:
        """Return the bot as a member of this guild."""
        return self.members.get(self.world.bot.id)

    def channel(self, name: str) -> Channel:
        """Return the text channel of a name, made on first use."""
        found = next((channel for channel in self.channels.values() if channel.name == name), None)
        if found is not None:
            return found
        channel = Channel(self.world.snowflakes.draw(), TEXT, name, self, position=len(self.channels))
        self.channels[channel.id] = self.world.channels[channel.id] = channel
        self.world.emit("CHANNEL_CREATE", channel.payload(), self, Intent.GUILDS, about=channel)
        return channel

    def thread(self, parent: Channel, name: str, owner: User | None = None) -> Channel:
        """Begin a thread in a channel; by the guild's owner, if nobody else is named."""
        return threads.start(Channel, parent, name, owner or self.owner)

    def delete_channel(self, channel: Channel) -> None:
        """Delete a channel with all that was said in it, and its threads; or a thread."""
        if channel.parent is not None:
            threads.delete(self, channel)
            return
        for thread in [each for each in self.threads.values() if each.parent is channel]:
            threads.delete(self, thread)
        self.world.forget_channel(channel)
        del self.channels[channel.id]
        self.world.emit("CHANNEL_DELETE", channel.payload(), self, Intent.GUILDS, about=channel)

    def role(self, name: str, permissions: int = 0, mentionable: bool = False) -> Role:
        """Return the role of a name, made on first use."""
        found = next((role for role in self.roles.values() if role.name == name), None)
        if found is not None:
            return found
        role = Role(self.world.snowflakes.draw(), name, Permission(permissions), len(self.roles), mentionable)
        self.roles[role.id] = role
        self.world.emit("GUILD_ROLE_CREATE", self._role_event(role), self, Intent.GUILDS)
        return role

    def permit(self, role: Role, permissions: int) -> None:
        """Give a role these permissions, and no others."""
        role.permissions = Permission(permissions)
        self.world.emit("GUILD_ROLE_UPDATE", self._role_event(role), self, Intent.GUILDS)

    def delete_role(self, role: Role) -> None:
        """Delete a role; nobody has it any more."""
        del self.roles[role.id]
        for member in self.members.values():
            member.roles = [each for each in member.roles if each is not role]
        event = {"guild_id": str(self.id), "role_id": str(role.id)}
        self.world.emit("GUILD_ROLE_DELETE", event, self, Intent.GUILDS)

    def _role_event(self, role: Role) -> dict[str, Any]:
        return {"guild_id": str(self.id), "role": role.payload()}

    def join(self, user: User) -> Member:
        """Return a user's membership, made on first use."""
        if user.id in self.members:
            return self.members[user.id]
        member = self.members[user.id] = Member(user, self, self.world.clock.stamp())
        body = member.payload() | {"guild_id": str(self.id)}
        self.world.emit("GUILD_MEMBER_ADD", body, self, Intent.GUILD_MEMBERS)
        return member

    def assign(self, user: User, *roles: Role) -> None:
        """Give a member these roles, and no others."""
        member = self.member(user.id)
        member.roles = list(roles)
        body = member.payload() | {"guild_id": str(self.id)}
        self.world.emit("GUILD_MEMBER_UPDATE", body, self, Intent.GUILD_MEMBERS)

    def member(self, user_id: int) -> Member:
        """Return a member, or raise the Refusal that there is none."""
        if user_id not in self.members:
            raise unknown("Member")
        return self.members[user_id]

    def invite_bot(self, by: User | None = None, permissions: int = EVERYONE) -> None:
        """Make the bot a member, with a role of its own; `by` the owner, if nobody else is named."""
        bot = self.world.bot
        if bot.id in self.members:
            return
        role = Role(self.world.snowflakes.draw(), bot.name, Permission(permissions), len(self.roles), bot_id=bot.id)
        self.roles[role.id] = role
        self.members[bot.id] = Member(bot, self, self.world.clock.stamp(), [role])
        self.audit.append(AuditEntry(self.world.snowflakes.draw(), BOT_ADDED, by or self.owner, bot))
        body = self.create_payload()
        body.pop("unavailable")  # Its absence tells a new guild from one that is back.
        self.world.emit("GUILD_CREATE", body, self, Intent.GUILDS)

    def remove_bot(self) -> None:
        """Take the bot out of the guild, as an admin does."""
        self.world.emit("GUILD_DELETE", {"id": str(self.id)}, self, Intent.GUILDS)
        member = self.members.pop(self.world.bot.id)
        for role in member.roles:
            self.roles.pop(role.id)

    def fail(self) -> None:
        """Let Discord not reach the guild for a while."""
        self.available = False
        self.world.emit("GUILD_DELETE", {"id": str(self.id), "unavailable": True}, self, Intent.GUILDS)

    def recover(self) -> None:
        """End what `fail` began."""
        self.available = True
        self.world.emit("GUILD_CREATE", self.create_payload(), self, Intent.GUILDS)

    def payload(self) -> dict[str, Any]:
        """Return the guild as REST sends it."""
        return {
            "id": str(self.id),
            "name": self.name,
            "icon": None,
            "description": None,
            "home_header": None,
            "splash": None,
            "discovery_splash": None,
            "features": [],
            "banner": None,
            "owner_id": str(self.owner.id),
            "application_id": None,
            "region": "deprecated",
            "afk_channel_id": None,
            "afk_timeout": 300,
            "system_channel_id": None if self.system_channel is None else str(self.system_channel.id),
            "system_channel_flags": 0,
            "widget_enabled": False,
            "widget_channel_id": None,
            "verification_level": 0,
            "roles": [role.payload() for role in self.roles.values()],
            "default_message_notifications": 0,
            "mfa_level": 0,
            "explicit_content_filter": 0,
            "max_presences": None,
            "max_members": 500_000,
            "max_stage_video_channel_users": 50,
            "max_video_channel_users": 25,
            "vanity_url_code": None,
            "premium_tier": 0,
            "premium_subscription_count": 0,
            "preferred_locale": self.locale,
            "rules_channel_id": None,
            "safety_alerts_channel_id": None,
            "public_updates_channel_id": None,
            "premium_progress_bar_enabled": False,
            "nsfw": False,
            "nsfw_level": 0,
            "emojis": [],
            "stickers": [],
            "incidents_data": None,
            "hub_type": None,
        }

    def create_payload(self, everyone: bool = False) -> dict[str, Any]:
        """Return the guild as GUILD_CREATE sends it: with all members, or with the bot alone."""
        bot = self.members.get(self.world.bot.id)
        members = list(self.members.values()) if everyone else [bot] if bot else []
        return self.payload() | {
            "joined_at": bot.joined_at if bot else created_at(self.id),
            "large": False,
            "unavailable": False,
            "member_count": len(self.members),
            "members": [member.payload() for member in members],
            "channels": [channel.payload() for channel in self.channels.values()],
            "threads": [each.payload() for each in self.threads.values() if each.permissions_of(self.world.bot)],
            "presences": [],
            "voice_states": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }
