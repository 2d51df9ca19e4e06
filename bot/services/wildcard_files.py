"""The operator's lists: the text files of a folder, read once at the start."""

import logging
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

log = logging.getLogger("easel.wildcards")

#: Of the folder: files, bytes of one, bytes of all.
MOST_FILES, MOST_FILE_BYTES, MOST_FOLDER_BYTES = 5_000, 4 * 2**20, 64 * 2**20
#: Characters of a name.
MOST_NAME = 60
#: Nothing that a prompt would not read as a name between double underscores.
_NAME = re.compile(r"{part}(?:/{part})*".replace("{part}", r"[a-z0-9][a-z0-9-]*(?:_[a-z0-9-]+)*"))


def is_name(name: str) -> bool:
    """Tell whether a list may have that name: what stands between the underscores of `__name__`."""
    return len(name) <= MOST_NAME and _NAME.fullmatch(name) is not None


def name_of(file_name: str) -> str:
    """Return the name that a file gives to its list, which may be none that is allowed: no ending, no spaces."""
    stem = file_name[: -len(".txt")] if file_name.lower().endswith(".txt") else file_name
    return "-".join(stem.lower().split())


def text_of(data: bytes) -> str:
    """Return the text of a file. Raises ValueError for what is no plain text in UTF-8."""
    text = data.decode("utf-8-sig")
    if "\0" in text:
        raise ValueError("it has zero bytes")
    return text


def read_folder(folder: Path, expected: bool = True) -> dict[str, str]:
    """Return the texts of a folder's lists by name; `animals/cats` is that file in that subfolder. Slow.

    What cannot be used is logged and left out; so is a folder that is not there, if it was expected. Links are followed
    to files inside the folder, and nowhere else.
    """
    root = Path(os.path.realpath(folder))
    if not (expected or root.exists()):
        return {}
    found: dict[str, str] = {}
    room = MOST_FOLDER_BYTES
    for path in _text_files(root):
        name = name_of(path.relative_to(root).as_posix())
        if len(found) == MOST_FILES:
            log.warning("%s holds more than %d lists; %s and what follows is left out", root, MOST_FILES, path)
            break
        try:
            if not is_name(name):
                raise ValueError("its name has more than letters a to z, digits, and - _ / between them")
            if name in found:
                raise ValueError(f"there is another {name}")
            data = _read(path, root, min(room, MOST_FILE_BYTES))
            found[name] = text_of(data)
            room -= len(data)
        except (OSError, ValueError) as error:
            log.warning("the list %s is left out: %s", path, str(error))
    return found


def _text_files(root: Path) -> Iterator[Path]:
    """Return what ends with .txt in a folder and its subfolders, by name; hidden folders are passed by."""
    for folder, inside, names in os.walk(root, onerror=_cannot_read):
        inside[:] = sorted(name for name in inside if not name.startswith("."))
        yield from (Path(folder, name) for name in sorted(names) if name.lower().endswith(".txt"))


def _cannot_read(error: OSError) -> None:
    log.warning("the lists of a folder are left out: %s", error)


def _read(path: Path, root: Path, most: int) -> bytes:
    """Return a file's bytes. Raises OSError, and ValueError for what is none of ours or too large."""
    # `Path.resolve` raises for links that lead in a circle; this leaves them to `stat`.
    if not Path(os.path.realpath(path)).is_relative_to(root):
        raise ValueError("it leads out of the folder")
    # Opening a pipe would wait for whoever writes into it.
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError("it is no file")
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise ValueError(f"it has more than the {most:,} bytes that are left for it")
    return data
