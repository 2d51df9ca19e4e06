"""Who asks for something, where its result is wanted, and what it is in the end; and who may see what came of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from inference.protocol.recipe import AnyRecipe, ContentHash, Words
from storage.jobs import Access, Job, Origin


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who asks."""

    member_id: int
    #: None in a direct message.
    guild_id: int | None
    locale: str | None = None
    #: Discord lets them manage messages where they ask.
    moderator: bool = False
    #: Discord lets them manage the server.
    manager: bool = False
    #: Where they ask.
    channel_id: int | None = None
    #: Theirs where they ask.
    roles: frozenset[int] = frozenset()

    @classmethod
    def of(cls, job: Job) -> "Actor":
        """Return whoever asked for a job, where they asked, as far as the job tells."""
        return cls(member_id=job.member_id, guild_id=job.guild_id, channel_id=job.channel_id)


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where the result is wanted: the channel, and the interaction that may be answered for 15 minutes."""

    channel_id: int
    application_id: int
    token: str
    token_expires_at: float
    private: bool = False


@dataclass(frozen=True, kw_only=True)
class Settled:
    """What is to be made, down to the last detail."""

    #: What was asked for.
    kind: str
    recipe: AnyRecipe
    #: The bytes of the pictures that the recipe starts from.
    images: Mapping[ContentHash, bytes]
    #: Of each picture, where they differ.
    words: tuple[Words, ...] = ()
    count: int = 1
    origin: Origin | None = None
    #: Expected seconds of one picture, where its recipe does not tell them.
    unit_seconds: float = 0.0
    #: The adapter that is to be shown by it, whether or not it may be used yet.
    shown: ContentHash | None = None


class Unheard(Exception):
    """The member was told that nobody answered, so the request is dropped: they will ask again."""


#: Tells a member that the request was heard, once it is on disk. Raises Unheard when it is too late for that.
Acknowledge = Callable[[], Awaitable[None]]


def may_see(job: Job | Access, actor: Actor) -> bool:
    """Tell whether a job is somebody's own, or was shown to everybody where they are: custom ids can be forged."""
    if job.member_id == actor.member_id:
        return True
    same = actor.guild_id if actor.guild_id is not None else actor.channel_id
    return not job.private and same is not None and same == (job.guild_id or job.channel_id)


async def acknowledged() -> None:
    """Tell nobody: that was done before."""
