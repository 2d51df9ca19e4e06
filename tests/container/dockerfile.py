"""Reading a Dockerfile: its stages and instructions, as far as ours uses the language."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FLAG = re.compile(r"--([a-z-]+)(?:=(\S+))?\s+")
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::([-+])([^}]*))?\})")
_WORD = re.compile(r"(\w[\w.-]*)=(\"(?:[^\"\\]|\\.)*\"|\S+)")
KNOWN = set("ARG CMD COPY ENTRYPOINT ENV FROM HEALTHCHECK LABEL RUN STOPSIGNAL USER VOLUME WORKDIR".split())


@dataclass(frozen=True)
class Instruction:
    """One instruction: its name, its flags such as --from, and what else it says, on one line."""

    name: str
    flags: Mapping[str, str]
    text: str

    @property
    def words(self) -> list[str]:
        """Return its words, which may be written as a JSON list."""
        return json.loads(self.text) if self.text.startswith("[") else self.text.split()

    @property
    def pairs(self) -> dict[str, str]:
        """Return NAME=VALUE pairs, without their quotes."""
        return {name: value.strip('"') for name, value in _WORD.findall(self.text)}


@dataclass
class Stage:
    """What follows one FROM."""

    base: str
    name: str
    instructions: list[Instruction] = field(default_factory=list)

    def all(self, name: str) -> list[Instruction]:
        """Return the instructions of a kind."""
        return [each for each in self.instructions if each.name == name]


@dataclass(frozen=True)
class Dockerfile:
    """The arguments before the first stage, and the stages in order."""

    arguments: Mapping[str, str]
    stages: list[Stage]

    @property
    def final(self) -> Stage:
        """Return the stage that becomes the image."""
        return self.stages[-1]


def read(path: Path = ROOT / "Dockerfile") -> Dockerfile:
    """Read a Dockerfile. Raises ValueError for an instruction that is not known here."""
    arguments: dict[str, str] = {}
    stages: list[Stage] = []
    for instruction in map(_instruction, _lines(path.read_text("utf-8").splitlines())):
        if instruction.name == "FROM":
            base, *naming = instruction.text.split()
            stages.append(Stage(expand(base, arguments), naming[1] if naming else ""))
        elif stages:
            stages[-1].instructions.append(instruction)
        else:
            arguments |= default_of(instruction)
    return Dockerfile(arguments, stages)


def default_of(argument: Instruction) -> dict[str, str]:
    """Return the name of an ARG and its default."""
    name, _, value = argument.text.partition("=")
    return {name: value.strip('"')}


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Put variables into a text: $NAME, ${NAME}, ${NAME:-otherwise} and ${NAME:+then}."""

    def value(match: re.Match[str]) -> str:
        found = variables.get(match[1] or match[2], "")
        if match[3] == "+":
            return match[4] if found else ""
        return found or (match[4] if match[3] else "")

    return _VARIABLE.sub(value, text)


def _lines(lines: Iterable[str]) -> Iterable[str]:
    """Yield whole instructions: comments left out, lines that go on joined."""
    whole = ""
    for line in lines:
        if line.lstrip().startswith("#") or not (whole or line.strip()):
            continue
        if line.endswith("\\"):
            whole += line[:-1]
            continue
        yield (whole + line).strip()
        whole = ""
    if whole:
        raise ValueError(f"this goes on after the end: {whole}")


def _instruction(line: str) -> Instruction:
    name, _, rest = line.partition(" ")
    if name not in KNOWN:
        raise ValueError(f"{name} is not known here: {line}")
    flags, rest = {}, rest.lstrip()
    while name != "FROM" and (match := _FLAG.match(rest)):
        flags[match[1]] = match[2] or ""
        rest = rest[match.end() :]
    return Instruction(name, flags, rest)
