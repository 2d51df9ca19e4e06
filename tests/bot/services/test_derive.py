"""What is made of a picture: always a recipe that can be painted, with the same words, of exactly the size it says."""

from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.services.derive import (
    EXTENSION,
    HIRES_STRENGTH,
    IMAGE_STRENGTHS,
    LARGER_STRENGTH,
    NOISE_STRENGTHS,
    VERBS,
    Margins,
    Start,
    Verb,
    applies,
    blended,
    derive,
    detailed,
    hires,
    outpainted,
    size_of,
    words_of,
)
from bot.texts import Mistake
from inference.protocol.recipe import (
    Blend,
    ContentHash,
    HiresFix,
    ImageToImage,
    Instruct,
    Outpaint,
    Recipe,
    TextToImage,
    Variation,
    from_json,
    sources,
    to_json,
)
from tests.inference.protocol import strategies

PICTURE = ContentHash("a" * 64)
KEPT = (
    "prompt",
    "negative_prompt",
    "style_prompt",
    "regions",
    "model",
    "vae",
    "steps",
    "sampler",
    "schedule",
    "guidance_scale",
    "guidance_rescale",
    "clip_skip",
    "eta",
    "adapters",
)
ADDED = tuple(verb for verb in VERBS if verb not in ("again", *NOISE_STRENGTHS))


def recipe(width: int = 512, height: int = 768, **more: Any) -> TextToImage:
    fields: dict[str, Any] = {
        "prompt": "a red circle",
        "model": ContentHash("b" * 64),
        "width": width,
        "height": height,
        "steps": 20,
        "sampler": "euler",
        "schedule": "normal",
        "guidance_scale": 5.0,
        "seed": 1,
    }
    return TextToImage(**fields | more)


def start(width: int = 512, height: int = 768, exact: bool = True) -> Start:
    return Start(PICTURE, width, height, exact)


@given(strategies.recipes, st.sampled_from(VERBS), strategies.seeds, st.booleans())
def test_what_is_derived_is_a_valid_recipe_with_the_same_words(
    value: Recipe, verb: Verb, seed: int, exact: bool
) -> None:
    own = Start(PICTURE, *size_of(value), exact)
    if not applies(value, verb) or (isinstance(value, Instruct) and verb in NOISE_STRENGTHS and not exact):
        with pytest.raises(Mistake):
            derive(value, verb, seed, own)
        return
    found = derive(value, verb, seed, own)
    assert from_json(to_json(found)) == found
    assert derive(value, verb, seed, own) == found
    for name in KEPT:
        assert getattr(found, name) == getattr(value, name), name
    if verb == "again" or isinstance(value, Instruct):
        assert sources(found) == sources(value)
    else:
        assert set(sources(found)) <= {PICTURE}


@given(strategies.recipes, st.sampled_from(ADDED), st.integers(64, 2000), st.integers(64, 2000))
def test_pictures_of_any_size_are_continued_by_multiples_of_eight(
    value: Recipe, verb: Verb, width: int, height: int
) -> None:
    try:
        found = derive(value, verb, 1, start(width, height))
    except Mistake:
        assume(False)
    assert isinstance(found, Outpaint)
    assert found.inner == (width // 8 * 8, height // 8 * 8)
    sides = (found.left, found.right, found.top, found.bottom)
    assert all(side % 8 == 0 for side in sides)
    assert sum(side > 0 for side in sides) == {"z": 4, "e": 1}.get(verb[0], sum(side > 0 for side in sides))


@pytest.mark.parametrize(
    ("verb", "size", "margins"),
    [
        ("zoom_out_1_5", (768, 1152), Margins(left=128, right=128, top=192, bottom=192)),
        ("zoom_out_2", (1024, 1536), Margins(left=256, right=256, top=384, bottom=384)),
        ("extend_left", (768, 768), Margins(left=256)),
        ("extend_right", (768, 768), Margins(right=256)),
        ("extend_up", (512, 1152), Margins(top=384)),
        ("extend_down", (512, 1152), Margins(bottom=384)),
        ("square", (768, 768), Margins(left=128, right=128)),
    ],
)
def test_sizes_are_exact(verb: Verb, size: tuple[int, int], margins: Margins) -> None:
    assert EXTENSION == 0.5
    found = derive(recipe(), verb, 7, start())
    assert isinstance(found, Outpaint)
    assert (found.width, found.height) == size
    assert Margins(found.left, found.right, found.top, found.bottom) == margins
    assert (found.image, found.seed) == (PICTURE, 7)


@pytest.mark.parametrize("verb", NOISE_STRENGTHS)
def test_a_variation_mixes_another_seed_into_the_pictures_own_noise(verb: Verb) -> None:
    value = recipe(hires=HiresFix(width=768, height=1152))
    found = derive(value, verb, 7, start(768, 1152))
    assert found == msgspec.structs.replace(value, variation=Variation(seed=7, strength=NOISE_STRENGTHS[verb]))


@pytest.mark.parametrize(
    ("value", "own"),
    [
        (recipe(), start(exact=False)),
        (recipe(), start(1024, 1536)),
        (recipe(variation=Variation(seed=3, strength=0.2)), start()),
        (outpainted(recipe(256, 768), Margins(left=256), 1, start(256, 768)), start()),
    ],
    ids=["another program's", "made larger", "a variation", "from a picture"],
)
@pytest.mark.parametrize("verb", IMAGE_STRENGTHS)
def test_where_the_noise_is_not_known_the_picture_itself_is_varied(value: Recipe, own: Start, verb: Verb) -> None:
    found = derive(value, verb, 7, own)
    assert isinstance(found, ImageToImage)
    assert (found.image, found.seed, found.strength) == (PICTURE, 7, IMAGE_STRENGTHS[verb])
    assert (found.width, found.height) == (own.width, own.height)
    assert found.variation is None


def test_what_an_instruction_made_is_varied_by_its_noise_and_nothing_else() -> None:
    fields = msgspec.structs.asdict(recipe())
    del fields["hires"]
    told = Instruct(**fields, image=ContentHash("c" * 64))
    found = derive(told, "vary_subtle", 7, start())
    assert found == msgspec.structs.replace(told, variation=Variation(seed=7, strength=NOISE_STRENGTHS["vary_subtle"]))
    assert derive(told, "again", 7, start()) == msgspec.structs.replace(told, seed=7)
    assert {verb for verb in VERBS if applies(told, verb)} == {"again", *NOISE_STRENGTHS}
    for make in (lambda: derive(told, "zoom_out_2", 7, start()), lambda: words_of(told)):
        with pytest.raises(Mistake) as raised:
            make()
        assert raised.value.key == "edit_instructed"


def test_strong_is_stronger() -> None:
    for strengths in (NOISE_STRENGTHS, IMAGE_STRENGTHS):
        assert 0 < strengths["vary_subtle"] < strengths["vary_strong"] < 1


def test_again_is_the_same_with_a_new_seed() -> None:
    assert derive(recipe(), "again", 7, start()) == recipe(seed=7)
    varied = recipe(variation=Variation(seed=3, strength=0.2))
    assert derive(varied, "again", 7, start()) == recipe(variation=Variation(seed=7, strength=0.2))


@pytest.mark.parametrize(
    ("verb", "own", "key"),
    [
        ("square", start(512, 512), "edit_square_already"),
        ("zoom_out_2", start(2048, 1024), "edit_too_large"),
        ("extend_down", start(64, 4096), "edit_margin"),
        ("extend_down", start(64, 3000), "edit_margin"),
        ("extend_left", start(40, 64), "edit_too_small"),
        ("vary_subtle", start(4000, 3000, exact=False), "edit_too_large"),
    ],
)
def test_what_cannot_be_done_is_told(verb: Verb, own: Start, key: str) -> None:
    with pytest.raises(Mistake) as told:
        derive(recipe(), verb, 1, own)
    assert told.value.key == key


def test_what_does_not_apply_is_not_offered() -> None:
    assert {verb for verb in VERBS if not applies(recipe(512, 512), verb)} == {"square"}
    assert {verb for verb in VERBS if not applies(recipe(2048, 2048), verb)} == {*ADDED}
    assert {verb for verb in VERBS if not applies(recipe(), verb)} == set()


def test_the_words_of_a_recipe_leave_its_pictures_out() -> None:
    found = words_of(derive(recipe(regions=None), "square", 7, start()))
    assert (found.prompt, found.width, sources(found)) == ("a red circle", 768, ())


# Larger, and several in one -------------------------------------------------------------------------------------------


def test_our_own_picture_is_painted_again_with_a_second_pass() -> None:
    found = hires(recipe(), 2, 7, start())
    assert found == recipe(hires=HiresFix(width=1024, height=1536, strength=HIRES_STRENGTH))
    assert size_of(found) == (1024, 1536)


@pytest.mark.parametrize(
    ("value", "own"),
    [
        (recipe(), start(exact=False)),
        (recipe(hires=HiresFix(width=512, height=768)), start()),
        (outpainted(recipe(256, 768), Margins(left=256), 1, start(256, 768)), start()),
    ],
    ids=["another program's", "larger already", "from a picture"],
)
def test_where_the_noise_is_not_known_the_picture_itself_is_painted_larger(value: Recipe, own: Start) -> None:
    found = hires(value, 2, 7, own)
    assert isinstance(found, ImageToImage)
    assert (found.width, found.height, found.image) == (1024, 1536, PICTURE)
    assert (found.seed, found.strength) == (7, LARGER_STRENGTH)


@given(strategies.recipes, st.sampled_from((1.5, 2, 4)), st.integers(30, 1500), st.integers(30, 1500))
def test_a_detailed_picture_has_exactly_the_size_that_was_asked(
    value: Recipe, factor: float, width: int, height: int
) -> None:
    own = start(width, height)
    if isinstance(value, Instruct) or min(width, height) * factor < 63.5:
        with pytest.raises(Mistake):
            detailed(value, factor, 7, own, (512, 512))
        return
    found = detailed(value, factor, 7, own, (512, 512))
    assert size_of(found) == (found.full_width, found.full_height) == (round(width * factor), round(height * factor))
    assert (found.width <= 512, found.height <= 512) == (True, True)
    assert (found.image, found.seed, found.prompt) == (PICTURE, 7, value.prompt)
    assert from_json(to_json(found)) == found


def test_pictures_are_blended_in_the_words_of_a_recipe() -> None:
    other = Start(ContentHash("d" * 64), 100, 100)
    found = blended(recipe(), [start(), other, start()], 7, (1, 0.5, 0.5))
    assert isinstance(found, Blend)
    assert found.images == (PICTURE, other.hash, PICTURE)
    assert (found.width, found.height, found.seed, found.shares) == (512, 768, 7, (0.5, 0.25, 0.25))
    assert blended(found, [start(), other], 8).weights == ()


@pytest.mark.parametrize(
    ("make", "key"),
    [
        (lambda: hires(recipe(), 4, 1, start(2000, 1000)), "edit_too_large"),
        (lambda: hires(recipe(), 2, 1, start(20, 100)), "edit_too_small"),
        (lambda: detailed(recipe(), 4, 1, start(4096, 3000), (512, 512)), "edit_full_too_large"),
        (lambda: detailed(recipe(), 4, 1, start(4104, 100), (512, 512)), "edit_full_too_large"),
        (lambda: detailed(recipe(), 2, 1, start(31, 100), (512, 512)), "edit_too_small"),
        (lambda: detailed(recipe(), 2, 1, start(2000, 2000), (64, 64)), "edit_tiles"),
        (lambda: blended(recipe(), [start()], 1), "blend_count"),
        (lambda: blended(recipe(), [start()] * 5, 1), "blend_count"),
        (lambda: blended(recipe(), [start()] * 2, 1, (1,)), "blend_weights"),
        (lambda: blended(recipe(), [start()] * 2, 1, (1, float("nan"))), "blend_weight"),
    ],
)
def test_what_cannot_become_larger_or_be_blended_is_told(make: Any, key: str) -> None:
    with pytest.raises(Mistake) as told:
        make()
    assert told.value.key == key
