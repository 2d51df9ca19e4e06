"""With a hundred thousand jobs, no query that is asked often reads a table from end to end.

The plans are those of the very statements that the code runs.
"""

import ast
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import (
    adapters,
    audit,
    blocks,
    deliveries,
    disposal,
    images,
    inputs,
    jobs,
    lineage,
    members,
    purge,
    repairs,
    styles,
    taking_down,
    units,
    upgrade,
    usage,
)

HOT = {
    "claim": units.CLAIM,
    "requeue": units.REQUEUE,
    "requeue abandoned": units.REQUEUE_ALL,
    "finish": units.FINISH,
    "unfinished units": units.SELECT_UNFINISHED,
    "end": units.END,
    "settle": units.SETTLE,
    "job": jobs.SELECT,
    "units of a job": jobs.SELECT_UNITS,
    "units of jobs": jobs.SELECT_UNITS_OF,
    "unfinished jobs": jobs.SELECT_UNFINISHED,
    "history": jobs.SELECT_HISTORY,
    "count of a member": jobs.COUNT_OF_MEMBER,
    "count of a guild": jobs.COUNT_OF_GUILD,
    "delivery": deliveries.SELECT,
    "delivery by message": deliveries.SELECT_BY_MESSAGE,
    "kept deliveries": deliveries.SELECT_KEPT,
    "open deliveries": deliveries.SELECT_OPEN,
    "advance": deliveries.UPDATE,
    "attempt": deliveries.NOTE_ATTEMPT,
    "tokens": deliveries.FORGET_TOKENS,
    "image": images.SELECT,
    "images of jobs": images.SELECT_OF_JOBS,
    "images of a member": images.SELECT_OF_MEMBER,
    "favourites": images.SELECT_FAVOURITES,
    "images of ids": images.SELECT_OF_IDS,
    "images of a hash": images.SELECT_OF_HASH,
    "ancestors": lineage.SELECT_ANCESTORS,
    "descendants": lineage.SELECT_DESCENDANTS,
    "jobs of ids": jobs.SELECT_OF_IDS,
    "delete": images.DELETE,
    "mark": images.MARK,
    "unmark": images.UNMARK,
    "oldest images": images.SELECT_OLDEST,
    "give up inputs": inputs.DELETE,
    "inputs of a job": inputs.SELECT,
    "jobs of a guild": images.SELECT_JOBS_OF_GUILD,
    "old images of jobs": images.SELECT_OLD_OF_JOBS,
    "purge of jobs": purge.SELECT_JOBS,
    "files of a purge": purge.SELECT_FILES,
    "inputs of a purge": purge.SELECT_INPUTS,
    "deletion of a purge": purge.DELETE_JOBS,
    "origins of a purge": purge.FORGET_ORIGINS,
    "doomed files": disposal.SELECT,
    "pictures of a prefix": repairs.SELECT_PICTURES,
    "inputs of a prefix": repairs.SELECT_INPUTS,
    "jobs of an input": repairs.SELECT_JOBS_OF_INPUT,
    "missing pictures": repairs.MARK_MISSING,
    "usage of a member": usage.SELECT_OF_MEMBER,
    "usage of a guild": usage.SELECT_OF_GUILD,
    "usage since a day": usage.SELECT_SINCE,
    "styles of a member": styles.SELECT_OF_MEMBER,
    "styles of a guild": styles.SELECT_OF_GUILD,
    "styles that a member gave": styles.SELECT_GIVEN,
    "count of a member's styles": styles.COUNT_OF_MEMBER,
    "count of a guild's styles": styles.COUNT_OF_GUILD,
    "change a style": styles.CHANGE,
    "remove a style": styles.REMOVE,
    "delete a member's styles": styles.DELETE_OWN,
    "forget who gave styles": styles.FORGET_GIVER,
    "adapter": adapters.SELECT,
    "adapters of a member": adapters.SELECT_OF_OWNER,
    "change an adapter": adapters.CHANGE,
    "remove an adapter": adapters.REMOVE,
    "delete a member's adapters": adapters.REMOVE_OF_OWNER,
    "adapters that a member had": adapters.SELECT_FORMER_OF_OWNER,
    "forget a member's former adapters": adapters.FORGET_FORMER,
    "bans of a member": adapters.SELECT_BANS_OF,
    "adapters of a prefix": repairs.SELECT_ADAPTERS,
    "previews of a prefix": repairs.SELECT_PREVIEWS,
    "audit": audit.SELECT_PAGE,
    "blocks of a member": blocks.SELECT_OF_MEMBER,
    "what is taken down": taking_down.SELECT_JOBS,
    "messages of what was taken down": taking_down.SELECT_MESSAGES,
    "count of what can be taken down": taking_down.COUNT,
    "defaults": members.SELECT,
    "export of jobs": members.EXPORT_JOBS,
    "export of images": members.EXPORT_IMAGES,
    "export of deliveries": members.EXPORT_DELIVERIES,
    "delete a member's jobs": members.DELETE_JOBS,
    "delete a member's marks": members.DELETE_FAVOURITES,
}
#: Rows of these may be read one after the other: parameters, what a subquery gave, what runs just now, what could not
#: be sent, and what was found of a family.
SMALL = (
    "wanted",
    "json_each",
    "found",
    "(subquery",
    "units USING INDEX units_running",
    "deliveries USING INDEX deliveries_kept",
    "up",
    "down",
    "gone",
)
#: Pages must come in order from the index, without sorting all that there is.
PAGED = (
    "unfinished jobs",
    "history",
    "open deliveries",
    "images of a member",
    "images of a hash",
    "favourites",
    "oldest images",
    "styles of a member",
    "styles of a guild",
    "adapters of a member",
    "jobs of a guild",
    "purge of jobs",
)


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path = tmp_path_factory.mktemp("plans") / "easel.sqlite3"
    upgrade.upgrade(path, upgrade.read_migrations(), 0)
    opened = sqlite3.connect(path)
    yield opened
    opened.close()


def plan(connection: sqlite3.Connection, sql: str) -> list[str]:
    steps = connection.execute(f"EXPLAIN QUERY PLAN {sql}", _Anything()).fetchall()
    return [step[3] for step in steps]


class _Anything(dict):
    def __missing__(self, name: str) -> str:
        return "[]"


@pytest.mark.parametrize("name", HOT)
def test_a_hot_query_searches_by_an_index(connection: sqlite3.Connection, name: str) -> None:
    steps = plan(connection, HOT[name])
    assert steps
    for step in steps:
        if step.startswith("SCAN "):
            ordered = name in PAGED and "USING INDEX" in step
            assert ordered or step.removeprefix("SCAN ").startswith(SMALL), steps


@pytest.mark.parametrize("name", PAGED)
def test_a_page_is_not_sorted(connection: sqlite3.Connection, name: str) -> None:
    assert not [step for step in plan(connection, HOT[name]) if "TEMP B-TREE" in step]


@pytest.mark.parametrize("sql", [jobs.COUNT_OF_MEMBER, jobs.COUNT_OF_GUILD, jobs.COUNT_ALL])
def test_counts_read_the_index_alone(connection: sqlite3.Connection, sql: str) -> None:
    assert "COVERING INDEX jobs_unfinished_by_" in plan(connection, sql)[0]


def test_these_tests_would_see_a_scan(connection: sqlite3.Connection) -> None:
    assert plan(connection, "SELECT * FROM jobs WHERE kind = 'imagine'") == ["SCAN jobs"]


def test_every_foreign_key_is_found_by_an_index(connection: sqlite3.Connection) -> None:
    """Deleting a job must not read whole tables to find what belongs to it."""
    for (table,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
        for key in connection.execute(f"PRAGMA foreign_key_list({table})").fetchall():
            [step] = plan(connection, f"SELECT 1 FROM {table} WHERE {key[3]} = :x")
            assert step.startswith("SEARCH"), (table, key)


def test_sql_is_never_put_together_where_it_is_run() -> None:
    asked = {"fetch_all", "fetch_one", "execute", "execute_many"}
    found = 0
    for path in Path(upgrade.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in asked:
                found += 1
                joined = any(isinstance(part, ast.JoinedStr | ast.BinOp | ast.Call) for part in ast.walk(node.args[0]))
                assert not joined or path.name == "upgrade.py", f"{path.name}:{node.lineno}"
    assert found > 40
