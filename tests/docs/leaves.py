"""What a command must have left, once it came to its end with exit code 0."""

import json
import re
import shlex
import tarfile
from pathlib import Path

from PIL import Image

from inference.adapters.modules import TABLES_FOLDER
from tests.docs import civitai
from tests.docs.documents import ROOT
from tests.docs.machine import Machine
from tests.docs.releases import NEW_MIGRATION
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


def measured(machine: Machine, ran: Ran) -> None:
    """Hold that every measurement that was asked for was taken."""
    source = (machine.clone / "benchmarks" / "__main__.py").read_text("utf-8")
    titles = dict(re.findall(r'^    "(\w+)": \("(.+)", _\w+\),$', source, re.MULTILINE))
    assert len(titles) > 10
    named = [title for name, title in titles.items() if re.search(rf"[ =]{name}\b", ran.text)]
    assert re.findall(r"^== (.+)$", ran.out, re.MULTILINE) == (named or list(titles.values()))


def checked(machine: Machine, ran: Ran) -> None:
    """Hold that tests, style, types and imports were found well."""
    tested(machine, ran)
    for word in ("All checks passed!", "files already formatted", "Success: no issues found", "Contracts: "):
        assert word in ran.out, f"{word!r} is missing in:\n{ran.out}"


def tested(_machine: Machine, ran: Ran) -> None:
    """Hold that tests were run, and that all went well."""
    assert re.search(r"\b[1-9]\d* passed", ran.out), ran
    assert not re.search(r"\b(failed|errors?)\b", ran.lines[-1]), ran


def kept(_machine: Machine, ran: Ran) -> None:
    """Hold that pictures of what the tests saw are in the folder that was asked for."""
    _readable(list((ran.folder / "build" / "seen").glob("*.png")))


def taken(machine: Machine, _ran: Ran) -> None:
    """Hold that pictures of the documents were taken anew, those that they show."""
    folder = Path("docs") / "images" / "commands"
    anew = [path for path in (machine.clone / folder).glob("*.png") if path.stat().st_mtime > _copied_at(machine)]
    _readable(anew)
    assert {path.name for path in anew} <= {path.name for path in (ROOT / folder).glob("*.png")}


def _copied_at(machine: Machine) -> float:
    """Return when the clone was made; its files are as old as the house's."""
    return (machine.clone / ".venv" / ".dev").stat().st_mtime


def _readable(pictures: list[Path]) -> None:
    assert pictures
    for path in pictures:
        with Image.open(path) as image:
            image.load()


def trained(_machine: Machine, ran: Ran) -> None:
    """Hold that the model lies where it says; what is typed next loads it."""
    found = re.search(r"^The model is in (\S+)\.$", ran.out, re.MULTILINE)
    assert found is not None, ran
    assert (ran.folder / found[1] / "model_index.json").exists()


def scored(_machine: Machine, ran: Ran) -> None:
    """Hold that a share of each attribute was printed."""
    shares = dict(re.findall(r"^(\w+) +([\d.]+)%  of \d+$", ran.out, re.MULTILINE))
    assert {"background", "colour", "shape", "all"} <= shares.keys(), ran
    assert all(0 <= float(share) <= 100 for share in shares.values())


def only_new(_machine: Machine, ran: Ran) -> None:
    """Hold that the new migration is shown, and nothing else: none was changed."""
    assert [line.split() for line in ran.lines] == [["A", NEW_MIGRATION]], ran


def signed(machine: Machine, ran: Ran) -> None:
    """Hold that the tag is there, and that its signature is by the key that the reader has."""
    verified = machine.shell.run(f"git verify-tag {shlex.split(ran.text)[3]}")
    assert verified.code == 0 and "Good" in verified.err, verified


def pushed(machine: Machine, ran: Ran) -> None:
    """Hold that the repository from which it was cloned has the tag now."""
    name = ran.text.split()[-1]
    assert machine.shell.run(f"git ls-remote --tags origin {name}").out.endswith(f"refs/tags/{name}\n")


def answered(machine: Machine, ran: Ran) -> None:
    """Hold that the bot that runs did what it was asked."""
    words = {
        "drain": "Nothing new is taken on",
        "resume": "taken on already",
        "refresh": "The bot knows: sample",
        "status": "discord: connected",
        "keep": "pictures would go: ",
    }
    verb = shlex.split(ran.text)[2]
    assert words[verb] in ran.out, ran
    if verb == "resume":
        assert machine.shell.run("easel admin drain").code == 0
        again = machine.shell.run(ran.text)
        assert "Taken on again." in again.out, again
    if verb == "drain":
        told = machine.shell.run("easel admin status").out
        assert f"members are told: {shlex.split(ran.text)[3]}" in told, told


def knows_codeformer(machine: Machine, ran: Ran) -> None:
    """Hold that a CodeFormer, as its authors write it, is a face restorer from then on."""
    written = "from tests.inference.vision.face_networks import write_codeformer as write; write('codeformer.pth')"
    assert machine.shell.run(f'python -c "{written}"').code == 0
    added = machine.shell.run("easel models add codeformer.pth")
    model(machine, added)
    assert "face restorer" in added.out, added


def tabulated(machine: Machine, _ran: Ran) -> None:
    """Hold that the tables are those that the repository has."""
    for table in TABLES_FOLDER.glob("*.json"):
        written = machine.clone / table.relative_to(ROOT)
        assert written.stat().st_mtime > table.stat().st_mtime, f"{table.name} was not written"
        assert written.read_bytes() == table.read_bytes(), f"{table.name} is another one"


def who_may(machine: Machine, ran: Ran) -> None:
    """Hold that the table is the admin guide's."""
    assert ran.out.strip() in (machine.clone / "docs" / "admin.md").read_text("utf-8")


def frozen(_machine: Machine, ran: Ran) -> None:
    """Hold that every package is named with its version."""
    assert re.search(r"^torch==", ran.out, re.MULTILINE), ran
    assert not re.search(r"^(-e|easel)", ran.out, re.MULTILINE), ran


def pulled(machine: Machine, ran: Ran) -> None:
    """Hold that the newer version is there."""
    assert machine.version in (ran.folder / "inference" / "__init__.py").read_text("utf-8")


def packages(_machine: Machine, ran: Ran) -> None:
    """Hold that the system has everything that was asked for."""
    wanted = re.search(r"apt install ([^&]+) &&", ran.text)
    assert wanted is not None
    assert ran.out.count("Status: install ok installed") == len(wanted[1].split()), ran


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


def linked(machine: Machine, ran: Ran) -> None:
    """Hold that the file behind the link was taken in."""
    adapter(machine, ran)
    assert civitai.NAME in machine.shell.run("easel adapters list").out


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


def version(machine: Machine, ran: Ran) -> None:
    """Hold that the version in the clone is named."""
    assert ran.out.startswith(f"easel {machine.version} "), ran


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
        version(machine, machine.shell.run(f"{machine.clone}/.venv/bin/easel --version"))


def dotenv(machine: Machine, ran: Ran) -> None:
    """Hold that the file has the token."""
    assert (ran.folder / ".env").read_text("utf-8").strip() == f"DISCORD_TOKEN={machine.discord.token}"


def example(machine: Machine, ran: Ran) -> None:
    """Hold that the settings can be read as they are, by a command that reads them."""
    copy = (ran.folder / ".env").read_text("utf-8")
    assert copy == (machine.clone / ".env.example").read_text("utf-8")
    # There somebody writes the token.
    assert copy.splitlines().count("DISCORD_TOKEN=") == 1
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
