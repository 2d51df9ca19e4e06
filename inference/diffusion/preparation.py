"""From a Generate command to states that can take part in a tick."""

from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from torch import Tensor

from inference.diffusion import pictures
from inference.diffusion.conditioning import ConditioningCache
from inference.diffusion.guidance import Guidance
from inference.diffusion.jobs import Job, Overlay, State
from inference.diffusion.painting import GuidanceAt, GuidanceOf, Source, paint, total_steps
from inference.diffusion.plans import Plan, plan
from inference.diffusion.regions import shares
from inference.diffusion.surroundings import added, surrounded
from inference.families.base import DiffusionModel
from inference.protocol.limits import MAX_IMAGE_PIXELS, OutOfRange
from inference.protocol.recipe import ContentHash, Inpaint, Outpaint, Recipe, TextToImage, picture_of


def prepare(job: Job, model: DiffusionModel, cache: ConditioningCache) -> list[State]:
    """Return the states of a job's pictures, each with its first ask still to be made.

    Raises OutOfRange for what this model cannot do and PictureError for a source picture that cannot be read.
    """
    recipe = job.recipe
    if recipe.adapters:
        raise OutOfRange("adapters", len(recipe.adapters), "empty: this engine does not load adapters yet")
    if recipe.style_prompt is not None and model.text_encoders < 2:
        raise OutOfRange("style prompt", "given", "left out: this model has one text encoder, and so takes one prompt")
    own_recipes = [picture_of(recipe, index, job.command.words) for index in range(job.command.count)]
    for own in own_recipes:
        plan(own)  # refused before anything is painted
    source, overlay = _source(recipe, job.command.images, model)
    steps = total_steps(recipe)
    states = []
    for index, own in enumerate(own_recipes):
        painting = paint(own, model, _guidance_of(own, model, cache), source)
        states.append(State(job=job, index=index, recipe=own, painting=painting, steps=steps, overlay=overlay))
    return states


def _guidance_of(recipe: Recipe, model: DiffusionModel, cache: ConditioningCache) -> GuidanceOf:
    def of(width: int, height: int, second_pass: bool) -> GuidanceAt:
        texts = plan(recipe, second_pass)
        found = cache.of(model, texts.texts, width, height, recipe.clip_skip)
        weights = _weights(texts, model, width, height)

        def at(step: int) -> Guidance:
            positives = zip(texts.positives, weights, strict=True)
            return Guidance(
                positives=tuple((found[scheduled.at(step)], weight) for (scheduled, _), weight in positives),
                negative=None if recipe.guidance_scale == 1 and texts.is_plain else found[texts.negative.at(step)],
                scale=recipe.guidance_scale,
                rescale=recipe.guidance_rescale,
            )

        return at

    return of


def _weights(texts: Plan, model: DiffusionModel, width: int, height: int) -> list[float | Tensor]:
    """Return the weight of each text, where there are regions one a cell."""
    plain = [weight for _, weight in texts.positives]
    if texts.regions is None:
        return [*plain]
    cells = (height // model.downscale, width // model.downscale)
    maps = shares(texts.regions, len(plain), *cells)
    return [weight * share.to(model.device) for weight, share in zip(plain, maps, strict=True)]


def _source(
    recipe: Recipe, images: Mapping[ContentHash, bytes], model: DiffusionModel
) -> tuple[Source | None, Overlay | None]:
    if isinstance(recipe, TextToImage):
        return None, None
    picture = pictures.decode_upload(images[recipe.image], max_pixels=MAX_IMAGE_PIXELS)
    mask = None
    if isinstance(recipe, Outpaint):
        canvas, mask = surrounded(pictures.fit(picture, *recipe.inner, recipe.fit), recipe), added(recipe)
    else:
        canvas = pictures.fit(picture, recipe.width, recipe.height, recipe.fit)
    if isinstance(recipe, Inpaint):
        mask = _mask(recipe, images[recipe.mask], picture.size)
    pixels = pictures.to_pixels(canvas)
    latents = model.encode(_batch(pixels))[0]
    if mask is None:
        return Source(latents=latents), None
    cells = F.avg_pool2d(torch.from_numpy(mask)[None, None], model.downscale)[0].to(latents)
    kept = model.encode(_batch(pixels * (mask < 0.5)[..., None]))[0] if model.inpainting else None
    restored = isinstance(recipe, Outpaint) or (isinstance(recipe, Inpaint) and recipe.keep_unmasked)
    overlay = Overlay(pixels=pixels, mask=mask[..., None]) if restored else None
    return Source(latents=latents, mask=cells, kept_latents=kept), overlay


def _mask(recipe: Inpaint, data: bytes, size: tuple[int, int]) -> NDArray[np.float32]:
    """Return the mask (H, W) in 0..1 at the recipe's size, 1 where it is painted anew."""
    mask = pictures.decode_mask(data, size)
    if recipe.mask_blur:
        mask = mask.filter(ImageFilter.GaussianBlur(recipe.mask_blur))
    return _unit(pictures.fit(mask, recipe.width, recipe.height, recipe.fit))


def _unit(mask: Image.Image) -> NDArray[np.float32]:
    return np.asarray(mask.convert("L"), np.float32) / np.float32(255)


def _batch(pixels: NDArray[np.float32]) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))[None]
