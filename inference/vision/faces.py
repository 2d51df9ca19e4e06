"""Where the faces are in a picture, and their eyes.

Found by the cascades of Haar features that come with OpenCV (Viola and Jones 2001; Lienhart and Maydt 2002): they are
part of its package, so that nothing has to be fetched, and need no GPU. They find faces that look into the picture,
upright or somewhat tilted. Profiles are not found, which networks that restore faces do badly anyway.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.extras import to_install
from inference.models.errors import ModelError
from inference.vision.alignment import Similarity, sampled

#: More faces than these are left as they are, the smallest first.
MOST_FACES = 16
#: Sides in pixels of the smallest faces that are restored: of less, networks make strangers.
LEAST_SIDE = 32
#: The longer side of the picture that is searched: faces narrower than a thirtieth of it are not found.
_SEARCHED_SIDE = 800
_LEAST_SEARCHED = 24
#: Of tilted faces: to find small ones takes most of the time.
_LEAST_TILTED = 48
#: Turns in degrees by which a picture is searched, besides none.
_TILTS = (-28.0, 28.0)
#: How often a place must be taken for a face.
_NEIGHBOURS = 5
#: Side of the square in which the eyes of one face are looked for, and how far it reaches beyond the face.
_FACE_SIDE = 192
_AROUND = 0.25
#: Where eyes are in a face that is found, in parts of its side; used where they are not found themselves.
_USUAL_EYES = (0.28 + 0.37j, 0.72 + 0.37j)
#: How far from there they may be.
_EYE_REACH = 0.16


@dataclass(frozen=True)
class Face:
    """A face in a picture, in its pixels."""

    #: The left and the right one as they are seen.
    eyes: tuple[complex, complex]
    middle: complex
    #: Of the square from brow to chin.
    side: float


@dataclass(frozen=True)
class Found:
    """The faces of a picture."""

    #: The largest first, MOST_FACES at most.
    faces: tuple[Face, ...]
    #: Faces that are left as they are: there are too many, or they are too small.
    surplus: int = 0
    tiny: int = 0


class FaceFinder:
    """Finds faces. Not thread-safe: one thread calls it at a time."""

    def __init__(self) -> None:
        """Read the cascades. Raises ModelError where OpenCV is not installed, or is one without them."""
        try:
            self._cv2: Any = import_module("cv2")
            folder = Path(self._cv2.data.haarcascades)
            self._first, self._second, *self._eyes = (
                self._cascade(folder / f"haarcascade_{name}.xml")
                for name in ("frontalface_alt2", "frontalface_default", "eye", "eye_tree_eyeglasses")
            )
        except (ImportError, AttributeError, FileNotFoundError) as error:
            raise ModelError(
                f"Faces are found by OpenCV 4 (opencv-python-headless), which is missing ({error}). "
                f"{to_install('upscale')}"
            ) from error

    def _cascade(self, path: Path) -> Any:
        cascade = self._cv2.CascadeClassifier(str(path))
        if cascade.empty():
            raise FileNotFoundError(path.name)
        return cascade

    def find(self, picture: Image.Image) -> Found:
        """Return the faces of a picture. What is taken for a face has two eyes, or is found in two ways."""
        grey = np.asarray(picture.convert("L"))
        shrunk = max(1.0, max(picture.size) / _SEARCHED_SIDE)
        width, height = (max(1, round(length / shrunk)) for length in picture.size)
        searched = np.asarray(Image.fromarray(grey).resize((width, height), Image.Resampling.BOX))
        faces: list[Face] = []
        for tilt in (0.0, *_TILTS):
            way = _turned_about(complex(width, height) / 2, tilt)
            turned = searched if tilt == 0 else sampled(searched, way, width, height)
            to_picture = way.then(Similarity(complex(shrunk), 0j))
            least = _LEAST_SEARCHED if tilt == 0 else _LEAST_TILTED
            for left, top, side, _ in self._places(self._first, turned, least):
                box = Similarity(complex(side), complex(left, top)).then(to_picture)
                middle = box(0.5 + 0.5j)
                known = any(abs(middle - other.middle) < max(box.scale, other.side) / 2 for other in faces)
                if not known and (face := self._face(grey, box)) is not None:
                    faces.append(face)
        return _chosen(faces)

    def _face(self, grey: NDArray[np.uint8], box: Similarity) -> Face | None:
        """Return the face in a square that `box` brings the unit square to; None where there is none after all."""
        side = round(_FACE_SIDE * (1 + 2 * _AROUND))
        to_box = Similarity(1 / complex(_FACE_SIDE), -_AROUND * (1 + 1j))
        close = sampled(grey, to_box.then(box), side, side)
        eyes = self._pair(close, to_box)
        if eyes is None and not len(self._places(self._second, close, _FACE_SIDE // 2)):
            return None
        left, right = eyes or _USUAL_EYES
        return Face(eyes=(box(left), box(right)), middle=box(0.5 + 0.5j), side=box.scale)

    def _pair(self, close: NDArray[np.uint8], to_box: Similarity) -> tuple[complex, complex] | None:
        """Return the two eyes in parts of the face's side, by the first cascade that finds both; None for none."""
        for cascade in self._eyes:
            places = self._places(cascade, close, _FACE_SIDE // 8, most=_FACE_SIDE // 2)
            middles = [to_box(complex(left + width / 2, top + height / 2)) for left, top, width, height in places]
            left, right = (_nearest(middles, usual) for usual in _USUAL_EYES)
            if left is not None and right is not None:
                return left, right
        return None

    def _places(
        self, cascade: Any, grey: NDArray[np.uint8], least: int, most: int = 0
    ) -> Sequence[tuple[int, int, int, int]]:
        """Return left, top, width and height of what a cascade finds, the largest first."""
        places = cascade.detectMultiScale(
            np.ascontiguousarray(grey),
            scaleFactor=1.1,
            minNeighbors=_NEIGHBOURS,
            minSize=(least, least),
            maxSize=(most, most),
        )
        found = [(int(left), int(top), int(width), int(height)) for left, top, width, height in places]
        return sorted(found, key=lambda place: (-place[2], place))


def _turned_about(middle: complex, degrees: float) -> Similarity:
    turn = complex(math.cos(math.radians(degrees)), math.sin(math.radians(degrees)))
    return Similarity(turn, middle - middle * turn)


def _nearest(places: Iterable[complex], usual: complex) -> complex | None:
    """Return the place nearest to where an eye usually is; None where all are too far away."""
    near = [place for place in places if abs(place - usual) < _EYE_REACH]
    return min(near, key=lambda place: abs(place - usual), default=None)


def _chosen(faces: Sequence[Face]) -> Found:
    """Return the largest faces, and how many are left out."""
    large = sorted((face for face in faces if face.side >= LEAST_SIDE), key=lambda face: -face.side)
    return Found(faces=tuple(large[:MOST_FACES]), surplus=max(0, len(large) - MOST_FACES), tiny=len(faces) - len(large))
