"""What `easel doctor` says of what surrounds Easel: its folders, the disk, and what a container was handed.

`root` is where the system's own files are looked for.
"""

import errno
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from inference.findings import Finding

_GIB = 2**30
#: Less free space than this will not hold an SDXL checkpoint.
_MODEL_BYTES = 10 * _GIB
#: Less than this is soon filled by pictures.
_PICTURES_BYTES = 2 * _GIB
_ROOT = Path("/")
#: What an NVIDIA GPU shows of itself: on Linux, and in WSL 2.
_GPU_NODES = ("dev/nvidiactl", "dev/dxg")
#: Where the memory that a container may take is written: control groups 2, and 1.
_MEMORY_LIMITS = ("sys/fs/cgroup/memory.max", "sys/fs/cgroup/memory/memory.limit_in_bytes")


def in_container(root: Path = _ROOT) -> bool:
    """Tell whether this runs in a container: Docker, Podman and their like say so."""
    return any((root / name).exists() for name in (".dockerenv", "run/.containerenv")) or "container" in os.environ


def folders(named: Mapping[str, Path], root: Path = _ROOT) -> list[Finding]:
    """Return whether files can be written into folders, which are named by what lies in them."""
    looked_at = {what: _unwritable(what, folder, root) for what, folder in named.items()}
    writable = ", ".join(f"{named[what]} ({what})" for what, problem in looked_at.items() if problem is None)
    good = [Finding("ok", "folders", f"can be written: {writable}")] if writable else []
    return [*good, *(problem for problem in looked_at.values() if problem is not None)]


def _unwritable(what: str, folder: Path, root: Path) -> Finding | None:
    """Return why nothing can be written there, None where it can. What is missing is not made."""
    place = _existing(folder)
    try:
        with tempfile.TemporaryFile(dir=place):
            return None
    except OSError as error:
        said = f"{place} ({what}) cannot be written: {_why(error, place)}"
        return Finding("bad", "folders", said, _remedy(error, place, in_container(root)))


def _why(error: OSError, place: Path) -> str:
    if error.errno in (errno.EACCES, errno.EPERM) and hasattr(os, "geteuid"):
        return f"it belongs to user {place.stat().st_uid}, and Easel runs as user {os.geteuid()}"
    return error.strerror or str(error)


def _remedy(error: OSError, place: Path, contained: bool) -> str:
    if error.errno == errno.ENOSPC:
        return "The disk is full: make room, or choose a folder on another."
    if error.errno == errno.EROFS:
        return "It is mounted read-only: mount a volume there that can be written."
    if error.errno not in (errno.EACCES, errno.EPERM):
        return ""
    if not hasattr(os, "geteuid"):
        return "Allow this account to write there, or choose another folder."
    owner = f"{os.geteuid()}:{os.getegid()}"
    if contained:
        return f"On the host, run `sudo chown -R {owner}` for what is mounted there (docs/container.md says more)."
    return f"Run `sudo chown -R {owner} {place}`, or choose another folder."


def disk(models: Path, data: Path) -> list[Finding]:
    """Return how much room there is for models and for pictures; once, where they share a disk."""
    place, other = _existing(models), _existing(data)
    shared = place.stat().st_dev == other.stat().st_dev
    found = [_room(place, "models and pictures" if shared else "models", _MODEL_BYTES, "An SDXL checkpoint takes 7 GB")]
    if not shared:
        found.append(_room(other, "pictures", _PICTURES_BYTES, "Requests are refused when it is full"))
    return found


def _room(place: Path, what: str, least: int, why: str) -> Finding:
    free = shutil.disk_usage(place).free
    variable = "EASEL_DATA_FOLDER" if what == "pictures" else "EASEL_MODELS_FOLDER"
    advice = "" if free > least else f"{why}: make room, or set {variable} to a folder on a larger disk."
    return Finding("note" if advice else "ok", "disk", f"{free / _GIB:.0f} GiB free for {what}", advice)


def memory_limit(whole: int, root: Path = _ROOT) -> list[Finding]:
    """Return the memory that a container may take, in place of the machine's `whole` bytes; nothing without a limit."""
    for name in _MEMORY_LIMITS:
        try:
            limit = int((root / name).read_text())
        except (OSError, ValueError):
            continue
        if limit < whole:
            said = f"at most {limit / _GIB:.1f} GiB of the machine's {whole / _GIB:.0f} GiB"
            advice = "Easel reckons with the whole machine's: on a CPU, set EASEL_MEMORY_BUDGET_GB to half of that."
            return [Finding("note", "memory", said, advice)]
    return []


def why_no_gpu(cuda: str | None, root: Path = _ROOT) -> str:
    """Return what to do where torch sees no GPU; `cuda` is the CUDA that it was built for, None for a CPU build."""
    there = any((root / name).exists() for name in _GPU_NODES)
    contained = in_container(root)
    slow = "No GPU was found: the sample model paints in a second, larger models take minutes a picture."
    if there and cuda is None:
        more = "make the image without TORCH" if contained else "install the CUDA build of torch"
        return f"A GPU is here, and this torch is built for CPUs alone: {more}."
    if there:
        return f"A GPU is here, and torch, built for CUDA {cuda}, cannot use it: update the driver of the machine."
    if cuda is not None and contained:
        return (
            f"torch is built for CUDA {cuda}, and no GPU was handed to this container. With an NVIDIA GPU, install its "
            "driver and the NVIDIA Container Toolkit on the host, and start by compose.yaml or with --gpus all. "
            "Without one, compose.cpu.yaml makes a smaller image."
        )
    if contained:
        return f"{slow} With an NVIDIA GPU, make the image without TORCH, and start by compose.yaml alone."
    return f"{slow} With an NVIDIA GPU, install its driver and the CUDA build of torch."


def _existing(folder: Path) -> Path:
    """Return a folder, or what there is of the way to it, as far as this account may look."""
    whole = folder.absolute()
    return next(place for place in (whole, *whole.parents) if os.path.exists(place))  # noqa: PTH110 - it never raises
