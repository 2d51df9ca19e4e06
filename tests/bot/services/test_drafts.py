"""From what a person asked for to a complete recipe; and nothing that was asked for is left out in silence."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from bot.errors import UserError
from bot.services.drafts import Draft, check, draw_seed, find_model, order
from inference.protocol.limits import OutOfRange
from inference.protocol.messages import ModelInfo
from inference.protocol.recipe import (
    Blend,
    ContentHash,
    Detail,
    HiresFix,
    ImageToImage,
    Inpaint,
    Instruct,
    Outpaint,
    TextToImage,
    Variation,
)
from storage import content_hash

PICTURE, MASK = b"a picture", b"a mask"


def info(name: str, digit: str, kind: str = "checkpoint") -> ModelInfo:
    return ModelInfo(
        hash=ContentHash(digit * 64),
        name=name,
        family="sd1",
        prediction_type="epsilon",
        inpainting=False,
        default_width=512,
        default_height=512,
        bytes=1,
        kind=kind,  # type: ignore[arg-type]
    )


MODELS = [info("dreamy", "a"), info("anime-v3", "b"), info("soft-vae", "c", "vae")]


def recipe(**said: Any) -> Any:
    return order(Draft(**({"prompt": "a cat"} | said)), MODELS, draw=lambda: 77).recipe


def test_what_is_not_said_is_the_models_own() -> None:
    made = recipe()
    assert isinstance(made, TextToImage)
    assert made.model == MODELS[0].hash
    assert (made.width, made.height, made.seed) == (512, 512, 77)
    assert made.steps == MODELS[0].default_steps
    assert made.sampler == MODELS[0].default_sampler
    assert made.guidance_scale == MODELS[0].default_guidance_scale


def test_what_is_said_is_done() -> None:
    made = recipe(
        negative_prompt="dog",
        model="ANIME-V3",
        vae="soft-vae",
        width=640,
        height=448,
        steps=9,
        sampler="DPM++ 2M Karras",
        guidance_scale=3.5,
        seed=5,
        clip_skip=2,
        variation_seed=6,
        variation_strength=0.25,
        hires_width=1024,
        hires_height=768,
        hires_strength=0.4,
    )
    assert made == TextToImage(
        prompt="a cat",
        negative_prompt="dog",
        model=MODELS[1].hash,
        vae=MODELS[2].hash,
        width=640,
        height=448,
        steps=9,
        sampler="dpmpp_2m",
        schedule="karras",
        guidance_scale=3.5,
        seed=5,
        clip_skip=2,
        variation=Variation(seed=6, strength=0.25),
        hires=HiresFix(width=1024, height=768, strength=0.4),
    )


def test_a_schedule_of_its_own_wins_over_the_samplers_name() -> None:
    assert recipe(sampler="DPM++ 2M Karras", schedule="SGM uniform").schedule == "sgm_uniform"


def test_models_are_found_by_the_beginning_of_their_hash() -> None:
    assert find_model("bbbbbb", MODELS) is MODELS[1]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"prompt": None}, "a prompt is missing"),
        ({"model": "anime-v2"}, r"no model named 'anime-v2'. Did you mean anime-v3\?"),
        ({"model": "qqq"}, "Installed: dreamy, anime-v3. `easel models add` installs one."),
        ({"model": "soft-vae"}, "There is no model named 'soft-vae'"),
        ({"vae": "dreamy"}, "There is no VAE named 'dreamy'"),
        ({"sampler": "Eulr"}, r"There is no sampler named 'Eulr'; did you mean Euler"),
        ({"schedule": "karas"}, r"There is no schedule named 'karas'; did you mean Karras\?"),
        ({"variation_seed": 1}, "needs both a variation seed and a variation strength"),
        ({"hires_strength": 0.5}, "A hires strength needs a hires size"),
        ({"strength": 0.5}, "needs a picture to start from"),
        ({"mask": MASK}, "needs a picture to start from"),
        ({"margins": (8, 0, 0, 0)}, "needs a picture to start from"),
        ({"image": PICTURE, "mask": MASK, "margins": (8, 0, 0, 0)}, "either painted anew in a mask or continued"),
        ({"image": PICTURE, "mask_blur": 4}, "A mask blur needs a mask"),
        ({"image": PICTURE, "hires_width": 512, "hires_height": 512}, "Hires fix works on pictures from words alone"),
    ],
)
def test_what_makes_no_sense_is_refused(said: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        recipe(**said)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"width": 500}, "width is 500, but must be a multiple of 8, such as 496 or 504"),
        ({"height": 32}, "height is 32, but must be a whole number from 64 to 4096"),
        ({"width": 4096, "height": 4096}, "size is 4096x4096"),
        ({"width": 50_000}, "width is 50000"),
        ({"steps": 0}, "steps is 0, but must be a whole number from 1"),
        ({"guidance_scale": float("nan")}, "guidance scale is nan"),
        ({"guidance_scale": float("inf")}, "guidance scale is inf"),
        ({"seed": -5}, "seed is -5"),
        ({"seed": 2**63}, "seed is 9223372036854775808"),
        ({"prompt": "x" * 100_000}, "prompt is 100,000 characters long, but must be at most"),
        ({"clip_skip": 0}, "clip skip is 0"),
        ({"image": PICTURE, "strength": 1.5}, "strength is 1.5"),
        ({"hires_width": 100, "hires_height": 64}, "hires width is 100, but must be a multiple of 8"),
    ],
)
def test_values_out_of_range_are_named(said: dict[str, Any], message: str) -> None:
    with pytest.raises(OutOfRange, match=message):
        recipe(**said)
    with pytest.raises(OutOfRange, match=message):
        check(Draft(**({"prompt": "a cat"} | said)))


def test_a_check_needs_no_models_but_sees_wrong_names() -> None:
    check(Draft(prompt="a cat", model="whatever"))
    with pytest.raises(UserError, match="no sampler"):
        check(Draft(prompt="a cat", sampler="zzz"))


def test_a_picture_and_a_mask_travel_with_the_order() -> None:
    made = order(Draft(prompt="a cat", image=PICTURE, strength=0.4, fit="pad"), MODELS)
    assert isinstance(made.recipe, ImageToImage)
    assert made.images == {content_hash(PICTURE): PICTURE}
    assert (made.recipe.strength, made.recipe.fit) == (0.4, "pad")
    masked = order(Draft(prompt="a cat", image=PICTURE, mask=MASK, mask_blur=3), MODELS)
    assert isinstance(masked.recipe, Inpaint)
    assert masked.images == {content_hash(PICTURE): PICTURE, content_hash(MASK): MASK}
    assert masked.recipe.mask_blur == 3


def test_a_picture_is_continued_by_its_margins() -> None:
    draft = Draft(prompt="a cat", image=PICTURE, width=768, height=512, margins=(128, 64, 0, 0), mask_blur=3)
    made = order(draft, MODELS)
    assert isinstance(made.recipe, Outpaint)
    assert made.images == {content_hash(PICTURE): PICTURE}
    assert (made.recipe.inner, made.recipe.left, made.recipe.mask_blur) == ((576, 512), 128, 3)
    assert order(Draft(like=made.recipe, image=PICTURE), MODELS) == made
    with pytest.raises(UserError, match="takes no mask"):
        order(Draft(like=made.recipe, image=PICTURE, mask=MASK), MODELS)
    with pytest.raises(UserError, match="Margins go with a recipe from words alone"):
        order(Draft(like=made.recipe, image=PICTURE, margins=(8, 8, 8, 8)), MODELS)
    like = recipe(seed=3, width=512, height=512)
    from_words = order(Draft(like=like, image=PICTURE, width=576, margins=(64, 0, 0, 0)), MODELS).recipe
    assert isinstance(from_words, Outpaint)
    assert (from_words.inner, from_words.seed) == ((512, 512), 3)


class TestInstructions:
    """A picture is changed as it is told by a model that does nothing else, and never by another."""

    teller = msgspec.structs.replace(info("teller", "e"), instructs=True)
    models = (teller, *MODELS)
    draft = Draft(prompt="make it snow", image=PICTURE, instruct=True, image_guidance_scale=1.2, fit="pad", seed=3)

    def test_the_model_is_chosen_by_what_is_asked_for(self) -> None:
        made = order(self.draft, [*MODELS, self.teller])
        assert isinstance(made.recipe, Instruct)
        assert made.images == {content_hash(PICTURE): PICTURE}
        assert (made.recipe.model, made.recipe.image_guidance_scale, made.recipe.fit) == (self.teller.hash, 1.2, "pad")
        assert order(Draft(prompt="a cat"), self.models).recipe.model == MODELS[0].hash
        assert order(Draft(prompt="a cat", image=PICTURE), self.models).recipe.model == MODELS[0].hash
        assert check(self.draft).image_guidance_scale == 1.2  # type: ignore[union-attr]

    def test_a_model_of_the_other_kind_is_refused(self) -> None:
        with pytest.raises(UserError, match="“dreamy” is an ordinary model"):
            order(replace(self.draft, model="dreamy"), self.models)
        with pytest.raises(UserError, match="“teller” only changes pictures as it is told"):
            order(Draft(prompt="a cat", model="teller"), self.models)
        with pytest.raises(UserError, match="“teller” only changes pictures"):
            order(Draft(like=recipe(seed=3), model="teller"), self.models)

    def test_without_such_a_model_it_is_said_which_one_to_add(self) -> None:
        with pytest.raises(UserError, match="`easel models add`: one whose network has 8 input channels"):
            order(self.draft, MODELS)
        with pytest.raises(UserError, match="No model is installed"):
            order(Draft(prompt="a cat"), [self.teller])

    @pytest.mark.parametrize(
        ("said", "words"),
        [
            ({"strength": 0.5}, "about the whole picture"),
            ({"mask": MASK}, "about the whole picture"),
            ({"margins": (8, 0, 0, 0)}, "about the whole picture"),
            ({"full": (1024, 1024)}, "about the whole picture"),
            ({"image": None}, "needs a picture to start from"),
            ({"image": None, "images": (PICTURE, MASK)}, "about one picture"),
            ({"hires_width": 1024, "hires_height": 1024}, "Hires fix"),
            ({"instruct": None}, "goes with an instruction"),
            ({"like": recipe(seed=3)}, "takes nothing from an ordinary recipe"),
        ],
    )
    def test_what_does_not_go_with_one_is_refused(self, said: dict[str, Any], words: str) -> None:
        with pytest.raises(UserError, match=words):
            order(replace(self.draft, **said), self.models)

    def test_one_can_be_had_again(self) -> None:
        like = order(self.draft, self.models).recipe
        assert order(Draft(like=like, image=PICTURE), self.models).recipe == like
        changed = order(Draft(like=like, image=PICTURE, image_guidance_scale=2), self.models).recipe
        assert changed == msgspec.structs.replace(like, image_guidance_scale=2)
        assert check(Draft(like=like, image=PICTURE)) == like
        with pytest.raises(UserError, match="Give that picture with --init"):
            order(Draft(like=like), self.models)
        with pytest.raises(UserError, match="about the whole picture"):
            order(Draft(like=like, image=PICTURE, strength=0.4), self.models)
        with pytest.raises(UserError, match="ordinary model"):
            order(Draft(like=like, image=PICTURE, model="dreamy"), self.models)


class TestAgain:
    """The same picture again, and with one thing changed."""

    like = recipe(seed=3, sampler="Euler a", hires_width=1024, hires_height=1024)

    def again(self, **said: Any) -> Any:
        return order(Draft(like=self.like, **said), MODELS).recipe

    def test_nothing_changes_by_itself(self) -> None:
        assert self.again() == self.like

    def test_what_is_said_changes_alone(self) -> None:
        assert self.again(prompt="a dog") == msgspec.structs.replace(self.like, prompt="a dog")
        assert self.again(seed=4).seed == 4
        assert self.again(hires_strength=0.2).hires == HiresFix(width=1024, height=1024, strength=0.2)

    def test_a_missing_model_is_told(self) -> None:
        with pytest.raises(UserError, match=r"a model that is not installed here .its hash begins aaaaaaaaaa"):
            order(Draft(like=self.like), MODELS[1:])
        assert order(Draft(like=self.like, model="anime-v3"), MODELS[1:]).recipe.model == MODELS[1].hash

    def test_words_become_a_picture_from_a_picture(self) -> None:
        made = order(Draft(like=msgspec.structs.replace(self.like, hires=None), image=PICTURE), MODELS)
        assert isinstance(made.recipe, ImageToImage)
        assert made.recipe.seed == 3

    def test_source_pictures_must_be_the_same_or_given(self) -> None:
        like = order(Draft(prompt="a cat", image=PICTURE, mask=MASK), MODELS).recipe
        with pytest.raises(UserError, match=r"made from another picture .* and its mask with --mask\."):
            order(Draft(like=like), MODELS)
        with pytest.raises(UserError, match="made from another picture"):
            order(Draft(like=like, image=PICTURE), MODELS)
        assert order(Draft(like=like, image=PICTURE, mask=MASK), MODELS).recipe == like


def test_no_models() -> None:
    with pytest.raises(UserError, match="No model is installed"):
        order(Draft(prompt="a cat"), [])


def test_seeds_are_drawn_anew() -> None:
    assert len({draw_seed() for _ in range(20)}) > 15


def test_a_picture_is_painted_over_in_tiles() -> None:
    made = order(Draft(prompt="a cat", image=PICTURE, full=(1200, 900), strength=0.2), MODELS)
    assert isinstance(made.recipe, Detail)
    assert made.images == {content_hash(PICTURE): PICTURE}
    assert (made.recipe.width, made.recipe.height, made.recipe.overlap) == (512, 512, 64)
    assert (made.recipe.full_width, made.recipe.full_height, made.recipe.strength) == (1200, 900, 0.2)
    assert order(Draft(like=made.recipe, image=PICTURE), MODELS) == made
    smaller = order(Draft(like=made.recipe, image=PICTURE, width=600, height=301), MODELS).recipe
    assert isinstance(smaller, Detail)
    assert (smaller.full_width, smaller.full_height, smaller.width, smaller.height) == (600, 301, 512, 304)
    for said, message in (
        ({"mask": MASK}, "takes no mask"),
        ({"fit": "pad"}, "no fit"),
        ({"images": (PICTURE, MASK)}, "from one picture"),
        ({"mask_blur": 3}, "takes no mask"),
    ):
        with pytest.raises(UserError, match=message):
            order(Draft(like=made.recipe, image=PICTURE, **said), MODELS)
    check(Draft(prompt="a cat", image=PICTURE, full=(8192, 8192)))
    with pytest.raises(UserError, match="needs a picture to start from"):
        order(Draft(prompt="a cat", full=(1200, 900)), MODELS)


def test_pictures_are_blended() -> None:
    made = order(Draft(prompt="a cat", images=(PICTURE, MASK, PICTURE), weights=(0.5, 0.3, 0.2)), MODELS)
    assert isinstance(made.recipe, Blend)
    assert made.recipe.images == (content_hash(PICTURE), content_hash(MASK), content_hash(PICTURE))
    assert made.images == {content_hash(PICTURE): PICTURE, content_hash(MASK): MASK}
    assert order(Draft(like=made.recipe, images=(MASK, PICTURE)), MODELS).recipe == msgspec.structs.replace(
        made.recipe, images=(content_hash(MASK), content_hash(PICTURE)), weights=()
    )
    assert order(Draft(like=made.recipe, images=(PICTURE, MASK, PICTURE)), MODELS) == made
    like = recipe(seed=3)
    from_words = order(Draft(like=like, images=(PICTURE, MASK), strength=0.5), MODELS).recipe
    assert isinstance(from_words, Blend)
    assert (from_words.seed, from_words.strength) == (3, 0.5)
    for said, message in (
        ({}, "was blended from others"),
        ({"image": PICTURE}, "blended as a whole"),
        ({"images": (PICTURE, MASK), "mask": MASK}, "blended as a whole"),
    ):
        with pytest.raises(UserError, match=message):
            order(Draft(like=made.recipe, **said), MODELS)
    with pytest.raises(UserError, match="Weights go with pictures"):
        order(Draft(prompt="a cat", image=PICTURE, weights=(1, 1)), MODELS)
    with pytest.raises(OutOfRange, match="images is 5"):
        order(Draft(prompt="a cat", images=(PICTURE,) * 5), MODELS)
