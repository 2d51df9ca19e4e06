"""What a command must have left, once it came to its end with exit code 0."""

import json
import re
import shlex
import tarfile
from pathlib import Path

from PIL import Image

from inference import __version__
from tests.docs.machine import Machine
from tests.docs.shell import Ran


def pictures(_machine: Machine, ran: Ran) -> None:
    """Hold that every line of output is the path of a picture, as many as were asked for."""
    words = shlex.split(ran.text)
    count = int(words[words.index("--count") + 1]) if "--count" in words else 1
    assert len(ran.lines) == count, ran
    for line in ran.lines:
        with Image.open(ran.folder / line) as image:
            image.load()


def demo(machine: Machine, _ran: Ran) -> None:
    """Hold that `make demo` made the environment, and painted the seven pictures that it speaks of."""
    assert len(list((machine.clone / "demo").glob("*.png"))) == 7
    assert (machine.clone / ".venv" / "bin" / "easel").exists()


def targets(machine: Machine, ran: Ran) -> None:
    """Hold that `make help` names every target that people may want."""
    wanted = re.findall(r"^(\w+):.*## ", (machine.clone / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert re.findall(r"make (\w+)\t", ran.out) == wanted
    assert len(wanted) > 8


def settings(_machine: Machine, ran: Ran) -> None:
    """Hold that a picture's settings were printed."""
    assert "Steps: " in ran.out


def schedule(_machine: Machine, ran: Ran) -> None:
    """Hold that a prompt's schedule was printed."""
    assert ran.out.startswith("Steps 1 to "), ran


def model(_machine: Machine, ran: Ran) -> None:
    """Hold that a model is installed."""
    assert re.search(r" is installed (already )?as [\w.-]+: ", ran.out), ran


def models(machine: Machine, ran: Ran) -> None:
    """Hold that the sample model is listed, and whatever was installed."""
    installed = [path.name for path in (machine.data / "models").glob("*.json")]
    assert re.search(r"\bsample +checkpoint", ran.out), ran
    assert len(ran.lines) >= 2 + len(installed)


def described(_machine: Machine, ran: Ran) -> None:
    """Hold that a model's family and file are told."""
    assert re.search(r"^family: ", ran.out, re.MULTILINE), ran
    assert re.search(r"^path: ", ran.out, re.MULTILINE), ran


def removed_model(_machine: Machine, ran: Ran) -> None:
    """Hold that a model is gone."""
    assert "is removed" in ran.out


def vocabulary(machine: Machine, _ran: Ran) -> None:
    """Hold that CLIP's vocabulary is where single files find it."""
    assert (machine.data / "models" / "tokenizers" / "clip" / "vocab.json").exists()


def adapter(_machine: Machine, ran: Ran) -> None:
    """Hold that each file was taken in."""
    assert ran.lines, ran
    assert "refused" not in ran.out + ran.err, ran


def adapters(_machine: Machine, ran: Ran) -> None:
    """Hold that those that were added are listed."""
    assert "ink" in ran.out, ran


def removed_adapter(machine: Machine, ran: Ran) -> None:
    """Hold that it is not listed any more."""
    name = ran.text.split()[-1]
    assert not re.search(rf"^\W*{name}\b", machine.shell.run("easel adapters list").out, re.MULTILINE)


def findings(_machine: Machine, ran: Ran) -> None:
    """Hold that this machine is described."""
    for part in ("system", "packages", "device", "models", "disk"):
        assert f"{part}:" in ran.out, ran


def version(_machine: Machine, ran: Ran) -> None:
    """Hold that this version is named."""
    assert ran.out.startswith(f"easel {__version__}"), ran


def reply(_machine: Machine, ran: Ran) -> None:
    """Hold that the control API did what it was asked."""
    told = json.loads(ran.out or "{}")
    assert not (isinstance(told, dict) and "error" in told), ran


def backup(machine: Machine, ran: Ran) -> None:
    """Hold that a file was written that holds the database."""
    words = shlex.split(ran.text)
    folder = ran.folder / words[words.index("--to") + 1] if "--to" in words else machine.data / "backups"
    newest = max(folder.glob("easel-*.tar"), key=lambda path: path.stat().st_mtime)
    with tarfile.open(newest) as archive:
        assert any("sqlite" in name for name in archive.getnames())


def restored(machine: Machine, ran: Ran) -> None:
    """Hold that the database is where it was to go."""
    words = shlex.split(ran.text)
    folder = Path(words[words.index("--to") + 1]) if "--to" in words else machine.data
    assert (ran.folder / folder / "easel.sqlite3").exists()


def environment(_machine: Machine, ran: Ran) -> None:
    """Hold that there is an environment with a Python of its own."""
    assert (ran.folder / ran.text.split()[-1] / "bin" / "python").exists()


def installed(machine: Machine, ran: Ran) -> None:
    """Hold that everything was found, and that Easel can be called from the environment where it was asked for."""
    assert "ERROR" not in ran.err, ran
    if re.search(r" (-e|--editable) ", ran.text):
        assert (machine.clone / ".venv" / "bin" / "easel").exists()


def dotenv(machine: Machine, ran: Ran) -> None:
    """Hold that the file has the token."""
    assert (ran.folder / ".env").read_text("utf-8").strip() == f"DISCORD_TOKEN={machine.discord.token}"


def example(machine: Machine, ran: Ran) -> None:
    """Hold that the settings can be read as they are, by a command that reads them."""
    assert (ran.folder / ".env").read_bytes() == (machine.clone / ".env.example").read_bytes()
    assert machine.shell.run("easel adapters list").code == 0


def only_mine(_machine: Machine, ran: Ran) -> None:
    """Hold that nobody else can read the file."""
    assert (ran.folder / ran.text.split()[-1]).stat().st_mode & 0o077 == 0


def plot(machine: Machine, _ran: Ran) -> None:
    """Hold that the curve was drawn."""
    with Image.open(machine.clone / "docs" / "images" / "queue.png") as image:
        image.load()


def memory(machine: Machine, ran: Ran) -> None:
    """Hold that each line of the document's table was printed."""
    text = (machine.clone / "docs" / "choosing-models.md").read_text("utf-8")
    rows = [line for line in ran.lines if line.startswith("|")]
    assert rows, ran
    assert all(row in text for row in rows), ran


def nothing_more(_machine: Machine, _ran: Ran) -> None:
    """Be content with the exit code: the command sets or asks something and leaves nothing."""
