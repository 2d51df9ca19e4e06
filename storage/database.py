"""The database: one connection that writes, others that read, and transactions that are whole or nothing."""

import asyncio
import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import cycle
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, TypeVar

import aiosqlite

from storage.errors import StorageError, explained
from storage.lock import ProcessLock
from storage.upgrade import Migration, read_migrations, upgrade

log = logging.getLogger("easel.storage")

#: Seconds since 1970, as `time.time` gives them.
Clock = Callable[[], float]
Value = str | int | float | bytes | None
Parameters = Mapping[str, Value] | Sequence[Value]
Row = sqlite3.Row

#: Stands in a folder into which a restore has not come to its end.
RESTORING = ".restoring"

_BUSY_SECONDS = 5.0
_T = TypeVar("_T")


class Reader(Protocol):
    """Whatever can be asked: the database, or a transaction that sees its own writes too."""

    async def fetch_all(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """Return every row of a query."""
        ...

    async def fetch_one(self, sql: str, parameters: Parameters = ()) -> Row | None:
        """Return the first row of a query, or None."""
        ...


class Transaction:
    """What stands between BEGIN IMMEDIATE and COMMIT; `Database.transaction` makes it and nobody else.

    An error of a statement, or a cancellation while one runs, spoils the whole transaction, even when it is caught.
    """

    def __init__(self, connection: aiosqlite.Connection, path: Path, now: float) -> None:
        #: When the transaction began; the time of everything written in it.
        self.now = now
        self._connection = connection
        self._path = path
        self._open = True
        self._spoiled: BaseException | None = None

    async def fetch_all(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """Run a statement and return its rows. Raises StorageError, or sqlite3.Error for a broken constraint."""
        return list(await self._run(lambda: self._connection.execute_fetchall(sql, parameters)))

    async def fetch_one(self, sql: str, parameters: Parameters = ()) -> Row | None:
        """Run a statement and return its first row, or None. Raises as `fetch_all`."""
        rows = await self.fetch_all(sql, parameters)
        return rows[0] if rows else None

    async def execute(self, sql: str, parameters: Parameters = ()) -> int:
        """Run a statement and return the number of rows it changed. Raises as `fetch_all`."""
        cursor = await self._run(lambda: self._connection.execute(sql, parameters))
        return cursor.rowcount

    async def execute_many(self, sql: str, rows: Iterable[Parameters]) -> None:
        """Run a statement once for each row of parameters. Raises as `fetch_all`."""
        await self._run(lambda: self._connection.executemany(sql, list(rows)))

    async def _run(self, statement: Callable[[], Awaitable[_T]]) -> _T:
        self.require_whole()
        try:
            with explained(self._path):
                return await statement()
        except BaseException as error:
            self._spoiled = error
            raise

    def require_whole(self) -> None:
        """Raise RuntimeError when the transaction is over or was spoiled: SQLite may have rolled it back already."""
        if not self._open:
            raise RuntimeError("this transaction is over")
        if self._spoiled is not None:
            raise RuntimeError("a statement of this transaction failed") from self._spoiled

    def end(self) -> None:
        """Refuse any further statement."""
        self._open = False


class Database:
    """An open database file. Close it, or use it in `async with`."""

    def __init__(
        self,
        path: Path,
        clock: Clock,
        writer: aiosqlite.Connection,
        readers: Sequence[aiosqlite.Connection],
        closing: AsyncExitStack,
    ) -> None:
        self.path = path
        self.clock = clock
        self._writer = writer
        self._readers = cycle(readers)
        self._closing = closing
        self._writing = asyncio.Lock()
        self._writing_task: asyncio.Task[object] | None = None

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        clock: Clock = time.time,
        readers: int = 2,
        migrations: Sequence[Migration] | None = None,
    ) -> Self:
        """Lock, check and upgrade the file at `path`, making it and its folder when missing, and connect to it.

        Raises a StorageError that says what is wrong and what to do.
        """
        opening = asyncio.ensure_future(cls._open(path, clock, readers, migrations))
        try:
            return await uninterrupted(opening)
        except asyncio.CancelledError:
            if not opening.cancelled() and opening.exception() is None:
                await opening.result().close()
            raise

    @classmethod
    async def _open(cls, path: Path, clock: Clock, readers: int, migrations: Sequence[Migration] | None) -> Self:
        async with AsyncExitStack() as stack:
            with explained(path):
                lock = ProcessLock(path)
                await asyncio.to_thread(_prepare, lock, path, migrations, clock())
                stack.callback(lock.release)
                writer = await stack.enter_async_context(_connect(path))
                await writer.execute("PRAGMA foreign_keys = ON")
                await writer.execute("PRAGMA synchronous = NORMAL")
                readings = [await stack.enter_async_context(_connect(path)) for _ in range(readers)]
                for reading in readings:
                    await reading.execute("PRAGMA query_only = ON")
            return cls(path, clock, writer, readings, stack.pop_all())

    async def close(self) -> None:
        """Let the present transaction end, close every connection, and give the lock back."""
        async with self._writing:
            await uninterrupted(self._closing.aclose())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def fetch_all(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """Return every row of a query, as the last whole transaction left them. Raises StorageError."""
        with explained(self.path):
            return list(await next(self._readers).execute_fetchall(sql, parameters))

    async def fetch_one(self, sql: str, parameters: Parameters = ()) -> Row | None:
        """Return the first row of a query, or None. Raises StorageError."""
        rows = await self.fetch_all(sql, parameters)
        return rows[0] if rows else None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Write: everything in the block, or nothing when it raises or is cancelled. One writer at a time.

        When a cancellation comes while the end of the block is being committed, all of the writes stand.
        Raises StorageError, and RuntimeError for a transaction inside another of the same task.
        """
        if self._writing_task is not None and self._writing_task is asyncio.current_task():
            raise RuntimeError("this task has a transaction open already: pass that one on")
        async with self._writing:
            self._writing_task = asyncio.current_task()
            write = Transaction(self._writer, self.path, self.clock())
            committed = False
            try:
                await write.execute("BEGIN IMMEDIATE")
                yield write
                write.require_whole()
                write.end()
                with explained(self.path):
                    await self._writer.commit()
                committed = True
            finally:
                write.end()
                self._writing_task = None
                if not committed:
                    await self._undo()

    async def _undo(self) -> None:
        """Roll back whatever is open.

        A connection runs what it is given in order, even when nobody waits for the outcome any more: a BEGIN or COMMIT
        whose task was cancelled comes before this, and the next BEGIN after it.
        """
        with explained(self.path):
            await self._writer.rollback()


async def uninterrupted(work: Awaitable[_T]) -> _T:
    """Await `work` to its end, and raise a cancellation that came meanwhile only then."""
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("What could not be cancelled failed", exc_info=error)
        raise asyncio.CancelledError
    return task.result()


def _prepare(lock: ProcessLock, path: Path, migrations: Sequence[Migration] | None, now: float) -> None:
    """Lock and upgrade the file; the lock is given back when that fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if (path.parent / RESTORING).exists():
        raise StorageError(
            f"A backup is being restored into {path.parent}, or that was cut off. Wait until it is done, or empty the "
            "folder and restore it again."
        )
    lock.acquire()
    try:
        upgrade(path, read_migrations() if migrations is None else migrations, now)
    except BaseException:
        lock.release()
        raise


@asynccontextmanager
async def _connect(path: Path) -> AsyncIterator[aiosqlite.Connection]:
    async with aiosqlite.connect(path, isolation_level=None, timeout=_BUSY_SECONDS) as connection:
        connection.row_factory = sqlite3.Row
        yield connection
