"""What members have made: their history, their pictures, and what they do with them."""

import asyncio
import io
import logging
from dataclasses import dataclass
from typing import Literal

from PIL import Image as Pictures

from bot.queue.dispatcher import Dispatcher
from bot.services.checks import Checks, Shown, State, Where
from bot.services.requests import Actor, may_see
from bot.services.spots import Spot, spot_of
from bot.texts import Mistake
from inference.protocol.messages import JobId
from inference.protocol.parameters import to_parameters
from inference.protocol.recipe import to_json
from storage import ContentFolder, Database, deliveries, disposal, images, jobs
from storage.deliveries import DeliveryState
from storage.images import Image, ImageId
from storage.jobs import Access, Job

log = logging.getLogger("easel.gallery")

#: Of a small picture in a list, in pixels.
_THUMBNAIL_SIDE = 192
#: Favourites that are read at a time, to find the requests that they are of.
_MARKS = 50


@dataclass(frozen=True)
class Made:
    """A job and its pictures, those that are no longer kept too."""

    job: Job
    images: tuple[Image, ...]

    @property
    def kept(self) -> tuple[Image, ...]:
        """Return the pictures that there are to be seen."""
        return tuple(image for image in self.images if image.deleted_at is None)

    @property
    def favourite(self) -> bool:
        """Tell whether it was marked to be kept."""
        return any(image.favourite for image in self.kept)


@dataclass(frozen=True)
class Small:
    """A small picture."""

    #: A JPEG; None where there is none to be shown.
    data: bytes | None
    state: State | Literal["gone"] = "gone"

    @property
    def hidden(self) -> bool:
        """Tell whether it stands behind a spoiler."""
        return self.state == "blurred"


@dataclass(frozen=True)
class Page:
    """A part of a list, newest first."""

    made: tuple[Made, ...]
    #: The cursor of what comes after; None at the end.
    older: int | None


@dataclass(frozen=True)
class Posted:
    """A job whose message somebody has before them."""

    job: Job
    #: In which its member is spoken to.
    locale: str | None


@dataclass(frozen=True)
class Described:
    """How a job's pictures were made, to be copied."""

    #: AUTOMATIC1111-style.
    parameters: str
    #: The exact recipe as JSON; a list of them where pictures have words of their own.
    recipe: str


class Gallery:
    """Pictures that were made."""

    def __init__(
        self,
        *,
        database: Database,
        pictures: ContentFolder,
        inputs: ContentFolder,
        dispatcher: Dispatcher,
        checks: Checks,
    ) -> None:
        self._database = database
        self._pictures = pictures
        self._inputs = inputs
        self._dispatcher = dispatcher
        self._checks = checks

    # Lists ----------------------------------------------------------------------------------------------------------

    async def history(
        self, member_id: int, before: int | None = None, limit: int = 5, shown_in: int | None = None
    ) -> Page:
        """Return a page of a member's jobs, newest first: those before that `sequence`. Raises StorageError.

        With `shown_in` only what everybody in that server may have seen, and of which there is a picture left.
        """
        found = await jobs.history(self._database, member_id, before=before, limit=limit + 1, shown_in=shown_in)
        page = found[:limit]
        older = page[-1].sequence if len(found) > limit else None
        return Page(tuple(await self._made(page)), older)

    async def favourites(self, member_id: int, before: int | None = None, limit: int = 5) -> Page:
        """Return a page of the jobs with favourites of a member, by the newest such picture. Raises StorageError.

        The cursor is a picture's number. A job stands where its newest favourite does, and nowhere else.
        """
        made: list[Made] = []
        seen: set[JobId] = set()
        cursor = None if before is None else ImageId(before)
        while len(made) <= limit:
            marks = await images.favourites(self._database, member_id, before=cursor, limit=_MARKS)
            if not marks:
                break
            newest = {image.job_id: image.id for image in reversed(marks) if image.job_id not in seen}
            seen.update(newest)
            found = await jobs.of_ids(self._database, list(reversed(newest)))
            made += [each for each in await self._made(found) if not _stands_above(each, before)]
            cursor = marks[-1].id
        made.sort(key=_newest_mark, reverse=True)
        page = made[:limit]
        older = _newest_mark(page[-1]) if len(made) > limit else None
        return Page(tuple(page), older)

    async def _made(self, page: list[Job]) -> list[Made]:
        found: dict[JobId, list[Image]] = {job.id: [] for job in page}
        for image in await images.of_jobs(self._database, list(found)):
            found[image.job_id].append(image)
        return [Made(job, tuple(found[job.id])) for job in page]

    async def thumbnail(self, made: Made, where: Where) -> Small:
        """Return the first picture of a job as it may be shown somewhere, small."""
        for image in made.kept[:1]:
            return await self.small(image, made.job, where)
        return Small(None)

    async def small(self, image: Image, job: Job, where: Where) -> Small:
        """Return one of a job's pictures as it may be shown somewhere, small. Raises StorageError."""
        (one,) = await self._checks.shown([image], job.guild_id, where)
        if one.data is None:
            return Small(None, "gone" if one.gone else one.state)
        data = await asyncio.to_thread(thumbnail_of, one.data)
        return Small(data, "gone" if data is None else one.state)

    async def kept(self, job_id: JobId) -> list[Image]:
        """Return those of a job's pictures that are to be seen."""
        return [image for image in await images.of_job(self._database, job_id) if image.deleted_at is None]

    # One job --------------------------------------------------------------------------------------------------------

    async def shown_by(self, message_id: int) -> JobId | None:
        """Return the job whose result or progress a message shows, or None."""
        delivery = await deliveries.by_message(self._database, message_id)
        return delivery.job_id if delivery else None

    async def posted(self, job_id: JobId, member_id: int) -> Posted | None:
        """Return a job if it is the member's, or None."""
        job = await jobs.get(self._database, job_id)
        if job is None or job.member_id != member_id:
            return None
        delivery = await deliveries.get(self._database, job_id)
        return Posted(job, delivery.locale if delivery else None)

    async def job(self, job_id: JobId, actor: Actor) -> Job:
        """Return a job that the actor may see. Raises Mistake."""
        job = await jobs.get(self._database, job_id)
        if job is None or not may_see(job, actor):
            raise Mistake("gone")
        return job

    async def job_of(self, image: Image) -> Job | None:
        """Return the job that a picture is of."""
        return await jobs.get(self._database, image.job_id)

    async def describe(self, job_id: JobId, actor: Actor, index: int | None = None) -> Described:
        """Return how a job's pictures were made, or one of them. Raises Mistake."""
        job = await self.job(job_id, actor)
        name = self._dispatcher.model_name(job.recipe.model)
        if index is not None:
            recipe = job.recipe_of(index)
            return Described(to_parameters(recipe, name), to_json(recipe))
        if not job.words:
            return Described(to_parameters(job.recipe, name), to_json(job.recipe))
        each = [job.recipe_of(index) for index in range(job.count)]
        parameters = "\n\n".join(to_parameters(recipe, name) for recipe in each)
        return Described(parameters, f"[{','.join(map(to_json, each))}]")

    async def shown(self, job: Job, where: Where, only: int | None = None) -> list[Shown]:
        """Return a job's pictures, or one, as they may be shown somewhere. Raises Mistake for none kept."""
        kept = [image for image in await self.kept(job.id) if only in (None, image.index)]
        found = [one for one in await self._checks.shown(kept, job.guild_id, where) if not one.gone]
        if not found:
            raise Mistake("expired")
        return found

    async def note_sent(self, job_id: JobId) -> None:
        """Note that a result that was kept has reached its member."""
        async with self._database.transaction() as write:
            delivery = await deliveries.get(write, job_id)
            if delivery is not None and delivery.state == "kept":
                await deliveries.advance(write, job_id, "sent")

    async def delete(self, job_id: JobId, actor: Actor) -> Spot | None:
        """Delete a job's pictures, stop it if it has not ended, and return the message that shows it.

        Raises Mistake for somebody else's, StorageError.
        """
        job = await jobs.access(self._database, job_id)
        if job is None or not may_see(job, actor):
            raise Mistake("gone")
        if not self.may_delete(job, actor):
            raise Mistake("not_yours")
        if job.state in ("waiting", "running"):
            self._dispatcher.forget(job_id)
            await self._dispatcher.cancel(job_id)
        async with self._database.transaction() as write:
            await images.delete_of_job(write, job_id)
            delivery = await deliveries.get(write, job_id)
            if delivery is not None:
                state: DeliveryState = "sent" if delivery.state == "kept" else "failed"
                await deliveries.advance(write, job_id, state, error="deleted")
        await disposal.sweep(self._database, self._pictures, self._inputs)
        return spot_of(delivery)

    def may_delete(self, job: Job | Access, actor: Actor) -> bool:
        """Tell whether somebody may delete a job's pictures: their own, and a moderator any of the server."""
        return job.member_id == actor.member_id or (actor.moderator and job.guild_id == actor.guild_id)

    async def delete_one(self, job_id: JobId, index: int, actor: Actor) -> tuple[Spot | None, int]:
        """Delete one of a job's pictures; return the message that shows it, and how many pictures it has left.

        Raises Mistake for somebody else's and for what is gone, StorageError.
        """
        job = await self.job(job_id, actor)
        if not self.may_delete(job, actor):
            raise Mistake("not_yours")
        kept = {image.index: image for image in await images.of_job(self._database, job_id) if not image.deleted_at}
        if index not in kept:
            raise Mistake("expired")
        async with self._database.transaction() as write:
            await images.delete(write, [kept[index].id])
            delivery = await deliveries.get(write, job_id)
        await disposal.sweep(self._database, self._pictures, self._inputs)
        return spot_of(delivery), len(kept) - 1

    async def content(self, image: Image) -> bytes:
        """Return a picture's bytes. Raises Mistake where they are gone."""
        data = await self._pictures.read(image.hash)
        if data is None:
            raise Mistake("expired")
        return data

    async def is_marked(self, image: Image, actor: Actor) -> bool:
        """Tell whether a picture is a member's favourite."""
        return await images.is_marked(self._database, image.id, actor.member_id)

    async def mark_one(self, image: Image, actor: Actor, marked: bool) -> None:
        """Make a picture a member's favourite, or take that back."""
        change = images.mark if marked else images.unmark
        async with self._database.transaction() as write:
            await change(write, image.id, actor.member_id)

    async def mark(self, job_id: JobId, member_id: int, marked: bool) -> int:
        """Make a job's pictures a member's favourites, or take that back; return how many that changed."""
        found = [image for image in await images.of_job(self._database, job_id) if image.deleted_at is None]
        change = images.mark if marked else images.unmark
        async with self._database.transaction() as write:
            return sum([await change(write, image.id, member_id) for image in found])


def _newest_mark(made: Made) -> int:
    return max((image.id for image in made.images if image.favourite), default=0)


def _stands_above(made: Made, before: int | None) -> bool:
    """Tell whether a job was on an earlier page: its newest favourite decides."""
    return before is not None and _newest_mark(made) >= before


def thumbnail_of(data: bytes) -> bytes | None:
    """Return a small JPEG of a PNG picture, None where the file is damaged. Slow: to be called in a thread."""
    try:
        with Pictures.open(io.BytesIO(data), formats=("PNG",)) as image:
            small = image.convert("RGB")
        small.thumbnail((_THUMBNAIL_SIDE, _THUMBNAIL_SIDE))
        file = io.BytesIO()
        small.save(file, "JPEG", quality=80)
    except (OSError, ValueError, SyntaxError) as error:
        log.warning("a picture cannot be shown small: %s", error)
        return None
    return file.getvalue()
