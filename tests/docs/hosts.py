"""Other machines than the reader's, as containers: a server with systemd, and two that ssh leads between."""

import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.docs.discord import Discord
from tests.docs.documents import ROOT, document
from tests.docs.shell import Ran, Running

if TYPE_CHECKING:
    from tests.docs.engine import Containers
    from tests.docs.machine import Machine

_IMAGE = "easel-host"
_SERVER, _HERE, _THERE = "easel-server", "easel-here", "easel-there"
_NETWORK = "easel-between"
#: Where the server's Discord says where it is.
_PLACES = "/run/discord.json"
#: Enough for systemd to be what starts first; its containers see nothing of each other's processes.
_AS_A_MACHINE = "--privileged --cgroupns private --tmpfs /run --tmpfs /run/lock"


def on_the_server(text: str) -> str:
    """Return what types a command on the server, in Easel's folder."""
    return shlex.join(["docker", "exec", _SERVER, "sh", "-c", text])


def in_a_terminal_here(text: str) -> str:
    """Return what types a command in a terminal of the machine from which ssh leads to the other."""
    return shlex.join(["docker", "exec", "--tty", _HERE, "sh", "-c", text])


def are_meant(text: str) -> bool:
    """Return whether a command is typed on one of these."""
    return text.startswith("docker exec ") and not {_SERVER, _HERE}.isdisjoint(shlex.split(text))


def lay_out(machine: "Machine", text: str) -> None:
    """Have the machines that a command is typed on, with what a reader has done there by then."""
    if machine.containers.ask(f"docker ps --quiet --filter name={_HERE} --filter name={_SERVER}"):
        return
    if _SERVER in text:
        have_server(machine)
    else:
        _have_here_and_there(machine, port=re.findall(r" -L (\d+):", text)[0])


def have_server(machine: "Machine") -> Discord:
    """Have the server, on which the operator's guide's files are written, and return its Discord."""
    containers = machine.containers
    _build(containers)
    # It has a Discord of its own, and shares the loopback of the tests' machine: they ask that Discord there.
    containers.ask(f"docker run --detach --name {_SERVER} --network host {_AS_A_MACHINE} {_IMAGE}")
    playground = f"exec .venv/bin/python -m playground --person ann > {_PLACES}"
    containers.ask(["docker", "exec", "--detach", _SERVER, "sh", "-c", playground])
    discord = _discord(machine)
    blocks = [block.text for block in document("docs/operator.md").blocks if block.language == "ini"]
    unit = next(text for text in blocks if "[Unit]" in text)
    settings = next(text for text in blocks if "DISCORD_TOKEN=" in text).replace("…", discord.token)
    found = "".join(f"{name}={value}\n" for name, value in discord.settings.items())
    for path, text in {"/etc/systemd/system/easel.service": unit, "/opt/easel/.env": settings + found}.items():
        file = machine.tmp / "written"
        file.write_text(text, "utf-8")
        containers.ask(f"docker cp {file} {_SERVER}:{path}")
    return discord


def _have_here_and_there(machine: "Machine", port: str) -> None:
    """Have a machine called MACHINE that `easel play` runs on, and another beside it."""
    containers = machine.containers
    _build(containers)
    containers.ask(f"docker network create {_NETWORK}")
    there = f"--name {_THERE} --network {_NETWORK} --network-alias MACHINE"
    containers.ask(f"docker run --detach {there} {_AS_A_MACHINE} {_IMAGE}")
    containers.ask(f"docker run --detach --name {_HERE} --network {_NETWORK} {_IMAGE} sleep infinity")
    Discord.until(lambda: containers.agrees(f"docker exec {_THERE} systemctl start ssh"))
    containers.ask(f"docker exec --detach {_THERE} .venv/bin/easel play --port {port}")


def _build(containers: "Containers") -> None:
    containers.build()
    containers.ask(f"docker build --quiet --tag {_IMAGE} --file {ROOT}/tests/docs/host/Dockerfile .")


def _discord(machine: "Machine") -> Discord:
    Discord.until(lambda: machine.containers.agrees(f"docker exec {_SERVER} test -s {_PLACES}"))
    return Discord(machine.logs, ask(machine, f"cat {_PLACES}"))


def ask(machine: "Machine", text: str) -> str:
    """Type a command on the server that must end well, and return what it says."""
    return machine.containers.ask(shlex.split(on_the_server(text))).strip()


@contextmanager
def worker_held(machine: "Machine") -> Iterator[None]:
    """Stop the server's worker for the length of the block: what is asked for there is not done before its end."""
    # The brackets keep the pattern from finding the processes that have it on their own command lines.
    worker = ask(machine, "grep -l 'inference[.]worker' /proc/[0-9]*/cmdline | cut -d / -f 3")
    ask(machine, f"kill -STOP {worker}")
    try:
        yield
    finally:
        # It may have been killed meanwhile.
        ask(machine, f"kill -CONT {worker} || true")


# What commands must leave --------------------------------------------------------------------------------------------


def account(machine: "Machine", _ran: Ran) -> None:
    """Hold that there is an account that nobody can log in to by a password."""
    assert re.fullmatch(r"easel:[!*]+:.*", ask(machine, "getent shadow easel"))


def owned(machine: "Machine", _ran: Ran) -> None:
    """Hold that the token's file is the account's."""
    assert ask(machine, "stat --format %U .env") == "easel"


def secret(machine: "Machine", _ran: Ran) -> None:
    """Hold that nobody but the account, and root, can read the token any more."""
    assert ask(machine, "stat --format %U:%a .env") == "easel:400"


def service(machine: "Machine", _ran: Ran) -> None:
    """Hold that it is on line, paints, writes where the guide says, as whom it says, and starts at every boot."""
    discord = _discord(machine)
    discord.await_bot()
    discord.await_picture()
    assert ask(machine, "systemctl is-enabled easel") == "enabled"
    assert ask(machine, "systemctl show --property MainPID,User easel").endswith("User=easel")
    kept = ask(machine, "find /var/lib/easel -name '*.sqlite3' -printf %u:%m")
    assert kept == "easel:600", kept


def log(_machine: "Machine", running: Running) -> None:
    """Wait for the line that says that the bot is on line."""
    Discord.until(lambda: "ready as" in running.said)


def tunnel(machine: "Machine", running: Running) -> None:
    """Wait for the other machine's page to be there on this one, with its bot on line."""
    address = re.findall(r"-L (\d+):", running.text)[0]

    def asked(path: str) -> str:
        command = f"docker exec {_HERE} curl --silent http://127.0.0.1:{address}{path}"
        return machine.containers.ask(command) if machine.containers.agrees(command) else ""

    Discord.until(lambda: '"connected": true' in asked("/control/state"))
    assert "<title>" in asked("/")
