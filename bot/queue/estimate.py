"""How long pictures take: learned from those that are finished, by model, size and rows of the batch."""

import json
import math
from collections import deque
from statistics import median
from typing import Any, Self

from inference.prompt.composition import subprompts
from inference.prompt.networks import strip
from inference.protocol.names import EVALUATIONS
from inference.protocol.recipe import (
    Blend,
    ContentHash,
    Detail,
    HiresFix,
    ImageToImage,
    Inpaint,
    Instruct,
    Outpaint,
    Recipe,
    TextToImage,
)

#: Family -> pixels of its usual picture, and seconds of one evaluation of one row at that size on a middling GPU.
_PRIORS = {"sd1": (512 * 512, 0.06), "sd2": (512 * 512, 0.06), "sdxl": (1024 * 1024, 0.5)}
#: Of a family that is not known.
_PRIOR = _PRIORS["sd1"]
#: Attention grows with the square of the pixels, the rest in proportion.
_PIXEL_EXPONENT = 1.15
#: Seconds of an evaluation, however small.
_LEAST_SECONDS = 0.005
#: Evaluations that the text encoder and the VAE are worth.
_AROUND = 2
#: Pictures that a median is taken of: half of them may be outliers, and a changed machine is learned in as many.
_WINDOW = 15
#: Kinds of pictures that are remembered; the longest unseen is forgotten first.
_MOST_KINDS = 2000
#: Seconds for a million pixels of a picture made larger, by a network on a middling GPU, and by a filter.
_ENLARGING_SECONDS = 1.0
_FILTER_SECONDS = 0.2
#: Seconds of loading a model that was never loaded.
_LOADING_SECONDS = 10.0
_VERSION = 1


class Estimator:
    """Predicts seconds from medians of how much longer pictures took than a first guess from pixels and family.

    There is a median for all pictures, one for each family, each model, and each model, size and rows. A finer median
    counts the coarser one as one more picture: nothing is ever unknown, and of three pictures two outvote an odd one.
    """

    def __init__(self) -> None:
        self._ratios: dict[str, deque[float]] = {}
        self._loads: dict[str, deque[float]] = {}
        self._enlarging: dict[str, deque[float]] = {}

    # Predicting -----------------------------------------------------------------------------------------------------

    def evaluation_seconds(self, model: ContentHash, family: str, width: int, height: int, rows: int) -> float:
        """Return the seconds of one pass of the network over `rows` rows of a size in pixels."""
        ratio = 1.0
        for kind in _kinds(model, family, width, height, rows):
            if kind in self._ratios:
                ratio = median((*self._ratios[kind], ratio))
        return ratio * _guess(family, width, height, rows)

    def batch_seconds(self, recipe: Recipe, family: str, rows: int) -> float:
        """Return the seconds from a picture's first step to its last in a batch that has `rows` rows all the while."""
        return sum(
            evaluations * self.evaluation_seconds(recipe.model, family, width, height, rows)
            for width, height, evaluations in passes(recipe)
        )

    def predict(self, recipe: Recipe, family: str, rows: int | None = None) -> float:
        """Return the GPU-seconds of one picture: its part of a batch of `rows` rows, or all of one of its own."""
        own = rows_of(recipe)
        rows = max(own, rows or own)
        return self.batch_seconds(recipe, family, rows) * own / rows

    def loading_seconds(self, model: ContentHash) -> float:
        """Return the seconds that loading a model takes."""
        known = self._loads.get(model) or [each for loads in self._loads.values() for each in loads]
        return median(known) if known else _LOADING_SECONDS

    def enlarging_seconds(self, model: ContentHash | None, pixels: int) -> float:
        """Return the seconds that making a picture larger takes, by a network or by a filter, to so many pixels."""
        known = self._enlarging.get(model or "", ())
        guess = _FILTER_SECONDS if model is None else _ENLARGING_SECONDS
        return float(median((*known, guess))) * pixels / 10**6

    def eta_seconds(
        self, ahead_seconds: float, recipe: Recipe, family: str, parallel_rows: int, count: int = 1
    ) -> float:
        """Return the seconds until `count` pictures are done that wait behind so many GPU-seconds, models apart.

        `ahead_seconds` are of pictures alone, as `predict` tells; `parallel_rows` are those of the engine's passes.
        """
        own = rows_of(recipe)
        rows = max(own, parallel_rows)
        at_once = rows // own
        faster = min(1.0, self.predict(recipe, family, rows) / self.predict(recipe, family))
        turns, rest = divmod(count, at_once)
        own_seconds = turns * self.batch_seconds(recipe, family, at_once * own)
        if rest:
            own_seconds += self.batch_seconds(recipe, family, rest * own)
        return ahead_seconds * faster + own_seconds

    # Learning -------------------------------------------------------------------------------------------------------

    def learn(self, recipe: Recipe, family: str, rows: int, seconds: float) -> None:
        """Take in that a picture took `seconds` from first step to last, in a batch of about `rows` rows.

        One in tiles teaches nothing: how many of them shared passes is not known. Raises ValueError unless the seconds
        are finite and above 0.
        """
        _require_seconds(seconds)
        if isinstance(recipe, Detail) and recipe.tiles > 1:
            return
        rows = max(rows, rows_of(recipe))
        took_longer = seconds / self.batch_seconds(recipe, family, rows)
        found = [
            (kinds, took_longer * self.evaluation_seconds(*size) / _guess(*size[1:]))
            for width, height, _ in passes(recipe)
            for size in [(recipe.model, family, width, height, rows)]
            for kinds in [_kinds(*size)]
        ]
        for kinds, ratio in found:
            for kind in kinds:
                _remember(self._ratios, kind, ratio)

    def learn_loading(self, model: ContentHash, seconds: float) -> None:
        """Take in what a model's loading took. Raises ValueError unless the seconds are finite and above 0."""
        _require_seconds(seconds)
        _remember(self._loads, model, seconds)

    def learn_enlarging(self, model: ContentHash | None, pixels: int, seconds: float) -> None:
        """Take in what making a picture larger took, as `enlarging_seconds` tells it.

        Raises ValueError unless the seconds are finite and above 0.
        """
        _require_seconds(seconds)
        _remember(self._enlarging, model or "", seconds * 10**6 / pixels)

    # Keeping --------------------------------------------------------------------------------------------------------

    def to_json(self) -> str:
        """Return what was learned."""
        windows = {
            name: {kind: list(window) for kind, window in kept.items()}
            for name, kept in (("ratios", self._ratios), ("loads", self._loads), ("enlarging", self._enlarging))
        }
        return json.dumps({"version": _VERSION} | windows)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Return an estimator that learned what `to_json` wrote. Raises ValueError for anything else."""
        try:
            document = json.loads(text)
            if document["version"] != _VERSION:
                raise ValueError(f"version {document['version']} is not known")
            estimator = cls()
            estimator._ratios = _windows(document["ratios"])
            estimator._loads = _windows(document["loads"])
            estimator._enlarging = _windows(document.get("enlarging", {}))
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
            raise ValueError(f"this is not what an estimator learned: {error}") from error
        return estimator


def rows_of(recipe: Recipe) -> int:
    """Return the rows that a picture has in a pass: one for each text that AND joins, and an unconditional one.

    An instruction has one more that does not see its picture, but at an image guidance scale of 1.
    """
    joined = subprompts(strip(recipe.prompt).text)
    plain = len(joined) == 1 and joined[0].weight == 1
    blind = isinstance(recipe, Instruct) and recipe.image_guidance_scale != 1
    return len(joined) + (0 if plain and recipe.guidance_scale == 1 and not blind else 1) + blind


def passes(recipe: Recipe) -> list[tuple[int, int, int]]:
    """Return width, height and evaluations of each pass of a recipe, the text encoder's and the VAE's work included."""
    steps, sampler = recipe.steps, recipe.sampler
    if isinstance(recipe, ImageToImage | Inpaint | Outpaint | Blend | Detail):
        steps = int(steps * recipe.strength)
    tiles = recipe.tiles if isinstance(recipe, Detail) else 1
    found = [(recipe.width, recipe.height, tiles * (_evaluations(sampler, steps) + _AROUND))]
    if isinstance(recipe, TextToImage) and isinstance(recipe.hires, HiresFix):
        hires = recipe.hires
        steps = int((hires.steps or recipe.steps) * hires.strength)
        found.append((hires.width, hires.height, _evaluations(hires.sampler or sampler, steps) + _AROUND))
    return found


def _evaluations(sampler: str, steps: int) -> int:
    return steps * EVALUATIONS.get(sampler, 1)


def _guess(family: str, width: int, height: int, rows: int) -> float:
    """Return the seconds of one evaluation, from pixels and family."""
    pixels, seconds = _PRIORS.get(family, _PRIOR)
    return _LEAST_SECONDS + rows * seconds * math.pow(width * height / pixels, _PIXEL_EXPONENT)


def _kinds(model: ContentHash, family: str, width: int, height: int, rows: int) -> tuple[str, str, str, str]:
    """Return the keys of the medians that concern a pass, the coarsest first."""
    return "all", f"family {family}", f"model {model}", f"model {model} {width}x{height} rows {rows}"


def _remember(windows: dict[str, deque[float]], key: str, value: float) -> None:
    window = windows.pop(key, None) or deque(maxlen=_WINDOW)
    window.append(value)
    windows[key] = window
    if len(windows) > _MOST_KINDS:
        del windows[next(iter(windows))]


def _windows(document: dict[str, Any]) -> dict[str, deque[float]]:
    windows = {str(kind): deque(map(float, values), maxlen=_WINDOW) for kind, values in document.items()}
    for window in windows.values():
        if not window:
            raise ValueError("a median of nothing")
        for value in window:
            _require_seconds(value)
    return windows


def _require_seconds(value: float) -> None:
    if not (value > 0 and math.isfinite(value)):
        raise ValueError(f"seconds is {value}, but must be finite and above 0")
