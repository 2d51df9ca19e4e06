"""Jobs and pictures that tests write: small, valid, and the same for the same arguments."""

from typing import Any
from uuid import UUID, uuid4

import msgspec

from inference.protocol.messages import JobId, LaunchId
from inference.protocol.recipe import ContentHash, ImageToImage, Recipe, picture_of
from storage import ContentFolder, Database, content_hash, jobs, units
from storage.deliveries import NewDelivery
from storage.images import ImageId, NewImage
from storage.jobs import NewJob
from tests.sample_requests import recipe

MEMBER, OTHER_MEMBER = 101, 102
GUILD, CHANNEL = 201, 301
FIRST, SECOND = LaunchId("first"), LaunchId("second")
#: 2026-01-01, 00:00 UTC.
START = 1_767_225_600.0


class StandingClock:
    """A clock that goes only when it is told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


def numbered(number: int) -> JobId:
    return JobId(UUID(int=number).hex)


def from_picture(source: ContentHash) -> ImageToImage:
    """The recipe of every test, started from a picture."""
    plain = msgspec.structs.asdict(recipe())
    del plain["hires"]
    return ImageToImage(image=source, **plain)


def new_job(**changes: Any) -> NewJob:
    job = NewJob(
        id=JobId(uuid4().hex), kind="imagine", member_id=MEMBER, guild_id=GUILD, channel_id=CHANNEL, recipe=recipe()
    )
    return msgspec.structs.replace(job, **changes)


async def add_job(database: Database, delivery: NewDelivery | None = None, **changes: Any) -> JobId:
    job = new_job(**changes)
    async with database.transaction() as write:
        await jobs.add(write, job, delivery or NewDelivery(channel_id=CHANNEL))
    return job.id


async def claim(database: Database, job_id: JobId, *indexes: int, launch: LaunchId = FIRST) -> tuple[units.Unit, ...]:
    async with database.transaction() as write:
        return await units.claim(write, launch, {job_id: indexes})


def picture(content: bytes = b"a picture", of: Recipe | None = None) -> NewImage:
    return NewImage(hash=content_hash(content), width=64, height=64, bytes=len(content), recipe=of or recipe())


async def finish(
    database: Database,
    folder: ContentFolder,
    job_id: JobId,
    index: int = 0,
    content: bytes = b"a picture",
    launch: LaunchId = FIRST,
    gpu_seconds: float = 0.0,
) -> ImageId | None:
    image = picture(content, picture_of(recipe(), index))
    async with folder.keep(content), database.transaction() as write:
        return await units.finish(write, job_id, index, launch, image, gpu_seconds=gpu_seconds)


async def paint(database: Database, folder: ContentFolder, content: bytes = b"a picture", **changes: Any) -> ImageId:
    """Add a job of one picture and finish it."""
    job_id = await add_job(database, **changes)
    await claim(database, job_id, 0)
    image_id = await finish(database, folder, job_id, content=content)
    assert image_id is not None
    return image_id


async def job_of(database: Database, job_id: JobId) -> jobs.Job:
    job = await jobs.get(database, job_id)
    assert job is not None
    return job


async def states(database: Database, job_id: JobId) -> tuple[str, str]:
    """The job's state, and the first letters of its units'."""
    letters = "".join(unit.state[0] for unit in await jobs.units_of(database, job_id))
    return (await job_of(database, job_id)).state, letters


def missing_hash(text: str = "nothing") -> ContentHash:
    return content_hash(text.encode())
