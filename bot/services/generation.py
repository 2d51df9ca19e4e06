"""The one way in: what somebody asks for becomes a job, written down whole, or a refusal in words."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
from bot.services.drafts import Order, draw_seed
from bot.services.gatekeeping import Gatekeeper
from bot.services.guilds import Guilds
from bot.services.intake import Intake
from bot.services.networks import Networks, Shelf, asked, networks_for, require_usable, with_asked
from bot.services.people import People
from bot.services.policy import limits_for
from bot.services.pressing import require_may_press
from bot.services.prompts import Choices, Written, combinations_of, drawn, named, write
from bot.services.requests import Acknowledge, Actor, Settled, Target, Unheard, acknowledged, may_see
from bot.services.style_words import Applied
from bot.services.styles import Styles
from bot.services.wildcards import WildcardLists
from bot.services.wishes import Dress, Here, Wish, count_of, order_of, with_server_words
from bot.texts import Mistake, say
from inference.prompt.hints import Hint
from inference.prompt.regions import Layout, parse_layout
from inference.protocol.messages import JobId, ModelInfo
from inference.protocol.recipe import AnyRecipe, ContentHash, Recipe, Upscale, adapters_of, sources
from storage import ContentFolder, Database, deliveries, images, jobs, units
from storage.deliveries import NewDelivery
from storage.images import Image
from storage.jobs import Job, NewJob, Origin

log = logging.getLogger("easel.generation")

#: Characters of prompts that are read where they are; longer ones are read in a thread.
_READ_AT_ONCE = 1000


#: Tells the member of a request, and nobody else, what is probably a mistake in its texts; the last is their locale.
Remark = Callable[[JobId, Sequence[tuple[str, Hint]], str | None], None]

#: Tells the member of a request, and nobody else, of words that the server warns of; the last is their locale.
Warn = Callable[[JobId, Sequence[str], str | None], None]


class Generation:
    """Submits, repeats and cancels."""

    def __init__(
        self,
        *,
        database: Database,
        inputs: ContentFolder,
        pictures: ContentFolder,
        dispatcher: Dispatcher,
        people: People,
        styles: Styles,
        wildcards: WildcardLists,
        guilds: Guilds,
        gatekeeper: Gatekeeper,
        checks: Checks,
        budgets: Budgets,
        adapters: Shelf,
        limits: Limits,
        most_pictures: int,
        remark: Remark,
        warn: Warn,
    ) -> None:
        self._database = database
        self._inputs = inputs
        self._pictures = pictures
        self._dispatcher = dispatcher
        self._people = people
        self._limits = limits
        self._most_pictures = most_pictures
        self._styles = styles
        self._wildcards = wildcards
        self._guilds = guilds
        self._gatekeeper = gatekeeper
        self._checks = checks
        self._budgets = budgets
        self._adapters = adapters
        self._remark = remark
        self._warn = warn
        self._intake = Intake(database)
        #: Pictures that are being written down and that the queue does not count yet, by ("member" or "guild", id).
        self._coming: Counter[tuple[str, int | None]] = Counter()

    async def submit(self, wish: Wish, actor: Actor, target: Target, acknowledge: Acknowledge = acknowledged) -> NewJob:
        """Write a job down, acknowledge it, and put it into the queue.

        Raises UserError, PromptError and OutOfRange for what cannot be painted, LimitReached, EngineDead, StorageError,
        Unheard.
        """
        return await self.wanted("imagine", wish, actor, target, acknowledge)

    async def wanted(
        self,
        kind: str,
        wish: Wish,
        actor: Actor,
        target: Target,
        acknowledge: Acknowledge,
        origin: Origin | None = None,
    ) -> NewJob:
        """Do as `submit` does, for a wish of another kind, which may come from one of our pictures."""
        defaults = self._people.defaults(actor.member_id)
        ordered = self.order(wish, actor)
        networks = self.networks(ordered.recipe.model, actor)
        recipe = (
            ordered.recipe if wish.lora is None else _with_asked(ordered.recipe, wish.lora, wish.is_exact, networks)
        )
        limits = limits_for(self._guilds.settings(actor.guild_id), actor.roles)
        choices = Choices(
            wildcards=self._wildcards.of(actor.guild_id),
            made=wish.is_exact,
            combinations=wish.combinations,
            most=self._most_pictures,
        )
        layout = parse_layout(wish.regions) if wish.regions else None
        count = wish.count or 1 if origin is not None else count_of(wish, defaults, limits)
        written = await _written(recipe, count, choices, layout, networks)
        settled = Settled(
            kind=kind,
            recipe=written.recipe,
            images=ordered.images,
            words=written.words,
            typed=recipe.prompt,
            count=written.count,
            origin=origin,
        )
        job = await self.enter(settled, actor, target, acknowledge)
        if written.hints:
            self._remark(job.id, written.hints, actor.locale)
        return job

    def order(self, wish: Wish, actor: Actor) -> Order:
        """Return what a wish means here and for this member; choices in its prompts are still to be made.

        Raises UserError and OutOfRange.
        """
        defaults = self._people.defaults(actor.member_id)
        settings = self._guilds.settings(actor.guild_id)
        here = Here(
            models=self._gatekeeper.models(actor),
            default_model=self._gatekeeper.default_model(actor),
            limits=limits_for(settings, actor.roles),
        )
        return order_of(wish, defaults, self._dispatcher.models, self._dress(actor), settings.negative_prompt, here)

    def models(self, actor: Actor) -> Sequence[ModelInfo]:
        """Return the models that somebody may use where they are; all where they may use none."""
        return self._gatekeeper.models(actor) or self._dispatcher.models

    def networks(self, model: ContentHash, actor: Actor) -> Networks:
        """Return the adapters that somebody may name in a prompt for a model."""
        return networks_for(self._adapters.visible(actor), model, self._dispatcher.models)

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
        if job is None or not may_see(job, actor):
            raise Mistake("gone")
        require_may_press(self._guilds.settings(actor.guild_id), actor, job.member_id)
        if isinstance(job.recipe, Upscale):
            # The same comes of it: of use where it failed.
            settled = Settled(
                kind="again",
                recipe=job.recipe,
                images=await self.files_of(job.recipe),
                origin=job.origin,
                unit_seconds=job.unit_seconds,
                author_id=job.member_id,
            )
            return await self.enter(settled, actor, target, acknowledge)
        server = self._guilds.settings(actor.guild_id).negative_prompt
        negative = with_server_words(job.recipe.negative_prompt, server)
        recipe = msgspec.structs.replace(job.recipe, seed=draw_seed(), negative_prompt=negative)
        words = tuple(
            msgspec.structs.replace(own, negative_prompt=with_server_words(own.negative_prompt, server))
            for own in job.words
        )
        images = await self.files_of(recipe)
        settled = Settled(
            kind="again", recipe=recipe, images=images, words=words, count=job.count, author_id=job.member_id
        )
        return await self.enter(settled, actor, target, acknowledge)

    async def repeat(
        self, job_id: JobId, index: int, actor: Actor, target: Target, acknowledge: Acknowledge = acknowledged
    ) -> NewJob:
        """Paint one of a job's pictures again, kept or not: the same recipe, and words that the server keeps out.

        Raises as `submit` does, Mistake also for what is gone.
        """
        job = await jobs.get(self._database, job_id)
        found = [] if job is None or not may_see(job, actor) else await images.of_job(self._database, job_id)
        image = next((image for image in found if image.index == index), None)
        if job is None or image is None:
            raise Mistake("gone")
        settings, recipe, seconds, pixels = self._guilds.settings(actor.guild_id), image.recipe, 0.0, 0
        require_may_press(settings, actor, job.member_id)
        if isinstance(recipe, Upscale):
            pixels = image.width * image.height
            seconds = self._dispatcher.estimator.enlarging_seconds(recipe.model, pixels)
        else:
            negative = with_server_words(recipe.negative_prompt, settings.negative_prompt)
            recipe = msgspec.structs.replace(recipe, negative_prompt=negative)
        files = await self.files_of(recipe)
        origin = Origin(image=image.id, index=index, verb="repeat", message=await self.place(job))
        settled = Settled(
            kind="repeat",
            recipe=recipe,
            images=files,
            origin=origin,
            unit_seconds=seconds,
            pixels=pixels,
            author_id=job.member_id,
        )
        return await self.enter(settled, actor, target, acknowledge)

    async def picture(self, job_id: JobId, index: int, actor: Actor) -> tuple[Job, Image]:
        """Return one of a job's pictures, and the job. Raises Mistake for what is gone, or not to be seen."""
        # A press is answered as soon as a command: both are asked for at once.
        job, every = await asyncio.gather(jobs.get(self._database, job_id), images.of_job(self._database, job_id))
        if job is None or not may_see(job, actor):
            raise Mistake("gone")
        found = [image for image in every if image.index == index]
        if not found or found[0].deleted_at is not None:
            raise Mistake("expired")
        return job, found[0]

    async def pressed(self, job_id: JobId, index: int, actor: Actor) -> tuple[Job, Image]:
        """Return one of a job's pictures, to make a new one of it. Raises Mistake as `picture` and the server do."""
        job, image = await self.picture(job_id, index, actor)
        require_may_press(self._guilds.settings(actor.guild_id), actor, job.member_id)
        return job, image

    async def place(self, job: Job) -> tuple[int | None, int, int] | None:
        """Return the message that shows a job: server, channel and message; None where there is none."""
        delivery = await deliveries.get(self._database, job.id)
        if delivery is None or delivery.message_id is None:
            return None
        return job.guild_id, delivery.channel_id, delivery.message_id

    async def files_of(
        self, recipe: AnyRecipe, given: Mapping[ContentHash, bytes] | None = None
    ) -> dict[ContentHash, bytes]:
        """Return the bytes that a recipe starts from: those that are given, or what is kept of them.

        Raises Mistake where they, or its model, are gone.
        """
        if recipe.model is not None and all(info.hash != recipe.model for info in self._dispatcher.models):
            raise Mistake("model_gone")
        return await self.bytes_of(sources(recipe), given or {})

    async def bytes_of(
        self, names: Iterable[ContentHash], given: Mapping[ContentHash, bytes]
    ) -> dict[ContentHash, bytes]:
        """Return the bytes of pictures: those that are given, or what is kept of them. Raises Mistake."""
        found = {}
        for name in names:
            data = given.get(name) or await self._pictures.read(name) or await self._inputs.read(name)
            if data is None:
                raise Mistake("source_gone")
            found[name] = data
        return found

    async def cancel(self, job_id: JobId, actor: Actor) -> int:
        """End a job's unfinished pictures, and return how many there were. Raises Mistake for somebody else's."""
        job = await jobs.get(self._database, job_id)
        if job is None or not may_see(job, actor):
            raise Mistake("gone")
        if job.member_id != actor.member_id and not (actor.moderator and job.guild_id == actor.guild_id):
            raise Mistake("not_yours")
        return await self._dispatcher.cancel(job_id)

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
            networks = self.networks(settled.recipe.model, actor)
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


def _with_asked(recipe: Recipe, lora: str, exact: bool, networks: Networks) -> Recipe:
    """Return a recipe with the adapters of the option `lora`. Raises Mistake, PromptError."""
    if not (written := asked(lora, networks)):
        return recipe
    uses = recipe.adapters
    if exact:
        more = named(written, networks)
        again = {use.hash for use in more}
        uses = (*(use for use in uses if use.hash not in again), *more)
    return msgspec.structs.replace(recipe, prompt=with_asked(recipe.prompt, written), adapters=uses)


async def _written(recipe: Recipe, count: int, choices: Choices, layout: Layout | None, networks: Networks) -> Written:
    """Settle the prompts of a request, without holding anybody up. Raises as `write` does."""
    plain = "{" not in recipe.prompt + recipe.negative_prompt and "__" not in recipe.prompt + recipe.negative_prompt
    if plain and len(recipe.prompt) + len(recipe.negative_prompt) <= _READ_AT_ONCE:
        return write(recipe, count, choices, layout, networks)
    return await asyncio.to_thread(write, recipe, count, choices, layout, networks)
