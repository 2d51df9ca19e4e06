"""What installed models are, whether they fit the machine, and what a picture of theirs costs."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from bot.errors import UserError
from bot.queue.estimate import Estimator
from bot.services.drafts import Draft, order
from inference.protocol.limits import OutOfRange
from inference.protocol.messages import DeviceInfo, ModelInfo

#: Part of the machine's memory that models may fill where the operator sets no budget.
_SHARE = 0.6
_GB = 10**9


@dataclass(frozen=True, kw_only=True)
class Offered:
    """An installed model."""

    name: str
    family: str
    #: Of its usual picture.
    width: int
    height: int
    #: Of memory that its weights take.
    bytes: int
    #: It fits into the memory for models; None where that is not known.
    fits: bool | None = None
    #: GPU-seconds of one usual picture.
    seconds: float | None = None
    instructs: bool = False
    inpainting: bool = False


def offers(
    models: Sequence[ModelInfo], device: DeviceInfo | None, estimator: Estimator, budget_gb: float = 0.0
) -> tuple[Offered, ...]:
    """Return the models that paint; `budget_gb` is what the operator lets models fill, 0 for a part of the memory."""
    room = budget_gb * _GB or (device.memory_bytes * _SHARE if device is not None else 0.0)
    return tuple(
        Offered(
            name=info.name,
            family=info.family,
            width=info.default_width,
            height=info.default_height,
            bytes=info.bytes,
            fits=info.bytes <= room if room else None,
            seconds=_seconds(info, estimator),
            instructs=info.instructs,
            inpainting=info.inpainting,
        )
        for info in models
        if info.kind == "checkpoint"
    )


def _seconds(info: ModelInfo, estimator: Estimator) -> float | None:
    """Return what one usual picture takes."""
    try:
        recipe = order(Draft(prompt="a usual picture", model=info.name), [_plain(info)]).recipe
    except (UserError, OutOfRange):
        return None
    return estimator.predict(recipe, info.family)


def _plain(info: ModelInfo) -> ModelInfo:
    """Return a model as one that paints from words: a picture that is changed takes about as long."""
    return msgspec.structs.replace(info, instructs=False)
