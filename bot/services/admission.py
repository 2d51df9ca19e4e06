"""How a request comes in: held against the rules, written down whole, acknowledged, and put into the queue."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from uuid import uuid4

import msgspec

from bot.errors import EngineDead, LimitReached
from bot.logs import note_prompts
from bot.queue.dispatcher import Dispatcher
from bot.queue.limits import Limits, Load, refusal
from bot.services.asking import Decision
from bot.services.budgets import Budgets
from bot.services.checks import Checks
from bot.services.content import Found
from bot.services.gatekeeping import Gatekeeper
from bot.services.intake import Intake
from bot.services.networks import Shelf, networks_for, require_usable
from bot.services.requests import Acknowledge, Actor, Settled, Target, Unheard
from bot.texts import say
from inference.protocol.messages import JobId
from inference.protocol.recipe import ContentHash, adapters_of
from storage import ContentFolder, Database, deliveries, units
from storage.deliveries import NewDelivery
from storage.jobs import NewJob

log = logging.getLogger("easel.generation")

#: Tells the member of a request, and nobody else, of words that the server warns of; the last is their locale.
Warn = Callable[[JobId, Sequence[str], str | None], None]


class Admission:
    """Lets requests in, or refuses them in words."""

    def __init__(
        self,
        *,
        database: Database,
        inputs: ContentFolder,
        dispatcher: Dispatcher,
        gatekeeper: Gatekeeper,
        checks: Checks,
        budgets: Budgets,
        adapters: Shelf,
        limits: Limits,
        most_pictures: int,
        warn: Warn,
    ) -> None:
        self._database = database
        self._inputs = inputs
        self._dispatcher = dispatcher
        self._gatekeeper = gatekeeper
        self._checks = checks
        self._budgets = budgets
        self._adapters = adapters
        self._limits = limits
        self._most_pictures = most_pictures
        self._warn = warn
        self._intake = Intake(database)
        #: Pictures that are being written down and that the queue does not count yet, by ("member" or "guild", id).
        self._coming: Counter[tuple[str, int | None]] = Counter()

    async def enter(self, settled: Settled, actor: Actor, target: Target, acknowledge: Acknowledge) -> NewJob:
        """Write a job down, acknowledge it, and put it into the queue.

        Raises Mistake for what the server does not allow and for adapters that may not be used here or no longer,
        LimitReached, EngineDead, StorageError, Unheard.
        """
        if self._dispatcher.trouble is not None:
            raise EngineDead(self._dispatcher.trouble)
        if not 1 <= settled.count <= self._most_pictures:
            raise LimitReached(say("limit_count", actor.locale, most=self._most_pictures))
        self._require_adapters(settled, actor)
        job = NewJob(
            id=JobId(uuid4().hex),
            kind=settled.kind,
            member_id=actor.member_id,
            guild_id=actor.guild_id,
            channel_id=target.channel_id,
            recipe=settled.recipe,
            count=settled.count,
            words=settled.words,
            origin=settled.origin,
            unit_seconds=settled.unit_seconds,
            private=target.private,
            asked_as=msgspec.structs.replace(actor.asked_as, others=settled.author_id not in (None, actor.member_id)),
        )
        job = msgspec.structs.replace(job, unit_seconds=self._dispatcher.unit_seconds(job))
        await self._checks.require_sources(settled.images, actor)
        words = await self._gatekeeper.words(job, settled.typed)
        # Nothing is awaited from here until all of it is counted: however many ask at once, each finds the others.
        decision = self._decided(job, settled, actor, words)
        job = msgspec.structs.replace(job, lane=decision.lane, private=job.private or decision.private)
        with self._budgets.reserved(job), self._counted(actor, job.count):
            await self._write(job, settled.images, actor, target)
            try:
                await acknowledge()
            except Unheard:
                await self._drop(job.id)
                raise
            self._dispatcher.add(job)
        if decision.warnings:
            self._warn(job.id, decision.warnings, actor.locale)
        log.info("job=%s %s: %d pictures for member %d", job.id, job.kind, job.count, actor.member_id)
        note_prompts(job)
        return job

    def _require_adapters(self, settled: Settled, actor: Actor) -> None:
        """Raise Mistake where one of a request's adapters may not be used: it may have been withdrawn since."""
        wanted = [each for each in adapters_of(settled.recipe, settled.words) if each != settled.shown]
        if wanted and settled.recipe.model is not None:
            networks = networks_for(self._adapters.visible(actor), settled.recipe.model, self._dispatcher.models)
            require_usable(wanted, networks, self._adapters, actor)

    async def _write(self, job: NewJob, sources: Mapping[ContentHash, bytes], actor: Actor, target: Target) -> None:
        delivery = NewDelivery(
            channel_id=target.channel_id,
            application_id=target.application_id,
            token=target.token,
            token_expires_at=target.token_expires_at,
            locale=actor.locale,
        )
        if not sources:
            await self._intake.write(job, delivery)
            return
        async with self._inputs.keep(*sources.values()):
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

    def _decided(self, job: NewJob, settled: Settled, actor: Actor, words: Found) -> Decision:
        """Return how a request is allowed. Raises Mistake for what the server's rules refuse, LimitReached."""
        coming = self._coming["member", actor.member_id], self._coming["guild", actor.guild_id]
        standing = self._gatekeeper.standing(actor, self._database.clock(), *coming)
        decision = self._gatekeeper.decide(job, actor, standing, words, settled.pixels, settled.author_id)
        if decision.refusal is not None:
            raise decision.refusal
        load = Load(member_waiting=standing.waiting, guild_waiting=standing.guild_waiting)
        refused = refusal(self._limits, load, job.count, in_guild=actor.guild_id is not None)
        if refused is not None:
            key = f"limit_{refused.key}"
            raise LimitReached(say(key, actor.locale, now=refused.waiting, asked=refused.asked, most=refused.most))
        return decision
