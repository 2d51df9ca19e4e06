"""Faces are brought to the networks' place and back: the arithmetic, the pixels, and that nothing else changes."""

import cmath
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from inference.vision import alignment
from inference.vision.alignment import EYES, aligned, between, from_face, put_back, sampled

places = st.complex_numbers(max_magnitude=4096, allow_nan=False, allow_infinity=False)
turns = st.builds(cmath.rect, st.floats(1, 2000), st.floats(-math.pi, math.pi))


def eyes_at(middle: complex, apart: float, degrees: float) -> tuple[complex, complex]:
    half = cmath.rect(apart / 2, math.radians(degrees))
    return middle - half, middle + half


def smooth(width: int, height: int) -> NDArray[np.uint8]:
    """Return a picture of slow waves, which can be sampled anew with little loss."""
    x, y = np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height)
    waves = [np.sin(4 * x + 3 * y), np.cos(5 * x - y), np.sin(3 * y - 2 * x)]
    return np.rint(np.stack(waves, axis=-1) * 100 + 127).astype(np.uint8)


@given(here=st.tuples(places, turns), there=st.tuples(places, turns), place=places)
def test_a_way_brings_both_places_and_leads_back(
    here: tuple[complex, complex], there: tuple[complex, complex], place: complex
) -> None:
    first, second = (here[0], here[0] + here[1]), (there[0], there[0] + there[1])
    way = between(first, second)
    least = 1e-6 * (1 + way.scale)
    assert abs(way(first[0]) - second[0]) < least and abs(way(first[1]) - second[1]) < least
    assert abs(way.inverse()(way(place)) - place) < 1e-6 * (1 + 1 / way.scale)
    assert abs(way.then(way.inverse())(place) - place) < 1e-6 * (1 + 1 / way.scale)
    assert way.scale == pytest.approx(abs(there[1]) / abs(here[1]))


@pytest.mark.parametrize("degrees", [0.0, -25.0, 40.0])
@pytest.mark.parametrize("apart", [24.0, 126.0, 700.0])
def test_the_eyes_come_to_their_places(apart: float, degrees: float) -> None:
    eyes = eyes_at(900 + 800j, apart, degrees)
    x, y = np.meshgrid(np.arange(1800) + 0.5, np.arange(1600) + 0.5)
    dots = sum(np.exp(-(np.abs(x + 1j * y - eye) ** 2) / (apart / 12) ** 2) for eye in eyes)
    face = aligned(np.repeat(np.rint(dots * 255).astype(np.uint8)[..., None], 3, axis=2), eyes)
    assert face.shape == (512, 512, 3)
    weight = face[..., 0].astype(float)
    places = np.arange(512) + 0.5
    for half, eye in ((slice(0, 256), EYES[0]), (slice(256, 512), EYES[1])):
        part = weight[:, half]
        seen = complex((part.sum(0) * places[half]).sum() / part.sum(), (part.sum(1) * places).sum() / part.sum())
        assert abs(seen - eye) < 0.5


@pytest.mark.parametrize("factor", [1, 2, 4])
@pytest.mark.parametrize(
    "eyes", [eyes_at(200 + 180j, 50, 0), eyes_at(210 + 190j, 90, 20), eyes_at(200 + 200j, 200, -10), (5 + 6j, 60 + 2j)]
)
def test_a_network_that_changes_nothing_gives_back_the_picture(eyes: tuple[complex, complex], factor: int) -> None:
    source = smooth(400, 380)
    larger = np.asarray(Image.fromarray(source).resize((400 * factor, 380 * factor), Image.Resampling.BICUBIC))
    canvas = larger.copy()
    put_back(canvas, aligned(source, eyes), from_face(eyes, factor))
    difference = np.abs(canvas.astype(int) - larger)
    assert difference.max() <= 4 and difference.mean() < 0.3


def seen(shape: tuple[int, int], eyes: tuple[complex, complex], factor: int) -> NDArray[np.float64]:
    """Return how far each pixel is from the ellipse's middle, 1 on its edge."""
    x, y = np.meshgrid(np.arange(shape[1]) + 0.5, np.arange(shape[0]) + 0.5)
    back = from_face(eyes, factor).inverse()
    off = (x + 1j * y) * back.turn + back.shift - (256 + 274j)
    return np.hypot(off.real / 175, off.imag / 220)


@pytest.mark.parametrize("eyes", [eyes_at(90 + 70j, 30, 15), eyes_at(30 + 20j, 60, -20), (170 + 100j, 230 + 100j)])
def test_outside_of_the_ellipse_nothing_changes(eyes: tuple[complex, complex]) -> None:
    before = np.random.default_rng(0).integers(0, 200, (360, 400, 3), dtype=np.uint8)
    after = before.copy()
    put_back(after, np.full((512, 512, 3), 255, np.uint8), from_face(eyes, 2))
    away = seen((360, 400), eyes, 2)
    assert np.array_equal(after[away >= 1], before[away >= 1])
    assert (after[away < 0.7] == 255).all()
    edge = after[(away > 0.75) & (away < 0.85)]
    assert len(edge) and (edge < 255).any()
    assert (after >= before).all()


def test_a_face_beside_the_picture_changes_nothing() -> None:
    before = smooth(80, 60)
    for middle in (-900 + 20j, 20 - 900j, 900 + 20j, 20 + 900j):
        after = before.copy()
        put_back(after, np.zeros((512, 512, 3), np.uint8), from_face(eyes_at(middle, 30, 0)))
        assert np.array_equal(after, before)


def test_strength_is_how_much_of_the_face_shows() -> None:
    eyes = eyes_at(100 + 90j, 40, 0)
    face = np.full((512, 512, 3), 200, np.uint8)
    results = []
    for strength in (0.0, 0.25, 1.0):
        canvas = np.full((200, 200, 3), 100, np.uint8)
        put_back(canvas, face, from_face(eyes), strength)
        results.append(int(canvas[100, 100, 0]))
        assert strength or (canvas == 100).all()
    assert results == [100, 125, 200]


def test_a_large_face_is_put_back_in_bands_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    eyes = eyes_at(500 + 450j, 380, 12)
    whole = np.full((1100, 1000, 3), 30, np.uint8)
    bands = whole.copy()
    face = smooth(512, 512)
    monkeypatch.setattr(alignment, "_BAND", 5000)
    put_back(whole, face, from_face(eyes))
    monkeypatch.setattr(alignment, "_BAND", 77)
    put_back(bands, face, from_face(eyes))
    assert (whole != 30).any()
    assert np.abs(whole.astype(int) - bands).max() <= 1


def test_what_becomes_smaller_is_averaged() -> None:
    stripes = np.zeros((600, 600, 3), np.uint8)
    stripes[:, ::2] = 200
    small = sampled(stripes, between((0j, 10 + 0j), (5 + 5j, 85 + 5j)), 60, 60)
    assert np.abs(small.astype(int) - 100).max() <= 12


def test_beyond_the_sides_these_go_on() -> None:
    face = aligned(np.full((40, 30, 3), (10, 120, 230), np.uint8), (2 + 2j, 9 + 2j))
    assert (face == (10, 120, 230)).all()
