"""The container engine that the tests were given, and what a reader's machine has of it.

`EASEL_ENGINE` is the engine's address. The documents' commands are typed there as they are: containers, volumes and
images of Easel's names are made and removed. `.ci/engine` starts one that is for nothing else.
"""

import os
import re
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from filelock import FileLock

from tests.docs.discord import Discord

if TYPE_CHECKING:
    from tests.docs.machine import Machine

ADDRESS = os.environ.get("EASEL_ENGINE", "")
#: A Debian in which nothing was installed yet.
FRESH = "docker run --rm debian:bookworm-slim"
#: Where torch comes without what only GPUs need.
_CPU = "https://download.pytorch.org/whl/cpu"
#: A name that stands for one that nobody can know before.
_A_BACKUP = re.compile(r"easel-\d{8}-\d{6}\.tar")


def lacks() -> str:
    """Return why commands of Docker cannot be typed; nothing, if they can."""
    return "" if ADDRESS else "EASEL_ENGINE names no container engine"


def lacks_podman() -> str:
    """Return why commands of Podman cannot be typed; nothing, if they can."""
    return lacks() or ("" if shutil.which("podman") else "there is no Podman")


def lacks_root() -> str:
    """Return why folders cannot be given to somebody else for a container; nothing, if they can."""
    return lacks() or ("" if os.geteuid() == 0 else "only root may give a folder away")


def in_a_fresh_debian(text: str) -> str:
    """Return the command that installs packages in a new Debian, where yes is said to all, and asks whether it did."""
    program = (
        'sudo() { "$@"; }; echo \'APT::Get::Assume-Yes "true";\' > /etc/apt/apt.conf.d/yes; apt-get -qq update;'
        f" {text} && dpkg --status {text.partition(' install ')[2]}"
    )
    return f"{FRESH} sh -ec {shlex.quote(program)}"


class Containers:
    """What a reader has running in containers, and keeps in volumes. One at a time: all have the same names."""

    def __init__(self, machine: "Machine") -> None:
        self._machine = machine
        self._lock = FileLock(Path(tempfile.gettempdir()) / "easel-engine.lock", mode=0o666)
        self._lock.acquire()
        self._clear()
        self._says = machine.clone.parent / "reader.yaml"
        #: Pictures that a backup has.
        self.kept = 0

    def close(self) -> None:
        """Leave nothing."""
        self._clear()
        self._lock.release()

    def _clear(self) -> None:
        for program in ("docker", *(() if lacks_podman() else ("podman",))):
            found = self.ask(f"{program} ps --all --quiet --filter name=easel").split()
            kept = self.ask(f"{program} volume ls --quiet --filter name=easel").split()
            joined = self.ask(f"{program} network ls --quiet --filter name=easel").split()
            for words, names in (("rm --force --volumes", found), ("volume rm", kept), ("network rm", joined)):
                if names:
                    self.ask(" ".join([program, words, *names]))

    def ask(self, text: str | list[str]) -> str:
        """Ask the engine something, in the reader's clone, and return what it says. Raises AssertionError."""
        ran = self._run(text)
        assert ran.returncode == 0, f"{text!r} ended with {ran.returncode}:\n{ran.stdout}{ran.stderr}"
        return ran.stdout

    def agrees(self, text: str) -> bool:
        """Return whether a command ends with 0."""
        return self._run(text).returncode == 0

    def _run(self, text: str | list[str]) -> subprocess.CompletedProcess[str]:
        folder, environment = self._machine.clone, os.environ | {"DOCKER_HOST": ADDRESS}
        words = text.split() if isinstance(text, str) else text
        return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)

    # What a document leaves open -----------------------------------------------------------------------------------

    def said(self, text: str) -> str:
        """Return a command with the newest backup where the document shows an example."""
        if not _A_BACKUP.search(text):
            return text
        there = self.ask("docker compose run --rm --no-TTY --entrypoint ls easel /backups").split()
        return _A_BACKUP.sub(max(there), text)

    def lay_out(self, text: str) -> None:
        """Have what a command takes for granted: settings, a bot that runs, or none, and files to be shown."""
        self._settle(text)
        if " image ls " in text and not self.agrees("docker image inspect easel"):
            self.build()
        if text.startswith("podman"):
            # It is another way to the same: one bot with one token.
            self.ask("docker compose down")
        elif not lacks_podman():
            self.ask("podman rm --force --ignore easel")
        if " exec " in text and not self.ask("docker compose ps --quiet easel"):
            self.ask("docker compose up -d")
            Discord.until(lambda: "ready as" in self.ask("docker compose logs easel"))
        for folder, within in re.findall(r"-v (~/\S+?):(/\w+)", text):
            own = Path(folder.replace("~", str(self._machine.home), 1))
            own.mkdir(exist_ok=True)
            for name in re.findall(rf"{within}/(\S+\.safetensors)", text):
                shutil.copyfile(self._machine.tiny_file("sd1"), own / name)

    def _settle(self, text: str) -> None:
        """Write into `.env` what the document asks for on a machine without a GPU, and where Discord is."""
        file = self._machine.clone / ".env"
        if not file.exists():
            return
        words = file.read_text("utf-8")
        if "\nDISCORD_TOKEN=\n" in words:
            discord = self._machine.discord
            self._says.write_text(self._own(), "utf-8")
            words = words.replace("\nDISCORD_TOKEN=\n", f"\nDISCORD_TOKEN={discord.token}\n")
            words = re.sub(r"^#(COMPOSE_PATH_SEPARATOR=.*)$", r"\1", words, flags=re.MULTILINE)
            words = re.sub(r"^#(COMPOSE_FILE=.*)$", rf"\1:{self._says}", words, flags=re.MULTILINE)
            words += "".join(f"{name}={value}\n" for name, value in discord.settings.items())
        if (found := re.search(r"chown \S+ \S+ (\S+/models)$", text)) is not None:
            Path(found[1]).mkdir(parents=True)
            words += f"MODELS_AT={found[1]}\n"
        file.write_text(words, "utf-8")

    def _own(self) -> str:
        """Return what compose is told of this machine: its Discord and its hub are on the loopback."""
        own = {"network_mode": "host", "environment": {"HF_ENDPOINT": self._machine.hub, "OMP_NUM_THREADS": "1"}}
        port = str(self._machine.free_port())
        return yaml.safe_dump({"services": {"easel": own, "play": {"command": ["play", "--port", port]}}})

    def build(self) -> None:
        """Have the image of the reader's clone, without what only GPUs need."""
        self.ask(f"docker build --quiet --tag easel --build-arg TORCH={_CPU} .")

    # What goes on --------------------------------------------------------------------------------------------------

    @property
    def pictures(self) -> int:
        """Return how many pictures the bot has."""
        found = re.search(r"^pictures: (\d+)", self.ask("docker compose exec easel easel admin status"), re.MULTILINE)
        assert found is not None
        return int(found[1])

    @property
    def health(self) -> str:
        """Return what the check of health says."""
        return self.ask("docker compose ps easel --format {{.Health}}").strip()
