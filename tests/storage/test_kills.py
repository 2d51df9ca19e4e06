"""Whenever the process is killed, the database opens, agrees with itself and its files, and has what was promised."""

import asyncio
import random
import subprocess
import sys
from pathlib import Path

import pytest

from inference.protocol.messages import JobId
from storage import ContentFolder, Database, content_hash, disposal, jobs, repair, units

#: What must never be found: rows that contradict each other.
CONTRADICTIONS = {
    "jobs without exactly their units": """
        SELECT id FROM jobs WHERE count != (SELECT count(*) FROM units WHERE job_id = jobs.id)
    """,
    "jobs without a delivery": "SELECT id FROM jobs WHERE id NOT IN (SELECT job_id FROM deliveries)",
    "jobs whose state is not their units'": """
        SELECT jobs.id FROM jobs JOIN units ON job_id = jobs.id GROUP BY jobs.id HAVING jobs.state != CASE
            WHEN sum(units.state = 'running') THEN 'running'
            WHEN sum(units.state = 'waiting') THEN 'waiting'
            WHEN sum(units.state = 'failed') THEN 'failed'
            WHEN sum(units.state = 'cancelled') THEN 'cancelled'
            ELSE 'done' END
    """,
    "finished units without their picture": """
        SELECT job_id FROM units WHERE state = 'done' AND NOT EXISTS (
            SELECT 1 FROM images
            WHERE images.job_id = units.job_id AND images.unit_index = units.unit_index AND hash = image_hash
        )
    """,
    "pictures of unfinished units": """
        SELECT images.id FROM images JOIN units USING (job_id, unit_index) WHERE state != 'done'
    """,
    "source pictures of ended jobs": """
        SELECT job_id FROM inputs JOIN jobs ON jobs.id = job_id WHERE state NOT IN ('waiting', 'running')
    """,
    "unfinished jobs without their source picture": """
        SELECT id FROM jobs WHERE state IN ('waiting', 'running') AND id NOT IN (SELECT job_id FROM inputs)
    """,
    "broken references": "PRAGMA foreign_key_check",
}


def run_until_killed(folder: Path, seed: int, seconds: float) -> list[list[str]]:
    """Return what the process said, in words, before it was killed."""
    command = [sys.executable, "-m", "tests.storage.busy_writer", str(folder), str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
        said = first + process.stdout.read()
    assert process.returncode != 1, "the writer failed by itself"
    return [line.split() for line in said.splitlines(keepends=True) if line.endswith("\n")]


async def check_files(database: Database, pictures: ContentFolder, inputs: ContentFolder) -> None:
    """Assert that every file that a row needs is there, whole, and no other."""
    live = {row["hash"] for row in await database.fetch_all("SELECT hash FROM images WHERE deleted_at IS NULL")}
    held = {row["hash"] for row in await database.fetch_all("SELECT hash FROM inputs")}
    for folder, names in ((pictures, live), (inputs, held)):
        there = [path for path in folder.root.rglob("*") if path.is_file() and folder.lost not in path.parents]
        assert {content_hash(path.read_bytes()) for path in there} == names
        assert {folder.path(name) for name in names} == set(there)


@pytest.mark.parametrize("life", range(2))
async def test_a_killed_process_leaves_everything_consistent(tmp_path: Path, life: int) -> None:
    draw = random.Random(life)
    pictures, inputs = ContentFolder(tmp_path / "pictures", ".png"), ContentFolder(tmp_path / "inputs")
    for seed in range(4):
        said = await asyncio.to_thread(run_until_killed, tmp_path, 10 * life + seed, draw.uniform(0.0, 0.3))
        async with await Database.open(tmp_path / "easel.sqlite3") as database:
            [verdict] = await database.fetch_all("PRAGMA integrity_check")
            assert verdict[0] == "ok"
            for name, question in CONTRADICTIONS.items():
                assert await database.fetch_all(question) == [], name
            promised = {job_id: word for word, job_id in said}
            for job_id, word in promised.items():
                job = await jobs.get(database, JobId(job_id))
                assert job is not None, "an accepted job was lost"
                assert word == "added" or job.ended_at is not None, "an ended job came back"
            repairs = await repair(database, pictures, inputs)
            assert (repairs.missing_pictures, repairs.missing_inputs) == (0, 0)
            async with database.transaction() as write:
                await units.requeue_abandoned(write)
            assert (await jobs.count(database)).running == 0
            await disposal.sweep(database, pictures, inputs)
            await check_files(database, pictures, inputs)
