"""The worker as a real process, spoken to in frames."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress

import msgspec
import pytest

from inference.protocol import PROTOCOL_VERSION, codec
from inference.protocol.messages import (
    TERMINAL_EVENTS,
    Cancel,
    Cancelled,
    Command,
    Event,
    Failed,
    Finished,
    Heartbeat,
    Hello,
    JobId,
    LaunchId,
    Progress,
    Ready,
    Refused,
    Shutdown,
    Started,
)
from inference.worker.talk import ExitCode
from tests.sample_requests import MODEL_HASH, generate, settings

LAUNCH = LaunchId("launch-1")


class Worker:
    """A worker process, and the parent's end of its pipes."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.clockwork_worker"]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe)
        assert self.process.stdin
        assert self.process.stdout
        assert self.process.stderr
        self.stdin, self.stdout, self.stderr = self.process.stdin, self.process.stdout, self.process.stderr

    def send(self, command: Command) -> None:
        self.send_bytes(codec.encode(command))

    def send_bytes(self, data: bytes) -> None:
        self.stdin.write(data)
        self.stdin.flush()

    def next(self) -> Event | None:
        body = codec.read_body(self.stdout)
        return None if body is None else codec.decode_event(body)

    def until(self, wanted: Callable[[Event], bool]) -> list[Event]:
        seen: list[Event] = []
        while (event := self.next()) is not None:
            seen.append(event)
            if wanted(event):
                return seen
        raise AssertionError(f"the worker left after {seen}: {self.stderr.read().decode()}")

    def hello(self, folder: str = "") -> Event | None:
        self.send(Hello(launch=LAUNCH, settings=settings(folder)))
        return self.next()

    def leaves_with(self) -> tuple[int, str]:
        """Return the exit code and everything on stderr, once the process has ended by itself."""
        code = self.process.wait(timeout=60)
        return code, self.stderr.read().decode()


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.process.kill()
    worker.process.wait()
    worker.stdout.close()
    worker.stderr.close()
    with suppress(BrokenPipeError):
        worker.stdin.close()


def ended(event: Event) -> bool:
    return isinstance(event, TERMINAL_EVENTS)


def test_hello_is_answered_by_ready(worker: Worker) -> None:
    ready = worker.hello()
    assert isinstance(ready, Ready)
    assert ready.launch == LAUNCH
    assert ready.protocol == PROTOCOL_VERSION
    assert [model.name for model in ready.models] == ["clockwork"]


def test_prints_from_python_c_and_children_reach_stderr_and_no_frame(worker: Worker) -> None:
    worker.hello()
    worker.send(generate("a", "print cprint child"))
    assert isinstance(worker.until(ended)[-1], Finished)
    worker.send(Shutdown())
    code, words = worker.leaves_with()
    assert code == ExitCode.DONE
    for printed in ("greeting on stdout", "past sys.stdout", "printed from C", "printed by a child"):
        assert printed in words


def test_another_protocol_version_is_refused_with_words(worker: Worker) -> None:
    worker.send(Hello(launch=LAUNCH, settings=settings(), protocol=PROTOCOL_VERSION + 1))
    refused = worker.next()
    assert isinstance(refused, Refused)
    assert f"protocol {PROTOCOL_VERSION + 1}" in refused.reason
    assert worker.leaves_with()[0] == ExitCode.REFUSED


def test_a_hello_of_another_shape_and_version_is_refused_with_words(worker: Worker) -> None:
    body = msgspec.msgpack.encode({"type": "hello", "launch": "x", "protocol": 99, "options": [1]})
    worker.send_bytes(len(body).to_bytes(4, "big") + body)
    refused = worker.next()
    assert isinstance(refused, Refused)
    assert (refused.launch, "protocol 99" in refused.reason) == ("x", True)


@pytest.mark.parametrize("folder", ["refuse", "crash"])
def test_a_start_that_fails_is_refused_with_words(worker: Worker, folder: str) -> None:
    refused = worker.hello(folder)
    assert isinstance(refused, Refused)
    expected = {
        "refuse": "There is no such device; use another.",
        "crash": "RuntimeError: the driver is missing",
    }
    assert refused.reason == expected[folder]
    assert worker.leaves_with()[0] == ExitCode.REFUSED


def test_a_first_frame_other_than_hello_is_refused(worker: Worker) -> None:
    worker.send(Cancel(job=JobId("a")))
    refused = worker.next()
    assert isinstance(refused, Refused)
    assert "must be Hello, not Cancel" in refused.reason


def test_heartbeats_go_on_amid_a_long_step_and_name_what_is_held(worker: Worker) -> None:
    worker.hello()
    worker.send(generate("a", "hang@2"))
    worker.until(lambda event: isinstance(event, Progress))
    worker.send(generate("b"))
    seen = worker.until(lambda event: isinstance(event, Heartbeat) and event.jobs == ("a", "b"))
    later = worker.until(lambda event: isinstance(event, Heartbeat) and event.turn_seconds > 0.2)
    assert all(isinstance(event, Heartbeat) for event in seen + later)


def test_an_idle_heartbeat_holds_nothing_and_no_turn_is_under_way(worker: Worker) -> None:
    worker.hello()
    worker.send(generate("a"))
    worker.until(ended)
    worker.until(lambda event: event == Heartbeat(launch=LAUNCH, jobs=(), resident_models=(MODEL_HASH,)))


def test_shutdown_leaves_at_once_even_amid_a_long_step(worker: Worker) -> None:
    worker.hello()
    worker.send(generate("a", "hang@1"))
    worker.until(lambda event: isinstance(event, Started))
    worker.send(Shutdown())
    code, words = worker.leaves_with()
    assert code == ExitCode.DONE
    assert "leaving amid a step with jobs=a" in words


@pytest.mark.parametrize("prompt", ["a red circle", "hang@1"])
def test_the_worker_leaves_when_its_parent_has_gone(worker: Worker, prompt: str) -> None:
    worker.hello()
    worker.send(generate("a", prompt, steps=100))
    worker.until(lambda event: isinstance(event, Started))
    worker.stdin.close()
    assert worker.leaves_with()[0] == ExitCode.DONE


def test_the_worker_leaves_when_its_parent_goes_before_hello(worker: Worker) -> None:
    worker.stdin.close()
    assert worker.leaves_with()[0] == ExitCode.DONE


def test_the_worker_leaves_when_its_parent_goes_during_a_long_start(worker: Worker) -> None:
    worker.send(Hello(launch=LAUNCH, settings=settings("hang")))
    worker.stdin.close()
    assert worker.leaves_with()[0] == ExitCode.DONE


def test_the_worker_leaves_when_nobody_takes_its_events(worker: Worker) -> None:
    worker.hello()
    worker.stdout.close()
    code, words = worker.leaves_with()
    assert code == ExitCode.BROKEN_EVENTS
    assert "the parent takes no events" in words


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\xff\xff\xff\xff", id="oversized"),
        pytest.param(b"\x00\x00\x00\x00", id="empty"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="another protocol"),
        pytest.param(b"\x00\x00\x00\x02\xc1\xc1", id="garbage in a frame"),
        pytest.param(codec.encode(Shutdown())[:-1], id="truncated"),
        pytest.param(b"\x00\x00", id="truncated header"),
        pytest.param(codec.encode(Hello(launch=LAUNCH, settings=settings())), id="a second hello"),
    ],
)
def test_broken_commands_end_the_worker_with_words(worker: Worker, data: bytes) -> None:
    worker.hello()
    worker.send_bytes(data)
    worker.stdin.close()
    code, words = worker.leaves_with()
    assert code in (ExitCode.BROKEN_COMMANDS, ExitCode.BROKEN_ENGINE)
    assert "CRITICAL" in words


def test_a_request_that_cannot_be_read_fails_alone(worker: Worker) -> None:
    worker.hello()
    body = msgspec.msgpack.decode(codec.encode(generate("bad"))[4:])
    body["recipe"]["sampler"] = "of tomorrow"
    raw = msgspec.msgpack.encode(body)
    worker.send_bytes(len(raw).to_bytes(4, "big") + raw)
    worker.send(generate("good"))
    failed, finished = (
        worker.until(ended)[-1],
        worker.until(ended)[-1],
    )
    assert isinstance(failed, Failed)
    assert (failed.job, failed.kind) == ("bad", "invalid")
    assert "sampler is of tomorrow, but must be one of" in failed.message
    assert isinstance(finished, Finished)
    assert finished.job == "good"


def test_words_that_are_no_unicode_still_end_the_job(worker: Worker) -> None:
    worker.hello()
    worker.send(generate("a", "unsendable@1"))
    failed = worker.until(ended)[-1]
    assert isinstance(failed, Failed)
    assert failed.message == "a file named ?"


def test_a_defect_with_one_job_fails_that_job_and_the_traceback_names_it(worker: Worker) -> None:
    worker.hello()
    worker.send(generate("a", "raise@2"))
    failed = worker.until(ended)[-1]
    assert isinstance(failed, Failed)
    assert (failed.job, failed.kind) == ("a", "internal")
    worker.send(generate("b"))
    assert isinstance(worker.until(ended)[-1], Finished)
    worker.send(Shutdown())
    words = worker.leaves_with()[1]
    assert "job=a" in words
    assert "ZeroDivisionError" in words
    assert f"launch={LAUNCH}" in words


def test_a_defect_while_taking_a_command_fails_that_job_alone(worker: Worker) -> None:
    worker.hello()
    worker.send(generate("a", "slow", steps=10))
    worker.send(generate("b", "raise@0"))
    ends = [worker.until(ended)[-1], worker.until(ended)[-1]]
    assert [(type(event), event.job) for event in ends] == [(Failed, "b"), (Finished, "a")]  # type: ignore[union-attr]


def test_a_defect_with_several_jobs_ends_the_process(worker: Worker) -> None:
    worker.hello()
    worker.send(generate("a", "slow raise@8", steps=10))
    worker.send(generate("b", steps=200))
    code, words = worker.leaves_with()
    assert code == ExitCode.BROKEN_ENGINE
    assert "the engine broke down with jobs=a,b" in words


def test_cancel_ends_a_job_once(worker: Worker) -> None:
    worker.hello()
    worker.send(generate("a", "slow", steps=500))
    worker.until(lambda event: isinstance(event, Progress))
    worker.send(Cancel(job=JobId("a")))
    worker.send(Cancel(job=JobId("a")))
    worker.until(lambda event: isinstance(event, Cancelled))
    worker.send(generate("b"))
    seen = worker.until(ended)
    assert isinstance(seen[-1], Finished)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal that one process can send another gently")
def test_ctrl_c_is_left_to_the_parent(worker: Worker) -> None:
    worker.hello()
    worker.send(generate("a", "slow", steps=3))
    worker.until(lambda event: isinstance(event, Started))
    worker.process.send_signal(signal.SIGINT)
    assert isinstance(worker.until(ended)[-1], Finished)


def test_prompts_stay_out_of_the_log(worker: Worker) -> None:
    worker.hello()
    worker.send(generate("a", "raise@2 confidential"))
    worker.until(ended)
    worker.send(generate("b", "fail@1 confidential"))
    worker.until(ended)
    worker.send(Shutdown())
    assert "confidential" not in worker.leaves_with()[1]


def test_the_light_part_of_the_worker_needs_no_torch() -> None:
    """The pipes are taken over before anything heavy is imported, which may print."""
    program = "import sys; from inference.worker import entry; print('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout == "False\n"


@pytest.mark.skipif(sys.platform == "win32", reason="the child's stdout is inherited by other means")
def test_children_of_the_worker_do_not_keep_its_pipes_open(worker: Worker) -> None:
    worker.hello()
    worker.send(generate("a", "orphan@1"))
    worker.until(ended)
    orphan = int(worker.stderr.readline().removeprefix(b"orphan="))
    try:
        worker.send(Shutdown())
        while worker.next() is not None:
            pass
        assert worker.process.wait(timeout=60) == ExitCode.DONE
        os.kill(orphan, 0)
    finally:
        os.kill(orphan, signal.SIGKILL)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_full_disk_leaves_the_folder_for_temporary_files_its_name() -> None:
    """Libraries ask for it when they are imported, and a worker that cannot import them cannot start."""
    code = (
        "import resource, tempfile\n"
        "from inference.worker import entry\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))\n"
        "try:\n    tempfile.gettempdir()\nexcept FileNotFoundError:\n    print('none')\n"
        "entry._name_temporary_folder()\n"
        "print(tempfile.gettempdir())\n"
    )
    for folder, expected in (("/somewhere", "/somewhere"), ("", "/tmp")):
        environment = {key: value for key, value in os.environ.items() if key not in ("TMPDIR", "TEMP", "TMP")}
        environment |= {"TMPDIR": folder} if folder else {}
        command = [sys.executable, "-c", code]
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert ran.stdout.split() == ["none", expected], ran.stderr
