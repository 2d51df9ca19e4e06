"""The repository that a reader's clone is of, and what is there when somebody updates or releases."""

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.docs.machine import Machine

_AUTHOR = {"user.name": "Easel", "user.email": "easel@example.org"}
#: A migration that the last release had not.
NEW_MIGRATION = "storage/migrations/9999_new.sql"


def publish_newer(machine: "Machine") -> None:
    """Make the clone one of a repository that has a newer version than it."""
    newer = machine.folder / "newer"
    origin = _publish(machine)
    _git(machine.folder, "clone", "--quiet", str(origin), str(newer))
    before, machine.version = machine.version, f"{machine.version}.1"
    file = newer / "inference" / "__init__.py"
    file.write_text(file.read_text("utf-8").replace(f'"{before}"', f'"{machine.version}"'), "utf-8")
    _git(newer, "commit", "--quiet", "--all", "--message", machine.version)
    _git(newer, "push", "--quiet")


def prepare(machine: "Machine", text: str) -> None:
    """Make the clone one of whoever releases, before they type a command: with the last release's tag, or a key."""
    _publish(machine)
    for name, value in _AUTHOR.items():
        _git(machine.clone, "config", name, value)
    if text.startswith("git tag "):
        _have_a_key(machine)
    else:
        _git(machine.clone, "tag", re.findall(r"v\d[\d.]+", text)[0])
    (machine.clone / NEW_MIGRATION).write_text("SELECT 1;\n", "utf-8")
    _git(machine.clone, "add", "--all")
    _git(machine.clone, "commit", "--quiet", "--message", "A migration")


def _publish(machine: "Machine") -> Path:
    """Return a repository of what is in the clone, from which the clone now was made."""
    clone, origin = machine.clone, machine.folder / "origin.git"
    _git(clone, "init", "--quiet", "--initial-branch", "main")
    _git(clone, "add", "--all")
    _git(clone, "commit", "--quiet", "--message", machine.version)
    _git(machine.folder, "clone", "--quiet", "--bare", str(clone), str(origin))
    _git(clone, "remote", "add", "origin", str(origin))
    _git(clone, "fetch", "--quiet")
    _git(clone, "branch", "--quiet", "--set-upstream-to", "origin/main")
    return origin


def _have_a_key(machine: "Machine") -> None:
    """Have git sign by a key of the reader's own, and know it again."""
    key, allowed = machine.home / "key", machine.home / "signers"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    allowed.write_text(f"{_AUTHOR['user.email']} {key.with_suffix('.pub').read_text('utf-8')}", "utf-8")
    chosen = {"gpg.format": "ssh", "user.signingkey": str(key), "gpg.ssh.allowedSignersFile": str(allowed)}
    for name, value in chosen.items():
        _git(machine.clone, "config", name, value)


def _git(folder: Path, *words: str) -> None:
    author = [word for name, value in _AUTHOR.items() for word in ("-c", f"{name}={value}")]
    subprocess.run(["git", *author, *words], cwd=folder, check=True, capture_output=True)
