"""How much memory a pass may take, and which errors mean that it took too much."""

import psutil
import torch

#: Left for everything that is not a pass: the VAE, the allocator's fragments, the rest of the machine.
_RESERVE = 0.15


def free_bytes(device: torch.device) -> int:
    """Return about how many bytes of activations a pass may take on the device now."""
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
        cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return max(0, int(free + cached - total * _RESERVE))
    memory = psutil.virtual_memory()
    return max(0, int(memory.available - memory.total * _RESERVE))


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an exception of torch means that the device's memory ran out."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    words = str(error)
    return isinstance(error, RuntimeError) and ("can't allocate memory" in words or "out of memory" in words)


def release(device: torch.device) -> None:
    """Give cached blocks back to the device, so that a smaller pass finds room."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


class Pace:
    """Keeps the processor at most one pass ahead of a GPU, so that a cancel is effective within one step.

    Passes are queued on a GPU far faster than they run; without this a cancelled picture would be computed to its end.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._last: torch.cuda.Event | None = None

    def step(self) -> None:
        """Wait for the pass before the one just queued."""
        if self._device.type != "cuda":
            return
        before, self._last = self._last, torch.cuda.Event()
        self._last.record(torch.cuda.current_stream(self._device))
        if before is not None:
            before.synchronize()
