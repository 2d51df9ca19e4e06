"""A process that writes without pause until it is killed; it says each job that was accepted and each that ended.

`python -m tests.storage.busy_writer FOLDER SEED`
"""

import asyncio
import random
import sys
from pathlib import Path
from uuid import uuid4

from inference.protocol.messages import JobId, LaunchId
from storage import ContentFolder, Database, disposal, images, jobs, units
from storage.deliveries import NewDelivery
from tests.storage.samples import finish, from_picture, new_job


async def one_job(database: Database, folders: tuple[ContentFolder, ContentFolder], draw: random.Random) -> None:
    """Add a job, and let it end as it comes."""
    pictures, inputs = folders
    launch = LaunchId(uuid4().hex)
    count = draw.randint(1, 4)
    async with inputs.keep(draw.randbytes(20_000)) as (source,), database.transaction() as write:
        job = new_job(count=count, recipe=from_picture(source), member_id=draw.randint(1, 3))
        await jobs.add(write, job, NewDelivery(channel_id=1))
    print("added", job.id, flush=True)
    async with database.transaction() as write:
        await units.claim(write, launch, {job.id: range(count)})
    for index in range(count - draw.randint(0, 1)):
        await finish(database, pictures, job.id, index, draw.randbytes(50_000), launch)
    if draw.random() < 0.3:
        async with database.transaction() as write:
            await units.requeue(write, launch)
    else:
        await end(database, job.id)
    if draw.random() < 0.3:
        async with database.transaction() as write:
            await images.delete(write, [image.id for image in await images.of_job(write, job.id)])
        await disposal.sweep(database, pictures, inputs)


async def end(database: Database, job_id: JobId) -> None:
    async with database.transaction() as write:
        await units.cancel(write, job_id)
    print("ended", job_id, flush=True)


async def main(folder: Path, seed: int) -> None:
    draw = random.Random(seed)
    folders = (ContentFolder(folder / "pictures", ".png"), ContentFolder(folder / "inputs"))
    async with await Database.open(folder / "easel.sqlite3") as database:
        while True:
            await asyncio.gather(*(one_job(database, folders, draw) for _ in range(4)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
