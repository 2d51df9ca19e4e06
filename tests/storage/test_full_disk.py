"""A system that takes nothing more: here by a limit, as a quota would be, and not by a full disk."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")

#: In a process of its own, which nothing else shares the limit with.
PROGRAM = """
import asyncio, resource, sys
from pathlib import Path
from storage import ContentFolder, Database, StorageError

INSERT = "INSERT INTO guilds (id, updated_at) VALUES (?, 0)"

async def write(database, pictures, number):
    try:
        async with database.transaction() as transaction:
            await transaction.execute(INSERT, (number,))
    except StorageError as error:
        print(type(error).__name__, error)
    try:
        async with pictures.keep(b"picture %d" % number):
            print("kept")
    except StorageError as error:
        print(type(error).__name__, error)

async def main(folder):
    pictures = ContentFolder(folder / "pictures", ".png")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    async with await Database.open(folder / "easel.sqlite3") as database:
        await write(database, pictures, 1)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
        await write(database, pictures, 2)
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        await write(database, pictures, 3)
        print([row[0] for row in await database.fetch_all("SELECT id FROM guilds ORDER BY id")])

asyncio.run(main(Path(sys.argv[1])))
"""


def test_a_limit_that_is_reached_is_told_like_a_full_disk_and_loses_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    before, database, picture, after, rows = ran.stdout.splitlines()
    assert (before, after, rows) == ("kept", "kept", "[1, 3]")
    assert database.startswith("Unwritable The database ")
    assert "there is room on it" in database
    assert picture.startswith("DiskFull The disk that holds ")
    assert "takes no more of it (File too large). Make room there" in picture
    # What was half written is gone.
    assert len([path for path in (tmp_path / "pictures").rglob("*") if path.is_file()]) == 2
