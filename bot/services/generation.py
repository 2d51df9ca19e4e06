"""What members ask for: pictures of their wishes, the same again, and an end to what they wait for."""

from collections.abc import Callable, Sequence

import msgspec

from bot.queue.dispatcher import Dispatcher
from bot.services.admission import Admission
from bot.services.drafts import draw_seed
from bot.services.guilds import Guilds
from bot.services.orders import Orders
from bot.services.originals import Originals
from bot.services.pressing import require_may_press
from bot.services.requests import Acknowledge, Actor, Settled, Target, acknowledged, may_see
from bot.services.wishes import Wish, with_server_words
from bot.texts import Mistake
from inference.prompt.hints import Hint
from inference.protocol.messages import JobId
from inference.protocol.recipe import Upscale
from storage import Database, images, jobs
from storage.jobs import NewJob, Origin

#: Tells the member of a request, and nobody else, what is probably a mistake in its texts; the last is their locale.
Remark = Callable[[JobId, Sequence[tuple[str, Hint]], str | None], None]


class Generation:
    """Submits, repeats and cancels."""

    def __init__(
        self,
        *,
        database: Database,
        dispatcher: Dispatcher,
        guilds: Guilds,
        orders: Orders,
        originals: Originals,
        admission: Admission,
        remark: Remark,
    ) -> None:
        self._database = database
        self._dispatcher = dispatcher
        self._guilds = guilds
        self._orders = orders
        self._originals = originals
        self._admission = admission
        self._remark = remark

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
        settled, hints = await self._orders.settled(kind, wish, actor, origin)
        job = await self._admission.enter(settled, actor, target, acknowledge)
        if hints:
            self._remark(job.id, hints, actor.locale)
        return job

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
                images=await self._originals.files_of(job.recipe),
                origin=job.origin,
                unit_seconds=job.unit_seconds,
                author_id=job.member_id,
            )
            return await self._admission.enter(settled, actor, target, acknowledge)
        server = self._guilds.settings(actor.guild_id).negative_prompt
        negative = with_server_words(job.recipe.negative_prompt, server)
        recipe = msgspec.structs.replace(job.recipe, seed=draw_seed(), negative_prompt=negative)
        words = tuple(
            msgspec.structs.replace(own, negative_prompt=with_server_words(own.negative_prompt, server))
            for own in job.words
        )
        images = await self._originals.files_of(recipe)
        settled = Settled(
            kind="again", recipe=recipe, images=images, words=words, count=job.count, author_id=job.member_id
        )
        return await self._admission.enter(settled, actor, target, acknowledge)

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
        files = await self._originals.files_of(recipe)
        origin = Origin(image=image.id, index=index, verb="repeat", message=await self._originals.place(job))
        settled = Settled(
            kind="repeat",
            recipe=recipe,
            images=files,
            origin=origin,
            unit_seconds=seconds,
            pixels=pixels,
            author_id=job.member_id,
        )
        return await self._admission.enter(settled, actor, target, acknowledge)

    async def cancel(self, job_id: JobId, actor: Actor) -> int:
        """End a job's unfinished pictures, and return how many there were. Raises Mistake for somebody else's."""
        job = await jobs.get(self._database, job_id)
        if job is None or not may_see(job, actor):
            raise Mistake("gone")
        if job.member_id != actor.member_id and not (actor.moderator and job.guild_id == actor.guild_id):
            raise Mistake("not_yours")
        return await self._dispatcher.cancel(job_id)
