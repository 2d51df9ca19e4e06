"""Transactions are whole or nothing, one at a time; and what keeps a database from being used has its words."""

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from storage import DamagedDatabase, Database, DiskFull, ForeignDatabase, LockedDatabase, Transaction, Unwritable, jobs
from storage.database import uninterrupted
from storage.deliveries import NewDelivery
from tests.storage.samples import CHANNEL, START, add_job, new_job, numbered

INSERT = "INSERT INTO guilds (id, updated_at) VALUES (?, 0)"


async def guilds(database: Database) -> list[int]:
    return [row["id"] for row in await database.fetch_all("SELECT id FROM guilds ORDER BY id")]


async def test_how_it_is_opened(database: Database) -> None:
    async with database.transaction() as write:
        pragmas = {}
        for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout"):
            row = await write.fetch_one(f"PRAGMA {name}")
            assert row is not None
            pragmas[name] = row[0]
        assert write.now == START
    assert pragmas == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 1, "busy_timeout": 5000}


async def test_readers_cannot_write(database: Database) -> None:
    with pytest.raises(Unwritable, match="readonly"):
        await database.fetch_all(INSERT, (1,))


async def test_readers_see_whole_transactions_only(database: Database) -> None:
    async with database.transaction() as write:
        await write.execute(INSERT, (1,))
        assert await guilds(database) == []
        await write.execute(INSERT, (2,))
    assert await guilds(database) == [1, 2]


async def test_an_exception_undoes_everything(database: Database) -> None:
    async def half() -> None:
        async with database.transaction() as write:
            await write.execute(INSERT, (1,))
            raise LookupError

    with pytest.raises(LookupError):
        await half()
    assert await guilds(database) == []


async def test_a_failed_statement_spoils_the_transaction_even_when_it_is_caught(database: Database) -> None:
    async def stubborn() -> None:
        async with database.transaction() as write:
            await write.execute(INSERT, (1,))
            with pytest.raises(sqlite3.IntegrityError):
                await write.execute(INSERT, (1,))

    with pytest.raises(RuntimeError, match="failed"):
        await stubborn()
    assert await guilds(database) == []


async def test_a_transaction_that_is_over_takes_nothing(database: Database) -> None:
    async with database.transaction() as write:
        pass
    with pytest.raises(RuntimeError, match="over"):
        await write.execute(INSERT, (1,))


async def test_a_transaction_inside_another_is_refused_at_once(database: Database) -> None:
    async with database.transaction():
        with pytest.raises(RuntimeError, match="open already"):
            async with database.transaction():
                pass


async def test_nobody_else_can_write_from_the_first_moment(database: Database) -> None:
    def intrude() -> None:
        with closing(sqlite3.connect(database.path, timeout=0.01)) as other:
            other.execute(INSERT, (9,))
            other.commit()

    async with database.transaction():
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            await asyncio.to_thread(intrude)
    await asyncio.to_thread(intrude)
    assert await guilds(database) == [9]


@pytest.mark.parametrize("gap", range(6))
async def test_a_task_cancelled_again_and_again_leaves_the_connection_usable(database: Database, gap: int) -> None:
    async def one(number: int) -> None:
        async with database.transaction() as write:
            await write.execute(INSERT, (number,))
            await write.execute(INSERT, (number + 100,))

    tasks = [asyncio.create_task(one(number)) for number in range(20)]
    for _ in range(30):
        for task in tasks[::2]:
            task.cancel()
        await asyncio.sleep(gap * 0.0001)
    await asyncio.wait(tasks)
    there = set(await guilds(database))
    assert all((number in there) == (number + 100 in there) for number in range(20))
    assert there >= set(range(1, 20, 2))


async def test_many_writers_at_once(database: Database) -> None:
    async def count_up() -> None:
        async with database.transaction() as write:
            row = await write.fetch_one("SELECT count(*) AS there FROM guilds")
            assert row is not None
            await asyncio.sleep(0)
            await write.execute(INSERT, (row["there"] + 1,))

    await asyncio.gather(*(count_up() for _ in range(50)))
    assert await guilds(database) == list(range(1, 51))


@pytest.mark.parametrize("turns", range(40))
async def test_a_transaction_cancelled_at_any_turn_of_the_loop_is_whole_or_nothing(
    database: Database, turns: int
) -> None:
    async def three() -> None:
        async with database.transaction() as write:
            for number in (1, 2, 3):
                await write.execute(INSERT, (number,))

    task = asyncio.create_task(three())
    for _ in range(turns):
        await asyncio.sleep(0.0001)
    task.cancel()
    await asyncio.wait({task})
    assert await guilds(database) in ([], [1, 2, 3])
    async with database.transaction() as write:
        await write.execute(INSERT, (4,))
    assert (await guilds(database))[-1] == 4


async def test_a_cancellation_while_waiting_for_the_turn_leaves_the_other_alone(database: Database) -> None:
    async def second() -> None:
        async with database.transaction() as write:
            await write.execute(INSERT, (2,))

    async with database.transaction() as write:
        await write.execute(INSERT, (1,))
        task = asyncio.create_task(second())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        await write.execute(INSERT, (3,))
    assert await guilds(database) == [1, 3]


async def test_a_timeout_inside_a_statement_undoes_everything(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT max(i) FROM n"

    async def late(write: Transaction) -> None:
        await write.execute(INSERT, (1,))
        async with asyncio.timeout(0.01):
            await write.fetch_all(slow)

    async def whole() -> None:
        async with database.transaction() as write:
            await late(write)

    with pytest.raises(TimeoutError):
        await whole()
    assert await guilds(database) == []


async def test_uninterrupted_work_ends_before_its_cancellation() -> None:
    done = []

    async def work() -> None:
        await asyncio.sleep(0.02)
        done.append(True)

    task = asyncio.create_task(uninterrupted(work()))
    for _ in range(3):
        await asyncio.sleep(0.001)
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done == [True]


# What keeps a database from being used ---------------------------------------------------------------------------


async def test_a_database_in_use(tmp_path: Path, database: Database) -> None:
    with pytest.raises(LockedDatabase, match=r"used by another Easel \(process \d+\)\. Stop that one first"):
        await Database.open(database.path)
    assert await guilds(database) == []


async def test_a_database_in_use_by_another_process_until_that_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "easel.sqlite3"
    program = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from storage import Database\n"
        "async def main():\n"
        "    await Database.open(Path(sys.argv[1]))\n"
        "    print('open', flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    command = [sys.executable, "-c", program, str(path)]
    with await asyncio.to_thread(subprocess.Popen, command, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        await asyncio.to_thread(other.stdout.readline)
        with pytest.raises(LockedDatabase, match=f"process {other.pid}"):
            await Database.open(path)
        other.kill()
        await asyncio.to_thread(other.wait)
    async with await Database.open(path) as database:
        assert await guilds(database) == []


async def test_a_database_locked_by_another_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "easel.sqlite3"
    async with await Database.open(path):
        pass
    monkeypatch.setattr("storage.upgrade._LOCK_SECONDS", 0.05)
    shell = await asyncio.to_thread(sqlite3.connect, path, isolation_level=None, check_same_thread=False)
    await asyncio.to_thread(shell.executescript, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;")
    try:
        with pytest.raises(LockedDatabase, match=r"locked by another program\. Close whatever has it open"):
            await Database.open(path)
    finally:
        await asyncio.to_thread(shell.close)
    async with await Database.open(path):
        pass


@pytest.mark.parametrize("place", [0, 4096, 4096 * 5 + 10])
async def test_a_damaged_database(tmp_path: Path, place: int) -> None:
    path = tmp_path / "easel.sqlite3"
    async with await Database.open(path) as database:
        for number in range(20):
            await add_job(database, id=numbered(number))
    content = bytearray(path.read_bytes())
    content[place : place + 2000] = b"\xa5" * 2000
    path.write_bytes(content)
    with pytest.raises(DamagedDatabase, match=r"is damaged .* put back a copy"):
        await Database.open(path)
    assert path.read_bytes() == content


async def test_a_database_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "easel.sqlite3"
    async with await Database.open(path):
        pass
    path.write_bytes(path.read_bytes()[:-9000])
    with pytest.raises(DamagedDatabase):
        await Database.open(path)


async def test_what_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "easel.sqlite3"
    path.write_text("Dear diary, " * 1000)
    with pytest.raises(DamagedDatabase, match="not a database"):
        await Database.open(path)


async def test_a_database_of_another_program(tmp_path: Path) -> None:
    path = tmp_path / "theirs.sqlite3"
    theirs = sqlite3.connect(path)
    theirs.execute("CREATE TABLE treasures (name TEXT)")
    theirs.close()
    with pytest.raises(ForeignDatabase, match="Choose another file"):
        await Database.open(path)


async def test_a_folder_in_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "easel.sqlite3").mkdir()
    with pytest.raises(Unwritable, match="this account may write"):
        await Database.open(tmp_path / "easel.sqlite3")


async def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unwritable, match="cannot be read or written"):
        await Database.open(tmp_path / "file" / "easel.sqlite3")


async def test_a_refused_database_can_be_opened_once_it_is_mended(tmp_path: Path) -> None:
    path = tmp_path / "easel.sqlite3"
    path.write_text("Dear diary, " * 1000)
    with pytest.raises(DamagedDatabase):
        await Database.open(path)
    path.unlink()
    async with await Database.open(path) as database:
        assert await guilds(database) == []


async def test_an_opening_that_is_cancelled_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "easel.sqlite3"
    for turns in range(12):
        task = asyncio.create_task(Database.open(path))
        for _ in range(turns):
            await asyncio.sleep(0.001)
        if task.done():
            await task.result().close()
        else:
            task.cancel()
            await asyncio.wait({task})
            assert task.cancelled()
    async with await Database.open(path):
        pass


async def test_a_full_disk_undoes_the_transaction_and_room_lets_it_pass(database: Database) -> None:
    row = await database.fetch_one("PRAGMA page_count")
    assert row is not None
    writer = database._writer
    await writer.execute(f"PRAGMA max_page_count = {row[0] + 1}")

    async def three() -> None:
        async with database.transaction() as write:
            await write.execute(INSERT, (1,))
            for _ in range(50):
                await jobs.add(write, new_job(), NewDelivery(channel_id=CHANNEL))

    with pytest.raises(DiskFull, match=r"disk that holds .* is full\. Make room there"):
        await three()
    assert await guilds(database) == []
    assert await jobs.count(database) == jobs.Counts()
    await writer.execute("PRAGMA max_page_count = 1000000")
    await three()
    assert (await jobs.count(database)).waiting == 50
