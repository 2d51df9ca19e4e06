"""The image, built once for all tests of it, and what runs in it."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.container import dockerfile
from tests.container.building import Building, Built, as_user, python_for


@dataclass(frozen=True)
class Image:
    """The last stage, and whose processes run in it."""

    built: Built
    dockerfile: dockerfile.Dockerfile

    @property
    def environment(self) -> dict[str, str]:
        """Return what a container finds: what the image sets, and nothing of the machine's."""
        ours = {name: self.built.mapped(value) for name, value in self.built.environment.items()}
        return ours | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}

    def command(self, *words: str) -> dict[str, Any]:
        """Return how a command is started in it, as `docker run` would."""
        user, group = map(int, self.built.user.split(":"))
        (entry,) = self.dockerfile.final.all("ENTRYPOINT")
        program = shutil.which(entry.words[0], path=self.environment["PATH"])
        assert program is not None
        return {
            "args": [program, *entry.words[1:], *words],
            "cwd": self.built.at("."),
            "env": self.environment,
            "text": True,
            **as_user(user, group),
        }

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of Easel's to its end."""
        return subprocess.run(**self.command(*words), capture_output=True, check=False, timeout=150)

    def health(self) -> int:
        """Run the check of health as Docker does, and return its exit code."""
        (check,) = self.dockerfile.final.all("HEALTHCHECK")
        command = self.command() | {"args": ["/bin/sh", "-c", check.text.removeprefix("CMD ")]}
        return subprocess.run(**command, stderr=subprocess.DEVNULL, check=False, timeout=60).returncode


@pytest.fixture(scope="session")
def image() -> Iterator[Image]:
    """Build the image. Its folder is one that others may enter, as those of pytest are not."""
    folder = Path(tempfile.mkdtemp(prefix="easel-image-"))
    folder.chmod(0o755)
    try:
        read = dockerfile.read()
        wanted = int(dockerfile.default_of(read.final.all("ARG")[0])["USER_ID"])
        # Only root may start processes of somebody else, and some Pythons lie where nobody else may look.
        chosen, python = {}, python_for(wanted) if os.getuid() == 0 else None
        if python is None:
            chosen, python = {"USER_ID": str(os.getuid()), "GROUP_ID": str(os.getgid())}, python_for(os.getuid())
        assert python is not None, "no Python with ensurepip"
        yield Image(Building(read, folder, chosen, python).build(), read)
    finally:
        shutil.rmtree(folder)
