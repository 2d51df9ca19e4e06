"""How well a model obeys: painted prompts, judged by the pixel classifier.

python -m inference.sample.score [--model FOLDER] [--prompts 200] [--sheet sheet.png]
"""

import argparse
import statistics
from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np
import torch
from diffusers import DDIMScheduler, DiffusionPipeline, StableDiffusionPipeline
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from inference.sample import MODEL_FOLDER
from inference.sample.captions import plain_caption
from inference.sample.classifier import score
from inference.sample.world import SIDE, Scene, random_scene

#: Scenes for the published scores; other seeds are for choosing.
TEST_SEED = 2024
VALIDATION_SEED = 99
ATTRIBUTES = ("background", "colour", "shape", "count", "size", "place", "binding", "all")
_BATCH = 25


def held_out_scenes(count: int, seed: int = TEST_SEED) -> list[tuple[Scene, str]]:
    """Return scenes of every kind, combinations never trained on among them, with a caption each."""
    chance = Random(seed)
    scenes = [random_scene(chance, allow_held_out=True) for _ in range(count)]
    return [(scene, plain_caption(scene, chance)) for scene in scenes]


def paint(
    pipeline: DiffusionPipeline, prompts: Sequence[str], steps: int = 20, guidance: float = 5.0, seed: int = 0
) -> list[NDArray[np.uint8]]:
    """Return a picture (128, 128, 3) for each prompt, by diffusers' own pipeline."""
    generator = torch.Generator().manual_seed(seed)
    pictures: list[NDArray[np.uint8]] = []
    for start in range(0, len(prompts), _BATCH):
        batch = list(prompts[start : start + _BATCH])
        images = pipeline(
            batch,
            num_inference_steps=steps,
            guidance_scale=guidance,
            generator=generator,
            height=SIDE,
            width=SIDE,
            output_type="np",
        ).images
        pictures += [(image * 255).round().astype(np.uint8) for image in images]
    return pictures


def scores(scenes: Sequence[Scene], pictures: Sequence[NDArray[np.uint8]]) -> dict[str, tuple[float, int]]:
    """Return for each attribute the share that is right, and of how many pictures it was judged."""
    marks = [score(scene, picture) for scene, picture in zip(scenes, pictures, strict=True)]
    judged = {name: [mark[name] for mark in marks if name in mark] for name in ATTRIBUTES}
    return {name: (statistics.fmean(values), len(values)) for name, values in judged.items() if values}


def load_pipeline(folder: Path) -> DiffusionPipeline:
    """Return diffusers' pipeline of a model folder, with the DDIM sampler, in full precision."""
    pipeline = StableDiffusionPipeline.from_pretrained(folder, torch_dtype=torch.float32, safety_checker=None)
    pipeline.scheduler = DDIMScheduler.from_config(pipeline.scheduler.config)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def sheet(pictures: Sequence[NDArray[np.uint8]], captions: Sequence[str], columns: int = 8) -> Image.Image:
    """Return a contact sheet with the captions below the pictures."""
    rows = -(-len(pictures) // columns)
    cell = SIDE + 34
    page = Image.new("RGB", (columns * (SIDE + 8), rows * cell), (60, 60, 60))
    draw = ImageDraw.Draw(page)
    for index, (picture, text) in enumerate(zip(pictures, captions, strict=True)):
        x, y = index % columns * (SIDE + 8) + 4, index // columns * cell + 2
        page.paste(Image.fromarray(picture), (x, y))
        draw.multiline_text((x, y + SIDE + 2), _wrapped(text, draw), fill="white", spacing=0)
    return page


def _wrapped(text: str, draw: ImageDraw.ImageDraw) -> str:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if draw.textlength(longer) > SIDE:
            lines.append(word)
        else:
            lines[-1] = longer
    return "\n".join(lines[:3])


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the scores of a model."""
    parser = argparse.ArgumentParser(prog="python -m inference.sample.score", description="Score the sample model.")
    parser.add_argument("--model", type=Path, default=MODEL_FOLDER, help="a model folder; default: the embedded one")
    parser.add_argument("--prompts", type=int, default=200)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--guidance", type=float, default=5.0)
    parser.add_argument("--sheet", type=Path, help="write a contact sheet of the first 48 pictures here")
    options = parser.parse_args(arguments)
    pairs = held_out_scenes(options.prompts)
    captions = [text for _, text in pairs]
    pictures = paint(load_pipeline(options.model), captions, options.steps, options.guidance)
    print(f"{options.prompts} prompts, DDIM, {options.steps} steps, guidance {options.guidance:g}")
    for name, (share, count) in scores([scene for scene, _ in pairs], pictures).items():
        print(f"{name:12} {share:6.1%}  of {count}")
    if options.sheet:
        sheet(pictures[:48], captions[:48]).save(options.sheet)


if __name__ == "__main__":
    main()
