"""How each command of the documents is run, and what it must leave; or who runs it, where a test cannot.

A command that no rule is for fails `test_commands.py`, and so does a rule that no document needs any more.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from tests.docs import containers, elsewhere, leaves, stays
from tests.docs.machine import Machine
from tests.docs.shell import Ran, Running


@dataclass(frozen=True)
class Runs:
    """Commands that are run to their end by `sh`; the exit code must be 0."""

    pattern: str
    leaves: Callable[[Machine, Ran], None]


@dataclass(frozen=True)
class Stays:
    """Commands that go on until Ctrl-C: started, seen to be ready, and left on for what follows."""

    pattern: str
    ready: Callable[[Machine, Running], None]


@dataclass(frozen=True)
class Elsewhere:
    """Commands that no test can type, and what is looked at in their place."""

    pattern: str
    #: Who runs it, or why nobody can.
    why: str
    check: Callable[[str], None]


Rule = Runs | Stays | Elsewhere

_EASEL = r"(?:[A-Z_]+=\S+ )*(?:\S*/)?easel"
_PYTHON = r"(?:\S*/)?python3?"

RULES: list[Rule] = [
    # The house.
    Runs(r"make demo", leaves.demo),
    Runs(r"make help", leaves.targets),
    Stays(r"make play", stays.play),
    Elsewhere(r"make (test|lint|types|contracts)", "CI runs it", elsewhere.is_run_by_ci),
    Elsewhere(r"make check", "is what CI runs, together", elsewhere.is_all_that_ci_runs),
    Runs(rf"{_EASEL} bench memory", leaves.memory),
    Elsewhere(r"make bench", "takes an hour", elsewhere.is_a_target),
    Elsewhere(rf"{_PYTHON} -m pytest", "`make test` is the same, and CI runs it", elsewhere.is_run_by_make_test),
    Elsewhere(
        r"(docker|podman) .*",
        "there is no engine; tests/container builds and runs what it can",
        containers.names_what_is_there,
    ),
    Elsewhere(r"sudo chown -R 10001:10001 .*", "needs the folder of a container", elsewhere.is_the_user_of_the_image),
    Elsewhere(r"git pull", "fetches what a release brings", elsewhere.is_typed_in_a_clone),
    Elsewhere(r"sudo apt install .*", "changes the system, and needs its network", elsewhere.are_packages_of_debian),
    # Painting.
    Runs(rf"{_EASEL} (imagine|edit|blend|vary|outpaint|upscale) .*", leaves.pictures),
    Runs(rf"{_EASEL} info .*", leaves.settings),
    Runs(rf"{_EASEL} prompt check [^|]*", leaves.schedule),
    # Models and adapters.
    Runs(rf"{_EASEL} models add .*", leaves.model),
    Runs(rf"{_EASEL} models list", leaves.models),
    Runs(rf"{_EASEL} models info \S+", leaves.described),
    Runs(rf"{_EASEL} models remove \S+", leaves.removed_model),
    Runs(rf"{_EASEL} models fetch-tokenizer", leaves.vocabulary),
    Elsewhere(
        rf"{_EASEL} adapters add https://civitai\.com/.*",
        "a link to the internet; links are tested with a Civitai on loopback",
        elsewhere.is_a_link_that_tests_follow,
    ),
    Runs(rf"{_EASEL} adapters add .*", leaves.adapter),
    Runs(rf"{_EASEL} adapters list", leaves.adapters),
    Runs(rf"{_EASEL} adapters remove \S+", leaves.removed_adapter),
    Runs(rf"{_EASEL} doctor", leaves.findings),
    Runs(rf"{_EASEL} --version", leaves.version),
    # The bot and the playground.
    Stays(rf"{_EASEL} run", stays.bot),
    Stays(rf"{_EASEL} play( .*)?", stays.play),
    Stays(rf"{_PYTHON} -m playground .*", stays.playground),
    Stays(r"curl -sN .*", stays.stream),
    Runs(r"curl .*", leaves.reply),
    Runs(rf"{_EASEL} admin backup.*", leaves.backup),
    Runs(rf"{_EASEL} admin restore .*", leaves.restored),
    # The shell's own.
    Runs(rf"{_PYTHON} -m venv .*", leaves.environment),
    Runs(rf"(?:{_PYTHON} -m )?(?:\S*/)?pip install .*", leaves.installed),
    Runs(r"echo .* > \.env", leaves.dotenv),
    Runs(r"cp \.env\.example \.env", leaves.example),
    Runs(r"chmod 600 \.env", leaves.only_mine),
    Runs(r"[A-Z]\w*=\S+", leaves.nothing_more),
    Runs(rf"{_PYTHON} -c '.*docs/images/queue\.png.*'", leaves.plot),
]


def rule_of(text: str) -> Rule | None:
    """Return the first rule that is for a command."""
    plain = " ".join(text.split())
    return next((rule for rule in RULES if re.fullmatch(rule.pattern, plain)), None)
