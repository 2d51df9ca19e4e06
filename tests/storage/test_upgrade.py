"""Migrations make what the schema says, run whole or not at all, and leave a copy of what was before."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from storage import DiskFull, MigrationFailed, NewerDatabase, upgrade
from storage.upgrade import Migration, read_migrations, split_statements

SCHEMA = Path(upgrade.__file__).parent / "schema.sql"
KEPT = "CREATE TABLE kept (number INTEGER) STRICT; INSERT INTO kept VALUES (1), (2); -- the end"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "easel.sqlite3"


def migrations(*scripts: str) -> list[Migration]:
    """Return the first real migration and then these."""
    later = [Migration(number, f"{number:04d}_more.sql", sql) for number, sql in enumerate(scripts, 2)]
    return [read_migrations()[0], *later]


def rows(path: Path, sql: str) -> list[tuple]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def shape(connection: sqlite3.Connection) -> dict[str, object]:
    """Return every table's columns and every object's text, without comments and spaces."""
    objects = connection.execute(
        "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY type, name"
    ).fetchall()
    found: dict[str, object] = {f"{kind} {name}": _plain(sql) for kind, name, sql in objects}
    for kind, name, _ in objects:
        if kind == "table":
            found[f"columns of {name}"] = connection.execute(f"PRAGMA table_xinfo({name})").fetchall()
            found[f"keys of {name}"] = connection.execute(f"PRAGMA foreign_key_list({name})").fetchall()
    return found


def _plain(sql: str) -> str:
    return " ".join(re.sub(r"([,()])", r" \1 ", re.sub(r"--[^\n]*", "", sql)).split())


def test_the_schema_and_the_migrations_agree(path: Path) -> None:
    upgrade.upgrade(path, read_migrations(), 0)
    with closing(sqlite3.connect(path)) as migrated, closing(sqlite3.connect(":memory:")) as meant:
        meant.executescript(SCHEMA.read_text(encoding="utf-8"))
        assert shape(migrated) == shape(meant)


def test_a_new_database_records_its_migrations_and_needs_no_copy(path: Path) -> None:
    known = read_migrations()
    upgrade.upgrade(path, known, 12.5)
    assert rows(path, "SELECT number, name, checksum, applied_at FROM migrations") == [
        (migration.number, migration.name, migration.checksum, 12.5) for migration in known
    ]
    assert rows(path, "PRAGMA user_version") == [(len(known),)]
    assert list(path.parent.glob("*.before-*")) == []


def test_only_what_is_missing_is_applied_after_a_copy(path: Path) -> None:
    upgrade.upgrade(path, migrations(KEPT), 1)
    upgrade.upgrade(path, migrations(KEPT, "DELETE FROM kept WHERE number = 1"), 2)
    upgrade.upgrade(path, migrations(KEPT, "DELETE FROM kept WHERE number = 1"), 3)
    assert rows(path, "SELECT number FROM kept") == [(2,)]
    copy = path.with_name("easel.before-0003.sqlite3")
    assert rows(copy, "SELECT number FROM kept") == [(1,), (2,)]
    assert rows(copy, "PRAGMA user_version") == [(2,)]
    assert rows(path, "SELECT number, applied_at FROM migrations") == [(1, 1.0), (2, 1.0), (3, 2.0)]


def test_a_copy_holds_what_is_still_in_the_log(path: Path) -> None:
    upgrade.upgrade(path, migrations(KEPT), 1)
    with closing(sqlite3.connect(path)) as other:
        other.execute("INSERT INTO kept VALUES (3)")
        other.commit()
        assert path.with_name("easel.sqlite3-wal").stat().st_size > 0
        upgrade.upgrade(path, migrations(KEPT, "DELETE FROM kept"), 2)
    assert rows(path.with_name("easel.before-0003.sqlite3"), "SELECT count(*) FROM kept") == [(3,)]


def test_the_last_three_copies_are_kept(path: Path) -> None:
    scripts: list[str] = []
    for number in range(2, 8):
        upgrade.upgrade(path, migrations(*scripts), 0)
        scripts.append(f"CREATE TABLE kept_{number} (x) ")
    upgrade.upgrade(path, migrations(*scripts), 0)
    names = sorted(copy.name for copy in path.parent.glob("*.before-*"))
    assert names == [f"easel.before-{number:04d}.sqlite3" for number in (5, 6, 7)]


def test_a_failing_migration_changes_nothing_and_can_be_tried_again(path: Path) -> None:
    upgrade.upgrade(path, migrations(KEPT), 0)
    bad = "CREATE TABLE half (x INTEGER); DELETE FROM kept; INSERT INTO nowhere VALUES (1);"
    with pytest.raises(MigrationFailed, match=r"0003_more.sql could not be applied.*no such table.*as it was"):
        upgrade.upgrade(path, migrations(KEPT, bad), 0)
    assert rows(path, "SELECT number FROM kept") == [(1,), (2,)]
    assert rows(path, "SELECT name FROM sqlite_schema WHERE name = 'half'") == []
    upgrade.upgrade(path, migrations(KEPT, "DELETE FROM kept"), 0)
    assert rows(path, "SELECT number FROM kept") == []


def test_a_migration_that_leaves_a_row_without_its_parent_fails(path: Path) -> None:
    orphan = "INSERT INTO favourites (member_id, image_id, marked_at) VALUES (1, 99, 0);"
    with pytest.raises(MigrationFailed, match="a row of favourites points to none of images"):
        upgrade.upgrade(path, migrations(orphan), 0)
    assert rows(path, "PRAGMA user_version") == [(1,)]


def test_a_disk_that_fills_during_the_copy_leaves_no_half_copy(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade.upgrade(path, migrations(KEPT), 0)
    connect = sqlite3.connect

    def small(place: Path, **options: object) -> sqlite3.Connection:
        connection = connect(place, **options)  # type: ignore[call-overload]
        if Path(place).suffix == ".tmp":
            connection.execute("PRAGMA max_page_count = 3")
        return connection

    monkeypatch.setattr(sqlite3, "connect", small)
    with pytest.raises(DiskFull, match="Make room there"):
        upgrade.upgrade(path, migrations(KEPT, "DELETE FROM kept"), 0)
    monkeypatch.undo()
    assert rows(path, "SELECT number FROM kept") == [(1,), (2,)]
    assert list(path.parent.glob("*.before-*")) == []


def test_a_newer_database_is_left_alone(path: Path) -> None:
    upgrade.upgrade(path, migrations(KEPT, KEPT.replace("kept", "more")), 0)
    with pytest.raises(NewerDatabase, match=r"its version is 3, this one knows up to 1.*Update Easel.*before-0002"):
        upgrade.upgrade(path, migrations(), 0)
    assert rows(path, "PRAGMA user_version") == [(3,)]


def test_a_changed_migration_is_told(path: Path) -> None:
    upgrade.upgrade(path, migrations(KEPT), 0)
    with pytest.raises(MigrationFailed, match=r"made by another 0002_more.sql than this Easel has"):
        upgrade.upgrade(path, migrations(KEPT + ", it is"), 0)


def test_line_ends_do_not_change_a_checksum(tmp_path: Path) -> None:
    for folder, content in (("unix", b"SELECT 1;\nSELECT 2;\n"), ("windows", b"SELECT 1;\r\nSELECT 2;\r\n")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "0001_start.sql").write_bytes(content)
    assert read_migrations(tmp_path / "unix")[0].checksum == read_migrations(tmp_path / "windows")[0].checksum


def test_a_gap_in_the_numbers_is_refused(tmp_path: Path) -> None:
    (tmp_path / "0002_late.sql").write_text("SELECT 1;")
    with pytest.raises(ValueError, match="without a gap"):
        read_migrations(tmp_path)


def test_statements_are_told_apart() -> None:
    script = """
        CREATE TABLE a (x); CREATE TABLE b (x);
        -- one;
        CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM a; DELETE FROM b; END;
        SELECT ';' -- the last
    """
    assert [" ".join(statement.split()) for statement in split_statements(script)] == [
        "CREATE TABLE a (x);",
        "CREATE TABLE b (x);",
        "-- one; CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM a; DELETE FROM b; END;",
        "SELECT ';' -- the last",
    ]
