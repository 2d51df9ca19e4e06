"""Recipes are complete, checked, replayable, and always the same text."""

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.protocol import recipe as recipes
from inference.protocol import tiling
from inference.protocol.limits import MAX_SEED, OutOfRange
from inference.protocol.recipe import (
    AdapterUse,
    AnyRecipe,
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
    Upscale,
    Variation,
    Words,
    adapters_of,
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
#: The size of a whole, for a tile of 128 pixels.
FULL: dict[str, Any] = {"full_width": 256, "full_height": 144}


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


def test_what_was_made_larger_before_faces_were_restored_is_read() -> None:
    text = f'{{"type":"upscale","factor":2,"image":"{OTHER}","model":null,"of":null}}'
    assert any_from_json(text) == Upscale(image=OTHER, factor=2)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"factor": 3}, "factor is 3, but must be 2 or 4"),
        ({"image": "x"}, "image is x, but must be a SHA-256"),
        ({"model": "x"}, "model is x, but must be a SHA-256"),
        ({"factor": 1}, "factor is 1, but must be 2 or 4"),
        ({"factor": 3, "faces": OTHER}, "factor is 3, but must be 1, 2 or 4"),
        ({"factor": 1, "faces": OTHER, "model": OTHER}, "model is .* but must be none where nothing is made larger"),
        ({"faces": "x"}, "face restorer is x, but must be a SHA-256"),
        ({"faces": OTHER, "face_strength": 1.5}, "face strength is 1.5, but must be from 0 to 1"),
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
        (Instruct, {"image": "x"}, "image is x, but must be a SHA-256"),
        (Instruct, {"image": OTHER, "image_guidance_scale": 101}, "image guidance scale is 101, but must be from 0 to"),
        (Instruct, {"image": OTHER, "fit": "squeeze"}, "fit is squeeze, but must be one of crop, stretch, pad"),
        (Detail, {"image": "x"} | FULL, "image is x, but must be a SHA-256"),
        (Detail, {"image": OTHER, "strength": -1} | FULL, "strength is -1"),
        (Detail, {"image": OTHER, "overlap": 72} | FULL, "overlap is 72, but must be a whole number from 0 to"),
        (Detail, {"image": OTHER, "overlap": 12} | FULL, "overlap is 12, but must be a multiple of 8"),
        (Detail, {"image": OTHER} | FULL, "overlap is 64, but must be a whole number from 0 to"),
        (Detail, {"image": OTHER, "overlap": 8} | FULL | {"full_width": 120}, "full width is 120, but must be a whole"),
        (Detail, {"image": OTHER, "overlap": 8} | FULL | {"full_height": 56}, "full height is 56, but must be a whole"),
        (Detail, {"image": OTHER, "overlap": 8} | FULL | {"full_width": 16385}, "full width is 16385"),
        (
            Detail,
            {"image": OTHER, "overlap": 8, "full_width": 16384, "full_height": 4097},
            "full size is 16384x4097, but must be at most 67,108,864 pixels",
        ),
        (
            Detail,
            {"image": OTHER, "overlap": 8, "full_width": 8192, "full_height": 4096},
            "tiles is 5037, but must be at most 1,024: make them larger",
        ),
        (Blend, {"images": (OTHER,)}, "images is 1, but must be from 2 to 4 pictures"),
        (Blend, {"images": (OTHER,) * 5}, "images is 5"),
        (Blend, {"images": (OTHER, "x")}, "image is x, but must be a SHA-256"),
        (Blend, {"images": (OTHER, OTHER), "weights": (1.0,)}, "weights is 1, but must be one for each of the 2"),
        (Blend, {"images": (OTHER, OTHER), "weights": (1.0, 0.0)}, "weight is 0.0, but must be from 0.01 to 1"),
        (Blend, {"images": (OTHER, OTHER), "strength": 2}, "strength is 2"),
        (Blend, {"images": (OTHER, OTHER), "fit": "squeeze"}, "fit is squeeze"),
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
        (lambda: AdapterUse(hash=OTHER, word=" "), "adapter word is  , but must be a word"),
        (lambda: AdapterUse(hash=OTHER, word="x" * 101), "adapter word is 101 characters long"),
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
    assert sources(Instruct(**base, image=OTHER)) == (OTHER,)
    wide = Outpaint(**{**base, "width": 128}, image=OTHER, left=24, right=40)
    assert (sources(wide), wide.inner) == ((OTHER,), (64, base["height"]))
    assert sources(Detail(**base, image=OTHER, full_width=512, full_height=512, overlap=16)) == (OTHER,)
    assert sources(Blend(**base, images=(OTHER, mask, OTHER))) == (OTHER, mask)


def test_what_is_blended_is_shared_out_in_proportion() -> None:
    base = msgspec.structs.asdict(recipe())
    del base["hires"]
    assert Blend(**base, images=(OTHER,) * 4).shares == (0.25,) * 4
    assert Blend(**base, images=(OTHER,) * 3, weights=(0.5, 0.25, 0.25)).shares == (0.5, 0.25, 0.25)
    assert Blend(**base, images=(OTHER,) * 2, weights=(1, 0.25)).shares == (0.8, 0.2)


@pytest.mark.parametrize(
    ("length", "side", "overlap", "expected"),
    [
        (64, 64, 32, (0,)),
        (57, 64, 32, (0,)),
        (65, 64, 32, (0, 8)),
        (96, 64, 32, (0, 32)),
        (97, 64, 32, (0, 24, 40)),
        (512, 128, 32, (0, 96, 192, 288, 384)),
        (1024, 512, 0, (0, 512)),
    ],
)
def test_tiles_are_as_few_as_cover_the_whole_and_evenly_spread(
    length: int, side: int, overlap: int, expected: tuple[int, ...]
) -> None:
    assert tiling.starts(length, side, overlap) == expected


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


def test_a_picture_has_the_adapters_that_its_own_words_name() -> None:
    ink, oil = AdapterUse(hash=OTHER, weight=0.5), AdapterUse(hash=ContentHash("e" * 64))
    whole = msgspec.structs.replace(recipe(), adapters=(ink,))
    words = (Words("a"), Words("b", adapters=(oil,)), Words("c", adapters=()))
    assert [picture_of(whole, index, words).adapters for index in range(3)] == [(ink,), (oil,), ()]
    assert adapters_of(whole, words) == (ink.hash, oil.hash)
    assert adapters_of(Upscale(image=OTHER)) == ()


def test_words_that_were_written_before_there_were_adapters_are_read() -> None:
    (own,) = msgspec.json.decode(b'[["a fox", "dogs"]]', type=tuple[Words, ...])
    assert own == Words("a fox", "dogs", None)
    assert msgspec.json.decode(msgspec.json.encode(own), type=Words) == own
