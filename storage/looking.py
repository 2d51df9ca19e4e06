"""Reading a database that another process may have open, without its lock and without changing anything."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import aiosqlite

from storage.database import Parameters, Row
from storage.errors import explained
from storage.upgrade import APPLICATION_ID, read_migrations

PROGRAM, VERSION = "PRAGMA application_id", "PRAGMA user_version"


class Look:
    """A `Reader` of a database as the last whole transaction left it."""

    def __init__(self, connection: aiosqlite.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    async def fetch_all(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """Return every row of a query. Raises StorageError."""
        with explained(self._path):
            return list(await self._connection.execute_fetchall(sql, parameters))

    async def fetch_one(self, sql: str, parameters: Parameters = ()) -> Row | None:
        """Return the first row of a query, or None. Raises StorageError."""
        rows = await self.fetch_all(sql, parameters)
        return rows[0] if rows else None


@asynccontextmanager
async def looking(path: Path) -> AsyncIterator[Look | None]:
    """Give the database at `path` for reading; None where there is none, or one of another version.

    Raises StorageError.
    """
    address = await asyncio.to_thread(_address, path)
    if address is None:
        yield None
        return
    with explained(path):
        connection = await aiosqlite.connect(address, uri=True)
    try:
        connection.row_factory = sqlite3.Row
        look = Look(connection, path)
        program, version = await look.fetch_one(PROGRAM), await look.fetch_one(VERSION)
        ours = program is not None and program[0] == APPLICATION_ID
        yield look if ours and version is not None and version[0] == await asyncio.to_thread(_newest) else None
    finally:
        await connection.close()


def _newest() -> int:
    return len(read_migrations())


def _address(path: Path) -> str | None:
    """Return how SQLite opens a file for reading alone; None where there is none."""
    return f"file:{quote(str(path.absolute()))}?mode=ro" if path.is_file() else None
