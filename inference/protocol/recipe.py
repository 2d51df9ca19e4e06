"""Recipes: everything that decides how one picture looks, and nothing else.

A recipe is complete and replayable: seed drawn, model and adapters named by the SHA-256 of their content, source
pictures named by the SHA-256 of their bytes. The same recipe gives the same picture, alone or in a batch.
"""

from collections.abc import Sequence
from typing import Literal, NewType

import msgspec

from inference.protocol import tiling
from inference.protocol.limits import (
    MAX_ADAPTER_WORD,
    MAX_ADAPTERS,
    MAX_BLENDED,
    MAX_CLIP_SKIP,
    MAX_GUIDANCE_SCALE,
    MAX_IMAGE_PIXELS,
    MAX_IMAGE_SIDE,
    MAX_MARGIN,
    MAX_REGIONS,
    MAX_SEED,
    MAX_STEPS,
    MAX_TILES,
    SIDE_MULTIPLE,
    OutOfRange,
    phrase,
    require_choice,
    require_float,
    require_int,
    require_size,
    require_text,
)
from inference.protocol.names import SAMPLER_NAMES, SCHEDULE_NAMES

#: SHA-256 of a model's, an adapter's or a picture's content: 64 lower-case hexadecimal digits.
ContentHash = NewType("ContentHash", str)

#: How a source picture is brought to the recipe's size.
Fit = Literal["crop", "stretch", "pad"]


def require_hash(field: str, value: str) -> None:
    """Raise OutOfRange unless `value` is a SHA-256 in lower-case hexadecimal."""
    if len(value) != 64 or not set(value) <= set("0123456789abcdef"):
        raise OutOfRange(field, value, "a SHA-256: 64 lower-case hexadecimal digits")


class Variation(msgspec.Struct, frozen=True, kw_only=True):
    """A second seed whose noise is mixed in by spherical interpolation."""

    seed: int
    #: 0 is the picture itself, 1 the picture of the variation seed.
    strength: float

    def __post_init__(self) -> None:
        require_int("variation seed", self.seed, 0, MAX_SEED)
        require_float("variation strength", self.strength, 0, 1)


class AdapterUse(msgspec.Struct, frozen=True, kw_only=True):
    """A LoRA or embedding in use, by its content."""

    hash: ContentHash
    weight: float = 1.0
    #: The text encoders' own weight; None means the same as `weight`.
    text_encoder_weight: float | None = None
    #: Of an embedding: the word in the prompts that its vectors are read for. None for what changes weights.
    word: str | None = None

    def __post_init__(self) -> None:
        require_hash("adapter", self.hash)
        if self.word is not None:
            require_text("adapter word", self.word, MAX_ADAPTER_WORD)
            if not self.word.strip():
                raise OutOfRange("adapter word", self.word, "a word, or none")
        require_float("adapter weight", self.weight, -10, 10)
        if self.text_encoder_weight is not None:
            require_float("adapter text encoder weight", self.text_encoder_weight, -10, 10)


class Regions(msgspec.Struct, frozen=True, kw_only=True):
    """Where each of the texts that AND joins holds: side by side, or one above the other.

    With one text more than there are ratios, the first holds everywhere.
    """

    direction: Literal["columns", "rows"]
    #: How wide the columns or how high the rows are, in proportion to each other.
    ratios: tuple[float, ...]
    #: The share of the text that holds everywhere, where there is one; the others have what is left.
    base: float = 0.2

    def __post_init__(self) -> None:
        require_choice("regions", self.direction, ("columns", "rows"))
        if not 2 <= len(self.ratios) <= MAX_REGIONS:
            raise OutOfRange("regions", len(self.ratios), f"from 2 to {MAX_REGIONS}")
        for ratio in self.ratios:
            require_float("region's ratio", ratio, 0.01, 100)
        require_float("regions' base", self.base, 0, 1)


class HiresFix(msgspec.Struct, frozen=True, kw_only=True):
    """A second pass at a larger size, started from the first pass's latents enlarged."""

    width: int
    height: int
    #: Steps of the second pass; 0 means as many as the first.
    steps: int = 0
    #: Denoising strength of the second pass.
    strength: float = 0.7
    #: How latents are enlarged.
    upscaler: Literal["latent", "latent_bicubic", "latent_nearest"] = "latent"
    #: The second pass's own sampler; None means the first's.
    sampler: str | None = None

    def __post_init__(self) -> None:
        require_size(self.width, self.height, "hires")
        require_int("hires steps", self.steps, 0, MAX_STEPS)
        require_float("hires strength", self.strength, 0, 1)
        require_choice("hires upscaler", self.upscaler, ("latent", "latent_bicubic", "latent_nearest"))
        if self.sampler is not None:
            require_choice("hires sampler", self.sampler, SAMPLER_NAMES)


class BaseRecipe(msgspec.Struct, frozen=True, kw_only=True):
    """What every diffusion recipe holds. Sizes are in pixels."""

    prompt: str
    negative_prompt: str = ""
    #: What the second text encoder reads instead of the prompt, where the family has two; None: the prompt.
    style_prompt: str | None = None
    #: Where each of the texts that AND joins holds; None: everywhere.
    regions: Regions | None = None
    model: ContentHash
    #: A separate VAE; None means the model's own.
    vae: ContentHash | None = None
    width: int
    height: int
    steps: int
    sampler: str
    schedule: str
    guidance_scale: float
    #: Blends the guided prediction towards the conditional one's deviation (Lin et al. 2023); 0 is off.
    guidance_rescale: float = 0.0
    seed: int
    variation: Variation | None = None
    #: Width and height whose noise is pasted into this size's, so that the composition survives another size.
    seed_resize_from: tuple[int, int] | None = None
    #: 1 uses the text encoder's last layer (the family's own convention), 2 the one before it, and so on.
    clip_skip: int = 1
    #: Amount of fresh noise of ancestral samplers, DDIM and TCD; None means the sampler's own default.
    eta: float | None = None
    adapters: tuple[AdapterUse, ...] = ()

    def __post_init__(self) -> None:
        require_text("prompt", self.prompt)
        require_text("negative prompt", self.negative_prompt)
        if self.style_prompt is not None:
            require_text("style prompt", self.style_prompt)
        require_hash("model", self.model)
        if self.vae is not None:
            require_hash("vae", self.vae)
        require_size(self.width, self.height)
        require_int("steps", self.steps, 1, MAX_STEPS)
        require_choice("sampler", self.sampler, SAMPLER_NAMES)
        require_choice("schedule", self.schedule, SCHEDULE_NAMES)
        require_float("guidance scale", self.guidance_scale, 0, MAX_GUIDANCE_SCALE)
        require_float("guidance rescale", self.guidance_rescale, 0, 1)
        require_int("seed", self.seed, 0, MAX_SEED)
        require_int("clip skip", self.clip_skip, 1, MAX_CLIP_SKIP)
        if self.seed_resize_from is not None:
            require_size(*self.seed_resize_from, "seed resize")
        require_int("number of adapters", len(self.adapters), 0, MAX_ADAPTERS)
        if self.eta is not None:
            require_float("eta", self.eta, 0, 1)


class TextToImage(BaseRecipe, frozen=True, kw_only=True, tag="text_to_image"):
    """A picture from words."""

    hires: HiresFix | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.hires and (self.hires.width < self.width or self.hires.height < self.height):
            given = f"{self.hires.width}x{self.hires.height}"
            raise OutOfRange("hires size", given, phrase("first_pass", width=self.width, height=self.height))


class ImageToImage(BaseRecipe, frozen=True, kw_only=True, tag="image_to_image"):
    """A picture from words and another picture."""

    image: ContentHash
    #: Denoising strength: 0 keeps the source, 1 ignores it.
    strength: float = 0.75
    fit: Fit = "crop"

    def __post_init__(self) -> None:
        super().__post_init__()
        require_hash("image", self.image)
        require_float("strength", self.strength, 0, 1)
        require_choice("fit", self.fit, ("crop", "stretch", "pad"))


class Inpaint(BaseRecipe, frozen=True, kw_only=True, tag="inpaint"):
    """A picture of which only the masked part is painted anew."""

    image: ContentHash
    #: White is painted anew, black is kept; of the source picture's own size.
    mask: ContentHash
    strength: float = 1.0
    fit: Fit = "crop"
    #: Radius in pixels by which the mask's edge is softened.
    mask_blur: int = 0
    #: Put the source's own pixels back outside the mask at the end.
    keep_unmasked: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        require_hash("image", self.image)
        require_hash("mask", self.mask)
        require_float("strength", self.strength, 0, 1)
        require_choice("fit", self.fit, ("crop", "stretch", "pad"))
        require_int("mask blur", self.mask_blur, 0, 256)


class Outpaint(BaseRecipe, frozen=True, kw_only=True, tag="outpaint"):
    """A picture that is continued beyond its sides.

    Width and height are those of the whole; the source is fitted to what the four sides leave of them.
    """

    image: ContentHash
    #: Pixels that are added on each side: multiples of 8.
    left: int = 0
    right: int = 0
    top: int = 0
    bottom: int = 0
    #: Less than 1 keeps something of the colours along the source's sides, so that what is there goes on; 1 paints from
    #: noise alone, and then models like to put the prompt's subject there once more.
    strength: float = 0.8
    fit: Fit = "crop"
    #: Pixels of the source, beside what is added, in which the one passes into the other; the rest is kept exactly.
    mask_blur: int = 8

    def __post_init__(self) -> None:
        super().__post_init__()
        require_hash("image", self.image)
        sides = {"left": self.left, "right": self.right, "top": self.top, "bottom": self.bottom}
        for name, pixels in sides.items():
            require_int(name, pixels, 0, MAX_MARGIN)
            if pixels % SIDE_MULTIPLE:
                raise OutOfRange(name, pixels, phrase("multiple", multiple=SIDE_MULTIPLE))
        if not any(sides.values()):
            raise OutOfRange("left, right, top and bottom", 0, phrase("one_above_0"))
        require_size(*self.inner, "source's")
        require_float("strength", self.strength, 0, 1)
        require_choice("fit", self.fit, ("crop", "stretch", "pad"))
        require_int("mask blur", self.mask_blur, 0, 256)

    @property
    def inner(self) -> tuple[int, int]:
        """Return the width and height that the source is fitted to."""
        return self.width - self.left - self.right, self.height - self.top - self.bottom


class Instruct(BaseRecipe, frozen=True, kw_only=True, tag="instruct"):
    """A picture changed as the prompt tells, by a model that follows instructions (InstructPix2Pix)."""

    image: ContentHash
    #: How closely to keep to the source picture, as the guidance scale is for the prompt; 1.2 to 1.8 suit most.
    image_guidance_scale: float = 1.5
    fit: Fit = "crop"

    def __post_init__(self) -> None:
        super().__post_init__()
        require_hash("image", self.image)
        require_float("image guidance scale", self.image_guidance_scale, 0, MAX_GUIDANCE_SCALE)
        require_choice("fit", self.fit, ("crop", "stretch", "pad"))


class Detail(BaseRecipe, frozen=True, kw_only=True, tag="detail"):
    """A picture that is made larger and painted over in tiles, so lightly that it stays what it is, with more detail.

    Lanczos's filter makes it larger; one that a network made larger before can be painted over at its own size. Width
    and height are those of a tile, which is what the network paints at once.
    """

    image: ContentHash
    #: Pixels of the whole; any whole numbers that a tile fits into, once they are rounded up to multiples of 8.
    full_width: int
    full_height: int
    #: Denoising strength of each tile. From about 0.5 on models paint the prompt's subject into every tile.
    strength: float = 0.3
    #: Pixels that neighbouring tiles have in common at least: a multiple of 8, at most half of a tile's shorter side.
    overlap: int = 64

    def __post_init__(self) -> None:
        super().__post_init__()
        require_hash("image", self.image)
        require_float("strength", self.strength, 0, 1)
        require_int("overlap", self.overlap, 0, min(self.width, self.height) // 2)
        if self.overlap % SIDE_MULTIPLE:
            raise OutOfRange("overlap", self.overlap, phrase("multiple", multiple=SIDE_MULTIPLE))
        require_int("full width", self.full_width, self.width - SIDE_MULTIPLE + 1, MAX_IMAGE_SIDE)
        require_int("full height", self.full_height, self.height - SIDE_MULTIPLE + 1, MAX_IMAGE_SIDE)
        if self.full_width * self.full_height > MAX_IMAGE_PIXELS:
            full = f"{self.full_width}x{self.full_height}"
            raise OutOfRange("full size", full, phrase("most_pixels", most=MAX_IMAGE_PIXELS))
        if self.tiles > MAX_TILES:
            raise OutOfRange("tiles", self.tiles, phrase("most_tiles", most=MAX_TILES))

    @property
    def columns(self) -> tuple[int, ...]:
        """Return where each tile of a row begins, in pixels of the whole."""
        return tiling.starts(self.full_width, self.width, self.overlap)

    @property
    def rows(self) -> tuple[int, ...]:
        """Return where each row of tiles begins, in pixels of the whole."""
        return tiling.starts(self.full_height, self.height, self.overlap)

    @property
    def tiles(self) -> int:
        """Return in how many tiles the picture is painted."""
        return len(self.columns) * len(self.rows)


class Blend(BaseRecipe, frozen=True, kw_only=True, tag="blend"):
    """A picture from words and several pictures at once."""

    #: 2 to 4; one may come more than once.
    images: tuple[ContentHash, ...]
    #: How much of each goes in, in proportion to each other; none: as much of one as of the other.
    weights: tuple[float, ...] = ()
    #: Denoising strength: 0 gives the pictures laid over one another, 1 ignores them.
    strength: float = 0.65
    fit: Fit = "crop"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 2 <= len(self.images) <= MAX_BLENDED:
            raise OutOfRange("images", len(self.images), phrase("pictures", low=2, high=MAX_BLENDED))
        for image in self.images:
            require_hash("image", image)
        if self.weights and len(self.weights) != len(self.images):
            raise OutOfRange("weights", len(self.weights), phrase("each_picture", count=len(self.images)))
        for weight in self.weights:
            require_float("weight", weight, 0.01, 1)
        require_float("strength", self.strength, 0, 1)
        require_choice("fit", self.fit, ("crop", "stretch", "pad"))

    @property
    def shares(self) -> tuple[float, ...]:
        """Return how much of each picture goes in; together they are 1."""
        weights = self.weights or (1.0,) * len(self.images)
        return tuple(weight / sum(weights) for weight in weights)


Recipe = TextToImage | ImageToImage | Inpaint | Outpaint | Instruct | Detail | Blend


class Upscale(msgspec.Struct, frozen=True, kw_only=True, tag="upscale"):
    """A picture made larger, with nothing painted anew. The result is exactly `factor` times as wide and as high.

    With `faces`, its faces are restored; that alone is factor 1.
    """

    image: ContentHash
    factor: Literal[1, 2, 4] = 2
    #: The network that makes it larger; None enlarges by Lanczos's filter.
    model: ContentHash | None = None
    #: The network that restores faces; None leaves them as they are.
    faces: ContentHash | None = None
    #: How much of the restored faces shows: 0 nothing, 1 nothing else.
    face_strength: float = 1.0
    #: How the source was painted, where that is known; of a picture made larger twice, how the first was.
    of: Recipe | None = None

    def __post_init__(self) -> None:
        require_hash("image", self.image)
        if self.factor not in ((2, 4) if self.faces is None else (1, 2, 4)):
            raise OutOfRange("factor", self.factor, "2 or 4" if self.faces is None else "1, 2 or 4")
        if self.model is not None:
            require_hash("model", self.model)
            if self.factor == 1:
                raise OutOfRange("model", self.model, "none where nothing is made larger")
        if self.faces is not None:
            require_hash("face restorer", self.faces)
        require_float("face strength", self.face_strength, 0, 1)


#: Everything that an engine can be asked for; a `Recipe` is what is painted by diffusion.
AnyRecipe = Recipe | Upscale


def painted(recipe: AnyRecipe) -> Recipe:
    """Return a recipe that is known to be painted by diffusion, as such. Raises TypeError for another."""
    if isinstance(recipe, Upscale):
        raise TypeError("nothing is painted by an Upscale")
    return recipe


def diffusion_of(recipe: AnyRecipe) -> Recipe | None:
    """Return how a picture was painted, before it was made larger; None where that is not known."""
    return recipe.of if isinstance(recipe, Upscale) else recipe


def prompt_of(recipe: AnyRecipe) -> str:
    """Return the prompt that a picture was painted from; empty where none is known."""
    known = diffusion_of(recipe)
    return "" if known is None else known.prompt


def sources(recipe: AnyRecipe) -> tuple[ContentHash, ...]:
    """Return the hashes of the pictures that the recipe starts from, each of a blend once."""
    match recipe:
        case Inpaint():
            return (recipe.image, recipe.mask)
        case ImageToImage() | Outpaint() | Instruct() | Detail() | Upscale():
            return (recipe.image,)
        case Blend():
            return tuple(dict.fromkeys(recipe.images))
        case _:
            return ()


class Words(msgspec.Struct, frozen=True, array_like=True):
    """What one picture of a request is painted from, where that is not the same for all."""

    prompt: str
    negative_prompt: str = ""
    #: What the prompt names; None: as the recipe says.
    adapters: tuple[AdapterUse, ...] | None = None

    def __post_init__(self) -> None:
        require_text("prompt", self.prompt)
        require_text("negative prompt", self.negative_prompt)
        if self.adapters is not None:
            require_int("number of adapters", len(self.adapters), 0, MAX_ADAPTERS)


def picture_of(recipe: Recipe, index: int, words: Sequence[Words] = ()) -> Recipe:
    """Return the recipe of picture number `index` (from 0) of a request for several.

    As in AUTOMATIC1111, the seed goes up by one a picture; where a variation seed is set, that one does instead.
    `words` are those of every picture; none where all have the recipe's.
    """
    if words:
        own = words[index]
        recipe = msgspec.structs.replace(
            recipe,
            prompt=own.prompt,
            negative_prompt=own.negative_prompt,
            adapters=recipe.adapters if own.adapters is None else own.adapters,
        )
    if index == 0:
        return recipe
    if recipe.variation is not None:
        seed = (recipe.variation.seed + index) & MAX_SEED
        return msgspec.structs.replace(recipe, variation=Variation(seed=seed, strength=recipe.variation.strength))
    return msgspec.structs.replace(recipe, seed=(recipe.seed + index) & MAX_SEED)


_json_encoder = msgspec.json.Encoder(order="deterministic")
_json_decoder = msgspec.json.Decoder(Recipe)
_any_json_decoder = msgspec.json.Decoder(AnyRecipe)


def adapters_of(recipe: AnyRecipe, words: Sequence[Words] = ()) -> tuple[ContentHash, ...]:
    """Return the hashes of the adapters that a request's pictures are painted with, each once."""
    if isinstance(recipe, Upscale):
        return ()
    uses = [recipe.adapters, *(own.adapters for own in words if own.adapters is not None)]
    return tuple(dict.fromkeys(use.hash for each in uses for use in each))


def to_json(recipe: AnyRecipe) -> str:
    """Return the recipe as JSON, always the same text for the same recipe."""
    return _json_encoder.encode(recipe).decode()


def from_json(text: str | bytes) -> Recipe:
    """Return the diffusion recipe that `to_json` wrote. Raises msgspec.ValidationError or msgspec.DecodeError."""
    recipe: Recipe = _json_decoder.decode(text)
    return recipe


def any_from_json(text: str | bytes) -> AnyRecipe:
    """Return the recipe of any kind that `to_json` wrote. Raises as `from_json` does."""
    recipe: AnyRecipe = _any_json_decoder.decode(text)
    return recipe
