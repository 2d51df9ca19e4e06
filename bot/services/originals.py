"""Pictures that new ones are made of: who may use them, where they are shown, and their bytes."""

import asyncio
from collections.abc import Iterable, Mapping

from bot.queue.dispatcher import Dispatcher
from bot.services.guilds import Guilds
from bot.services.pressing import require_may_press
from bot.services.requests import Actor, may_see
from bot.texts import Mistake
from inference.protocol.messages import JobId
from inference.protocol.recipe import AnyRecipe, ContentHash, sources
from storage import ContentFolder, Database, deliveries, images, jobs
from storage.images import Image
from storage.jobs import Job


class Originals:
    """Finds pictures that were made here or sent in."""

    def __init__(
        self,
        *,
        database: Database,
        pictures: ContentFolder,
        inputs: ContentFolder,
        dispatcher: Dispatcher,
        guilds: Guilds,
    ) -> None:
        self._database = database
        self._pictures = pictures
        self._inputs = inputs
        self._dispatcher = dispatcher
        self._guilds = guilds

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
