"""Workers that misbehave: `python -m tests.bot.engines.scripted_worker MODE`."""

import os
import subprocess
import sys
import time

from inference.protocol import codec
from inference.protocol.messages import (
    DeviceInfo,
    Finished,
    Generate,
    Heartbeat,
    Hello,
    JobId,
    LaunchId,
    Progress,
    Ready,
    Timings,
)

DEVICE = DeviceInfo(kind="cpu", name="script", memory_bytes=0, dtype="float32", attention="none", versions={})
TIMINGS = Timings(total_seconds=0, loading_seconds=0, network_seconds=0, steps=0)


def say(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def next_command() -> object:
    body = codec.read_body(sys.stdin.buffer)
    return None if body is None else codec.decode_command(body)


def main(mode: str) -> None:
    hello = next_command()
    assert isinstance(hello, Hello)
    launch = hello.launch
    ready = codec.encode(Ready(launch=launch, device=DEVICE, models=()))
    heartbeat = Heartbeat(launch=launch, jobs=())
    first = {
        "never_ready": b"",
        "talks_http": b"HTTP/1.1 400 Bad Request\r\n\r\n",
        "heartbeat_first": codec.encode(heartbeat),
        "ready_of_another_launch": codec.encode(Ready(launch=LaunchId("old"), device=DEVICE, models=())),
        "ready_of_another_version": codec.encode(Ready(launch=launch, device=DEVICE, models=(), protocol=99)),
        "half_a_ready": ready[:-3],
    }
    say(first.get(mode, ready))
    if mode == "half_a_ready":
        return
    if mode in first:
        time.sleep(600)
    command = next_command()
    match mode:
        case "garbage":
            say(b"\x00\x00\x00\x02\xc1\xc1")
        case "oversized":
            say(b"\xff\xff\xff\xff and more")
        case "truncated":
            say(codec.encode(heartbeat)[:-1])
            os._exit(0)
        case "stuck":
            say(codec.encode(Heartbeat(launch=launch, jobs=(), turn_seconds=1e6)))
        case "noisy":
            os.write(
                2,
                b"x" * 300_000 + b"\n  1%\r 50%\r100%\nbroken \xff text\nWARNING beware\nno newline at the end",
            )
            os._exit(9)
        case "orphan":
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], stdout=subprocess.DEVNULL)
            os.write(2, b"orphan=%d\n" % child.pid)
            os._exit(3)
        case "other_launches":
            assert isinstance(command, Generate)
            for name in (LaunchId("old"), launch):
                for job in (JobId("unknown"), command.job):
                    if (name, job) != (launch, command.job):
                        say(codec.encode(Progress(launch=name, job=job, picture=0, step=9, steps=9)))
                        say(codec.encode(Finished(launch=name, job=job, pictures=(), timings=TIMINGS)))
            done = codec.encode(Finished(launch=launch, job=command.job, pictures=(), timings=TIMINGS))
            say(codec.encode(Progress(launch=launch, job=command.job, picture=0, step=1, steps=1)))
            say(done + done)
            say(codec.encode(Progress(launch=launch, job=command.job, picture=0, step=2, steps=2)))
    time.sleep(600)


if __name__ == "__main__":
    main(sys.argv[1])
