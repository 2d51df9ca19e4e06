"""What is said where a part is missing that Easel has a use for and can do without."""

from pathlib import Path
from typing import Literal

#: Names in `pyproject.toml`.
Extra = Literal["onnx", "upscale", "xformers"]
#: The folder that Easel was installed from, where it was left there; an image has a copy, and no pip.
_FOLDER = Path(__file__).parents[1]


def to_install(extra: Extra, folder: Path = _FOLDER) -> str:
    """Return the sentence that tells whoever runs Easel how to install an extra.

    By the folder, never by the name alone: pip's index has an `easel` that is somebody else's.
    """
    if (folder / "pyproject.toml").exists():
        return f"Run pip install -c constraints.txt -e '.[{extra}]' in Easel's folder."
    return f"Install Easel with the extra {extra}; for a container, docs/container.md says how."
