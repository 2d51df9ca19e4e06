"""What a block of a document asks people to type: one command after the other."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from tests.docs.documents import PROMPT, Block, document, manuals

#: How a command in a sentence begins.
_PROGRAMS = re.compile(
    r"(?:[A-Z_]+=\S+ )*(?:sudo|apt|curl|docker|easel|git|journalctl|make|pip|podman|python3?|ssh|systemctl)\s\S"
    r"|\.ci/|\.venv\S+ -m "
)


@dataclass(frozen=True)
class Command:
    """A command as the document writes it, and as `sh` is given it: without comments."""

    document: str
    line: int
    #: "sh", "powershell", or nothing for one in a sentence.
    terminal: str
    written: str
    text: str
    #: What the document shows that it says; None where it shows nothing.
    answer: str | None = None

    @property
    def place(self) -> str:
        """Return where it stands, for people."""
        return f"{self.document}:{self.line}"


def commands_of(name: str) -> list[Command]:
    """Return all commands of a document, in the order in which they are read."""
    return [command for block in document(name).shell for command in commands_in(block)]


def every_command() -> list[Command]:
    """Return the commands of all documents."""
    return [command for name in manuals() for command in commands_of(name)]


def spoken_commands() -> list[Command]:
    """Return the commands that documents name in sentences and tables."""
    spoken = [span for name in manuals() for span in document(name).codes if _PROGRAMS.match(span.text)]
    return [Command(span.document, span.line, "", span.text, span.text) for span in spoken]


def commands_in(block: Block) -> Iterator[Command]:
    """Give the commands of a block; one goes on over a backslash, quotes and a here-document."""
    if block.text.startswith(PROMPT):
        yield from _transcript(block)
        return
    whole, began, ends = "", 0, ""
    for number, line in enumerate(block.text.splitlines()):
        began = began if whole else block.line + number
        whole += line + "\n"
        if ends:
            ends = "" if line.strip() == ends else ends
        elif found := re.search(r"<<-?\s*['\"]?(\w+)", line):
            ends = found[1]
        if ends or line.endswith("\\") or _is_open(_bare(whole)):
            continue
        if text := _bare(whole).strip():
            yield Command(block.document, began, block.terminal, whole.strip(), text)
        whole = ""
    if whole.strip():
        raise ValueError(f"{block.document}:{began}: this command does not end in its block: {whole!r}")


def _transcript(block: Block) -> Iterator[Command]:
    """Give the commands of a block that shows what is said to each."""
    lines = block.text.splitlines()
    begins = [number for number, line in enumerate(lines) if line.startswith(PROMPT)]
    for begin, end in zip(begins, [*begins[1:], len(lines)], strict=True):
        text = lines[begin].removeprefix(PROMPT)
        answer = "\n".join(lines[begin + 1 : end]).strip()
        yield Command(block.document, block.line + begin, "sh", text, f"{text} 2>&1", answer)


def _bare(text: str) -> str:
    """Return a command without its comments."""
    kept, quote, before = [], "", " "
    characters = iter(text)
    for character in characters:
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == "#" and before.isspace():
            while character != "\n":
                character = next(characters, "\n")
        kept.append(character)
        before = character
    return "".join(kept)


def _is_open(text: str) -> bool:
    try:
        shlex.split(text)
    except ValueError:
        return True
    return False
