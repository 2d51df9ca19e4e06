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
    """A command as the document writes it, and as `sh` is given it."""

    document: str
    line: int
    #: "sh", "powershell", or nothing for one in a sentence.
    terminal: str
    written: str
    #: Without comments, and in the words of `sh`.
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
    more = "`" if block.terminal == "powershell" else "\\"
    for number, line in enumerate(block.text.splitlines()):
        began = began if whole else block.line + number
        whole += line + "\n"
        if ends:
            ends = "" if line.strip() == ends else ends
        elif found := re.search(r"<<-?\s*['\"]?(\w+)", line):
            ends = found[1]
        if ends or line.endswith(more) or _is_open(_bare(whole)):
            continue
        if text := _bare(whole).strip():
            said = _in_sh(text, f"{block.document}:{began}") if block.terminal == "powershell" else text
            yield Command(block.document, began, block.terminal, whole.strip(), said)
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


#: PowerShell's ways of saying things, and those of `sh`, in this order.
_POWERSHELL = [
    (r"`\n\s*", " "),
    (r"\.[\\/]?\.?venv\\Scripts\\Activate\.ps1|\.venv\\Scripts\\activate", ". .venv/bin/activate"),
    (r"(?<![\w])\.\\", "./"),
    (r"\.venv\\Scripts\\", ".venv/bin/"),
    (r"^py( -3(\.\d+)?)?(?= )", "python"),
    (r"^& ", ""),
    (r"\$env:(\w+)\s*=\s*(.+)", r"export \1=\2"),
    (r"\$env:USERPROFILE", "$HOME"),
    (r"\$env:(\w+)", r"${\1}"),
    (r"^(\S+|\".*?\"|'.*?') \| (?:Set-Content|Out-File)(?: -Encoding \w+)? (\S+)$", r"echo \1 > \2"),
    (r"^Set-Content(?: -Encoding \w+)? (\S+) (.+)$", r"echo \2 > \1"),
    (r"^Add-Content (\S+) (.+)$", r"echo \2 >> \1"),
    (r"^Copy-Item (\S+) (\S+)$", r"cp \1 \2"),
    (r"(?<=[\w~.])\\(?=[\w.*])", "/"),
]
_CMDLET = re.compile(r"(?:^|\| )([A-Z][a-z]+-[A-Z]\w+)")


def _in_sh(text: str, place: str) -> str:
    """Return a command of PowerShell in the words of `sh`. It is not run by PowerShell: no test machine has one."""
    for pattern, said in _POWERSHELL:
        text = re.sub(pattern, said, text)
    if found := _CMDLET.search(text):
        raise ValueError(f"{place}: tests/docs/commands.py cannot say {found[1]} in sh; write it plainer, or teach it")
    return text
