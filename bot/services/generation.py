"""The one way in: what somebody asks for becomes a job, written down whole, or a refusal in words."""

import asyncio
import dataclasses
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

import msgspec

from bot.errors import EngineDead, LimitReached
from bot.queue.dispatcher import Dispatcher
from bot.queue.limits import Limits, refusal
from bot.queue.units import GuildId, MemberId
from bot.services.drafts import Order, draw_seed
from bot.services.guilds import Guilds
from bot.services.intake import Intake
from bot.services.people import People
from bot.services.prompts import Choices, Written, combinations_of, drawn, write
from bot.services.style_words import Applied
from bot.services.styles import Styles
from bot.services.wildcards import WildcardLists
from bot.services.wishes import Dress, Wish, count_of, order_of, with_server_words
from bot.texts import Mistake, say
from inference.prompt.hints import Hint
from inference.prompt.regions import Layout, parse_layout
from inference.protocol.messages import JobId
from inference.protocol.recipe import Recipe, Words, sources
from storage import ContentFolder, Database, deliveries, jobs, units
from storage.deliveries import NewDelivery
from storage.jobs import NewJob

log = logging.getLogger("easel.generation")

#: Characters of prompts that are read where they are; longer ones are read in a thread.
_READ_AT_ONCE = 1000


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


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where the result is wanted: the channel, and the interaction that may be answered for 15 minutes."""

    channel_id: int
    application_id: int
    token: str
    token_expires_at: float
    private: bool = False


class Unheard(Exception):
    """The member was told that nobody answered, so the request is dropped: they will ask again."""


#: Tells a member that the request was heard, once it is on disk. Raises Unheard when it is too late for that.
Acknowledge = Callable[[], Awaitable[None]]


#: Tells the member of a request, and nobody else, what is probably a mistake in its texts; the last is their locale.
Remark = Callable[[JobId, Sequence[tuple[str, Hint]], str | None], None]


async def acknowledged() -> None:
    """Tell nobody: that was done before."""


class Generation:
    """Submits, repeats and cancels."""

    def __init__(
        self,
        *,
        database: Database,
        inputs: ContentFolder,
        dispatcher: Dispatcher,
        people: People,
        styles: Styles,
        wildcards: WildcardLists,
        guilds: Guilds,
        limits: Limits,
        most_pictures: int,
        remark: Remark,
    ) -> None:
        self._database = database
        self._inputs = inputs
        self._dispatcher = dispatcher
        self._people = people
        self._limits = limits
        self._most_pictures = most_pictures
        self._styles = styles
        self._wildcards = wildcards
        self._guilds = guilds
        self._remark = remark
        self._intake = Intake(database)
        #: Pictures that are being written down and that the queue does not count yet, by ("member" or "guild", id).
        self._coming: Counter[tuple[str, int | None]] = Counter()

    async def submit(self, wish: Wish, actor: Actor, target: Target, acknowledge: Acknowledge = acknowledged) -> NewJob:
        """Write a job down, acknowledge it, and put it into the queue.

        Raises UserError, PromptError and OutOfRange for what cannot be painted, LimitReached, EngineDead, StorageError,
        Unheard.
        """
        defaults = self._people.defaults(actor.member_id)
        server_negative = self._guilds.settings(actor.guild_id).negative_prompt
        ordered = order_of(wish, defaults, self._dispatcher.models, self._dress(actor), server_negative)
        choices = Choices(
            wildcards=self._wildcards.of(actor.guild_id),
            made=wish.is_exact,
            combinations=wish.combinations,
            most=self._most_pictures,
        )
        layout = parse_layout(wish.regions) if wish.regions else None
        written = await _written(ordered.recipe, count_of(wish, defaults), choices, layout)
        job = await self._submit("imagine", ordered, written, actor, target, acknowledge)
        if written.hints:
            self._remark(job.id, written.hints, actor.locale)
        return job

    def combinations_of(self, prompt: str, style: str | None, actor: Actor) -> tuple[int, int]:
        """Return how many pictures every combination of a prompt means, and how many one request may have.

        Raises Mistake and PromptError.
        """
        words = self._dress(actor)(prompt, "", style).prompt
        return combinations_of(words, self._wildcards.of(actor.guild_id)), self._most_pictures

    def drawn(self, prompt: str, actor: Actor) -> tuple[str, int]:
        """Return a prompt in the styles that it names, with its choices made, and how many ways there are to make them.

        Slow for long prompts. Raises Mistake and PromptError.
        """
        words = self._dress(actor)(prompt, "", None).prompt
        return drawn(words, self._wildcards.of(actor.guild_id))

    def _dress(self, actor: Actor) -> Dress:
        member, guild = actor.member_id, actor.guild_id

        def dress(prompt: str, negative: str, style: str | None) -> Applied:
            names = self._styles.named(style, member, guild) if style else ()
            return self._styles.applied(prompt, negative, names, member, guild)

        return dress

    async def again(
        self, job_id: JobId, actor: Actor, target: Target, acknowledge: Acknowledge = acknowledged
    ) -> NewJob:
        """Paint a job's recipe with a new seed. Raises as `submit` does, Mistake also for what is gone."""
        job = await jobs.get(self._database, job_id)
        if job is None or (job.private and job.member_id != actor.member_id):
            raise Mistake("gone")
        server = self._guilds.settings(actor.guild_id).negative_prompt
        negative = with_server_words(job.recipe.negative_prompt, server)
        recipe = msgspec.structs.replace(job.recipe, seed=draw_seed(), negative_prompt=negative)
        words = tuple(Words(own.prompt, with_server_words(own.negative_prompt, server)) for own in job.words)
        if all(info.hash != recipe.model for info in self._dispatcher.models):
            raise Mistake("model_gone")
        images = {}
        for name in sources(recipe):
            data = await self._inputs.read(name)
            if data is None:
                raise Mistake("source_gone")
            images[name] = data
        ordered = Order(recipe=recipe, images=images)
        written = Written(recipe, words, job.count, ())
        return await self._submit("again", ordered, written, actor, target, acknowledge)

    async def cancel(self, job_id: JobId, actor: Actor) -> int:
        """End a job's unfinished pictures, and return how many there were. Raises Mistake for somebody else's."""
        job = await jobs.get(self._database, job_id)
        if job is None:
            raise Mistake("gone")
        if job.member_id != actor.member_id and not (actor.moderator and job.guild_id == actor.guild_id):
            raise Mistake("not_yours")
        return await self._dispatcher.cancel(job_id)

    async def _submit(
        self, kind: str, ordered: Order, written: Written, actor: Actor, target: Target, acknowledge: Acknowledge
    ) -> NewJob:
        if self._dispatcher.trouble is not None:
            raise EngineDead(self._dispatcher.trouble)
        count = written.count
        self._check(count, actor)
        job = NewJob(
            id=JobId(uuid4().hex),
            kind=kind,
            member_id=actor.member_id,
            guild_id=actor.guild_id,
            channel_id=target.channel_id,
            recipe=written.recipe,
            count=count,
            words=written.words,
            private=target.private,
        )
        job = msgspec.structs.replace(job, unit_seconds=self._dispatcher.unit_seconds(job))
        with self._counted(actor, count):
            await self._write(job, ordered, actor, target)
            try:
                await acknowledge()
            except Unheard:
                await self._drop(job.id)
                raise
            self._dispatcher.add(job)
        log.info("job=%s %s: %d pictures for member %d", job.id, kind, count, actor.member_id)
        return job

    async def _write(self, job: NewJob, ordered: Order, actor: Actor, target: Target) -> None:
        delivery = NewDelivery(
            channel_id=target.channel_id,
            application_id=target.application_id,
            token=target.token,
            token_expires_at=target.token_expires_at,
            locale=actor.locale,
        )
        if not ordered.images:
            await self._intake.write(job, delivery)
            return
        async with self._inputs.keep(*ordered.images.values()):
            await self._intake.write(job, delivery)

    async def _drop(self, job_id: JobId) -> None:
        """Forget a request of which the member was told that nobody heard it."""
        async with self._database.transaction() as write:
            await units.cancel(write, job_id)
            await deliveries.advance(write, job_id, "failed", error="it was not acknowledged in time")

    @contextmanager
    def _counted(self, actor: Actor, count: int) -> Iterator[None]:
        """Count pictures as waiting until the queue does."""
        keys = (("member", actor.member_id), ("guild", actor.guild_id))
        self._coming.update(dict.fromkeys(keys, count))
        try:
            yield
        finally:
            self._coming -= Counter(dict.fromkeys(keys, count))

    def _check(self, count: int, actor: Actor) -> None:
        if not 1 <= count <= self._most_pictures:
            raise LimitReached(say("limit_count", actor.locale, most=self._most_pictures))
        guild = None if actor.guild_id is None else GuildId(actor.guild_id)
        load = self._dispatcher.queue.load(MemberId(actor.member_id), guild)
        load = dataclasses.replace(
            load,
            member_waiting=load.member_waiting + self._coming["member", actor.member_id],
            guild_waiting=load.guild_waiting + self._coming["guild", actor.guild_id],
        )
        refused = refusal(self._limits, load, count, in_guild=guild is not None)
        if refused is not None:
            key = f"limit_{refused.key}"
            raise LimitReached(say(key, actor.locale, now=refused.waiting, asked=refused.asked, most=refused.most))


async def _written(recipe: Recipe, count: int, choices: Choices, layout: Layout | None) -> Written:
    """Settle the prompts of a request, without holding anybody up. Raises as `write` does."""
    plain = "{" not in recipe.prompt + recipe.negative_prompt and "__" not in recipe.prompt + recipe.negative_prompt
    if plain and len(recipe.prompt) + len(recipe.negative_prompt) <= _READ_AT_ONCE:
        return write(recipe, count, choices, layout)
    return await asyncio.to_thread(write, recipe, count, choices, layout)
