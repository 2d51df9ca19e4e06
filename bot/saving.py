"""Writing pictures into a folder: whole or not at all, and never over another file."""

import os
import re
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from bot.errors import JobFailed, UserError


def prepare_folder(folder: Path) -> None:
    """Make the folder and see that files can be written there, before anything is painted. Raises UserError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".{uuid4().hex}.tmp"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UserError(
            f"Nothing can be written to {folder}: {error.strerror or error}. Choose another --output."
        ) from error


def save(folder: Path, label: int | str, data: bytes) -> Path:
    """Write a picture under the next free number and a label (its seed) and return its path.

    Raises JobFailed when the disk is full or gone; nothing is left behind then.
    """
    staged = folder / f".{uuid4().hex}.tmp"
    try:
        with staged.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return _settle(staged, folder, label)
    except OSError as error:
        message = (
            f"A picture could not be saved to {folder}: {error.strerror or error}. It needs {len(data):,} bytes free."
        )
        raise JobFailed(message) from error
    finally:
        staged.unlink(missing_ok=True)


def replace_file(target: Path, data: bytes) -> None:
    """Write a file that others may be looking at: they see the old one or the new one, whole. A full disk is let be."""
    staged = target.with_name(f".{uuid4().hex}.tmp")
    with suppress(OSError):
        staged.write_bytes(data)
        staged.replace(target)
    staged.unlink(missing_ok=True)


def _settle(staged: Path, folder: Path, label: int | str) -> Path:
    """Give the written file its name; a name taken meanwhile by another process is passed over."""
    number = _next_number(folder)
    while True:
        target = folder / f"{number:05d}-{label}.png"
        try:
            os.link(staged, target)
            return target
        except FileExistsError:
            number += 1
        except (OSError, NotImplementedError):
            # A file system without hard links: the check and the move are two steps there.
            if not target.exists():
                return staged.replace(target)
            number += 1


def _next_number(folder: Path) -> int:
    numbers = (re.match(r"(\d{5,9})-", path.name) for path in folder.glob("*.png"))
    return max((int(match[1]) for match in numbers if match), default=0) + 1
