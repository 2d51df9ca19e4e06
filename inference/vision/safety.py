"""Models that judge whether a finished picture may be seen by everybody: found, loaded and asked.

`EASEL_SAFETY_CHECKER` names a folder with diffusers' safety checker, or a classifier as an ONNX file or a folder with
one. Nothing is downloaded. A checker that gives numbers that are none raises: it never lets a picture pass.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from PIL import Image

from inference.models.errors import ModelError
from inference.protocol.recipe import ContentHash

#: Changed whenever the same files would judge otherwise, so that pictures are checked again.
_VERSION = b"1"
_ONNX = ("model.onnx", "onnx/model.onnx")
_CHUNK = 2**20


@dataclass(frozen=True)
class Judgement:
    """What a checker says of a picture."""

    flagged: bool
    #: How sure it is, from 0 to 1; None where it does not tell.
    score: float | None = None


class Checker(Protocol):
    """A model that judges pictures. Only one thread asks it."""

    #: In words, for the operator.
    description: str
    #: What is read of it, from which its identity comes.
    files: tuple[Path, ...]

    def judge(self, picture: Image.Image) -> Judgement:
        """Judge an RGB picture. Raises ModelError where the model gives no answer that could be relied on."""


def open_checker(path: Path, threads: int = 0) -> Checker:
    """Return the checker that a path names, loaded; `threads` of the CPU, 0 for its own choice. Raises ModelError."""
    if not path.exists():
        raise ModelError(f"EASEL_SAFETY_CHECKER names {path}, and there is nothing.")
    found = next((path / name for name in _ONNX if (path / name).is_file()), path)
    if found.suffix.lower() == ".onnx" and found.is_file():
        from inference.vision.classifiers import Classifier

        return Classifier(found, threads)
    if found.is_dir():
        # Only now: this one imports torch.
        from inference.vision.concepts import ConceptChecker

        return ConceptChecker(found)
    raise ModelError(
        f"EASEL_SAFETY_CHECKER names {path}, which is neither an .onnx file nor a folder with a safety checker of "
        "diffusers' format."
    )


def identity(files: Iterable[Path]) -> ContentHash:
    """Return the SHA-256 of a checker's files, by their names and contents. Slow for large ones. Raises ModelError."""
    whole = hashlib.sha256(_VERSION)
    for path in sorted(files, key=lambda path: path.name):
        digest = hashlib.sha256()
        try:
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
        except OSError as error:
            raise ModelError(f"{path} cannot be read: {error}.") from None
        whole.update(f"{path.name}\0{digest.hexdigest()}\0".encode())
    return ContentHash(whole.hexdigest())
