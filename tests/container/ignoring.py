"""Which files a `.dockerignore` keeps out of a build: patterns in order, the last that matches decides."""

import re
from pathlib import Path, PurePosixPath


def read(path: Path) -> list[str]:
    """Return the patterns of a file."""
    lines = (line.strip() for line in path.read_text("utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def is_ignored(file: str, patterns: list[str]) -> bool:
    """Tell whether a file is kept out. A pattern that matches one of its folders matches it too."""
    path = PurePosixPath(file)
    names = [str(path), *(str(parent) for parent in path.parents if str(parent) != ".")]
    ignored = False
    for pattern in patterns:
        if any(_expression(pattern.removeprefix("!")).fullmatch(name) for name in names):
            ignored = not pattern.startswith("!")
    return ignored


def _expression(pattern: str) -> re.Pattern[str]:
    """Return what a pattern matches: ** is any folders, * and ? stay inside a name."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern.strip("/"))
    meanings = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(meanings.get(part, re.escape(part)) for part in parts))
