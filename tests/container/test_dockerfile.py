"""What the Dockerfile says, held against the tree that it is built from."""

import re
import subprocess
import tomllib

import pytest

from bot.settings import Settings
from tests.container import dockerfile, ignoring
from tests.container.dockerfile import ROOT, Stage

DOCKERFILE = dockerfile.read()
IGNORED = ignoring.read(ROOT / ".dockerignore")


def tracked() -> list[str]:
    """Return the files that belong to the project, those that are new among them."""
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [name for name in listed if (ROOT / name).is_file()]


def copied(stage: Stage) -> list[str]:
    """Return what a stage copies from the tree."""
    sources = [copy.words[:-1] for copy in stage.all("COPY") if "from" not in copy.flags]
    return [name for names in sources for name in names]


COPIED = [name for stage in DOCKERFILE.stages for name in copied(stage)]


@pytest.mark.parametrize("source", COPIED)
def test_what_is_copied_is_there_and_not_ignored(source: str) -> None:
    assert (ROOT / source).exists()
    files = [name for name in tracked() if name == source or name.startswith(f"{source}/")]
    assert files
    assert not [name for name in files if ignoring.is_ignored(name, IGNORED)]


def test_everything_that_is_installed_is_copied() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    packages = {pattern.rstrip("*") for pattern in project["tool"]["setuptools"]["packages"]["find"]["include"]}
    assert packages | {project["project"]["readme"], *project["project"]["license-files"]} <= set(COPIED)


def test_nothing_else_comes_along() -> None:
    """Neither secrets nor caches nor what would make every build a new one."""
    sent = {name.split("/")[0] for name in tracked() if not ignoring.is_ignored(name, IGNORED)}
    assert sent == set(COPIED)
    for name in (
        ".env",
        ".git/config",
        ".venv/bin/python",
        "bot/__pycache__/app.cpython-311.pyc",
        "data/easel.sqlite3",
    ):
        assert ignoring.is_ignored(name, IGNORED), name


def test_the_code_is_copied_after_the_libraries_were_installed() -> None:
    """A change of the code installs no library again: the stage of libraries sees none of it."""
    libraries = next(stage for stage in DOCKERFILE.stages if stage.name == "libraries")
    assert copied(libraries) == ["pyproject.toml", "constraints.txt"]


def test_every_stage_has_the_python_of_the_same_base() -> None:
    names = [stage.name for stage in DOCKERFILE.stages]
    assert DOCKERFILE.stages[0].base == DOCKERFILE.arguments["BASE"]
    assert all(stage.base in names for stage in DOCKERFILE.stages[1:])


def test_every_install_keeps_to_the_constraints_or_to_nothing_but_itself() -> None:
    commands = [run.text for stage in DOCKERFILE.stages for run in stage.all("RUN")]
    installs = [part for text in commands for part in re.split("&&|;", text) if " install --no-compile" in part]
    assert len(installs) == 3
    for part in installs:
        assert "-c constraints.txt" in part or "--no-deps" in part


def test_the_last_stage_builds_nothing() -> None:
    words = " ".join(run.text for run in DOCKERFILE.final.all("RUN"))
    assert not re.search(r"\b(apt-get|pip|python\d?|gcc)\b", words)
    assert {copy.flags["from"] for copy in DOCKERFILE.final.all("COPY")} == {"libraries", "code"}


def test_who_runs_it_is_nobody_special() -> None:
    (user,) = DOCKERFILE.final.all("USER")
    defaults = {
        name: value for each in DOCKERFILE.final.all("ARG") for name, value in dockerfile.default_of(each).items()
    }
    assert dockerfile.expand(user.text, defaults) == "10001:10001"


def test_its_variables_are_settings() -> None:
    environment = {name: value for each in DOCKERFILE.final.all("ENV") for name, value in each.pairs.items()}
    ours = {name.removeprefix("EASEL_").lower() for name in environment if name.startswith("EASEL_")}
    assert ours
    assert ours <= set(Settings.model_fields)
    (volumes,) = DOCKERFILE.final.all("VOLUME")
    assert {environment["EASEL_DATA_FOLDER"], environment["EASEL_MODELS_FOLDER"]} == set(volumes.words)
