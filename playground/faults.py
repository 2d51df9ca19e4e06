"""What can go wrong on purpose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from playground.guilds import Channel

if TYPE_CHECKING:
    from playground.gateway import Gateway
    from playground.interactions import Interactions
    from playground.invocations import Invocation
    from playground.world import World


@dataclass
class Fault:
    """Requests of a route that fail, so many times."""

    method: str
    path: str
    #: 0 cuts the wire instead of answering.
    status: int
    code: int
    #: None fails for ever.
    times: int | None
    #: The request is carried out first, and only its answer is lost.
    after: bool
    retry_after: float
    delay_seconds: float

    def matches(self, method: str, path: str, template: str) -> bool:
        """Return whether a request is meant, by the beginning of its path or of its template."""
        return self.method in (method, "*") and (path.startswith(self.path) or template.startswith(self.path))


class Faults:
    """Makes the playground misbehave."""

    def __init__(self, world: World, gateway: Gateway, interactions: Interactions) -> None:
        self._world, self._gateway, self._interactions = world, gateway, interactions
        self._waiting: list[Fault] = []

    def fail(
        self,
        method: str,
        path: str,
        *,
        status: int = 500,
        times: int | None = 1,
        code: int = 0,
        after: bool = False,
        retry_after: float = 0.05,
        delay_seconds: float = 0.0,
    ) -> Fault:
        """Fail the next requests of a route.

        `method` may be "*"; `path` is the beginning of a path or of its template, below `/api/v10`, or of a file's
        (`/cdn/attachments`). `status` 0 cuts the wire; 429 carries `retry_after`. With `after`, the request is carried
        out and only its answer is lost. `times` None fails for ever.
        """
        fault = Fault(method, path, status, code, times, after, retry_after, delay_seconds)
        self._waiting.append(fault)
        return fault

    @property
    def waiting(self) -> list[Fault]:
        """Return the faults that are not used up."""
        return list(self._waiting)

    def heal(self) -> None:
        """Fail nothing from now on."""
        self._waiting.clear()
        self._gateway.acknowledges_heartbeats = True

    def take(self, method: str, path: str, template: str) -> Fault | None:
        """Return the fault of a request, used up by one; None when it may succeed."""
        for fault in self._waiting:
            if fault.matches(method, path, template):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._waiting.remove(fault)
                return fault
        return None

    def drop_sockets(self, code: int | None = None) -> None:
        """Cut every gateway socket, or close it with a code; sessions can be resumed."""
        self._gateway.drop(code)

    def reconnect(self) -> None:
        """Send op 7."""
        self._gateway.reconnect()

    def invalidate_sessions(self, resumable: bool = False) -> None:
        """Send op 9."""
        self._gateway.invalidate(resumable)

    def ignore_heartbeats(self) -> None:
        """Acknowledge no heartbeat any more."""
        self._gateway.acknowledges_heartbeats = False

    def demand_heartbeats(self) -> None:
        """Send op 1: every client must answer with a heartbeat at once."""
        self._gateway.demand_heartbeats()

    def delete_channel(self, channel: str | Channel) -> None:
        """Delete a guild's channel with its messages."""
        found = self._world.find_channel(channel) if isinstance(channel, str) else channel
        if found.guild is None:
            raise ValueError("a conversation cannot be deleted")
        found.guild.delete_channel(found)

    def lapse_tokens(self, *invocations: Invocation) -> None:
        """End the tokens of these invocations; without any, of everything until now."""
        self._interactions.lapse([each.interaction for each in invocations] if invocations else None)
