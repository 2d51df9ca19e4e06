"""Pictures that people send: the engine's worker looks at them, never this process.

Here is what is asked of it, and the words for what is wrong.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bot.texts import Mistake
from inference.protocol.limits import MAX_IMAGE_BYTES, MAX_IMAGE_PIXELS
from inference.protocol.marks import Mark
from inference.protocol.messages import Examined, Problem, ProblemCode

#: `examine` of an engine, or of whoever speaks for it.
Examine = Callable[[bytes, Mark | None], Awaitable[Examined]]

_TEXTS: Mapping[ProblemCode, str] = {
    "none": "image_none",
    "damaged": "image_damaged",
    "pixels": "image_pixels",
    "side": "image_side",
    "internal": "image_unknown",
    "box": "mask_box",
    "colour": "mask_colour_none",
    "shape": "mask_shape",
    "nothing": "mask_nothing",
    "everything": "mask_everything",
}


@dataclass(frozen=True)
class Looked:
    """A picture as people see it, turned upright, and the mask that was asked for."""

    width: int
    height: int
    #: A part of it, and not the whole, is transparent.
    transparent: bool = False
    #: A PNG of the picture's size; white is painted anew.
    mask: bytes | None = None


async def look(
    examine: Examine, name: str, data: bytes, mask: Mark | None = None, mask_name: str | None = None
) -> Looked:
    """Have a picture looked at, and a mask made for it; the names are those of the files.

    Raises Mistake for what cannot be painted from and for an engine that is too busy to answer, EngineDead.
    """
    require_bytes(name, len(data))
    try:
        found = await examine(data, mask)
    except TimeoutError as error:
        raise Mistake("prompt_busy") from error
    if found.problem is not None:
        raise _mistake(found.problem, name if found.problem.of == "picture" else mask_name or name)
    return Looked(found.width, found.height, found.transparent, found.mask)


def require_bytes(name: str, size: int) -> None:
    """Raise Mistake for a file of so many bytes if that is too many; known before it is fetched."""
    if size > MAX_IMAGE_BYTES:
        raise Mistake("image_bytes", name=name, most=MAX_IMAGE_BYTES // 2**20)


def _mistake(problem: Problem, name: str) -> Mistake:
    values: dict[str, object] = {**problem.values, "name": name}
    if problem.code == "pixels":
        values["most"] = MAX_IMAGE_PIXELS // 10**6
    return Mistake(_TEXTS[problem.code], **values)
