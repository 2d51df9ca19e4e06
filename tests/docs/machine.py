"""A reader's machine: a home, a copy of this checkout, what people have at hand, a Discord and a hub on loopback."""

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.tiny_models import Kind
from inference import __version__
from inference.models.tokenizers import HUB_ID
from inference.sample import MODEL_FOLDER
from tests.docs import engine, hosts, props, releases
from tests.docs.discord import Discord
from tests.docs.documents import copy_to
from tests.docs.shell import Running, Shell
from tests.hub import serving

#: What would make a reader's machine another one.
_FOREIGN = re.compile(r"EASEL_|DISCORD_|HF_|PIP_|PYTHON|VIRTUAL_ENV|XDG_|MAKE|MFLAGS|COVERAGE_")
_SITE_PACKAGES = sysconfig.get_paths()["purelib"]


#: How a command ends after Ctrl-C, where that is not with 0: make waits for what it has started, and then ends as
#: Ctrl-C ends a program; curl ends so at once, and Docker says so by its exit code.
_WELL = {"make": (0, 2, -signal.SIGINT), "curl": (0, 2, -signal.SIGINT), "docker": (0, 130)}


class Machine:
    """Where the commands of one document are typed."""

    def __init__(
        self, folder: Path, hub: str, tiny_file: Callable[[Kind], Path], tiny_folder: Callable[[Kind], Path]
    ) -> None:
        self.home = folder / "home"
        self.clone = self.home / "easel"
        self.tiny_file, self.tiny_folder = tiny_file, tiny_folder
        #: Where all of it lies, and what it is cloned from.
        self.folder = folder
        self.hub = hub
        #: Of Easel, as it lies in the clone.
        self.version = __version__
        self._ports: dict[str, str] = {}
        self._stays: list[Running] = []
        #: Its /tmp; the names of sockets in there may not be long.
        self.tmp = Path()
        self._discord: Discord | None = None
        self._containers: engine.Containers | None = None
        self.shell: Shell
        self.logs = folder / "logs"
        for each in (self.home, self.logs, folder / "bin"):
            each.mkdir(parents=True)

    # What is there before ------------------------------------------------------------------------------------------

    @property
    def data(self) -> Path:
        """Return the folder where a bot keeps what it has, when nobody says otherwise."""
        return self.home / ".local" / "share" / "easel"

    @property
    def opened(self) -> str:
        """Return the address that was opened in the browser, if one was."""
        file = self.folder / "opened"
        return file.read_text("utf-8").strip() if file.exists() else ""

    def make_environment(self) -> None:
        """Leave the environment .venv as `make` leaves it, in less time."""
        venv = self.clone / ".venv"
        command = [sys.executable, "-m", "venv", "--without-pip", str(venv)]
        subprocess.run(command, check=True, cwd=self.folder)
        self._program(venv / "bin" / "easel", f'exec "{venv}/bin/python" -m bot "$@"')
        self._program(venv / "bin" / "pip", f'exec "{venv}/bin/python" -m pip "$@"')
        (venv / ".runtime").touch()
        (venv / ".dev").touch()
        site = next(venv.glob("lib/python*/site-packages"))
        (site / "easel.pth").write_text(f"{self.clone}\n", "utf-8")

    @contextmanager
    def terminal(self, *, with_easel: bool, windows: bool) -> Iterator[None]:
        """Open a terminal in the clone; end whatever goes on in it afterwards.

        `with_easel` is a reader who has made the environment, and has it at hand.
        """
        copy_to(self.clone)
        if with_easel:
            self.make_environment()
        if windows:
            # There an environment has its programs under another name.
            (self.clone / ".venv").mkdir(exist_ok=True)
            (self.clone / ".venv" / "Scripts").symlink_to("bin")
        with tempfile.TemporaryDirectory(prefix="easel-", ignore_cleanup_errors=True) as folder:
            self.tmp = Path(folder)
            yield from self._open(with_easel, windows)

    def _open(self, with_easel: bool, windows: bool) -> Iterator[None]:
        try:
            with Shell(self.clone, self._environment(with_easel, windows), self.logs) as self.shell:
                yield
        finally:
            for running in self._stays:
                running.kill()
            if self._containers is not None:
                self._containers.close()
            if self._discord is not None:
                self._discord.close()

    @staticmethod
    def free_port() -> int:
        """Return a port of the loopback that nobody listens at."""
        with socket.socket() as made:
            made.bind(("127.0.0.1", 0))
            return int(made.getsockname()[1])

    def _environment(self, with_easel: bool, windows: bool) -> dict[str, str]:
        own = self.folder / "bin"
        base = getattr(sys, "_base_executable", sys.executable)
        self._program(own / ("python" if windows else "python3"), f'exec "{base}" "$@"')
        self._program(own / "browser", f'echo "$1" > "{self.folder}/opened"')
        # Whoever may do anything has no need of it, and often none.
        self._program(own / "sudo", 'exec "$@"')
        old = [each for each in os.environ["PATH"].split(os.pathsep) if each != str(Path(sys.executable).parent)]
        first = [str(self.clone / ".venv" / "bin")] if with_easel else []
        return {name: value for name, value in os.environ.items() if not _FOREIGN.match(name)} | {
            "HOME": str(self.home),
            "TMPDIR": str(self.tmp),
            "PATH": os.pathsep.join([*first, str(own), *old]),
            "BROWSER": f"{own}/browser %s",
            "OMP_NUM_THREADS": "1",
            "EASEL_THREADS": "1",
            # What pip would fetch is here already: an environment that is made sees the packages of this one.
            "PYTHONPATH": _SITE_PACKAGES,
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_NO_BUILD_ISOLATION": "0",
            "PIP_FIND_LINKS": str(props.wheels(self.folder / "wheels")),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "HF_ENDPOINT": self.hub,
            "HF_HUB_DISABLE_XET": "1",
            "DOCKER_HOST": engine.ADDRESS,
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }

    @staticmethod
    def _program(path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n", "utf-8")
        path.chmod(0o755)

    # What a document leaves open -----------------------------------------------------------------------------------

    def said(self, text: str) -> str:
        """Return a command with this machine's own where the document shows an example: ports, a token, folders."""
        for port in re.findall(r"(?:127\.0\.0\.1:|--port |_PORT=)(\d{4,5})\b", text):
            self._ports.setdefault(port, str(self.free_port()))
        for port, own in self._ports.items():
            text = re.sub(rf"\b{port}\b", own, text)
        if "TOKEN=…" in text or "TOKEN = …" in text:
            text = text.replace("…", self.discord.token)
        text = text.replace("https://example.org", self.hub)
        if is_contained(text):
            text = self.containers.said(text)
        return re.sub(r"(?<![\w.])/(srv|tmp|mnt)/", lambda found: f"{self._outside(found[1])}/", text)

    def _outside(self, name: str) -> Path:
        place = self.tmp if name == "tmp" else self.folder / name
        place.mkdir(exist_ok=True)
        return place

    def lay_out(self, text: str) -> None:
        """Make what a command takes for granted: pictures and files of its names, and models that it asks for."""
        if text == "git pull":
            releases.publish_newer(self)
        elif "make check" in text:
            # pip finds these packages here already, and so it makes no programs of them.
            for name in ("ruff", "mypy", "lint-imports"):
                own = self.clone / ".venv" / "bin" / name
                self._program(own, f'exec "{Path(sys.executable).parent / name}" "$@"')
        elif re.match(r"git (diff|tag|push) ", text):
            releases.prepare(self, text)
        if hosts.are_meant(text):
            hosts.lay_out(self, text)
            return
        if is_contained(text):
            self.containers.lay_out(text)
            return
        words = shlex.split(text)
        folder = self.shell.folder
        for word in (word.rpartition("=@")[2] for word in words):
            path = folder / Path(word.replace("~", str(self.home), 1) if word.startswith("~") else word)
            if not path.exists() and "://" not in word:
                props.make(self, text, path)
        props.install_models(self, words)

    # What goes on --------------------------------------------------------------------------------------------------

    @property
    def containers(self) -> engine.Containers:
        """Return what runs in containers, from the first command that is about them."""
        if self._containers is None:
            self._containers = engine.Containers(self)
        return self._containers

    @property
    def discord(self) -> Discord:
        """Return the Discord that `easel run` finds, started when first asked for."""
        if self._discord is None:
            self._discord = Discord(self.logs)
            for name, value in self._discord.settings.items():
                assert self.shell.run(f"export {name}='{value}'").code == 0
        return self._discord

    def knows(self, discord: Discord) -> None:
        """Take a Discord that a document has started in place of one of its own."""
        self._discord = discord

    def start(self, text: str) -> Running:
        """Start what goes on until Ctrl-C."""
        running = self.shell.start(text)
        self._stays.append(running)
        return running

    def have_a_bot(self) -> None:
        """Have a bot on line, where nothing goes on yet: it is asked for what it does meanwhile."""
        if not self._stays:
            (self.shell.folder / ".env").write_text(f"DISCORD_TOKEN={self.discord.token}\n", "utf-8")
            running = self.start("easel run")
            self.discord.until(lambda: "ready as" in running.said)
            self.discord.await_bot()

    def stop_everything(self) -> None:
        """Press Ctrl-C wherever something goes on, the newest first; it ends, and says that all is well."""
        while self._stays:
            running = self._stays.pop()
            code = running.interrupt()
            program = next(word for word in running.text.split() if "=" not in word)
            well = _WELL.get(program, (0,))
            assert code in well, f"{running.text!r} ended with {code} after Ctrl-C:\n{running.said}"
            assert "Traceback" not in running.said, running.said


def is_contained(text: str) -> bool:
    """Return whether a command is about containers."""
    return re.match(r"(docker|podman) |sudo chown ", text) is not None and not text.startswith(engine.FRESH)


@contextmanager
def a_hub(tiny_file: Callable[[Kind], Path], tiny_folder: Callable[[Kind], Path]) -> Iterator[str]:
    """Serve what documents fetch: tiny models in place of large ones."""

    def within(folder: Path) -> dict[str, bytes]:
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    vocabulary = {name: (MODEL_FOLDER / "tokenizer" / name).read_bytes() for name in ("vocab.json", "merges.txt")}
    repositories = {
        "owner/name": within(tiny_folder("sd1")),
        "timbrooks/instruct-pix2pix": within(tiny_folder("sd1_instruct")),
        HUB_ID: vocabulary,
    }
    with serving({"/m.safetensors": tiny_file("sd2").read_bytes()}, repositories) as address:
        yield address
