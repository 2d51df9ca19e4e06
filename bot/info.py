"""`easel info`: what a picture says of how it was made."""

import json
import shlex
import sys
from dataclasses import asdict
from pathlib import Path

from bot.errors import UserError
from bot.services import pasting
from bot.services.pasting import Settings
from inference.protocol import parameters, recipe
from inference.protocol.limits import MAX_IMAGE_BYTES


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
    """Return the settings in a picture, or in a text file with them. Raises UserError where there are none."""
    found = pasting.read_settings(read_file(path))
    if found is None:
        raise UserError(
            f"{path} holds no settings: it was made by another program, or they were removed. "
            "They are read from PNG, JPEG and WebP files."
        )
    return found


def run(path: Path, as_json: bool) -> int:
    """Print the settings of a picture."""
    found = read_settings(path)
    said = found.parameters
    exact = found.upscale or found.recipe
    if said is None and found.text is not None:
        said = parameters.parse(found.text)
    if as_json:
        document = {
            "program": found.program,
            "parameters": found.text,
            "settings": None if said is None else asdict(said),
            "recipe": None if exact is None else json.loads(recipe.to_json(exact)),
            "problem": found.problem,
        }
        print(json.dumps(document, indent=2, ensure_ascii=False))
        return 0
    if found.text is not None:
        print(found.text)
    elif found.recipe is not None:
        print(parameters.to_parameters(found.recipe))
    elif said is not None:
        print(parameters.to_text(said))
    if found.recipe is not None:
        done = "it was made larger" if found.upscale is None or found.upscale.factor > 1 else "its faces were restored"
        what = "It" if found.upscale is None else f"What it was before {done}"
        print(f"\n{what} can be made again exactly: easel imagine --like {shlex.quote(str(path))}")
    if found.problem is not None:
        print(f"easel: {found.problem}.", file=sys.stderr)
    return 0
