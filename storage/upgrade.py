"""Bringing a database file to this version: its checks, the copy kept before, and the migrations.

Everything here blocks; `Database.open` calls it in a thread before anything else uses the file.
"""

import hashlib
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from storage.errors import (
    ForeignDatabase,
    MigrationFailed,
    NewerDatabase,
    StorageError,
    Unwritable,
    damaged,
    explain_sqlite,
    explained,
)

MIGRATIONS_FOLDER = Path(__file__).parent / "migrations"
#: "Easl" in ASCII: names the program that a file belongs to (PRAGMA application_id).
APPLICATION_ID = 0x4561736C
KEPT_COPIES = 3
#: STRICT tables came with it.
OLDEST_SQLITE = (3, 37, 0)
_LOCK_SECONDS = 5.0


@dataclass(frozen=True)
class Migration:
    """One numbered step of the schema."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """Return the SHA-256 of the text."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def read_migrations(folder: Path = MIGRATIONS_FOLDER) -> list[Migration]:
    """Return the folder's migrations in order. Raises ValueError unless they are numbered from 1 without a gap."""
    migrations = [
        Migration(int(path.name[:4]), path.name, path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("*.sql"))
        if re.match(r"\d{4}_", path.name)
    ]
    if [migration.number for migration in migrations] != list(range(1, len(migrations) + 1)):
        raise ValueError(f"migrations in {folder} are not numbered from 0001 without a gap")
    return migrations


def upgrade(path: Path, migrations: Sequence[Migration], now: float) -> None:
    """Make the database at `path`, or check it and apply the migrations that it lacks.

    Raises a StorageError when the file is damaged, another program's, of a newer version, in use, on a full disk, or
    when a migration fails; the file is then as it was before, or as the last whole migration left it.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise StorageError(f"SQLite {sqlite3.sqlite_version} is too old. Use a Python built with SQLite 3.37 or newer.")
    with explained(path), closing(sqlite3.connect(path, isolation_level=None, timeout=_LOCK_SECONDS)) as connection:
        version = _check(connection, path, migrations)
        _use_write_ahead_log(connection, path)
        missing = migrations[version:]
        if version and missing:
            keep_copy(connection, path, missing[0].number)
        for migration in missing:
            _apply(connection, path, migration, now)


def keep_copy(connection: sqlite3.Connection, path: Path, number: int) -> Path:
    """Copy the database beside itself, whole or not at all, and return the copy's path.

    The last `KEPT_COPIES` are kept.
    """
    copy = path.with_name(f"{path.stem}.before-{number:04d}{path.suffix}")
    staged = copy.with_name(copy.name + ".tmp")
    try:
        staged.unlink(missing_ok=True)
        with closing(sqlite3.connect(staged)) as target:
            connection.backup(target)
        staged.replace(copy)
    finally:
        staged.unlink(missing_ok=True)
    for old in sorted(path.parent.glob(f"{path.stem}.before-[0-9]*{path.suffix}"))[:-KEPT_COPIES]:
        old.unlink(missing_ok=True)
    return copy


def split_statements(sql: str) -> Iterator[str]:
    """Yield the statements of a script one by one; `executescript` would commit before it begins."""
    statement = ""
    for piece in re.split(r"(?<=;)", sql):
        statement += piece
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement


def _check(connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration]) -> int:
    """Return the version of the file, 0 for a new one. Changes nothing. Raises StorageError."""
    version = int(_value(connection, "PRAGMA user_version"))
    empty = not _value(connection, "SELECT count(*) FROM sqlite_schema")
    if empty and not version:
        return 0
    if _value(connection, "PRAGMA application_id") != APPLICATION_ID:
        raise ForeignDatabase(f"{path} is a database of another program. Choose another file for Easel's own.")
    if version > len(migrations):
        raise NewerDatabase(
            f"The database {path} was written by a newer Easel (its version is {version}, this one knows up to "
            f"{len(migrations)}). Update Easel, or put back a copy from before: "
            f"{path.stem}.before-{len(migrations) + 1:04d}{path.suffix}, if it is there."
        )
    verdict = _value(connection, "PRAGMA quick_check(1)")
    if verdict != "ok":
        raise damaged(path, " ".join(str(verdict).split()))
    _compare_checksums(connection, path, migrations)
    return version


def _compare_checksums(connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration]) -> None:
    for number, checksum in connection.execute("SELECT number, checksum FROM migrations ORDER BY number"):
        migration = migrations[number - 1]
        if migration.checksum != checksum:
            raise MigrationFailed(
                f"The database {path} was made by another {migration.name} than this Easel has. "
                "Install Easel anew from a release, or put back the database that belongs to it."
            )


def _use_write_ahead_log(connection: sqlite3.Connection, path: Path) -> None:
    if _value(connection, "PRAGMA journal_mode = WAL") != "wal":
        raise Unwritable(f"SQLite cannot keep {path} in WAL mode there. Choose a folder on a local disk.")


def _apply(connection: sqlite3.Connection, path: Path, migration: Migration, now: float) -> None:
    """Run a migration and record it in one transaction. Raises MigrationFailed, or StorageError for a full disk."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in split_statements(migration.sql):
            connection.execute(statement)
        broken = connection.execute("PRAGMA foreign_key_check").fetchone()
        if broken is not None:
            raise sqlite3.IntegrityError(f"a row of {broken[0]} points to none of {broken[2]}")
        connection.execute(
            "INSERT INTO migrations (number, name, checksum, applied_at) VALUES (?, ?, ?, ?)",
            (migration.number, migration.name, migration.checksum, now),
        )
        # A PRAGMA takes no parameters; both are whole numbers of our own.
        connection.execute(f"PRAGMA user_version = {migration.number:d}")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID:d}")
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise explain_sqlite(error, path) or MigrationFailed(
            f"{migration.name} could not be applied to {path} ({error}). The database is as it was. "
            "Go back to the Easel that you had, and report this with the text above."
        ) from error
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _value(connection: sqlite3.Connection, sql: str) -> int | str:
    value: int | str = connection.execute(sql).fetchone()[0]
    return value
