"""What `easel --version` prints: what somebody who is to help has to know, told without importing torch."""

import importlib.util
import platform
import re
import sys
from importlib import metadata
from pathlib import Path

from inference import __version__

_BUILT_FOR = re.compile(r"^(cuda|hip)\b[^=]*=\s*['\"]([^'\"]+)['\"]", re.MULTILINE)
_NAMES = {"cuda": "CUDA", "hip": "ROCm"}


def version_line() -> str:
    """Return Easel's version, Python's, and torch's with what it was built for."""
    return f"easel {__version__} (Python {platform.python_version()}, {_torch()})"


def _torch() -> str:
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return "no torch"
    version = metadata.version("torch").partition("+")[0]
    try:
        found = _BUILT_FOR.search(Path(spec.origin).with_name("version.py").read_text(encoding="utf-8"))
    except OSError:
        return f"torch {version}"
    if found:
        return f"torch {version} for {_NAMES[found[1]]} {found[2]}"
    # Apple's GPUs need no build of their own.
    return f"torch {version}" if sys.platform == "darwin" else f"torch {version} for CPUs"
