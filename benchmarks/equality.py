"""Our pictures against those of diffusers' own pipelines: the same weights, words, first latents and noise."""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, get_args

import diffusers
import numpy as np
import torch
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from PIL import Image
from torch import Tensor

from benchmarks.references import Reference
from inference.adapters.application import Adapters
from inference.diffusion.conditioning import ConditioningCache
from inference.diffusion.guidance import Guidance
from inference.diffusion.jobs import Job
from inference.diffusion.noise import BrownianNoise, IndependentNoise, initial, seeded
from inference.diffusion.preparation import prepare
from inference.diffusion.samplers import SAMPLERS, Noise, Sampling
from inference.diffusion.sigmas import NoiseTable
from inference.families.base import DiffusionModel
from inference.protocol.messages import Generate, JobId
from inference.protocol.recipe import ContentHash, ImageToImage, Inpaint, Instruct, Recipe, TextToImage

#: From words; from a picture; its masked part from the picture, and from noise; a picture changed as it is told.
Task = Literal["text", "image", "inpaint", "repaint", "instruct"]
TASKS: tuple[Task, ...] = get_args(Task)

SIDE = 64
#: Denoising strength of each task that starts from a picture.
STRENGTHS: Mapping[Task, float] = {"image": 0.6, "inpaint": 0.6, "repaint": 1.0}
_CELLS = (4, SIDE // 8, SIDE // 8)
_SEED = 5
_SCALE = 5.0
_IMAGE_SCALE = 1.5
_WORDS = {"prompt": "a red circle on a blue background", "negative_prompt": "green"}
_IMAGE, _MASK = ContentHash("1" * 64), ContentHash("2" * 64)


@dataclass(frozen=True)
class Difference:
    """How far our result is from theirs."""

    #: Largest difference of the final latents, relative to the largest of theirs.
    latents: float
    #: Largest difference of the pixels, which are in 0..1.
    pixels: float


def tasks_for(model: DiffusionModel, reference: Reference) -> list[Task]:
    """Return the tasks in which ours and theirs mean the same, so that their results can be compared."""
    if not reference.same_as_recipe:
        special = model.inpainting or model.instructs
        return ["text"] if not special and _told(model, reference, "text") else []
    possible: tuple[Task, ...] = ("text", "image", "inpaint", "repaint")
    if model.instructs:
        possible = ("instruct",)
    elif model.inpainting:
        possible = ("inpaint", "repaint")
    return [task for task in possible if _told(model, reference, task)]


def _told(model: DiffusionModel, reference: Reference, task: Task) -> bool:
    return task not in reference.apart and model.prediction not in reference.apart


def compare(model: DiffusionModel, pipeline: Any, reference: Reference, task: Task = "text") -> Difference:
    """Paint by both and compare. `pipeline` is diffusers' own for text to image, of the same weights as `model`."""
    with torch.inference_mode(), _modes_of_the_vae():
        ours = _by_recipe(model, reference, task) if reference.same_as_recipe else _by_sampler(model, reference)
        theirs = _by_pipeline(pipeline, model, reference, task)
        decoded = pipeline.vae.decode(theirs[None] / pipeline.vae.config.scaling_factor).sample
        pixels = (model.decode(ours[None]).clamp(-1, 1) - decoded.clamp(-1, 1)).abs().max() / 2
        return Difference(latents=float((ours - theirs).abs().max() / theirs.abs().max()), pixels=float(pixels))


def source_picture() -> Image.Image:
    """Return a picture to start from: smooth, colourful, and at the size that it is painted at."""
    ys, xs = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    planes = [xs, ys, (1 + np.sin(9 * xs + 5 * ys)) / 2]
    return Image.fromarray((np.stack(planes, -1) * 255).astype(np.uint8))


def mask_picture() -> Image.Image:
    """Return a mask whose edges lie between latent cells, where both programs mean the same by it."""
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[16:56, 8:40] = 255
    return Image.fromarray(mask)


def _by_recipe(model: DiffusionModel, reference: Reference, task: Task) -> Tensor:
    """Return our final latents (C, h, w), painted as the engine does."""
    images = {} if task == "text" else {_IMAGE: _png(source_picture()), _MASK: _png(mask_picture())}
    command = Generate(job=JobId("a"), recipe=_recipe(model, reference, task), images=images)
    adapters = Adapters(None, model.device, model.dtype)
    (state,) = prepare(Job(command=command, arrival=0), model, ConditioningCache(adapters), adapters)
    finished = state.advance(None)
    while finished is None:
        assert state.ask is not None
        ask = state.ask
        finished = state.advance(_answer(model, ask.guidance, ask.x, ask.sigma, ask.concat))
    return finished


def _recipe(model: DiffusionModel, reference: Reference, task: Task) -> Recipe:
    common: dict[str, Any] = {
        **_WORDS,
        "model": model.hash,
        "width": SIDE,
        "height": SIDE,
        "steps": reference.steps,
        "sampler": reference.sampler,
        "schedule": reference.schedule,
        "guidance_scale": _SCALE,
        "seed": _SEED,
        "eta": reference.options.get("eta"),
    }
    if task == "text":
        return TextToImage(**common)
    common["image"] = _IMAGE
    if task == "instruct":
        return Instruct(**common, image_guidance_scale=_IMAGE_SCALE)
    common["strength"] = STRENGTHS[task]
    return ImageToImage(**common) if task == "image" else Inpaint(**common, mask=_MASK, mask_blur=0)


def _by_sampler(model: DiffusionModel, reference: Reference) -> Tensor:
    """Return our final latents (C, h, w) with settings of the sampler or the levels that no recipe asks for."""
    table, sampler = model.table, SAMPLERS[reference.sampler]
    levels = reference.levels(table)
    generator = seeded(_SEED)
    x = initial(_CELLS, generator) * sampler.initial_scale(levels[0])
    source: Noise
    if reference.noise == "brownian":
        source = BrownianNoise(_CELLS, reference.config["noise_sampler_seed"], levels)
    else:
        source = IndependentNoise(_CELLS, generator)
    options = {"table": table} if sampler.takes_table else {}
    steps: Sampling = sampler.function(x, levels, source, **options, **reference.options)
    negative, positive = model.condition(
        [_WORDS["negative_prompt"], _WORDS["prompt"]], width=SIDE, height=SIDE, clip_skip=1
    )
    guidance = Guidance(positives=((positive, 1.0),), negative=negative, scale=_SCALE)
    with _timesteps(model, reference.timesteps):
        x, sigma = next(steps)
        while True:
            try:
                x, sigma = steps.send(_answer(model, guidance, x, sigma, None))
            except StopIteration as end:
                result: Tensor = end.value
                return result


def _answer(model: DiffusionModel, guidance: Guidance, x: Tensor, sigma: float, concat: Tensor | None) -> Tensor:
    rows = guidance.rows
    sigmas = torch.full((len(rows),), sigma, dtype=torch.float64)
    several = None if concat is None else guidance.seen(concat)
    denoised = model.denoise(x.expand(len(rows), *x.shape), sigmas, rows, several)
    return guidance.combine(x, sigma, denoised, model.prediction)


def _by_pipeline(pipeline: Any, model: DiffusionModel, reference: Reference, task: Task) -> Tensor:
    """Return the final latents (C, h, w) of diffusers' pipeline."""
    generator = seeded(_SEED)
    more: dict[str, Any] = {"num_inference_steps": reference.their_steps or reference.steps}
    pipeline = _for_task(pipeline, task)
    if task == "text":
        more |= {"width": SIDE, "height": SIDE}
    if task in ("text", "instruct"):
        more["latents"] = reference.pipeline_latents(initial(_CELLS, generator)[None], model.table)
    if task == "instruct":
        more |= {"image": source_picture(), "image_guidance_scale": _IMAGE_SCALE}
    elif task != "text":
        more |= {"image": source_picture(), "strength": STRENGTHS[task]}
    if task in ("inpaint", "repaint"):
        more |= {"mask_image": mask_picture(), "width": SIDE, "height": SIDE}
    if "eta" in reference.step_arguments:
        more["eta"] = reference.step_arguments["eta"]
    pipeline.scheduler = _scheduler(reference, model, generator)
    result = pipeline(**_WORDS, **more, guidance_scale=_SCALE, generator=generator, output_type="latent")
    latents: Tensor = result.images[0]
    return reference.in_our_scale(latents, model.table)


def _for_task(pipeline: Any, task: Task) -> Any:
    if task in ("text", "instruct") or isinstance(pipeline, diffusers.StableDiffusionInpaintPipeline):
        return pipeline
    auto = diffusers.AutoPipelineForImage2Image if task == "image" else diffusers.AutoPipelineForInpainting
    other = auto.from_pipe(pipeline)
    other.set_progress_bar_config(disable=True)
    return other


def _scheduler(reference: Reference, model: DiffusionModel, generator: torch.Generator) -> Any:
    scheduler = reference.make_scheduler(prediction_type=model.prediction)
    if reference.noise == "injected":
        begin = scheduler.set_timesteps

        def set_timesteps(*args: Any, **kwargs: Any) -> None:
            begin(*args, **kwargs)
            scheduler.noise_sampler = IndependentNoise(_CELLS, generator)

        scheduler.set_timesteps = set_timesteps
    return scheduler


@contextmanager
def _timesteps(model: DiffusionModel, kind: Literal["exact", "rounded", "truncated"]) -> Iterator[None]:
    """Show the network only whole timesteps, as some of diffusers' schedulers do."""
    if kind == "exact":
        yield
        return
    exact = model.table
    model.table = _WholeTimesteps(exact, kind)  # type: ignore[assignment]
    try:
        yield
    finally:
        model.table = exact


class _WholeTimesteps:
    def __init__(self, table: NoiseTable, kind: Literal["rounded", "truncated"]) -> None:
        self._table, self._kind = table, kind

    def timesteps(self, sigmas: Tensor) -> Tensor:
        """Return the timesteps of sigmas without their fractions. Theirs are float32 first, so 999 may become 998."""
        exact = self._table.timesteps(sigmas)
        return exact.round() if self._kind == "rounded" else (exact - 1e-4).clamp_min(0).floor()


@contextmanager
def _modes_of_the_vae() -> Iterator[None]:
    """Let diffusers take the mode of what its VAE encodes, as we do, rather than a sample."""
    sample = DiagonalGaussianDistribution.sample
    DiagonalGaussianDistribution.sample = lambda self, generator=None: self.mode()
    try:
        yield
    finally:
        DiagonalGaussianDistribution.sample = sample


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
