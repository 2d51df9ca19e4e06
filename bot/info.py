"""`easel info`: what a picture says of how it was made."""

import json
import shlex
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from bot.errors import UserError
from inference.protocol import parameters, png, recipe
from inference.protocol.limits import MAX_IMAGE_BYTES


@dataclass(frozen=True)
class Settings:
    """What was found in a picture."""

    #: AUTOMATIC1111-style text, as it stands in the file.
    parameters: str | None
    #: The exact recipe, where Easel wrote it.
    recipe: recipe.Recipe | None
    #: Why there is a recipe that cannot be read.
    problem: str | None = None


def read_file(path: Path, what: str = "picture") -> bytes:
    """Return a file's bytes. Raises UserError for one that cannot be read or is too long."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_IMAGE_BYTES + 1)
    except OSError as error:
        raise UserError(f"The {what} {path} cannot be read: {error.strerror or error}.") from error
    if len(data) > MAX_IMAGE_BYTES:
        raise UserError(f"The {what} {path} has more than {MAX_IMAGE_BYTES // 2**20} MiB. Make it smaller first.")
    return data


def read_settings(path: Path) -> Settings:
    """Return the settings in a PNG file. Raises UserError where there are none."""
    try:
        texts = png.read_texts(read_file(path))
    except png.NotPng as error:
        raise UserError(
            f"{path} holds no settings: {error}. Pictures keep their settings only as PNG files."
        ) from error
    found = _found(texts)
    if found.parameters is None and found.recipe is None and found.problem is None:
        raise UserError(f"{path} holds no settings: it was made by another program, or they were removed.")
    return found


def _found(texts: dict[str, str]) -> Settings:
    raw = texts.get("easel-recipe")
    exact, problem = None, None
    if raw is not None:
        try:
            exact = recipe.from_json(raw)
        except msgspec.MsgspecError as error:
            problem = f"the exact recipe cannot be read: {error}"
    return Settings(parameters=texts.get("parameters"), recipe=exact, problem=problem)


def run(path: Path, as_json: bool) -> int:
    """Print the settings of a picture."""
    found = read_settings(path)
    if as_json:
        document = {
            "parameters": found.parameters,
            "settings": None if found.parameters is None else asdict(parameters.parse(found.parameters)),
            "recipe": None if found.recipe is None else json.loads(recipe.to_json(found.recipe)),
            "problem": found.problem,
        }
        print(json.dumps(document, indent=2, ensure_ascii=False))
        return 0
    if found.parameters is not None:
        print(found.parameters)
    elif found.recipe is not None:
        print(parameters.to_parameters(found.recipe))
    if found.recipe is not None:
        print(f"\nIt can be made again exactly: easel imagine --like {shlex.quote(str(path))}")
    if found.problem is not None:
        print(f"easel: {found.problem}.", file=sys.stderr)
    return 0
