"""What the weights of each kind of model take in memory: counted on networks of their size that hold no numbers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from benchmarks import networks
from inference.models.residency import SHARE

_GIB = 2**30
#: The size of networks, what they are called, and the side of the squares that they were trained on.
_KINDS: tuple[tuple[networks.Size, str, int], ...] = (
    ("sd15", "SD 1.x", 512),
    ("sd21", "SD 2.x", 768),
    ("sdxl", "SDXL", 1024),
)
#: GPU memory of the second table, in GiB.
_DEVICES = (4, 6, 8, 12, 16, 24)


@dataclass(frozen=True)
class Need:
    """What one kind of model needs."""

    name: str
    #: Of all networks together.
    parameters: int
    #: Bytes of all weights as the engine holds and counts them.
    half_bytes: int
    full_bytes: int
    #: Side in pixels of a usual picture, and the engine's estimate for one row of a pass of that size, in float16.
    side: int
    row_bytes: int


def needs() -> list[Need]:
    """Return the needs of each kind: the engine's own count and estimate, on networks without numbers."""
    return [_need(size, name, side) for size, name, side in _KINDS]


def _need(size: networks.Size, name: str, side: int) -> Need:
    nowhere = torch.device("meta")
    half, full = (networks.make(size, nowhere, dtype) for dtype in (torch.float16, torch.float32))
    pipeline = half.pipeline
    return Need(
        name=name,
        parameters=sum(
            weight.numel()
            for part in pipeline.components.values()
            if isinstance(part, torch.nn.Module)
            for weight in part.parameters()
        ),
        half_bytes=half.model.weight_bytes,
        full_bytes=full.model.weight_bytes,
        side=side,
        row_bytes=half.model.row_bytes(side // 8, side // 8),
    )


def tables(found: Sequence[Need]) -> Iterator[str]:
    """Give the lines of two Markdown tables: what each kind takes, and how many stay on GPUs of some sizes."""
    yield "| model | parameters | weights, float16 | weights, float32 | set aside for a row, float16 |"
    yield "|---|---|---|---|---|"
    for need in found:
        yield (
            f"| {need.name} | {need.parameters / 1e6:,.0f} million | {need.half_bytes / _GIB:.1f} GiB"
            f" | {need.full_bytes / _GIB:.1f} GiB | {need.row_bytes / 2**20:.0f} MiB at {need.side}x{need.side} |"
        )
    yield ""
    yield f"| GPU memory | {' | '.join(f'{size} GiB' for size in _DEVICES)} |"
    yield f"|---|{'---|' * len(_DEVICES)}"
    yield f"| budget | {' | '.join(f'{size * SHARE:.1f} GiB' for size in _DEVICES)} |"
    for need in found:
        yield f"| {need.name} | {' | '.join(_stay(need, size * _GIB) for size in _DEVICES)} |"


def _stay(need: Need, device_bytes: int) -> str:
    """Return how many models of a kind stay within the budget that the engine chooses for a GPU of that size."""
    count = int(device_bytes * SHARE // need.half_bytes)
    if count:
        return str(count)
    return "alone" if need.half_bytes < device_bytes else "no"


def run() -> None:
    """Print both tables."""
    for line in tables(needs()):
        print(line)
