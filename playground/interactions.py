"""What people did with commands, components and modals, and how far the bot has come with its answer."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from playground.guilds import Channel
from playground.intents import Intent
from playground.messages import Message
from playground.permissions import Permission
from playground.refusals import already_acknowledged, token_expired, unknown
from playground.users import User
from playground.world import World
from playground.writing import upload_limit

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5
GUILD, BOT_DM, PRIVATE_CHANNEL = 0, 1, 2

#: Followups where the app is installed for the person alone.
FOLLOWUPS_OF_A_STRANGER = 5
_KEPT = 20_000
#: Kinds of options that are commands within a command.
_SUBCOMMAND, _GROUP = 1, 2


@dataclass(eq=False)
class Interaction:
    """One of them."""

    id: int
    token: str
    type: int
    user: User
    channel: Channel
    created: float
    data: dict[str, Any]
    #: The message whose component was used; of a modal, the one whose component opened it.
    message: Message | None = None
    #: Of a modal: the interaction that opened it.
    parent: Interaction | None = None
    metadata: dict[str, Any] = field(default_factory=dict)

    #: The type of the callback, once there was one.
    answer: int | None = None
    acknowledged_at: float | None = None
    #: The 3 seconds went by.
    missed: bool = False
    #: The token was ended before its time.
    lapsed: bool = False
    ephemeral: bool = False
    original: Message | None = None
    followups: list[Message] = field(default_factory=list)
    modal: dict[str, Any] | None = None
    choices: list[dict[str, Any]] | None = None
    settled: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def used(self) -> str:
        """Return the command that was used, as people see it: "/admin models allow", "Remix settings"."""
        if self.data.get("type", 1) != 1:
            return str(self.data["name"])
        words, options = [self.data["name"]], self.data.get("options", [])
        while options and options[0]["type"] in (_SUBCOMMAND, _GROUP):
            words.append(options[0]["name"])
            options = options[0].get("options", [])
        return "/" + " ".join(words)

    @property
    def installed_for_person_alone(self) -> bool:
        """Return whether the bot is not in the place where this happened."""
        if self.channel.guild is not None:
            return self.channel.guild.bot_member is None
        return not any(user.bot for user in self.channel.recipients)

    @property
    def context(self) -> int:
        """Return where this happened, as commands are told."""
        if self.channel.guild is not None:
            return GUILD
        return PRIVATE_CHANNEL if self.installed_for_person_alone else BOT_DM

    def owners(self) -> dict[str, str]:
        """Return who installed the application: the guild (0), or the person (1)."""
        if self.installed_for_person_alone:
            return {"1": str(self.user.id)}
        guild = {"0": str(self.channel.guild.id) if self.channel.guild else "0"}
        return guild | {"1": str(self.user.id)} if self.user.installed else guild


class Interactions:
    """Starts interactions, and finds them by token for the bot."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._by_token: dict[str, Interaction] = {}
        self._watchers: set[asyncio.Task[None]] = set()

    def start(
        self,
        type_: int,
        user: User,
        channel: Channel,
        data: dict[str, Any],
        message: Message | None = None,
        parent: Interaction | None = None,
    ) -> Interaction:
        """Tell the bot that a person did something."""
        now = self._world.clock.now()
        token = secrets.token_urlsafe(96)
        interaction = Interaction(
            self._world.snowflakes.draw(), token, type_, user, channel, now, data, message, parent
        )
        interaction.metadata = self._metadata(interaction)
        self._by_token[token] = interaction
        if len(self._by_token) > _KEPT:
            self._by_token.pop(next(iter(self._by_token)))
        self._watch(interaction)
        payload = self._payload(interaction)
        self._world.emit("INTERACTION_CREATE", payload, channel.guild, Intent.NONE, anywhere=True, about=interaction)
        return interaction

    def _watch(self, interaction: Interaction) -> None:
        watcher = asyncio.create_task(self._await_deadline(interaction), name=f"deadline of {interaction.id}")
        self._watchers.add(watcher)
        watcher.add_done_callback(self._watchers.discard)

    async def _await_deadline(self, interaction: Interaction) -> None:
        """Note that the bot did not answer in time."""
        await self._world.clock.sleep_until(interaction.created + self._world.settings.acknowledge_seconds)
        if interaction.answer is None:
            interaction.missed = True
            interaction.settled.set()
            self._world.changes.happened(interaction)

    async def close(self) -> None:
        """Stop watching."""
        for watcher in self._watchers:
            watcher.cancel()
        await asyncio.gather(*self._watchers, return_exceptions=True)

    def of_user(self, user: User) -> list[Interaction]:
        """Return what a user did, oldest first."""
        return [interaction for interaction in self._by_token.values() if interaction.user is user]

    def lapse(self, interactions: Iterable[Interaction] | None = None) -> None:
        """End the tokens of these interactions, or of everything that happened until now."""
        for interaction in self._by_token.values() if interactions is None else interactions:
            interaction.lapsed = True

    # --- for the bot

    def to_acknowledge(self, interaction_id: int, token: str) -> Interaction:
        """Return an interaction that still waits for its answer, or raise the Refusal that it does not."""
        interaction = self._by_token.get(token)
        if interaction is None or interaction.id != interaction_id or interaction.lapsed:
            raise unknown("interaction")
        if interaction.answer is not None:
            raise already_acknowledged()
        late = self._world.clock.now() > interaction.created + self._world.settings.acknowledge_seconds
        if late or interaction.missed:
            raise unknown("interaction")
        return interaction

    def of_token(self, webhook_id: int, token: str) -> Interaction:
        """Return an acknowledged interaction whose token is good, or raise the Refusal that it is not."""
        interaction = self._by_token.get(token)
        if interaction is None or webhook_id != self._world.bot.id or not hmac.compare_digest(interaction.token, token):
            raise unknown("Webhook")
        if interaction.lapsed or self._world.clock.now() > interaction.created + self._world.settings.token_seconds:
            raise token_expired()
        if interaction.answer is None:
            raise unknown("Webhook")
        return interaction

    def acknowledged(self, interaction: Interaction, answer: int) -> None:
        """Note that the bot answered."""
        interaction.answer = answer
        interaction.acknowledged_at = self._world.clock.now()
        interaction.settled.set()
        self._world.changes.happened(interaction)

    # --- what the bot is told

    def _payload(self, interaction: Interaction) -> dict[str, Any]:
        world, channel, user = self._world, interaction.channel, interaction.user
        reported = world.settings.reported_upload_limit_bytes
        body: dict[str, Any] = {
            "id": str(interaction.id),
            "application_id": str(world.bot.id),
            "type": interaction.type,
            "token": interaction.token,
            "version": 1,
            "data": interaction.data,
            "channel_id": str(channel.id),
            "channel": self._channel(interaction),
            "app_permissions": str(int(self._app_permissions(interaction))),
            "locale": user.locale,
            "entitlements": [],
            "entitlement_sku_ids": [],
            "authorizing_integration_owners": interaction.owners(),
            "context": interaction.context,
            "attachment_size_limit": upload_limit(world, channel) if reported is None else reported,
        }
        if interaction.message is not None:
            body["message"] = interaction.message.payload(world.bot)
        guild = channel.guild
        if guild is None:
            return body | {"user": user.payload()}
        body["guild_id"] = str(guild.id)
        body["guild_locale"] = guild.locale
        body["guild"] = {"id": str(guild.id), "locale": guild.locale, "features": []}
        member = guild.members[user.id]
        return body | {"member": member.payload() | {"permissions": str(int(channel.permissions_of(user)))}}

    def _app_permissions(self, interaction: Interaction) -> Permission:
        granted = interaction.channel.permissions_of(self._world.bot)
        if not interaction.installed_for_person_alone:
            return granted
        own = interaction.channel.permissions_of(interaction.user)
        return own & (Permission.EMBED_LINKS | Permission.ATTACH_FILES | Permission.USE_EXTERNAL_EMOJIS)

    def _channel(self, interaction: Interaction) -> dict[str, Any]:
        body = interaction.channel.payload(self._world.bot)
        if interaction.channel.guild is None:
            return body
        body.pop("permission_overwrites", None)
        return body | {"permissions": str(int(interaction.channel.permissions_of(interaction.user)))}

    def _metadata(self, interaction: Interaction) -> dict[str, Any]:
        """Return what a message says of the interaction that it answers."""
        body: dict[str, Any] = {
            "id": str(interaction.id),
            "type": interaction.type,
            "user": interaction.user.payload(),
            "authorizing_integration_owners": interaction.owners(),
        }
        if interaction.type == COMPONENT and interaction.message is not None:
            body["interacted_message_id"] = str(interaction.message.id)
        elif interaction.type == MODAL and interaction.parent is not None:
            body["triggering_interaction_metadata"] = interaction.parent.metadata
        elif "target_id" in interaction.data:
            target = int(interaction.data["target_id"])
            if interaction.data["type"] == 2:
                body["target_user"] = self._world.users[target].payload()
            else:
                body["target_message_id"] = str(target)
        return body
