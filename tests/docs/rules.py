"""How each command of the documents is run, and what it must leave; or who runs it, where a test cannot.

A command that no rule is for fails `test_commands.py`, and so does a rule that no document needs any more. What needs
more than every machine has, such as a container engine, is looked at wherever the tests run, and run where it is there.
"""

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.docs import civitai, contained, containers, elsewhere, engine, hosts, leaves, stays
from tests.docs.machine import Machine
from tests.docs.shell import PATIENCE_SECONDS, Ran, Running


def _nothing() -> str:
    return ""


def _anything(text: str) -> None:
    """Be content with what is typed."""


def _as_it_is(text: str) -> str:
    return text


def _by_the_python_that_is_there(text: str) -> str:
    return re.sub(r"PYTHON=\S+", "PYTHON=python3", text)


def _quickly(text: str) -> str:
    """Have the least of everything measured; a whole run takes an hour."""
    if not text.startswith("make"):
        # `make bench` measures everything, by the same program.
        return f"{text} --quick" if text != "easel bench" else "easel bench --quick queue"
    _, _, named = text.replace("--quick", "").replace('"', "").partition("BENCH=")
    return f"make bench BENCH={shlex.quote(f'--quick {named}'.strip())}"


def _for_a_moment(text: str) -> str:
    """Have a model learn what a moment teaches; a whole training takes hours."""
    return f"{text} --quick"


def _few_prompts(text: str) -> str:
    return f"{text} --prompts 8"


def _few_tests(text: str) -> str:
    """Have a few of the tests run; CI runs them all."""
    if "tests/page" in text:
        return f"{text}/test_story.py -k open_large"
    return f"PYTEST_ADDOPTS=tests/inference/prompt/test_attention.py {text}"


def _few_pictures(text: str) -> str:
    return f"{text} ONLY=styles"


@dataclass(frozen=True)
class Needs:
    """What a command needs that not every machine has, and what is looked at wherever the tests run."""

    #: Why this machine lacks it; nothing, where it is there.
    lacks: Callable[[], str] = _nothing
    look: Callable[[str], None] = _anything
    #: What is typed for it, where that is more than the document says.
    said: Callable[[str], str] = _as_it_is
    #: What it never takes, however slow the machine.
    patience_seconds: float = PATIENCE_SECONDS


@dataclass(frozen=True)
class Runs:
    """Commands that are run to their end by `sh`; the exit code must be 0."""

    pattern: str
    leaves: Callable[[Machine, Ran], None]
    needs: Needs = Needs()


@dataclass(frozen=True)
class Stays:
    """Commands that go on until Ctrl-C: started, seen to be ready, and left on for what follows."""

    pattern: str
    ready: Callable[[Machine, Running], None]
    needs: Needs = Needs()


@dataclass(frozen=True)
class Elsewhere:
    """Commands that no test types, and what is looked at in their place."""

    pattern: str
    #: Who runs it, or why nobody can.
    why: str
    look: Callable[[str], None] = _anything


Rule = Runs | Stays | Elsewhere

_NAMES = "adapters( add)?|admin( close)?|imagine( --like| --sampler)?|info|models( add( --link)?)?|vary"
_EASEL = r"(?:[A-Z_]+=\S+ )*(?:\S*/)?easel"
_PYTHON = r"(?:\S*/)?python3?"

_RUN = r"docker compose run --rm(?: -v \S+)? easel"
_EXEC = r"docker compose exec easel easel"

_QUICKLY = Needs(said=_quickly, patience_seconds=900)
_ENGINE = Needs(engine.lacks, containers.names_what_is_there, patience_seconds=900)
_PODMAN = replace(_ENGINE, lacks=engine.lacks_podman)
_FOLDER = replace(_ENGINE, lacks=engine.lacks_root, look=elsewhere.is_the_user_of_the_image)
_DEBIAN = replace(_ENGINE, look=elsewhere.are_packages_of_debian, said=engine.in_a_fresh_debian)
_SERVER = replace(_ENGINE, look=_anything, said=hosts.on_the_server)
_TUNNEL = replace(_SERVER, said=hosts.in_a_terminal_here)
_PAGE = Needs(elsewhere.lacks_chromium, said=_few_tests)
_ARCHITECTURES = Needs(
    elsewhere.lacks_architectures, elsewhere.is_what_networks_ask_for, elsewhere.with_what_was_fetched
)
_CIVITAI = Needs(
    civitai.can_have, elsewhere.is_a_link_that_tests_follow, lambda text: civitai.wrapped(civitai.said(text))
)

RULES: list[Rule] = [
    # The house.
    Runs(r"make demo", leaves.demo),
    Runs(r"make help", leaves.targets),
    Stays(r"(PIP_EXTRA_INDEX_URL=\S+ )?make play( PYTHON=\S+)?", stays.play, Needs(said=_by_the_python_that_is_there)),
    Elsewhere(r"make (test|lint|types|contracts)", "CI runs it", elsewhere.is_run_by_ci),
    Runs(r"make check", leaves.checked, Needs(look=elsewhere.is_all_that_ci_runs, said=_few_tests)),
    Runs(rf"{_EASEL} bench memory", leaves.memory),
    Runs(r"make pictures", leaves.taken, Needs(elsewhere.lacks_chromium, said=_few_pictures)),
    Elsewhere(r"\.ci/(run|engine)", "is CI, and what CI starts for itself"),
    Runs(rf"make bench( BENCH=.*)?|{_PYTHON} -m benchmarks \w+|{_EASEL} bench( \w+)?", leaves.measured, _QUICKLY),
    Runs(rf"EASEL_SCREENSHOTS=build/seen {_PYTHON} -m pytest tests/page", leaves.kept, _PAGE),
    Runs(rf"{_PYTHON} -m pytest", leaves.tested, Needs(said=_few_tests)),
    Runs(r"git pull", leaves.pulled),
    Runs(r"git diff --name-status v\S+ -- storage/migrations", leaves.only_new),
    Runs(r"git tag -s v\S+ -m .*", leaves.signed, Needs(elsewhere.lacks_keys)),
    Runs(r"git push origin v\S+", leaves.pushed),
    Runs(r"(sudo )?apt install .*", leaves.packages, _DEBIAN),
    Runs(rf"{_PYTHON} -m inference\.adapters\.tabulate", leaves.tabulated),
    Runs(rf"{_PYTHON} -c .*as_markdown.*", leaves.who_may),
    Elsewhere(rf"{_PYTHON} -m inference\.worker", "the bot starts it", elsewhere.is_a_module),
    Runs(rf"{_PYTHON} -m inference\.sample\.train .*", leaves.trained, Needs(said=_for_a_moment)),
    Runs(rf"{_PYTHON} -m inference\.sample\.score .*", leaves.scored, Needs(said=_few_prompts)),
    # Names of what is typed in full elsewhere in the documents. test_options.py holds Easel's against their parsers.
    Elsewhere(r"docker run", "is a name", elsewhere.is_begun_so_elsewhere),
    Elsewhere(rf"easel (?:{_NAMES})", "is a name"),
    Elsewhere(r"easel [^\"']*(?:\b[A-Z]{4,}\b|\[).*|[^\"']* ….*", "leaves something open"),
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
    Runs(rf"{_EASEL} adapters add https://civitai\.com/.*", leaves.linked, _CIVITAI),
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
    Runs(rf"{_EASEL} admin (drain .*|resume|keep .*|refresh|status)", leaves.answered),
    Runs(rf"{_EASEL} admin restore .*", leaves.restored),
    # Containers.
    Runs(r"docker compose up -d( --build)?", contained.up, _ENGINE),
    Runs(r"docker compose build --pull", contained.built, _ENGINE),
    Runs(r"docker compose down", contained.down, _ENGINE),
    Runs(r"docker volume rm \S+", contained.without_volume, _ENGINE),
    Runs(r"docker compose cp easel:/backups \.", contained.copied, _ENGINE),
    Stays(r"docker compose logs -f easel", contained.log, _ENGINE),
    Stays(r"docker compose --profile play up play", stays.play, _ENGINE),
    Runs(rf"{_RUN} doctor", contained.findings, _ENGINE),
    Runs(rf"{_RUN} --version", leaves.version, _ENGINE),
    Runs(rf"{_RUN} models add \S+", leaves.model, _ENGINE),
    Runs(rf"{_RUN} models list", contained.models, _ENGINE),
    Runs(rf"{_RUN} admin restore \S+", contained.restored, _ENGINE),
    Runs(r"docker build -t easel:mine .*", contained.built_for_somebody, _ENGINE),
    Runs(r"docker image ls easel", contained.listed, _ENGINE),
    Runs(r"docker compose ps", contained.healthy, _ENGINE),
    Runs(rf"{_EXEC} admin refresh", contained.refreshed, _ENGINE),
    Runs(rf"{_EXEC} admin status", contained.status, _ENGINE),
    Runs(rf"{_EXEC} admin backup.*", contained.backup, _ENGINE),
    Runs(rf"{_EXEC} adapters list", leaves.nothing_more, _ENGINE),
    Runs(r"docker run .* easel imagine .*", contained.picture, _ENGINE),
    Runs(r"sudo chown -R 10001:10001 \S+", contained.owned, _FOLDER),
    Runs(r"podman build .*", contained.podman_built, _PODMAN),
    Runs(r"podman run .*", contained.podman_runs, _PODMAN),
    # A server, and another machine.
    Runs(r"sudo useradd .* easel", hosts.account, _SERVER),
    Runs(r"sudo chown easel /opt/easel/\.env", hosts.owned, _SERVER),
    Runs(r"sudo chmod 400 /opt/easel/\.env", hosts.secret, _SERVER),
    Runs(r"sudo systemctl enable --now easel", hosts.service, _SERVER),
    Stays(r"sudo journalctl -u easel -f", hosts.log, _SERVER),
    Runs(r"sudo -u easel \.venv/bin/easel admin status", contained.status, _SERVER),
    Stays(r"ssh -L \S+ MACHINE", hosts.tunnel, _TUNNEL),
    # The shell's own.
    Runs(rf"{_PYTHON} -m venv .*", leaves.environment),
    Runs(r"pip install --no-deps spandrel_extra_arches", leaves.knows_codeformer, _ARCHITECTURES),
    Runs(rf"(?:{_PYTHON} -m )?(?:\S*/)?pip install .*", leaves.installed),
    Runs(r"pip freeze --exclude-editable", leaves.frozen),
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
