"""What a network that judges pictures sees of one: its size, its numbers, and views that leave nothing out."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.models.errors import ModelError

#: As Hugging Face's image processors are described in files.
FILE = "preprocessor_config.json"
CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
#: Views of one picture: enough for the longest that a request may ask for.
MOST_VIEWS = 64
_MOST_SIDE = 4096

Triple = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """How pixels become the numbers that a network takes."""

    #: Of a view, in pixels.
    width: int
    height: int
    #: stretch: the whole picture, whatever its shape. crop: its shorter side is made `edge` long, and the middle cut
    #: out; of a longer picture, the rest as well, in further views.
    resize: Literal["stretch", "crop"] = "crop"
    #: None: as long as the view.
    edge: int | None = None
    resample: Image.Resampling = Image.Resampling.BICUBIC
    #: Pixels 0..255 are multiplied by this, then the mean is taken away, and the rest divided.
    scale: float = 1 / 255
    mean: Triple = (0.0, 0.0, 0.0)
    std: Triple = (1.0, 1.0, 1.0)
    colours: Literal["RGB", "BGR"] = "RGB"

    def __post_init__(self) -> None:
        sides = (self.width, self.height, self.edge or self.width)
        if not all(1 <= side <= _MOST_SIDE for side in sides) or (self.edge or _MOST_SIDE) < max(sides[:2]):
            raise ModelError(f"A checker that looks at {self.width} x {self.height} pixels cannot be used.")
        numbers = (self.scale, *self.mean, *self.std)
        if not all(map(math.isfinite, numbers)) or not all(self.std) or not self.scale:
            raise ModelError("The scale, mean and deviation of a checker must be finite numbers, and not zero.")

    def views(self, picture: Image.Image) -> Iterator[NDArray[np.float32]]:
        """Yield (3, height, width) for each view of an RGB picture, the middle one first."""
        for view in self._views(picture):
            mean, std = np.asarray(self.mean, np.float32), np.asarray(self.std, np.float32)
            pixels: NDArray[np.float32] = (np.asarray(view, np.float32) * np.float32(self.scale) - mean) / std
            if self.colours == "BGR":
                pixels = pixels[:, :, ::-1]
            yield np.ascontiguousarray(pixels.transpose(2, 0, 1))

    def _views(self, picture: Image.Image) -> Iterator[Image.Image]:
        if self.resize == "stretch":
            yield picture.resize((self.width, self.height), self.resample)
            return
        edge = self.edge or max(self.width, self.height)
        shorter = min(picture.size)
        width, height = (max(edge, int(edge * side / shorter)) for side in picture.size)
        resized = picture.resize((width, height), self.resample)
        for top in _starts(height, self.height, edge):
            for left in _starts(width, self.width, edge):
                yield resized.crop((left, top, left + self.width, top + self.height))


def _starts(length: int, side: int, edge: int) -> list[int]:
    """Return where views begin along a side of a picture: the middle first, then those beside it."""
    middle, margin = (length - side) // 2, (edge - side) // 2
    count = min(math.ceil(length / edge), MOST_VIEWS)
    if count == 1:
        return [middle]
    last = length - side - margin
    spread = [round(margin + step * (last - margin) / (count - 1)) for step in range(count)]
    return [middle, *(start for start in spread if start != middle)]


def read_json(path: Path) -> Any:
    """Return what a small JSON file holds. Raises ModelError."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} cannot be read: {error}.") from None


def described(path: Path, side: int) -> Preprocessing:
    """Return what a file of Hugging Face's says; `side` where it tells no size. Raises ModelError."""
    told = read_json(path)
    try:
        crop = bool(told.get("do_center_crop", False))
        size, cut = told.get("size", side), told.get("crop_size", side)
        edge = _edge(size, crop)
        height, width = _sides(cut) if crop else (edge, edge) if edge is not None else _sides(size)
        return Preprocessing(
            width=width,
            height=height,
            resize="stretch" if edge is None else "crop",
            edge=edge,
            resample=Image.Resampling(told.get("resample", Image.Resampling.BICUBIC)),
            scale=float(told.get("rescale_factor", 1 / 255)) if told.get("do_rescale", True) else 1.0,
            mean=_triple(told.get("image_mean", CLIP_MEAN)) if told.get("do_normalize", True) else (0.0, 0.0, 0.0),
            std=_triple(told.get("image_std", CLIP_STD)) if told.get("do_normalize", True) else (1.0, 1.0, 1.0),
        )
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"{path} does not say how pictures are prepared: {error}.") from None


def _edge(size: int | Mapping[str, int], crop: bool) -> int | None:
    """Return how long the shorter side is made; None where the whole picture is stretched."""
    if isinstance(size, Mapping):
        return int(size["shortest_edge"]) if "shortest_edge" in size else None
    return int(size) if crop else None


def _sides(size: int | Mapping[str, int]) -> tuple[int, int]:
    if isinstance(size, Mapping):
        return int(size["height"]), int(size["width"])
    return int(size), int(size)


def _triple(values: Any) -> Triple:
    first, second, third = map(float, values)
    return first, second, third
