"""Where installed models live."""

import os
from pathlib import Path

import platformdirs

#: Overrides the place.
VARIABLE = "EASEL_MODELS_FOLDER"


def default_models_folder() -> Path:
    """Return the folder that EASEL_MODELS_FOLDER names, else the platform's place for a program's data."""
    chosen = os.environ.get(VARIABLE)
    return Path(chosen).expanduser() if chosen else Path(platformdirs.user_data_dir("easel", False)) / "models"
