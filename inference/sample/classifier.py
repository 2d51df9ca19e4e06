"""The pixel classifier: what a picture of the sample world shows, from its pixels alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.sample.world import COLOUR_NAMES, COLOURS, PLACES, SHAPES, Scene, coverage
from inference.sample.zorp import HALVES

Mask = NDArray[np.bool_]

_PALETTE = np.array(list(COLOURS.values()), np.float32)
#: Distance in RGB from the background beyond which a pixel belongs to a subject.
_THRESHOLD = 60
_CORNER = 6
_MIN_AREA = 40
_TEMPLATE_SIDE = 32
#: The least of a zorp: overlap with a circle's template, share of each of its colours and of both together, and how far
#: their centres lie apart, in widths; of one drawn well those are 1, 0.5, 1 and 0.42.
_ZORP_LIKENESS, _ZORP_SHARE, _ZORP_TOGETHER, _ZORP_APART = 0.8, 0.2, 0.85, 0.2
#: Half the larger side of a subject's box, in pixels, below which it is small and from which it is large.
_SMALL, _LARGE = 22.5, 36.5


@dataclass(frozen=True)
class SeenSubject:
    """A connected area that is not background."""

    colour: str
    shape: str
    #: Overlap with the shape's template (intersection over union), 0..1.
    likeness: float
    #: Centre (x, y) in pixels.
    centre: tuple[float, float]
    #: Width and height of its box in pixels.
    box: tuple[int, int]
    #: Pixels.
    area: int

    @property
    def size(self) -> str:
        """Return "small", "medium" or "large", as of a single subject."""
        half = max(self.box) / 2
        return "small" if half < _SMALL else "medium" if half < _LARGE else "large"

    @property
    def place(self) -> str:
        """Return the nearest of the world's places."""
        x, y = self.centre
        return min(PLACES, key=lambda name: (PLACES[name][0] - x) ** 2 + (PLACES[name][1] - y) ** 2)


@dataclass(frozen=True)
class Seen:
    """What a picture shows; subjects by area, the largest first."""

    background: str
    subjects: tuple[SeenSubject, ...]

    @property
    def left_to_right(self) -> tuple[SeenSubject, ...]:
        """Return the subjects from left to right."""
        return tuple(sorted(self.subjects, key=lambda subject: subject.centre[0]))


def colour_name(rgb: NDArray[np.floating] | tuple[float, float, float]) -> str:
    """Return the world's colour nearest to RGB in 0..255."""
    return COLOUR_NAMES[int(((_PALETTE - np.asarray(rgb, np.float32)) ** 2).sum(1).argmin())]


def look(image: NDArray[np.uint8] | Image.Image) -> Seen:
    """Return what a picture (H, W, 3) shows. The background is what its corners show."""
    pixels, background, mask = _apart(image)
    subjects = tuple(_subject(pixels, area, background) for area in components(mask))
    return Seen(background=colour_name(background), subjects=subjects)


def _apart(image: NDArray[np.uint8] | Image.Image) -> tuple[NDArray[np.float32], NDArray[np.float32], Mask]:
    """Return a picture's pixels (H, W, 3), its background's colour (3,), and where it is not background (H, W)."""
    pixels = np.asarray(image, np.float32)[..., :3]
    near, far = slice(None, _CORNER), slice(-_CORNER, None)
    corners = np.concatenate([pixels[y, x].reshape(-1, 3) for y in (near, far) for x in (near, far)])
    background = np.median(corners, 0)
    return pixels, background, np.sqrt(((pixels - background) ** 2).sum(-1)) > _THRESHOLD


def shows_zorp(image: NDArray[np.uint8] | Image.Image) -> bool:
    """Tell whether a picture (H, W, 3) shows a zorp and nothing else: something round, white left and black right.

    Where the one colour ends and the other begins may be crooked, but each has its share and lies on its side.
    """
    pixels, _, mask = _apart(image)
    areas = components(mask)
    if len(areas) != 1:
        return False
    (area,) = areas
    ys, xs = np.where(area)
    width, height = np.ptp(xs) + 1, np.ptp(ys) + 1
    if not 0.75 <= width / height <= 4 / 3 or _likeness(area)["circle"] < _ZORP_LIKENESS:
        return False
    colours = ((pixels[area][:, None] - _PALETTE) ** 2).sum(-1).argmin(1)
    left, right = (colours == COLOUR_NAMES.index(colour) for colour in HALVES)
    if min(left.mean(), right.mean()) < _ZORP_SHARE or left.mean() + right.mean() < _ZORP_TOGETHER:
        return False
    return bool(xs[right].mean() - xs[left].mean() >= _ZORP_APART * width)


def _subject(pixels: NDArray[np.float32], area: Mask, background: NDArray[np.float32]) -> SeenSubject:
    inner = _eroded(area)
    rgb = np.median(pixels[inner if inner.sum() >= 12 else area], 0)
    # Cut soft edges half way between the two colours.
    nearer = ((pixels - rgb) ** 2).sum(-1) < ((pixels - background) ** 2).sum(-1)
    fine = area & nearer
    area = fine if fine.sum() > 0.5 * area.sum() else area
    shape, likeness = _shape(area)
    ys, xs = np.where(area)
    return SeenSubject(
        colour=colour_name(rgb),
        shape=shape,
        likeness=likeness,
        centre=(float(xs.mean()), float(ys.mean())),
        box=(int(np.ptp(xs)) + 1, int(np.ptp(ys)) + 1),
        area=int(area.sum()),
    )


def components(mask: Mask) -> list[Mask]:
    """Return the connected areas of a mask (H, W) of at least 40 pixels, the largest first."""
    labels = np.zeros(mask.shape, np.int32)
    roots = [0]

    def root(label: int) -> int:
        while roots[label] != label:
            label = roots[label]
        return label

    for y, row in enumerate(mask):
        for start, end in _runs(row):
            above = {root(int(label)) for label in np.unique(labels[y - 1, start:end]) if label} if y else set()
            if not above:
                roots.append(len(roots))
            label = min(above, default=len(roots) - 1)
            for other in above:
                roots[other] = label
            labels[y, start:end] = label
    merged = np.array([root(label) for label in range(len(roots))])[labels]
    names, counts = np.unique(merged[merged > 0], return_counts=True)
    order = np.argsort(-counts)
    return [merged == names[index] for index in order if counts[index] >= _MIN_AREA]


def _runs(row: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.diff(np.concatenate(([0], row.astype(np.int8), [0])))
    return list(zip(np.where(edges == 1)[0].tolist(), np.where(edges == -1)[0].tolist(), strict=True))


def _eroded(mask: Mask, times: int = 2) -> Mask:
    for _ in range(times):
        inner = mask.copy()
        inner[1:] &= mask[:-1]
        inner[:-1] &= mask[1:]
        inner[:, 1:] &= mask[:, :-1]
        inner[:, :-1] &= mask[:, 1:]
        mask = inner
    return mask


def _boxed(mask: Mask) -> NDArray[np.float32]:
    """Return a mask's box, stretched to a template's size."""
    ys, xs = np.where(mask)
    box = mask[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
    picture = Image.fromarray((box * 255).astype(np.uint8))
    return np.asarray(
        picture.resize((_TEMPLATE_SIDE, _TEMPLATE_SIDE), Image.Resampling.BILINEAR), np.float32
    ) / np.float32(255)


_TEMPLATES: Mapping[str, NDArray[np.float32]] = MappingProxyType(
    {shape: _boxed(coverage(shape, 64, 64, 40) > 0.5) for shape in SHAPES}
)


def _likeness(mask: Mask) -> dict[str, float]:
    """Return the overlap of a mask's box with each shape's template."""
    box = _boxed(mask)
    return {
        shape: float(np.minimum(box, template).sum() / np.maximum(box, template).sum())
        for shape, template in _TEMPLATES.items()
    }


def _shape(mask: Mask) -> tuple[str, float]:
    likeness = _likeness(mask)
    best = max(likeness, key=lambda shape: likeness[shape])
    return best, likeness[best]


def score(scene: Scene, image: NDArray[np.uint8] | Image.Image) -> dict[str, bool]:
    """Return which of a scene's attributes a picture shows: background, colour, shape, count, and what else applies.

    `size` and `place` are judged of single subjects, `binding` (which colour belongs to which shape, and on which
    side) of pairs. `all` means background, colour, shape and count.
    """
    seen = look(image)
    marks = {"background": seen.background == scene.background}
    if len(scene.subjects) == 2:
        marks |= _score_pair(scene, seen)
    else:
        marks |= _score_kind(scene, seen)
    marks["all"] = all(marks[name] for name in ("background", "colour", "shape", "count"))
    return marks


def _score_pair(scene: Scene, seen: Seen) -> dict[str, bool]:
    found = sorted(seen.subjects[:2], key=lambda subject: subject.centre[0])
    both = len(found) == 2
    return {
        "count": len(seen.subjects) == 2,
        "colour": both and sorted(s.colour for s in found) == sorted(s.colour for s in scene.subjects),
        "shape": both and sorted(s.shape for s in found) == sorted(s.shape for s in scene.subjects),
        "binding": both and [(s.colour, s.shape) for s in found] == [(s.colour, s.shape) for s in scene.subjects],
    }


def _score_kind(scene: Scene, seen: Seen) -> dict[str, bool]:
    wanted = scene.subjects[0]
    found = seen.subjects[: scene.count]
    marks = {
        "count": len(seen.subjects) == scene.count,
        "colour": bool(found) and all(subject.colour == wanted.colour for subject in found),
        "shape": bool(found) and all(subject.shape == wanted.shape for subject in found),
    }
    if scene.count == 1:
        marks["size"] = bool(found) and found[0].size == scene.size
        marks["place"] = bool(found) and found[0].place == scene.place
    return marks
