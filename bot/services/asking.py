"""What a decision is made of: a server's rules, what is known of a member, what they ask for; and the decision."""

from dataclasses import dataclass

from bot.texts import Mistake
from storage.guilds import RoleLane, Settings

#: Of direct messages, and of servers that chose nothing.
NO_RULES = Settings()


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The rules of a server."""

    settings: Settings = NO_RULES
    #: Why the operator has closed it, "" without a reason; None: it is open.
    closed: str | None = None
    #: Why nothing new is taken on anywhere, "" without a reason; None: everything is.
    draining: str | None = None
    #: What its admins chose cannot be read.
    unreadable: bool = False


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What a member has used of their budgets, and what is set aside for what they wait for."""

    daily_seconds: float = 0.0
    daily_pictures: int = 0
    weekly_seconds: float = 0.0
    weekly_pictures: int = 0


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What is known of a member beside who they are."""

    #: Why they may not use the bot in the server, "" without a reason; None: they may.
    blocked: str | None = None
    spent: Spent = Spent()
    #: Pictures of theirs that wait, and of the whole server.
    waiting: int = 0
    guild_waiting: int = 0
    #: Seconds since 1970.
    now: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked for."""

    #: Whose rule about places holds: "imagine", "edit".
    command: str
    #: By name; None where no model has a part in it.
    model: str | None = None
    #: It paints from words; others are never new.
    paints: bool = True
    #: The models that could be used instead, by name: those of them that may be are told.
    others: tuple[str, ...] = ()
    steps: int = 0
    #: Of a picture as it is painted.
    pixels: int = 0
    count: int = 1
    #: How many times as wide and as high it becomes, and the pixels that it has then.
    upscale: int = 1
    upscale_pixels: int = 0
    prompts: tuple[str, ...] = ()
    #: GPU-seconds that all its pictures are expected to take.
    seconds: float = 0.0
    private: bool = False
    #: Whose picture it is made of by a button; None for any other.
    author_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Whether something is allowed, and how."""

    #: The first reason why not; None: it is allowed.
    refusal: Mistake | None = None
    lane: RoleLane = "normal"
    weight: float = 1.0
    #: Only the member may see the result, whatever they asked for.
    private: bool = False
    #: Words of the request that the server warns of.
    warnings: tuple[str, ...] = ()
