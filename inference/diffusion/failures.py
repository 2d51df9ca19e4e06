"""What can go wrong with one job, and how people are told."""

from inference.diffusion import memory, pictures
from inference.models.errors import ModelError
from inference.protocol.limits import OutOfRange
from inference.protocol.messages import FailureKind


class NonFinite(Exception):
    """The network gave NaN or infinities."""


def explain(error: Exception) -> tuple[FailureKind, str]:
    """Return what kind of failure an exception is, and the words for a person."""
    if isinstance(error, (OutOfRange, pictures.PictureError)):
        return "invalid", str(error)
    if isinstance(error, ModelError):
        return "model", str(error)
    if isinstance(error, NonFinite):
        return "nonfinite", (
            "The model gave no picture but not-a-number values. Half precision is the usual cause: try another VAE, "
            "run the engine with dtype float32 or bfloat16, or use another model."
        )
    if memory.is_out_of_memory(error):
        return "memory", (
            "The device has too little memory for this picture even on its own. Ask for a smaller size, or run the "
            "engine with fewer resident models."
        )
    return "internal", f"The engine failed with {type(error).__name__}. The log of the worker says more."
