"""Many files inspected as the inspecting process does it, each in a process of its own, in little time.

They are forked off one that has torch already, since importing it takes longer than all the rest.
"""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from inference.protocol.adapters import Verdict


@dataclass(frozen=True)
class Seen:
    """How inspecting a file ended."""

    #: None where the process said nothing that can be read.
    verdict: Verdict | None
    #: As `os.wait4` has it: 0 where all went well.
    status: int
    #: The most memory that the process had, with that of torch.
    memory_bytes: int


def inspect_each(pairs: Sequence[tuple[Path, Path]], seconds: float = 30) -> list[Seen]:
    """Inspect each source into its target; one that takes longer than so many seconds is killed."""
    command = [sys.executable, "-m", "tests.inspectors", str(seconds)]
    document = json.dumps([[str(source), str(target)] for source, target in pairs])
    root = Path(__file__).parent.parent
    ended = subprocess.run(command, input=document, capture_output=True, text=True, check=True, cwd=root)
    return [_seen(**one) for one in json.loads(ended.stdout)]


def _seen(said: str, status: int, memory: int) -> Seen:
    try:
        verdict = msgspec.json.decode(said, type=Verdict)
    except msgspec.MsgspecError:
        verdict = None
    return Seen(verdict, status, memory)


def _fork_each(pairs: list[list[str]], seconds: float) -> Iterator[dict[str, object]]:
    import torch

    from inference.adapters import inspect, inspection, unpickling  # noqa: F401

    torch.set_num_threads(1)
    for source, target in pairs:
        ends = time.monotonic() + seconds
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.dup2(writing, 1)
            os.close(reading)
            try:
                inspect.answer(Path(source), Path(target))
            except BaseException:
                os._exit(1)
            os._exit(0)
        os.close(writing)
        said = b""
        while select.select([reading], [], [], max(0, ends - time.monotonic()))[0]:
            if not (piece := os.read(reading, 65536)):
                break
            said += piece
        else:
            os.kill(child, signal.SIGKILL)
        os.close(reading)
        _, status, usage = os.wait4(child, 0)
        memory = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        yield {"said": said.decode(), "status": status, "memory": memory}


if __name__ == "__main__":
    json.dump(list(_fork_each(json.load(sys.stdin), float(sys.argv[1]))), sys.stdout)
