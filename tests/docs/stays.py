"""How a command that goes on until Ctrl-C is seen to be ready."""

import json
import re
import urllib.request
from typing import Any

from tests.docs.discord import Discord
from tests.docs.machine import Machine
from tests.docs.shell import Running


def bot(machine: Machine, _running: Running) -> None:
    """Wait for the bot to come on line, and have it paint a picture."""
    machine.discord.await_bot()
    machine.discord.await_picture()


def play(machine: Machine, running: Running) -> None:
    """Wait for the bot and its playground, look at the page, and have a picture painted."""
    said = _until(running, r"Open (http://127\.0\.0\.1:\d+)/ in a browser")
    url = said[1]
    places = {"control": f"{url}/control", "url": url, "token": "", "api": "", "gateway": ""}
    discord = Discord(machine.logs, json.dumps(places))
    discord.await_bot()
    with urllib.request.urlopen(f"{url}/", timeout=60) as page:
        assert b"<title>" in page.read()
    if "make" in running.text or "--open" in running.text:
        discord.until(lambda: machine.opened)
        assert machine.opened == f"{url}/"
    discord.await_picture()


def playground(machine: Machine, running: Running) -> None:
    """Read where it is, let the bot go on line in it, and hold that those who were named are there."""
    said = _until(running, r"\{.*\}\n")
    discord = Discord(machine.logs, said[0])
    machine.knows(discord)
    people = {person["name"] for person in discord.ask("/people")}
    assert set(re.findall(r"--(?:person|admin) (\w+)", running.text)) <= people
    settings = " ".join(f"{name}='{value}'" for name, value in discord.settings.items())
    machine.start(f"{settings} DISCORD_TOKEN='{discord.token}' easel run")
    discord.await_bot()


def stream(_machine: Machine, running: Running) -> None:
    """Wait for the first event."""
    _until(running, r"event: hello")


def _until(running: Running, pattern: str) -> Any:
    found = Discord.until(lambda: re.search(pattern, running.said) or running.process.poll() is not None)
    assert isinstance(found, re.Match), f"{running.text!r} ended with {running.process.returncode}:\n{running.said}"
    return found
