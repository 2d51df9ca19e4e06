"""Who asks for something, where its result is wanted, and what it is in the end; and who may see what came of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from inference.protocol.recipe import AnyRecipe, ContentHash, Words
from storage.jobs import Access, AskedAs, Job, NewJob, Origin

#: What stands for a command where a button or the menu of a message was used.
PRESS = "press"


@dataclass(frozen=True)
class Moment:
    """A time, in seconds since 1970; its text shows how far away it is, as Discord does."""

    seconds: int

    def __str__(self) -> str:
        """Return the mark that Discord reads."""
        return f"<t:{self.seconds}:R>"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where something is asked for, as far as rules about places know it."""

    channel_id: int | None
    #: Of a thread, its channel, and of either the category.
    above: tuple[int, ...] = ()
    #: Discord calls it age-restricted.
    age_restricted: bool = False
    thread: bool = False
    #: A direct message.
    direct: bool = False

    @property
    def within(self) -> tuple[int, ...]:
        """Return the channel, and what it is in, the nearest first."""
        return self.above if self.channel_id is None else (self.channel_id, *self.above)


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
    #: That channel, as rules about places know it.
    place: Place = Place(channel_id=None, direct=True)
    #: The command that they use, or `PRESS`.
    command: str = ""

    @classmethod
    def of(cls, job: NewJob) -> "Actor":
        """Return whoever asked for a job, as they were when they asked."""
        asked = job.asked_as
        direct = job.guild_id is None
        return cls(
            member_id=job.member_id,
            guild_id=job.guild_id,
            channel_id=job.channel_id,
            moderator=asked.moderator,
            manager=asked.manager,
            roles=frozenset(asked.roles),
            place=Place(
                channel_id=job.channel_id,
                above=asked.above,
                age_restricted=asked.age_restricted,
                thread=asked.thread,
                direct=direct,
            ),
            command=asked.command,
        )

    @property
    def asked_as(self) -> AskedAs:
        """Return what a job notes of who asked for it."""
        return AskedAs(
            command=self.command,
            roles=tuple(sorted(self.roles)),
            moderator=self.moderator,
            manager=self.manager,
            above=self.place.above,
            age_restricted=self.place.age_restricted,
            thread=self.place.thread,
        )


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
    #: The prompt before its choices were made, where it had any.
    typed: str = ""
    count: int = 1
    origin: Origin | None = None
    #: Expected seconds of one picture, where its recipe does not tell them.
    unit_seconds: float = 0.0
    #: The adapter that is to be shown by it, whether or not it may be used yet.
    shown: ContentHash | None = None
    #: Of the result, where the recipe does not tell.
    pixels: int = 0
    #: Whose picture it is made of by a button.
    author_id: int | None = None


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
