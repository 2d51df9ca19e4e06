"""Notes: what the operator set while the bot runs, and what outlives a restart."""

from collections.abc import Mapping

from storage.database import Reader, Transaction

SELECT = "SELECT value FROM operator_notes WHERE name = :name"
SELECT_BEGINNING = """
    SELECT name, value FROM operator_notes WHERE name >= :low AND name < :high AND updated_at >= :since ORDER BY name
"""
PUT = """
    INSERT INTO operator_notes (name, value, updated_at) VALUES (:name, :value, :now)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at
"""
TAKE = "DELETE FROM operator_notes WHERE name = :name RETURNING value"
FORGET = "DELETE FROM operator_notes WHERE name >= :low AND name < :high AND updated_at < :before"

#: Comes after every character of a name.
_LAST = "\U0010ffff"


async def get(reader: Reader, name: str) -> str | None:
    """Return what a note says, or None."""
    row = await reader.fetch_one(SELECT, {"name": name})
    return None if row is None else str(row["value"])


async def beginning(reader: Reader, prefix: str, since: float = 0.0) -> Mapping[str, str]:
    """Return the notes whose names begin so and that were written since then, by name."""
    rows = await reader.fetch_all(SELECT_BEGINNING, {"low": prefix, "high": prefix + _LAST, "since": since})
    return {row["name"]: row["value"] for row in rows}


async def put(write: Transaction, name: str, value: str) -> None:
    """Write a note, in place of the one of that name."""
    await write.execute(PUT, {"name": name, "value": value, "now": write.now})


async def take(write: Transaction, name: str) -> str | None:
    """Delete a note and return what it said; None where there was none."""
    row = await write.fetch_one(TAKE, {"name": name})
    return None if row is None else str(row["value"])


async def forget(write: Transaction, prefix: str, before: float) -> int:
    """Delete the notes whose names begin so and that were written before then; return how many."""
    return await write.execute(FORGET, {"low": prefix, "high": prefix + _LAST, "before": before})
