"""What a person sees of the bot's answer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Literal

from playground.clock import Clock
from playground.interactions import AUTOCOMPLETE, Interaction
from playground.modals import Modal

NO_ANSWER = "The application did not respond"


@dataclass(frozen=True)
class Response:
    """What is on the screen now."""

    kind: Literal["message", "thinking", "modal"] | None
    message: dict[str, Any] | None = None
    modal: Modal | None = None
    #: Whether only this person sees it.
    ephemeral: bool = False
    #: Discord's words when the bot did not answer.
    error: str | None = None


class Invocation:
    """Something that a person did, and how it went on."""

    def __init__(self, interaction: Interaction, clock: Clock, token_seconds: float) -> None:
        self.interaction = interaction
        self._clock, self._token_seconds = clock, token_seconds

    @property
    def response(self) -> Response:
        """Return what the person sees now; kind None before an answer, after its deletion, and without one."""
        interaction = self.interaction
        if interaction.missed:
            return Response(None, error=NO_ANSWER)
        if interaction.modal is not None:
            return Response("modal", modal=Modal(interaction.modal, interaction))
        message = interaction.original
        if message is None or message.deleted:
            return Response(None, ephemeral=interaction.ephemeral)
        private = message.viewer is not None
        shown = message.payload(interaction.user)
        if not message.loading:
            return Response("message", shown, ephemeral=private)
        gone = self._clock.now() > interaction.created + self._token_seconds
        return Response("thinking", shown, ephemeral=private, error=NO_ANSWER if gone else None)

    @property
    def followups(self) -> list[dict[str, Any]]:
        """Return what the bot said after its first answer and did not delete."""
        followups = self.interaction.followups
        return [message.payload(self.interaction.user) for message in followups if not message.deleted]

    @property
    def messages(self) -> list[dict[str, Any]]:
        """Return the answer and what followed."""
        first = self.response.message
        return ([] if first is None else [first]) + self.followups

    @property
    def acknowledged(self) -> bool:
        """Return whether the bot answered in time."""
        return self.interaction.answer is not None

    @property
    def acknowledged_after(self) -> float | None:
        """Return how many seconds that took."""
        at = self.interaction.acknowledged_at
        return None if at is None else at - self.interaction.created

    async def settled(self, seconds: float = 10.0) -> Response:
        """Wait until the bot has answered or has missed its time, and return what is seen then."""
        await asyncio.wait_for(self.interaction.settled.wait(), seconds)
        return self.response

    async def choices(self) -> list[dict[str, Any]]:
        """Wait for the choices of an autocomplete.

        Raises:
            TimeoutError: The bot gave none in time: "Loading options failed".
        """
        if self.interaction.type != AUTOCOMPLETE:
            raise ValueError("only an autocomplete has choices")
        await self.settled()
        if self.interaction.choices is None:
            raise TimeoutError("Loading options failed")
        return self.interaction.choices
