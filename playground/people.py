"""A person before a screen: what they can do with a bot, and what they see."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from playground import components as kinds
from playground import modals, options
from playground.changes import Topic
from playground.commands import CHAT, ON_MESSAGE, ON_USER
from playground.guilds import Channel, Guild, Role
from playground.interactions import AUTOCOMPLETE, BOT_DM, COMMAND, COMPONENT, GUILD, MODAL, PRIVATE_CHANNEL, Interaction
from playground.invocations import Invocation
from playground.messages import Message, notice_mentions
from playground.modals import Modal
from playground.permissions import Permission
from playground.resolving import Resolved, as_upload, member_of, with_uploads
from playground.threads import writing
from playground.users import User
from playground.writing import new_message

if TYPE_CHECKING:
    from playground.server import Playground

_MOST_CHARACTERS = 2000

Place = str | Channel
#: A message as it was given out, or its id.
Shown = dict[str, Any] | int | str


class Person:
    """Someone who uses the bot."""

    def __init__(self, playground: Playground, user: User) -> None:
        self.user, self._playground, self._world = user, playground, playground.world

    def __repr__(self) -> str:
        return f"Person({self.user.name!r})"

    @property
    def id(self) -> int:
        """Return the user's id."""
        return self.user.id

    @property
    def mention(self) -> str:
        """Return the text that names this person in a message."""
        return self.user.mention

    @property
    def dm(self) -> Channel:
        """Return the direct messages with the bot."""
        return self._world.conversation(self._world.bot, self.user)

    def private_channel(self, *others: Person) -> Channel:
        """Return the direct messages with other people, where the bot is not."""
        return self._world.conversation(self.user, *(other.user for other in others))

    def join(self, guild: str | Guild, roles: Iterable[Role] = ()) -> None:
        """Become a member of a guild, with these roles and no others."""
        found = self._world.guild(guild) if isinstance(guild, str) else guild
        found.join(self.user)
        if roles:
            found.assign(self.user, *roles)

    def install(self, installed: bool = True) -> None:
        """Add the application to one's own account, so that its commands can be used everywhere, or take it away."""
        self.user.installed = installed
        self._world.changes.happened(Topic.PEOPLE)

    def accept_direct_messages(self, accepted: bool = True) -> None:
        """Let bots begin conversations, or refuse them."""
        self.user.accepts_direct_messages = accepted
        self._world.changes.happened(Topic.PEOPLE)

    @property
    def channels(self) -> list[Channel]:
        """Return the channels that this person sees, the direct messages with the bot among them."""
        dm = self.dm
        return [channel for channel in self._world.channels.values() if channel is dm or self._sees(channel)]

    def _sees(self, channel: Channel) -> bool:
        return bool(channel.permissions_of(self.user))

    def _channel(self, place: Place) -> Channel:
        channel = self._world.find_channel(place) if isinstance(place, str) else place
        if channel.id not in self._world.channels:
            raise LookupError(f"#{channel.name} is gone")
        member_of(channel, self.user)
        return channel

    # --- commands

    def commands(self, channel: Place = "general") -> list[dict[str, Any]]:
        """Return the commands that this person is offered in a channel."""
        place = self._channel(channel)
        guild = place.guild
        here = GUILD if guild else BOT_DM if self._world.bot in place.recipients else PRIVATE_CHANNEL
        granted = place.permissions_of(self.user)
        if Permission.USE_APPLICATION_COMMANDS not in granted:
            return []
        present = guild is None or guild.bot_member is not None
        offered = self._playground.commands.offered(guild.id if guild else None, here, self.user.installed)
        return [
            command
            for command in offered
            if (present or (self.user.installed and 1 in command["integration_types"]))
            and self._playground.commands.offers.offered(command, self.user, place)
        ]

    def _command(self, name: str, type_: int, channel: Place) -> dict[str, Any]:
        """Return the command of a name, or raise a LookupError."""
        offered = self.commands(channel)
        for command in offered:
            if (command["name"], command["type"]) == (name, type_):
                return command
        known = [command["name"] for command in offered if command["type"] == type_]
        raise LookupError(f"{self.user.name} is offered no command {name!r}, only {known}")

    async def command(
        self,
        name: str,
        options: dict[str, Any] | None = None,
        *,
        channel: Place = "general",
        target: Any = None,
        checked: bool = True,
    ) -> Invocation:
        """Use a command: a slash command ("group name" for a subcommand), or one from a menu on a `target`.

        The target is a message as Discord sends it, or a person. Values of options are plain; a person, role or
        channel may be given by name, a file as a path or as (name, bytes). Without `checked` nothing is checked, as
        by a client that does not know the newest version of the command.

        Raises:
            LookupError: The person is offered no such command or option.
            ValueError: A client would not send these options.
        """
        if target is not None:
            return self._use_menu(name, target, channel)
        first, *path = name.split(" ")
        command = self._command(first, CHAT, channel)
        resolved = Resolved(self._world, self._channel(channel), self.user)
        given = await with_uploads(options or {})
        return self._invoke(command, _filled(command, path, given, resolved, None, checked), resolved, channel)

    def _use_menu(self, name: str, target: Any, channel: Place) -> Invocation:
        on_user = isinstance(target, Person | User)
        command = self._command(name, ON_USER if on_user else ON_MESSAGE, channel)
        resolved = Resolved(self._world, self._channel(channel), self.user)
        target_id = resolved.user(target) if on_user else resolved.message(self._message(target))
        return self._invoke(command, {"target_id": target_id}, resolved, channel)

    def _invoke(
        self, command: dict[str, Any], filled: dict[str, Any], resolved: Resolved, channel: Place, type_: int = COMMAND
    ) -> Invocation:
        data = {"id": command["id"], "name": command["name"], "type": command["type"]} | filled
        if "guild_id" in command:
            data["guild_id"] = command["guild_id"]
        if resolved.payload():
            data["resolved"] = resolved.payload()
        return self._start(type_, self._channel(channel), data)

    def _start(
        self,
        type_: int,
        channel: Channel,
        data: dict[str, Any],
        message: Message | None = None,
        modal: Modal | None = None,
    ) -> Invocation:
        parent = modal.interaction if modal else None
        return self.shown(self._playground.interactions.start(type_, self.user, channel, data, message, parent))

    def shown(self, interaction: Interaction) -> Invocation:
        """Return an interaction of this person as they see it."""
        return Invocation(interaction, self._world.clock, self._world.settings.token_seconds)

    @property
    def invocations(self) -> list[Invocation]:
        """Return everything that this person did, oldest first."""
        return [self.shown(interaction) for interaction in self._playground.interactions.of_user(self.user)]

    def invocation(self, invocation_id: int) -> Invocation:
        """Return something that this person did, or raise a LookupError that they did not."""
        for invocation in self.invocations:
            if invocation.interaction.id == invocation_id:
                return invocation
        raise LookupError(f"{self.user.name} did nothing with the id {invocation_id}")

    async def autocomplete(
        self,
        name: str,
        options: dict[str, Any] | None = None,
        focused: str = "",
        *,
        channel: Place = "general",
    ) -> list[dict[str, Any]]:
        """Type into an option, and return the choices that the bot offers; the text is `options[focused]`.

        Raises:
            TimeoutError: The bot did not answer in time.
        """
        first, *path = name.split(" ")
        command = self._command(first, CHAT, channel)
        resolved = Resolved(self._world, self._channel(channel), self.user)
        given = await with_uploads(options or {})
        filled = _filled(command, path, given, resolved, focused, False)
        return await self._invoke(command, filled, resolved, channel, AUTOCOMPLETE).choices()

    # --- components and modals

    def _message(self, shown: Shown) -> Message:
        """Return the message that was shown, or raise a LookupError that it is gone or another's alone."""
        message = self._world.find_message(int(shown["id"] if isinstance(shown, dict) else shown))
        if message.viewer not in (None, self.user):
            raise LookupError(f"{self.user.name} does not see that message")
        member_of(message.channel, self.user)
        return message

    async def press(self, message: Shown, wanted: str) -> Invocation:
        """Press the button with this custom id, label or emoji.

        Raises:
            LookupError: It is not there, or the message is gone.
            ValueError: It cannot be pressed.
        """
        found = self._message(message)
        button = kinds.find(found.components, wanted, (kinds.BUTTON,))
        if button.get("disabled"):
            raise ValueError(f"{wanted!r} is disabled")
        if "custom_id" not in button:
            raise ValueError(f"{wanted!r} only leads elsewhere")
        return self._use(found, button, {})

    async def select(self, message: Shown, wanted: str, values: Any) -> Invocation:
        """Choose from the select with this custom id or placeholder.

        Raises:
            LookupError: It is not there, or the message is gone.
            ValueError: These values cannot be chosen.
        """
        found = self._message(message)
        select = kinds.find(found.components, wanted, kinds.SELECTS)
        if select.get("disabled"):
            raise ValueError(f"{wanted!r} is disabled")
        chosen = list(values) if isinstance(values, list | tuple) else [values]
        if select["type"] == kinds.STRING_SELECT:
            return self._use(found, select, {"values": modals.chosen_options(select, chosen)})
        resolved = Resolved(self._world, found.channel, self.user)
        if not select["min_values"] <= len(chosen) <= select["max_values"]:
            raise ValueError(f"{wanted!r} takes {select['min_values']} to {select['max_values']}")
        body = {"values": modals.refer(select, chosen, resolved), "resolved": resolved.payload()}
        return self._use(found, select, body)

    def _use(self, message: Message, component: dict[str, Any], body: dict[str, Any]) -> Invocation:
        data = {"custom_id": component["custom_id"], "component_type": component["type"], "id": component["id"]} | body
        return self._start(COMPONENT, message.channel, data, message)

    async def submit(self, modal: Modal, values: dict[str, Any] | None = None) -> Invocation:
        """Send a modal in; what `values` does not name by custom id stays as it was shown.

        Raises:
            LookupError: There is no such input.
            ValueError: A client would not send these values.
        """
        origin = modal.interaction
        if origin.user is not self.user:
            raise LookupError(f"{self.user.name} has no such modal open")
        given = await with_uploads(values or {})
        resolved = Resolved(self._world, origin.channel, self.user)
        data: dict[str, Any] = {"custom_id": modal["custom_id"], "components": modals.fill(modal, given, resolved)}
        if resolved.payload():
            data["resolved"] = resolved.payload()
        return self._start(MODAL, origin.channel, data, origin.message, modal)

    # --- talking

    async def send(
        self, channel: Place, content: str = "", files: Iterable[Any] = (), reply_to: Shown | None = None
    ) -> dict[str, Any]:
        """Write a message, and return it.

        Raises:
            LookupError: This person does not see the channel.
            ValueError: They may not write there, or a client would not send that.
        """
        place = self._channel(channel)
        uploads = [await as_upload(file) for file in files]
        self._demand(place, writing(place), "write")
        if not 1 <= len(content) <= _MOST_CHARACTERS and not (uploads and not content):
            raise ValueError(f"a message has 1 to {_MOST_CHARACTERS} characters, not {len(content)}")
        if any(upload.size > self._world.settings.upload_limit_bytes for upload in uploads):
            raise ValueError("a file is too large to upload")
        message = new_message(self._world, place, self.user)
        message.content = content
        if reply_to is not None:
            message.type, message.reference = 19, self._message(reply_to)
        message.attachments = [self._world.cdn.store(upload, place.id) for upload in uploads]
        notice_mentions(message, None)
        self._world.add_message(message)
        return message.payload(self.user)

    def start_thread(self, channel: Place, name: str) -> Channel:
        """Begin a thread in a channel, and return it.

        Raises:
            LookupError: This person does not see the channel.
            ValueError: They may not begin one there, or a client would not send that name.
        """
        place = self._channel(channel)
        self._demand(place, Permission.CREATE_PUBLIC_THREADS, "begin threads")
        if place.guild is None:
            raise ValueError("a conversation has no threads")
        return place.guild.thread(place, name, self.user)

    def _demand(self, channel: Channel, permission: Permission, deed: str) -> None:
        if permission not in channel.permissions_of(self.user):
            raise ValueError(f"{self.user.name} may not {deed} in #{channel.name}")

    async def react(self, message: Shown, emoji: str) -> None:
        """React to a message; an emoji that is already there needs no permission."""
        found = self._message(message)
        if emoji not in found.reactions:
            self._demand(found.channel, Permission.ADD_REACTIONS, "react")
        self._world.add_reaction(found, emoji, self.user)

    async def unreact(self, message: Shown, emoji: str) -> None:
        """Take a reaction back."""
        self._world.remove_reaction(self._message(message), emoji, self.user)

    async def delete(self, message: Shown) -> None:
        """Delete a message of one's own, or another's with the permission to manage messages.

        Raises:
            ValueError: It is another's, and the permission is missing.
        """
        found = self._message(message)
        if found.author is not self.user and Permission.MANAGE_MESSAGES not in found.channel.permissions_of(self.user):
            raise ValueError("that message is another's")
        self._world.delete_message(found)

    def messages(self, channel: Place = "general") -> list[dict[str, Any]]:
        """Return what this person sees in a channel, oldest first: everyone's messages, and those for them alone."""
        place = self._channel(channel)
        own = [
            message
            for message in self._world.private_messages.values()
            if message.viewer is self.user and message.channel is place
        ]
        seen = sorted([*place.messages.values(), *own], key=lambda message: message.id)
        return [message.payload(self.user) for message in seen]


def _filled(
    command: dict[str, Any],
    path: list[str],
    given: dict[str, Any],
    resolved: Resolved,
    focused: str | None,
    checked: bool,
) -> dict[str, Any]:
    filled = options.fill(command, path, given, resolved, focused, checked)
    return {"options": filled} if filled else {}
