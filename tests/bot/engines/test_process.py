"""A worker process that dies, hangs or lies, and what its engine makes of it."""

import asyncio
import logging
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from bot.engines.base import EngineEvent, Lost
from bot.engines.process import EXAMINER_COMMAND, LocalProcess
from bot.engines.supervision import Supervision
from bot.errors import EngineDead
from inference.protocol.messages import TERMINAL_EVENTS, Failed, Finished, Generate, JobId, Progress, Ready, Started
from tests.bot.engines.engines import PATIENT, Watcher, clockwork_process, eventually, scripted_process
from tests.clockwork import MODEL
from tests.sample_requests import generate, settings
from tests.sample_uploads import turned

SIGKILL = getattr(signal, "SIGKILL", signal.SIGTERM)
HASTY = Supervision(ready_seconds=60, silence_seconds=1.0, turn_seconds=60, first_delay_seconds=0.01)


def kill(engine: LocalProcess) -> None:
    assert engine.pid is not None
    os.kill(engine.pid, SIGKILL)


def is_gone(pid: int | None) -> bool:
    """Tell whether a process has ended and was reaped."""
    assert pid is not None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def at_step(job: str, step: int) -> Callable[[EngineEvent], bool]:
    """Return a test for the first event of a job at or past a step; step 0 is its start, -1 its acceptance."""

    def reached(event: EngineEvent) -> bool:
        if step == 0:
            return isinstance(event, Started) and event.job == job
        return isinstance(event, (Progress, Finished)) and event.job == job and getattr(event, "step", 99) >= step

    return reached


async def test_a_worker_is_told_nothing_that_logs_in_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "secret")
    monkeypatch.setenv("EASEL_CIVITAI_TOKEN", "secret")
    monkeypatch.setenv("EASEL_SOMETHING", "open")
    async with clockwork_process() as engine:
        told = await asyncio.to_thread(lambda: psutil.Process(engine.pid).environ())
    assert "secret" not in told.values()
    assert told["EASEL_SOMETHING"] == "open"


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [({}, "1000"), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "ACTIVE"}, None)],
)
async def test_threads_that_wait_give_way_unless_somebody_chose_otherwise(
    monkeypatch: pytest.MonkeyPatch, chosen: dict[str, str], expected: str | None
) -> None:
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in chosen.items():
        monkeypatch.setenv(name, value)
    async with clockwork_process() as engine:
        told = await asyncio.to_thread(lambda: psutil.Process(engine.pid).environ())
    assert told.get("GOMP_SPINCOUNT") == expected


async def test_a_kill_at_any_step_loses_exactly_what_was_in_flight() -> None:
    steps = 6
    async with clockwork_process() as engine:
        watcher = Watcher(engine)
        await engine.submit(generate("reference", steps=steps))
        reference = (await watcher.ends("reference"))["reference"]
        assert isinstance(reference, Finished)
        launches = {reference.launch}
        for step in range(steps + 1):
            await engine.submit(generate("a", steps=steps))
            await engine.submit(generate("b", steps=2))
            pid = engine.pid
            began = len(watcher.seen)
            await watcher.until(at_step("a", step))
            kill(engine)
            lost = await watcher.until(lambda event: isinstance(event, Lost))
            assert isinstance(lost, Lost)
            ended = {event.job for event in watcher.seen[began:] if isinstance(event, TERMINAL_EVENTS)}
            assert set(lost.jobs) == {"a", "b"} - ended
            assert is_gone(pid)
            if sys.platform != "win32":
                assert (lost.exit_code, "killed by SIGKILL" in lost.reason) == (-SIGKILL, True)
            ready = await watcher.until(lambda event: isinstance(event, Ready))
            assert isinstance(ready, Ready)
            assert ready.launch not in launches
            launches.add(ready.launch)
            await engine.submit(generate("again", steps=steps))
            again = (await watcher.ends("again"))["again"]
            assert isinstance(again, Finished)
            assert again.launch == ready.launch
            assert again.pictures == reference.pictures


async def test_a_kill_while_idle_loses_nothing_and_submit_waits_for_the_restart() -> None:
    async with clockwork_process() as engine:
        watcher = Watcher(engine)
        kill(engine)
        lost = await watcher.until(lambda event: isinstance(event, Lost))
        assert isinstance(lost, Lost)
        assert lost.jobs == ()
        await engine.submit(generate("a"))
        assert isinstance((await watcher.ends("a"))["a"], Finished)


async def test_a_submit_right_after_the_kill_ends_like_any_other() -> None:
    async with clockwork_process() as engine:
        watcher = Watcher(engine)
        kill(engine)
        await engine.submit(generate("a"))
        assert isinstance((await watcher.ends("a"))["a"], Lost)


async def test_a_job_can_be_cancelled_while_it_waits_for_the_restart() -> None:
    async with clockwork_process(supervision=PATIENT) as engine:
        watcher = Watcher(engine)
        kill(engine)
        await watcher.until(lambda event: isinstance(event, Lost))
        waiting = asyncio.create_task(engine.submit(generate("a")))
        await asyncio.sleep(0)
        await engine.cancel(JobId("a"))
        await waiting
        assert type((await watcher.ends("a"))["a"]).__name__ == "Cancelled"
        await engine.submit(generate("b"))
        await watcher.ends("b")
        assert not any(isinstance(event, Started) for event in watcher.of("a"))


async def test_a_rescan_that_dies_with_its_worker_is_answered_by_the_next() -> None:
    async with clockwork_process() as engine:
        watcher = Watcher(engine)
        await engine.submit(generate("a", "hang@1"))
        await watcher.until(at_step("a", 0))
        asked = asyncio.create_task(engine.rescan())
        await asyncio.sleep(0.05)
        assert not asked.done()
        kill(engine)
        assert [model.name for model in await asked] == ["clockwork"]


@pytest.mark.parametrize("order", ["exit@2", "abort@2"])
async def test_the_worker_that_ends_itself_loses_all_jobs(order: str) -> None:
    async with clockwork_process() as engine:
        watcher = Watcher(engine)
        await engine.submit(generate("a", order))
        await engine.submit(generate("b", steps=500))
        lost = (await watcher.ends("a", "b"))["a"]
        assert isinstance(lost, Lost)
        assert lost.jobs == ("a", "b")
        assert lost.exit_code == 5 if order == "exit@2" else lost.exit_code


async def test_prints_in_the_worker_corrupt_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "easel.worker")
    async with clockwork_process() as engine:
        watcher = Watcher(engine)
        await engine.submit(generate("a", "print cprint child"))
        assert isinstance((await watcher.ends("a"))["a"], Finished)
    assert "printed from C" in caplog.messages


async def test_a_worker_that_gives_no_sign_of_life_is_killed() -> None:
    async with clockwork_process(supervision=HASTY) as engine:
        watcher = Watcher(engine)
        pid = engine.pid
        await engine.submit(generate("a", "freeze@1"))
        lost = (await watcher.ends("a"))["a"]
        assert isinstance(lost, Lost)
        assert lost.reason == "The worker gave no sign of life for 1 seconds."
        assert lost.exit_code is not None
        assert is_gone(pid)
        await engine.submit(generate("b"))
        assert isinstance((await watcher.ends("b"))["b"], Finished)


async def test_heartbeats_keep_a_worker_alive_through_a_long_step() -> None:
    async with clockwork_process(supervision=HASTY) as engine:
        watcher = Watcher(engine)
        await engine.submit(generate("a", "hang@1"))
        await watcher.until(at_step("a", 0))
        await eventually(lambda: engine.heartbeat is not None and engine.heartbeat.turn_seconds > 2.5)
        assert not any(isinstance(event, Lost) for event in watcher.seen)


async def test_a_worker_stuck_in_one_step_is_killed() -> None:
    limits = Supervision(ready_seconds=60, turn_seconds=0.3, first_delay_seconds=0.01)
    async with clockwork_process(supervision=limits) as engine:
        watcher = Watcher(engine)
        await engine.submit(generate("a", "hang@1"))
        lost = (await watcher.ends("a"))["a"]
        assert isinstance(lost, Lost)
        assert "stuck in one step" in lost.reason


def large(job: str) -> Generate:
    return generate(job, images={generate(job).recipe.model: bytes(20_000_000)})


async def test_a_large_request_passes_without_blocking() -> None:
    async with clockwork_process() as engine:
        watcher = Watcher(engine)
        await engine.submit(large("a"))
        assert isinstance((await watcher.ends("a"))["a"], Finished)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot stop a process for a while")
async def test_a_submit_waits_for_a_worker_that_does_not_read() -> None:
    async with clockwork_process() as engine:
        watcher = Watcher(engine)
        assert engine.pid is not None
        os.kill(engine.pid, signal.SIGSTOP)
        submitting = asyncio.create_task(engine.submit(large("a")))
        await asyncio.sleep(0.2)
        assert not submitting.done()
        os.kill(engine.pid, signal.SIGCONT)
        await submitting
        assert isinstance((await watcher.ends("a"))["a"], Finished)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot stop a process for a while")
async def test_a_submit_to_a_worker_that_dies_unread_is_lost_like_any_other() -> None:
    async with clockwork_process() as engine:
        watcher = Watcher(engine)
        assert engine.pid is not None
        os.kill(engine.pid, signal.SIGSTOP)
        submitting = asyncio.create_task(engine.submit(large("a")))
        await asyncio.sleep(0.2)
        kill(engine)
        await submitting
        assert isinstance((await watcher.ends("a"))["a"], Lost)


# Starts that fail -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("refuse", "The worker refused to start: There is no such device; use another."),
        ("crash", "The worker refused to start: RuntimeError: the driver is missing"),
        (
            "exit",
            "The worker left with exit code 7. Its last words were:\n    last words of a start that failed",
        ),
    ],
)
async def test_a_start_that_fails_says_why(folder: str, words: str) -> None:
    engine = clockwork_process(folder)
    with pytest.raises(EngineDead) as caught:
        await engine.start()
    assert caught.value.message.startswith("The engine could not start. ")
    assert words in caught.value.message
    assert is_gone(engine.pid)
    with pytest.raises(EngineDead):
        await engine.submit(generate("a"))


async def test_a_worker_that_is_never_ready_is_killed() -> None:
    engine = scripted_process("never_ready", Supervision(ready_seconds=0.5))
    with pytest.raises(EngineDead, match=r"The worker was not ready after 0.5 seconds"):
        await engine.start()
    assert is_gone(engine.pid)


async def test_a_command_that_is_not_there_says_so() -> None:
    engine = LocalProcess(settings(), ("no-such-program-anywhere",))
    with pytest.raises(EngineDead, match=r"The worker process cannot be started: .*no-such-program"):
        await engine.start()


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("talks_http", "The worker did not answer in frames: a frame cannot be"),
        ("half_a_ready", "The worker did not answer in frames: the stream ended after"),
        ("heartbeat_first", "The worker began with a wrong Heartbeat."),
        ("ready_of_another_launch", "The worker began with a wrong Ready."),
        ("ready_of_another_version", "The worker began with a wrong Ready."),
    ],
)
async def test_a_wrong_answer_to_hello_says_so(mode: str, words: str) -> None:
    engine = scripted_process(mode)
    with pytest.raises(EngineDead, match=re.escape(words)):
        await engine.start()
    assert is_gone(engine.pid)


async def test_a_start_that_is_cancelled_leaves_nothing_behind() -> None:
    engine = scripted_process("never_ready")
    starting = asyncio.create_task(engine.start())
    await eventually(lambda: engine.pid is not None)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert is_gone(engine.pid)


# Lies after Ready -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("garbage", "The worker sent what is no frame: not an event of this protocol"),
        ("oversized", "The worker sent what is no frame: a frame cannot be"),
        ("truncated", "The worker sent what is no frame: the stream ended after"),
        ("stuck", "The worker was stuck in one step for 1000000 seconds."),
    ],
)
async def test_broken_events_end_the_worker_and_lose_its_jobs(mode: str, words: str) -> None:
    async with scripted_process(mode) as engine:
        watcher = Watcher(engine)
        pid = engine.pid
        await engine.submit(generate("a"))
        lost = (await watcher.ends("a"))["a"]
        assert isinstance(lost, Lost)
        assert lost.reason.startswith(words)
        assert is_gone(pid)


async def test_events_of_other_launches_and_of_jobs_that_ended_are_dropped() -> None:
    async with scripted_process("other_launches") as engine:
        watcher = Watcher(engine)
        await engine.submit(generate("a"))
        await watcher.ends("a")
        kill(engine)
        await watcher.until(lambda event: isinstance(event, Lost))
        launch = watcher.seen[0].launch
        progress, finished, lost = watcher.seen
        assert isinstance(progress, Progress)
        assert (progress.step, progress.launch) == (1, launch)
        assert isinstance(finished, Finished)
        assert lost == Lost(launch=launch, jobs=(), reason=lost.reason, exit_code=lost.exit_code)  # type: ignore[union-attr]


async def test_a_child_that_keeps_the_log_open_does_not_hold_the_engine_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "easel.worker")
    async with scripted_process("orphan") as engine:
        watcher = Watcher(engine)
        await engine.submit(generate("a"))
        lost = (await watcher.ends("a"))["a"]
        assert isinstance(lost, Lost)
        assert lost.exit_code == 3
    [orphan] = [int(line.removeprefix("orphan=")) for line in caplog.messages if line.startswith("orphan=")]
    assert not is_gone(orphan)
    os.kill(orphan, SIGKILL)


async def test_any_log_is_passed_on_line_by_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "easel.worker")
    async with scripted_process("noisy") as engine:
        watcher = Watcher(engine)
        await engine.submit(generate("a"))
        await watcher.ends("a")
    lines = [(record.levelname, record.getMessage()) for record in caplog.records if record.name == "easel.worker"]
    assert max(len(text) for _, text in lines) == 1000
    assert [line for line in lines if not line[1].startswith("x")] == [
        ("INFO", "  1%"),
        ("INFO", " 50%"),
        ("INFO", "100%"),
        ("INFO", "broken \N{REPLACEMENT CHARACTER} text"),
        ("WARNING", "WARNING beware"),
        ("INFO", "no newline at the end"),
    ]


# Stops ----------------------------------------------------------------------------------------------------------


async def test_a_worker_that_does_not_leave_is_killed_at_the_stop() -> None:
    engine = scripted_process("deaf")
    await engine.start()
    await engine.stop(grace_seconds=0.1)
    assert is_gone(engine.pid)


async def test_a_worker_amid_a_long_step_leaves_at_the_stop() -> None:
    engine = clockwork_process()
    await engine.start()
    watcher = Watcher(engine)
    await engine.submit(generate("a", "hang@1"))
    await watcher.until(at_step("a", 0))
    await engine.stop()
    assert is_gone(engine.pid)
    assert isinstance((await watcher.ends("a"))["a"], Lost)


async def test_a_stop_while_waiting_to_restart_ends_at_once() -> None:
    slow = Supervision(ready_seconds=60, first_delay_seconds=600)
    engine = clockwork_process(supervision=slow)
    await engine.start()
    watcher = Watcher(engine)
    kill(engine)
    await watcher.until(lambda event: isinstance(event, Lost))
    waiting = asyncio.create_task(engine.submit(generate("a")))
    await asyncio.sleep(0)
    await engine.stop()
    with pytest.raises(EngineDead, match="The engine was stopped"):
        await waiting


@pytest.mark.skipif(sys.platform == "win32", reason="a killed parent is simulated with POSIX means")
async def test_the_worker_leaves_when_the_bot_is_killed() -> None:
    """The bot is a process here: SIGKILL gives it no chance to say goodbye."""
    program = (
        "import asyncio, sys\n"
        "from tests.bot.engines.engines import clockwork_process\n"
        "from tests.sample_requests import generate\n"
        "async def main():\n"
        "    engine = clockwork_process()\n"
        "    await engine.start()\n"
        "    await engine.submit(generate('a', 'hang@1'))\n"
        "    print(engine.pid, flush=True)\n"
        "    await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    bot = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    assert bot.stdout is not None
    worker = int(await bot.stdout.readline())
    assert not is_gone(worker)
    bot.kill()
    await bot.wait()
    await eventually(lambda: is_gone(worker))


def test_the_worker_starts_in_any_folder_whatever_lies_there(tmp_path: Path) -> None:
    (tmp_path / "msgspec.py").write_text("raise SystemExit('this is somebody else\\'s file')")
    command = LocalProcess(settings())._command
    result = subprocess.run(command, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
    assert (result.returncode, result.stdout) == (0, b"")
    assert command[0] == sys.executable


async def test_a_question_whose_launch_dies_is_answered_at_once() -> None:
    async with clockwork_process() as engine:
        with pytest.raises(EngineDead, match="The worker left with exit code 5"):
            await engine.tokenize(MODEL.hash, ["exit"], timeout_seconds=50)
        # It is not asked again: it may be what the launch died of. The next one is.
        answer = await engine.tokenize(MODEL.hash, ["a fox"], timeout_seconds=50)
        assert len(answer.chunks) == 1


async def test_a_question_that_waits_for_too_long_is_given_up_and_forgotten() -> None:
    async with clockwork_process() as engine:
        with pytest.raises(TimeoutError):
            await engine.tokenize(MODEL.hash, ["hang"], timeout_seconds=0.2)
        watcher = Watcher(engine)
        kill(engine)
        await watcher.until(lambda event: isinstance(event, Ready))
        assert (await engine.tokenize(MODEL.hash, ["fox"], timeout_seconds=50)).chunks


async def test_a_question_in_flight_at_the_stop_is_answered() -> None:
    engine = clockwork_process()
    await engine.start()
    question = asyncio.create_task(engine.tokenize(MODEL.hash, ["hang"], timeout_seconds=50))
    await asyncio.sleep(0)
    await engine.stop(0)
    with pytest.raises(EngineDead, match="was stopped"):
        await question


async def test_a_worker_that_only_looks_at_pictures() -> None:
    async with LocalProcess(settings(), EXAMINER_COMMAND) as engine:
        found = await engine.examine(turned(), timeout_seconds=50)
        assert (found.width, found.height, found.problem) == (32, 48, None)
        assert await engine.rescan() == ()
        assert "no models" in str((await engine.tokenize(MODEL.hash, ["fox"], timeout_seconds=50)).problem)
        watcher = Watcher(engine)
        await engine.submit(generate("a"))
        end = (await watcher.ends("a"))["a"]
        assert isinstance(end, Failed)
        assert end.kind == "model"


async def test_a_picture_that_waits_for_too_long_is_given_up() -> None:
    async with clockwork_process() as engine:
        busy = asyncio.create_task(engine.tokenize(MODEL.hash, ["hang"], timeout_seconds=50))
        await asyncio.sleep(0)
        with pytest.raises(TimeoutError):
            await engine.examine(turned(), timeout_seconds=0.2)
        kill(engine)
        with pytest.raises(EngineDead, match=r"killed|left"):
            await busy
        assert (await engine.examine(turned(), timeout_seconds=50)).width == 32
