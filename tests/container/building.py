"""Building the image without an engine: each stage is a folder, in which its instructions are really carried out.

Absolute paths of the image lead into the stage's folder. What would be fetched is there already: the virtual
environment sees the packages of the tests' own, but for Easel and pip, and pip asks no index.
"""

import os
import re
import shutil
import site
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from tests.container.dockerfile import ROOT, Dockerfile, Instruction, Stage, default_of, expand

#: Where an absolute path begins in a command, and its first name.
_PATH = re.compile(r"(?<![\w/.$:}*-])/([a-z]+)\b")
#: Paths of the image lead into the stage's folder wherever a command names them; those of the system stay.
_PLACES = {"backups", "data", "etc", "installer", "models", "opt", "own", "source", "studio", "tmp"}
_SYSTEM = {"dev", "usr", "var"}
#: What the virtual environment may not see of the tests' own packages.
_HIDDEN = re.compile(r"(?i)easel[-.]|__editable__|pip\b|.*\.pth$")
_PIP_ALONE = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "false", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


@dataclass
class Built:
    """A stage: its folder, and what its instructions have set."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: str = "0:0"

    @property
    def variables(self) -> dict[str, str]:
        """Return what instructions and commands see."""
        return self.arguments | self.environment

    def at(self, path: str) -> Path:
        """Return where a path of the image lies here."""
        return self.folder / str(PurePosixPath(self.workdir, path)).lstrip("/")

    def mapped(self, text: str) -> str:
        """Return a text in which the image's paths lead here. Raises ValueError for one that nobody knows."""
        return _PATH.sub(self._mapped, text)

    def _mapped(self, match: re.Match[str]) -> str:
        if match[1] in _SYSTEM:
            return match[0]
        if match[1] not in _PLACES:
            raise ValueError(f"{match[0]} would be this machine's own: is it the image's, or the system's?")
        return f"{self.folder}{match[0]}"


class Building:
    """Carries out a Dockerfile in a folder."""

    def __init__(self, dockerfile: Dockerfile, folder: Path, chosen: Mapping[str, str], python: str) -> None:
        self._dockerfile = dockerfile
        self._folder = folder
        self._chosen = chosen
        self._python = python
        self._stages: dict[str, Built] = {}

    def build(self) -> Built:
        """Carry out every stage, and return the last. Raises CalledProcessError for a command that fails."""
        self._make_tools()
        for number, stage in enumerate(self._dockerfile.stages):
            built = self._begin(stage, self._folder / (stage.name or f"stage-{number}"))
            for instruction in stage.instructions:
                self._carry_out(instruction, built)
            self._stages[stage.name] = built
        return built

    def _begin(self, stage: Stage, folder: Path) -> Built:
        before = self._stages.get(stage.base)
        if before is None:
            return _base_image(folder)
        self._copy(before, before.folder, folder, folder)
        return Built(folder, dict(before.environment), {}, before.workdir, before.user)

    def _carry_out(self, instruction: Instruction, built: Built) -> None:
        text = expand(instruction.text, built.variables)
        match instruction.name:
            case "ARG":
                ((name, default),) = default_of(instruction).items()
                built.arguments[name] = self._chosen.get(name, default)
            case "ENV":
                pairs = instruction.pairs.items()
                built.environment |= {name: expand(value, built.variables) for name, value in pairs}
            case "WORKDIR":
                built.workdir = text
                built.at(".").mkdir(parents=True, exist_ok=True)
            case "USER":
                built.user = text
            case "COPY":
                *sources, target = text.split()
                self._copy_in(sources, target, instruction.flags.get("from"), built)
            case "RUN":
                self._run(instruction.text, built)

    def _run(self, text: str, built: Built) -> None:
        self._show_packages(built)
        path = f"{self._folder / 'tools'}:{os.defpath}"
        environment = os.environ | _PIP_ALONE | built.variables | {"PATH": path}
        command = ["sh", "-c", built.mapped(text)]
        subprocess.run(command, cwd=built.at("."), env=environment, check=True, timeout=170)

    def _copy_in(self, sources: list[str], target: str, stage: str | None, built: Built) -> None:
        for source in sources:
            goal = built.at(target)
            if stage is not None:
                origin = self._stages[stage]
                self._copy(origin, origin.at(source), built.folder, goal)
            elif (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, goal, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
            else:
                shutil.copy2(ROOT / source, goal / source if target.endswith("/") else goal)

    def _copy(self, origin: Built, source: Path, root: Path, target: Path) -> None:
        """Copy a folder from one stage into another, where its paths lead into that."""
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
        written = [*target.rglob("bin/*"), *target.rglob("pyvenv.cfg")]
        for file in (each for each in written if each.is_file() and not each.is_symlink()):
            content = file.read_bytes()
            if (before := os.fsencode(f"{origin.folder}/")) in content:
                file.write_bytes(content.replace(before, os.fsencode(f"{root}/")))

    def _make_tools(self) -> None:
        """Put the Python first on the path. A wrapper: a link would make it look for its library beside the link."""
        tool = self._folder / "tools" / "python3"
        tool.parent.mkdir()
        tool.write_text(f'#!/bin/sh\nexec {self._python} "$@"\n')
        tool.chmod(0o755)

    def _show_packages(self, built: Built) -> None:
        """Let the virtual environment, once it is there, see the packages of the tests' own."""
        shown = self._folder / "packages"
        if not shown.exists():
            shown.mkdir()
            for package in (each for place in site.getsitepackages() for each in Path(place).iterdir()):
                if not _HIDDEN.match(package.name):
                    (shown / package.name).symlink_to(package)
        for packages in built.folder.glob("opt/easel/lib/python*/site-packages"):
            (packages / "shown.pth").write_text(f"{shown}\n")


def _base_image(folder: Path) -> Built:
    """Make what every image of Debian or Ubuntu has, as far as ours needs it."""
    for name in ("etc/ssl/certs", "tmp"):
        (folder / name).mkdir(parents=True)
    (folder / "tmp").chmod(0o1777)
    (folder / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/bash\n")
    (folder / "etc/group").write_text("root:x:0:\n")
    (folder / "etc/ssl/certs/ca-certificates.crt").touch()
    return Built(folder, {"PATH": os.defpath})


def python_for(user: int) -> str | None:
    """Return a Python like this one that the user may run with these packages; None where there is none."""
    program = "import ensurepip, sys; sys.path += sys.argv[1:]; import msgspec; print(sys.version_info[:2])"
    for python in (os.path.realpath(sys._base_executable), "/usr/bin/python3"):  # type: ignore[attr-defined]
        words = [python, "-c", program, *site.getsitepackages()]
        try:
            ran = subprocess.run(words, capture_output=True, text=True, check=False, cwd="/", **as_user(user, user))
        except OSError:
            continue
        if ran.stdout.strip() == str(sys.version_info[:2]):
            return python
    return None


def as_user(user: int, group: int) -> dict[str, Any]:
    """Return how a process is started as another user; as oneself, nothing has to be said."""
    return {} if user == os.getuid() else {"user": user, "group": group, "extra_groups": []}
