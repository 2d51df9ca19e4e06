"""What is known of a broadcast: whom it would reach, how far it is, how it ended."""

import msgspec

#: Characters of a broadcast.
MOST_TEXT = 2000
#: Servers that are named where nothing could be sent.
MOST_NAMED = 20


class Targets(msgspec.Struct, frozen=True, kw_only=True):
    """Who would be reached by a broadcast."""

    #: The draft's number.
    draft: str
    text: str
    servers: int
    #: Names of servers with no channel where the bot may write.
    without: tuple[str, ...]
    #: Servers that are closed, and told nothing.
    closed: int


class BroadcastState(msgspec.Struct, frozen=True, kw_only=True):
    """How far a broadcast is, or how the last one ended."""

    going: bool = False
    sent: int = 0
    #: Names of servers that could not be reached.
    failed: tuple[str, ...] = ()
    left: int = 0
