"""How each kind of recipe is painted: a generator of asks, from first noise to last latents.

A painting yields an `Ask` whenever it needs the network and is sent the guided clean latents; its return value is
the finished latents. It knows nothing of other pictures, of batches or of files; the engine answers whom it likes,
when it likes.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from inference.diffusion import noise, sigmas
from inference.diffusion.guidance import Guidance
from inference.diffusion.samplers import SAMPLERS, Noise, Sampler, Sampling
from inference.families.base import DiffusionModel
from inference.protocol.recipe import (
    BaseRecipe,
    Blend,
    Detail,
    HiresFix,
    ImageToImage,
    Inpaint,
    Instruct,
    Outpaint,
    Recipe,
    TextToImage,
)


@dataclass(frozen=True, eq=False)
class Ask:
    """One picture's need of one answer from the network."""

    #: Shape: (C, h, w) float32, `x0 + sigma * noise`.
    x: Tensor
    sigma: float
    guidance: Guidance
    #: Shape: (5, h, w). Mask and masked latents for an inpainting network; (C, h, w) the picture's latents for one that
    #: follows instructions; else None.
    concat: Tensor | None
    #: Steps done so far, over all passes; never goes back.
    step: int


@dataclass(frozen=True, eq=False)
class Source:
    """The picture that a recipe starts from, as latents."""

    #: Shape: (C, h, w) float32; for an instruction as the VAE gives them, not scaled.
    latents: Tensor
    #: Shape: (1, h, w) float32 in 0..1, 1 where it is painted anew; None without a mask.
    mask: Tensor | None = None
    #: Shape: (C, h, w) float32. The picture without its masked part, for an inpainting network.
    kept_latents: Tensor | None = None
    #: Shape: (C, h, w) float32. A tile's part of the first noise of the whole picture; None draws it.
    noise: Tensor | None = None


#: Gives the guidance of an evaluation of one pass, counted from 0.
GuidanceAt = Callable[[int], Guidance]
#: Gives that of a pass of a width and height in pixels; the second pass of hires fix is told from the first.
GuidanceOf = Callable[[int, int, bool], GuidanceAt]
Painting = Generator[Ask, Tensor, Tensor]


def total_steps(recipe: Recipe) -> int:
    """Return how many steps all passes of a recipe take; of a picture in tiles, those of one tile."""
    match recipe:
        case TextToImage(hires=HiresFix() as hires):
            return recipe.steps + sigmas.steps_for_strength(hires.steps or recipe.steps, hires.strength)
        case ImageToImage() | Inpaint() | Outpaint() | Detail() | Blend():
            return sigmas.steps_for_strength(recipe.steps, recipe.strength)
        case _:
            return recipe.steps


def paint(recipe: Recipe, model: DiffusionModel, guidance_of: GuidanceOf, source: Source | None) -> Painting:
    """Return the painting of one picture, or of one of its tiles."""
    match recipe:
        case TextToImage():
            return _text_to_image(recipe, model, guidance_of)
        case ImageToImage() | Inpaint() | Outpaint() | Detail() | Blend():
            if source is None:
                raise ValueError(f"{type(recipe).__name__} needs a source picture")
            return _from_source(recipe, model, guidance_of, source)
        case Instruct():
            if source is None:
                raise ValueError("Instruct needs a source picture")
            return _instruct(recipe, model, guidance_of, source.latents)


def first_noise(recipe: BaseRecipe, model: DiffusionModel, width: int, height: int) -> Tensor:
    """Return the noise (C, h, w) that a picture of a size in pixels begins with."""
    return _NoiseStream(recipe, model).initial(width, height)


def _text_to_image(recipe: TextToImage, model: DiffusionModel, guidance_of: GuidanceOf) -> Painting:
    stream = _NoiseStream(recipe, model)
    sampler = SAMPLERS[recipe.sampler]
    levels = _levels(recipe, model, recipe.sampler, recipe.steps)
    x = stream.initial(recipe.width, recipe.height) * sampler.initial_scale(levels[0])
    concat = _blank_concat(model, x) if model.inpainting else None
    guidance = guidance_of(recipe.width, recipe.height, False)
    x = yield from _asks(stream.run(sampler, x, levels), levels, guidance, concat, 0)
    if recipe.hires is not None:
        x = yield from _second_pass(recipe, recipe.hires, model, guidance_of, stream, x)
    return x


def _second_pass(
    recipe: TextToImage,
    hires: HiresFix,
    model: DiffusionModel,
    guidance_of: GuidanceOf,
    stream: "_NoiseStream",
    x: Tensor,
) -> Painting:
    """Enlarge the first pass's latents, add noise and denoise again, as AUTOMATIC1111 does."""
    mode = {"latent": "bilinear", "latent_bicubic": "bicubic", "latent_nearest": "nearest-exact"}[hires.upscaler]
    size = (hires.height // model.downscale, hires.width // model.downscale)
    x = F.interpolate(x[None], size=size, mode=mode)[0]
    key = hires.sampler or recipe.sampler
    levels = sigmas.for_strength(_levels(recipe, model, key, hires.steps or recipe.steps), hires.strength)
    if len(levels) < 2:
        return x
    x = x + stream.fresh(x) * levels[0]
    concat = _blank_concat(model, x) if model.inpainting else None
    guidance = guidance_of(hires.width, hires.height, True)
    return (yield from _asks(stream.run(SAMPLERS[key], x, levels), levels, guidance, concat, recipe.steps))


def _from_source(
    recipe: ImageToImage | Inpaint | Outpaint | Detail | Blend,
    model: DiffusionModel,
    guidance_of: GuidanceOf,
    source: Source,
) -> Painting:
    stream = _NoiseStream(recipe, model)
    sampler = SAMPLERS[recipe.sampler]
    levels = sigmas.for_strength(_levels(recipe, model, recipe.sampler, recipe.steps), recipe.strength)
    if len(levels) < 2:
        return source.latents
    first = stream.initial(recipe.width, recipe.height) if source.noise is None else source.noise
    from_noise = isinstance(recipe, Inpaint | Outpaint) and recipe.strength == 1
    x = first * sampler.initial_scale(levels[0]) if from_noise else source.latents + first * levels[0]
    steps: Sampling = stream.run(sampler, x, levels)
    concat = None
    if model.inpainting:
        concat = _blank_concat(model, x) if source.mask is None else _concat(source)
    elif source.mask is not None:
        steps = _kept_outside_mask(steps, source.latents, source.mask, first, from_noise)
    guidance = guidance_of(recipe.width, recipe.height, False)
    return (yield from _asks(steps, levels, guidance, concat, 0))


def _instruct(recipe: Instruct, model: DiffusionModel, guidance_of: GuidanceOf, seen: Tensor) -> Painting:
    """Paint from noise alone: the network sees the picture in every pass (Brooks et al. 2023)."""
    stream = _NoiseStream(recipe, model)
    sampler = SAMPLERS[recipe.sampler]
    levels = _levels(recipe, model, recipe.sampler, recipe.steps)
    x = stream.initial(recipe.width, recipe.height) * sampler.initial_scale(levels[0])
    guidance = guidance_of(recipe.width, recipe.height, False)
    return (yield from _asks(stream.run(sampler, x, levels), levels, guidance, seen, 0))


def _asks(
    steps: Sampling, levels: Sequence[float], guidance: GuidanceAt, concat: Tensor | None, offset: int
) -> Painting:
    """Turn a sampler's requests into asks that say how far it has come.

    The step is read from the noise level, which works for samplers of several evaluations a step and for adaptive
    ones alike. Prompts are counted by evaluations.
    """
    denoised: Tensor | None = None
    done = evaluation = 0
    while True:
        try:
            x, sigma = next(steps) if denoised is None else steps.send(denoised)
        except StopIteration as end:
            return end.value
        done = max(done, sum(level > sigma * (1 + 1e-6) for level in levels[:-1]))
        denoised = yield Ask(x=x, sigma=sigma, guidance=guidance(evaluation), concat=concat, step=offset + done)
        evaluation += 1


def _kept_outside_mask(steps: Sampling, latents: Tensor, mask: Tensor, first: Tensor, from_noise: bool) -> Sampling:
    """Show the network the source, equally noisy, outside the mask, and tell the sampler that it stays.

    For deterministic samplers this equals replacing the latents after each step (Lugmayr et al. 2022, algorithm 1,
    without resampling), as diffusers does; it works for every sampler, since it needs nothing from inside it.
    """
    denoised: Tensor | None = None
    while True:
        try:
            x, sigma = next(steps) if denoised is None else steps.send(denoised)
        except StopIteration as end:
            return torch.lerp(latents, end.value, mask)
        if denoised is not None or not from_noise:
            x = torch.lerp(latents + first * sigma, x, mask)
        answer = yield x, sigma
        denoised = torch.lerp(latents, answer, mask)


def _levels(recipe: BaseRecipe, model: DiffusionModel, sampler: str, steps: int) -> list[float]:
    return SAMPLERS[sampler].levels(recipe.schedule, steps, model.table)


def _concat(source: Source) -> Tensor:
    if source.mask is None or source.kept_latents is None:
        raise ValueError("an inpainting network needs a mask and the picture without its masked part")
    return torch.cat([(source.mask >= 0.5).to(source.kept_latents), source.kept_latents])


def _blank_concat(model: DiffusionModel, x: Tensor) -> Tensor:
    """Return what an inpainting network sees when everything is to be painted: a full mask over a grey picture."""
    height, width = x.shape[-2:]
    grey = torch.zeros(1, 3, height * model.downscale, width * model.downscale)
    return torch.cat([torch.ones_like(x[:1]), model.encode(grey)[0].to(x)])


class _NoiseStream:
    """All noise of one picture: initial, fresh for a second pass, and what stochastic samplers inject.

    Everything is drawn on the CPU from the picture's own seeds, so that a seed gives the same picture on any device
    and in any batch.
    """

    def __init__(self, recipe: BaseRecipe, model: DiffusionModel) -> None:
        self._recipe = recipe
        self._model = model
        self._generator = noise.seeded(recipe.seed)

    def _cells(self, width: int, height: int) -> tuple[int, int]:
        return height // self._model.downscale, width // self._model.downscale

    def initial(self, width: int, height: int) -> Tensor:
        """Return the picture's first noise (C, h, w), with its variation and its seed resize."""
        recipe = self._recipe
        first = noise.initial(
            (self._model.latent_channels, *self._cells(width, height)),
            self._generator,
            variation_seed=recipe.variation.seed if recipe.variation else None,
            variation_strength=recipe.variation.strength if recipe.variation else 0.0,
            resize_from=self._cells(*recipe.seed_resize_from) if recipe.seed_resize_from else None,
        )
        return first.to(self._model.device)

    def fresh(self, like: Tensor) -> Tensor:
        """Return new unit noise of a tensor's shape and device."""
        return torch.randn(like.shape, generator=self._generator).to(like.device)

    def run(self, sampler: Sampler, x: Tensor, levels: Sequence[float]) -> Sampling:
        """Start a sampler with the noise and the options that the recipe gives it."""
        source: Noise
        if sampler.noise_kind == "brownian" and sampler.draws_noise(self._recipe.eta):
            source = noise.BrownianNoise(x.shape, self._recipe.seed, levels, x.device)
        else:
            source = noise.IndependentNoise(x.shape, self._generator, x.device)
        return sampler.start(x, levels, source, self._model.table, self._recipe.eta)
