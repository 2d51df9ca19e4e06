"""Faces and eyes are found in a real portrait, turned, large, many and small; nothing is found where no face is."""

import math
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from skimage import data as photographs

from inference.models.errors import ModelError
from inference.vision.faces import MOST_FACES, FaceFinder, Found
from tests.inference.vision.house import EYES, crowd, portrait


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder()


@pytest.mark.parametrize("degrees", [0, 15, -15, 35, -30])
def test_a_face_is_found_with_its_eyes_however_it_is_turned(finder: FaceFinder, degrees: int) -> None:
    found = finder.find(portrait().rotate(degrees))
    (face,) = found.faces
    turn = complex(math.cos(math.radians(degrees)), -math.sin(math.radians(degrees)))
    for eye, wanted in zip(face.eyes, EYES, strict=True):
        assert abs(eye - ((wanted - (256 + 256j)) * turn + (256 + 256j))) < 9
    assert 80 < face.side < 115
    assert (found.surplus, found.tiny) == (0, 0)


def test_a_large_picture_has_the_same_face(finder: FaceFinder) -> None:
    (face,) = finder.find(portrait().resize((2560, 2560))).faces
    for eye, wanted in zip(face.eyes, EYES, strict=True):
        assert abs(eye / 5 - wanted) < 5


def test_of_many_faces_some_are_left(finder: FaceFinder) -> None:
    assert len(finder.find(crowd(3, 2)).faces) == 6
    found = finder.find(crowd(5, 4))
    assert (len(found.faces), found.surplus, found.tiny) == (MOST_FACES, 20 - MOST_FACES, 0)


def test_the_largest_is_the_first(finder: FaceFinder) -> None:
    picture = Image.new("RGB", (700, 400))
    picture.paste(crowd(1, 1), (20, 20))
    picture.paste(crowd(1, 1).resize((320, 320)), (300, 40))
    first, second = finder.find(picture).faces
    assert first.middle.real > 300 > second.middle.real
    assert first.side > 1.5 * second.side


def test_small_faces_are_counted_and_left(finder: FaceFinder) -> None:
    assert finder.find(portrait().resize((158, 158), Image.Resampling.BOX)) == Found(faces=(), tiny=1)


@pytest.mark.parametrize("name", ["coffee", "chelsea", "rocket"])
def test_cups_cats_and_rockets_have_no_faces(finder: FaceFinder, name: str) -> None:
    assert finder.find(Image.fromarray(getattr(photographs, name)())) == Found(faces=())


@pytest.mark.parametrize("size", [(1, 1), (3, 500), (2000, 2), (64, 64)])
def test_odd_pictures_have_no_faces(finder: FaceFinder, size: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    assert finder.find(Image.fromarray(noise)) == Found(faces=())


@pytest.mark.parametrize("cv2", [None, SimpleNamespace(__version__="5.0.0", data=SimpleNamespace(haarcascades="/"))])
def test_without_the_cascades_people_are_told_what_to_install(cv2: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", cv2)
    with pytest.raises(ModelError, match=r"Faces are found by OpenCV 4 .* Run pip install .* '\.\[upscale\]'"):
        FaceFinder()
