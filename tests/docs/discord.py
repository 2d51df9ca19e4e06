"""A playground as a process of its own, and what a person in it does with the bot."""

import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from tests.bot.stage import is_result, text_of
from tests.docs.documents import ROOT

PATIENCE_SECONDS = 120


class Discord:
    """Where a bot of the documents goes on line."""

    def __init__(self, logs: Path, line: str = "") -> None:
        self._process: subprocess.Popen[str] | None = None
        if not line:
            command = [sys.executable, "-m", "playground", "--person", "ann"]
            with (logs / "discord.log").open("w") as log:
                self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True)
            assert self._process.stdout is not None
            line = self._process.stdout.readline()
        self.places: dict[str, str] = json.loads(line)
        self.token = self.places["token"]

    @property
    def settings(self) -> dict[str, str]:
        """Return what a bot is told, to find this one in place of Discord."""
        places = self.places
        return {"EASEL_DISCORD_API": places["api"], "EASEL_DISCORD_GATEWAY": places["gateway"]}

    def close(self) -> None:
        """End it, if it was started here."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE_SECONDS)
            assert self._process.stdout is not None
            self._process.stdout.close()

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Ask the control API."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.places['control']}{path}", data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as reply:
            return json.load(reply)

    def await_bot(self) -> None:
        """Wait until the bot is on line and offers its commands."""
        self.until(lambda: self.ask("/state")["bot"]["connected"])
        self.until(lambda: self.ask("/people/ann/channels/general/commands"))

    def await_picture(self) -> None:
        """Ask the bot for a picture, and wait until it is there."""
        before = len(self.results())
        options = {"prompt": "a red circle on a blue background", "steps": 4}
        path = "/people/ann/channels/general/commands?until=settled&seconds=60"
        asked = self.ask(path, {"name": "imagine", "options": options})
        assert asked["acknowledged"], asked
        self.until(lambda: len(self.results()) > before)

    def said(self) -> str:
        """Return all words of the messages."""
        return "\n".join(map(text_of, self._messages()))

    def results(self) -> list[dict[str, Any]]:
        """Return the messages with pictures, oldest first."""
        return [each for each in self._messages() if is_result(each)]

    def _messages(self) -> list[dict[str, Any]]:
        return list(self.ask("/people/ann/channels/general/messages"))

    @staticmethod
    def until(condition: Any) -> Any:
        """Wait for something to be so."""
        for _ in range(PATIENCE_SECONDS * 5):
            if found := condition():
                return found
            time.sleep(0.2)
        raise AssertionError("it did not happen")
