"""A reader's terminal: one `sh` that is given one command after the other, so that what `cd` and `export` do stays."""

import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

#: What no command takes that downloads and measures nothing, however slow the machine.
PATIENCE_SECONDS = 240


@dataclass(frozen=True)
class Ran:
    """A command that came to its end."""

    text: str
    code: int
    out: str
    err: str
    #: Where it was run.
    folder: Path

    @property
    def lines(self) -> list[str]:
        """Return what it wrote to standard output."""
        return self.out.splitlines()


class Running:
    """A command that goes on until Ctrl-C."""

    def __init__(self, text: str, folder: Path, environment: dict[str, str], log: Path) -> None:
        self.text = text
        self.folder = folder
        self.environment = environment
        self._log = log
        with log.open("wb") as file:
            # As in a terminal, Ctrl-C reaches the whole group. The shell steps aside: it would end before its command.
            self.process = subprocess.Popen(
                ["sh", "-c", re.sub(r"^((?:\w+=\S+ )*)", r"\1exec ", text)],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        """Return all that it wrote until now."""
        return self._log.read_text("utf-8", errors="replace")

    def interrupt(self) -> int:
        """Press Ctrl-C, wait for the end, and return the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        try:
            return self.process.wait(PATIENCE_SECONDS)
        finally:
            self.kill()

    def kill(self) -> None:
        """End whatever is left of it."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self.process.wait(PATIENCE_SECONDS)


class Shell:
    """The terminal, in a folder and with an environment."""

    def __init__(self, folder: Path, environment: dict[str, str], logs: Path) -> None:
        self._logs = logs
        self._number = 0
        # Commands write into files; its own output are the exit codes.
        self._process = subprocess.Popen(
            # With -a, what it was told of variables is known to commands that go on, as if they were typed in it.
            ["sh", "-a"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )

    def __enter__(self) -> "Shell":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(PATIENCE_SECONDS)
        self._process.stdin.close()
        self._process.stdout.close()

    @property
    def folder(self) -> Path:
        """Return where the terminal is."""
        return self._told()[0]

    def run(self, text: str, patience_seconds: float = PATIENCE_SECONDS) -> Ran:
        """Run a command to its end. Raises TimeoutError."""
        folder = self._told()[0]
        code, out, err = self._give(text, patience_seconds)
        return Ran(text, code, out, err, folder)

    def start(self, text: str) -> Running:
        """Start a command that goes on; the terminal's folder and what it exported are its own, too."""
        folder, environment = self._told()
        self._number += 1
        return Running(text, folder, environment, self._logs / f"{self._number}.log")

    def _told(self) -> tuple[Path, dict[str, str]]:
        program = "import json, os; print(json.dumps([os.getcwd(), dict(os.environ)]))"
        code, out, err = self._give(f"'{sys.executable}' -I -S -c '{program}'")
        assert code == 0, err
        folder, environment = json.loads(out)
        return Path(folder), environment

    def _give(self, text: str, patience_seconds: float = PATIENCE_SECONDS) -> tuple[int, str, str]:
        self._number += 1
        out, err = self._logs / f"{self._number}.out", self._logs / f"{self._number}.err"
        assert self._process.stdin is not None
        order = f"{{ {text}\n}} < /dev/null > '{out}' 2> '{err}'\necho $?\n"
        self._process.stdin.write(order.encode())
        self._process.stdin.flush()
        code = self._answer(text, patience_seconds)
        return code, out.read_text("utf-8", errors="replace"), err.read_text("utf-8", errors="replace")

    def _answer(self, text: str, patience_seconds: float) -> int:
        assert self._process.stdout is not None
        answers = self._process.stdout.fileno()
        deadline, answer = time.monotonic() + patience_seconds, b""
        while not answer.endswith(b"\n"):
            ready, _, _ = select.select([answers], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError(f"{text!r} did not end within {patience_seconds} seconds")
            piece = os.read(answers, 64)
            if not piece:
                raise ValueError(f"sh does not understand {text!r}")
            answer += piece
        return int(answer)
