"""Recipes are complete, checked, replayable, and always the same text."""

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.protocol import recipe as recipes
from inference.protocol.limits import MAX_SEED, OutOfRange
from inference.protocol.recipe import (
    AdapterUse,
    AnyRecipe,
    ContentHash,
    HiresFix,
    ImageToImage,
    Inpaint,
    Outpaint,
    Recipe,
    TextToImage,
    Upscale,
    Variation,
    any_from_json,
    from_json,
    painted,
    picture_of,
    sources,
    to_json,
)
from tests.inference.protocol import strategies
from tests.sample_requests import recipe

OTHER = ContentHash("d" * 64)


@given(strategies.recipes)
def test_json_gives_the_recipe_back_and_always_the_same_text(value: Recipe) -> None:
    text = to_json(value)
    assert from_json(text) == value
    assert to_json(from_json(text)) == text


@given(strategies.any_recipes)
def test_json_gives_recipes_of_every_kind_back(value: AnyRecipe) -> None:
    assert any_from_json(to_json(value)) == value


def test_a_picture_made_larger_is_told_from_one_that_is_painted() -> None:
    larger = Upscale(image=OTHER, factor=4, of=recipe())
    assert sources(larger) == (OTHER,)
    assert painted(recipe()) == recipe()
    with pytest.raises(TypeError):
        painted(larger)
    with pytest.raises(msgspec.ValidationError):
        from_json(to_json(larger))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"factor": 3}, "factor is 3, but must be 2 or 4"),
        ({"image": "x"}, "image is x, but must be a SHA-256"),
        ({"model": "x"}, "model is x, but must be a SHA-256"),
    ],
)
def test_what_is_made_larger_has_limits(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(OutOfRange, match=message):
        Upscale(**{"image": OTHER, **fields})


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("steps", 0, "steps is 0, but must be a whole number from 1 to 500"),
        ("steps", 501, "steps is 501, but"),
        ("width", 65, "width is 65, but must be a multiple of 8"),
        ("guidance_scale", math.nan, "guidance scale is nan, but must be a finite number"),
        ("guidance_scale", -1.0, "guidance scale is -1.0, but must be from 0 to 100"),
        ("guidance_rescale", 1.5, "guidance rescale is 1.5"),
        ("sampler", "Euler", "sampler is Euler, but must be one of euler, euler_a"),
        ("schedule", "linear", "schedule is linear, but must be one of normal"),
        ("seed", -1, "seed is -1, but must be"),
        ("seed", 2**63, f"seed is {2**63}, but must be"),
        ("clip_skip", 0, "clip skip is 0"),
        ("eta", 2.0, "eta is 2.0"),
        ("model", "abc", "model is abc, but must be a SHA-256"),
        ("model", "C" * 64, "must be a SHA-256: 64 lower-case"),
        ("vae", "", "vae is , but must be a SHA-256"),
        ("prompt", "x" * 100_000, "prompt is 100,000 characters long"),
        ("negative_prompt", "\ud800", "negative prompt is .*valid Unicode"),
        ("seed_resize_from", (64, 7), "height is 7"),
    ],
)
def test_fields_out_of_range_are_named(field: str, value: object, message: str) -> None:
    fields: dict[str, Any] = msgspec.structs.asdict(recipe())
    with pytest.raises(OutOfRange, match=message):
        TextToImage(**{**fields, field: value})


@pytest.mark.parametrize(
    ("kind", "fields", "message"),
    [
        (ImageToImage, {"image": OTHER, "strength": 1.1}, "strength is 1.1"),
        (
            ImageToImage,
            {"image": OTHER, "fit": "squeeze"},
            "fit is squeeze, but must be one of crop, stretch, pad",
        ),
        (ImageToImage, {"image": "x"}, "image is x, but must be a SHA-256"),
        (Inpaint, {"image": OTHER, "mask": "x"}, "mask is x, but must be a SHA-256"),
        (Inpaint, {"image": OTHER, "mask": OTHER, "mask_blur": -1}, "mask blur is -1"),
        (Outpaint, {"image": OTHER}, "left, right, top and bottom is 0, but must be more than 0 in one of them"),
        (Outpaint, {"image": OTHER, "left": 12}, "left is 12, but must be a multiple of 8"),
        (Outpaint, {"image": OTHER, "top": -8}, "top is -8"),
        (Outpaint, {"image": OTHER, "bottom": 2048}, "bottom is 2048, but must be a whole number from 0 to 1024"),
        (Outpaint, {"image": OTHER, "left": 72}, "source's width is 56"),
        (Outpaint, {"image": OTHER, "left": 8, "mask_blur": 257}, "mask blur is 257"),
        (Outpaint, {"image": "x", "left": 8}, "image is x, but must be a SHA-256"),
        (TextToImage, {"hires": HiresFix(width=64, height=64)}, "hires size is 64x64, but must be at least"),
    ],
)
def test_fields_of_each_kind_are_checked(kind: Any, fields: dict[str, object], message: str) -> None:
    base = {**msgspec.structs.asdict(recipe()), "width": 128}
    del base["hires"]
    with pytest.raises(OutOfRange, match=message):
        kind(**base, **fields)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Variation(seed=1, strength=math.inf), "variation strength is inf"),
        (lambda: AdapterUse(hash=OTHER, weight=11), "adapter weight is 11"),
        (lambda: AdapterUse(hash=OTHER, text_encoder_weight=math.nan), "adapter text encoder weight is nan"),
        (lambda: HiresFix(width=64, height=72, strength=2), "hires strength is 2"),
        (lambda: HiresFix(width=64, height=72, sampler="x"), "hires sampler is x"),
    ],
)
def test_parts_of_a_recipe_are_checked(make: Any, message: str) -> None:
    with pytest.raises(OutOfRange, match=message):
        make()


def test_what_was_written_elsewhere_is_checked_as_well() -> None:
    text = to_json(recipe()).replace('"steps":4', '"steps":0')
    with pytest.raises(msgspec.ValidationError, match="steps is 0"):
        from_json(text)


def test_sources_are_the_pictures_that_a_recipe_starts_from() -> None:
    base = msgspec.structs.asdict(recipe())
    del base["hires"]
    mask = ContentHash("e" * 64)
    assert sources(recipe()) == ()
    assert sources(ImageToImage(**base, image=OTHER)) == (OTHER,)
    assert sources(Inpaint(**base, image=OTHER, mask=mask)) == (OTHER, mask)
    wide = Outpaint(**{**base, "width": 128}, image=OTHER, left=24, right=40)
    assert (sources(wide), wide.inner) == ((OTHER,), (64, base["height"]))


@given(strategies.recipes, st.integers(0, 63))
def test_every_picture_has_a_recipe_of_its_own(value: Recipe, index: int) -> None:
    picture = picture_of(value, index)
    if index == 0:
        assert picture == value
        return
    assert picture != value
    if value.variation is not None and picture.variation is not None:
        assert picture.variation.seed == (value.variation.seed + index) % (MAX_SEED + 1)
        assert msgspec.structs.replace(picture, variation=value.variation) == value
    else:
        assert picture.seed == (value.seed + index) % (MAX_SEED + 1)
        assert msgspec.structs.replace(picture, seed=value.seed) == value


def test_recipes_never_change() -> None:
    with pytest.raises(AttributeError):
        recipe().seed = 3  # type: ignore[misc]


def test_every_kind_of_recipe_has_a_tag_of_its_own() -> None:
    kinds = recipes.Recipe.__args__
    tags = [msgspec.inspect.type_info(kind).tag for kind in kinds]  # type: ignore[attr-defined]
    assert len(set(tags)) == len(kinds)
