"""How faces are restored in a picture that is made larger: a face at a time, after the tiles."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from inference.vision.alignment import aligned, from_face, put_back
from inference.vision.enlargement import Enlarging, Step
from inference.vision.faces import MOST_FACES, Face, Found

#: Brings an aligned face (512, 512, 3) to what it should look like.
Restore = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]


def restore(
    larger: Enlarging | NDArray[np.uint8],
    source: NDArray[np.uint8],
    faces: Sequence[Face],
    network: Restore,
    factor: int,
    strength: float = 1.0,
) -> Enlarging:
    """Make a picture larger, where that is still to be done, and put its faces, restored, into it.

    The faces are taken from the source (H, W, 3), which has what the network was trained to read. Stops after each
    tile and each face. Raises what `larger` and the network raise.
    """
    done = 0
    if isinstance(larger, np.ndarray):
        canvas = np.array(larger)
    else:
        while True:
            try:
                step = next(larger)
            except StopIteration as end:
                canvas = np.array(end.value)
                break
            done = step.done
            yield replace(step, total=step.total + len(faces))
    for number, face in enumerate(faces, 1):
        restored = network(aligned(source, face.eyes))
        put_back(canvas, restored, from_face(face.eyes, factor), strength)
        yield Step(done=done + number, total=done + len(faces))
    return canvas


def words(found: Found) -> list[str]:
    """Return what people are told of faces that are left as they are."""
    told = []
    if not found.faces and not found.tiny:
        told.append("No face was found in the picture, so none is restored.")
    if found.tiny:
        are = "face is" if found.tiny == 1 else "faces are"
        told.append(f"{found.tiny} {are} too small to be restored.")
    if found.surplus:
        told.append(f"There are more than {MOST_FACES} faces; the {MOST_FACES} largest are restored.")
    return told
