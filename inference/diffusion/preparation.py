"""From a Generate command to states that can take part in a tick."""

from collections.abc import Iterator, Mapping

import msgspec
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from torch import Tensor

from inference.adapters.application import Adapters
from inference.adapters.selection import Selection
from inference.diffusion import pictures
from inference.diffusion.blending import blended
from inference.diffusion.conditioning import ConditioningCache
from inference.diffusion.guidance import Guidance
from inference.diffusion.jobs import Job, Overlay, State
from inference.diffusion.mosaic import Mosaic, Tile, enlarged, seed_of, tiles_of
from inference.diffusion.painting import (
    GuidanceAt,
    GuidanceOf,
    Painting,
    Source,
    first_noise,
    paint,
    total_steps,
)
from inference.diffusion.plans import Plan, plan
from inference.diffusion.regions import shares
from inference.diffusion.surroundings import added, surrounded
from inference.families.base import DiffusionModel
from inference.protocol.limits import MAX_IMAGE_PIXELS, OutOfRange
from inference.protocol.recipe import (
    AdapterUse,
    Blend,
    ContentHash,
    Detail,
    Inpaint,
    Instruct,
    Outpaint,
    Recipe,
    TextToImage,
    picture_of,
)


def prepare(job: Job, model: DiffusionModel, cache: ConditioningCache, adapters: Adapters) -> Iterator[State]:
    """Return the states of a job's pictures or of their tiles, each with its first ask still to be made.

    Raises OutOfRange for what this model cannot do, PictureError for a source picture that cannot be read, ModelError
    for an adapter that is not here or does not fit.
    """
    recipe = job.recipe
    if recipe.style_prompt is not None and model.text_encoders < 2:
        raise OutOfRange("style prompt", "given", "left out: this model has one text encoder, and so takes one prompt")
    _require_kind(recipe, model)
    own_recipes = [picture_of(recipe, index, job.command.words) for index in range(job.command.count)]
    for own in own_recipes:
        plan(own)  # refused before anything is painted
    # Pictures of the same adapters have the same selection, which is found once.
    selections = {own.adapters: adapters.select(own.adapters, model) for own in own_recipes}
    if isinstance(recipe, Detail):
        picture = pictures.decode_upload(job.command.images[recipe.image], max_pixels=MAX_IMAGE_PIXELS)
        details = [own for own in own_recipes if isinstance(own, Detail)]
        return _tiles(job, details, picture, model, cache, selections)
    source, overlay = _source(recipe, job.command.images, model)
    steps = total_steps(recipe)
    states = []
    for index, own in enumerate(own_recipes):
        selection = selections[own.adapters]
        painting = paint(own, model, _guidance_of(own, model, cache, selection), source)
        state = State(job=job, index=index, recipe=own, painting=painting, steps=steps, selection=selection)
        state.overlay = overlay
        states.append(state)
    return iter(states)


def _tiles(
    job: Job,
    recipes: list[Detail],
    picture: Image.Image,
    model: DiffusionModel,
    cache: ConditioningCache,
    selections: Mapping[tuple[AdapterUse, ...], Selection],
) -> Iterator[State]:
    """Give the tiles of each picture; what they start from is made when they begin."""
    for index, own in enumerate(recipes):
        steps = total_steps(own)
        mosaic = Mosaic(own, steps)
        selection = selections[own.adapters]
        for tile in tiles_of(own):
            painting = _tile(own, tile, picture, mosaic, model, cache, selection)
            state = State(job=job, index=index, recipe=own, painting=painting, steps=steps, selection=selection)
            state.tile, state.mosaic = tile, mosaic
            yield state


def _tile(
    recipe: Detail,
    tile: Tile,
    picture: Image.Image,
    mosaic: Mosaic,
    model: DiffusionModel,
    cache: ConditioningCache,
    selection: Selection,
) -> Painting:
    """Paint one tile. It begins with its part of one noise for the whole, so that neighbours agree in their overlap."""
    if mosaic.noise is None:
        mosaic.noise = first_noise(recipe, model, *tile.whole)
    latents = model.encode(_batch(pictures.to_pixels(enlarged(picture, recipe, tile))))[0]
    source = Source(latents=latents, noise=tile.of(mosaic.noise, model.downscale))
    own = msgspec.structs.replace(recipe, seed=seed_of(recipe, tile))
    return (yield from paint(own, model, _guidance_of(recipe, model, cache, selection, tile), source))


def _require_kind(recipe: Recipe, model: DiffusionModel) -> None:
    """Raise OutOfRange unless the model is of the kind that the recipe needs."""
    instruct = isinstance(recipe, Instruct)
    if instruct and not model.instructs:
        raise OutOfRange(
            "model", "an ordinary one", "one that follows instructions (instruct-pix2pix) to change a picture by one"
        )
    if model.instructs and not instruct:
        raise OutOfRange(
            "model", "one that only follows instructions about a picture (instruct-pix2pix)", "an ordinary one for this"
        )


def _guidance_of(
    recipe: Recipe, model: DiffusionModel, cache: ConditioningCache, selection: Selection, tile: Tile | None = None
) -> GuidanceOf:
    def of(width: int, height: int, second_pass: bool) -> GuidanceAt:
        texts = plan(recipe, second_pass)
        found = cache.of(model, texts.texts, width, height, recipe.clip_skip, selection)
        weights = _weights(texts, model, width, height, tile)
        image_scale = recipe.image_guidance_scale if isinstance(recipe, Instruct) else 1.0
        is_one_row = recipe.guidance_scale == image_scale == 1 and texts.is_plain

        def at(step: int) -> Guidance:
            positives = zip(texts.positives, weights, strict=True)
            return Guidance(
                positives=tuple((found[scheduled.at(step)], weight) for (scheduled, _), weight in positives),
                negative=None if is_one_row else found[texts.negative.at(step)],
                scale=recipe.guidance_scale,
                rescale=recipe.guidance_rescale,
                image_scale=image_scale,
            )

        return at

    return of


def _weights(texts: Plan, model: DiffusionModel, width: int, height: int, tile: Tile | None) -> list[float | Tensor]:
    """Return the weight of each text, where there are regions one a cell; for a tile those of its part of the whole."""
    plain = [weight for _, weight in texts.positives]
    if texts.regions is None:
        return [*plain]
    across, down = (width, height) if tile is None else tile.whole
    maps = shares(texts.regions, len(plain), down // model.downscale, across // model.downscale)
    if tile is not None:
        maps = [tile.of(share, model.downscale) for share in maps]
    return [weight * share.to(model.device) for weight, share in zip(plain, maps, strict=True)]


def _source(
    recipe: Recipe, images: Mapping[ContentHash, bytes], model: DiffusionModel
) -> tuple[Source | None, Overlay | None]:
    if isinstance(recipe, TextToImage | Detail):
        return None, None
    if isinstance(recipe, Blend):
        return _blend(recipe, images, model), None
    picture = pictures.decode_upload(images[recipe.image], max_pixels=MAX_IMAGE_PIXELS)
    mask = None
    if isinstance(recipe, Outpaint):
        canvas, mask = surrounded(pictures.fit(picture, *recipe.inner, recipe.fit), recipe), added(recipe)
    else:
        canvas = pictures.fit(picture, recipe.width, recipe.height, recipe.fit)
    if isinstance(recipe, Inpaint):
        mask = _mask(recipe, images[recipe.mask], picture.size)
    pixels = pictures.to_pixels(canvas)
    # A network that follows instructions was trained to see latents as they come from the VAE.
    latents = model.encode(_batch(pixels), scaled=not isinstance(recipe, Instruct))[0]
    if mask is None:
        return Source(latents=latents), None
    cells = F.avg_pool2d(torch.from_numpy(mask)[None, None], model.downscale)[0].to(latents)
    kept = model.encode(_batch(pixels * (mask < 0.5)[..., None]))[0] if model.inpainting else None
    restored = isinstance(recipe, Outpaint) or (isinstance(recipe, Inpaint) and recipe.keep_unmasked)
    overlay = Overlay(pixels=pixels, mask=mask[..., None]) if restored else None
    return Source(latents=latents, mask=cells, kept_latents=kept), overlay


def _blend(recipe: Blend, images: Mapping[ContentHash, bytes], model: DiffusionModel) -> Source:
    """Return what several pictures have in common and what they have apart, as one."""
    latents = []
    for name in recipe.images:
        picture = pictures.decode_upload(images[name], max_pixels=MAX_IMAGE_PIXELS)
        fitted = pictures.fit(picture, recipe.width, recipe.height, recipe.fit)
        latents.append(model.encode(_batch(pictures.to_pixels(fitted)))[0])
    return Source(latents=blended(latents, recipe.shares))


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
