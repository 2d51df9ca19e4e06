"""What a playground is told when it is made."""

import ipaddress
from dataclasses import dataclass, field

MIB = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class PlaygroundSettings:
    """A world with one guild and one channel, and the limits that Discord has today.

    Raises:
        ValueError: The host is not this machine's own.
    """

    #: An address of this machine alone: nobody asks who drives the playground.
    host: str = "127.0.0.1"
    #: 0 takes a free one.
    port: int = 0
    #: The bot's token; drawn when empty.
    token: str = ""
    application: str = "Playground Bot"
    guild: str = "Atelier"
    channel: str = "general"

    #: Privileged intents that the application was granted: presences (1 << 8), members (1 << 1), content (1 << 15).
    privileged_intents: int = 0
    heartbeat_seconds: float = 41.25
    #: How many shards `/gateway/bot` recommends.
    shards: int = 1
    #: A session without a socket can be resumed for as long.
    resume_seconds: float = 120.0
    #: Whether clients that ask for zlib-stream get it, or plain text all the same.
    compression: bool = True
    #: Events kept for a resume.
    events_kept: int = 10_000

    acknowledge_seconds: float = 3.0
    token_seconds: float = 15 * 60.0
    upload_limit_bytes: int = 10 * MIB
    #: What interactions say the upload limit is; as enforced when None.
    reported_upload_limit_bytes: int | None = None

    rate_limits: bool = True
    #: Of the bot's token over all routes but interactions.
    requests_per_second: int = 50
    #: Other rates than Discord's: "POST /channels/{channel_id}/messages" -> (requests, seconds).
    rates: dict[str, tuple[int, float]] = field(default_factory=dict)

    #: How much of the past is kept, so that a long run does not grow.
    exchanges_kept: int = 100_000
    messages_kept: int = 10_000
    cdn_bytes_kept: int = 1024 * MIB

    def __post_init__(self) -> None:
        if not is_loopback(self.host):
            raise ValueError(f"{self.host} is not an address of this machine alone")


def is_loopback(host: str) -> bool:
    """Return whether a name or address without its port means this machine, seen from itself."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
