"""Pickle checkpoints (.ckpt, .pt, .bin): read once, without running anything in them, and written as safetensors.

A pickle is a program. `weights_only=True` has torch interpret it with a short list of harmless operations and refuse
the rest; that happens in a process of its own, under a time limit and, where the system has one, a memory limit.
"""

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from inference.models.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor

PICKLE_SUFFIXES = (".ckpt", ".pt", ".pth", ".bin")
TIMEOUT_SECONDS = 900
#: Keys under which trainers put the weights, the averaged ones of upscalers first.
_WRAPPINGS = ("state_dict", "params_ema", "params")
#: Address space that the child may take beyond twice the file's size.
_SPARE_BYTES = 8 * 2**30


def convert(source: Path, target: Path, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
    """Write the tensors of a pickle as safetensors. Raises ModelError with the reason; writes nothing then."""
    command = [sys.executable, "-m", "inference.models.pickles", str(source), str(target)]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=timeout_seconds, check=False)
    except subprocess.TimeoutExpired:
        target.unlink(missing_ok=True)
        raise ModelError(f"{source.name} took longer than {timeout_seconds:.0f} s to read and was refused.") from None
    if result.returncode != 0:
        target.unlink(missing_ok=True)
        lines = result.stderr.strip().splitlines()
        reason = lines[-1] if lines and result.returncode == 1 else "the reading process died"
        raise ModelError(f"{source.name} was refused: {reason} Find it as .safetensors instead.")


def _limit_memory(bytes_allowed: int) -> None:
    """Limit this process's address space; Windows has no such limit, and the time limit must do there."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (bytes_allowed, bytes_allowed))


def _convert_here(source: Path, target: Path) -> None:
    import pickle

    import torch
    from safetensors.torch import save_file

    _limit_memory(2 * source.stat().st_size + _SPARE_BYTES)
    try:
        document = torch.load(source, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        forbidden = str(error).split("GLOBAL ", 1)[-1].split(" ", 1)[0] if "GLOBAL " in str(error) else ""
        what = f"it wants to run {forbidden}" if forbidden else "it is no plain pickle of tensors"
        raise SystemExit(f"{what}, which a model has no need of.") from None
    except (RuntimeError, EOFError, OSError, ValueError, MemoryError) as error:
        words = (str(error) or type(error).__name__).splitlines()[0][:200]
        raise SystemExit(f"it is damaged or cut short ({words}).") from None
    tensors = _tensors(document)
    save_file(tensors, target)


def _tensors(document: object) -> "dict[str, Tensor]":
    """Return the tensors of a state dict, each with memory of its own, as safetensors wants them."""
    import torch

    state = document
    while isinstance(state, dict) and (inner := [state[key] for key in _WRAPPINGS if isinstance(state.get(key), dict)]):
        state = inner[0]
    if not isinstance(state, dict):
        raise SystemExit("it holds no named tensors.")
    tensors = {
        str(name): value.detach().clone().contiguous()
        for name, value in state.items()
        if isinstance(value, torch.Tensor)
    }
    if not tensors:
        raise SystemExit("it holds no named tensors.")
    return tensors


if __name__ == "__main__":
    _convert_here(Path(sys.argv[1]), Path(sys.argv[2]))
