"""Everything there is: guilds, users, channels and what was said in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from playground.cdn import Cdn
from playground.changes import Changes, Topic
from playground.clock import Clock
from playground.guilds import DIRECT_MESSAGE, PRIVATE_GROUP, Channel, Guild
from playground.intents import Intent
from playground.messages import Message, emoji_payload
from playground.refusals import unknown
from playground.settings import PlaygroundSettings
from playground.snowflakes import Snowflakes
from playground.users import User


class Event(NamedTuple):
    """Something that happened, for the sessions that asked for it."""

    name: str
    data: dict[str, Any]
    guild: Guild | None
    #: Any of these bits lets it through; none does for events that everyone gets.
    intents: Intent
    #: What a session sees that may not read what people write; None where that makes no difference.
    redacted: dict[str, Any] | None = None


class World:
    """The state of the playground."""

    def __init__(self, settings: PlaygroundSettings, clock: Clock, changes: Changes) -> None:
        self.settings, self.clock, self.changes = settings, clock, changes
        self.snowflakes = Snowflakes(clock)
        self.cdn = Cdn(clock, self.snowflakes, settings.cdn_bytes_kept)
        self.users: dict[int, User] = {}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        #: Ephemeral messages, which no channel has.
        self.private_messages: dict[int, Message] = {}
        self.on_event: Callable[[Event], None] = lambda event: None
        #: The application has its bot's id, as newer ones do.
        self.bot = self._add_user(settings.application, bot=True)
        self.owner = self._add_user("owner", bot=False)
        self.guild(settings.guild).channel(settings.channel)

    def emit(
        self,
        name: str,
        data: dict[str, Any],
        guild: Guild | None,
        intents: Intent,
        redacted: dict[str, Any] | None = None,
        anywhere: bool = False,
        about: object = None,
    ) -> None:
        """Tell the sessions where the bot is, or `anywhere`, and everyone who waits: `about` changed, or the guild."""
        if anywhere or guild is None or guild.bot_member is not None:
            self.on_event(Event(name, data, guild, intents, redacted))
        self.changes.happened(guild if about is None else about)

    # --- who and where

    def _add_user(self, name: str, bot: bool) -> User:
        user = User(self.snowflakes.draw(), name, bot)
        self.users[user.id] = user
        self.changes.happened(Topic.PEOPLE)
        return user

    def person(self, name: str) -> User:
        """Return the person of a name, made on first use."""
        found = next((user for user in self.users.values() if user.name == name and not user.bot), None)
        return found or self._add_user(name, bot=False)

    def user(self, user_id: int) -> User:
        """Return a user, or raise the Refusal that there is none."""
        if user_id not in self.users:
            raise unknown("User")
        return self.users[user_id]

    def guild(self, name: str, bot: bool = True) -> Guild:
        """Return the guild of a name, made on first use, with the bot as a member or without."""
        found = next((guild for guild in self.guilds.values() if guild.name == name), None)
        if found is not None:
            return found
        # Of commands' permissions, the id before a guild's own means all of its channels: it is nobody's.
        self.snowflakes.draw()
        guild = Guild(self.snowflakes.draw(), name, self, self.owner)
        self.guilds[guild.id] = guild
        if bot:
            guild.invite_bot()
        return guild

    def conversation(self, *users: User) -> Channel:
        """Return the channel of these people's direct messages, made on first use."""
        for channel in self.channels.values():
            if channel.guild is None and set(channel.recipients) == set(users):
                return channel
        kind = DIRECT_MESSAGE if len(users) == 2 else PRIVATE_GROUP
        channel = Channel(self.snowflakes.draw(), kind, "", recipients=list(users))
        self.channels[channel.id] = channel
        return channel

    def find_channel(self, name: str) -> Channel:
        """Return the first guild channel or thread of a name.

        Raises:
            LookupError: There is none.
        """
        for guild in self.guilds.values():
            for channel in (*guild.channels.values(), *guild.threads.values()):
                if channel.name == name:
                    return channel
        raise LookupError(f"there is no channel {name!r}")

    def channel(self, channel_id: int) -> Channel:
        """Return a channel, or raise the Refusal that there is none."""
        if channel_id not in self.channels:
            raise unknown("Channel")
        return self.channels[channel_id]

    def forget_channel(self, channel: Channel) -> None:
        """Lose a channel and its messages, those before single eyes too."""
        del self.channels[channel.id]
        private = [message for message in self.private_messages.values() if message.channel is channel]
        for message in (*channel.messages.values(), *private):
            self._discard(message)
            self.private_messages.pop(message.id, None)
        channel.messages.clear()

    # --- messages

    def find_message(self, message_id: int) -> Message:
        """Return a message of any channel, ephemeral ones too.

        Raises:
            LookupError: There is none, or no longer.
        """
        if message_id in self.private_messages:
            return self.private_messages[message_id]
        for channel in self.channels.values():
            if message_id in channel.messages:
                return channel.messages[message_id]
        raise LookupError("that message is gone")

    def add_message(self, message: Message) -> None:
        """Put a message into its channel, or before the eyes of its one viewer."""
        if message.viewer is not None:
            self._keep(self.private_messages, message)
            self.changes.happened(message)
            return
        self._keep(message.channel.messages, message)
        self._emit_message("MESSAGE_CREATE", message)

    def _keep(self, messages: dict[int, Message], message: Message) -> None:
        """Add a message, and lose the oldest where there are too many."""
        messages[message.id] = message
        if len(messages) > self.settings.messages_kept:
            self._discard(messages.pop(next(iter(messages))))

    def message_changed(self, message: Message) -> None:
        """Tell that a message is no longer what it was."""
        if message.viewer is not None:
            self.changes.happened(message)
        else:
            self._emit_message("MESSAGE_UPDATE", message)

    def delete_message(self, message: Message) -> None:
        """Take a message away."""
        self._discard(message)
        if message.viewer is not None:
            self.private_messages.pop(message.id, None)
            self.changes.happened(message)
            return
        message.channel.messages.pop(message.id, None)
        self._emit_about("MESSAGE_DELETE", {"id": str(message.id)}, message, "MESSAGES")

    def _discard(self, message: Message) -> None:
        message.deleted = True
        self.cdn.discard(message.attachments)

    def _emit_message(self, name: str, message: Message) -> None:
        body = message.event_payload(self.bot)
        readable = message.author is self.bot or self.bot in message.mentions or message.channel.guild is None
        redacted = None if readable else body | {"content": "", "embeds": [], "attachments": [], "components": []}
        if self._bot_sees(message.channel):
            intent = _intent(message.channel, "MESSAGES")
            self.emit(name, body, message.channel.guild, intent, redacted, about=message)
        else:
            self.changes.happened(message)

    def _emit_about(self, name: str, body: dict[str, Any], message: Message, what: str) -> None:
        channel = message.channel
        body |= {"channel_id": str(channel.id)}
        if channel.guild is not None:
            body["guild_id"] = str(channel.guild.id)
        if self._bot_sees(channel):
            self.emit(name, body, channel.guild, _intent(channel, what), about=message)
        else:
            self.changes.happened(message)

    def _bot_sees(self, channel: Channel) -> bool:
        return bool(channel.permissions_of(self.bot))

    # --- reactions

    def add_reaction(self, message: Message, emoji: str, user: User) -> None:
        """React to a message; a second time changes nothing."""
        users = message.reactions.setdefault(emoji, [])
        if user in users:
            return
        users.append(user)
        body = self._reaction_event(message, emoji, user) | {"message_author_id": str(message.author.id)}
        guild = message.channel.guild
        if guild is not None and user.id in guild.members:
            body["member"] = guild.members[user.id].payload()
        self._emit_about("MESSAGE_REACTION_ADD", body, message, "MESSAGE_REACTIONS")

    def remove_reaction(self, message: Message, emoji: str, user: User) -> None:
        """Take a reaction back, if it is there."""
        users = message.reactions.get(emoji, [])
        if user not in users:
            return
        users.remove(user)
        if not users:
            del message.reactions[emoji]
        body = self._reaction_event(message, emoji, user)
        self._emit_about("MESSAGE_REACTION_REMOVE", body, message, "MESSAGE_REACTIONS")

    def clear_reactions(self, message: Message, emojis: Iterable[str] | None = None) -> None:
        """Take everyone's reactions away: of these emojis, or all."""
        if emojis is None:
            message.reactions.clear()
            body = {"message_id": str(message.id)}
            self._emit_about("MESSAGE_REACTION_REMOVE_ALL", body, message, "MESSAGE_REACTIONS")
            return
        for emoji in emojis:
            if message.reactions.pop(emoji, None) is not None:
                of_one = {"message_id": str(message.id), "emoji": emoji_payload(emoji)}
                self._emit_about("MESSAGE_REACTION_REMOVE_EMOJI", of_one, message, "MESSAGE_REACTIONS")

    def _reaction_event(self, message: Message, emoji: str, user: User) -> dict[str, Any]:
        return {
            "user_id": str(user.id),
            "message_id": str(message.id),
            "emoji": emoji_payload(emoji),
            "burst": False,
            "type": 0,
        }


def _intent(channel: Channel, what: str) -> Intent:
    return Intent[f"{'DIRECT' if channel.guild is None else 'GUILD'}_{what}"]
