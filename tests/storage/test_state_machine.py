"""Jobs and units against a model in plain Python: whatever is done in whatever order, both say the same."""

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from inference.protocol.messages import JobId, LaunchId
from storage import Database, Transaction, jobs, units
from storage.deliveries import NewDelivery
from tests.storage.samples import new_job, numbered, picture

LAUNCHES = [LaunchId("one"), LaunchId("two")]
MEMBERS = [1, 2]
launches = st.sampled_from(LAUNCHES)
numbers = st.integers(0, 5)
index_sets = st.sets(st.integers(0, 3))


@dataclass
class ModelUnit:
    state: str = "waiting"
    launch: str | None = None
    attempts: int = 0

    @property
    def unfinished(self) -> bool:
        return self.state in ("waiting", "running")

    def end(self, state: str) -> None:
        self.state, self.launch = state, None


def state_of(job: list[ModelUnit]) -> str:
    found = {unit.state for unit in job}
    return next(state for state in ("running", "waiting", "failed", "cancelled", "done") if state in found)


class JobsAndUnits(RuleBasedStateMachine):
    """Every rule does the same to the store and to the model, and compares what the store answers."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.runner = asyncio.Runner()
        self.model: dict[JobId, list[ModelUnit]] = {}
        self.owners: dict[JobId, int] = {}

    @initialize()
    def open(self) -> None:
        self.database = self.runner.run(Database.open(self.folder / "easel.sqlite3", readers=1))

    def teardown(self) -> None:
        self.runner.run(self.database.close())
        self.runner.close()
        shutil.rmtree(self.folder)

    def write(self, change: Callable[[Transaction], Awaitable[Any]]) -> Any:
        async def whole() -> Any:
            async with self.database.transaction() as write:
                return await change(write)

        return self.runner.run(whole())

    def job(self, number: int) -> JobId:
        """Name a job that is there, or none that ever was."""
        ids = list(self.model)
        return ids[number] if number < len(ids) else numbered(999)

    @precondition(lambda self: len(self.model) < 5)
    @rule(count=st.integers(1, 4), member=st.sampled_from(MEMBERS))
    def add(self, count: int, member: int) -> None:
        job = new_job(id=numbered(len(self.model) + 1), count=count, member_id=member)
        self.write(lambda write: jobs.add(write, job, NewDelivery(channel_id=1)))
        self.model[job.id] = [ModelUnit() for _ in range(count)]
        self.owners[job.id] = member

    @rule(launch=launches, wanted=st.dictionaries(numbers, index_sets, max_size=3))
    def claim(self, launch: LaunchId, wanted: dict[int, set[int]]) -> None:
        by_job = {self.job(number): indexes for number, indexes in wanted.items()}
        expected = []
        for job_id, indexes in by_job.items():
            for index, unit in enumerate(self.model.get(job_id, [])):
                if index in indexes and unit.state == "waiting":
                    unit.state, unit.launch = "running", launch
                    expected.append((job_id, index))
        claimed = self.write(lambda write: units.claim(write, launch, by_job))
        assert [(unit.job_id, unit.index) for unit in claimed] == expected

    @rule(number=numbers, index=st.integers(0, 3), launch=launches)
    def finish(self, number: int, index: int, launch: LaunchId) -> None:
        job_id = self.job(number)
        image_id = self.write(lambda write: units.finish(write, job_id, index, launch, picture()))
        held = [unit for unit in self.model.get(job_id, [])[index : index + 1] if unit.launch == launch]
        assert (image_id is not None) == bool(held)
        for unit in held:
            unit.end("done")

    @rule(number=numbers, launch=st.none() | launches, indexes=st.none() | index_sets)
    def fail(self, number: int, launch: LaunchId | None, indexes: set[int] | None) -> None:
        job_id = self.job(number)
        ended = self.write(lambda write: units.fail(write, job_id, "memory", "No.", launch=launch, indexes=indexes))
        expected = self.chosen(job_id, indexes, launch)
        assert [unit.index for unit in ended] == list(expected)
        for unit in expected.values():
            unit.end("failed")

    @rule(number=numbers, indexes=st.none() | index_sets)
    def cancel(self, number: int, indexes: set[int] | None) -> None:
        job_id = self.job(number)
        ended = self.write(lambda write: units.cancel(write, job_id, indexes=indexes))
        expected = self.chosen(job_id, indexes, None)
        assert [(unit.index, unit.launch) for unit in ended] == [(at, unit.launch) for at, unit in expected.items()]
        for unit in expected.values():
            unit.end("cancelled")

    @rule(launch=launches, failed=st.booleans())
    def requeue(self, launch: LaunchId, failed: bool) -> None:
        back = self.write(lambda write: units.requeue(write, launch, failed=failed))
        self.put_back(back, {launch}, int(failed))

    @rule(living=st.sets(launches))
    def restart(self, living: set[LaunchId]) -> None:
        self.runner.run(self.database.close())
        self.open()
        back = self.write(lambda write: units.requeue_abandoned(write, living))
        self.put_back(back, set(LAUNCHES) - living, 1)

    def put_back(self, back: tuple[units.Unit, ...], dead: set[LaunchId], attempts: int) -> None:
        expected = []
        for job_id, job in self.model.items():
            for index, unit in enumerate(job):
                if unit.state == "running" and unit.launch in dead:
                    unit.state, unit.launch, unit.attempts = "waiting", None, unit.attempts + attempts
                    expected.append((job_id, index))
        assert [(unit.job_id, unit.index) for unit in back] == expected

    def chosen(self, job_id: JobId, indexes: set[int] | None, launch: LaunchId | None) -> dict[int, ModelUnit]:
        return {
            index: unit
            for index, unit in enumerate(self.model.get(job_id, []))
            if unit.unfinished and (indexes is None or index in indexes) and launch in (None, unit.launch)
        }

    @invariant()
    def both_say_the_same(self) -> None:
        self.runner.run(self.compare())

    async def compare(self) -> None:
        for job_id, model in self.model.items():
            job = await jobs.get(self.database, job_id)
            assert job is not None
            assert job.state == state_of(model)
            assert job.attempts == max(unit.attempts for unit in model)
            assert (job.ended_at is None) == any(unit.unfinished for unit in model)
            assert (job.failure is not None) == any(unit.state == "failed" for unit in model)
            stored = await jobs.units_of(self.database, job_id)
            assert [(unit.state, unit.launch, unit.attempts) for unit in stored] == [
                (unit.state, unit.launch, unit.attempts) for unit in model
            ]
        unfinished = [waiting.job.id async for waiting in jobs.unfinished(self.database)]
        assert unfinished == [job_id for job_id, job in self.model.items() if any(unit.unfinished for unit in job)]
        for member in MEMBERS:
            mine = [state_of(job) for job_id, job in self.model.items() if self.owners[job_id] == member]
            counts = await jobs.count_of_member(self.database, member)
            assert (counts.waiting, counts.running) == (mine.count("waiting"), mine.count("running"))


TestJobsAndUnits = pytest.mark.timeout(300)(JobsAndUnits.TestCase)
JobsAndUnits.TestCase.settings = settings(
    max_examples=30, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
