"""Requests written together: those that come while one write is under way share the next."""

import asyncio

from storage import Database, jobs
from storage.deliveries import NewDelivery
from storage.jobs import NewJob

#: Requests of one transaction, so that none waits long for the others.
_MOST = 100

Request = tuple[NewJob, NewDelivery]


class Intake:
    """Writes requests down before anybody is told that they were heard."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[tuple[Request, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def write(self, job: NewJob, delivery: NewDelivery) -> None:
        """Return when the request is on disk. Raises StorageError, and then it is not."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(((job, delivery), written))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all(), name="intake")
        await written

    async def _write_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            try:
                async with self._database.transaction() as write:
                    await jobs.add_all(write, [request for request, _ in batch])
            except Exception as error:
                _tell(batch, error)
            else:
                _tell(batch, None)


def _tell(batch: list[tuple[Request, asyncio.Future[None]]], error: Exception | None) -> None:
    for _, written in batch:
        if written.done():
            continue
        if error is None:
            written.set_result(None)
        else:
            written.set_exception(error)
