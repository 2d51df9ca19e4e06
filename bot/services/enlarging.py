"""Ways to make a picture larger, and the network that suits. Pure."""

from collections.abc import Sequence
from typing import Literal, get_args

from bot.services.drafts import find_model
from bot.texts import Mistake
from inference.protocol.messages import ModelInfo

#: "network": an upscaler network, or a filter where there is none. "hires": painted larger from the start. "detail":
#: enlarged, and its details painted anew.
Way = Literal["network", "hires", "detail"]
WAYS: tuple[Way, ...] = get_args(Way)
Factor = Literal[1, 2, 4]
FACTORS: tuple[Factor, ...] = get_args(Factor)
#: The name of the filter among upscalers.
LANCZOS = "lanczos"


def choose_upscaler(name: str | None, factor: int, models: Sequence[ModelInfo]) -> ModelInfo | None:
    """Return the upscaler of that name, or the one that suits a factor best; None for Lanczos's filter.

    Best is one made for that factor, then one that makes it larger, then any. Raises UserError.
    """
    if name is not None:
        return None if name.casefold() == LANCZOS else find_model(name, models, "upscaler")
    installed = [info for info in models if info.kind == "upscaler"]
    return min(installed, key=lambda info: (info.factor != factor, info.factor < factor, info.factor), default=None)


def choose_restorer(name: str | None, models: Sequence[ModelInfo]) -> ModelInfo | None:
    """Return the face restorer of that name, for "" the first that is installed; None for none.

    Raises Mistake where none is installed, UserError for a name that none has.
    """
    if name is None:
        return None
    if name:
        return find_model(name, models, "face_restorer")
    installed = [info for info in models if info.kind == "face_restorer"]
    if not installed:
        raise Mistake("no_face_restorer")
    return installed[0]
