"""Commands of Docker and Podman, looked at: what they name is in the Dockerfile and in compose.yaml.

Whether the files themselves are right, and what is in the image, is tested in tests/container. Where there is an
engine, the commands are typed as well.
"""

import re
import shlex

import yaml

from tests.container import dockerfile
from tests.docs.documents import ROOT
from tests.docs.parsers import complaint, whole_parser

#: Options that are known, as Docker's own pages describe them; those that take a word say so.
_COMPOSE = {"--profile": True, "-f": True}
_OPTIONS = {
    "up": {"-d": False, "--build": False, "--pull": True},
    "run": {
        "--rm": False,
        "-d": False,
        "--init": False,
        "--read-only": False,
        "-v": True,
        "--name": True,
        "--user": True,
        "--env-file": True,
        "--gpus": True,
        "--device": True,
    },
    "exec": {},
    "logs": {"-f": False},
    "cp": {},
    "down": {},
    "build": {"--format": True, "-t": True, "--build-arg": True, "--pull": False},
    "volume": {},
    "image": {},
    "restart": {},
    "pull": {},
    "ps": {},
}
_DOCKERFILE = dockerfile.read()
#: What may be said in `.env` to compose.
TEXTS = "".join((ROOT / name).read_text("utf-8") for name in ("compose.yaml", "compose.cpu.yaml", ".env.example"))


class _Tags(yaml.SafeLoader):
    """Reads compose's own tags as nothing."""


_Tags.add_constructor("!reset", lambda *_: None)
_COMPOSED = yaml.load((ROOT / "compose.yaml").read_text("utf-8"), _Tags)
VOLUMES = {f"{_COMPOSED['name']}_{name}" for name in _COMPOSED["volumes"]}


def names_what_is_there(text: str) -> None:
    """Hold that services, profiles, volumes, arguments and the words for Easel in a command exist."""
    words = shlex.split(text.replace("\\\n", " "))[1:]
    composed = words[0] == "compose"
    if composed:
        given, words = _options(words[1:], _COMPOSE, text)
        profiles = {each for service in _COMPOSED["services"].values() for each in service.get("profiles", ())}
        assert {value for name, value in given if name == "--profile"} <= profiles, text
        assert all((ROOT / value).exists() for name, value in given if name == "-f"), text
    verb, *rest = words
    assert verb in _OPTIONS, f"look up `{verb}` in Docker's pages, and add it: {text}"
    given, rest = _options(rest, _OPTIONS[verb], text)
    _look_at(given, text)
    if verb == "image":
        assert rest == ["ls", "easel"], text
    elif verb == "volume":
        assert rest[0] == "rm" and rest[1] in VOLUMES, text
    elif verb == "cp":
        service, _, path = rest[0].partition(":")
        assert any(path in mount for mount in _COMPOSED["services"][service]["volumes"]), text
    elif verb == "build" and not composed:
        assert (ROOT / rest[0] / "Dockerfile").exists(), text
    elif composed:
        assert set(rest[:1]) <= set(_COMPOSED["services"]), f"there is no service {rest[0]}: {text}"
        if verb == "exec":
            assert rest.pop(1) == "easel", text
        _take(rest[1:], text)
    else:
        _take(rest[1:], text)


def _options(words: list[str], known: dict[str, bool], text: str) -> tuple[list[tuple[str, str]], list[str]]:
    """Return the options before the first other word, with what they are given, and what follows."""
    found = []
    left = list(words)
    while left and left[0].startswith("-"):
        name, _, value = left.pop(0).partition("=")
        assert name in known, f"look up {name} in Docker's pages, and add it: {text}"
        found.append((name, value or (left.pop(0) if known[name] else "")))
    return found, left


def _look_at(given: list[tuple[str, str]], text: str) -> None:
    for name, value in given:
        if name == "-v":
            target = value.removesuffix(":ro").rsplit(":", 1)[1]
            own = {"/data", "/models", "/backups", _DOCKERFILE.final.all("WORKDIR")[-1].text}
            assert target in own or f" {target}/" in text, f"{target} is no folder of the image: {text}"
        elif name == "--build-arg":
            arguments = {each.text.partition("=")[0] for stage in _DOCKERFILE.stages for each in stage.all("ARG")}
            assert value.partition("=")[0] in arguments | set(_DOCKERFILE.arguments), text


def _take(words: list[str], text: str) -> None:
    """Hold that Easel takes what is said to it after the image or the service."""
    assert re.fullmatch(r'\["easel"\]', _DOCKERFILE.final.all("ENTRYPOINT")[0].text)
    assert not (wrong := complaint(words, whole_parser())), f"{text}: {wrong}"
