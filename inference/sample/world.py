"""The sample model's world: coloured shapes on plain backgrounds, and how they are drawn."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

#: Pixels of a side.
SIDE = 128

COLOURS: Mapping[str, tuple[int, int, int]] = MappingProxyType(
    {
        "red": (216, 32, 36),
        "orange": (250, 140, 20),
        "yellow": (250, 224, 40),
        "green": (32, 160, 64),
        "blue": (36, 72, 216),
        "purple": (136, 44, 172),
        "white": (244, 244, 244),
        "black": (14, 14, 16),
    }
)
COLOUR_NAMES = tuple(COLOURS)
SHAPES = ("circle", "square", "triangle", "star", "heart", "cross")
#: Size -> the range of a single subject's radius in pixels.
SIZES: Mapping[str, tuple[int, int]] = MappingProxyType({"small": (16, 20), "medium": (25, 33), "large": (40, 48)})
#: Place -> a single subject's centre (x, y) in pixels.
PLACES: Mapping[str, tuple[int, int]] = MappingProxyType(
    {"center": (64, 64), "left": (34, 64), "right": (94, 64), "top": (64, 34), "bottom": (64, 94)}
)

#: How far colours stray from their names', in units of 0..255.
_COLOUR_JITTER = 6
_SUPERSAMPLING = 4

Palette = Mapping[str, tuple[int, int, int]]
Polygon = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Subject:
    """What is drawn."""

    colour: str
    shape: str


@dataclass(frozen=True)
class Scene:
    """A picture in words: one subject once or several times, or two different ones side by side."""

    background: str
    subjects: tuple[Subject, ...]
    #: Copies of a single subject, 1 to 3.
    count: int = 1
    size: str = "medium"
    place: str = "center"


@dataclass(frozen=True)
class Placed:
    """A subject where it is drawn: centre and radius in pixels."""

    subject: Subject
    x: float
    y: float
    radius: float


def _star() -> Polygon:
    def point(index: int) -> tuple[float, float]:
        radius, angle = (1.08 if index % 2 == 0 else 0.43), index * math.pi / 5
        return radius * math.sin(angle), -radius * math.cos(angle) + 0.06

    return tuple(point(index) for index in range(10))


def _heart() -> Polygon:
    def point(index: int) -> tuple[float, float]:
        t = index / 60 * 2 * math.pi
        height = 13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)
        return 16 * math.sin(t) ** 3 / 16.5, -height / 16.5 - 0.12

    return tuple(point(index) for index in range(60))


def _cross(arm: float = 0.32) -> Polygon:
    quarter = [(-arm, -1.0), (arm, -1.0), (arm, -arm)]
    turned = [quarter]
    for _ in range(3):
        turned.append([(-y, x) for x, y in turned[-1]])
    return tuple(point for part in turned for point in part)


def _circle() -> Polygon:
    return tuple((math.cos(i / 32 * math.pi) * 0.98, math.sin(i / 32 * math.pi) * 0.98) for i in range(64))


#: Shape -> its outline, about one unit from the centre to the edge.
OUTLINES: Mapping[str, Polygon] = MappingProxyType(
    {
        "circle": _circle(),
        "square": ((-0.86, -0.86), (0.86, -0.86), (0.86, 0.86), (-0.86, 0.86)),
        "triangle": ((0, -1), (1, 0.8), (-1, 0.8)),
        "star": _star(),
        "heart": _heart(),
        "cross": _cross(),
    }
)


def coverage(shape: str, x: float, y: float, radius: float) -> NDArray[np.float32]:
    """Return how much of each pixel a shape covers: (128, 128) in 0..1, smooth at its edge."""
    scale = _SUPERSAMPLING
    mask = Image.new("L", (SIDE * scale, SIDE * scale), 0)
    points = [((x + px * radius) * scale, (y + py * radius) * scale) for px, py in OUTLINES[shape]]
    ImageDraw.Draw(mask).polygon(points, fill=255)
    return np.asarray(mask.reduce(scale), np.float32) / np.float32(255)


def render(scene: Scene, random: Random, palette: Palette = COLOURS) -> NDArray[np.uint8]:
    """Draw a scene, (128, 128, 3); colour, size and place stray a little from what the words say."""
    colours: dict[str, NDArray[np.float32]] = {}

    def colour(name: str) -> NDArray[np.float32]:
        if name not in colours:
            stray = [random.uniform(-_COLOUR_JITTER, _COLOUR_JITTER) for _ in range(3)]
            colours[name] = np.clip(np.array(palette[name], np.float32) + np.array(stray, np.float32), 0, 255)
        return colours[name]

    picture = np.empty((SIDE, SIDE, 3), np.float32)
    picture[:] = colour(scene.background)
    for placed in arrange(scene, random):
        mask = coverage(placed.subject.shape, placed.x, placed.y, placed.radius)[..., None]
        picture = picture * (1 - mask) + colour(placed.subject.colour) * mask
    return np.clip(picture + 0.5, 0, 255).astype(np.uint8)


def arrange(scene: Scene, random: Random) -> list[Placed]:
    """Return where a scene's subjects are drawn, a little different each time."""
    if len(scene.subjects) == 2:
        return _side_by_side(scene, random)
    if scene.count > 1:
        return _in_a_row(scene, random)
    return [_single(scene, random)]


def _side_by_side(scene: Scene, random: Random) -> list[Placed]:
    radius, y = random.uniform(18, 23), 64 + _jitter(random, 6)
    return [
        Placed(subject, x + _jitter(random, 4), y + _jitter(random, 3), radius + _jitter(random, 1))
        for subject, x in zip(scene.subjects, (34, 94), strict=True)
    ]


#: Pixels at least between copies.
_GAP = 1.5
#: Copies -> centres, their jitter, and the radius by size.
_ROWS: Mapping[int, tuple[tuple[int, ...], float, Mapping[str, tuple[float, float]]]] = MappingProxyType(
    {
        2: ((34, 94), 2.5, {"small": (15, 17), "medium": (19, 23), "large": (26, 29)}),
        3: ((22, 64, 106), 1.5, {"small": (14, 15), "medium": (15.5, 18), "large": (18, 20)}),
    }
)


def _in_a_row(scene: Scene, random: Random) -> list[Placed]:
    centres, stray, radii = _ROWS[scene.count]
    (subject,) = scene.subjects
    radius, y = random.uniform(*radii[scene.size]), 64 + _jitter(random, 5)
    width = radius * 2 * max(x for x, _ in OUTLINES[subject.shape])
    while True:
        xs = [x + _jitter(random, stray) for x in centres]
        # Copies that touch would be one.
        if min(right - left for left, right in pairwise(xs)) >= width + _GAP:
            return [Placed(subject, x, y, radius) for x in xs]


def _single(scene: Scene, random: Random) -> Placed:
    radius = random.uniform(*SIZES[scene.size])
    x, y = PLACES[scene.place]
    if scene.place == "center":
        stray = {"small": 12, "medium": 10, "large": 5}[scene.size]
        return Placed(scene.subjects[0], x + _jitter(random, stray), y + _jitter(random, stray), radius)

    def inside(value: float) -> float:
        return min(max(value, radius + 3), SIDE - radius - 3)

    return Placed(scene.subjects[0], inside(x + _jitter(random, 5)), inside(y + _jitter(random, 5)), radius)


def _jitter(random: Random, amount: float) -> float:
    return random.uniform(-amount, amount)


def held_out(background: str, subject: Subject) -> bool:
    """Tell whether a combination is never trained on: about 6 % of them, to see whether the model generalises."""
    key = (
        COLOUR_NAMES.index(background) * 31 + COLOUR_NAMES.index(subject.colour) * 7 + SHAPES.index(subject.shape) * 13
    )
    return key % 17 == 0


def random_scene(random: Random, allow_held_out: bool = False, kind: str | None = None) -> Scene:
    """Return a scene: `kind` is "one" subject, "several" copies, a "pair", or None for a mixture of them."""
    background, first = _combination(random, allow_held_out)
    kind = kind or random.choices(["one", "several", "pair"], [0.72, 0.13, 0.15])[0]
    if kind == "pair":
        while True:
            second = Subject(_other_colour(random, background), random.choice(SHAPES))
            if second != first and not held_out(background, second):
                return Scene(background, (first, second))
    size = random.choices(list(SIZES), [0.25, 0.5, 0.25])[0]
    if kind == "several":
        return Scene(background, (first,), random.choice([2, 3]), "medium" if random.random() < 0.6 else size)
    place = random.choices(list(PLACES), [0.6, 0.1, 0.1, 0.1, 0.1])[0]
    return Scene(background, (first,), 1, size, place)


def _combination(random: Random, allow_held_out: bool) -> tuple[str, Subject]:
    while True:
        background = random.choice(COLOUR_NAMES)
        subject = Subject(_other_colour(random, background), random.choice(SHAPES))
        if allow_held_out or not held_out(background, subject):
            return background, subject


def _other_colour(random: Random, colour: str) -> str:
    return random.choice([name for name in COLOUR_NAMES if name != colour])
