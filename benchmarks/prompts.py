"""What the prompt language does to pictures: painted by the sample model, judged by its pixel classifier."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from PIL import Image

from benchmarks.studio import Studio
from inference.families.base import DiffusionModel
from inference.protocol.messages import Finished
from inference.protocol.recipe import Regions, TextToImage
from inference.sample.captions import article
from inference.sample.classifier import Seen, look
from inference.sample.world import COLOUR_NAMES, SHAPES, SIDE

#: Pictures painted at a time.
_BATCH = 20


@dataclass(frozen=True)
class Finding:
    """One row of the table: what was written, what was looked for, and how often it was there."""

    title: str
    written: str
    looked_for: str
    share: float
    of: int


@dataclass(frozen=True)
class Pair:
    """Two subjects one above the other, which the model never saw, in three ways of writing them."""

    background: str
    upper: tuple[str, str]
    lower: tuple[str, str]

    @property
    def plain(self) -> str:
        """Return one plain prompt."""
        return f"a small {' '.join(self.upper)} at the top and a small {' '.join(self.lower)} at the bottom {self._on}"

    @property
    def joined(self) -> str:
        """Return a prompt for each, joined by AND."""
        return f"{self._upper} :0.6 AND {self._lower} :0.6"

    @property
    def regional(self) -> str:
        """Return the texts of two rows."""
        return f"{self._upper} AND {self._lower}"

    def has_both(self, seen: Seen) -> bool:
        """Tell whether there are two subjects, one in the upper and one in the lower half, whatever they look like."""
        return [each.centre[1] > SIDE / 2 for each in sorted(seen.subjects, key=lambda one: one.centre[1])] == [
            False,
            True,
        ]

    def is_shown(self, seen: Seen) -> bool:
        """Tell whether there are two subjects, each where it belongs, in its own colour and shape."""
        found = sorted(seen.subjects, key=lambda subject: subject.centre[1])
        return [(each.colour, each.shape) for each in found] == [self.upper, self.lower]

    @property
    def _on(self) -> str:
        return f"on {article(self.background)} background"

    @property
    def _upper(self) -> str:
        return f"a small {' '.join(self.upper)} at the top {self._on}"

    @property
    def _lower(self) -> str:
        return f"a small {' '.join(self.lower)} at the bottom {self._on}"


class Painter:
    """Paints prompts with the sample model."""

    def __init__(self, model: DiffusionModel, steps: int = 20) -> None:
        self._model = model
        self._steps = steps

    def see(self, prompts: Sequence[str], negative: str = "", regions: Regions | None = None) -> list[Seen]:
        """Return what the pictures of some prompts show; each has a seed of its own."""
        recipes = [self._recipe(prompt, seed, negative, regions) for seed, prompt in enumerate(prompts)]
        found: list[Seen] = []
        for start in range(0, len(recipes), _BATCH):
            studio = Studio(self._model, max_rows=4 * _BATCH)
            found += [look(_pixels(finished)) for finished in studio.paint(recipes[start : start + _BATCH])]
        return found

    def _recipe(self, prompt: str, seed: int, negative: str, regions: Regions | None) -> TextToImage:
        return TextToImage(
            prompt=prompt,
            negative_prompt=negative,
            regions=regions,
            model=self._model.hash,
            width=SIDE,
            height=SIDE,
            steps=self._steps,
            sampler="dpmpp_2m",
            schedule="karras",
            guidance_scale=5.0,
            seed=seed,
        )


def measure(model: DiffusionModel, pictures: int = 40, note: Callable[[Finding], None] = lambda finding: None) -> None:
    """Measure everything with so many pictures a row; `note` is called with each finding."""
    painter = Painter(model)

    def found(title: str, written: str, looked_for: str, marks: Sequence[bool]) -> None:
        note(Finding(title, written, looked_for, sum(marks) / len(marks), len(marks)))

    for weight in (0.4, 0.7, 0.85, 1.0, 1.15, 1.3, 1.6):
        prompt = f"a (red:{weight:g}) or (blue:{2 - weight:g}) circle on a white background"
        seen = painter.see([prompt] * pictures)
        found("weights", prompt, "red", [subject_colour(each) == "red" for each in seen])
    for when in ("0.05", "0.1", "0.15", "0.2", "0.3", "0.5", "0.9"):
        prompt = f"a [red:blue:{when}] circle on a white background"
        seen = painter.see([prompt] * pictures)
        found("editing", prompt, "red", [subject_colour(each) == "red" for each in seen])
    prompt = "a red or blue circle on a white background"
    for negative in ("", "red", "blue"):
        seen = painter.see([prompt] * pictures, negative)
        found(
            "negative",
            f"{prompt}; negative: {negative or '-'}",
            "red",
            [subject_colour(each) == "red" for each in seen],
        )
    for style in ("{prompt}", "{prompt}, green background"):
        seen = painter.see([style.replace("{prompt}", "a red star")] * pictures)
        found("style", f"a red star, in the style {style!r}", "green", [each.background == "green" for each in seen])
    pairs = _pairs(pictures)
    rows = Regions(direction="rows", ratios=(1, 1))
    for title, prompts, regions in (
        ("plain", [pair.plain for pair in pairs], None),
        ("AND", [pair.joined for pair in pairs], None),
        ("regions", [pair.regional for pair in pairs], rows),
    ):
        seen = painter.see(prompts, regions=regions)
        both = list(zip(pairs, seen, strict=True))
        found(title, prompts[0], "two, above and below", [pair.has_both(each) for pair, each in both])
        found(title, prompts[0], "and each as it was said", [pair.is_shown(each) for pair, each in both])


def subject_colour(seen: Seen) -> str | None:
    """Return the colour of the largest subject."""
    return seen.subjects[0].colour if seen.subjects else None


def _pairs(count: int) -> list[Pair]:
    chance = Random(77)
    pairs = []
    for _ in range(count):
        background, *colours = chance.sample(COLOUR_NAMES, 3)
        shapes = chance.sample(SHAPES, 2)
        pairs.append(Pair(background, (colours[0], shapes[0]), (colours[1], shapes[1])))
    return pairs


def _pixels(finished: Finished) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(finished.pictures[0].data)).convert("RGB"))
